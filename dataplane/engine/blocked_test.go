package engine_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine"
	"github.com/fluent-oms/fluent/dataplane/engine/history"
	"github.com/fluent-oms/fluent/dataplane/rule"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
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
	why, _ := row.Event.Attributes[eventstore.Blocker].(map[string]any)
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
	require.Contains(t, b.waiting().Event.Attributes[eventstore.Blocker].(map[string]any)["reason"], "no workflow")
	b.flow("ACME", on("CREATE", "ORDER", "CREATED", do("Count")))
	b.sql(`UPDATE events SET due_on = now() WHERE state = 'SCHEDULED'`)
	require.Eventually(t, func() bool { return b.count(b.scope, o) == 1 }, time.Minute, 10*time.Millisecond)
}

// TestABlockedRootGoesOnOnceItsCauseIsMended, and does not wait for its next try: under another configuration, or once something changed on which first
// turns rest. What has waited under the same one is left alone, and so is everything else that is scheduled.
func TestABlockedRootGoesOnOnceItsCauseIsMended(t *testing.T) {
	t.Parallel()
	for name, mend := range map[string]func(b *bench, under *atomic.Uint64){
		"another configuration": func(_ *bench, under *atomic.Uint64) { under.Store(8) },
		"a setting": func(b *bench, _ *atomic.Uint64) {
			b.sql(`INSERT INTO figure_marks (account_id, figure, mark, marked_on) VALUES ('ACME', 'causes', 1, now())`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			var mended atomic.Bool
			var tries atomic.Int32
			b.rules = append(b.rules, rule.New("test", "Begin", "Fails while something is wrong.", func(_ context.Context, c *rule.Context, _ rule.None) error {
				if tries.Add(1); !mended.Load() {
					return errors.New("location S1 has no address")
				}
				c.Turn.Set(c.Entity, map[string]any{"status": "BOOKED"})
				return nil
			}))
			b.flow("ACME", on("CREATE", "ORDER", "CREATED", do("Begin")), on("Later", "ORDER", "", do("Send", "eventName", "CREATE", "to", "1h")))
			var under atomic.Uint64
			under.Store(7)
			var looks atomic.Int32
			e := b.new("n1", func(d *engine.Deps, c *engine.Config) {
				c.Schedule, c.Mend = 10*time.Millisecond, 10*time.Millisecond
				d.Under = func(tenancy.AccountID, tenancy.RetailerID) uint64 { looks.Add(1); return under.Load() }
			})
			b.run(e)
			list := b.orders(b.scope, 2)
			first, other := event(list[0], "CREATE"), event(list[1], "Later")
			require.NoError(t, e.Submit(b.ctx, b.scope, first, other))
			b.settled(b.scope, first, other)
			seen := looks.Load()
			require.Eventually(t, func() bool { return looks.Load() > seen+5 }, time.Minute, 5*time.Millisecond)
			require.EqualValues(t, 1, tries.Load(), "nothing was mended")

			mended.Store(true)
			mend(b, &under)
			require.Eventually(t, func() bool { return b.reload(b.scope, list[0]).Status == "BOOKED" }, time.Minute, 10*time.Millisecond)
			require.EqualValues(t, 2, tries.Load())
			require.EqualValues(t, 1, e.Stats().Mended.Load())
			var left []string
			b.query(`SELECT root_id FROM events WHERE state = 'SCHEDULED' AND account_id = 'ACME'`, &left)
			require.Equal(t, []string{string(list[1].ID)}, left)
		})
	}
}

// TestWhatStandsStillIsListed with why, since when and its next try, the soonest first: page by page, by root, and to whom it is shown.
func TestWhatStandsStillIsListed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.rules = append(b.rules, rule.New("test", "Begin", "Fails.", func(context.Context, *rule.Context, rule.None) error { return errors.New("location S1 has no address") }))
	b.flow("ACME", on("CREATE", "ORDER", "CREATED", do("Begin")), on("Later", "ORDER", "", do("Send", "eventName", "CREATE", "to", "1h")))
	e := b.new("n1")
	b.run(e)
	list := b.orders(b.scope, 4)
	var events []*workflow.Event
	for _, o := range list[:3] {
		events = append(events, event(o, "CREATE"))
	}
	events = append(events, event(list[3], "Later"))
	require.NoError(t, e.Submit(b.ctx, b.scope, events...))
	b.settled(b.scope, events...)
	for i, o := range list {
		b.sql(fmt.Sprintf(`UPDATE events SET due_on = now() + INTERVAL '%d hours' WHERE state = 'SCHEDULED' AND root_id = '%s'`, 9-i, o.ID))
	}
	log := history.NewLog(b.db)
	find := func(scope tenancy.Scope, q history.Standing) (refs []string, more bool) {
		page, err := log.Blocked(b.ctx, scope, q)
		require.NoError(t, err)
		require.Equal(t, len(page.Results), page.Count)
		for _, x := range page.Results {
			refs = append(refs, x.EntityRef)
		}
		return refs, page.HasMore
	}
	all, more := find(b.scope, history.Standing{})
	require.Equal(t, []string{list[2].Ref, list[1].Ref, list[0].Ref}, all, "what a workflow scheduled stands still for no reason")
	require.False(t, more)
	some, more := find(b.scope, history.Standing{EntityType: "order", Start: 1, Count: 1, RetailerID: "1"})
	require.Equal(t, []string{list[1].Ref}, some)
	require.True(t, more)
	for _, q := range []history.Standing{{EntityID: string(list[0].ID)}, {EntityType: "ORDER", EntityRef: list[0].Ref}} {
		page, err := log.Blocked(b.ctx, b.scope, q)
		require.NoError(t, err)
		require.Len(t, page.Results, 1)
		x := page.Results[0]
		require.Equal(t, []string{"ORDER", string(list[0].ID), list[0].Ref, "1", events[0].ID}, []string{x.EntityType, x.EntityID, x.EntityRef, x.RetailerID, x.EventID})
		require.Contains(t, x.Reason, "location S1 has no address")
		require.WithinDuration(t, b.reload(b.scope, list[0]).CreatedOn, x.Since.Time, time.Millisecond)
		require.WithinDuration(t, time.Now().Add(9*time.Hour), x.NextTry.Time, 5*time.Minute)
	}
	second, err := tenancy.NewScope("ACME", 2)
	require.NoError(t, err)
	for name, scope := range map[string]tenancy.Scope{"another retailer": second, "another account": scopeOf(t, "OTHER")} {
		none, _ := find(scope, history.Standing{})
		require.Empty(t, none, name)
	}
	for _, q := range []history.Standing{{Count: -1}, {Count: history.MaxCount + 1}, {Start: -1}} {
		_, err := log.Blocked(b.ctx, b.scope, q)
		require.True(t, fault.Is(err, fault.Invalid))
	}
}
