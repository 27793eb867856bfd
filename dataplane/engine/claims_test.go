package engine_test

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/domain/order"
)

// TestATurnThatTakesOfItsRootDecidesAnew where somebody held the root since the turn read it: he may have taken of it, too. Turns that take nothing of
// it are none the wiser.
func TestATurnThatTakesOfItsRootDecidesAnew(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("ACME", on("Ship", "ORDER", "", do("Ship")), on("Look", "ORDER", "", do("Send", "eventName", "Gone", "to", "1h")))
	e := b.new("n1")
	b.run(e)
	o := b.orders(b.scope, 1)[0]
	var reads atomic.Int32
	e.BeforeCommit(func(*engine.Outcome) error {
		if reads.Add(1) > 1 {
			return nil
		}
		return b.db.WriteLocked(b.ctx, b.scope, func(tx *store.Tx) error {
			return tx.Hold(b.ctx, store.TypeOf[order.Order](b.db), o.ID)
		})
	})
	for i, name := range []string{"Ship", "Look"} {
		reads.Store(0)
		res, err := e.RunOnce(b.ctx, b.scope, event(o, name), repeats.Request{})
		require.NoError(t, err)
		require.Equal(t, eventstore.Success, res.State)
		require.EqualValues(t, 2-i, reads.Load(), name)
	}
	require.EqualValues(t, 1, e.Stats().Reruns.Load())
}
