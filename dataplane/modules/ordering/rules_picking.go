package ordering

import (
	"context"
	"fmt"
	"strings"

	"github.com/fluent-oms/fluent/dataplane/modules/core"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/path"
)

func picking() []rule.Rule {
	return []rule.Rule{
		rule.New(plugin, "ConfirmFulfilmentItems", "Records what was picked; what the event does not mention was not found and is rejected.",
			onFulfilment(confirmItems)).On(typeFulfilment),
	}
}

// picked is one entry of the event's items: which item, by its id, its ref, the order item's ref or the product's ref; how many.
type picked struct {
	names    []string
	quantity int
	reason   string
	left     int
}

func confirmItems(_ context.Context, c *rule.Context, o *Order, f *order.Fulfilment, _ rule.None) error {
	entries, err := pickedItems(c.Event.Attributes)
	if err != nil {
		return err
	}
	reasons := map[string]any{}
	for _, i := range o.ItemsOf(f) {
		open := Requested(i) - i.RejectedQuantity - i.FilledQuantity
		filled := 0
		for n := range entries {
			e := &entries[n]
			if !e.speaksOf(o, i) {
				continue
			}
			take := min(open-filled, e.left)
			filled += take
			e.left -= take
			if e.reason != "" && filled < open {
				reasons[i.Ref] = e.reason
			}
		}
		c.Turn.Set(i, map[string]any{"filledQuantity": i.FilledQuantity + filled, "rejectedQuantity": i.RejectedQuantity + open - filled})
	}
	for _, e := range entries {
		if e.left > 0 {
			return &rule.BusinessError{Message: fmt.Sprintf("%d more of %s than the fulfilment asks for", e.left, strings.Join(e.names, "/"))}
		}
	}
	if len(reasons) > 0 {
		core.SetAttributes(c, f, core.Attribute("rejectReasons", reasons))
	}
	return nil
}

// speaksOf reports whether the entry speaks of a fulfilment item.
func (p *picked) speaksOf(o *Order, i *order.FulfilmentItem) bool {
	own := []string{string(i.ID), i.Ref}
	if item := o.Item(i.OrderItemID); item != nil {
		own = append(own, item.ProductRef, item.Ref, string(item.ID))
	}
	for _, n := range p.names {
		found := false
		for _, x := range own {
			found = found || x == n
		}
		if !found {
			return false
		}
	}
	return len(p.names) > 0
}

// pickedItems reads the event's attribute items (or fulfilmentItems).
func pickedItems(attributes map[string]any) ([]picked, error) {
	list, ok := attributes["items"].([]any)
	if !ok {
		if list, ok = attributes["fulfilmentItems"].([]any); !ok {
			return nil, fmt.Errorf("the event has no attribute items, which says what was picked")
		}
	}
	out := make([]picked, 0, len(list))
	for n, x := range list {
		m, ok := x.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("items[%d]: want an object", n)
		}
		var p picked
		for _, name := range []string{"fulfilmentItemId", "id", "fulfilmentItemRef", "orderItemRef", "ref", "productRef", "skuRef"} {
			if v := path.Text(m[name]); v != "" {
				p.names = append(p.names, v)
			}
		}
		quantity, ok := firstInt(m, "filledQuantity", "quantity", "confirmedQty")
		if !ok || quantity < 0 || len(p.names) == 0 {
			return nil, fmt.Errorf("items[%d]: want productRef (or another name of the item) and filledQuantity, a whole number not below zero", n)
		}
		p.quantity, p.left, p.reason = quantity, quantity, path.Text(m["rejectReason"])
		out = append(out, p)
	}
	return out, nil
}

func firstInt(m map[string]any, names ...string) (int, bool) {
	for _, n := range names {
		if v, ok := m[n]; ok {
			return asInt(v)
		}
	}
	return 0, false
}
