package ordering

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/order"
	decide "github.com/fluent-oms/fluent/domain/order/sourcing"
	"github.com/fluent-oms/fluent/domain/path"
)

func proposals() []rule.Rule {
	return []rule.Rule{
		rule.New(plugin, "SelectProposedFulfilment", "Proposes the one location among the event's that is best by nearness and by how much it holds, and has not been tried.",
			onOrder(propose)).On(typeOrder).Reads(weightProximity, weightQuantity),
		rule.New(plugin, "ForwardIfProposedFulfilmentPresent", "Forwards if a location was proposed.", ifProposed(true)).On(typeOrder),
		rule.New(plugin, "ForwardIfProposedFulfilmentNotPresent", "Forwards if no location was proposed.", ifProposed(false)).On(typeOrder),
		rule.New(plugin, "ForwardIfMaxSplitLimitReached", "Forwards if the order has as many fulfilments as it may have.", ifSplitLimit(true)).On(typeOrder),
		rule.New(plugin, "ForwardIfMaxSplitLimitNotReached", "Forwards if the order may have more fulfilments.", ifSplitLimit(false)).On(typeOrder),
		rule.New(plugin, "ForwardIfUnfulfilledItemsExist", "Forwards if units are still to be sourced.", onOrder(ifUnfulfilled)).On(typeOrder),
		rule.New(plugin, "CreateFulfilment", "Creates the proposed fulfilment.", onOrder(createProposed)).On(typeOrder),
	}
}

// uncounted are fulfilments that cover no units, whatever their life.
type uncounted struct {
	Excluded []string `prop:"excludedFulfilmentStatuses" doc:"Statuses of fulfilments that do not count."`
}

type proposing struct {
	rule.Sends
	uncounted
}

// nearest stands in for a distance of zero.
const nearest = 0.01

func propose(ctx context.Context, c *rule.Context, o *Order, p proposing) error {
	near, err := availability.Setting(ctx, c, weightProximity, "")
	if err != nil {
		return err
	}
	much, err := availability.Setting(ctx, c, weightQuantity, "")
	if err != nil {
		return err
	}
	needs := o.NeedsBy(Coverage{Not: p.Excluded})
	best, bestRating := "", 0.0
	least := math.Inf(1)
	for _, x := range eventLocations(c) {
		if d, ok := path.Number(x.(map[string]any)["distance"]); ok {
			least = math.Min(least, math.Max(d, nearest))
		}
	}
	for _, x := range eventLocations(c) {
		l := x.(map[string]any)
		ref := path.Text(l["ref"])
		units, total := coverage(c, ref, needs)
		if units == 0 || used(o, ref) {
			continue
		}
		rating := much * float64(units) / float64(total)
		if d, ok := path.Number(l["distance"]); ok {
			rating += near * least / math.Max(d, nearest)
		}
		if rating > bestRating || rating == bestRating && ref < best {
			best, bestRating = ref, rating
		}
	}
	if best == "" {
		rule.ForwardWith(c, p.EventName, map[string]any{attrProposed: nil})
		return nil
	}
	rule.ForwardWith(c, p.EventName, map[string]any{attrProposed: map[string]any{"locationRef": best, "rating": bestRating, "items": proposedItems(c, best, needs)}})
	return nil
}

// used reports whether the order has tried the location already, however that ended: none is asked twice.
func used(o *Order, locationRef string) bool {
	return slices.ContainsFunc(o.Fulfilments, func(f *order.Fulfilment) bool { return f.FromLocationRef == locationRef })
}

// coverage is how many of the needed units a location holds, by the event's positions.
func coverage(c *rule.Context, ref string, needs []decide.Need) (units, total int) {
	for _, n := range proposedItems(c, ref, needs) {
		q, _ := path.Number(n.(map[string]any)["quantity"])
		units += int(q)
	}
	for _, n := range needs {
		total += n.Quantity
	}
	return units, total
}

func proposedItems(c *rule.Context, ref string, needs []decide.Need) []any {
	left := map[string]int{}
	list, _ := c.Event.Attributes[attrPositions].([]any)
	for _, x := range list {
		p, _ := x.(map[string]any)
		if q, ok := path.Number(p["quantity"]); ok && path.Text(p["locationRef"]) == ref {
			left[path.Text(p["productRef"])] += int(q)
		}
	}
	var out []any
	for _, n := range needs {
		take := min(n.Quantity, left[n.ProductRef])
		if take > 0 {
			left[n.ProductRef] -= take
			out = append(out, map[string]any{"orderItemId": n.ItemID, "productRef": n.ProductRef, "quantity": take})
		}
	}
	return out
}

func ifProposed(want bool) func(context.Context, *rule.Context, rule.Sends) error {
	return func(_ context.Context, c *rule.Context, p rule.Sends) error {
		if (c.Event.Attributes[attrProposed] != nil) == want {
			rule.Forward(c, p.EventName)
		}
		return nil
	}
}

type splitLimit struct {
	rule.Sends
	Limit int `prop:"maxSplitLimit,required" doc:"Most fulfilments."`
	uncounted
}

func ifSplitLimit(want bool) func(context.Context, *rule.Context, splitLimit) error {
	return onOrder(func(_ context.Context, c *rule.Context, o *Order, p splitLimit) error {
		n := 0
		for _, f := range o.Fulfilments {
			if !slices.Contains(p.Excluded, f.Status) && order.Live(f.Status) {
				n++
			}
		}
		if (n >= p.Limit) == want {
			rule.Forward(c, p.EventName)
		}
		return nil
	})
}

func ifUnfulfilled(_ context.Context, c *rule.Context, o *Order, p proposing) error {
	if len(o.NeedsBy(Coverage{Not: p.Excluded})) > 0 {
		rule.Forward(c, p.EventName)
	}
	return nil
}

type creating struct {
	uncounted
	Type string `prop:"fulfilmentType" doc:"Its type; by order and location if left out."`
}

func createProposed(ctx context.Context, c *rule.Context, o *Order, p creating) error {
	proposed, ok := c.Event.Attributes[attrProposed].(map[string]any)
	if !ok {
		return fmt.Errorf("the event has no attribute %s", attrProposed)
	}
	m, err := From(c)
	if err != nil {
		return err
	}
	open := map[string]int{}
	for _, n := range o.NeedsBy(Coverage{Not: p.Excluded}) {
		open[n.ItemID] = n.Quantity
	}
	var lines []decide.Need
	items, _ := proposed["items"].([]any)
	for _, x := range items {
		i, _ := x.(map[string]any)
		id := path.Text(i["orderItemId"])
		q, _ := asInt(i["quantity"])
		if q = min(q, open[id]); q > 0 { // what was covered since the proposal is not sourced twice
			open[id] -= q
			lines = append(lines, decide.Need{ItemID: id, ProductRef: path.Text(i["productRef"]), Quantity: q})
		}
	}
	f, err := m.CreateFulfilment(ctx, c, o, path.Text(proposed["locationRef"]), lines, Source{Strategy: "PROPOSED"})
	if err == nil && p.Type != "" {
		c.Turn.Set(f, map[string]any{"type": p.Type})
	}
	return err
}

func asInt(v any) (int, bool) {
	f, ok := path.Number(v)
	return int(f), ok && f == math.Trunc(f)
}
