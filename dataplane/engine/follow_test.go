package engine_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine/history"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	trailstore "github.com/fluent-oms/fluent/dataplane/store/trails"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// follower is a client who asks from the last time that it saw.
type follower struct {
	*bench
	log   *history.Log
	query history.Query
	seen  map[string]string // the status that an item had, by id
}

func (b *bench) follower(log *history.Log, q history.Query) *follower {
	q.Count = history.MaxCount
	q.From = b.db.Now(b.ctx).Add(-time.Hour)
	return &follower{bench: b, log: log, query: q, seen: map[string]string{}}
}

func (f *follower) read() {
	f.t.Helper()
	page, err := f.log.Search(f.ctx, f.scope, f.query)
	require.NoError(f.t, err)
	require.False(f.t, page.HasMore)
	for i := range page.Results {
		it := &page.Results[i]
		if f.seen[it.ID] = it.EventStatus; it.GeneratedOn.After(f.query.From) {
			f.query.From = it.GeneratedOn.Time
		}
	}
}

// TestWhoFollowsTheEventLogMissesNothingOfWhatCommitsLate: a turn's commit is held up, before and after its times are drawn, and so is that of an event
// that a caller sends. Others that began later are committed and read. A follower who asks from the last time that it saw gets all of them.
func TestWhoFollowsTheEventLogMissesNothingOfWhatCommitsLate(t *testing.T) {
	t.Parallel()
	for name, point := range map[string]store.Point{"before": store.Decided, "after": store.Committing} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.cascade()
			hooks, hooked := b.hooked()
			e := b.new("n1", hooked)
			b.run(e)
			list := b.orders(b.scope, 4)
			log := history.NewLog(b.db)
			f, quick := b.follower(log, history.Query{}), b.follower(log, history.Query{EventStatus: "SUCCESS", EventType: "ORCHESTRATION"})
			for _, send := range []func(ev *workflow.Event) error{
				func(ev *workflow.Event) error { _, err := e.RunOnce(b.ctx, b.scope, ev, repeats.Request{}); return err },
				func(ev *workflow.Event) error {
					ev.ScheduledOn = time.Now().Add(time.Hour)
					return e.Submit(b.ctx, b.scope, ev)
				},
			} {
				late := event(list[0], "CREATE")
				held := hooks.Stop(storetest.At{Point: point, Account: "ACME"})
				slow := storetest.Go(func() error { return send(late) })
				held.Arrived()
				_, err := e.RunOnce(b.ctx, b.scope, event(list[1], "CREATE"), repeats.Request{})
				require.NoError(t, err)
				f.read()
				quick.read()
				held.Release()
				require.NoError(t, slow.Wait())
				list = list[2:]
			}
			whole, err := log.Search(b.ctx, b.scope, history.Query{Count: history.MaxCount})
			require.NoError(t, err)
			ran := 0
			for _, it := range whole.Results {
				if it.Type == "ORCHESTRATION" && it.EventStatus == "SUCCESS" {
					ran++
				}
			}
			require.Greater(t, ran, 6)
			require.Eventually(t, func() bool {
				f.read()
				quick.read()
				return len(f.seen) >= len(whole.Results) && len(quick.seen) >= ran
			}, time.Minute, 100*time.Millisecond)
			for _, it := range whole.Results {
				require.Equal(t, it.EventStatus, f.seen[it.ID])
			}
		})
	}
}

// TestItemsSaySinceWhenTheyAreThere: all that a turn writes is as of its commit, however long ago it began, but for the event that waited for it.
func TestItemsSaySinceWhenTheyAreThere(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.cascade()
	hooks, hooked := b.hooked()
	e := b.new("n1", hooked)
	b.run(e)
	held := hooks.Stop(storetest.At{Point: store.Decided, Account: "ACME"})
	done := storetest.Go(func() error {
		_, err := e.RunOnce(b.ctx, b.scope, event(b.orders(b.scope, 1)[0], "CREATE"), repeats.Request{})
		return err
	})
	held.Arrived()
	held.Release()
	require.NoError(t, done.Wait())
	page, err := history.NewLog(b.db).Search(b.ctx, b.scope, history.Query{})
	require.NoError(t, err)
	require.Greater(t, page.Count, 5)
	rows, err := trailstore.List(b.ctx, b.db.Reader(b.scope), trailstore.Query{RootType: "ORDER", RootID: page.Results[0].Context.RootEntityID, To: time.Now().Add(time.Hour), Limit: 9})
	require.NoError(t, err)
	require.Len(t, rows, 1)
	turn, err := history.Decode(&rows[0])
	require.NoError(t, err)
	require.True(t, turn.At.Before(rows[0].GeneratedOn))
	for _, it := range page.Results {
		require.Equal(t, rows[0].GeneratedOn, it.GeneratedOn.Time, "%+v", it)
	}
}

// TestAFollowerSeesNothingThatIsYoung: what is younger than the horizon comes with a later search, in which nothing has appeared before it. Who does not
// follow, or asks for one event, sees it at once; who asks for all up to a time, too.
func TestAFollowerSeesNothingThatIsYoung(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	log, now := history.NewLog(b.db), b.db.Now(b.ctx)
	storetest.HoldHorizon(t, b.dsn, 10*time.Minute)
	ids := map[string]string{}
	trail := func(name string, generated, ran time.Duration) {
		ids[name] = history.TurnOf(string(b.db.NewUUID()))
		row, err := history.Encode(&history.Trail{TurnID: ids[name], RetailerID: 1, At: now.Add(-ran), RootType: "ORDER", RootID: "7", Events: []*history.Event{
			{ID: ids[name], Name: name, Type: "NORMAL", EntityType: "ORDER", EntityID: "7", State: "FAILED", GeneratedOn: now.Add(-generated)}}})
		require.NoError(t, err)
		require.NoError(t, b.db.Write(b.ctx, b.scope, func(tx *store.Tx) error { trailstore.Add(tx, row); return nil }))
	}
	waits := func(name string, generated time.Duration) {
		w := &workflow.Event{ID: string(b.db.NewUUID()), Name: name, EntityType: "ORDER", EntityID: "7", RootType: "ORDER", RootID: "7", RetailerID: 1, GeneratedOn: now.Add(-generated), Priority: workflow.StoreWork}
		require.NoError(t, b.db.Write(b.ctx, b.scope, func(tx *store.Tx) error { eventstore.Append(tx, w); return nil }))
	}
	trail("old", 31*time.Minute, 30*time.Minute)
	trail("ran late", 21*time.Minute, 5*time.Minute)
	trail("young", 4*time.Minute, 4*time.Minute)
	waits("waits", 20*time.Minute)
	waits("came late", 3*time.Minute)
	names := func(q history.Query) (out []string) {
		q.EventType = "ORCHESTRATION"
		page, err := log.Search(b.ctx, b.scope, q)
		require.NoError(t, err)
		for _, it := range page.Results {
			out = append(out, it.Name)
		}
		return out
	}
	all := []string{"came late", "young", "waits", "ran late", "old"}
	from := now.Add(-25 * time.Minute)
	require.Equal(t, all, names(history.Query{}))
	require.Equal(t, []string{"waits"}, names(history.Query{From: from}), "what ran late was seen when it came; what it has become is young")
	require.Equal(t, []string{"young"}, names(history.Query{From: from, EventID: ids["young"]}))
	b.sql("DELETE FROM long_writes")
	require.Equal(t, all[:4], names(history.Query{From: from}))
	require.Equal(t, all[1:2], names(history.Query{From: now.Add(-4*time.Minute - time.Second), EventStatus: "FAILED", To: now.Add(-time.Minute)}), "that were generated then")
	require.Equal(t, []string{"young", "ran late"}, names(history.Query{From: now.Add(-5*time.Minute - time.Second), EventStatus: "FAILED"}), "that failed since then")
	until := b.db.Now(b.ctx)
	require.Equal(t, all[:4], names(history.Query{From: from, To: until}))
	require.False(t, b.db.Now(b.ctx).Before(until.Add(store.Horizon)), "all up to then was there")
}

// TestAFollowerIsToldWhenNotAllWasLookedAt, for what it goes on from would leave the rest out; others get what was found.
func TestAFollowerIsToldWhenNotAllWasLookedAt(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.sql(`INSERT INTO events (account_id, id, slot, state, priority, received_on, generated_on, retailer_id, name, type, entity_type, entity_id, entity_ref, root_type, root_id, root_ref, detail)
		SELECT 'ACME', gen_random_uuid(), 1, 'PENDING', 1, now(), now() - INTERVAL '1 minute', 1, 'Many', 'NORMAL', 'ORDER', '7', '', 'ORDER', '7', '', '{}' FROM generate_series(1, 20000)`)
	log := history.NewLog(b.db)
	from := b.db.Now(b.ctx).Add(-time.Hour)
	_, err := log.Search(b.ctx, b.scope, history.Query{From: from, Name: "Few"})
	require.True(t, fault.Is(err, fault.TooLarge), "%v", err)
	require.Equal(t, "from", fault.Of(err).Field)
	page, err := log.Search(b.ctx, b.scope, history.Query{Name: "Few"})
	require.NoError(t, err)
	require.Zero(t, page.Count)
	page, err = log.Search(b.ctx, b.scope, history.Query{From: from, Name: "Many", Start: 2990, Count: 20})
	require.NoError(t, err)
	require.Equal(t, 20, page.Count, "pages go on as far as they are asked for")
}
