// Package ordering knows an order as a whole: where the units of its lines are, from where the rest may come, and how a sourcing
// decision becomes fulfilments.
package ordering

import (
	"fmt"
	"slices"

	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/path"
)

// Order is an order with its dependants, as a turn holds them in memory.
type Order struct {
	*order.Order
	Items           []*order.OrderItem
	Choice          *order.FulfilmentChoice
	Address         *foundation.CustomerAddress
	Customer        *foundation.Customer
	Fulfilments     []*order.Fulfilment
	FulfilmentItems []*order.FulfilmentItem
	Articles        []*order.Article
	ArticleItems    []*order.ArticleItem
}

// Of is the order that is the root of a turn, with what hangs on it at this moment. It fails where the root is another entity.
func Of(root rule.Root) (*Order, error) {
	o, ok := root.Entity().(*order.Order)
	if !ok {
		return nil, fmt.Errorf("the root is %T, not an order", root.Entity())
	}
	out := &Order{Order: o, Items: rule.Parts[order.OrderItem](root), Fulfilments: rule.Parts[order.Fulfilment](root),
		FulfilmentItems: rule.Parts[order.FulfilmentItem](root), Articles: rule.Parts[order.Article](root), ArticleItems: rule.Parts[order.ArticleItem](root)}
	out.Choice = last(rule.Parts[order.FulfilmentChoice](root))
	out.Customer = last(rule.Parts[foundation.Customer](root))
	for _, a := range rule.Parts[foundation.CustomerAddress](root) {
		if out.Choice == nil || out.Choice.DeliveryAddressID == a.ID {
			out.Address = a
		}
	}
	return out, nil
}

func last[T any](list []*T) *T {
	if len(list) == 0 {
		return nil
	}
	return list[len(list)-1]
}

// Fulfilment finds a fulfilment by id; nil if there is none.
func (o *Order) Fulfilment(id catalogue.ID) *order.Fulfilment {
	for _, f := range o.Fulfilments {
		if f.ID == id {
			return f
		}
	}
	return nil
}

// Item finds an order item by id; nil if there is none.
func (o *Order) Item(id catalogue.ID) *order.OrderItem {
	for _, i := range o.Items {
		if i.ID == id {
			return i
		}
	}
	return nil
}

// ItemsOf lists what a fulfilment is to pick.
func (o *Order) ItemsOf(f *order.Fulfilment) []*order.FulfilmentItem {
	var out []*order.FulfilmentItem
	for _, i := range o.FulfilmentItems {
		if i.FulfilmentID == f.ID {
			out = append(out, i)
		}
	}
	return out
}

// Requested is how many units a fulfilment item was made for.
func Requested(i *order.FulfilmentItem) int {
	if i.RequestedQuantity == nil {
		return 0
	}
	return *i.RequestedQuantity
}

// CancelledQuantity is the order item attribute that counts cancelled units.
const CancelledQuantity = "cancelledQuantity"

// Cancelled is how many units of a line were cancelled.
func Cancelled(i *order.OrderItem) int {
	v, _ := i.Attributes.Get(CancelledQuantity)
	n, _ := path.Number(v)
	return int(n)
}

// Coverage says by their statuses which fulfilments cover their units, where that is not by whether they are live.
type Coverage struct {
	Covers []string // these do
	Not    []string // these do not, and that wins
}

func (k Coverage) status(s string) string {
	switch {
	case slices.Contains(k.Not, s):
		return order.StatusRejected
	case slices.Contains(k.Covers, s):
		return order.StatusComplete
	}
	return s
}

// Quantities says where the units of a line are.
func (o *Order) Quantities(i *order.OrderItem) order.Quantities { return o.quantities(i, Coverage{}) }

func (o *Order) quantities(i *order.OrderItem, by Coverage) order.Quantities {
	var parts []order.Part
	for _, fi := range o.FulfilmentItems {
		if fi.OrderItemID != i.ID {
			continue
		}
		if f := o.Fulfilment(fi.FulfilmentID); f != nil {
			parts = append(parts, order.Part{Status: by.status(f.Status), Requested: Requested(fi), Filled: fi.FilledQuantity, Rejected: fi.RejectedQuantity})
		}
	}
	return order.Split(i.Quantity, Cancelled(i), parts)
}

// Unfulfilled is how many units of all lines are still to be sourced.
func (o *Order) Unfulfilled() int {
	sum := 0
	for _, i := range o.Items {
		sum += max(0, o.Quantities(i).Unfulfilled)
	}
	return sum
}

// Filled is how many units of all fulfilments were picked.
func (o *Order) Filled() int {
	sum := 0
	for _, i := range o.FulfilmentItems {
		if f := o.Fulfilment(i.FulfilmentID); f != nil && order.Live(f.Status) {
			sum += i.FilledQuantity
		}
	}
	return sum
}

// Live counts the live fulfilments that use up the split limit: backordered ones do not.
func (o *Order) Live() int {
	n := 0
	for _, f := range o.Fulfilments {
		if order.Live(f.Status) && f.Status != order.StatusBackordered {
			n++
		}
	}
	return n
}

// Collected reports whether the customer collects the order at a location.
func (o *Order) Collected() bool {
	return o.Type == "CC" || o.Choice != nil && o.Choice.PickupLocationRef != "" && o.Type != "HD"
}

// open lists the lines of which units are still to be sourced.
func (o *Order) open() []any {
	var out []any
	for _, i := range o.Items {
		if o.Quantities(i).Unfulfilled > 0 {
			out = append(out, i)
		}
	}
	return out
}

// root gives a turn's root what the module computes of its order, so that paths can follow it like a relation.
type root struct {
	rule.Root
	order *Order
}

// Related finds the order's items that are not covered yet, as unfulfilledItems; the turn knows all other relations.
func (r root) Related(entity any, name string) (any, bool) {
	if entity == any(r.order.Order) && name == "unfulfilledItems" {
		return r.order.open(), true
	}
	if beyond, ok := r.Root.(rule.Relations); ok {
		return beyond.Related(entity, name)
	}
	return nil, false
}

// View is the order as sourcing conditions and workflow paths read it.
func (o *Order) View(types *catalogue.Catalogue, r rule.Root) path.Node {
	return rule.EntityView(types, root{r, o}, o.Order)
}
