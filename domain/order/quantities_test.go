package order_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fluent-oms/fluent/domain/order"
)

func TestWhereTheUnitsOfALineAre(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		parts []order.Part
		want  order.Quantities
	}{
		{"nothing yet", nil, order.Quantities{Unfulfilled: 10}},
		{"short pick", []order.Part{{Status: "PARTIALLY_FULFILLED", Requested: 4, Filled: 1, Rejected: 3}},
			order.Quantities{Committed: 1, Filled: 1, Unfulfilled: 9}},
		{"expired units are free again", []order.Part{{Status: "EXPIRED", Requested: 4, Rejected: 4}, {Status: "AWAITING_WAVE", Requested: 4}},
			order.Quantities{Committed: 4, Unfulfilled: 6}},
		{"escalated units wait", []order.Part{{Status: "AWAITING_WAVE", Requested: 5}, {Status: "ESCALATED", Requested: 5}},
			order.Quantities{Committed: 5, Escalated: 5}},
		{"a refused one", []order.Part{{Status: "REJECTED", Requested: 3, Rejected: 1}}, order.Quantities{Unfulfilled: 10}},
		{"picked and gone", []order.Part{{Status: "COMPLETE", Requested: 6, Filled: 5, Rejected: 1}, {Status: "EXPIRED", Requested: 4, Filled: 4}},
			order.Quantities{Committed: 5, Filled: 5, Unfulfilled: 5}},
		{"two short picks", []order.Part{{Status: "FULFILLED", Requested: 4, Filled: 3, Rejected: 1}, {Status: "ASSIGNED", Requested: 7, Filled: 1, Rejected: 2}},
			order.Quantities{Committed: 8, Filled: 4, Unfulfilled: 2}},
		{"cancelled fulfilment", []order.Part{{Status: "CANCELLED", Requested: 10}}, order.Quantities{Unfulfilled: 10}},
	} {
		require.Equal(t, c.want, order.Split(10, 0, c.parts), c.name)
	}
}

// TestCancelledUnitsAreNeverOpen: of ten units three were cancelled, two of them from the five that were escalated.
func TestCancelledUnitsAreNeverOpen(t *testing.T) {
	t.Parallel()
	require.Equal(t, order.Quantities{Committed: 3, Escalated: 3, Cancelled: 3, Unfulfilled: 1},
		order.Split(10, 3, []order.Part{{Status: "AWAITING_WAVE", Requested: 4, Rejected: 1}, {Status: "ESCALATED", Requested: 3}}))
	require.Equal(t, order.Quantities{Committed: 10, Cancelled: 3, Unfulfilled: -3}, order.Split(10, 3, []order.Part{{Status: "AWAITING_WAVE", Requested: 10}}),
		"a fulfilment that is about to be cancelled")
}

func TestWhatStandsForItsUnits(t *testing.T) {
	t.Parallel()
	for status, live := range map[string]bool{"CREATED": true, "AWAITING_WAVE": true, "ASSIGNED": true, "BACKORDERED": true, "FULFILLED": true, "COMPLETE": true,
		"ESCALATED": false, "REJECTED": false, "EXPIRED": false, "CANCELLED": false} {
		require.Equal(t, live, order.Live(status), status)
	}
}

func TestPartsAreTheWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		quantity := rapid.IntRange(0, 50).Draw(t, "quantity")
		var parts []order.Part
		for range rapid.IntRange(0, 5).Draw(t, "parts") {
			p := order.Part{Requested: rapid.IntRange(0, 10).Draw(t, "requested"),
				Status: rapid.SampledFrom([]string{"CREATED", "ASSIGNED", "REJECTED", "EXPIRED", "ESCALATED", "CANCELLED", "COMPLETE"}).Draw(t, "status")}
			p.Rejected = rapid.IntRange(0, p.Requested).Draw(t, "rejected")
			parts = append(parts, p)
		}
		cancelled := rapid.IntRange(0, quantity).Draw(t, "cancelled")
		q := order.Split(quantity, cancelled, parts)
		require.Equal(t, quantity, q.Committed+q.Escalated+q.Cancelled+q.Unfulfilled)
	})
}
