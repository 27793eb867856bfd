package inventory_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/batching"
	modules "github.com/fluent-oms/fluent/dataplane/modules/inventory"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/rule/ruletest"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/inventory/load"
)

// together applies the effects of turns that share a commit.
func (h *house) together(turns ...*ruletest.Turn) {
	h.t.Helper()
	require.NoError(h.t, h.db.WriteLocked(h.t.Context(), h.scope, func(tx *store.Tx) error {
		for _, turn := range turns {
			for _, key := range turn.Effects() {
				if err := turn.Effect(key, nil).Apply(h.t.Context(), tx); err != nil {
					return err
				}
			}
		}
		return nil
	}))
}

// TestALoadSaysHowMuchItWrites: a position and a quantity for each record, of all batches of the turn.
func TestALoadSaysHowMuchItWrites(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	turn := h.turn(1, nil, func(_ context.Context, c *rule.Context) error {
		l := h.module.Load(c, h.stock["DEFAULT:1"])
		for _, n := range []int{3, 4} {
			l.Add(c, batching.Batch{}, make([]load.Row, n))
		}
		require.Equal(t, 14, l.Rows())
		return nil
	})
	require.Len(t, turn.Effects(), 1)
}

// TestTurnsOfACommitCountWhatOthersMoved: one turn promises two of five units, another, in the same commit, counts the position.
func TestTurnsOfACommitCountWhatOthersMoved(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, c := range []struct {
		product, by string
		counts      func(ctx context.Context, c *rule.Context) error
		leaves      string
	}{
		{"P1", "a load", func(ctx context.Context, c *rule.Context) error {
			batch, rows, err := h.module.Rows(ctx, c)
			h.module.Load(c, h.stock["DEFAULT:1"]).Add(c, batch, rows)
			return err
		}, "7"},
		{"P2", "a recount", func(_ context.Context, c *rule.Context) error {
			h.module.Recount(c, h.stock["DEFAULT:1"]).Product("P2")
			return nil
		}, "3"},
		{"P3", "a rebuild", func(_ context.Context, c *rule.Context) error {
			h.module.Base(c, h.sold["BASE:1"], h.stock["DEFAULT:1"]).Product("P3")
			return nil
		}, "3"},
	} {
		h.load(1, "DEFAULT:1", row(c.product, "A", 5))
		promise := h.turn(1, nil, func(ctx context.Context, r *rule.Context) error {
			s, err := h.module.Stock(ctx, r, "DEFAULT:1")
			if err != nil {
				return err
			}
			granted, err := s.Reserve(ctx, "F-"+c.product, []modules.Line{{ProductRef: c.product, LocationRef: "A", Quantity: 2}}, false)
			require.Equal(t, []int{2}, granted)
			return err
		})
		h.together(promise, h.turn(1, row(c.product, "A", 9), c.counts))
		require.Contains(t, h.positions("DEFAULT:1"), c.product+":A "+c.leaves+" ACTIVE", c.by)
		require.Contains(t, h.virtual("BASE:1"), c.product+"@A "+c.leaves+" ACTIVE", c.by)
	}
}
