package engine_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// oneWorker has turns of what waits share commits: the worker takes one root and as many more as there are.
func oneWorker(_ *engine.Deps, c *engine.Config) { c.Workers, c.PerAccount = 1, 1 }

// sql runs a statement beside the store.
func (b *bench) sql(statement string, args ...any) {
	b.t.Helper()
	conn, err := pgx.Connect(b.ctx, b.dsn)
	require.NoError(b.t, err)
	defer func() { require.NoError(b.t, conn.Close(b.ctx)) }()
	_, err = conn.Exec(b.ctx, statement, args...)
	require.NoError(b.t, err)
}

// rangeOf is the range of slots that an order of ACME queues in.
func rangeOf(o *order.Order) int {
	return eventstore.RangeOf(eventstore.Slot("ACME", "ORDER", string(o.ID)))
}

// TestEachRangeOfASharedCommitIsFenced: between the turns of three roots and the commit that they share, the range of the second goes to another
// node. The others' turns are committed, the second's is not; the node forgets its event, and runs it when the range comes back.
func TestEachRangeOfASharedCommitIsFenced(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("ACME", on("Count", "ORDER", "", do("Count")))
	list := b.orders(b.scope, 3)
	for rangeOf(list[1]) == rangeOf(list[0]) || rangeOf(list[1]) == rangeOf(list[2]) {
		list[1] = b.orders(b.scope, 1)[0]
	}
	events := []*workflow.Event{event(list[0], "Count"), event(list[1], "Count"), event(list[2], "Count")}
	e := b.new("n1", oneWorker, func(_ *engine.Deps, c *engine.Config) { c.LeaseTTL = 2 * time.Second })
	require.NoError(t, e.Submit(b.ctx, b.scope, events...))
	lost := rangeOf(list[1])
	steal := sync.OnceFunc(func() {
		b.sql(`UPDATE slot_epochs SET epoch = epoch + 1, owner = 'other' WHERE range_id = $1`, lost)
		b.sql(`UPDATE slot_expiries SET expires_on = now() + INTERVAL '10 seconds' WHERE range_id = $1`, lost)
	})
	e.BeforeCommit(func(*engine.Outcome) error { steal(); return nil })
	b.run(e)
	b.settled(b.scope, events[0], events[2])
	require.Eventually(t, func() bool { return e.Stats().Fenced.Load() == 1 }, time.Minute, time.Millisecond)
	for i, want := range []int{1, 0, 1} {
		require.Equal(t, want, b.count(b.scope, list[i]), "%d", i)
	}
	require.Equal(t, eventstore.Pending, b.state(b.scope, events[1].ID))
	require.NotContains(t, e.Ranges(), lost)
	require.Eventually(t, func() bool { n, _ := e.Backlog(b.ctx); return n == 0 }, time.Minute, time.Millisecond, "it is the other's")

	b.sql(`UPDATE slot_expiries SET expires_on = now() WHERE range_id = $1`, lost)
	b.settled(b.scope, events[1])
	require.Equal(t, 1, b.count(b.scope, list[1]))
	require.EqualValues(t, 1, e.Stats().Fenced.Load())
}

// bump is a rule that counts on an order which is not the event's.
func bump(at catalogue.ID, ran *atomic.Int32) rule.Rule {
	return rule.New("test", "Bump", "Is for a test.", func(ctx context.Context, c *rule.Context, _ rule.None) error {
		ran.Add(1)
		found, err := c.Read.Get(ctx, domain.Catalogue().Type("Order"), at)
		if err != nil {
			return err
		}
		n := 0.0
		if v, ok := found.(*order.Order).Attributes.Get("count"); ok {
			n = v.(float64)
		}
		c.Turn.Set(found, map[string]any{"attributes": catalogue.Attributes{{Name: "count", Type: "INTEGER", Value: n + 1}}})
		return nil
	})
}

// TestTurnsThatChangeOneEntityShareNoCommit: three roots' turns count on a fourth; each sees what the one before it wrote.
func TestTurnsThatChangeOneEntityShareNoCommit(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	list := b.orders(b.scope, 4)
	var ran atomic.Int32
	b.rules = append(b.rules, bump(list[3].ID, &ran))
	b.flow("ACME", on("Bump", "ORDER", "", do("Bump"), do("Count")))
	e := b.new("n1", oneWorker)
	events := []*workflow.Event{event(list[0], "Bump"), event(list[1], "Bump"), event(list[2], "Bump")}
	require.NoError(t, e.Submit(b.ctx, b.scope, events...))
	b.run(e)
	b.settled(b.scope, events...)
	require.Equal(t, 3, b.count(b.scope, list[3]))
	for _, o := range list[:3] {
		require.Equal(t, 1, b.count(b.scope, o))
	}
	require.Greater(t, ran.Load(), int32(3), "they were ready together, and two ran again")
}

// TestCreationsThatChangeOneEntityShareNoCommit: what was created with its first turn has counted, and nothing else has.
func TestCreationsThatChangeOneEntityShareNoCommit(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	at := b.orders(b.scope, 1)[0]
	var ran atomic.Int32
	b.rules = append(b.rules, bump(at.ID, &ran))
	b.flow("ACME", on("CREATE", "ORDER", "CREATED", do("Bump")))
	e := b.new("n1", starting, func(_ *engine.Deps, c *engine.Config) { c.Creations = 100 })
	const n = 12
	ready := make(chan struct{})
	e.BeforeCommit(func(*engine.Outcome) error { <-ready; return nil })
	made, orders := make([]bool, n), make([]*order.Order, n)
	var wait sync.WaitGroup
	for i := range n {
		var c engine.Creation
		orders[i], c = b.creation(fmt.Sprintf("O-%d", i))
		wait.Go(func() {
			done, err := e.Create(b.ctx, "ACME", c)
			made[i] = done && err == nil
		})
	}
	require.Eventually(t, func() bool { return ran.Load() == n }, time.Minute, time.Millisecond)
	close(ready)
	wait.Wait()
	want := 0
	for i := range n {
		require.Equal(t, made[i], b.stored(orders[i].ID) != nil)
		if made[i] {
			want++
		}
	}
	require.Positive(t, want)
	require.Equal(t, want, b.count(b.scope, at))
}

// TestAnAccountLeavesOthersRoomToCreate: three quarters are for one account, the rest for others; what has ended makes room again.
func TestAnAccountLeavesOthersRoomToCreate(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("ACME", on("CREATE", "ORDER", "CREATED", do("Count")))
	b.flow("OTHER", on("CREATE", "ORDER", "CREATED", do("Count")))
	inside, proceed := make(chan struct{}), make(chan struct{})
	goOn := sync.OnceFunc(func() { close(proceed) })
	t.Cleanup(goOn)
	e := b.new("n1", starting, func(_ *engine.Deps, c *engine.Config) { c.Creations = 4 })
	e.Creating(func() {
		select {
		case inside <- struct{}{}:
		case <-proceed:
		}
		<-proceed
	})
	type answer struct {
		done bool
		err  error
	}
	ended := make(chan answer, 10)
	// try begins a creation, and reports whether it was let in.
	try := func(account tenancy.AccountID) bool {
		t.Helper()
		_, c := b.creation(string(b.db.NewUUID()))
		go func() {
			done, err := e.Create(b.ctx, account, c)
			ended <- answer{done, err}
		}()
		select {
		case <-inside:
			return true
		case a := <-ended:
			require.Equal(t, answer{}, a, "who is not let in creates by himself")
			return false
		}
	}
	for range 3 {
		require.True(t, try("ACME"))
	}
	require.False(t, try("ACME"), "three of four are its own")
	require.True(t, try("OTHER"))
	require.False(t, try("OTHER"), "there are four")
	goOn()
	for range 4 {
		require.Equal(t, answer{done: true}, <-ended)
	}
	_, c := b.creation("last")
	done, err := e.Create(b.ctx, "ACME", c)
	require.NoError(t, err)
	require.True(t, done, "there is room again")
}

// TestStaleDataUsesUpNoTries: others change the order seven times, each time after a turn decided on it. Its effect is not told that this is the
// last try, for it has met no shortfall.
func TestStaleDataUsesUpNoTries(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var last atomic.Int32
	b.rules = append(b.rules, rule.New("test", "Take", "Is for a test.", func(_ context.Context, c *rule.Context, _ rule.None) error {
		c.Turn.Effect("stock", func() rule.Effect { return patient{&last} })
		return nil
	}))
	b.flow("ACME", on("Take", "ORDER", "", do("Count"), do("Take")))
	e := b.new("n1")
	o := b.orders(b.scope, 1)[0]
	b.meddle(e, o, 7)
	b.run(e)
	res, err := e.RunOnce(b.ctx, b.scope, event(o, "Take"), repeats.Request{})
	require.NoError(t, err)
	require.Equal(t, eventstore.Success, res.State, res.Error)
	require.EqualValues(t, 7, e.Stats().Reruns.Load())
	require.Zero(t, last.Load())
	text, err := e.History().Trace(b.ctx, b.scope, "ORDER", string(o.ID))
	require.NoError(t, err)
	require.NotContains(t, text, "try ")
}

// patient is an effect that counts how often it was told to take what it gets.
type patient struct{ last *atomic.Int32 }

func (patient) Apply(context.Context, *store.Tx) error { return nil }
func (p patient) LastTry()                             { p.last.Add(1) }

// meddle has others change an order before each of the first commits of an engine.
func (b *bench) meddle(e *engine.Engine, o *order.Order, commits int) {
	n := 0
	e.BeforeCommit(func(*engine.Outcome) error {
		if n++; n > commits {
			return nil
		}
		return b.db.Write(b.ctx, b.scope, func(tx *store.Tx) error {
			other := b.reload(b.scope, o)
			other.Attributes = other.Attributes.Merge(catalogue.Attributes{{Name: "theirs", Type: "INTEGER", Value: n}})
			tx.Update(other, domain.Catalogue().Type("Order").Field("attributes"))
			return nil
		})
	})
}

// TestARootThatOthersNeverLeaveAloneWaits: that others are busy is no fault of the event. Who waits for its answer is told to come again.
func TestARootThatOthersNeverLeaveAloneWaits(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("ACME", on("Count", "ORDER", "", do("Count")))
	e := b.new("n1")
	o := b.orders(b.scope, 1)[0]
	b.meddle(e, o, 2*21+5)
	b.run(e)
	_, err := e.RunOnce(b.ctx, b.scope, event(o, "Count"), repeats.Request{})
	require.True(t, fault.Is(err, fault.Unavailable), "%v", err)
	require.EqualValues(t, 20, e.Stats().Reruns.Load())
	ev := event(o, "Count")
	require.NoError(t, e.Submit(b.ctx, b.scope, ev))
	b.settled(b.scope, ev)
	require.Equal(t, eventstore.Success, b.state(b.scope, ev.ID))
	require.Equal(t, 1, b.count(b.scope, o))
	require.EqualValues(t, 20+20+5, e.Stats().Reruns.Load(), "twenty times, and again after a rest")
	require.Zero(t, e.Stats().Failed.Load())
}

// TestACommitThatDidNotTakePlaceIsRepeated: nobody knows what became of it, and it is found that nothing did.
func TestACommitThatDidNotTakePlaceIsRepeated(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("ACME", on("Count", "ORDER", "", do("Count")))
	e := b.new("n1")
	var commits atomic.Int32
	e.BeforeCommit(func(*engine.Outcome) error {
		if commits.Add(1) == 1 {
			return fmt.Errorf("cut: %w", store.ErrAmbiguous)
		}
		return nil
	})
	b.run(e)
	o := b.orders(b.scope, 1)[0]
	ev := event(o, "Count")
	require.NoError(t, e.Submit(b.ctx, b.scope, ev))
	b.settled(b.scope, ev)
	require.Equal(t, 1, b.count(b.scope, o))
	require.Equal(t, eventstore.Success, b.state(b.scope, ev.ID))
	require.EqualValues(t, 2, commits.Load())
	require.Zero(t, e.Stats().Settled.Load())
	b.commits(e, 1)
}
