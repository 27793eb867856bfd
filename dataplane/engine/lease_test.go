package engine_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	leasestore "github.com/fluent-oms/fluent/dataplane/store/leases"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/domain/order"
)

func TestRangesSpreadEvenlyAndMoveWhenANodeDies(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("ACME", on("Count", "ORDER", "", do("Count")))
	first, second, third := b.new("n1"), b.new("n2"), b.new("n3")
	b.run(first)
	b.run(second)
	stop := b.run(third)
	even := func(want ...int) func() bool {
		return func() bool {
			return len(first.Ranges()) == want[0] && len(second.Ranges()) == want[1] && len(third.Ranges()) == want[2]
		}
	}
	require.Eventually(t, even(86, 85, 85), time.Minute, 20*time.Millisecond)
	stop()
	require.Eventually(t, even(128, 128, 0), time.Minute, 20*time.Millisecond)

	list := b.orders(b.scope, 40)
	for _, o := range list {
		ev := event(o, "Count")
		require.NoError(t, first.Submit(b.ctx, b.scope, ev))
		b.settled(b.scope, ev)
	}
	for _, o := range list {
		require.Equal(t, 1, b.count(b.scope, o))
	}
	require.Positive(t, first.Stats().Turns.Load())
	require.Positive(t, second.Stats().Turns.Load(), "roots of both nodes' slots were among them")
}

func TestASyncEventForAnothersSlotWaitsForItsOwner(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("ACME", on("Count", "ORDER", "", do("Count")))
	owner := b.new("n1")
	b.run(owner)
	guest := b.new("n2", func(d *engine.Deps, _ *engine.Config) {
		d.Nudge = func(_ context.Context, _ string, rows ...eventstore.Row) { owner.Nudged(rows...) }
	})
	o := b.orders(b.scope, 1)[0]
	res, err := guest.RunOnce(b.ctx, b.scope, event(o, "Count"), repeats.Request{})
	require.NoError(t, err)
	require.Equal(t, eventstore.Success, res.State)
	require.Equal(t, 1, b.count(b.scope, o))
}

// A node dies, and the database's clock is set back by an hour: its leases seem to last for an hour. They are taken over all the same, and those of
// the living are renewed.
func TestADatabaseClockThatIsSetBackKeepsNoLeaseOfTheDead(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	dead, err := leasestore.Of(b.db).TakeRanges(b.ctx, "dead", []int{1, 2, 3}, 6*time.Second, false)
	require.NoError(t, err)
	require.Len(t, dead, 3)
	_, _, err = leasestore.Of(b.db).Heartbeat(b.ctx, "dead", 6*time.Second)
	require.NoError(t, err)
	conn, err := pgx.Connect(b.ctx, b.dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(b.ctx)) }()
	for _, table := range []string{"slot_expiries", "engine_nodes"} {
		_, err = conn.Exec(b.ctx, `UPDATE `+table+` SET expires_on = expires_on + INTERVAL '1 hour'`)
		require.NoError(t, err)
	}
	next := b.new("next")
	b.run(next)
	require.Eventually(t, func() bool { return len(next.Ranges()) == eventstore.Ranges }, time.Minute, 10*time.Millisecond)
	_, err = conn.Exec(b.ctx, `UPDATE slot_expiries SET expires_on = expires_on + INTERVAL '1 hour'`)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		var far int
		require.NoError(t, conn.QueryRow(b.ctx, `SELECT count(*) FROM slot_expiries WHERE expires_on > now() + INTERVAL '1 minute'`).Scan(&far))
		return far == 0 && len(next.Ranges()) == eventstore.Ranges
	}, time.Minute, 10*time.Millisecond)
}

// deposed has a node pause just before the commit of a turn that ships an order unless it is shipped, lets another node take over and
// ship it, and then goes on. It tells how many fulfilments the order has in the end.
func deposed(t *testing.T, unfence bool) int {
	b := newBench(t)
	b.rules = append(b.rules, rule.New("test", "ShipOnce", "Is for a test.", func(ctx context.Context, c *rule.Context, _ rule.None) error {
		if len(c.Root.Parts()) > 0 {
			return nil
		}
		f := &order.Fulfilment{Ref: c.Event.ID, OrderID: c.Root.Entity().(*order.Order).ID}
		f.Type = "HD_PFS"
		return c.Turn.Create(ctx, f)
	}))
	b.flow("ACME", on("Ship", "ORDER", "", do("ShipOnce")))
	paused, goOn := make(chan struct{}), make(chan struct{})
	old := b.new("old", func(_ *engine.Deps, c *engine.Config) { c.LeaseTTL = time.Hour })
	if unfence {
		old.Unfence()
	}
	var once bool
	old.BeforeCommit(func(*engine.Outcome) error {
		if !once {
			once = true
			close(paused)
			<-goOn
		}
		return nil
	})
	b.run(old)
	resume := sync.OnceFunc(func() { close(goOn) })
	t.Cleanup(resume)
	o := b.orders(b.scope, 1)[0]
	answered := make(chan error, 1)
	go func() {
		_, err := old.RunOnce(b.ctx, b.scope, event(o, "Ship"), repeats.Request{})
		answered <- err
	}()
	<-paused

	conn, err := pgx.Connect(b.ctx, b.dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(b.ctx)) }()
	_, err = conn.Exec(b.ctx, `UPDATE slot_expiries SET expires_on = now()`)
	require.NoError(t, err)
	_, err = conn.Exec(b.ctx, `UPDATE engine_nodes SET expires_on = now()`)
	require.NoError(t, err)
	next := b.new("next")
	b.run(next)
	require.Eventually(t, func() bool { return len(next.Ranges()) == eventstore.Ranges }, time.Minute, 10*time.Millisecond)
	_, err = next.RunOnce(b.ctx, b.scope, event(o, "Ship"), repeats.Request{})
	require.NoError(t, err)

	resume()
	require.NoError(t, <-answered)
	if !unfence {
		require.EqualValues(t, 1, old.Stats().Fenced.Load())
	}
	found, err := store.Load[order.Fulfilment](b.ctx, b.db.Reader(b.scope), store.Query{})
	require.NoError(t, err)
	return len(found)
}

func TestADeposedOwnerCannotCommit(t *testing.T) {
	t.Parallel()
	require.Equal(t, 1, deposed(t, false))
}

func TestWithoutTheFenceADeposedOwnerShipsTwice(t *testing.T) {
	t.Parallel()
	require.Equal(t, 2, deposed(t, true), "if this passes without the fence, something else holds the deposed owner off, and the fence is untested")
}
