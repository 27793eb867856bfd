package engine_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine"
	"github.com/fluent-oms/fluent/dataplane/engine/history"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// starting lets orders begin with their first turn.
func starting(d *engine.Deps, _ *engine.Config) { d.Starts = []string{"ORDER"} }

// shopper is the customer of the orders of creation, as whoever creates them has read him.
var shopper = &foundation.Customer{Node: catalogue.Node{ID: "1"}, RetailerID: "1"}

// creation is an order that is not written yet, with its CREATE event.
func (b *bench) creation(ref string) (*order.Order, engine.Creation) {
	b.t.Helper()
	id, err := b.db.NewID(b.ctx, b.scope, domain.Catalogue().Type("Order"))
	require.NoError(b.t, err)
	o := &order.Order{Ref: ref, RetailerID: "1", CustomerID: "1"}
	o.ID, o.Type, o.Status, o.WorkflowRef, o.WorkflowVersion = id, "HD", "CREATED", "ORDER::HD", 10000
	return o, engine.Creation{Event: event(o, "CREATE"), Root: o, Known: []any{shopper}}
}

// stored reads an order; nil: there is none.
func (b *bench) stored(id catalogue.ID) *order.Order {
	b.t.Helper()
	found, err := store.Get[order.Order](b.ctx, b.db.Reader(b.scope), id)
	require.NoError(b.t, err)
	return found[0]
}

func TestACreationAndItsFirstTurnAreOneCommit(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.cascade()
	e := b.new("n1", starting) // it holds no slots: a root that nobody knows needs none
	var o *order.Order
	var c engine.Creation
	made := 0
	require.Eventually(t, func() bool { // ids come in blocks, which last for half a second
		o, c = b.creation(fmt.Sprint("O-", made))
		made++
		trace := &store.Trace{}
		done, err := e.Create(store.WithTrace(b.ctx, trace), "ACME", c)
		require.NoError(t, err)
		require.True(t, done)
		return trace.RoundTrips() == 1
	}, time.Minute, time.Millisecond)
	require.Equal(t, "CREATED", o.Status, "the caller's struct is as it was")
	require.Equal(t, "COMPLETE", b.stored(o.ID).Status)
	require.Equal(t, 1, b.count(b.scope, o))
	require.Equal(t, eventstore.Success, b.state(b.scope, c.Event.ID))
	require.EqualValues(t, made, e.Stats().Created.Load())
	fulfilments, err := store.Load[order.Fulfilment](b.ctx, b.db.Reader(b.scope), store.Query{})
	require.NoError(t, err)
	require.Len(t, fulfilments, made)
	page, err := e.History().Search(b.ctx, b.scope, history.Query{RootEntityType: "ORDER", RootEntityID: string(o.ID), EventType: "ORCHESTRATION"})
	require.NoError(t, err)
	require.Len(t, page.Results, 6)

	require.NoError(t, e.Submit(b.ctx, b.scope, event(o, "Count"))) // later events run as ever
	b.run(e)
	require.Eventually(t, func() bool { return e.Stats().Turns.Load() == int64(made)+1 }, time.Minute, 5*time.Millisecond)
}

func TestACreationWhoseTurnFailsIsLeftToTheCaller(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.rules = append(b.rules, rule.New("test", "Short", "Is for a test.", func(_ context.Context, c *rule.Context, _ rule.None) error {
		c.Turn.Effect("stock", func() rule.Effect { return short{} })
		return nil
	}))
	for name, rule := range map[string]string{"fails": "Fail", "panics": "Panic", "meets a shortfall": "Short"} {
		b.flow("ACME", on("CREATE", "ORDER", "CREATED", do("SetState", "status", "BOOKED"), do(rule)))
		e := b.new("n1", starting)
		o, c := b.creation("O-" + rule)
		done, err := e.Create(b.ctx, "ACME", c)
		require.NoError(t, err, name)
		require.False(t, done, name)
		require.Nil(t, b.stored(o.ID), name)
		require.Empty(t, b.state(b.scope, c.Event.ID), name)
		require.Equal(t, "CREATED", o.Status, name)
	}
}

// short is stock that is gone at commit.
type short struct{}

func (short) Apply(context.Context, *store.Tx) error { return rule.ErrShortfall }

func TestCreationsOfARushShareCommitsAndNotTheirFailures(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.cascade()
	e := b.new("n1", starting, func(_ *engine.Deps, c *engine.Config) { c.Creations = 100 })
	const n = 48
	var wait sync.WaitGroup
	made, orders := make([]bool, n), make([]*order.Order, n)
	for i := range n {
		ref := fmt.Sprintf("O-%d", i)
		if i%8 == 0 {
			ref = "O-same"
		}
		o, c := b.creation(ref)
		orders[i] = o
		wait.Go(func() {
			done, err := e.Create(b.ctx, "ACME", c)
			made[i] = done && err == nil
		})
	}
	wait.Wait()
	same := 0
	for i := range n {
		require.Equal(t, made[i], b.stored(orders[i].ID) != nil)
		if i%8 == 0 && made[i] {
			same++
		}
		if i%8 != 0 {
			require.True(t, made[i], "%d", i)
			require.Equal(t, 1, b.count(b.scope, orders[i]))
		}
	}
	require.Equal(t, 1, same, "of the orders with one ref there is one")
	require.EqualValues(t, n-n/8+1, e.Stats().Created.Load())
	t.Log(e.Stats().Commits.Load(), "commits")
}

func TestACreationWhoseAnswerWasLostSaysSo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.cascade()
	e := b.new("n1", starting)
	e.AfterCommit(func(*engine.Outcome) error { return errors.Join(store.ErrAmbiguous, errors.New("the line went dead")) })
	o, c := b.creation("O-1")
	done, err := e.Create(b.ctx, "ACME", c)
	require.ErrorIs(t, err, store.ErrAmbiguous)
	require.False(t, done)
	require.NotNil(t, b.stored(o.ID))
}

func TestCreationsHaveTheirLimits(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.cascade()
	inside, proceed := make(chan struct{}), make(chan struct{})
	e := b.new("n1", starting, func(_ *engine.Deps, c *engine.Config) { c.Creations = 1 })
	e.Creating(func() {
		close(inside)
		<-proceed
	})
	_, first := b.creation("O-1")
	_, second := b.creation("O-2")
	ended := make(chan bool)
	go func() {
		done, _ := e.Create(b.ctx, "ACME", first)
		ended <- done
	}()
	<-inside
	done, err := e.Create(b.ctx, "ACME", second)
	require.NoError(t, err)
	require.False(t, done)
	close(proceed)
	require.True(t, <-ended)
}

// abreast lets n creations join a group commit while its first commit is held up, and answers with what became of them.
func (b *bench) abreast(e *engine.Engine, ran *atomic.Int32, n int) (orders []*order.Order, made []bool, errs []error) {
	b.t.Helper()
	return b.abreastUntil(e, ran, n, func() error { return nil })
}

// abreastUntil has each commit meet what meets says.
func (b *bench) abreastUntil(e *engine.Engine, ran *atomic.Int32, n int, meets func() error) (orders []*order.Order, made []bool, errs []error) {
	b.t.Helper()
	proceed := make(chan struct{})
	e.BeforeCommit(func(*engine.Outcome) error { <-proceed; return meets() })
	orders, made, errs = make([]*order.Order, n), make([]bool, n), make([]error, n)
	var wait sync.WaitGroup
	for i := range n {
		var c engine.Creation
		orders[i], c = b.creation(fmt.Sprintf("O-%d", i))
		wait.Go(func() { made[i], errs[i] = e.Create(b.ctx, "ACME", c) })
	}
	require.Eventually(b.t, func() bool { return int(ran.Load()) == n }, time.Minute, time.Millisecond)
	close(proceed)
	wait.Wait()
	return orders, made, errs
}

// running is a bench with a workflow whose first turn is counted.
func running(t *testing.T) (*bench, *atomic.Int32) {
	b := newBench(t)
	var ran atomic.Int32
	b.rules = append(b.rules, rule.New("test", "Ran", "Is for a test.", func(context.Context, *rule.Context, rule.None) error { ran.Add(1); return nil }))
	b.flow("ACME", on("CREATE", "ORDER", "CREATED", do("Ran"), do("Count")))
	return b, &ran
}

// TestCreationsThatWaitShareCommits of as many as may share one.
func TestCreationsThatWaitShareCommits(t *testing.T) {
	t.Parallel()
	const n, share = 40, 8
	b, ran := running(t)
	e := b.new("n1", starting, func(_ *engine.Deps, c *engine.Config) { c.Creations, c.Share = 100, share })
	_, made, errs := b.abreast(e, ran, n)
	for i := range n {
		require.NoError(t, errs[i])
		require.True(t, made[i])
	}
	commits := int(e.Stats().Commits.Load())
	require.GreaterOrEqual(t, commits, n/share)
	require.LessOrEqual(t, commits, n/2+runtime.GOMAXPROCS(0)/2)
}

// TestASharedCommitWhoseAnswerWasLostIsNotTriedInParts: all that were in it are there, and all callers hear that nobody knows.
func TestASharedCommitWhoseAnswerWasLostIsNotTriedInParts(t *testing.T) {
	t.Parallel()
	const n = 12
	b, ran := running(t)
	e := b.new("n1", starting, func(_ *engine.Deps, c *engine.Config) { c.Creations = 100 })
	e.AfterCommit(func(*engine.Outcome) error { return errors.Join(store.ErrAmbiguous, errors.New("the line went dead")) })
	orders, made, errs := b.abreast(e, ran, n)
	for i := range n {
		require.ErrorIs(t, errs[i], store.ErrAmbiguous)
		require.False(t, made[i])
		require.NotNil(t, b.stored(orders[i].ID))
	}
}

// TestCreationsThatTheDatabaseRefusesAreNotTriedInParts: none of them is the culprit, and a database without room has enough to do.
func TestCreationsThatTheDatabaseRefusesAreNotTriedInParts(t *testing.T) {
	t.Parallel()
	const n = 40
	b, ran := running(t)
	e := b.new("n1", starting, func(_ *engine.Deps, c *engine.Config) { c.Creations, c.Share = 100, 8 })
	var tries atomic.Int64
	_, made, errs := b.abreastUntil(e, ran, n, func() error {
		tries.Add(1)
		return fault.New(fault.Unavailable, "the disk is full").With("reason", "DATABASE_FULL")
	})
	for i := range n {
		require.True(t, store.TakesNoWrites(errs[i]), "%v", errs[i])
		require.False(t, made[i])
	}
	require.LessOrEqual(t, int(tries.Load()), n/2+runtime.GOMAXPROCS(0)/2, "as many as commits that they share")
}

// TestACreationIsToldThatTheDatabaseTakesNoWrites: to try it in another way would be of no use. That others are busy is no such thing.
func TestACreationIsToldThatTheDatabaseTakesNoWrites(t *testing.T) {
	t.Parallel()
	b, _ := running(t)
	e := b.new("n1", starting)
	for _, full := range []bool{true, false} {
		e.BeforeCommit(func(*engine.Outcome) error {
			f := fault.New(fault.Unavailable, "not now")
			if full {
				f = f.With("reason", "DATABASE_FULL")
			}
			return f
		})
		o, c := b.creation("O-1")
		done, err := e.Create(b.ctx, "ACME", c)
		require.False(t, done)
		require.Equal(t, full, store.TakesNoWrites(err), "%v", err)
		require.Equal(t, full, err != nil)
		require.Nil(t, b.stored(o.ID))
	}
}

// TestACreationGoesOnWhenItsCallerGoesAway once its commit has begun, in which others' orders may be.
func TestACreationGoesOnWhenItsCallerGoesAway(t *testing.T) {
	t.Parallel()
	b, _ := running(t)
	e := b.new("n1", starting)
	ctx, leave := context.WithCancel(b.ctx)
	e.BeforeCommit(func(*engine.Outcome) error { leave(); return nil })
	o, c := b.creation("O-1")
	done, err := e.Create(ctx, "ACME", c)
	require.NoError(t, err)
	require.True(t, done)
	require.Equal(t, 1, b.count(b.scope, o))
}

// TestACreationsStructsStayAsTheyAre: the turn changes the root, what is created with it and what it found, and the caller's own, which he writes if the turn fails, not.
func TestACreationsStructsStayAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, fails := range []bool{false, true} {
		b := newBench(t)
		calls := []workflow.RuleCall{do("SetState", "status", "BOOKED"), do("SetParts")}
		if fails {
			calls = append(calls, do("Fail"))
		}
		b.rules = append(b.rules, rule.New("test", "SetParts", "Is for a test.", func(_ context.Context, c *rule.Context, _ rule.None) error {
			require.Len(t, c.Root.Parts(), 2)
			c.Turn.Set(rule.Parts[order.Fulfilment](c.Root)[0], map[string]any{"status": "SET"})
			c.Turn.Set(rule.Parts[foundation.Customer](c.Root)[0], map[string]any{"firstName": "SET"})
			return nil
		}))
		b.flow("ACME", on("CREATE", "ORDER", "CREATED", calls...))
		id, err := b.db.NewID(b.ctx, b.scope, domain.Catalogue().Type("Fulfilment"))
		require.NoError(t, err)
		o, c := b.creation("O-1")
		part := &order.Fulfilment{Ref: "F", OrderID: o.ID}
		part.ID, part.Type, part.Status = id, "HD_PFS", "CREATED"
		known := &foundation.Customer{Node: catalogue.Node{ID: o.CustomerID}, Ref: "C", Username: "C", FirstName: "Known", RetailerID: "1"}
		require.NoError(t, b.db.Write(b.ctx, b.scope, func(tx *store.Tx) error { tx.Insert(known); return nil }))
		c.Parts, c.Known = []any{part}, []any{known}
		e := b.new("n1", starting)
		done, err := e.Create(b.ctx, "ACME", c)
		require.NoError(t, err)
		require.Equal(t, !fails, done)
		require.Equal(t, []string{"CREATED", "CREATED", "Known"}, []string{o.Status, part.Status, known.FirstName})
		if fails {
			continue
		}
		fulfilments, err := store.Get[order.Fulfilment](b.ctx, b.db.Reader(b.scope), id)
		require.NoError(t, err)
		customers, err := store.Get[foundation.Customer](b.ctx, b.db.Reader(b.scope), known.ID)
		require.NoError(t, err)
		require.Equal(t, []string{"BOOKED", "SET", "SET"}, []string{b.stored(o.ID).Status, fulfilments[0].Status, customers[0].FirstName})
	}
}
