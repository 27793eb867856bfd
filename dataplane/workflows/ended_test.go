package workflows_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/workflows"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// beside puts a fulfilment of another location on an order, in a status, which has no units of its own.
func (w *world) beside(id catalogue.ID, status string) {
	w.t.Helper()
	f := &order.Fulfilment{Node: catalogue.Node{ID: w.id("Fulfilment")}, Ref: w.rows(id).Order.Ref + "-9", OrderID: id, FromLocationRef: "STORE_C"}
	flow(&f.Orchestrated, "HD_PFS", status, "")
	w.insert(f)
}

// TestAnOrderWaitsForFulfilmentsThatGoOn, and for none that has ended, however it did: neither to be ready, nor to be complete, nor to be given up when
// nothing is left of it. What is escalated a person has yet to decide; the parcels of the others need not wait for that, the order does.
func TestAnOrderWaitsForFulfilmentsThatGoOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	require.Empty(t, w.load("P1,STORE_A,900"))
	for _, kind := range []struct{ name, pickup, ready, collect string }{
		{"HD", "", "AWAITING_COURIER_COLLECTION", "ARTICLE_COLLECTED"}, {"CC", "STORE_A", "AWAITING_CUSTOMER_COLLECTION", "CustomerCollection"},
	} {
		for _, c := range []struct{ other, dispatched, collected, cancelled string }{
			{"REJECTED", kind.ready, "COMPLETE", "CANCELLED"}, {"EXPIRED", kind.ready, "COMPLETE", "CANCELLED"}, {"CANCELLED", kind.ready, "COMPLETE", "CANCELLED"},
			{"COMPLETE", kind.ready, "COMPLETE", ""}, {"ESCALATED", kind.ready, kind.ready, "BOOKED"}, {kind.ready, kind.ready, kind.ready, ""},
			{"FULFILLED", "PICK_PACK", "PICK_PACK", ""}, {"SENT_TO_WMS", "PICK_PACK", "PICK_PACK", "BOOKED"},
		} {
			status := func(id catalogue.ID) string { return w.rows(id).Order.Status }
			id := w.placeAs(kind.name, kind.pickup, "P1×2")
			own := w.rows(id).Fulfilments[0].ID
			w.beside(id, c.other)
			w.must(w.event("WaveCreate", "FULFILMENT", own, "ORDER", id, nil))
			w.must(w.event("PickConfirmed", "FULFILMENT", own, "ORDER", id, map[string]any{"items": []any{map[string]any{"productRef": "P1", "filledQuantity": 2}}}))
			w.must(w.event("WaveDispatchInitiated", "FULFILMENT", own, "ORDER", id, nil))
			require.Equal(t, c.dispatched, status(id), "%s beside one that is %s, dispatched", kind.name, c.other)
			w.must(w.event(kind.collect, "ARTICLE", w.rows(id).Articles[0].ID, "ORDER", id, nil))
			require.Equal(t, c.collected, status(id), "%s beside one that is %s, collected", kind.name, c.other)
			if c.cancelled == "" {
				continue // work has begun, so that the order cannot be cancelled whole
			}
			id = w.placeAs(kind.name, kind.pickup, "P1×2")
			w.beside(id, c.other)
			w.must(w.event("CancelItems", "ORDER", id, "ORDER", id, map[string]any{"items": []any{map[string]any{"productRef": "P1", "quantity": 2}}}))
			require.Equal(t, c.cancelled, status(id), "%s beside one that is %s, with all units cancelled", kind.name, c.other)
		}
	}
	w.balanced()
}

// TestALocationThatLetAFulfilmentExpireIsNotAskedAgain, also where the workflow rejects nothing when it expires, unless the event says so.
func TestALocationThatLetAFulfilmentExpireIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1).stocked()
	list, err := workflows.Default(1)
	require.NoError(t, err)
	for _, a := range list {
		for _, r := range a.Flow.Rulesets {
			if r.Name == "ExpireFulfilment" {
				before := len(r.Rules)
				r.Rules = slices.DeleteFunc(r.Rules, func(c workflow.RuleCall) bool { return c.Name == "FLUENTRETAIL.order.RejectFulfilment" })
				require.Len(t, r.Rules, before-1)
				a.Flow.Version = "1.1"
				require.NoError(t, w.shelf.Put("ACME", 1, a.Flow))
			}
		}
	}
	id := w.place("P1×2")
	w.must(w.fulfilment(id, 1, "FulfilmentExpiry", nil))
	require.Equal(t, "BOOKED; O1-1 HD_PFS STORE_A EXPIRED P1×2; O1-2 HD_PFS STORE_B AWAITING_WAVE P1×2", w.order(id))
	w.onHand("P1:STORE_A", 5)
	w.must(w.fulfilment(id, 2, "FulfilmentExpiry", map[string]any{"includeRejectedLocations": true}))
	require.Equal(t, "BOOKED; O1-1 HD_PFS STORE_A EXPIRED P1×2; O1-2 HD_PFS STORE_B EXPIRED P1×2; O1-3 HD_PFS STORE_A AWAITING_WAVE P1×2", w.order(id), "the nearest one")
	w.balanced()
}
