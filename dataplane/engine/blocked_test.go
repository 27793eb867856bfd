package engine_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine"
	"github.com/fluent-oms/fluent/dataplane/engine/turn"
	"github.com/fluent-oms/fluent/dataplane/rule"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
)

// waiting finds the one event that waits for its time.
func (b *bench) waiting() *eventstore.Row {
	b.t.Helper()
	var ids []string
	b.query(`SELECT id::TEXT FROM events WHERE state = 'SCHEDULED' AND account_id = 'ACME'`, &ids)
	require.Len(b.t, ids, 1)
	row, err := eventstore.Get(b.ctx, b.db.Reader(b.scope), ids[0])
	require.NoError(b.t, err)
	return row
}

// TestAFirstTurnThatFailsIsTriedAgain: the root stays as it was, the log says why and what waits, and once the cause is mended it goes on by itself.
func TestAFirstTurnThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var mended atomic.Bool
	b.rules = append(b.rules, rule.New("test", "Begin", "Fails while something is wrong.", func(_ context.Context, c *rule.Context, _ rule.None) error {
		if !mended.Load() {
			return errors.New("location S1 has no address")
		}
		c.Turn.Set(c.Entity, map[string]any{"status": "BOOKED"})
		return nil
	}))
	b.flow("ACME", on("CREATE", "ORDER", "CREATED", do("Begin")))
	e := b.new("n1", func(_ *engine.Deps, c *engine.Config) { c.Schedule = 10 * time.Millisecond })
	b.run(e)
	o := b.orders(b.scope, 1)[0]
	first, second := event(o, "CREATE"), event(o, "CREATE")
	require.NoError(t, e.Submit(b.ctx, b.scope, first))
	b.settled(b.scope, first)
	require.Equal(t, eventstore.Failed, b.state(b.scope, first.ID))
	require.NoError(t, e.Submit(b.ctx, b.scope, second)) // somebody tries it by hand, too early
	b.settled(b.scope, second)
	row := b.waiting() // one for both
	require.Equal(t, []any{"CREATE", "ORDER", string(o.ID)}, []any{row.Event.Name, row.Event.EntityType, row.Event.EntityID})
	why, _ := row.Event.Attributes[turn.Blocker].(map[string]any)
	require.Contains(t, why["reason"], "location S1 has no address")
	require.Equal(t, first.ID, why["event"])
	require.WithinDuration(t, b.reload(b.scope, o).CreatedOn.Add(time.Minute), row.Event.ScheduledOn, time.Millisecond)
	require.Equal(t, "CREATED", b.reload(b.scope, o).Status)
	require.EqualValues(t, 2, e.Stats().Blocked.Load())

	mended.Store(true)
	b.sql(`UPDATE events SET due_on = now() WHERE state = 'SCHEDULED'`)
	require.Eventually(t, func() bool { return b.reload(b.scope, o).Status == "BOOKED" }, time.Minute, 10*time.Millisecond)
	var left []string
	b.query(`SELECT id::TEXT FROM events WHERE state = 'SCHEDULED' AND account_id = 'ACME'`, &left)
	require.Empty(t, left)
}

// TestAnOrderWithoutWorkflowWaitsForOne, whoever let it in.
func TestAnOrderWithoutWorkflowWaitsForOne(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	e := b.new("n1", func(_ *engine.Deps, c *engine.Config) { c.Schedule = 10 * time.Millisecond })
	b.run(e)
	o := b.orders(b.scope, 1)[0]
	other := event(o, "Elsewhere")
	first := event(o, "CREATE")
	require.NoError(t, e.Submit(b.ctx, b.scope, first, other))
	b.settled(b.scope, first, other)
	require.Equal(t, eventstore.NoMatch, b.state(b.scope, first.ID))
	require.Contains(t, b.waiting().Event.Attributes[turn.Blocker].(map[string]any)["reason"], "no workflow")
	b.flow("ACME", on("CREATE", "ORDER", "CREATED", do("Count")))
	b.sql(`UPDATE events SET due_on = now() WHERE state = 'SCHEDULED'`)
	require.Eventually(t, func() bool { return b.count(b.scope, o) == 1 }, time.Minute, 10*time.Millisecond)
}
