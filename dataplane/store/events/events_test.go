package events_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
)

// queue is a stand with what tests of this package do to it.
type queue struct{ *storetest.Stand }

func newQueue(t *testing.T) *queue {
	return &queue{storetest.NewStand(t, dbtest.Template)}
}

// TestSlotsStayWhereTheyAre: they are stored on rows, so no release may count them otherwise.
func TestSlotsStayWhereTheyAre(t *testing.T) {
	t.Parallel()
	require.Equal(t, []int{65112, 21781, 31193, 50921}, []int{events.Slot("ACME", "ORDER", "1"), events.Slot("OTHER", "ORDER", "1"), events.Slot("ACME", "ORDER", "ref:1"), events.Slot("ACME", "WAVE", "1")})
	require.Equal(t, []int{0, 0, 1, 255}, []int{events.RangeOf(0), events.RangeOf(255), events.RangeOf(256), events.RangeOf(events.Slots - 1)})
	require.Equal(t, "ref:R", events.RootKey(&workflow.Event{RootRef: "R"}))
	require.Equal(t, "1", events.RootKey(&workflow.Event{RootRef: "R", RootID: "1"}))
}

// names lists events by name.
func names(rows []events.Row) (out []string) {
	for _, r := range rows {
		out = append(out, string(r.Account)+" "+r.Event.Name)
	}
	return out
}

// named is an event of an order.
func (s *queue) named(name, order string) *workflow.Event {
	ev := eventOf(s.DB, order)
	ev.Name = name
	return ev
}

func everyRange() (all []int) {
	for i := range events.Ranges {
		all = append(all, i)
	}
	return all
}

// TestEventsWaitInTheirOrder: by urgency, then as they came, those of one statement too, so many of each account; not what is busy, nor of others'
// ranges.
func TestEventsWaitInTheirOrder(t *testing.T) {
	t.Parallel()
	s := newQueue(t)
	for _, account := range []string{"ACME", "MIDDLE", "OTHER"} {
		require.NoError(t, s.DB.Write(t.Context(), storetest.ScopeOf(t, account), func(tx *store.Tx) error {
			low, unknown, scheduled := s.named("low", "1"), s.named("unknown", ""), s.named("scheduled", "1")
			low.Priority, unknown.RootRef, scheduled.ScheduledOn = workflow.Batch, "R", tx.Now().Add(time.Hour)
			wave := s.named("wave", "1")
			wave.RootType = "WAVE"
			events.Append(tx, low, s.named("first", "1"), s.named("second", "1"), s.named("third", "1"), s.named("elsewhere", "2"), unknown, scheduled, wave)
			return nil
		}))
	}
	pending := func(q events.Query) []string {
		found, err := events.ReadPending(t.Context(), s.DB, q)
		require.NoError(t, err)
		return names(found)
	}
	require.Equal(t, []string{"ACME first", "ACME second", "MIDDLE first", "MIDDLE second", "OTHER first", "OTHER second"}, pending(events.Query{Ranges: everyRange(), PerAccount: 2}))
	busy := []string{events.RootName("ACME", "ORDER", "1"), events.RootName("ACME", "ORDER", "ref:R"), events.RootName("MIDDLE", "ORDER", "1"), events.RootName("OTHER", "ORDER", "1"), events.RootName("OTHER", "ORDER", "2")}
	require.Equal(t, []string{"ACME elsewhere", "ACME wave", "MIDDLE elsewhere", "MIDDLE unknown", "MIDDLE wave", "OTHER unknown", "OTHER wave"}, pending(events.Query{Ranges: everyRange(), PerAccount: 9, SkipRoots: busy}))
	mine := events.RangeOf(events.Slot("ACME", "ORDER", "1"))
	require.Equal(t, []string{"ACME first", "ACME second", "ACME third", "ACME low"}, pending(events.Query{Ranges: []int{mine}, PerAccount: 9}))
	root, err := events.PendingOfRoot(t.Context(), s.DB.Reader(s.Scope), "ORDER", "1", 3)
	require.NoError(t, err)
	require.Equal(t, []string{"ACME low", "ACME first", "ACME second"}, names(root), "of one root as they came, whatever their urgency")
	root, err = events.PendingOfRoot(t.Context(), s.DB.Reader(s.Scope), "ORDER", "2", 9)
	require.NoError(t, err)
	require.Equal(t, []string{"ACME elsewhere"}, names(root))
	root, err = events.PendingOfRoot(t.Context(), s.DB.Reader(s.Scope), "WAVE", "1", 9)
	require.NoError(t, err)
	require.Equal(t, []string{"ACME wave"}, names(root))
	late, err := events.Overlooked(t.Context(), s.DB, time.Hour, 9)
	require.NoError(t, err)
	require.Empty(t, late)
	s.SQL("UPDATE events SET received_on = now() - INTERVAL '2 hours' WHERE account_id = 'ACME' AND name IN ('first', 'scheduled')")
	late, err = events.Overlooked(t.Context(), s.DB, time.Hour, 9)
	require.NoError(t, err)
	require.Equal(t, []string{"ACME first"}, names(late))
}

// TestAnEventWithoutAPriorityIsNotStored: nobody said how urgent it is, so it is not taken for the most urgent.
func TestAnEventWithoutAPriorityIsNotStored(t *testing.T) {
	t.Parallel()
	s := newQueue(t)
	for _, p := range []workflow.Priority{0, -1, workflow.Batch + 1} {
		ev := s.named("E", "1")
		ev.Priority = p
		for _, write := range []func(*store.Tx){
			func(tx *store.Tx) { events.Append(tx, ev) },
			func(tx *store.Tx) {
				events.Record(tx, events.Row{Event: *ev, State: events.Success, TurnID: string(s.DB.NewUUID())})
			},
		} {
			err := s.DB.Write(t.Context(), s.Scope, func(tx *store.Tx) error { write(tx); return nil })
			require.ErrorContains(t, err, "event E of ORDER 1 has no priority")
		}
	}
}

// TestRowsOfBeforeKeepTheirUrgency: earlier releases counted from 0 and had no integrations. What no release wrote goes last.
func TestRowsOfBeforeKeepTheirUrgency(t *testing.T) {
	t.Parallel()
	s := newQueue(t)
	var sent []*workflow.Event
	for range 5 {
		sent = append(sent, s.named("E", "1"))
	}
	require.NoError(t, s.DB.Write(t.Context(), s.Scope, func(tx *store.Tx) error { events.Append(tx, sent...); return nil }))
	for i, stored := range []int{7, 2, 1, 0, -1} {
		s.SQL("UPDATE events SET priority = $1 WHERE id = $2", stored, sent[i].ID)
	}
	found, err := events.ReadPending(t.Context(), s.DB, events.Query{Ranges: everyRange(), PerAccount: 9})
	require.NoError(t, err)
	got := map[string]workflow.Priority{}
	for _, row := range found {
		got[row.Event.ID] = row.Event.Priority
	}
	require.Equal(t, map[string]workflow.Priority{sent[0].ID: workflow.Batch, sent[1].ID: workflow.Integration, sent[2].ID: workflow.StoreWork,
		sent[3].ID: workflow.Checkout, sent[4].ID: workflow.Batch}, got)
}

// TestScheduledEventsComeWhenTheyAreDue, once, to the end of the queue, so many of each account and of one's own ranges.
func TestScheduledEventsComeWhenTheyAreDue(t *testing.T) {
	t.Parallel()
	s := newQueue(t)
	s.EachAccount(func(tx *store.Tx) {
		now, past, due, later := s.named("now", "1"), s.named("past", "1"), s.named("due", "1"), s.named("later", "1")
		now.ScheduledOn, past.ScheduledOn = tx.Now(), tx.Now().Add(-time.Hour)
		due.ScheduledOn, later.ScheduledOn = tx.Now().Add(time.Hour), tx.Now().Add(2*time.Hour)
		events.Append(tx, now, past, due, later)
	})
	state := func(state events.State) []string {
		found, err := events.Waiting(t.Context(), s.DB.Reader(s.Scope), state, time.Unix(0, 0), s.DB.Now(t.Context()).Add(time.Hour), 9)
		require.NoError(t, err)
		return slices.Sorted(slices.Values(names(found)))
	}
	require.Equal(t, []string{"ACME now", "ACME past"}, state(events.Pending))
	require.Equal(t, []string{"ACME due", "ACME later"}, state(events.Scheduled))
	mine := []int{events.RangeOf(events.Slot("ACME", "ORDER", "1"))}
	release := func(ranges []int, limit int) int {
		found, err := events.ReleaseDue(t.Context(), s.DB, ranges, limit)
		require.NoError(t, err)
		return len(found)
	}
	require.Zero(t, release(everyRange(), 9), "nothing is due")
	s.SQL("UPDATE events SET due_on = now() - INTERVAL '1 second' * length(name), received_on = now() - INTERVAL '1 day' WHERE state = 'SCHEDULED'")
	require.Equal(t, 1, release(mine, 1))
	require.Equal(t, []string{"ACME later", "ACME now", "ACME past"}, state(events.Pending), "what is due longest comes first")
	require.Equal(t, 1, release(mine, 9))
	require.Zero(t, release(mine, 9))
	require.Equal(t, []string{"0"}, s.Texts("SELECT count(*)::text FROM events WHERE account_id = 'ACME' AND received_on < now() - INTERVAL '1 hour'"), "who waited for a time joins the queue then")
	require.Equal(t, 2, release(everyRange(), 9), "the other account's, of other ranges")
}

// TestAnEventIsFinishedOnce: not what waits for its time, not what is done, nor another account's event of that id, and all or none.
func TestAnEventIsFinishedOnce(t *testing.T) {
	t.Parallel()
	s := newQueue(t)
	one, two, scheduled := s.named("one", "1"), s.named("two", "1"), s.named("scheduled", "1")
	s.EachAccount(func(tx *store.Tx) {
		scheduled.ScheduledOn = tx.Now().Add(time.Hour)
		events.Append(tx, one, two, scheduled)
	})
	s.Locked(func(tx *store.Tx) {
		again := *one
		again.Name = "changed"
		events.Append(tx, &again)
	})
	finish := func(ids ...string) error {
		return s.DB.WriteLocked(t.Context(), s.Scope, func(tx *store.Tx) error {
			for _, id := range ids {
				events.Finish(tx, string(s.DB.NewUUID()), events.Mark{ID: id, State: events.Failed, Error: "why"})
			}
			return nil
		})
	}
	require.ErrorIs(t, finish(two.ID, scheduled.ID), events.ErrTaken)
	require.ErrorIs(t, finish(two.ID, string(s.DB.NewUUID())), events.ErrTaken)
	require.NoError(t, finish(one.ID))
	require.ErrorIs(t, finish(one.ID, two.ID), events.ErrTaken)
	require.ErrorIs(t, s.DB.WriteLocked(t.Context(), s.Scope, func(tx *store.Tx) error {
		events.Record(tx, events.Row{Event: *two, State: events.Success, TurnID: string(s.DB.NewUUID())})
		return nil
	}), events.ErrTaken)
	row, err := events.Get(t.Context(), s.DB.Reader(s.Scope), one.ID)
	require.NoError(t, err)
	require.Equal(t, []any{"one", events.Failed, "why"}, []any{row.Event.Name, row.State, row.Error})
	require.False(t, row.DoneOn.IsZero())
	require.False(t, row.Event.GeneratedOn.IsZero())
	require.Equal(t, []string{"ACME scheduled SCHEDULED", "ACME two PENDING", "OTHER one PENDING", "OTHER scheduled SCHEDULED", "OTHER two PENDING"},
		s.Texts("SELECT concat_ws(' ', account_id, name, state) FROM events WHERE done_on IS NULL ORDER BY 1"))
	at := row.Event.GeneratedOn
	listed := func(from, to time.Time) []string {
		found, err := events.Waiting(t.Context(), s.DB.Reader(s.Scope), events.Pending, from, to, 9)
		require.NoError(t, err)
		return names(found)
	}
	s.SQL("UPDATE events SET generated_on = $1", at)
	require.Equal(t, []string{"ACME two"}, listed(at, at), "both ends belong to it")
	require.Empty(t, listed(at.Add(time.Microsecond), at.Add(time.Hour)))
	require.Empty(t, listed(at.Add(-time.Hour), at.Add(-time.Microsecond)))
	newer := s.named("newer", "1")
	newer.GeneratedOn = at.Add(time.Second)
	s.Locked(func(tx *store.Tx) { events.Append(tx, newer) })
	require.Equal(t, []string{"ACME newer", "ACME two"}, listed(at, at.Add(time.Hour)), "the newest first")
	theirs, err := events.Get(t.Context(), s.DB.Reader(storetest.ScopeOf(t, "OTHER")), newer.ID)
	require.NoError(t, err)
	require.Nil(t, theirs, "another account's event is none")
}

func eventOf(db *store.DB, order string) *workflow.Event {
	return &workflow.Event{ID: string(db.NewUUID()), Name: "Go", RetailerID: 1, EntityType: "ORDER", EntityID: order, RootType: "ORDER", RootID: order, Priority: workflow.Checkout}
}
