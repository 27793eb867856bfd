package engine_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// hooked has an engine work on a store whose transactions the test can stop, fail and cut.
func (b *bench) hooked() (*storetest.Hooks, func(*engine.Deps, *engine.Config)) {
	b.t.Helper()
	hooks := storetest.New(b.t)
	db, err := store.Open(b.ctx, b.dsn, store.Options{Catalogue: domain.Catalogue(), AcquireWait: time.Minute, WriteBudget: time.Minute, Hook: hooks.Hook})
	require.NoError(b.t, err)
	b.t.Cleanup(db.Close)
	return hooks, func(d *engine.Deps, _ *engine.Config) { d.DB = db }
}

// effect adds a rule Effect<name> that gives its turn an effect.
func (b *bench) effect(name string, e func() rule.Effect) {
	b.rules = append(b.rules, rule.New("test", "Effect"+name, "Is for a test.", func(_ context.Context, c *rule.Context, _ rule.None) error {
		c.Turn.Effect(name, e)
		return nil
	}))
}

// stubborn is an effect that gets what it wants only after the turn has run so often that nobody should have tried.
type stubborn struct{ runs *atomic.Int32 }

func (s stubborn) Apply(context.Context, *store.Tx) error {
	if s.runs.Load() > 20 {
		return nil
	}
	return rule.ErrShortfall
}

// TestAnEffectThatTakesNothingFailsAtLast: one that cannot take what it gets, either, has five tries, and holds up nobody after them.
func TestAnEffectThatTakesNothingFailsAtLast(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var runs atomic.Int32
	b.effect("Stubborn", func() rule.Effect { runs.Add(1); return stubborn{&runs} })
	b.flow("ACME", on("Take", "ORDER", "", do("Count"), do("EffectStubborn")), on("Count", "ORDER", "", do("Count")))
	e := b.new("n1")
	o := b.orders(b.scope, 1)[0]
	take, next := event(o, "Take"), event(o, "Count")
	require.NoError(t, e.Submit(b.ctx, b.scope, take, next))
	b.run(e)
	b.settled(b.scope, take, next)
	require.Equal(t, eventstore.Failed, b.state(b.scope, take.ID))
	require.Equal(t, eventstore.Success, b.state(b.scope, next.ID))
	require.Equal(t, 1, b.count(b.scope, o))
	require.EqualValues(t, 6, runs.Load(), "five tries of both, and one of the first alone")
}

// maker is an effect that makes what others have made already so many times: since its look, the first of them.
type maker struct {
	runs    *atomic.Int32
	clashes int32
}

func (m maker) Apply(context.Context, *store.Tx) error {
	if m.runs.Load() > m.clashes {
		return nil
	}
	return fault.New(fault.Exists, "there is one")
}

// TestATurnLooksAgainAtWhatOthersMade: an effect that meets at its commit what was not there at its look has another look, and what is there at each of
// three looks fails.
func TestATurnLooksAgainAtWhatOthersMade(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var once, always atomic.Int32
	b.effect("Late", func() rule.Effect { once.Add(1); return maker{&once, 1} })
	b.effect("Never", func() rule.Effect { always.Add(1); return maker{&always, 100} })
	b.flow("ACME", on("Late", "ORDER", "", do("Count"), do("EffectLate")), on("Never", "ORDER", "", do("Count"), do("EffectNever")))
	e := b.new("n1")
	list := b.orders(b.scope, 2)
	late, never := event(list[0], "Late"), event(list[1], "Never")
	require.NoError(t, e.Submit(b.ctx, b.scope, late, never))
	b.run(e)
	b.settled(b.scope, late, never)
	require.Equal(t, eventstore.Success, b.state(b.scope, late.ID))
	require.Equal(t, eventstore.Failed, b.state(b.scope, never.ID))
	require.Equal(t, []int{1, 0}, []int{b.count(b.scope, list[0]), b.count(b.scope, list[1])})
	require.EqualValues(t, 2, once.Load())
	require.EqualValues(t, 3, always.Load())
}

// TestWhatIsRunAloneTakesWhatItGets: a turn of two events has had all its tries for want of stock, and its last commit fails for the second. The first is run alone, and has no
// tries left, either.
func TestWhatIsRunAloneTakesWhatItGets(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var tries, followed atomic.Int32
	b.effect("Greedy", func() rule.Effect { return &greedy{tries: &tries, followed: &followed} })
	b.flow("ACME", on("Take", "ORDER", "", do("Count"), do("EffectGreedy")), refused("Clash"))
	e := b.new("n1")
	o := b.orders(b.scope, 1)[0]
	take, clash := event(o, "Take"), event(o, "Clash")
	require.NoError(t, e.Submit(b.ctx, b.scope, take, clash))
	b.run(e)
	b.settled(b.scope, take, clash)
	require.Equal(t, eventstore.Success, b.state(b.scope, take.ID))
	require.Equal(t, eventstore.Failed, b.state(b.scope, clash.ID))
	require.Equal(t, 1, b.count(b.scope, o))
	require.EqualValues(t, 1, followed.Load())
}

// TestWhatAnotherHasRunIsLeftOut: while a turn waits for its commit, another node runs one of its events. The turn comes to nothing, that event is not run
// again, and the others are, though no poll is near.
func TestWhatAnotherHasRunIsLeftOut(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("ACME", on("Count", "ORDER", "", do("Count")))
	e := b.new("n1", aloof)
	o := b.orders(b.scope, 1)[0]
	events := []*workflow.Event{event(o, "Count"), event(o, "Count"), event(o, "Count")}
	require.NoError(t, b.new("writer").Submit(b.ctx, b.scope, events...))
	var tries atomic.Int32
	e.BeforeCommit(func(*engine.Outcome) error {
		if tries.Add(1) == 1 {
			b.sql(`UPDATE events SET state = 'SUCCESS', done_on = now() WHERE id = $1`, events[1].ID)
		}
		return nil
	})
	b.run(e)
	b.settled(b.scope, events...)
	require.Equal(t, 2, b.count(b.scope, o))
	b.commits(e, 1)
	require.EqualValues(t, 2, tries.Load())
	require.EqualValues(t, 2, e.Stats().Events.Load())
	n, _ := e.Backlog(b.ctx)
	require.Zero(t, n)
}

// rests collects how long turns that failed were told to rest.
type rests struct {
	mu   sync.Mutex
	list []time.Duration
}

func (r *rests) Enabled(context.Context, slog.Level) bool { return true }
func (r *rests) WithAttrs([]slog.Attr) slog.Handler       { return r }
func (r *rests) WithGroup(string) slog.Handler            { return r }
func (r *rests) Handle(_ context.Context, rec slog.Record) error {
	rec.Attrs(func(a slog.Attr) bool {
		if a.Key == "rest" {
			r.mu.Lock()
			r.list = append(r.list, a.Value.Duration())
			r.mu.Unlock()
		}
		return true
	})
	return nil
}

// TestARootThatFailsRestsLongerEachTime, and begins anew once it has succeeded.
func TestARootThatFailsRestsLongerEachTime(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("ACME", on("Count", "ORDER", "", do("Count")))
	seen := &rests{}
	e := b.new("n1", func(d *engine.Deps, _ *engine.Config) { d.Logger = slog.New(seen) })
	var fail atomic.Int32
	e.BeforeCommit(func(*engine.Outcome) error {
		if fail.Add(-1) >= 0 {
			return fault.New(fault.Unavailable, "not now")
		}
		return nil
	})
	b.run(e)
	o := b.orders(b.scope, 1)[0]
	for range 2 {
		fail.Store(3)
		ev := event(o, "Count")
		require.NoError(t, e.Submit(b.ctx, b.scope, ev))
		b.settled(b.scope, ev)
	}
	const ms = time.Millisecond
	require.Equal(t, []time.Duration{50 * ms, 100 * ms, 200 * ms, 50 * ms, 100 * ms, 200 * ms}, seen.list)
}

// TestALostCommitIsNotTakenForOneThatTookPlace when the database does not answer what became of it, either.
func TestALostCommitIsNotTakenForOneThatTookPlace(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("ACME", on("Count", "ORDER", "", do("Count")))
	hooks, onHooks := b.hooked()
	e := b.new("n1", onHooks)
	b.run(e)
	o := b.orders(b.scope, 1)[0]
	ev := event(o, "Count")
	require.NoError(t, b.new("writer").Submit(b.ctx, b.scope, ev))
	silence := errors.New("no answer")
	hooks.Fail(storetest.At{Point: store.Sending, Statement: "trails.exists"}, 2, silence)
	hooks.LoseCommit(storetest.At{Account: "ACME"})
	b.settled(b.scope, ev)
	require.Equal(t, 1, b.count(b.scope, o))
	require.Zero(t, e.Stats().Settled.Load())
}

// TestAllThatShareACommitFollowIt: what effects do after their commit is done for each turn of it.
func TestAllThatShareACommitFollowIt(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var tries, followed atomic.Int32
	b.effect("Follow", func() rule.Effect { return &greedy{tries: &tries, followed: &followed, last: true} })
	b.flow("ACME", on("Take", "ORDER", "", do("EffectFollow")))
	e := b.new("n1", oneWorker)
	var events []*workflow.Event
	for _, o := range b.orders(b.scope, 20) {
		events = append(events, event(o, "Take"))
	}
	require.NoError(t, e.Submit(b.ctx, b.scope, events...))
	b.run(e)
	b.settled(b.scope, events...)
	require.Eventually(t, func() bool { return followed.Load() == 20 }, time.Minute, time.Millisecond)
	require.Less(t, e.Stats().Commits.Load(), int64(20))
}

// TestATurnGoesOnWhenItsCallerGoesAway: it was begun, and a request that is repeated finds it done.
func TestATurnGoesOnWhenItsCallerGoesAway(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx, leave := context.WithCancel(b.ctx)
	b.rules = append(b.rules, rule.New("test", "Leave", "Is for a test.", func(context.Context, *rule.Context, rule.None) error { leave(); return nil }))
	b.flow("ACME", on("Count", "ORDER", "", do("Leave"), do("Count")))
	e := b.new("n1")
	b.run(e)
	o := b.orders(b.scope, 1)[0]
	ev := event(o, "Count")
	_, _ = e.RunOnce(ctx, b.scope, ev, repeats.Request{})
	require.Error(t, ctx.Err())
	require.Equal(t, eventstore.Success, b.state(b.scope, ev.ID))
	require.Equal(t, 1, b.count(b.scope, o))
}

// TestACallerWaitsForABusyRootAsLongAsItMay and no longer.
func TestACallerWaitsForABusyRootAsLongAsItMay(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("ACME", on("Count", "ORDER", "", do("Count")))
	e := b.new("n1", func(_ *engine.Deps, c *engine.Config) { c.SyncWait = 50 * time.Millisecond })
	began, proceed := make(chan struct{}), make(chan struct{})
	begin, goOn := sync.OnceFunc(func() { close(began) }), sync.OnceFunc(func() { close(proceed) })
	e.BeforeCommit(func(*engine.Outcome) error { begin(); <-proceed; return nil })
	b.run(e)
	t.Cleanup(goOn)
	o := b.orders(b.scope, 1)[0]
	require.NoError(t, e.Submit(b.ctx, b.scope, event(o, "Count")))
	<-began
	patient, cancel := context.WithTimeout(b.ctx, 20*time.Second)
	defer cancel()
	late := event(o, "Count")
	_, err := e.RunOnce(patient, b.scope, late, repeats.Request{})
	require.True(t, fault.Is(err, fault.Unavailable), "%v", err)
	require.NoError(t, patient.Err(), "it is told before it loses patience")
	goOn()
	b.commits(e, 1)
	require.Empty(t, b.state(b.scope, late.ID), "who is told to come again is not served twice")
}

// TestAnEngineEndsAfterItsTurns: of workers, callers and creations. Its ranges stay its own until then.
func TestAnEngineEndsAfterItsTurns(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("ACME", on("Count", "ORDER", "", do("Count")), on("CREATE", "ORDER", "CREATED", do("Count")))
	for name, begin := range map[string]func(*engine.Engine) *storetest.Run{
		"a worker's": func(e *engine.Engine) *storetest.Run {
			ev := event(b.orders(b.scope, 1)[0], "Count")
			require.NoError(t, e.Submit(b.ctx, b.scope, ev))
			return storetest.Go(func() error { b.settled(b.scope, ev); return nil })
		},
		"a caller's": func(e *engine.Engine) *storetest.Run {
			ev := event(b.orders(b.scope, 1)[0], "Count")
			return storetest.Go(func() error { _, err := e.RunOnce(b.ctx, b.scope, ev, repeats.Request{}); return err })
		},
		"a creation": func(e *engine.Engine) *storetest.Run {
			_, c := b.creation(string(b.db.NewUUID()))
			return storetest.Go(func() error {
				done, err := e.Create(b.ctx, "ACME", c)
				if err == nil && !done {
					err = errors.New("not created")
				}
				return err
			})
		},
	} {
		hooks, onHooks := b.hooked()
		var under atomic.Bool // a turn is under way
		var early atomic.Bool // the ranges were given back meanwhile
		released := make(chan struct{})
		hooks.On(storetest.At{Point: store.Sending, Statement: "leases.release"}, 1, func(context.Context, store.Place) error {
			early.Store(under.Load())
			close(released)
			return nil
		})
		e := b.new("n1", onHooks, starting)
		began, proceed := make(chan struct{}), make(chan struct{})
		e.BeforeCommit(func(*engine.Outcome) error {
			under.Store(true)
			close(began)
			<-proceed
			return nil
		})
		e.AfterCommit(func(*engine.Outcome) error { under.Store(false); return nil })
		ctx, cancel := context.WithCancel(context.WithoutCancel(b.ctx))
		run := storetest.Go(func() error { return e.Run(ctx) })
		require.Eventually(t, func() bool { return len(e.Ranges()) == eventstore.Ranges }, time.Minute, time.Millisecond)
		turn := begin(e)
		<-began
		cancel()
		select {
		case <-released: // too early; who does not come by then does not come, and a slow machine lets one pass
		case <-time.After(100 * time.Millisecond):
		}
		close(proceed)
		require.NoError(t, turn.Wait(), name)
		require.NoError(t, run.Wait(), name)
		require.False(t, early.Load(), name)
		require.Zero(t, e.Stats().Fenced.Load())
	}
}

// TestANodeTakesNothingForOthers: what comes too late for its range is left to whoever has it.
func TestANodeTakesNothingForOthers(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	e := b.new("n1") // it does not run, and holds nothing
	ev := event(b.orders(b.scope, 1)[0], "Count")
	e.Prepare(ev)
	e.Nudged(eventstore.Row{Account: "ACME", Event: *ev, State: eventstore.Pending, ReceivedOn: time.Now()})
	e.Nudge(b.ctx, b.scope, ev)
	n, _ := e.Backlog(b.ctx)
	require.Zero(t, n)
}

// TestAnAccountLeavesOthersWorkers: one whose turns hang has three of four.
func TestAnAccountLeavesOthersWorkers(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	proceed := make(chan struct{})
	goOn := sync.OnceFunc(func() { close(proceed) })
	b.rules = append(b.rules, rule.New("test", "Hang", "Is for a test.", func(context.Context, *rule.Context, rule.None) error { <-proceed; return nil }))
	b.flow("ACME", on("Count", "ORDER", "", do("Hang"), do("Count")))
	b.flow("OTHER", on("Count", "ORDER", "", do("Count")))
	other := scopeOf(t, "OTHER")
	var hang []*workflow.Event
	for _, o := range b.orders(b.scope, 8) {
		hang = append(hang, event(o, "Count"))
	}
	e := b.new("n1", func(_ *engine.Deps, c *engine.Config) { c.Workers, c.Share = 4, 1 })
	b.run(e)
	t.Cleanup(goOn)
	require.NoError(t, e.Submit(b.ctx, b.scope, hang...))
	require.Eventually(t, func() bool { n, _ := e.Backlog(b.ctx); return n <= 5 }, time.Minute, time.Millisecond)
	theirs := event(b.orders(other, 1)[0], "Count")
	require.NoError(t, e.Submit(b.ctx, other, theirs))
	b.settled(other, theirs)
	n, _ := e.Backlog(b.ctx)
	require.Equal(t, 5, n, "of eight")
	goOn()
	b.settled(b.scope, hang...)
}

// TestTurnsThatShareACommitShareItsCost: an account whose sixteen turns are one commit has cost no more than one whose only turn is one, so they go in turns.
func TestTurnsThatShareACommitShareItsCost(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("MANY", on("Go", "ORDER", ""))
	b.flow("SINGLE", on("Go", "ORDER", ""))
	many, single := scopeOf(t, "MANY"), scopeOf(t, "SINGLE")
	var ours, theirs []*workflow.Event
	for _, o := range b.orders(many, 64) {
		ours = append(ours, event(o, "Go"))
	}
	one := b.orders(single, 1)[0]
	for range 6 * 64 { // a turn takes 64 of them
		theirs = append(theirs, event(one, "Go"))
	}
	writer := b.new("writer")
	require.NoError(t, writer.Submit(b.ctx, many, ours...))
	require.NoError(t, writer.Submit(b.ctx, single, theirs...))
	began := time.Now()
	var clock atomic.Int64
	var commits []string
	e := b.new("n1", oneWorker, aloof, func(_ *engine.Deps, c *engine.Config) {
		c.Now = func() time.Time { return began.Add(time.Duration(clock.Load())) }
	})
	e.AfterCommit(func(o *engine.Outcome) error {
		clock.Add(int64(16 * time.Millisecond))
		commits = append(commits, map[bool]string{true: "SINGLE", false: "MANY"}[o.Settled > 1])
		return nil
	})
	stop := b.run(e)
	b.settled(many, ours...)
	b.settled(single, theirs...)
	stop()
	require.Len(t, commits, 4+6)
	n := 0
	for _, account := range commits[:7] {
		if account == "MANY" {
			n++
		}
	}
	require.InDelta(t, 3.5, n, 0.6, "%v", commits)
}
