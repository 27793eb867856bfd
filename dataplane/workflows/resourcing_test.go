package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
)

// believe writes a figure of a position that its quantities do not say, so that what is sold from it still shows the old one.
func (w *world) believe(ref string, onHand int) {
	w.t.Helper()
	p := w.positions()[ref]
	p.OnHand = onHand
	require.NoError(w.t, w.db.Write(w.ctx, w.scope, func(tx *store.Tx) error {
		tx.Update(p, domain.Catalogue().Type("InventoryPosition").Field("onHand"))
		return nil
	}))
}

// TestWhatTheTurnHasTakenIsNotOfferedAgain: STORE_A turns out to hold two of five, so three units are sourced again in the same turn. STORE_B is
// nearest and seems to hold eight, but the turn has taken seven of them.
func TestWhatTheTurnHasTakenIsNotOfferedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	require.Empty(t, w.load("P1,STORE_A,5", "P1,STORE_B,8", "P1,STORE_C,6", "P1,DEPOT,70"))
	w.believe("P1:STORE_A", 2)
	id := w.place("P1×12")
	require.Equal(t, "BOOKED; O1-1 HD_PFS STORE_A AWAITING_WAVE P1×5(0/3); O1-2 HD_PFS STORE_B AWAITING_WAVE P1×7; O1-3 HD_PFS STORE_C AWAITING_WAVE P1×3", w.order(id))
	require.Equal(t, []string{"LAST_ON_HAND 5 ACTIVE", "RESERVED -2 ACTIVE"}, w.quantities("P1:STORE_A"))
	require.Equal(t, []string{"LAST_ON_HAND 8 ACTIVE", "RESERVED -7 ACTIVE"}, w.quantities("P1:STORE_B"))
	w.believe("P1:STORE_A", 3)
}

// TestALocationThatRefusedIsNotAskedAgain, unless the event says so; nor is one that the order excludes.
func TestALocationThatRefusedIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1).stocked()
	id := w.place("P1×2")
	w.must(w.fulfilment(id, 1, "RejectFulfilment", map[string]any{"reason": "CLOSED"}))
	require.Equal(t, "BOOKED; O1-1 HD_PFS STORE_A REJECTED P1×2(0/2); O1-2 HD_PFS STORE_B AWAITING_WAVE P1×2", w.order(id))
	w.onHand("P1:STORE_A", 5)
	w.must(w.fulfilment(id, 2, "RejectFulfilment", map[string]any{"reason": "CLOSED", "includeRejectedLocations": true}))
	require.Equal(t, "BOOKED; O1-1 HD_PFS STORE_A REJECTED P1×2(0/2); O1-2 HD_PFS STORE_B REJECTED P1×2(0/2); O1-3 HD_PFS STORE_A AWAITING_WAVE P1×2", w.order(id),
		"the nearest one")
	w.onHand("P1:STORE_A", 3)
	w.onHand("P1:STORE_B", 8)

	o, ev := w.newOrder("HD", "", "P1×2")
	o.Attributes = catalogue.Attributes{{Name: "excludedLocations", Type: "JSON", Value: []any{"STORE_A", "STORE_B"}}}
	require.NoError(t, w.db.Write(w.ctx, w.scope, func(tx *store.Tx) error {
		tx.Update(o, domain.Catalogue().Type("Order").Field("attributes"))
		return nil
	}))
	res, err := w.engines[0].RunOnce(w.ctx, w.scope, ev, repeats.Request{})
	require.NoError(t, err)
	w.must(res)
	require.Equal(t, "BOOKED; O2-1 HD_PFDC DC1 SENT_TO_WMS P1×2", w.order(o.ID))
	w.balanced()
}

// TestAnEscalationIsCancelledInParts: two of five units, then the rest; the other fulfilments go on, and the totals follow.
func TestAnEscalationIsCancelledInParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1).stocked()
	id := w.place("P3×25")
	cancel := map[string]any{"items": []any{map[string]any{"ref": "O1-I1", "quantity": 2}}}
	w.must(w.event("CancelItems", "ORDER", id, "ORDER", id, cancel))
	rest := "BOOKED; O1-1 HD_PFS STORE_B AWAITING_WAVE P3×10; O1-2 HD_PFS STORE_C AWAITING_WAVE P3×6; O1-3 HD_PFS STORE_A AWAITING_WAVE P3×4; O1-4 REJECTED REJECTED "
	require.Equal(t, rest+"ESCALATED P3×3", w.order(id))
	require.InDelta(t, 23*30+10, *w.rows(id).Order.TotalPrice, 1e-9)
	w.must(w.fulfilment(id, 4, "CancelEscalated", nil))
	require.Equal(t, rest+"CANCELLED P3×3", w.order(id))
	require.InDelta(t, 20*30+10, *w.rows(id).Order.TotalPrice, 1e-9)
	require.InDelta(t, 20*3+1, *w.rows(id).Order.TotalTaxPrice, 1e-9)
	w.balanced()
}

// TestAnUnknownProductIsNotSold, however many were counted, until it is known.
func TestAnUnknownProductIsNotSold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	require.Empty(t, w.load("P9,STORE_A,5", "P9,DEPOT,5"))
	require.Equal(t, "CREATED", w.positions()["P9:STORE_A"].Status)
	require.Equal(t, "BOOKED; O1-1 REJECTED REJECTED ESCALATED P9×1", w.order(w.place("P9×1")))
	w.product("P9")
	require.Empty(t, w.load("P9,STORE_A,6"))
	require.Equal(t, "BOOKED; O2-1 HD_PFS STORE_A AWAITING_WAVE P9×1", w.order(w.place("P9×1")))
	w.onHand("P9:STORE_A", 5)
	w.balanced()
}

// TestATransferMayComeFromAnyNetwork: DEPOT, which home delivery must not use, sends to the pickup store.
func TestATransferMayComeFromAnyNetwork(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1).stocked()
	require.Equal(t, "BOOKED; O1-1 CC_PFDC DEPOT SENT_TO_WMS P2×30", w.order(w.placeAs("CC", "STORE_A", "P2×30")))
	require.Equal(t, "BOOKED; O2-1 HD_PFDC DC1 SENT_TO_WMS P2×20; O2-2 HD_PFS STORE_A AWAITING_WAVE P2×2; O2-3 HD_PFS STORE_C AWAITING_WAVE P2×1; O2-4 REJECTED REJECTED ESCALATED P2×7",
		w.order(w.place("P2×30")))
	require.Equal(t, "BOOKED; O3-1 CC_PFS STORE_B AWAITING_WAVE P1×2", w.order(w.placeAs("CC", "STORE_C", "P1×2")), "the nearest to the store, not to the customer")
	w.onHand("P2:DEPOT", 40)
	w.balanced()
}

// TestWhatIsSwitchedOffInTheCatalogueIsNotSold: the virtual position of STORE_A still says five.
func TestWhatIsSwitchedOffInTheCatalogueIsNotSold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1).stocked()
	for _, v := range w.virtual() {
		if v.ProductRef == "P1" && v.GroupRef == "STORE_A" {
			require.Equal(t, 5, v.Quantity)
			v.Status = "INACTIVE"
			require.NoError(t, w.db.Write(w.ctx, w.scope, func(tx *store.Tx) error {
				tx.Update(v, domain.Catalogue().Type("VirtualPosition").Field("status"))
				return nil
			}))
		}
	}
	require.Equal(t, "BOOKED; O1-1 HD_PFS STORE_B AWAITING_WAVE P1×2", w.order(w.place("P1×2")))
	w.balanced()
}
