package workflows_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
)

type assertion = assert.CollectT

func TestLoadAndRecount(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1).stocked()
	require.Len(t, w.positions(), 15)
	for _, p := range w.positions() {
		require.Equal(t, "ACTIVE", p.Status, p.Ref)
		w.onHand(p.Ref, p.OnHand)
	}
	w.agg(113, 23, 20)
	w.onHand("P1:STORE_A", 5)

	require.Empty(t, w.load("P1,STORE_A,7"))
	w.onHand("P1:STORE_A", 7)
	require.Equal(t, []string{"LAST_ON_HAND 7 ACTIVE"}, w.quantities("P1:STORE_A"))
	w.agg(115, 23, 20)
	again := w.load("P1,STORE_A,7", "P1,NOWHERE,1", "P9,STORE_A,1", ",STORE_A,3")
	require.Len(t, again, 3)
	require.Equal(t, "UNCHANGED", again[0].Message)
	require.Equal(t, "C0120E", again[1].Code)
	require.NotEmpty(t, again[2].Code)
	require.Equal(t, "CREATED", w.positions()["P9:STORE_A"].Status, "its product is not there yet")
	w.balanced()
}

func TestClosestSingleLocation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.insert(&foundation.Setting{Row: catalogue.Row{ID: w.id("Setting")}, Name: "PICK_N_PACK_TIME_LIMIT", Context: "RETAILER", ContextID: 1, ValueType: "STRING", Value: "4"})
	w.stocked() // now: nodes keep settings for a moment from their first look at them
	id := w.place("P1×2")
	require.Equal(t, "BOOKED; O1-1 HD_PFS STORE_A AWAITING_WAVE P1×2", w.order(id))
	f := w.rows(id).Fulfilments[0]
	require.NotNil(t, f.ExpiryTime)
	require.WithinDuration(t, f.CreatedOn.Add(4*time.Hour), *f.ExpiryTime, time.Second)
	w.onHand("P1:STORE_A", 3)
	require.Equal(t, []string{"LAST_ON_HAND 5 ACTIVE", "RESERVED -2 ACTIVE"}, w.quantities("P1:STORE_A"))
	w.agg(111, 23, 20)
	w.balanced()
}

func TestTwoWaySplitThenCancel(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1).stocked()
	id := w.place("P2×2", "P3×5")
	require.Equal(t, "BOOKED; O1-1 HD_PFS STORE_A AWAITING_WAVE P2×2 P3×4; O1-2 HD_PFS STORE_B AWAITING_WAVE P3×1", w.order(id))
	w.onHand("P2:STORE_A", 0)
	w.onHand("P3:STORE_A", 0)
	w.onHand("P3:STORE_B", 9)
	w.agg(113, 21, 15)
	w.must(w.event("OrderCancel", "ORDER", id, "ORDER", id, map[string]any{"reason": "CUSTOMER"}))
	require.Equal(t, "CANCELLED; O1-1 HD_PFS STORE_A CANCELLED P2×2 P3×4; O1-2 HD_PFS STORE_B CANCELLED P3×1", w.order(id))
	require.Equal(t, []string{"LAST_ON_HAND 10 ACTIVE", "RESERVED -1 INACTIVE"}, w.quantities("P3:STORE_B"))
	w.agg(113, 23, 20)
	again := w.event("OrderCancel", "ORDER", id, "ORDER", id, nil)
	require.Equal(t, eventstore.NoMatch, again.State)
	w.balanced()
}

func TestFallbackEscalationAndCancelledRest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1).stocked()
	id := w.place("P3×25")
	require.Equal(t, "BOOKED; O1-1 HD_PFS STORE_B AWAITING_WAVE P3×10; O1-2 HD_PFS STORE_C AWAITING_WAVE P3×6; O1-3 HD_PFS STORE_A AWAITING_WAVE P3×4; "+
		"O1-4 REJECTED REJECTED ESCALATED P3×5", w.order(id))
	w.agg(113, 23, 0)
	w.balanced()
	w.must(w.fulfilment(id, 4, "CancelEscalated", nil))
	rows := w.rows(id)
	require.Equal(t, "CANCELLED", rows.Fulfilments[3].Status)
	require.InDelta(t, 610, *rows.Order.TotalPrice, 1e-9)
	require.InDelta(t, 61, *rows.Order.TotalTaxPrice, 1e-9)
	w.balanced()
}

func TestPickPackShipComplete(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1).stocked()
	id := w.place("P1×2")
	w.must(w.fulfilment(id, 1, "WaveCreate", nil))
	require.Equal(t, "PICK_PACK; O1-1 HD_PFS STORE_A ASSIGNED P1×2", w.order(id))
	refused := w.event("OrderCancel", "ORDER", id, "ORDER", id, nil)
	w.must(refused)
	require.Equal(t, "PICK_PACK", w.rows(id).Order.Status, "work has begun")
	w.must(w.fulfilment(id, 1, "PickConfirmed", map[string]any{"items": []any{map[string]any{"productRef": "P1", "filledQuantity": 2}}}))
	require.Equal(t, "PICK_PACK; O1-1 HD_PFS STORE_A FULFILLED P1×2(2/0)", w.order(id))
	require.Equal(t, []string{"LAST_ON_HAND 5 ACTIVE", "RESERVED -2 INACTIVE", "SALE -2 ACTIVE"}, w.quantities("P1:STORE_A"))
	w.onHand("P1:STORE_A", 3)
	w.must(w.fulfilment(id, 1, "WaveDispatchInitiated", nil))
	require.Equal(t, "AWAITING_COURIER_COLLECTION; O1-1 HD_PFS STORE_A AWAITING_COURIER_COLLECTION P1×2(2/0)", w.order(id))
	a := w.rows(id).Articles[0]
	require.Equal(t, "AWAITING_COURIER_COLLECTION", a.Status)
	w.must(w.event("ARTICLE_COLLECTED", "ARTICLE", a.ID, "ORDER", id, nil))
	require.Equal(t, "COMPLETE; O1-1 HD_PFS STORE_A COMPLETE P1×2(2/0)", w.order(id))
	w.agg(111, 23, 20)
	w.balanced()
}

func TestShortPickIsSourcedElsewhereAndCountedAfterwards(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1).stocked()
	id := w.place("P1×4")
	w.must(w.fulfilment(id, 1, "WaveCreate", nil))
	w.must(w.fulfilment(id, 1, "WavePack", map[string]any{"items": []any{map[string]any{"productRef": "P1", "filledQuantity": 1, "rejectReason": "NOT_FOUND"}}}))
	require.Equal(t, "PICK_PACK; O1-1 HD_PFS STORE_A PARTIALLY_FULFILLED P1×4(1/3); O1-2 HD_PFS STORE_B AWAITING_WAVE P1×3", w.order(id))
	require.Equal(t, []string{"CORRECTION -3 ACTIVE", "LAST_ON_HAND 5 ACTIVE", "RESERVED -4 INACTIVE", "SALE -1 ACTIVE"}, w.quantities("P1:STORE_A"))
	w.onHand("P1:STORE_A", 1)
	w.onHand("P1:STORE_B", 5)
	w.agg(106, 23, 20)
	w.balanced()

	require.Empty(t, w.load("P1,STORE_A,1"))
	require.Equal(t, "UNCHANGED", w.load("P1,STORE_B,8")[0].Message)
	require.Equal(t, []string{"CORRECTION -3 INACTIVE", "LAST_ON_HAND 1 ACTIVE", "RESERVED -4 INACTIVE", "SALE -1 INACTIVE"}, w.quantities("P1:STORE_A"))
	w.onHand("P1:STORE_A", 1)
	w.onHand("P1:STORE_B", 5)
	require.Equal(t, "STALE", w.load("P1,STORE_A,4,2026-03-02T20:00:00Z")[0].Message)
	w.balanced()
}

func TestExpiredFulfilmentIsSourcedElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.insert(&foundation.Setting{Row: catalogue.Row{ID: w.id("Setting")}, Name: "PICK_N_PACK_TIME_LIMIT", Context: "AGENT", ContextID: number(t, w.roots["STORE_A"]),
		ValueType: "STRING", Value: "0.0002"})
	w.stocked() // now: nodes keep settings for a moment from their first look at them
	id := w.place("P1×2")
	require.Eventually(t, func() bool { return len(w.rows(id).Fulfilments) == 2 }, time.Minute, 50*time.Millisecond)
	require.Equal(t, "BOOKED; O1-1 HD_PFS STORE_A EXPIRED P1×2(0/2); O1-2 HD_PFS STORE_B AWAITING_WAVE P1×2", w.order(id))
	w.onHand("P1:STORE_A", 5)
	w.onHand("P1:STORE_B", 6)
	w.agg(111, 23, 20)
	w.balanced()
}

func TestLocationSwitchedOffAndOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1).stocked()
	w.agg(113, 23, 20)
	b := w.roots["STORE_B"]
	w.must(w.event("Deactivate", "LOCATION", b, "LOCATION", b, nil))
	w.agg(105, 23, 10)
	require.Equal(t, "INACTIVE", w.positions()["P3:STORE_B"].Status)
	id := w.place("P3×8")
	require.Equal(t, "BOOKED; O1-1 HD_PFS STORE_A AWAITING_WAVE P3×4; O1-2 HD_PFS STORE_C AWAITING_WAVE P3×4", w.order(id))
	w.must(w.event("Activate", "LOCATION", b, "LOCATION", b, nil))
	w.agg(113, 23, 12)
	w.onHand("P3:STORE_B", 10)
	w.balanced()
}

func TestCollectionAtTheSameStore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1).stocked()
	id := w.placeAs("CC", "STORE_B", "P3×2", "P1×1")
	require.Equal(t, "BOOKED; O1-1 CC_PFS STORE_B AWAITING_WAVE P3×2 P1×1", w.order(id))
	w.must(w.fulfilment(id, 1, "WaveCreate", nil))
	w.must(w.fulfilment(id, 1, "PickConfirmed", map[string]any{"items": []any{map[string]any{"productRef": "P1", "filledQuantity": 1}, map[string]any{"productRef": "P3", "filledQuantity": 2}}}))
	w.must(w.fulfilment(id, 1, "WaveDispatchInitiated", nil))
	require.Equal(t, "AWAITING_CUSTOMER_COLLECTION; O1-1 CC_PFS STORE_B AWAITING_CUSTOMER_COLLECTION P3×2(2/0) P1×1(1/0)", w.order(id))
	w.must(w.event("CustomerCollection", "ARTICLE", w.rows(id).Articles[0].ID, "ORDER", id, nil))
	require.Equal(t, "COMPLETE; O1-1 CC_PFS STORE_B COMPLETE P3×2(2/0) P1×1(1/0)", w.order(id))

	other := w.placeAs("CC", "NOWHERE", "P1×1")
	require.Equal(t, "ESCALATED", w.order(other))
	w.balanced()
}

// TestTheLastUnitIsSoldOnce: 32 orders over two engines want one of ten units each; ten get one, 22 are escalated.
func TestTheLastUnitIsSoldOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	require.Empty(t, w.load("P1,STORE_A,10"))
	var ids []catalogue.ID
	var wait sync.WaitGroup
	for n := range 32 {
		o, ev := w.newOrder("HD", "", "P1×1")
		ids = append(ids, o.ID)
		wait.Go(func() {
			assert.NoError(t, w.submit(w.engines[n%2], ev))
		})
	}
	wait.Wait()
	sold, escalated := 0, 0
	require.EventuallyWithT(t, func(t *assertion) {
		sold, escalated = 0, 0
		for _, id := range ids {
			for _, f := range w.rows(id).Fulfilments {
				switch f.Status {
				case "AWAITING_WAVE":
					sold++
				case "ESCALATED":
					escalated++
				}
			}
		}
		assert.Equal(t, 32, sold+escalated)
	}, time.Minute, 100*time.Millisecond)
	require.Equal(t, 10, sold)
	require.Equal(t, 22, escalated)
	w.onHand("P1:STORE_A", 0)
	w.balanced()
	for _, e := range w.engines {
		t.Logf("turns %d, commits %d, reruns %d, failed %d", e.Stats().Turns.Load(), e.Stats().Commits.Load(), e.Stats().Reruns.Load(), e.Stats().Failed.Load())
	}
}

func number(t *testing.T, id catalogue.ID) int {
	t.Helper()
	n := 0
	for _, r := range string(id) {
		n = n*10 + int(r-'0')
	}
	return n
}
