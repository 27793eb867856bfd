package engine_test

import (
	"context"
	"errors"
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
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// asked is a request that says a text.
func asked(text string) repeats.Request {
	return repeats.Request{Key: repeats.KeyOf([]byte(text)), Known: repeats.Window}
}

// doors are the two ways in which requests bring events.
func doors(e *engine.Engine) map[string]func(context.Context, *bench, *workflow.Event, repeats.Request) (*engine.Result, error) {
	return map[string]func(context.Context, *bench, *workflow.Event, repeats.Request) (*engine.Result, error){
		"async": func(ctx context.Context, b *bench, ev *workflow.Event, r repeats.Request) (*engine.Result, error) {
			return e.SendOnce(ctx, b.scope, ev, r)
		},
		"sync": func(ctx context.Context, b *bench, ev *workflow.Event, r repeats.Request) (*engine.Result, error) {
			return e.RunOnce(ctx, b.scope, ev, r)
		},
	}
}

// ofOrder is how many events there are of an order.
func (b *bench) ofOrder(o *order.Order) int {
	var list []string
	b.query("SELECT id::text FROM events WHERE account_id = 'ACME' AND root_id = '"+string(o.ID)+"'", &list)
	return len(list)
}

// TestARequestThatComesAgainIsCarriedOutOnce, at whichever node: the answer is the first one's. What another request brings, and the same one when it
// is not known any more, is done.
func TestARequestThatComesAgainIsCarriedOutOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("ACME", on("Count", "ORDER", "", do("Count")))
	owner, other := b.new("n1"), b.new("n2")
	b.run(owner)
	others := doors(other)
	for name, send := range doors(owner) {
		o := b.orders(b.scope, 1)[0]
		first, err := send(b.ctx, b, event(o, "Count"), asked(name))
		require.NoError(t, err)
		require.False(t, first.Repeated)
		b.settled(b.scope, &workflow.Event{ID: first.EventID})
		want := *first
		want.Repeated = true
		for _, again := range []func(context.Context, *bench, *workflow.Event, repeats.Request) (*engine.Result, error){send, others[name], send} {
			got, err := again(b.ctx, b, event(o, "Count"), asked(name))
			require.NoError(t, err)
			require.Equal(t, &want, got, name)
		}
		require.Equal(t, 1, b.ofOrder(o), name)
		require.Equal(t, 1, b.count(b.scope, o), name)
		fresh, err := send(b.ctx, b, event(o, "Count"), asked("not "+name))
		require.NoError(t, err)
		require.False(t, fresh.Repeated)
		require.NotEqual(t, first.EventID, fresh.EventID)
		var none []string
		b.query("UPDATE repeats SET ends_on = now() RETURNING made", &none)
		late, err := send(b.ctx, b, event(o, "Count"), asked(name))
		require.NoError(t, err)
		require.False(t, late.Repeated)
		b.settled(b.scope, &workflow.Event{ID: fresh.EventID}, &workflow.Event{ID: late.EventID})
		require.Equal(t, 3, b.count(b.scope, o), name)
	}
}

// TestARequestWhoseAnswerIsLost is carried out once, whether its commit arrived or not.
func TestARequestWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("ACME", on("Count", "ORDER", "", do("Count")))
	hooks, with := b.hooked()
	dying, other := b.new("n1", with), b.new("n2")
	for name, lose := range map[string]func(storetest.At){"answer": hooks.LoseAnswer, "commit": hooks.LoseCommit} {
		o := b.orders(b.scope, 1)[0]
		lose(storetest.At{Account: "ACME"})
		lost := event(o, "Count")
		_, err := dying.SendOnce(b.ctx, b.scope, lost, asked(name))
		require.ErrorIs(t, err, store.ErrAmbiguous)
		got, err := other.SendOnce(b.ctx, b.scope, event(o, "Count"), asked(name))
		require.NoError(t, err)
		require.Equal(t, name == "answer", got.Repeated)
		require.Equal(t, name == "answer", got.EventID == lost.ID)
		require.Equal(t, 1, b.ofOrder(o), name)
	}
}

// TestARequestIsRepeatedWhileTheFirstIsAtWork: the second hears of the first's event, and nothing is done twice. Both are at one node, or each at its own.
func TestARequestIsRepeatedWhileTheFirstIsAtWork(t *testing.T) {
	t.Parallel()
	for name, node := range map[string]int{"the same node": 0, "another node": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.flow("ACME", on("Count", "ORDER", "", do("Count")))
			hooks, with := b.hooked()
			engines := []*engine.Engine{b.new("n1", with), b.new("n2")}
			b.run(engines[0])
			o := b.orders(b.scope, 1)[0]
			stop := hooks.Stop(storetest.At{Point: store.Committing, Account: "ACME"})
			results := make(chan *engine.Result, 2)
			run := func(e *engine.Engine) *storetest.Run {
				return storetest.Go(func() error {
					res, err := e.RunOnce(b.ctx, b.scope, event(o, "Count"), asked("x"))
					results <- res
					return err
				})
			}
			first := run(engines[0])
			stop.Arrived()
			second := run(engines[node])
			if node == 1 {
				second.Blocked(t, b.dsn)
			}
			stop.Release()
			require.NoError(t, first.Wait())
			require.NoError(t, second.Wait())
			one, two := <-results, <-results
			require.Equal(t, one.EventID, two.EventID)
			require.NotEqual(t, one.Repeated, two.Repeated)
			require.Equal(t, eventstore.Success, one.State)
			require.Equal(t, eventstore.Success, two.State)
			require.Equal(t, 1, b.ofOrder(o))
			require.Equal(t, 1, b.count(b.scope, o))
		})
	}
}

// TestARequestWhoseEventFailedIsCarriedOutAnew: nothing was kept of it. What matched nothing, and what a rule refused, has its answer.
func TestARequestWhoseEventFailedIsCarriedOutAnew(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var broken atomic.Bool
	b.rules = append(b.rules, rule.New("test", "Mended", "Fails until it is mended.", func(_ context.Context, _ *rule.Context, _ rule.None) error {
		if broken.Load() {
			return errors.New("broken")
		}
		return nil
	}))
	b.flow("ACME", on("Go", "ORDER", "", do("Mended")), on("Refuse", "ORDER", "", do("Refuse")))
	e := b.new("n1")
	b.run(e)
	for name, send := range doors(e) {
		o := b.orders(b.scope, 1)[0]
		broken.Store(true)
		go1, err := send(b.ctx, b, event(o, "Go"), asked(name+"Go"))
		require.NoError(t, err)
		b.settled(b.scope, &workflow.Event{ID: go1.EventID})
		require.Equal(t, eventstore.Failed, b.state(b.scope, go1.EventID))
		broken.Store(false)
		go2, err := send(b.ctx, b, event(o, "Go"), asked(name+"Go"))
		require.NoError(t, err)
		require.False(t, go2.Repeated)
		b.settled(b.scope, &workflow.Event{ID: go2.EventID})
		require.Equal(t, eventstore.Success, b.state(b.scope, go2.EventID))
		go3, err := send(b.ctx, b, event(o, "Go"), asked(name+"Go"))
		require.NoError(t, err)
		require.Equal(t, go2.EventID, go3.EventID)
		for _, answered := range []string{"Refuse", "NothingAnswers"} {
			first, err := send(b.ctx, b, event(o, answered), asked(name+answered))
			require.NoError(t, err)
			b.settled(b.scope, &workflow.Event{ID: first.EventID})
			again, err := send(b.ctx, b, event(o, answered), asked(name+answered))
			require.NoError(t, err)
			require.True(t, again.Repeated)
			require.Equal(t, first.EventID, again.EventID)
		}
	}
}

// TestAnEventOfAnIDIsSentOnce, by whatever request, also late; but an id is no way to hear of what another caller or another retailer sent.
func TestAnEventOfAnIDIsSentOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("ACME", on("Count", "ORDER", "", do("Count")), on("Fail", "ORDER", "", do("Fail")))
	owner, other := b.new("n1"), b.new("n2")
	b.run(owner)
	others := doors(other)
	for name, send := range doors(owner) {
		o := b.orders(b.scope, 1)[0]
		of := func(by string, retailer int32, called string) *workflow.Event {
			ev := event(o, called)
			ev.ID, ev.GeneratedBy, ev.RetailerID = "7b0e8d5c-1111-4222-8333-44445555666"+map[string]string{"async": "6", "sync": "7"}[name], by, retailer
			return ev
		}
		first, err := send(b.ctx, b, of("ann", 1, "Fail"), asked("a"))
		require.NoError(t, err)
		b.settled(b.scope, &workflow.Event{ID: first.EventID})
		for _, again := range []func(context.Context, *bench, *workflow.Event, repeats.Request) (*engine.Result, error){send, others[name]} {
			got, err := again(b.ctx, b, of("ann", 1, "Count"), asked("b"))
			require.NoError(t, err)
			require.True(t, got.Repeated)
			require.Equal(t, first.EventID, got.EventID)
			require.Equal(t, first.State, got.State, "also that of one that failed")
			for _, ev := range []*workflow.Event{of("bob", 1, "Count"), of("ann", 2, "Count")} {
				_, err = again(b.ctx, b, ev, asked("a"))
				require.True(t, fault.Is(err, fault.Exists), "%v", err)
				require.Equal(t, "id", fault.Of(err).Field)
			}
		}
		require.Zero(t, b.count(b.scope, o))
		require.Equal(t, 1, b.ofOrder(o))
	}
}

// TestAScheduledEventIsAnsweredAsItWasFirst, also when its time has come meanwhile.
func TestAScheduledEventIsAnsweredAsItWasFirst(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("ACME", on("Count", "ORDER", "", do("Count")))
	e := b.new("n1")
	b.run(e)
	for name, send := range doors(e) {
		o := b.orders(b.scope, 1)[0]
		later := func() *workflow.Event {
			ev := event(o, "Count")
			ev.ScheduledOn = b.db.Now(b.ctx).Add(time.Hour)
			return ev
		}
		first, err := send(b.ctx, b, later(), asked(name))
		require.NoError(t, err)
		require.Equal(t, eventstore.Scheduled, first.State)
		var none []string
		b.query("UPDATE events SET due_on = generated_on + INTERVAL '1 microsecond' WHERE state = 'SCHEDULED' RETURNING id::text", &none)
		b.settled(b.scope, &workflow.Event{ID: first.EventID})
		again, err := send(b.ctx, b, later(), asked(name))
		require.NoError(t, err)
		require.Equal(t, []any{first.EventID, eventstore.Scheduled, true}, []any{again.EventID, again.State, again.Repeated})
		require.Equal(t, 1, b.count(b.scope, o))
	}
}

// TestKnowingRequestsAgainCostsNoRoundTrip: an asynchronous event has one, and a synchronous one as many as without a key or an id.
func TestKnowingRequestsAgainCostsNoRoundTrip(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("ACME", on("Count", "ORDER", "", do("Count")))
	e := b.new("n1")
	b.run(e)
	trips := func(send func(context.Context, *bench, *workflow.Event, repeats.Request) (*engine.Result, error), ev func(*order.Order) *workflow.Event, r func(i int) repeats.Request) int {
		best := 100
		for i, o := range b.orders(b.scope, 4) { // a conflict with another writer repeats a commit
			trace := &store.Trace{}
			_, err := send(store.WithTrace(b.ctx, trace), b, ev(o), r(i))
			require.NoError(t, err)
			best = min(best, trace.RoundTrips())
		}
		return best
	}
	plain := func(o *order.Order) *workflow.Event { return event(o, "Count") }
	named := func(o *order.Order) *workflow.Event {
		ev := event(o, "Count")
		ev.ID = string(b.db.NewUUID())
		return ev
	}
	for name, send := range doors(e) {
		none := trips(send, plain, func(int) repeats.Request { return repeats.Request{} })
		require.Equal(t, none, trips(send, plain, func(i int) repeats.Request { return asked(name + string(rune('a'+i))) }), name)
		require.Equal(t, none, trips(send, named, func(int) repeats.Request { return repeats.Request{} }), name)
	}
	require.Equal(t, 1, trips(doors(e)["async"], plain, func(i int) repeats.Request { return asked("once" + string(rune('a'+i))) }))
}
