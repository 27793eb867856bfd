package ordering

import (
	"context"
	"fmt"
	"strconv"

	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	"github.com/fluent-oms/fluent/dataplane/modules/inventory"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/inventory/stock"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/path"
)

func reservation() []rule.Rule {
	return []rule.Rule{
		rule.New(plugin, "SendEventToUpdateInventoryQuantity",
			"Reserves, releases or confirms the fulfilment's units. Stock is taken when the turn commits, and the turn goes on with what it got.",
			onFulfilment(updateInventory)).On(typeFulfilment).Reads(AllowOversell),
		rule.New(plugin, "RejectShortItems", "Rejects the units that could not be reserved.", onFulfilment(rejectShort)).On(typeFulfilment),
	}
}

type movement struct {
	_          rule.EventName `prop:"eventName" doc:"Event for the inventory; the movement is part of the turn, and no event is sent for it."`
	Operation  string         `prop:"operation,required" doc:"RESERVE, UNRESERVE or RESET_RESERVE."`
	Catalogue  string         `prop:"inventoryCatalogueRef" doc:"Inventory catalogue; that of the retailer, DEFAULT:{retailer}, if left out."`
	Retailer   string         `prop:"retailerId" doc:"Number of the retailer whose catalogue it is; the event's if left out."`
	ReplyEvent rule.EventName `prop:"replyEvent" doc:"If all units were reserved."`
	ShortEvent rule.EventName `prop:"shortEvent" doc:"If fewer were; without it the missing units are rejected at once."`
}

func updateInventory(ctx context.Context, c *rule.Context, o *Order, f *order.Fulfilment, p movement) error {
	if f.Type == TypeRejected {
		rule.Forward(c, p.ReplyEvent)
		return nil
	}
	s, err := stockOf(ctx, c, p)
	if err != nil {
		return err
	}
	switch stock.Operation(p.Operation) {
	case stock.Reserve:
		return reserve(ctx, c, o, f, s, p)
	case stock.Unreserve:
		s.Release(string(f.ID), linesOf(o, f, func(i *order.FulfilmentItem) int { return Requested(i) }))
	case stock.ResetReserve:
		s.Confirm(string(f.ID), linesOf(o, f, func(i *order.FulfilmentItem) int { return i.FilledQuantity }))
	default:
		return fmt.Errorf("property operation: %q is none of RESERVE, UNRESERVE, RESET_RESERVE", p.Operation)
	}
	return nil
}

func stockOf(ctx context.Context, c *rule.Context, p movement) (*inventory.Stock, error) {
	m, err := inventory.From(c)
	if err != nil {
		return nil, err
	}
	ref, retailer := p.Catalogue, c.Event.RetailerID
	if p.Retailer != "" {
		n, err := strconv.ParseInt(p.Retailer, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("property retailerId: want a retailer's number, got %q", p.Retailer)
		}
		retailer = int32(n)
	}
	if ref == "" {
		ref = stock.InventoryCatalogue(retailer)
	}
	return m.Stock(ctx, c, ref)
}

// linesOf are the fulfilment's items as movements at its location, in order.
func linesOf(o *Order, f *order.Fulfilment, quantity func(*order.FulfilmentItem) int) []inventory.Line {
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

func reserve(ctx context.Context, c *rule.Context, o *Order, f *order.Fulfilment, s *inventory.Stock, p movement) error {
	oversell, err := availability.Setting(ctx, c, AllowOversell, f.FromLocationRef)
	if err != nil {
		return err
	}
	lines := linesOf(o, f, func(i *order.FulfilmentItem) int { return Requested(i) - i.RejectedQuantity })
	granted, err := s.Reserve(ctx, string(f.ID), lines, oversell)
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
		rule.Forward(c, p.ReplyEvent)
		return nil
	}
	if p.ShortEvent == "" {
		rejectUnits(c, o, short)
		return nil
	}
	rule.ForwardWith(c, p.ShortEvent, map[string]any{shortItems: short})
	return nil
}

// shortItems is the event attribute that lists what could not be reserved.
const shortItems = "shortItems"

func rejectShort(_ context.Context, c *rule.Context, o *Order, f *order.Fulfilment, p rejection) error {
	list, ok := c.Event.Attributes[shortItems].([]any)
	if !ok {
		return fmt.Errorf("the event has no attribute %s", shortItems)
	}
	rejectUnits(c, o, list)
	setRejectReason(c, f, reasonOf(c, p.Reason))
	return nil
}

func rejectUnits(c *rule.Context, o *Order, short []any) {
	for _, x := range short {
		m, _ := x.(map[string]any)
		n, _ := asInt(m["quantity"])
		for _, i := range o.FulfilmentItems {
			if i.ID == catalogue.ID(path.Text(m["fulfilmentItemId"])) {
				c.Turn.Set(i, map[string]any{"rejectedQuantity": min(i.RejectedQuantity+n, Requested(i)-i.FilledQuantity)})
			}
		}
	}
}
