package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestATransferIsReadyWhenItHasArrived: a warehouse sends what a customer collects at a store. The parcel carries what the store has to know of it.
func TestATransferIsReadyWhenItHasArrived(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1).stocked()
	id := w.placeAs("CC", "STORE_A", "P2×30")
	is := func(order, fulfilment, article string) {
		t.Helper()
		rows := w.rows(id)
		require.Equal(t, []string{order, fulfilment}, []string{rows.Order.Status, rows.Fulfilments[0].Status})
		if article != "" {
			require.Len(t, rows.Articles, 1)
			require.Equal(t, article, rows.Articles[0].Status)
		}
	}
	is("BOOKED", "SENT_TO_WMS", "")
	w.must(w.fulfilment(id, 1, "WmsAccepted", nil))
	is("PICK_PACK", "ASSIGNED", "")
	w.must(w.fulfilment(id, 1, "PickConfirmed", map[string]any{"items": []any{map[string]any{"productRef": "P2", "filledQuantity": 30}}}))
	is("PICK_PACK", "FULFILLED", "")
	w.must(w.fulfilment(id, 1, "WaveDispatchInitiated", nil))
	is("PICK_PACK", "FULFILLED", "AWAITING_COURIER_COLLECTION")
	parcel := w.rows(id).Articles[0]
	ref, _ := parcel.Attributes.Get("orderRef")
	require.Equal(t, "O1", ref)
	w.must(w.event("CourierCollection", "ARTICLE", parcel.ID, "ORDER", id, nil))
	is("PICK_PACK", "IN_TRANSIT", "IN_TRANSIT")
	w.must(w.event("ArticleArrival", "ARTICLE", parcel.ID, "ORDER", id, nil))
	is("AWAITING_CUSTOMER_COLLECTION", "AWAITING_CUSTOMER_COLLECTION", "AWAITING_CUSTOMER_COLLECTION")
	w.must(w.event("CustomerCollection", "ARTICLE", parcel.ID, "ORDER", id, nil))
	is("COMPLETE", "COMPLETE", "COLLECTED")
	w.balanced()
}
