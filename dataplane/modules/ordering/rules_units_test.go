package ordering_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/modules/ordering"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/rule/ruletest"
	stockstore "github.com/fluent-oms/fluent/dataplane/store/stock"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/order"
)

// TestDeadlinesCountFromCreation, in the location's opening hours: FAR was closed on the Sunday on which the fulfilment was made, at eight.
func TestDeadlinesCountFromCreation(t *testing.T) {
	t.Parallel()
	expire := m{"eventName": "Expire"}
	day := func(clock string) time.Time {
		at, err := time.Parse(time.RFC3339, "2026-03-0"+clock+":00Z")
		require.NoError(t, err)
		return at
	}
	limits := []string{"PICK_N_PACK_TIME_LIMIT", "4", "PICK_N_PACK_TIME_LIMIT@NEAR", "30", "PICK_N_PACK_TIME_LIMIT_EXPRESS", "1.5", "PICK_N_PACK_TIME_LIMIT_STANDARD@NEAR", "3"}
	for _, c := range []struct {
		name, at, delivery string
		want               time.Time
	}{
		{"a location that nobody knows is always open", "STORE_A", "", day("1T12:00")}, {"in opening hours", "FAR", "", day("2T13:00")}, {"by the location's own limit", "NEAR", "", day("2T14:00")},
		{"express", "FAR", "EXPRESS", day("2T10:30")}, {"express goes before the location", "NEAR", "EXPRESS", day("1T09:30")}, {"no limit of that type", "FAR", "STANDARD", day("2T13:00")},
		{"never open: at once, to be sourced elsewhere", "SHUT", "", ruletest.Now},
		{"the location's of that type", "NEAR", "STANDARD", day("1T11:00")},
	} {
		w := newWorld(t)
		w.settle(limits...)
		f, _ := w.add("5", "AWAITING_WAVE", 4, 0, 0)
		f.FromLocationRef, f.DeliveryType = c.at, c.delivery
		require.NoError(t, w.Run(ordering.Rules(), "ScheduleFulfilmentExpiry", f, expire, nil))
		require.Equal(t, c.want, *f.ExpiryTime, c.name)
		require.Equal(t, c.want, w.Sent[0].ScheduledOn, c.name)
	}
	for _, limit := range []string{"0", "-1"} {
		w := newWorld(t)
		w.settle("PICK_N_PACK_TIME_LIMIT", limit)
		f, _ := w.add("5", "AWAITING_WAVE", 4, 0, 0)
		require.Empty(t, w.run("ScheduleFulfilmentExpiry", f, expire, nil))
		require.Nil(t, f.ExpiryTime, limit)
	}
}

// TestTheTimeLeftIsOpeningTime: held on Monday at ten with a deadline at Tuesday's noon, FAR has 7 + 3 hours left; it goes on with them.
func TestTheTimeLeftIsOpeningTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.settle("PICK_N_PACK_TIME_LIMIT", "4")
	f, _ := w.add("5", "AWAITING_WAVE", 4, 0, 0)
	f.FromLocationRef = "FAR"
	due := ruletest.Now.Add(26 * time.Hour)
	f.ExpiryTime = &due
	require.Empty(t, w.run("SuspendSchedule", f, m{"eventName": "Expire"}, nil))
	left, _ := f.Attributes.Get("expiryMinutesLeft")
	require.Equal(t, 600, left)
	resume := m{"eventName": "Expire", "resume": true}
	require.NotEmpty(t, w.run("ScheduleFulfilmentExpiry", f, resume, nil))
	require.Equal(t, due, *f.ExpiryTime, "no time has passed since")

	past := ruletest.Now.Add(-time.Hour)
	f.ExpiryTime = &past
	require.NotEmpty(t, w.run("ScheduleFulfilmentExpiry", f, resume, nil))
	require.Equal(t, ruletest.Now, *f.ExpiryTime, "what is overdue is due now")
	f.ExpiryTime, f.Attributes = nil, nil
	require.NotEmpty(t, w.run("ScheduleFulfilmentExpiry", f, resume, nil))
	require.Equal(t, ruletest.Now.Add(3*time.Hour), *f.ExpiryTime, "never held: the limit, from its creation on")
}

// TestAnEscalationMayBeCancelledInParts: it goes on waiting with what is left, and ends with the last unit of all its lines.
func TestAnEscalationMayBeCancelledInParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f, i := w.add("5", "ESCALATED", 4, 0, 0)
	two := 2
	other := &order.FulfilmentItem{Row: catalogue.Row{ID: "51"}, Ref: "O1-5-2", RequestedQuantity: &two, OrderItemID: w.items[1].ID, FulfilmentID: f.ID}
	w.Add(other)
	cancel := func(ref string, n int) {
		t.Helper()
		require.Empty(t, w.run("CancelOrderItems", w.order, nil, m{"items": []any{m{"ref": ref, "quantity": n}}}))
	}
	state := func(status string, first, second int) {
		t.Helper()
		require.Equal(t, []any{status, first, second}, []any{f.Status, *i.RequestedQuantity, *other.RequestedQuantity})
		require.Equal(t, []int{4 - first, 2 - second}, []int{ordering.Cancelled(w.items[0]), ordering.Cancelled(w.items[1])})
		o, err := ordering.Of(w)
		require.NoError(t, err)
		require.Equal(t, order.Quantities{Escalated: first, Cancelled: 4 - first}, o.Quantities(w.items[0]))
		require.Empty(t, o.Needs(), "nothing is to be sourced again")
	}
	cancel("I1", 1)
	state("ESCALATED", 3, 2)
	cancel("I1", 3)
	state("ESCALATED", 0, 2)
	cancel("I2", 1)
	state("ESCALATED", 0, 1)
	cancel("I2", 1)
	state("CANCELLED", 0, 0)
}

// TestTheRestOfAnEscalationIsCancelled after a part of it was: not once more what is cancelled already.
func TestTheRestOfAnEscalationIsCancelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f, _ := w.add("5", "ESCALATED", 4, 0, 0)
	require.Empty(t, w.run("CancelOrderItems", w.order, nil, m{"items": []any{m{"ref": "I1", "quantity": 1}}}))
	require.Empty(t, w.run("CancelOrderItems", f, m{"fromFulfilment": true}, nil))
	require.Equal(t, 4, ordering.Cancelled(w.items[0]))
	require.Empty(t, w.run("RecalculateOrderTotals", w.order, nil, nil))
	require.InDelta(t, 110, *w.order.TotalPrice, 1e-9, "P2×2 and the delivery")

	w = newWorld(t)
	f, _ = w.add("5", "ASSIGNED", 4, 3, 0)
	require.Empty(t, w.run("CancelOrderItems", f, m{"fromFulfilment": true}, nil))
	require.Equal(t, 1, ordering.Cancelled(w.items[0]), "what was picked is not cancelled")
	require.Empty(t, w.run("CancelOrderItems", w.order, m{"fromFulfilment": true}, m{"items": []any{m{"ref": "I2", "quantity": 1}}}))
	require.Equal(t, []int{1, 1}, []int{ordering.Cancelled(w.items[0]), ordering.Cancelled(w.items[1])}, "from an order what is listed counts")
}

func TestOpenUnitsAreCancelledFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, i := w.add("5", "ESCALATED", 1, 0, 0)
	w.add("6", "PARTIALLY_FULFILLED", 2, 1, 1) // its rejected unit is open again: of P1×4 two are open, one is escalated, one picked
	require.Empty(t, w.run("CancelOrderItems", w.order, nil, m{"items": []any{m{"orderItemId": "10", "quantity": 2}}}))
	require.Equal(t, 1, *i.RequestedQuantity)
	require.Equal(t, []any{m{"ref": "I1", "cancelled": 2}}, w.Facts[0]["items"])
	require.Empty(t, w.run("CancelOrderItems", w.order, nil, m{"items": []any{m{"ref": "I1", "quantity": 2}}}))
	require.Zero(t, *i.RequestedQuantity)
	require.Equal(t, []any{m{"ref": "I1", "cancelled": 1}}, w.Facts[1]["items"], "what was picked stays")
	require.Equal(t, 3, ordering.Cancelled(w.items[0]))
	for _, bad := range []any{m{"ref": "I1", "quantity": 0}, m{"ref": "I1", "quantity": -1}, m{"ref": "I1", "quantity": 0.5}, m{"ref": "I1"}, m{"ref": "I9", "quantity": 1}, m{"quantity": 1}, 5} {
		require.True(t, w.fails("CancelOrderItems", w.order, nil, m{"items": []any{bad}}), "%v", bad)
	}
	require.Equal(t, 3, ordering.Cancelled(w.items[0]))
}

// TestWhatIsCoveredTwiceIsNotOpen: a line with more units in fulfilments than it has loses no more of them than the caller cancels.
func TestWhatIsCoveredTwiceIsNotOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add("5", "ASSIGNED", 4, 0, 0)
	f, i := w.add("6", "ESCALATED", 2, 0, 0)
	require.Empty(t, w.run("CancelOrderItems", w.order, nil, m{"items": []any{m{"ref": "I1", "quantity": 1}}}))
	require.Equal(t, []any{"ESCALATED", 1, 1}, []any{f.Status, *i.RequestedQuantity, ordering.Cancelled(w.items[0])})
}

func TestTotals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	feeTax := 1.0
	w.Parts()[0].(*order.FulfilmentChoice).FulfilmentTaxPrice = &feeTax
	third, tax := 0.1, 0.033333
	w.items[1].PaidPrice, w.items[1].TaxPrice = &third, &tax
	w.items[0].Attributes = catalogue.Attributes{{Name: "cancelledQuantity", Type: "INTEGER", Value: 1}}
	require.Empty(t, w.run("RecalculateOrderTotals", w.order, nil, nil))
	require.Equal(t, []float64{3*50 + 0.2 + 10, 16.0667}, []float64{*w.order.TotalPrice, *w.order.TotalTaxPrice}, "to the hundredth of a cent")
	w.items[0].PaidPrice = nil
	require.Empty(t, w.run("RecalculateOrderTotals", w.order, nil, nil))
	require.InDelta(t, 10.2, *w.order.TotalPrice, 1e-9)
}

// TestPicksCountWhatIsStillAskedFor: of five units one was rejected before and one picked before; three are open.
func TestPicksCountWhatIsStillAskedFor(t *testing.T) {
	t.Parallel()
	for filled, want := range map[int][2]int{3: {4, 1}, 2: {3, 2}, 0: {1, 4}} {
		w := newWorld(t)
		f, i := w.add("5", "ASSIGNED", 5, 1, 1)
		require.Empty(t, w.run("ConfirmFulfilmentItems", f, nil, m{"fulfilmentItems": []any{m{"orderItemRef": "I1", "confirmedQty": filled, "rejectReason": "LOST"}}}))
		require.Equal(t, want, [2]int{i.FilledQuantity, i.RejectedQuantity}, "%d found", filled)
		v, said := f.Attributes.Get("rejectReasons")
		require.Equal(t, filled < 3, said, "a reason counts where something is missing")
		if said {
			require.Equal(t, m{"O1-5-1": "LOST"}, v)
		}
	}
	w := newWorld(t)
	f, _ := w.add("5", "ASSIGNED", 5, 1, 1)
	require.True(t, w.fails("ConfirmFulfilmentItems", f, nil, m{"items": []any{m{"productRef": "P1", "filledQuantity": 4}}}), "one more than is open")
	require.True(t, w.fails("ConfirmFulfilmentItems", f, nil, m{"items": []any{m{"productRef": "P1", "orderItemRef": "I2", "filledQuantity": 1}}}), "all names must fit")
	w = newWorld(t)
	f, _ = w.add("5", "ASSIGNED", 5, 1, 1)
	require.True(t, w.fails("ConfirmFulfilmentItems", f, nil, m{"items": []any{m{"productRef": "P1", "filledQuantity": 2}, m{"productRef": "P1", "filledQuantity": 2}}}), "one more in two entries")
	w = newWorld(t)
	f, i := w.add("5", "ASSIGNED", 2, 0, 0)
	one := 1
	second := &order.FulfilmentItem{Row: catalogue.Row{ID: "51"}, Ref: "O1-5-2", RequestedQuantity: &one, OrderItemID: w.items[1].ID, FulfilmentID: f.ID}
	w.Add(second)
	require.Empty(t, w.run("ConfirmFulfilmentItems", f, nil, m{"items": []any{m{"productRef": "P2", "filledQuantity": 1}, m{"id": "50", "quantity": 1}}}))
	require.Equal(t, []int{1, 1, 1, 0}, []int{i.FilledQuantity, i.RejectedQuantity, second.FilledQuantity, second.RejectedQuantity})
}

func TestNoMoreIsRejectedThanIsAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f, i := w.add("5", "PROCESSING", 5, 1, 1)
	short := func(n int) m { return m{"shortItems": []any{m{"fulfilmentItemId": "50", "quantity": n}}} }
	require.Empty(t, w.run("RejectShortItems", f, nil, short(2)))
	require.Equal(t, 3, i.RejectedQuantity)
	require.Empty(t, w.run("RejectShortItems", f, nil, short(9)))
	require.Equal(t, 4, i.RejectedQuantity, "one was picked")
	i.RejectedQuantity = 1
	require.Empty(t, w.run("RejectFulfilment", f, nil, nil))
	require.Equal(t, 4, i.RejectedQuantity)
	require.Empty(t, f.Attributes, "nobody said why")
}

// TestReservationsLeaveOutWhatWasRejected: of four units one was; overselling is a matter of the location.
func TestReservationsLeaveOutWhatWasRejected(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		at       string
		onHand   int
		rejected int
		want     []any
	}{
		{"FAR", 3, 1, nil}, {"FAR", 2, 1, []any{m{"fulfilmentItemId": "50", "productRef": "P1", "quantity": 1}}}, {"NEAR", 0, 1, nil},
	} {
		w := newWorld(t)
		w.settle("ALLOW_OVERSELL", "false", "ALLOW_OVERSELL@NEAR", "True")
		f, _ := w.add("5", "PROCESSING", 4, 0, c.rejected)
		f.FromLocationRef = c.at
		know := []rule.Rule{rule.New("test", "Know", "Is for a test.", func(ctx context.Context, x *rule.Context, _ rule.None) error {
			s, err := stockOf(ctx, x, "DEFAULT:1")
			if err == nil {
				s.Know(stockstore.Key{ProductRef: "P1", LocationRef: c.at}, stockstore.Figure{ID: "p1", Ref: "P1:" + c.at, OnHand: c.onHand, Status: "ACTIVE"})
			}
			return err
		})}
		require.NoError(t, w.Run(know, "Know", w.order, nil, nil))
		require.NoError(t, w.Run(ordering.Rules(), "SendEventToUpdateInventoryQuantity", f, m{"operation": "RESERVE", "replyEvent": "All", "shortEvent": "Short"}, nil))
		if c.want == nil {
			require.Equal(t, "All>FULFILMENT/5", w.Names(), "%+v", c)
			continue
		}
		require.Equal(t, c.want, w.Sent[0].Attributes["shortItems"], "%+v", c)
	}
}

func TestWhetherWorkHasBegun(t *testing.T) {
	t.Parallel()
	for status, refused := range map[string]bool{"CREATED": false, "PROCESSING": false, "AWAITING_WAVE": false, "SENT_TO_WMS": false, "ON_HOLD": false, "ESCALATED": false, "REJECTED": false, "EXPIRED": false,
		"CANCELLED": false, "ASSIGNED": true, "FULFILLED": true, "PARTIALLY_FULFILLED": true, "AWAITING_COURIER_COLLECTION": true, "IN_TRANSIT": true, "AWAITING_CUSTOMER_COLLECTION": true,
		"AWAITING_CONSOLIDATION": true, "COMPLETE": true} {
		w := newWorld(t)
		w.add("5", "AWAITING_WAVE", 1, 0, 0)
		f, _ := w.add("6", status, 1, 0, 0)
		props := m{"status": "AWAITING_WAVE", "eventName": "Go"}
		if refused {
			require.True(t, w.fails("ForwardIfNoFulfilmentBeyond", w.order, props, nil), status)
		} else {
			require.Equal(t, "Go>ORDER/1", w.run("ForwardIfNoFulfilmentBeyond", w.order, props, nil), status)
		}
		sent := w.run("ResourceLiveFulfilments", w.order, m{"eventName": "Stop"}, nil)
		if waits := map[string]bool{"CREATED": true, "PROCESSING": true, "AWAITING_WAVE": true, "SENT_TO_WMS": true, "ON_HOLD": true}[status]; waits {
			require.Equal(t, "Stop>FULFILMENT/5 Stop>FULFILMENT/"+string(f.ID), sent, status)
		} else {
			require.Equal(t, "Stop>FULFILMENT/5", sent, status)
		}
	}
}

func TestVerifiedUnits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		filled, rejected int
		picked, asked    string // of four: what VerifyingFulfilmentItems says by units picked, and by units that may be picked
		remaining        bool
	}{{0, 0, "NONE", "ALL", true}, {0, 1, "NONE", "PARTIAL", true}, {3, 1, "PARTIAL", "PARTIAL", false}, {0, 4, "NONE", "NONE", false}, {4, 0, "ALL", "ALL", false}, {2, 1, "PARTIAL", "PARTIAL", true}} {
		w := newWorld(t)
		f, _ := w.add("5", "ASSIGNED", 4, c.filled, c.rejected)
		for _, q := range []string{"ALL", "PARTIAL", "NONE"} {
			require.Equal(t, q == c.picked, w.run("VerifyingFulfilmentItems", f, m{"quantity": q, "eventName": "Go"}, nil) != "", "%+v %s", c, q)
			require.Equal(t, q == c.asked, w.run("VerifyingFulfilmentItems", f, m{"quantity": q, "basis": "requestable", "eventName": "Go"}, nil) != "", "%+v %s", c, q)
		}
		require.Equal(t, c.remaining, w.run("SendEventIfRemaining", f, m{"eventName": "Go"}, nil) != "", "%+v", c)
	}
}

// TestCustomersHearOfUnitsThatWereMissed: not of those that nobody promised, and again when more are missed.
func TestCustomersHearOfUnitsThatWereMissed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.settle()
	e, _ := w.add("5", "ESCALATED", 3, 0, 3)
	require.Empty(t, w.run("NotifySourcingOutcome", w.order, m{"shortPick": "SHORT"}, nil))
	e.Type, e.Status = ordering.TypeRejected, "CANCELLED"
	require.Empty(t, w.run("NotifySourcingOutcome", w.order, m{"shortPick": "SHORT"}, nil))
	require.Empty(t, w.Logs, "what was never promised")
	e.Status = "ESCALATED"
	_, i := w.add("6", "PARTIALLY_FULFILLED", 4, 3, 1)
	require.Empty(t, w.run("NotifySourcingOutcome", w.order, m{"shortPick": "SHORT"}, nil))
	i.FilledQuantity, i.RejectedQuantity = 0, 4
	require.Empty(t, w.run("NotifySourcingOutcome", w.order, m{"shortPick": "SHORT"}, nil))
	require.Equal(t, []map[string]any{{"template": "SHORT", "missedUnits": 1, "unitsStillComing": 0, "unitsNotAvailable": 3},
		{"template": "SHORT", "missedUnits": 4, "unitsStillComing": 1, "unitsNotAvailable": 3}}, w.Facts)
}

func TestSplitLimits(t *testing.T) {
	t.Parallel()
	for n, c := range []struct {
		statuses []string
		limit    int
		reached  bool
	}{{nil, 1, false}, {[]string{"AWAITING_WAVE"}, 1, true}, {[]string{"AWAITING_WAVE"}, 2, false}, {[]string{"AWAITING_WAVE", "COMPLETE"}, 2, true}, {[]string{"AWAITING_WAVE", "EXPIRED", "CANCELLED"}, 2, false},
		{[]string{"AWAITING_WAVE", "ON_HOLD"}, 2, false}, {nil, 0, true}} {
		w := newWorld(t)
		for i, s := range c.statuses {
			w.add(fmt.Sprint(5+i), s, 1, 0, 0)
		}
		props := m{"eventName": "Go", "maxSplitLimit": c.limit, "excludedFulfilmentStatuses": []string{"ON_HOLD"}}
		require.Equal(t, c.reached, w.run("ForwardIfMaxSplitLimitReached", w.order, props, nil) != "", "case %d", n)
		require.Equal(t, !c.reached, w.run("ForwardIfMaxSplitLimitNotReached", w.order, props, nil) != "", "case %d", n)
	}
}

// TestProposals: nearness and quantity weigh as the settings say; equals go by ref; the nearest stands for 1.
func TestProposals(t *testing.T) {
	t.Parallel()
	event := func() m {
		return m{"locations": []any{m{"ref": "NEAR", "distance": 10}, m{"ref": "FAR", "distance": 20}, m{"ref": "EVEN", "distance": 20}, m{"ref": "EMPTY", "distance": 1}},
			"virtualPositions": []any{m{"locationRef": "NEAR", "productRef": "P1", "quantity": 1}, m{"locationRef": "FAR", "productRef": "P1", "quantity": 9}, m{"locationRef": "EVEN", "productRef": "P1", "quantity": 4},
				m{"locationRef": "EMPTY", "productRef": "P9", "quantity": 4}}}
	}
	for _, c := range []struct {
		near, much, want string
		rating           float64
	}{{"0", "60", "EVEN", 40}, {"60", "0", "NEAR", 6}, {"10", "60", "EVEN", 40.5}} {
		w := newWorld(t)
		w.settle("PROXIMITY.WEIGHTING.FACTOR", c.near, "QUANTITY.WEIGHTING.FACTOR", c.much)
		require.NoError(t, w.Run(ordering.Rules(), "SelectProposedFulfilment", w.order, m{"eventName": "Next"}, event()))
		got := w.Sent[0].Attributes["proposedFulfilment"].(map[string]any)
		require.Equal(t, c.want, got["locationRef"], "%+v", c)
		require.InDelta(t, c.rating, got["rating"], 1e-9, "%+v", c)
		w.Sent = nil
		f, _ := w.add("5", "EXPIRED", 1, 0, 1)
		f.FromLocationRef = c.want
		require.NoError(t, w.Run(ordering.Rules(), "SelectProposedFulfilment", w.order, m{"eventName": "Next"}, event()))
		require.NotEqual(t, c.want, w.Sent[0].Attributes["proposedFulfilment"].(map[string]any)["locationRef"], "it was tried")
	}
}

func TestRadiusAndTypeOfLocations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	refs := func() (out []string) {
		for _, x := range w.Sent[len(w.Sent)-1].Attributes["locations"].([]any) {
			out = append(out, x.(map[string]any)["ref"].(string))
		}
		return out
	}
	event := m{"locations": []any{m{"ref": "A", "type": "store", "distance": 50}, m{"ref": "B", "type": "WAREHOUSE", "distance": 50.1}, m{"ref": "C", "type": "STORE", "distance": 2}}}
	require.NoError(t, w.Run(ordering.Rules(), "FilterLocationsByRadius", w.order, m{"eventName": "Next", "radius": 50}, event))
	require.Equal(t, []string{"A", "C"}, refs())
	require.NoError(t, w.Run(ordering.Rules(), "FilterLocationsByType", w.order, m{"eventName": "Next", "expressDeliveryValue": "Express"}, event))
	require.Equal(t, []string{"A", "C"}, refs())
	require.Len(t, event["locations"], 3, "the event that came is as it was")
}

func TestOrdersThatCannotBeProcessed(t *testing.T) {
	t.Parallel()
	below := -0.01
	for name, spoil := range map[string]func(w *world){
		"no customer": func(w *world) { w.order.CustomerID = "" }, "no product": func(w *world) { w.items[1].ProductRef = "" }, "fewer than none": func(w *world) { w.items[1].Quantity = -1 },
		"a price below zero": func(w *world) { w.items[0].Price = &below }, "paid below zero": func(w *world) { w.items[1].PaidPrice = &below },
		"another currency": func(w *world) { w.items[0].Currency, w.items[1].Currency = "AUD", "NZD" },
		"no items":         func(w *world) { w.Turn = ruletest.New(w.order) },
	} {
		w := newWorld(t)
		spoil(w)
		require.Equal(t, "Bad>ORDER/1", w.run("ValidateOrder", w.order, m{"errorEvent": "Bad"}, nil), name)
	}
	for name, keep := range map[string]func(w *world){
		"free":            func(w *world) { none := 0.0; w.items[0].PaidPrice, w.items[1].PaidPrice = &none, nil },
		"one currency":    func(w *world) { w.items[0].Currency, w.items[1].Currency = "AUD", "AUD" },
		"currency unsaid": func(w *world) { w.items[0].Currency, w.items[1].Currency = "", "AUD" },
	} {
		w := newWorld(t)
		keep(w)
		require.Empty(t, w.run("ValidateOrder", w.order, m{"errorEvent": "Bad"}, nil), name)
	}
}
