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
		{"cancelled fulfilment", []order.Part{{Status: "CANCELLED", Requested: 10}}, order.Quantities{Unfulfilled: 10}},
	} {
		require.Equal(t, c.want, order.Split(10, 0, c.parts), c.name)
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
		for _, p := range parts {
			require.False(t, order.Live(p.Status) && p.Status != order.StatusComplete && order.Final(p.Status))
		}
	})
}
