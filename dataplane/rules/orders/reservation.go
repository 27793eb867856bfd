package orders

import (
	"context"
	"fmt"
	"strings"

	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	"github.com/fluent-oms/fluent/dataplane/modules/inventory"
	"github.com/fluent-oms/fluent/dataplane/modules/ordering"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/inventory/stock"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/path"
)

func reservation() []rule.Rule {
	return []rule.Rule{
		{Name: "SendEventToUpdateInventoryQuantity",
			Doc:     "Reserves, releases or confirms the fulfilment's units. Stock is taken when the turn commits, and the turn goes on with what it got.",
			Accepts: []string{typeFulfilment},
			Props: []rule.Prop{optional("eventName", "STRING", "Kept for workflows that name one; the movement is part of the turn."),
				text("operation", "RESERVE, UNRESERVE or RESET_RESERVE."), optional("inventoryCatalogueRef", "STRING", "Inventory catalogue; DEFAULT:{retailer} if left out."),
				optional("retailerId", "STRING", "Retailer; the event's if left out."), optional("replyEvent", "STRING", "If all units were reserved."),
				optional("shortEvent", "STRING", "If fewer were; without it the missing units are rejected at once.")},
			Run: onFulfilment(updateInventory)},
		{Name: "RejectShortItems", Doc: "Rejects the units that could not be reserved.", Accepts: []string{typeFulfilment}, Props: []rule.Prop{optional("reason", "STRING", "Why.")},
			Run: onFulfilment(rejectShort)},
	}
}

// AllowOversell is the setting that lets reservations push on hand below zero.
const AllowOversell = "ALLOW_OVERSELL"

func updateInventory(ctx context.Context, c *rule.Context, o *ordering.Order, f *order.Fulfilment) error {
	operation, err := c.Props.Text("operation")
	if err != nil {
		return err
	}
	if f.Type == ordering.TypeRejected {
		return forward(c, "replyEvent", nil)
	}
	s, err := stockOf(ctx, c)
	if err != nil {
		return err
	}
	switch stock.Operation(operation) {
	case stock.Reserve:
		return reserve(ctx, c, o, f, s)
	case stock.Unreserve:
		s.Release(string(f.ID), linesOf(o, f, func(i *order.FulfilmentItem) int { return ordering.Requested(i) }))
	case stock.ResetReserve:
		s.Confirm(string(f.ID), linesOf(o, f, func(i *order.FulfilmentItem) int { return i.FilledQuantity }))
	default:
		return fmt.Errorf("property operation: %q is none of RESERVE, UNRESERVE, RESET_RESERVE", operation)
	}
	return nil
}

func stockOf(ctx context.Context, c *rule.Context) (*inventory.Stock, error) {
	m, err := inventory.From(c)
	if err != nil {
		return nil, err
	}
	ref, err := c.Props.Text("inventoryCatalogueRef")
	if err != nil {
		return nil, err
	}
	if ref == "" {
		ref = stock.InventoryCatalogue(c.Event.RetailerID)
	}
	return m.Stock(ctx, c, ref)
}

// linesOf are the fulfilment's items as movements at its location, in order.
func linesOf(o *ordering.Order, f *order.Fulfilment, quantity func(*order.FulfilmentItem) int) []inventory.Line {
	var out []inventory.Line
	for _, i := range o.ItemsOf(f) {
		l := inventory.Line{LocationRef: f.FromLocationRef, Quantity: quantity(i)}
		if item := o.Item(i.OrderItemID); item != nil {
			l.ProductRef = item.ProductRef
		}
		out = append(out, l)
	}
	return out
}

func reserve(ctx context.Context, c *rule.Context, o *ordering.Order, f *order.Fulfilment, s *inventory.Stock) error {
	oversell, err := availability.Setting(ctx, c, AllowOversell, f.FromLocationRef)
	if err != nil {
		return err
	}
	lines := linesOf(o, f, func(i *order.FulfilmentItem) int { return ordering.Requested(i) - i.RejectedQuantity })
	granted, err := s.Reserve(ctx, string(f.ID), lines, strings.EqualFold(oversell, "true"))
	if err != nil {
		return err
	}
	var short []any
	for n, i := range o.ItemsOf(f) {
		if missing := lines[n].Quantity - granted[n]; missing > 0 {
			short = append(short, map[string]any{"fulfilmentItemId": string(i.ID), "productRef": lines[n].ProductRef, "quantity": missing})
		}
	}
	if len(short) == 0 {
		return forward(c, "replyEvent", nil)
	}
	name, err := c.Props.Text("shortEvent")
	if err != nil {
		return err
	}
	if name == "" {
		rejectUnits(c, o, short)
		return nil
	}
	rule.ForwardWith(c, name, map[string]any{shortItems: short})
	return nil
}

// shortItems is the event attribute that lists what could not be reserved.
const shortItems = "shortItems"

func rejectShort(_ context.Context, c *rule.Context, o *ordering.Order, f *order.Fulfilment) error {
	list, ok := c.Event.Attributes[shortItems].([]any)
	if !ok {
		return fmt.Errorf("the event has no attribute %s", shortItems)
	}
	rejectUnits(c, o, list)
	return sayReason(c, f)
}

func rejectUnits(c *rule.Context, o *ordering.Order, short []any) {
	for _, x := range short {
		m, _ := x.(map[string]any)
		n, _ := asInt(m["quantity"])
		for _, i := range o.FulfilmentItems {
			if i.ID == catalogue.ID(path.Text(m["fulfilmentItemId"])) {
				c.Turn.Set(i, map[string]any{"rejectedQuantity": min(i.RejectedQuantity+n, ordering.Requested(i)-i.FilledQuantity)})
			}
		}
	}
}
