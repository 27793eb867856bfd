package engine_test

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// A database whose disk is full is no fault of an event: it waits, and its turn is run again. That an event is given up is a row as well, and a
// small one may find room where an order did not.
func TestADatabaseThatTakesNoWritesFailsNoEvent(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("ACME", on("Count", "ORDER", "", do("Count")))
	full := fault.New(fault.Unavailable, "the disk is full").With("reason", "DATABASE_FULL")
	var refused atomic.Int64
	e := b.new("n1")
	e.BeforeCommit(func(*engine.Outcome) error {
		if refused.Add(1) <= 8 {
			return full
		}
		return nil
	})
	b.run(e)
	list := b.orders(b.scope, 4)
	sent := make([]*workflow.Event, len(list))
	for i, o := range list {
		sent[i] = event(o, "Count")
		require.NoError(t, e.Submit(b.ctx, b.scope, sent[i]))
	}
	b.settled(b.scope, sent...)
	for i, o := range list {
		require.Equal(t, eventstore.Success, b.state(b.scope, sent[i].ID))
		require.Equal(t, 1, b.count(b.scope, o))
	}
	require.Zero(t, e.Stats().Failed.Load())
	require.GreaterOrEqual(t, refused.Load(), int64(9), "they were refused first")
}
