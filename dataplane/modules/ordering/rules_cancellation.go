package ordering

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/fluent-oms/fluent/dataplane/modules/core"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/path"
)

func cancellation() []rule.Rule {
	return []rule.Rule{
		rule.New(plugin, "CancelOrderItems", "Cancels units: those of the fulfilment, or those that the event lists, from open and escalated units first.",
			onOrder(cancelItems)).On(typeOrder, typeFulfilment),
		rule.New(plugin, "RecalculateOrderTotals", "Sums the order's totals anew without cancelled units.", onOrder(recalculate)).On(typeOrder, typeFulfilment),
		rule.New(plugin, "ResourceLiveFulfilments", "Cancels all fulfilments on which no work has begun, so that their units are sourced anew.", onOrder(resource)).On(typeOrder),
		rule.New(plugin, "CreateFinancialTransaction", "Records a payment that the event brings on the order.", onOrder(recordPayment)).On(typeOrder),
	}
}

type cancelling struct {
	FromFulfilment bool   `prop:"fromFulfilment" doc:"All units of the fulfilment that were not picked."`
	Reason         string `prop:"reason" doc:"Why, kept on the item; the event's attribute reason if left out. What an entry of the event gives wins."`
}

func cancelItems(_ context.Context, c *rule.Context, o *Order, p cancelling) error {
	reason := reasonOf(c, p.Reason)
	if f, ok := c.Entity.(*order.Fulfilment); ok && p.FromFulfilment {
		for _, i := range o.ItemsOf(f) {
			if item := o.Item(i.OrderItemID); item != nil {
				addCancelled(c, item, Requested(i)-i.FilledQuantity, reason)
			}
		}
		return nil
	}
	return cancelListed(c, o, reason)
}

// cancelReason is the order item attribute that says why units were cancelled.
const cancelReason = "cancelReason"

// addCancelled raises a line's cancelled units.
func addCancelled(c *rule.Context, item *order.OrderItem, n int, reason string) {
	if n <= 0 {
		return
	}
	change := catalogue.Attributes{core.Attribute(CancelledQuantity, Cancelled(item)+n)}
	if reason != "" {
		change = append(change, core.Attribute(cancelReason, reason))
	}
	core.SetAttributes(c, item, change...)
}

func cancelListed(c *rule.Context, o *Order, reason string) error {
	list, ok := c.Event.Attributes["items"].([]any)
	if !ok {
		return fmt.Errorf("the event has no attribute items, which says what to cancel")
	}
	var result []any
	for n, x := range list {
		m, _ := x.(map[string]any)
		item := itemNamed(o, m)
		quantity, whole := asInt(m["quantity"])
		if item == nil || !whole || quantity <= 0 {
			return &rule.BusinessError{Message: fmt.Sprintf("items[%d]: want the ref of an item of the order and a quantity above zero", n)}
		}
		why := path.Text(m["reason"])
		if why == "" {
			why = reason
		}
		result = append(result, map[string]any{"ref": item.Ref, "cancelled": cancelUnits(c, o, item, quantity, why)})
	}
	c.Turn.Log("items cancelled", map[string]any{"items": result})
	return nil
}

func itemNamed(o *Order, m map[string]any) *order.OrderItem {
	for _, i := range o.Items {
		for _, name := range []string{"ref", "orderItemRef", "id", "orderItemId", "productRef"} {
			if v := path.Text(m[name]); v != "" && (v == i.Ref || v == string(i.ID) || name == "productRef" && v == i.ProductRef) {
				return i
			}
		}
	}
	return nil
}

// waiting are the statuses of fulfilments that can still give up their units, by cancelling them.
var waiting = []string{"CREATED", "PROCESSING", "AWAITING_WAVE", "SENT_TO_WMS", "ON_HOLD", order.StatusBackordered}

// cancelUnits takes units of a line, open ones first, then escalated ones, then those of waiting fulfilments, latest first: such a
// fulfilment is cancelled, and what it held besides is sourced anew. It returns how many units were cancelled.
func cancelUnits(c *rule.Context, o *Order, item *order.OrderItem, want int, reason string) int {
	got := min(want, max(0, o.Quantities(item).Unfulfilled))
	for n := len(o.FulfilmentItems) - 1; n >= 0 && got < want; n-- {
		i := o.FulfilmentItems[n]
		f := o.Fulfilment(i.FulfilmentID)
		if f == nil || i.OrderItemID != item.ID {
			continue
		}
		switch {
		case f.Status == order.StatusEscalated:
			take := min(want-got, Requested(i))
			left := Requested(i) - take
			c.Turn.Set(i, map[string]any{"requestedQuantity": &left})
			if requested, _, _ := sums(o, f); requested == 0 {
				c.Turn.Set(f, map[string]any{"status": order.StatusCancelled})
			}
			got += take
		case slices.Contains(waiting, f.Status):
			got += min(want-got, Requested(i)-i.RejectedQuantity)
			rule.SendTo(c, f, "CancelFulfilment", nil)
			rule.SendTo(c, o.Order, "FindAndCreateOrderFulfilment", nil)
		}
	}
	addCancelled(c, item, got, reason)
	return got
}

func recalculate(_ context.Context, c *rule.Context, o *Order, _ rule.None) error {
	total, tax := 0.0, 0.0
	for _, i := range o.Items {
		n := float64(i.Quantity - Cancelled(i))
		total += n * value(i.PaidPrice)
		tax += n * value(i.TaxPrice)
	}
	if o.Choice != nil {
		total += value(o.Choice.FulfilmentPrice)
		tax += value(o.Choice.FulfilmentTaxPrice)
	}
	total, tax = cents(total), cents(tax)
	c.Turn.Set(o.Order, map[string]any{"totalPrice": &total, "totalTaxPrice": &tax})
	return nil
}

func value(v *float64) float64 {
	if v == nil {
		return 0
	}
	return *v
}

// cents takes away what binary fractions add: amounts are kept to a hundredth of a cent.
func cents(v float64) float64 { return math.Round(v*1e4) / 1e4 }

type resourcing struct {
	EventName rule.EventName `prop:"eventName" default:"CancelFulfilment" doc:"Event that cancels a fulfilment."`
}

func resource(_ context.Context, c *rule.Context, o *Order, p resourcing) error {
	for _, f := range o.Fulfilments {
		if slices.Contains(waiting, f.Status) {
			rule.SendTo(c, f, p.EventName, nil)
		}
	}
	return nil
}

// payments is the order attribute that keeps the payments which were reported.
const payments = "financialTransactions"

func recordPayment(_ context.Context, c *rule.Context, o *Order, _ rule.None) error {
	v, _ := o.Attributes.Get(payments)
	list, _ := v.([]any)
	entry := map[string]any{}
	for k, x := range c.Event.Attributes {
		entry[k] = x
	}
	if entry["ref"] == nil {
		entry["ref"] = c.Event.ID
	}
	for _, x := range list {
		if m, ok := x.(map[string]any); ok && path.Equal(m["ref"], entry["ref"]) {
			return nil // a repeated report
		}
	}
	core.SetAttributes(c, o.Order, catalogue.Attribute{Name: payments, Type: "JSON", Value: append(slices.Clone(list), entry)})
	return nil
}
