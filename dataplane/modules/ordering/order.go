// Package ordering knows an order as a whole: where the units of its lines are, from where the rest may come, and how a sourcing
// decision becomes fulfilments.
package ordering

import (
	"context"
	"fmt"
	"slices"

	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
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

// Load loads an order for a turn: the order, and everything that hangs on it, in one round trip. root is nil when there is no
// such order.
func Load(ctx context.Context, r *store.Reader, id catalogue.ID) (root any, parts []any, err error) {
	rows, err := r.OrderRows(ctx, id)
	if err != nil {
		return nil, nil, fmt.Errorf("load order %s: %w", id, err)
	}
	if rows.Order == nil {
		return nil, nil, nil
	}
	parts = appendAll(parts, rows.Items)
	if rows.Choice != nil {
		parts = append(parts, rows.Choice)
	}
	if rows.Address != nil {
		parts = append(parts, rows.Address)
	}
	if rows.Customer != nil {
		parts = append(parts, rows.Customer)
	}
	parts = appendAll(parts, rows.Fulfilments)
	parts = appendAll(parts, rows.FulfilmentItems)
	parts = appendAll(parts, rows.Articles)
	return rows.Order, appendAll(parts, rows.ArticleItems), nil
}

// Whole are the references of which Load brings every row below the order, so that paths need not ask for them again.
var Whole = []string{"OrderItem.order", "Fulfilment.order", "FulfilmentItem.fulfilment", "Article.order", "ArticleItem.article"}

func appendAll[T any](to []any, from []*T) []any {
	for _, e := range from {
		to = append(to, e)
	}
	return to
}

// Of is the order that is the root of a turn, with what hangs on it at this moment. It fails where the root is another entity.
func Of(root rule.Root) (*Order, error) {
	o, ok := root.Entity().(*order.Order)
	if !ok {
		return nil, fmt.Errorf("the root is %T, not an order", root.Entity())
	}
	out := &Order{Order: o}
	for _, p := range root.Parts() {
		switch e := p.(type) {
		case *order.OrderItem:
			out.Items = append(out.Items, e)
		case *order.FulfilmentChoice:
			out.Choice = e
		case *foundation.CustomerAddress:
			if out.Choice == nil || out.Choice.DeliveryAddressID == e.ID {
				out.Address = e
			}
		case *foundation.Customer:
			out.Customer = e
		case *order.Fulfilment:
			out.Fulfilments = append(out.Fulfilments, e)
		case *order.FulfilmentItem:
			out.FulfilmentItems = append(out.FulfilmentItems, e)
		case *order.Article:
			out.Articles = append(out.Articles, e)
		case *order.ArticleItem:
			out.ArticleItems = append(out.ArticleItems, e)
		}
	}
	return out, nil
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

// Related finds what paths in workflows and conditions may go through: an order's items, choice, customer, fulfilments and items
// not yet covered; a fulfilment's items and order.
func (o *Order) Related(entity any, name string) (any, bool) {
	switch e := entity.(type) {
	case *order.Order:
		return o.relatedToOrder(name)
	case *order.FulfilmentChoice:
		if name == "deliveryAddress" && o.Address != nil {
			return o.Address, true
		}
	case *order.Fulfilment:
		switch name {
		case "order":
			return o.Order, true
		case "items":
			return appendAll(nil, o.ItemsOf(e)), true
		}
	case *order.FulfilmentItem:
		if i := o.Item(e.OrderItemID); name == "orderItem" && i != nil {
			return i, true
		}
	case *order.Article:
		if name == "order" {
			return o.Order, true
		}
	}
	return nil, false
}

func (o *Order) relatedToOrder(name string) (any, bool) {
	switch name {
	case "items":
		return appendAll(nil, o.Items), true
	case "fulfilments":
		return appendAll(nil, o.Fulfilments), true
	case "unfulfilledItems":
		var out []any
		for _, i := range o.Items {
			if o.Quantities(i).Unfulfilled > 0 {
				out = append(out, i)
			}
		}
		return out, true
	case "fulfilmentChoice":
		if o.Choice != nil {
			return o.Choice, true
		}
	case "customer":
		if o.Customer != nil {
			return o.Customer, true
		}
	}
	return nil, false
}

// root gives a turn's root the relations of its order, so that paths can follow them.
type root struct {
	rule.Root
	*Order
}

// Entity is the order.
func (r root) Entity() any { return r.Order.Order }

// Related asks the order, and then the turn, which knows what lies beyond.
func (r root) Related(entity any, name string) (any, bool) {
	if v, ok := r.Order.Related(entity, name); ok {
		return v, true
	}
	if beyond, ok := r.Root.(rule.Relations); ok {
		return beyond.Related(entity, name)
	}
	return nil, false
}

// View is the order as sourcing conditions and workflow paths read it.
func (o *Order) View(r rule.Root) path.Node { return rule.EntityView(root{r, o}, o.Order) }
