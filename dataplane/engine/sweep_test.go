package engine_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// TestWhatIsBehindIsNotOverlooked: while commits fail and roots rest, and one root has more events than it holds in memory, the sweep finds
// many events that no poll brought, and knows why.
func TestWhatIsBehindIsNotOverlooked(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("ACME", on("Count", "ORDER", "", do("Count")))
	orders := b.orders(b.scope, 30)
	var events []*workflow.Event
	for n := range 200 {
		events = append(events, event(orders[0], "Count"), event(orders[n%len(orders)], "Count"))
	}
	writer := b.new("writer") // never runs, and has nobody to nudge
	require.NoError(t, writer.Submit(b.ctx, b.scope, events[:200]...))
	e := b.new("n1", func(_ *engine.Deps, c *engine.Config) { c.Sweep, c.Window = 10*time.Millisecond, 64 })
	var deadlock atomic.Bool
	var refused atomic.Int32
	deadlock.Store(true)
	e.BeforeCommit(func(*engine.Outcome) error {
		if !deadlock.Load() {
			return nil
		}
		refused.Add(1)
		return fault.New(fault.Unavailable, "a deadlock")
	})
	b.run(e)
	require.Eventually(t, func() bool { return refused.Load() > 50 }, time.Minute, 5*time.Millisecond)
	require.NoError(t, writer.Submit(b.ctx, b.scope, events[200:]...))
	require.Eventually(t, func() bool { return refused.Load() > 100 }, time.Minute, 5*time.Millisecond)
	deadlock.Store(false)
	b.settled(b.scope, events...)
	require.Zero(t, e.Stats().Overlooked.Load())
}
