package ordering_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/modules/ordering"
	"github.com/fluent-oms/fluent/domain/order"
)

// TestHowFarWorkMayHaveGone: the property says which status is the last; what waits elsewhere counts as what waits for a wave.
func TestHowFarWorkMayHaveGone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		last, status string
		goes         bool
	}{
		{"PROCESSING", "AWAITING_WAVE", false}, {"PROCESSING", "ON_HOLD", false}, {"PROCESSING", "CREATED", true},
		{"AWAITING_WAVE", "SENT_TO_WMS", true}, {"AWAITING_WAVE", "BACKORDERED", true}, {"AWAITING_WAVE", "ASSIGNED", false},
		{"ASSIGNED", "ASSIGNED", true}, {"ASSIGNED", "PARTIALLY_FULFILLED", false}, {"FULFILLED", "PARTIALLY_FULFILLED", true},
		{"AWAITING_COURIER_COLLECTION", "IN_TRANSIT", false}, {"COMPLETE", "COMPLETE", true}, {"CREATED", "CANCELLED", true}, {"CREATED", "ESCALATED", true},
	} {
		w := newWorld(t)
		w.add("5", c.status, 1, 0, 0)
		props := m{"status": c.last, "eventName": "Go"}
		if c.goes {
			require.Equal(t, "Go>ORDER/1", w.run("ForwardIfNoFulfilmentBeyond", w.order, props, nil), "%s, at most %s", c.status, c.last)
		} else {
			require.True(t, w.fails("ForwardIfNoFulfilmentBeyond", w.order, props, nil), "%s, at most %s", c.status, c.last)
		}
	}
	require.False(t, newWorld(t).fails("ForwardIfNoFulfilmentBeyond", newWorld(t).order, m{"status": "REJECTED", "eventName": "Go"}, nil), "no status of a live fulfilment")
}

// TestWhichFulfilmentsCount: statuses that a workflow excludes cover no units, and those that it accepts do; by default live ones do.
func TestWhichFulfilmentsCount(t *testing.T) {
	t.Parallel()
	unfulfilled := func(w *world, props m) bool {
		props["eventName"] = "Go"
		return w.run("ForwardIfUnfulfilledItemsExist", w.order, props, nil) != ""
	}
	w := newWorld(t)
	w.items[1].Quantity = 0
	w.add("5", "ON_HOLD", 4, 0, 0)
	require.False(t, unfulfilled(w, m{}))
	require.False(t, unfulfilled(w, m{"excludedFulfilmentStatuses": "ASSIGNED"}))
	require.True(t, unfulfilled(w, m{"excludedFulfilmentStatuses": []string{"ON_HOLD"}}))

	located := m{"locations": []any{m{"ref": "NEAR", "distance": 1.0}}, "virtualPositions": []any{m{"locationRef": "NEAR", "productRef": "P1", "quantity": 9.0}}}
	for excluded, want := range map[string]any{"ON_HOLD": []any{m{"orderItemId": "10", "productRef": "P1", "quantity": 4}}, "ASSIGNED": nil} {
		w.settle()
		require.NoError(t, w.Run(ordering.Rules(), "SelectProposedFulfilment", w.order, m{"eventName": "Go", "excludedFulfilmentStatuses": excluded}, located))
		got, _ := w.Sent[0].Attributes["proposedFulfilment"].(m)
		require.Equal(t, want, got["items"], excluded)
		w.Sent = nil
	}

	rejected := func(props m, statuses ...string) int {
		w := newWorld(t)
		w.settle()
		for n, status := range statuses {
			w.add(string(rune('5'+n)), status, 2, 0, 0)
		}
		require.Empty(t, w.run("CreateFulfilmentForUnfulfillableItems", w.order, props, nil))
		units := 0
		for _, made := range w.Created {
			if i, ok := made.(*order.FulfilmentItem); ok {
				units += *i.RequestedQuantity
			}
		}
		return units
	}
	require.Equal(t, 4, rejected(nil, "AWAITING_WAVE", "EXPIRED"), "of six")
	require.Equal(t, 2, rejected(m{"acceptedStatuses": []string{"EXPIRED"}}, "AWAITING_WAVE", "EXPIRED"))
	require.Equal(t, 6, rejected(m{"rejectedStatuses": []string{"AWAITING_WAVE"}}, "AWAITING_WAVE", "EXPIRED"))
	require.Equal(t, 4, rejected(m{"acceptedStatuses": "EXPIRED", "rejectedStatuses": []string{"EXPIRED"}}, "AWAITING_WAVE", "EXPIRED"), "no wins")
}

// TestAProposalIsNotSourcedTwice: what other fulfilments have covered since is left out, by the statuses that count.
func TestAProposalIsNotSourcedTwice(t *testing.T) {
	t.Parallel()
	proposal := m{"proposedFulfilment": m{"locationRef": "NEAR", "items": []any{m{"orderItemId": "10", "productRef": "P1", "quantity": 4.0}}}}
	for status, want := range map[string][]int{"ON_HOLD": {1}, "EXPIRED": {4}} {
		w := newWorld(t)
		w.settle()
		w.add("5", status, 3, 0, 0)
		require.Empty(t, w.run("CreateFulfilment", w.order, nil, proposal))
		require.Equal(t, want, requestedOf(w), status)
		again := newWorld(t)
		again.settle()
		again.add("5", status, 3, 0, 0)
		require.Empty(t, again.run("CreateFulfilment", again.order, m{"excludedFulfilmentStatuses": []string{status}}, proposal))
		require.Equal(t, []int{4}, requestedOf(again), status)
	}
}

func requestedOf(w *world) (units []int) {
	for _, made := range w.Created {
		if i, ok := made.(*order.FulfilmentItem); ok {
			units = append(units, *i.RequestedQuantity)
		}
	}
	return units
}

// TestBackorderedUnitsAreTold: once, with how many and until when; in one notice with units that were missed.
func TestBackorderedUnitsAreTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.settle("webhook.notification", "https://example.test/notify")
	props := m{"shortPick": "SHORT_PICK", "backorder": "BACKORDER"}
	f, _ := w.add("5", "BACKORDERED", 3, 0, 1)
	f.ETA = "2026-03-10"
	require.Empty(t, w.run("NotifySourcingOutcome", w.order, m{"backorder": "BACKORDER"}, nil))
	require.Empty(t, w.run("NotifySourcingOutcome", w.order, m{"backorder": "BACKORDER"}, nil))
	require.Equal(t, []string{"notification BACKORDER"}, w.Logs, "told once")
	require.Equal(t, m{"template": "BACKORDER", "missedUnits": 1, "unitsStillComing": 0, "unitsNotAvailable": 0, "unitsDelayed": 2, "delayedUntil": "2026-03-10"}, w.Facts[0])
	w.add("6", "PARTIALLY_FULFILLED", 2, 1, 1)
	w.add("7", "BACKORDERED", 1, 0, 0)
	require.Empty(t, w.run("NotifySourcingOutcome", w.order, props, nil))
	require.Empty(t, w.run("NotifySourcingOutcome", w.order, props, nil))
	require.Equal(t, []string{"notification BACKORDER", "notification SHORT_PICK"}, w.Logs, "both in one")
	require.EqualValues(t, 3, w.Facts[1]["unitsDelayed"])
	require.Equal(t, []string{"BACKORDER → https://example.test/notify", "SHORT_PICK → https://example.test/notify"}, w.Webhooks)
}

// TestStockOfAnotherRetailer: the property names whose catalogue DEFAULT it is.
func TestStockOfAnotherRetailer(t *testing.T) {
	t.Parallel()
	const name = "SendEventToUpdateInventoryQuantity"
	for retailer, want := range map[any]string{nil: "stock:DEFAULT:1", "": "stock:DEFAULT:1", 2: "stock:DEFAULT:2", "2": "stock:DEFAULT:2"} {
		w := newWorld(t)
		w.settle()
		f, _ := w.add("5", "PROCESSING", 4, 0, 0)
		require.Empty(t, w.run(name, f, m{"operation": "UNRESERVE", "retailerId": retailer}, nil))
		require.Equal(t, []string{want}, w.Effects(), "%v", retailer)
		require.False(t, w.fails(name, f, m{"operation": "UNRESERVE", "retailerId": "ours"}, nil))
		require.Empty(t, w.run(name, f, m{"operation": "UNRESERVE", "retailerId": "2", "inventoryCatalogueRef": "DEFAULT:1"}, nil))
	}
}

// TestReasonsAreKept: of units that could not be reserved, and of those that were cancelled.
func TestReasonsAreKept(t *testing.T) {
	t.Parallel()
	short := []any{m{"fulfilmentItemId": "50", "quantity": 1.0}}
	for _, c := range []struct {
		props, event m
		want         any
	}{
		{m{"reason": "INSUFFICIENT_STOCK"}, m{"shortItems": short, "reason": "event's"}, "INSUFFICIENT_STOCK"},
		{m{"reason": "event"}, m{"shortItems": short, "reason": "event's"}, "event's"},
		{nil, m{"shortItems": short}, nil},
	} {
		w := newWorld(t)
		f, i := w.add("5", "PROCESSING", 4, 0, 0)
		require.Empty(t, w.run("RejectShortItems", f, c.props, c.event))
		require.Equal(t, 1, i.RejectedQuantity)
		got, _ := f.Attributes.Get("rejectReason")
		require.Equal(t, c.want, got)
	}
	for _, c := range []struct {
		props, event m
		want         any
	}{
		{m{"reason": "NO_SHOW"}, m{"items": []any{m{"ref": "I1", "quantity": 1.0}}}, "NO_SHOW"},
		{m{"reason": "NO_SHOW"}, m{"items": []any{m{"ref": "I1", "quantity": 1.0, "reason": "too late"}}}, "too late"},
		{nil, m{"items": []any{m{"ref": "I1", "quantity": 1.0}}, "reason": "event's"}, "event's"},
		{nil, m{"items": []any{m{"ref": "I1", "quantity": 1.0}}}, nil},
	} {
		w := newWorld(t)
		require.Empty(t, w.run("CancelOrderItems", w.order, c.props, c.event))
		require.Equal(t, 1, ordering.Cancelled(w.items[0]))
		got, _ := w.items[0].Attributes.Get("cancelReason")
		require.Equal(t, c.want, got)
	}
	w := newWorld(t)
	f, _ := w.add("5", "ESCALATED", 4, 0, 0)
	require.Empty(t, w.run("CancelOrderItems", f, m{"fromFulfilment": true, "reason": "NO_SHOW"}, nil))
	got, _ := w.items[0].Attributes.Get("cancelReason")
	require.Equal(t, "NO_SHOW", got)
}
