package ordering_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/modules/inventory"
	"github.com/fluent-oms/fluent/dataplane/modules/ordering"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/rule/ruletest"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/order"
)

type m = map[string]any

// world is an order of P1×4 and P2×2, made two days ago, delivered to an address, with the fulfilments that a test adds, made yesterday. Its
// customer has an address more.
type world struct {
	*ruletest.Turn
	t     *testing.T
	order *order.Order
	items []*order.OrderItem
	home  *foundation.CustomerAddress
}

func newWorld(t *testing.T) *world {
	price, tax, fee := 50.0, 5.0, 10.0
	w := &world{t: t, order: &order.Order{Node: catalogue.Node{ID: "1"}, Ref: "O1", FulfilmentChoiceID: "2", CustomerID: "4"}}
	w.order.Type, w.order.Status, w.order.CreatedOn = "HD", "BOOKED", ruletest.Now.Add(-48*time.Hour)
	second := &foundation.CustomerAddress{AddressFields: foundation.AddressFields{Node: catalogue.Node{ID: "33"}, City: "Hobart", Postcode: "7000"}}
	w.home = &foundation.CustomerAddress{AddressFields: foundation.AddressFields{Node: catalogue.Node{ID: "3"}, City: "Sydney", Postcode: "2000"}}
	choice := &order.FulfilmentChoice{Node: catalogue.Node{ID: "2"}, DeliveryType: "EXPRESS", DeliveryAddressID: "3", FulfilmentPrice: &fee}
	for n, q := range []int{4, 2} {
		w.items = append(w.items, &order.OrderItem{Node: catalogue.Node{ID: catalogue.ID(fmt.Sprint(10 + n))}, Ref: fmt.Sprintf("I%d", n+1), Quantity: q,
			ProductRef: fmt.Sprintf("P%d", n+1), OrderID: "1", PaidPrice: &price, TaxPrice: &tax})
	}
	w.Turn = ruletest.New(w.order, choice, w.home, second, w.items[0], w.items[1])
	return w
}

// created is when fulfilments of the world were made: Sunday at eight.
var created = ruletest.Now.Add(-26 * time.Hour)

// add puts a fulfilment of the first item's units on the order; filled and rejected are those of its item.
func (w *world) add(id, status string, requested, filled, rejected int) (*order.Fulfilment, *order.FulfilmentItem) {
	f := &order.Fulfilment{Node: catalogue.Node{ID: catalogue.ID(id)}, Ref: "O1-" + id, OrderID: "1", FromLocationRef: "STORE_A"}
	f.Type, f.Status, f.CreatedOn = "HD_PFS", status, created
	i := &order.FulfilmentItem{Row: catalogue.Row{ID: catalogue.ID(id + "0")}, Ref: "O1-" + id + "-1", RequestedQuantity: &requested, FilledQuantity: filled,
		RejectedQuantity: rejected, OrderItemID: w.items[0].ID, FulfilmentID: f.ID}
	w.Add(f)
	w.Add(i)
	return f, i
}

func (w *world) article(id, fulfilment, status string) *order.Article {
	a := &order.Article{Node: catalogue.Node{ID: catalogue.ID(id)}, Ref: "A" + id, OrderID: "1", Attributes: catalogue.Attributes{{Name: "fulfilmentId", Type: "STRING", Value: fulfilment}}}
	a.Type, a.Status = "PARCEL", status
	w.Add(a)
	return a
}

func (w *world) run(rule string, entity any, props, event m) string {
	w.t.Helper()
	require.NoError(w.t, w.Run(ordering.Rules(), rule, entity, props, event), rule)
	return w.Names()
}

func TestAddressRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	forward := m{"eventName": "Go"}
	require.Empty(t, w.run("ForwardIfOrderCoordinatesPresent", w.order, forward, nil))
	require.Equal(t, "Go>ORDER/1", w.run("ForwardIfOrderCoordinatesNotPresent", w.order, forward, nil))
	require.Equal(t, "Go>ORDER/1", w.run("ForwardIfDeliveryAddressPresent", w.order, forward, nil))
	require.Empty(t, w.run("ForwardIfDeliveryAddressNotPresent", w.order, forward, nil))
	require.Empty(t, w.run("UpdateOrderCoordinates", w.order, nil, m{"latitude": -33.8, "longitude": 151.2}))
	require.InDelta(t, -33.8, *w.home.Latitude, 1e-9)
	require.NoError(t, w.Run(ordering.Rules(), "ForwardEventWithDeliveryAddressCoordinates", w.order, forward, nil))
	require.InDelta(t, 151.2, w.Sent[0].Attributes["longitude"], 1e-9)
	w.Sent = nil
	kinds := m{"expressDeliveryEvent": "Fast", "expressDeliveryValue": "EXPRESS", "standardDeliveryEvent": "Slow", "standardDeliveryValue": "STANDARD"}
	require.Equal(t, "Fast>ORDER/1", w.run("SendEventOnIdentifyingDeliveryType", w.order, kinds, nil))
	require.Empty(t, w.run("UpdateDeliveryAddress", w.order, nil, m{"address": m{"city": "Perth"}}))
	require.Equal(t, "Perth", w.home.City)
	require.Nil(t, w.home.Latitude, "the old coordinates are of the old address")
	require.Error(t, w.Run(ordering.Rules(), "UpdateDeliveryAddress", w.order, nil, nil))
}

func TestValidateOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.Empty(t, w.run("ValidateOrder", w.order, m{"errorEvent": "Bad"}, nil))
	w.items[0].Quantity = 0
	require.Equal(t, "Bad>ORDER/1", w.run("ValidateOrder", w.order, m{"errorEvent": "Bad"}, nil))
	w.items[0].Quantity, w.items[0].Currency, w.items[1].Currency = 1, "AUD", "EUR"
	require.Equal(t, "Bad>ORDER/1", w.run("ValidateOrder", w.order, m{"errorEvent": "Bad"}, nil))
}

func TestEventsForRelatives(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f, _ := w.add("5", "AWAITING_WAVE", 2, 0, 0)
	w.add("6", "CANCELLED", 2, 0, 0)
	a := w.article("8", "5", "CREATED")
	w.article("9", "6", "CREATED")
	require.Equal(t, "Go>ORDER/1", w.run("SendEventForOrder", f, m{"eventName": "Go"}, nil))
	require.Equal(t, "Go>FULFILMENT/5 Go>FULFILMENT/6", w.run("SendEventForAllFulfilments", w.order, m{"eventName": "Go"}, nil))
	require.Equal(t, "Go>FULFILMENT/5", w.run("SendEventForFulfilment", a, m{"eventName": "Go"}, nil))
	require.Equal(t, "Go>ARTICLE/8", w.run("SendEventForArticles", f, m{"eventName": "Go"}, nil))
	require.Equal(t, "Go>FULFILMENT/5", w.run("SendEventToFulfilmentOnVerifyingOrderStatus", f, m{"eventName": "Go", "orderStatus": []string{"BOOKED"}}, nil))
	require.Empty(t, w.run("SendEventToFulfilmentOnVerifyingOrderStatus", f, m{"eventName": "Go", "orderStatus": []string{"HOLD"}}, nil))
}

func TestVerification(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := m{"eventName": "Go", "status": []string{"COMPLETE", "CANCELLED"}}
	require.Empty(t, w.run("SendEventOnVerifyingAllFulfilmentStates", w.order, all, nil), "no fulfilments: no")
	f, i := w.add("5", "COMPLETE", 4, 4, 0)
	require.Equal(t, "Go>ORDER/1", w.run("SendEventOnVerifyingAllFulfilmentStates", w.order, all, nil))
	all["requireNoUnfulfilled"] = true
	require.Empty(t, w.run("SendEventOnVerifyingAllFulfilmentStates", w.order, all, nil), "P2 is open")
	w.items[1].Attributes = catalogue.Attributes{{Name: "cancelledQuantity", Type: "INTEGER", Value: 2}}
	all["requireFilled"] = true
	require.Equal(t, "Go>ORDER/1", w.run("SendEventOnVerifyingAllFulfilmentStates", w.order, all, nil))
	delete(all, "requireFilled")
	all["noneFilled"] = true
	require.Empty(t, w.run("SendEventOnVerifyingAllFulfilmentStates", w.order, all, nil))

	require.Error(t, w.Run(ordering.Rules(), "ForwardIfNoFulfilmentBeyond", w.order, m{"status": "AWAITING_WAVE", "eventName": "Go"}, nil), "work has begun")
	f.Status = "AWAITING_WAVE"
	require.Equal(t, "Go>ORDER/1", w.run("ForwardIfNoFulfilmentBeyond", w.order, m{"status": "AWAITING_WAVE", "eventName": "Go"}, nil))

	for filled, want := range map[int]string{4: "ALL", 1: "PARTIAL", 0: "NONE"} {
		i.FilledQuantity = filled
		for _, q := range []string{"ALL", "PARTIAL", "NONE"} {
			got := w.run("VerifyingFulfilmentItems", f, m{"quantity": q, "eventName": "Go"}, nil)
			require.Equal(t, q == want, got != "", "%d of 4 filled is %s, not %s", filled, want, q)
		}
	}
	i.FilledQuantity = 0
	require.Equal(t, "Go>FULFILMENT/5", w.run("SendEventIfRemaining", f, m{"eventName": "Go"}, nil))
	i.RejectedQuantity = 4
	require.Empty(t, w.run("SendEventIfRemaining", f, m{"eventName": "Go"}, nil))
	require.Equal(t, "Go>FULFILMENT/5", w.run("VerifyingFulfilmentItems", f, m{"quantity": "NONE", "basis": "requestable", "eventName": "Go"}, nil))

	states := m{"eventName": "Go", "status": []string{"PENDING_CONSIGNMENT"}}
	require.Empty(t, w.run("SendEventOnVerifyingAllArticleStates", f, states, nil), "no articles: no")
	w.article("8", "5", "PENDING_CONSIGNMENT")
	require.Equal(t, "Go>FULFILMENT/5", w.run("SendEventOnVerifyingAllArticleStates", f, states, nil))
	w.article("9", "5", "CREATED")
	require.Empty(t, w.run("SendEventOnVerifyingAllArticleStates", f, states, nil))
}

func TestConfirmedItems(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name             string
		items            any
		filled, rejected int
		fails            bool
	}{
		{"all by product", []any{m{"productRef": "P1", "filledQuantity": 4}}, 4, 0, false},
		{"some by item ref", []any{m{"ref": "O1-5-1", "filledQuantity": 1}}, 1, 3, false},
		{"two entries of one product", []any{m{"productRef": "P1", "filledQuantity": 1}, m{"productRef": "P1", "filledQuantity": 2}}, 3, 1, false},
		{"nothing mentioned is nothing found", []any{}, 0, 4, false},
		{"more than asked for", []any{m{"productRef": "P1", "filledQuantity": 5}}, 0, 0, true},
		{"another product", []any{m{"productRef": "P9", "filledQuantity": 1}}, 0, 0, true},
		{"negative", []any{m{"productRef": "P1", "filledQuantity": -1}}, 0, 0, true},
		{"a fraction", []any{m{"productRef": "P1", "filledQuantity": 1.5}}, 0, 0, true},
		{"no list", nil, 0, 0, true},
	} {
		w := newWorld(t)
		f, i := w.add("5", "ASSIGNED", 4, 0, 0)
		err := w.Run(ordering.Rules(), "ConfirmFulfilmentItems", f, nil, m{"items": c.items})
		require.Equal(t, c.fails, err != nil, "%s: %v", c.name, err)
		if !c.fails {
			require.Equal(t, []int{c.filled, c.rejected}, []int{i.FilledQuantity, i.RejectedQuantity}, c.name)
		}
	}
}

func TestRejections(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f, i := w.add("5", "PROCESSING", 4, 0, 0)
	require.Empty(t, w.run("RejectShortItems", f, m{"reason": "INSUFFICIENT_STOCK"}, m{"shortItems": []any{m{"fulfilmentItemId": "50", "quantity": 3}}}))
	require.Equal(t, 3, i.RejectedQuantity)
	require.Error(t, w.Run(ordering.Rules(), "RejectShortItems", f, nil, nil))
	require.Empty(t, w.run("RejectFulfilment", f, m{"reason": "event"}, m{"reason": "CLOSED"}))
	require.Equal(t, 4, i.RejectedQuantity)
	v, _ := f.Attributes.Get("rejectReason")
	require.Equal(t, "CLOSED", v)
	require.Empty(t, w.run("CancelFulfilment", f, nil, nil))
	require.Equal(t, "CANCELLED", f.Status)
}

func TestCancelledItemsAreTakenWhereTheyHurtLeast(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f, i := w.add("5", "ESCALATED", 3, 0, 0) // of P1×4: one open, three escalated
	require.Empty(t, w.run("CancelOrderItems", w.order, nil, m{"items": []any{m{"ref": "I1", "quantity": 2}}}))
	require.Equal(t, 2, ordering.Cancelled(w.items[0]))
	require.Equal(t, 2, *i.RequestedQuantity)
	require.Empty(t, w.run("CancelOrderItems", f, m{"fromFulfilment": true}, nil))
	require.Equal(t, 4, ordering.Cancelled(w.items[0]))
	require.Empty(t, w.run("RecalculateOrderTotals", w.order, nil, nil))
	require.InDelta(t, 110, *w.order.TotalPrice, 1e-9)
	require.InDelta(t, 10, *w.order.TotalTaxPrice, 1e-9)
	require.Error(t, w.Run(ordering.Rules(), "CancelOrderItems", w.order, nil, m{"items": []any{m{"ref": "I9", "quantity": 2}}}))
	require.Error(t, w.Run(ordering.Rules(), "CancelOrderItems", w.order, nil, nil))

	w = newWorld(t)
	w.add("5", "AWAITING_WAVE", 4, 0, 0)
	require.Equal(t, "CancelFulfilment>FULFILMENT/5 FindAndCreateOrderFulfilment>ORDER/1",
		w.run("CancelOrderItems", w.order, nil, m{"items": []any{m{"productRef": "P1", "quantity": 1}}}))
	require.Equal(t, 1, ordering.Cancelled(w.items[0]))
	require.Equal(t, "CancelFulfilment>FULFILMENT/5", w.run("ResourceLiveFulfilments", w.order, nil, nil))

	w = newWorld(t)
	w.add("5", "AWAITING_WAVE", 2, 0, 0)
	w.add("6", "AWAITING_WAVE", 2, 0, 1) // the unit that it rejected is open again: it gives one and not two
	sent := w.run("CancelOrderItems", w.order, nil, m{"items": []any{m{"ref": "I1", "quantity": 3}}})
	require.Contains(t, sent, "CancelFulfilment>FULFILMENT/6")
	require.Contains(t, sent, "CancelFulfilment>FULFILMENT/5")
}

func TestArticles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f, _ := w.add("5", "FULFILLED", 4, 4, 0)
	f.DeliveryType = "EXPRESS"
	require.Empty(t, w.run("CreateArticlesForFulfilment", f, nil, nil))
	a := w.Created[0].(*order.Article)
	require.Equal(t, "O1-5-A1", a.Ref)
	require.Equal(t, 4, w.Created[1].(*order.ArticleItem).Quantity)
	require.Equal(t, []string{"5.articles=" + string(a.ID)}, w.Linked)
	require.Empty(t, w.run("CreateArticlesForFulfilment", f, nil, nil))
	require.Len(t, w.Created, 2, "packed once")
	require.Empty(t, w.run("CopyAttributesFromFulfilmentToArticle", a, nil, nil))
	v, _ := a.Attributes.Get("orderRef")
	require.Equal(t, "O1", v)
	require.Equal(t, "ConsignmentFinalised>ARTICLE/"+string(a.ID), w.run("CreateDemoConsignment", f, m{"carrierRef": "DEMO", "labelUrl": "x"}, nil))
	require.Equal(t, "Go>FULFILMENT/5", w.run("SendEventOnVerifyingConsignmentV2", f, m{"eventName": "Go", "BookingStatus": "CONFIRMED"}, nil))
	require.Equal(t, "Travel>FULFILMENT/5", w.run("IfTransferRequired", f, m{"yes": "Travel", "no": "Stay"}, nil))
}

func TestPaymentsAreRecordedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 2 {
		require.Empty(t, w.run("CreateFinancialTransaction", w.order, nil, m{"ref": "T1", "amount": 5}))
	}
	v, _ := w.order.Attributes.Get("financialTransactions")
	require.Len(t, v, 1)
}

func TestSplitLimitAndProposals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	limit := m{"eventName": "Go", "maxSplitLimit": 1, "excludedFulfilmentStatuses": []string{"EXPIRED"}}
	require.Empty(t, w.run("ForwardIfMaxSplitLimitReached", w.order, limit, nil))
	require.Equal(t, "Go>ORDER/1", w.run("ForwardIfUnfulfilledItemsExist", w.order, m{"eventName": "Go"}, nil))
	w.add("5", "AWAITING_WAVE", 4, 0, 0)
	require.Equal(t, "Go>ORDER/1", w.run("ForwardIfMaxSplitLimitReached", w.order, limit, nil))
	require.Empty(t, w.run("ForwardIfMaxSplitLimitNotReached", w.order, limit, nil))
	require.Equal(t, "Go>ORDER/1", w.run("ForwardIfProposedFulfilmentNotPresent", w.order, m{"eventName": "Go"}, nil))
	require.Equal(t, "Go>ORDER/1", w.run("ForwardIfProposedFulfilmentPresent", w.order, m{"eventName": "Go"}, m{"proposedFulfilment": m{"locationRef": "A"}}))
}

// stockOf is a turn's stock of an inventory catalogue.
func stockOf(ctx context.Context, c *rule.Context, ref string) (*inventory.Stock, error) {
	m, err := inventory.From(c)
	if err != nil {
		return nil, err
	}
	return m.Stock(ctx, c, ref)
}
