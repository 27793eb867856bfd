package store_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// TestSlotsStayWhereTheyAre: they are stored on rows, so no release may count them otherwise.
func TestSlotsStayWhereTheyAre(t *testing.T) {
	t.Parallel()
	require.Equal(t, []int{65112, 21781, 31193, 50921}, []int{store.Slot("ACME", "ORDER", "1"), store.Slot("OTHER", "ORDER", "1"), store.Slot("ACME", "ORDER", "ref:1"), store.Slot("ACME", "WAVE", "1")})
	require.Equal(t, []int{0, 0, 1, 255}, []int{store.RangeOf(0), store.RangeOf(255), store.RangeOf(256), store.RangeOf(store.Slots - 1)})
	require.Equal(t, "ref:R", store.RootKey(&workflow.Event{RootRef: "R"}))
	require.Equal(t, "1", store.RootKey(&workflow.Event{RootRef: "R", RootID: "1"}))
}

// names lists events by name.
func names(rows []store.EventRow) (out []string) {
	for _, r := range rows {
		out = append(out, string(r.Account)+" "+r.Event.Name)
	}
	return out
}

// named is an event of an order.
func (s *stand) named(name, order string) *workflow.Event {
	ev := eventOf(s.DB, order)
	ev.Name = name
	return ev
}

func everyRange() (all []int) {
	for i := range store.Ranges {
		all = append(all, i)
	}
	return all
}

// TestEventsWaitInTheirOrder: by urgency, then as they came, those of one statement too, so many of each account; not what is busy, nor of others'
// ranges.
func TestEventsWaitInTheirOrder(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	for _, account := range []string{"ACME", "MIDDLE", "OTHER"} {
		require.NoError(t, s.DB.Write(t.Context(), scopeOf(t, account), func(tx *store.Tx) error {
			low, unknown, scheduled := s.named("low", "1"), s.named("unknown", ""), s.named("scheduled", "1")
			low.Priority, unknown.RootRef, scheduled.ScheduledOn = workflow.Batch, "R", tx.Now().Add(time.Hour)
			wave := s.named("wave", "1")
			wave.RootType = "WAVE"
			tx.AppendEvents(low, s.named("first", "1"), s.named("second", "1"), s.named("third", "1"), s.named("elsewhere", "2"), unknown, scheduled, wave)
			return nil
		}))
	}
	pending := func(q store.QueueQuery) []string {
		found, err := s.DB.PendingEvents(t.Context(), q)
		require.NoError(t, err)
		return names(found)
	}
	require.Equal(t, []string{"ACME first", "ACME second", "MIDDLE first", "MIDDLE second", "OTHER first", "OTHER second"}, pending(store.QueueQuery{Ranges: everyRange(), PerAccount: 2}))
	busy := []string{store.QueueRoot("ACME", "ORDER", "1"), store.QueueRoot("ACME", "ORDER", "ref:R"), store.QueueRoot("MIDDLE", "ORDER", "1"), store.QueueRoot("OTHER", "ORDER", "1"), store.QueueRoot("OTHER", "ORDER", "2")}
	require.Equal(t, []string{"ACME elsewhere", "ACME wave", "MIDDLE elsewhere", "MIDDLE unknown", "MIDDLE wave", "OTHER unknown", "OTHER wave"}, pending(store.QueueQuery{Ranges: everyRange(), PerAccount: 9, SkipRoots: busy}))
	mine := store.RangeOf(store.Slot("ACME", "ORDER", "1"))
	require.Equal(t, []string{"ACME first", "ACME second", "ACME third", "ACME low"}, pending(store.QueueQuery{Ranges: []int{mine}, PerAccount: 9}))
	root, err := s.DB.Reader(s.Scope).PendingOfRoot(t.Context(), "ORDER", "1", 3)
	require.NoError(t, err)
	require.Equal(t, []string{"ACME low", "ACME first", "ACME second"}, names(root), "of one root as they came, whatever their urgency")
	root, err = s.DB.Reader(s.Scope).PendingOfRoot(t.Context(), "ORDER", "2", 9)
	require.NoError(t, err)
	require.Equal(t, []string{"ACME elsewhere"}, names(root))
	root, err = s.DB.Reader(s.Scope).PendingOfRoot(t.Context(), "WAVE", "1", 9)
	require.NoError(t, err)
	require.Equal(t, []string{"ACME wave"}, names(root))
	late, err := s.DB.OverlookedEvents(t.Context(), time.Hour, 9)
	require.NoError(t, err)
	require.Empty(t, late)
	s.SQL("UPDATE events SET received_on = now() - INTERVAL '2 hours' WHERE account_id = 'ACME' AND name IN ('first', 'scheduled')")
	late, err = s.DB.OverlookedEvents(t.Context(), time.Hour, 9)
	require.NoError(t, err)
	require.Equal(t, []string{"ACME first"}, names(late))
}

// TestAnEventWithoutAPriorityIsNotStored: nobody said how urgent it is, so it is not taken for the most urgent.
func TestAnEventWithoutAPriorityIsNotStored(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	for _, p := range []workflow.Priority{0, -1, workflow.Batch + 1} {
		ev := s.named("E", "1")
		ev.Priority = p
		for _, write := range []func(*store.Tx){
			func(tx *store.Tx) { tx.AppendEvents(ev) },
			func(tx *store.Tx) {
				tx.RecordEvents(store.EventRow{Event: *ev, State: store.EventSuccess, TurnID: string(s.DB.NewUUID())})
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
	s := newStand(t)
	var events []*workflow.Event
	for range 5 {
		events = append(events, s.named("E", "1"))
	}
	require.NoError(t, s.DB.Write(t.Context(), s.Scope, func(tx *store.Tx) error { tx.AppendEvents(events...); return nil }))
	for i, stored := range []int{7, 2, 1, 0, -1} {
		s.SQL("UPDATE events SET priority = $1 WHERE id = $2", stored, events[i].ID)
	}
	found, err := s.DB.PendingEvents(t.Context(), store.QueueQuery{Ranges: everyRange(), PerAccount: 9})
	require.NoError(t, err)
	got := map[string]workflow.Priority{}
	for _, row := range found {
		got[row.Event.ID] = row.Event.Priority
	}
	require.Equal(t, map[string]workflow.Priority{events[0].ID: workflow.Batch, events[1].ID: workflow.Integration, events[2].ID: workflow.StoreWork,
		events[3].ID: workflow.Checkout, events[4].ID: workflow.Batch}, got)
}

// TestScheduledEventsComeWhenTheyAreDue, once, to the end of the queue, so many of each account and of one's own ranges.
func TestScheduledEventsComeWhenTheyAreDue(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.EachAccount(func(tx *store.Tx) {
		now, past, due, later := s.named("now", "1"), s.named("past", "1"), s.named("due", "1"), s.named("later", "1")
		now.ScheduledOn, past.ScheduledOn = tx.Now(), tx.Now().Add(-time.Hour)
		due.ScheduledOn, later.ScheduledOn = tx.Now().Add(time.Hour), tx.Now().Add(2*time.Hour)
		tx.AppendEvents(now, past, due, later)
	})
	state := func(state store.EventState) []string {
		found, err := s.DB.Reader(s.Scope).WaitingEvents(t.Context(), state, time.Unix(0, 0), s.DB.Now(t.Context()).Add(time.Hour), 9)
		require.NoError(t, err)
		return slices.Sorted(slices.Values(names(found)))
	}
	require.Equal(t, []string{"ACME now", "ACME past"}, state(store.EventPending))
	require.Equal(t, []string{"ACME due", "ACME later"}, state(store.EventScheduled))
	mine := []int{store.RangeOf(store.Slot("ACME", "ORDER", "1"))}
	release := func(ranges []int, limit int) int {
		found, err := s.DB.ReleaseDue(t.Context(), ranges, limit)
		require.NoError(t, err)
		return len(found)
	}
	require.Zero(t, release(everyRange(), 9), "nothing is due")
	s.SQL("UPDATE events SET due_on = now() - INTERVAL '1 second' * length(name), received_on = now() - INTERVAL '1 day' WHERE state = 'SCHEDULED'")
	require.Equal(t, 1, release(mine, 1))
	require.Equal(t, []string{"ACME later", "ACME now", "ACME past"}, state(store.EventPending), "what is due longest comes first")
	require.Equal(t, 1, release(mine, 9))
	require.Zero(t, release(mine, 9))
	require.Equal(t, []string{"0"}, s.Texts("SELECT count(*)::text FROM events WHERE account_id = 'ACME' AND received_on < now() - INTERVAL '1 hour'"), "who waited for a time joins the queue then")
	require.Equal(t, 2, release(everyRange(), 9), "the other account's, of other ranges")
}

// TestAnEventIsFinishedOnce: not what waits for its time, not what is done, nor another account's event of that id, and all or none.
func TestAnEventIsFinishedOnce(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	one, two, scheduled := s.named("one", "1"), s.named("two", "1"), s.named("scheduled", "1")
	s.EachAccount(func(tx *store.Tx) {
		scheduled.ScheduledOn = tx.Now().Add(time.Hour)
		tx.AppendEvents(one, two, scheduled)
	})
	s.Locked(func(tx *store.Tx) {
		again := *one
		again.Name = "changed"
		tx.AppendEvents(&again)
	})
	finish := func(ids ...string) error {
		return s.DB.WriteLocked(t.Context(), s.Scope, func(tx *store.Tx) error {
			for _, id := range ids {
				tx.FinishEvents(string(s.DB.NewUUID()), store.EventMark{ID: id, State: store.EventFailed, Error: "why"})
			}
			return nil
		})
	}
	require.ErrorIs(t, finish(two.ID, scheduled.ID), store.ErrEventTaken)
	require.ErrorIs(t, finish(two.ID, string(s.DB.NewUUID())), store.ErrEventTaken)
	require.NoError(t, finish(one.ID))
	require.ErrorIs(t, finish(one.ID, two.ID), store.ErrEventTaken)
	require.ErrorIs(t, s.DB.WriteLocked(t.Context(), s.Scope, func(tx *store.Tx) error {
		tx.RecordEvents(store.EventRow{Event: *two, State: store.EventSuccess, TurnID: string(s.DB.NewUUID())})
		return nil
	}), store.ErrEventTaken)
	row, err := s.DB.Reader(s.Scope).Event(t.Context(), one.ID)
	require.NoError(t, err)
	require.Equal(t, []any{"one", store.EventFailed, "why"}, []any{row.Event.Name, row.State, row.Error})
	require.False(t, row.DoneOn.IsZero())
	require.False(t, row.Event.GeneratedOn.IsZero())
	require.Equal(t, []string{"ACME scheduled SCHEDULED", "ACME two PENDING", "OTHER one PENDING", "OTHER scheduled SCHEDULED", "OTHER two PENDING"},
		s.Texts("SELECT concat_ws(' ', account_id, name, state) FROM events WHERE done_on IS NULL ORDER BY 1"))
	at := row.Event.GeneratedOn
	listed := func(from, to time.Time) []string {
		found, err := s.DB.Reader(s.Scope).WaitingEvents(t.Context(), store.EventPending, from, to, 9)
		require.NoError(t, err)
		return names(found)
	}
	s.SQL("UPDATE events SET generated_on = $1", at)
	require.Equal(t, []string{"ACME two"}, listed(at, at), "both ends belong to it")
	require.Empty(t, listed(at.Add(time.Microsecond), at.Add(time.Hour)))
	require.Empty(t, listed(at.Add(-time.Hour), at.Add(-time.Microsecond)))
	newer := s.named("newer", "1")
	newer.GeneratedOn = at.Add(time.Second)
	s.Locked(func(tx *store.Tx) { tx.AppendEvents(newer) })
	require.Equal(t, []string{"ACME newer", "ACME two"}, listed(at, at.Add(time.Hour)), "the newest first")
	theirs, err := s.DB.Reader(scopeOf(t, "OTHER")).Event(t.Context(), newer.ID)
	require.NoError(t, err)
	require.Nil(t, theirs, "another account's event is none")
}

// leases of a node as others see them.
func ownersOf(t *testing.T, db *store.DB, node string, ranges ...int) (out []store.Lease) {
	t.Helper()
	_, all, err := db.Heartbeat(t.Context(), node, time.Minute)
	require.NoError(t, err)
	for _, r := range ranges {
		out = append(out, all[r])
	}
	return out
}

// TestARangeIsTakenOnlyWhenItIsFree: run out, given back, its taker's own, or leased for longer than anybody leases.
func TestARangeIsTakenOnlyWhenItIsFree(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	take := func(node string, own bool, ranges ...int) []int {
		taken, err := s.DB.TakeRanges(t.Context(), node, ranges, time.Minute, own)
		require.NoError(t, err)
		return slices.Sorted(maps.Keys(taken))
	}
	require.Equal(t, []int{1, 2}, take("n1", false, 1, 2))
	require.Equal(t, []int{3}, take("n2", true, 1, 2, 3), "what another one holds is not free")
	until := s.Texts("SELECT expires_on::text FROM slot_expiries WHERE range_id = 1")
	require.Empty(t, take("n2", false, 1))
	require.Equal(t, until, s.Texts("SELECT expires_on::text FROM slot_expiries WHERE range_id = 1"), "nor made longer by who tries")
	require.Empty(t, take("n1", false, 1), "nor one's own, but for a process that starts")
	require.Equal(t, []int{1}, take("n1", true, 1))
	require.Equal(t, []store.Lease{{Range: 1, Epoch: 2, Owner: "n1"}, {Range: 2, Epoch: 1, Owner: "n1"}, {Range: 3, Epoch: 1, Owner: "n2"}, {Range: 4, Expired: true}}, ownersOf(t, s.DB, "n1", 1, 2, 3, 4))

	until = s.Texts("SELECT expires_on::text FROM slot_expiries WHERE range_id IN (2, 3) ORDER BY range_id")
	ownersOf(t, s.DB, "n1")
	renewed := s.Texts("SELECT expires_on::text FROM slot_expiries WHERE range_id IN (2, 3) ORDER BY range_id")
	require.NotEqual(t, until[0], renewed[0])
	require.Equal(t, until[1], renewed[1], "each renews its own")
	require.NoError(t, s.DB.ReleaseRanges(t.Context(), "n2", []int{1}, false))
	require.Empty(t, take("n2", false, 1), "nobody gives back what is another's")
	s.SQL("UPDATE slot_expiries SET expires_on = now() - INTERVAL '1 second' WHERE range_id IN (1, 3)")
	require.True(t, ownersOf(t, s.DB, "n1", 1)[0].Expired, "what ran out is not renewed: another one may have it by now")
	require.True(t, ownersOf(t, s.DB, "n1", 3)[0].Expired, "nor does one renew another's")
	require.False(t, ownersOf(t, s.DB, "n1", 2)[0].Expired)
	require.Equal(t, []int{1}, take("n2", false, 1, 2))
	s.SQL("UPDATE slot_expiries SET expires_on = now() + INTERVAL '1 day' WHERE range_id = 2")
	require.Equal(t, []int{2}, take("n2", false, 2), "a lease from before the clock was set back")

	nodes, _, err := s.DB.Heartbeat(t.Context(), "n2", time.Minute)
	require.NoError(t, err)
	require.Equal(t, []string{"n1", "n2"}, nodes)
	s.SQL("INSERT INTO engine_nodes (node_id, expires_on) VALUES ('ahead', now() + INTERVAL '1 day'), ('dead', now() - INTERVAL '1 second'), ('long dead', now() - INTERVAL '2 hours')")
	require.NoError(t, s.DB.ReleaseRanges(t.Context(), "n1", nil, true))
	nodes, _, err = s.DB.Heartbeat(t.Context(), "n2", time.Minute)
	require.NoError(t, err)
	require.Equal(t, []string{"n2"}, nodes)
	require.Equal(t, []string{"ahead", "dead", "n1", "n2"}, s.Texts("SELECT node_id FROM engine_nodes ORDER BY 1"))
}

func eventOf(db *store.DB, order string) *workflow.Event {
	return &workflow.Event{ID: string(db.NewUUID()), Name: "Go", RetailerID: 1, EntityType: "ORDER", EntityID: order, RootType: "ORDER", RootID: order, Priority: workflow.Checkout}
}
