package engine_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine"
	"github.com/fluent-oms/fluent/dataplane/engine/enginetest"
	"github.com/fluent-oms/fluent/dataplane/rule"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
)

// stepping has an engine lease for an hour, by the clock.
func stepping(c *enginetest.Clock) func(*engine.Deps, *engine.Config) {
	return func(_ *engine.Deps, cfg *engine.Config) {
		cfg.LeaseTTL, cfg.Now, cfg.SyncWait = time.Hour, c.Now, 200*time.Millisecond
	}
}

// TestNoTurnBeginsAfterTheDeadlineOfItsLease, be it of an event that is at hand already: the database may have given the range away.
func TestNoTurnBeginsAfterTheDeadlineOfItsLease(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	running, proceed := make(chan struct{}), make(chan struct{})
	b.rules = append(b.rules, rule.New("test", "Wait", "Is for a test.", func(context.Context, *rule.Context, rule.None) error {
		close(running)
		<-proceed
		return nil
	}))
	b.flow("ACME", on("Wait", "ORDER", "", do("Wait"), do("Count")), on("Count", "ORDER", "", do("Count")))
	c := enginetest.NewClock()
	e := b.new("n1", oneWorker, stepping(c))
	stop := b.run(e)
	list := b.orders(b.scope, 3)
	first, second := event(list[0], "Wait"), event(list[1], "Count")
	require.NoError(t, e.Submit(b.ctx, b.scope, first))
	<-running
	require.NoError(t, e.Submit(b.ctx, b.scope, second))
	n, _ := e.Backlog(b.ctx)
	require.Equal(t, 1, n, "it is in memory")
	c.Step(time.Hour)
	require.Empty(t, e.Ranges())
	close(proceed)
	b.settled(b.scope, first)
	res, err := e.RunOnce(b.ctx, b.scope, event(list[2], "Count"), repeats.Request{})
	require.NoError(t, err)
	require.Equal(t, eventstore.Pending, res.State, "it is queued, for whoever has the range")
	require.Eventually(t, func() bool { n, _ := e.Backlog(b.ctx); return n == 0 }, time.Minute, time.Millisecond)
	stop() // whatever ran has ended
	require.Equal(t, eventstore.Pending, b.state(b.scope, second.ID))
	require.Equal(t, eventstore.Pending, b.state(b.scope, res.EventID))
	require.Equal(t, 1, b.count(b.scope, list[0]), "what had begun ends, for its commit is fenced")
	require.Zero(t, b.count(b.scope, list[1]))

	b.run(b.new("n2"))
	b.settled(b.scope, second)
	require.Equal(t, 1, b.count(b.scope, list[1]))
}

// TestAPollIsNotNeeded for what its own node knows of: that an event came due, that memory runs low, that another node has something for it.
func TestAPollIsNotNeeded(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("ACME", on("Plan", "ORDER", "", do("Send", "eventName", "Count", "to", "20ms")), on("Count", "ORDER", "", do("Count")))
	list := b.orders(b.scope, 40)
	idle := func(_ *engine.Deps, c *engine.Config) {
		c.Poll, c.Sweep, c.LeaseTTL = time.Hour, time.Hour, 4*time.Second
	}
	e := b.new("n1", idle, func(_ *engine.Deps, c *engine.Config) { c.Window = 8 })
	writer := b.new("writer")
	for _, o := range list[:38] {
		require.NoError(t, writer.Submit(b.ctx, b.scope, event(o, "Count")))
	}
	b.run(e)
	require.Eventually(t, func() bool { return e.Stats().Events.Load() == 38 }, time.Minute, time.Millisecond, "eight at a time")
	for planned := 1; e.Stats().Released.Load() == 0; planned++ { // on a slow machine it is due before it is written, and waits for nothing
		require.LessOrEqual(t, planned, 50)
		_, err := e.RunOnce(b.ctx, b.scope, event(list[38], "Plan"), repeats.Request{})
		require.NoError(t, err)
		require.Eventually(t, func() bool { return b.count(b.scope, list[38]) == planned }, time.Minute, 5*time.Millisecond)
	}
	require.EqualValues(t, 1, e.Stats().Released.Load())

	var told []string
	guest := b.new("n2", idle, func(d *engine.Deps, _ *engine.Config) {
		d.Nudge = func(_ context.Context, node string, rows ...eventstore.Row) {
			for _, r := range rows {
				told = append(told, node+" "+r.Event.Name)
			}
			e.Nudged(rows...)
		}
	})
	b.run(guest)
	mine := func() bool {
		return len(guest.Ranges()) == eventstore.Ranges/2 && len(e.Ranges()) == eventstore.Ranges/2
	}
	require.Eventually(t, mine, time.Minute, 10*time.Millisecond)
	o := list[39]
	for !slices.Contains(e.Ranges(), rangeOf(o)) {
		o = b.orders(b.scope, 1)[0]
	}
	later, now := event(o, "Later"), event(o, "Count")
	later.ScheduledOn = time.Now().Add(time.Hour)
	require.NoError(t, guest.Submit(b.ctx, b.scope, later, now))
	b.settled(b.scope, now)
	require.Equal(t, 1, b.count(b.scope, o))
	require.Equal(t, []string{"n1 Count"}, told, "what is for later is nobody's yet")
	require.Equal(t, eventstore.Scheduled, b.state(b.scope, later.ID))
}

// TestAnEventComesDueAtItsTimeAndOnce: one that is due shows that the due were looked for; one that is for later has stayed. When its time has come, of
// two nodes that look for it one releases it, and it runs once.
func TestAnEventComesDueAtItsTimeAndOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("ACME", on("Count", "ORDER", "", do("Count")))
	busy := func(_ *engine.Deps, c *engine.Config) { c.Schedule, c.LeaseTTL = 2*time.Millisecond, 2*time.Second }
	first, second := b.new("n1", busy), b.new("n2", busy)
	b.run(first)
	b.run(second)
	list := b.orders(b.scope, 2)
	soon, later, last := event(list[0], "Count"), event(list[1], "Count"), event(list[1], "Count")
	soon.ScheduledOn, later.ScheduledOn = b.db.Now(b.ctx).Add(20*time.Millisecond), b.db.Now(b.ctx).Add(time.Hour)
	require.NoError(t, first.Submit(b.ctx, b.scope, soon, later))
	b.settled(b.scope, soon)
	require.Equal(t, eventstore.Scheduled, b.state(b.scope, later.ID))
	released := func() int64 { return first.Stats().Released.Load() + second.Stats().Released.Load() }
	require.Eventually(t, func() bool { return released() == 1 }, time.Minute, time.Millisecond)
	b.sql(`UPDATE events SET due_on = now() WHERE id = $1`, later.ID)
	b.settled(b.scope, later)
	require.NoError(t, second.Submit(b.ctx, b.scope, last))
	b.settled(b.scope, last)
	require.Equal(t, 1, b.count(b.scope, list[0]))
	require.Equal(t, 2, b.count(b.scope, list[1]))
	require.Eventually(t, func() bool { return released() == 2 }, time.Minute, time.Millisecond)
}
