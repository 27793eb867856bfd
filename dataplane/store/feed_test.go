package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/security"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
)

// feeder follows an account's feed.
type feeder struct {
	*storetest.Stand
	place store.FeedPlace
	seen  time.Time
}

func follow(s *storetest.Stand) *feeder {
	s.T.Helper()
	place, seen, err := s.DB.Reader(s.Scope).FeedEnd(s.T.Context())
	require.NoError(s.T, err)
	return &feeder{s, place, seen}
}

// role writes a role.
func role(db *store.DB, s *storetest.Stand, id string) error {
	return db.WriteLocked(context.Background(), s.Scope, func(tx *store.Tx) error {
		r := &security.Role{Name: "R" + id}
		r.ID = catalogue.ID(id)
		tx.Insert(r)
		return nil
	})
}

// older makes all that was told up to now as old as the horizon.
func (f *feeder) older() {
	f.SQL("UPDATE changes SET at = at - INTERVAL '3 seconds' WHERE at > now() - INTERVAL '2500 milliseconds'")
}

// read goes on, and returns the ids that it finds.
func (f *feeder) read(limit int) (ids []catalogue.ID, page *store.FeedPage) {
	f.T.Helper()
	page, err := f.DB.Reader(f.Scope).Feed(f.T.Context(), f.place, f.seen, limit)
	require.NoError(f.T, err)
	for _, row := range page.Rows {
		for _, c := range row.Changes {
			ids = append(ids, c.IDs...)
		}
		f.place = store.FeedPlace{At: row.At, ID: row.ID, Read: store.AllRead}
	}
	if page.Lost == "" {
		f.seen = page.Seen
	}
	return ids, page
}

// TestAFeedTellsWhatIsOldEnough, in order, a page after the other, and nothing of another account.
func TestAFeedTellsWhatIsOldEnough(t *testing.T) {
	t.Parallel()
	s := storetest.NewStand(t, dbtest.Template)
	f := follow(s)
	for _, id := range []string{"1", "2", "3"} {
		require.NoError(t, role(s.DB, s, id))
	}
	s.SQL("INSERT INTO changes (account_id, at, id, body) SELECT 'OTHER', at, id, body FROM changes WHERE account_id = 'ACME'")
	ids, page := f.read(2)
	require.Empty(t, ids, "what is younger than the horizon may have something before it")
	require.False(t, page.More)
	f.older()
	ids, page = f.read(2)
	require.Equal(t, []catalogue.ID{"1", "2"}, ids)
	require.True(t, page.More)
	ids, page = f.read(2)
	require.Equal(t, []catalogue.ID{"3"}, ids)
	require.False(t, page.More)
	ids, _ = f.read(2)
	require.Empty(t, ids)
	require.Equal(t, store.AllRead, follow(s).place.Read)
	require.Equal(t, f.place, follow(s).place, "now is behind the last one")
}

// TestNobodyPassesACommitThatIsUnderWay: it has told, and is not committed.
func TestNobodyPassesACommitThatIsUnderWay(t *testing.T) {
	t.Parallel()
	s := storetest.NewStand(t, dbtest.Template)
	other := storetest.Open(t, s.DSN, store.Options{})
	f := follow(s)
	stop := s.Hooks.Stop(storetest.At{Point: store.Committing})
	held := storetest.Go(func() error { return role(s.DB, s, "1") })
	stop.Arrived()
	require.NoError(t, role(other, s, "2"))
	ids, _ := f.read(10)
	require.Empty(t, ids, "the second is there, and the first may come before it")
	stop.Release()
	require.NoError(t, held.Wait())
	f.older()
	ids, _ = f.read(10)
	require.Equal(t, []catalogue.ID{"1", "2"}, ids)
}

// TestTheLaterOfTwoTellsLater, though its key was drawn before the other's commit, and by a clock that is behind.
func TestTheLaterOfTwoTellsLater(t *testing.T) {
	t.Parallel()
	s := storetest.NewStand(t, dbtest.Template)
	require.NoError(t, role(s.DB, s, "1"))
	behind := storetest.Open(t, s.DSN, store.Options{})
	change := func(db *store.DB, id string) error {
		return db.WriteLocked(context.Background(), s.Scope, func(tx *store.Tx) error {
			r := &security.Role{Name: "R1"}
			r.ID = "1"
			tx.Update(r)
			more := &security.Role{Name: "R" + id}
			more.ID = catalogue.ID(id)
			tx.Insert(more)
			return nil
		})
	}
	stop := s.Hooks.Stop(storetest.At{Point: store.Sending, Statement: "roles.update"})
	late := storetest.Go(func() error { return change(s.DB, "7") })
	stop.Arrived() // its key is drawn
	require.NoError(t, change(behind, "8"))
	stop.Release()
	require.NoError(t, late.Wait())
	f := &feeder{s, store.FeedPlace{At: time.Unix(0, 0), ID: "00000000-0000-0000-0000-000000000000", Read: store.AllRead}, s.DB.Now(t.Context())}
	f.older()
	ids, _ := f.read(10)
	require.Equal(t, []catalogue.ID{"1", "8", "1", "7", "1"}, ids, "the root by its lock, not by when keys were drawn")
}

// TestAReaderIsToldWhatItLost, with the reason, and never nothing.
func TestAReaderIsToldWhatItLost(t *testing.T) {
	t.Parallel()
	s := storetest.NewStand(t, dbtest.Template)
	for _, id := range []string{"1", "2", "3"} {
		require.NoError(t, role(s.DB, s, id))
	}
	f := follow(s)
	f.older()
	_, _ = f.read(1)
	at := *f
	lost := func(from feeder) store.Lost {
		_, page := from.read(10)
		return page.Lost
	}
	require.Empty(t, lost(at))
	s.SQL("INSERT INTO changes (account_id, at, id, body) VALUES ('OTHER', now() - INTERVAL '1 day', gen_random_uuid(), '')") // which says nothing here
	s.SQL("DELETE FROM changes WHERE account_id = 'ACME' AND at <= $1", at.place.At)
	require.Equal(t, store.LostExpired, lost(at), "the oldest go first, so more may be gone")

	f = follow(s)
	s.SQL("DELETE FROM changes WHERE at = $1", f.place.At)
	require.Equal(t, store.LostRestored, lost(*f), "the place was in a history that the database does not have: an older backup")
	ahead := *follow(s)
	ahead.seen = s.DB.Now(t.Context()).Add(time.Minute)
	require.Equal(t, store.LostClock, lost(ahead))

	f = follow(s)
	s.SQL("INSERT INTO engine_nodes (node_id, expires_on) VALUES ('old', now() + INTERVAL '6 seconds')")
	_, err := s.DB.Reader(s.Scope).Feed(t.Context(), f.place, f.seen, 1)
	require.Equal(t, fault.Unavailable, fault.Of(err).Kind, "a node of the build before is at work")
	_, _, err = s.DB.Reader(s.Scope).FeedEnd(t.Context())
	require.Equal(t, fault.Unavailable, fault.Of(err).Kind)
	f.seen = f.seen.Add(-10 * time.Minute)
	s.SQL("UPDATE engine_nodes SET expires_on = now() - INTERVAL '5 minutes'")
	require.Equal(t, store.LostOlder, lost(*f))
	require.Empty(t, lost(*follow(s)), "who begins now follows")
}

// TestAFeedThatIsEmptyHasAPlace, behind which all that is under way will be.
func TestAFeedThatIsEmptyHasAPlace(t *testing.T) {
	t.Parallel()
	s := storetest.NewStand(t, dbtest.Template)
	stop := s.Hooks.Stop(storetest.At{Point: store.Committing})
	held := storetest.Go(func() error { return role(s.DB, s, "1") })
	stop.Arrived()
	other := storetest.Open(t, s.DSN, store.Options{})
	place, seen, err := other.Reader(s.Scope).FeedEnd(t.Context())
	require.NoError(t, err)
	stop.Release()
	require.NoError(t, held.Wait())
	f := &feeder{s, place, seen}
	s.SQL("UPDATE changes SET at = at - INTERVAL '3 seconds' WHERE length(body) > 0")
	ids, _ := f.read(10)
	require.Equal(t, []catalogue.ID{"1"}, ids)
}

// TestNobodyPassesALargeWriteThatIsUnderWay: while one is announced the feed ends where it began, for who reads on and for who begins.
func TestNobodyPassesALargeWriteThatIsUnderWay(t *testing.T) {
	t.Parallel()
	s := storetest.NewStand(t, dbtest.Template)
	f := follow(s)
	require.NoError(t, role(s.DB, s, "1"))
	f.older()
	storetest.HoldHorizon(t, s.DSN, 10*time.Second)
	ids, page := f.read(10)
	require.Empty(t, ids, "what is announced may tell something before it")
	require.True(t, page.Seen.Before(s.DB.Now(t.Context()).Add(-9*time.Second)), "nor was all of it seen")
	begins := follow(s)
	require.Equal(t, f.place, begins.place)
	s.SQL("DELETE FROM long_writes")
	for _, reader := range []*feeder{f, begins} {
		ids, _ = reader.read(10)
		require.Equal(t, []catalogue.ID{"1"}, ids)
	}
}

// TestANodeThatWentBackABuildEndsTheFeed: it renews its lease and says nothing of what it keeps, so what it said before that is no more so.
func TestANodeThatWentBackABuildEndsTheFeed(t *testing.T) {
	t.Parallel()
	s := storetest.NewStand(t, dbtest.Template)
	f := follow(s)
	s.SQL("INSERT INTO engine_nodes (node_id, expires_on, keeps, keeps_until) SELECT 'one', k.at, 1, k.at FROM (SELECT now() + INTERVAL '6 seconds' AS at) k")
	_, page := f.read(1)
	require.Empty(t, page.Lost)
	s.SQL("UPDATE engine_nodes SET expires_on = expires_on + INTERVAL '2 seconds'")
	_, err := s.DB.Reader(s.Scope).Feed(t.Context(), f.place, f.seen, 1)
	require.Equal(t, fault.Unavailable, fault.Of(err).Kind)
	_, kept, err := s.DB.KeptSince(t.Context())
	require.NoError(t, err)
	require.False(t, kept)
}
