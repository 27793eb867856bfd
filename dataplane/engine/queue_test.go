package engine_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine"
	"github.com/fluent-oms/fluent/dataplane/engine/history"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/workflow"
)

func TestEventsOfARootRunInOrderAndShareTurns(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.rules = append(b.rules, rule.New("test", "Append", "Is for a test.", func(_ context.Context, c *rule.Context, _ rule.None) error {
		o := c.Entity.(*order.Order)
		c.Turn.Set(o, map[string]any{"status": o.Status + "," + fmt.Sprint(c.Event.Attributes["n"])})
		return nil
	}))
	b.flow("ACME", on("Append", "ORDER", "", do("Append")))
	e := b.new("n1")
	o := b.orders(b.scope, 1)[0]
	var events []*workflow.Event
	want := "CREATED"
	for n := range 60 {
		ev := event(o, "Append")
		ev.Attributes = map[string]any{"n": n}
		events = append(events, ev)
		want += fmt.Sprintf(",%d", n)
	}
	require.NoError(t, e.Submit(b.ctx, b.scope, events[:30]...))
	for _, ev := range events[30:] {
		require.NoError(t, e.Submit(b.ctx, b.scope, ev))
	}
	b.run(e)
	b.settled(b.scope, events...)
	require.Equal(t, want, b.reload(b.scope, o).Status)
	require.Less(t, e.Stats().Turns.Load(), int64(10))
}

func TestAFailureInTheMiddleTakesNothingWithIt(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("ACME", on("Count", "ORDER", "", do("Count")), on("Fail", "ORDER", "", do("Count"), do("Fail")))
	e := b.new("n1")
	o := b.orders(b.scope, 1)[0]
	events := []*workflow.Event{event(o, "Count"), event(o, "Fail"), event(o, "Count"), event(o, "Fail"), event(o, "Count")}
	require.NoError(t, e.Submit(b.ctx, b.scope, events...))
	b.run(e)
	b.settled(b.scope, events...)
	require.Equal(t, 3, b.count(b.scope, o))
	for i, ev := range events {
		want := eventstore.Success
		if i%2 == 1 {
			want = eventstore.Failed
		}
		require.Equal(t, want, b.state(b.scope, ev.ID))
	}
	failed, err := e.History().Search(b.ctx, b.scope, history.Query{EventStatus: "FAILED", EventType: "ORCHESTRATION"})
	require.NoError(t, err)
	require.Len(t, failed.Results, 2)
	causes, err := e.History().Search(b.ctx, b.scope, history.Query{SourceEvents: events[1].ID, Category: "exception"})
	require.NoError(t, err)
	require.Len(t, causes.Results, 1)
	require.Contains(t, fmt.Sprint(causes.Results[0].Attributes), "stackTrace")
}

func TestAScheduledEventRunsOnceThoughNodesComeAndGo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("ACME", on("Plan", "ORDER", "", do("Send", "eventName", "Count", "to", "400ms"), do("Send", "eventName", "Count", "to", "0s")), on("Count", "ORDER", "", do("Count")))
	first, second := b.new("n1"), b.new("n2")
	stop := b.run(first)
	b.run(second)
	list := b.orders(b.scope, 30)
	for _, o := range list {
		require.NoError(t, first.Submit(b.ctx, b.scope, event(o, "Plan")))
	}
	stop()
	b.run(b.new("n3"))
	require.Eventually(t, func() bool {
		for _, o := range list {
			if b.count(b.scope, o) < 2 {
				return false
			}
		}
		return true
	}, time.Minute, 50*time.Millisecond)
	for _, o := range list {
		require.Equal(t, 2, b.count(b.scope, o))
	}
}

// greedy is an effect that never gets what it wants until it must take what it gets.
type greedy struct {
	tries    *atomic.Int32
	followed *atomic.Int32
	last     bool
}

func (g *greedy) LastTry() { g.last = true }

func (g *greedy) Committed(context.Context) error {
	g.followed.Add(1)
	return nil
}

func (g *greedy) Apply(context.Context, *store.Tx) error {
	g.tries.Add(1)
	if g.last {
		return nil
	}
	return rule.ErrShortfall
}

func TestAShortfallRunsTheTurnAgainAndAtLastTakesWhatItGets(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var tries, runs, followed atomic.Int32
	b.rules = append(b.rules, rule.New("test", "Take", "Is for a test.", func(_ context.Context, c *rule.Context, _ rule.None) error {
		runs.Add(1)
		c.Turn.Effect("stock", func() rule.Effect { return &greedy{tries: &tries, followed: &followed} })
		return nil
	}))
	b.flow("ACME", on("Take", "ORDER", "", do("Count"), do("Take"), do("Take")))
	e := b.new("n1")
	b.run(e)
	o := b.orders(b.scope, 1)[0]
	res, err := e.RunOnce(b.ctx, b.scope, event(o, "Take"), repeats.Request{})
	require.NoError(t, err)
	require.Equal(t, eventstore.Success, res.State)
	require.GreaterOrEqual(t, tries.Load(), int32(5), "a conflict in the database repeats an effect, too, but not the turn")
	require.EqualValues(t, 10, runs.Load())
	require.EqualValues(t, 1, followed.Load(), "effects hear of the commit alone")
	require.EqualValues(t, 4, e.Stats().Reruns.Load())
	require.Equal(t, 1, b.count(b.scope, o))
	b.commits(e, 1)
}

func TestATurnSeesWhatOthersChangedMeanwhile(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("ACME", on("Count", "ORDER", "", do("Count")))
	e := b.new("n1")
	o := b.orders(b.scope, 1)[0]
	typ := domain.Catalogue().Type("Order")
	changes := 0
	e.BeforeCommit(func(*engine.Outcome) error {
		if changes++; changes > 3 {
			return nil
		}
		return b.db.Write(b.ctx, b.scope, func(tx *store.Tx) error {
			other := b.reload(b.scope, o)
			other.Attributes = other.Attributes.Merge(catalogue.Attributes{{Name: "theirs", Type: "INTEGER", Value: changes}})
			tx.Update(other, typ.Field("attributes"))
			return nil
		})
	})
	b.run(e)
	res, err := e.RunOnce(b.ctx, b.scope, event(o, "Count"), repeats.Request{})
	require.NoError(t, err)
	require.Equal(t, eventstore.Success, res.State)
	require.EqualValues(t, 3, e.Stats().Reruns.Load())
	require.Equal(t, 1, b.count(b.scope, o))
	theirs, ok := b.reload(b.scope, o).Attributes.Get("theirs")
	require.True(t, ok, "what the other wrote is not overwritten")
	require.EqualValues(t, 3, theirs)
}

func TestAPoisonedRootHoldsUpNobody(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	list := b.orders(b.scope, 20)
	b.rules = append(b.rules, rule.New("test", "Poison", "Is for a test.", func(_ context.Context, c *rule.Context, _ rule.None) error {
		if c.Event.RootID == string(list[0].ID) {
			return fault.New(fault.Unavailable, "never")
		}
		return nil
	}))
	b.flow("ACME", on("Count", "ORDER", "", do("Poison"), do("Count")))
	e := b.new("n1", func(_ *engine.Deps, c *engine.Config) { c.Workers, c.PerAccount = 1, 1 })
	b.run(e)
	poison := event(list[0], "Count")
	require.NoError(t, e.Submit(b.ctx, b.scope, poison))
	var events []*workflow.Event
	for _, o := range list[1:] {
		ev := event(o, "Count")
		events = append(events, ev)
		require.NoError(t, e.Submit(b.ctx, b.scope, ev))
	}
	b.settled(b.scope, events...)
	require.Equal(t, eventstore.Pending, b.state(b.scope, poison.ID))
}

func TestAFloodOfOneAccountStarvesNobody(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.rules = append(b.rules, rule.New("test", "Slow", "Is for a test.", func(ctx context.Context, _ *rule.Context, _ rule.None) error {
		timer := time.NewTimer(5 * time.Millisecond)
		defer timer.Stop()
		<-timer.C
		return nil
	}))
	b.flow("FLOOD", on("Count", "ORDER", "", do("Slow"), do("Count")))
	b.flow("ACME", on("Count", "ORDER", "", do("Slow"), do("Count")))
	flood := scopeOf(t, "FLOOD")
	e := b.new("n1", func(_ *engine.Deps, c *engine.Config) { c.Workers, c.Share = 4, 1 })
	var events []*workflow.Event
	for _, o := range b.orders(flood, 1000) {
		events = append(events, event(o, "Count"))
	}
	require.NoError(t, e.Submit(b.ctx, flood, events...))
	b.run(e)
	require.Eventually(t, func() bool { return e.Stats().Turns.Load() > 20 }, time.Minute, time.Millisecond)
	few := b.orders(b.scope, 5)
	began, before := time.Now(), e.Stats().Turns.Load()
	for _, o := range few {
		res, err := b.new("guest").RunOnce(b.ctx, b.scope, event(o, "Count"), repeats.Request{})
		require.NoError(t, err)
		require.Equal(t, eventstore.Success, res.State)
	}
	t.Logf("5 events in %s beside %d turns of the flood", time.Since(began), e.Stats().Turns.Load()-before-5)
	require.Less(t, e.Stats().Turns.Load(), int64(900), "the flood is far from over")
}

func TestTurnsOfARushShareCommits(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("ACME", on("Count", "ORDER", "", do("Count")), on("Clash", "ORDER", "", do("Count"), do("SetState", "status", "\x00")))
	list := b.orders(b.scope, 400)
	var events []*workflow.Event
	for i, o := range list {
		ev := event(o, "Count")
		if i == 200 {
			ev.Name = "Clash" // its commit is refused by the database: the culprit is to stand alone
		}
		events = append(events, ev)
	}
	e := b.new("n1", func(_ *engine.Deps, c *engine.Config) { c.Workers = 4 })
	require.NoError(t, e.Submit(b.ctx, b.scope, events...))
	b.run(e)
	b.settled(b.scope, events...)
	require.Equal(t, eventstore.Failed, b.state(b.scope, events[200].ID))
	for i, o := range list {
		if i != 200 {
			require.Equal(t, 1, b.count(b.scope, o))
		}
	}
	require.Less(t, e.Stats().Commits.Load(), e.Stats().Turns.Load()/2)
	t.Logf("%d turns in %d commits", e.Stats().Turns.Load(), e.Stats().Commits.Load())
}

// telling is an effect that appends an event for another root.
type telling struct{ event *workflow.Event }

func (x telling) Apply(_ context.Context, tx *store.Tx) error {
	eventstore.Append(tx, x.event)
	return nil
}

func TestEventsOfEffectsNeedNoPoll(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	list := b.orders(b.scope, 2)
	told := event(list[1], "Count")
	told.ID = string(b.db.NewUUID())
	b.rules = append(b.rules, rule.New("test", "Tell", "Is for a test.", func(_ context.Context, c *rule.Context, _ rule.None) error {
		c.Turn.Effect("tell", func() rule.Effect { return telling{told} })
		return nil
	}))
	b.flow("ACME", on("Tell", "ORDER", "", do("Tell")), on("Count", "ORDER", "", do("Count")))
	e := b.new("n1", func(_ *engine.Deps, c *engine.Config) { c.Poll, c.Sweep = time.Hour, time.Hour })
	b.run(e)
	_, err := e.RunOnce(b.ctx, b.scope, event(list[0], "Tell"), repeats.Request{})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return b.count(b.scope, list[1]) == 1 }, time.Minute, 5*time.Millisecond)
}
