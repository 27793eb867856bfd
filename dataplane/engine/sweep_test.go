package engine_test

import (
	"sync"
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

// TestMoreThanAReadBringsIsNotOverlooked: an account has more events than one poll reads, and the least urgent of them came first. The sweep finds those,
// and knows that the poll reads the urgent ones before.
func TestMoreThanAReadBringsIsNotOverlooked(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("ACME", on("Count", "ORDER", "", do("Count")))
	const window = 4
	orders := b.orders(b.scope, 2*window+1)
	var events []*workflow.Event
	for _, o := range orders[1:] {
		ev := event(o, "Count")
		ev.Priority = workflow.Batch
		events = append(events, ev)
	}
	for range window {
		events = append(events, event(orders[0], "Count")) // one piece of work: while it is under way, memory is empty
	}
	require.NoError(t, b.new("writer").Submit(b.ctx, b.scope, events...))
	e := b.new("n1", oneWorker, func(_ *engine.Deps, c *engine.Config) {
		c.Poll, c.Sweep, c.Window, c.Share = time.Hour, 5*time.Millisecond, window, 1
	})
	began, proceed := make(chan struct{}), make(chan struct{})
	begin, goOn := sync.OnceFunc(func() { close(began) }), sync.OnceFunc(func() { close(proceed) })
	e.BeforeCommit(func(*engine.Outcome) error { begin(); <-proceed; return nil })
	b.run(e)
	t.Cleanup(goOn) // comes before that of run
	<-began
	require.Eventually(t, func() bool { n, _ := e.Backlog(b.ctx); return n >= window }, time.Minute, time.Millisecond, "the sweep brings them")
	require.Zero(t, e.Stats().Overlooked.Load())
	goOn()
	b.settled(b.scope, events...)
	require.Zero(t, e.Stats().Overlooked.Load())
}
