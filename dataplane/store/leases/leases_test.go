package leases_test

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/leases"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/security"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
)

// roleNamed queues something for a commit to write.
func roleNamed(tx *store.Tx, id, name string) {
	r := &security.Role{Name: name}
	r.ID = catalogue.ID(id)
	tx.Insert(r)
}

// leases of a node as others see them.
func ownersOf(t *testing.T, db *store.DB, node string, ranges ...int) (out []leases.Lease) {
	t.Helper()
	_, all, err := leases.Of(db).Heartbeat(t.Context(), node, time.Minute)
	require.NoError(t, err)
	for _, r := range ranges {
		out = append(out, all[r])
	}
	return out
}

// TestARangeIsTakenOnlyWhenItIsFree: run out, given back, its taker's own, or leased for longer than anybody leases.
func TestARangeIsTakenOnlyWhenItIsFree(t *testing.T) {
	t.Parallel()
	s := storetest.NewStand(t, dbtest.Template)
	take := func(node string, own bool, ranges ...int) []int {
		taken, err := leases.Of(s.DB).TakeRanges(t.Context(), node, ranges, time.Minute, own)
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
	require.Equal(t, []leases.Lease{{Range: 1, Epoch: 2, Owner: "n1"}, {Range: 2, Epoch: 1, Owner: "n1"}, {Range: 3, Epoch: 1, Owner: "n2"}, {Range: 4, Expired: true}}, ownersOf(t, s.DB, "n1", 1, 2, 3, 4))

	until = s.Texts("SELECT expires_on::text FROM slot_expiries WHERE range_id IN (2, 3) ORDER BY range_id")
	ownersOf(t, s.DB, "n1")
	renewed := s.Texts("SELECT expires_on::text FROM slot_expiries WHERE range_id IN (2, 3) ORDER BY range_id")
	require.NotEqual(t, until[0], renewed[0])
	require.Equal(t, until[1], renewed[1], "each renews its own")
	require.NoError(t, leases.Of(s.DB).ReleaseRanges(t.Context(), "n2", []int{1}, false))
	require.Empty(t, take("n2", false, 1), "nobody gives back what is another's")
	s.SQL("UPDATE slot_expiries SET expires_on = now() - INTERVAL '1 second' WHERE range_id IN (1, 3)")
	require.True(t, ownersOf(t, s.DB, "n1", 1)[0].Expired, "what ran out is not renewed: another one may have it by now")
	require.True(t, ownersOf(t, s.DB, "n1", 3)[0].Expired, "nor does one renew another's")
	require.False(t, ownersOf(t, s.DB, "n1", 2)[0].Expired)
	require.Equal(t, []int{1}, take("n2", false, 1, 2))
	s.SQL("UPDATE slot_expiries SET expires_on = now() + INTERVAL '1 day' WHERE range_id = 2")
	require.Equal(t, []int{2}, take("n2", false, 2), "a lease from before the clock was set back")

	nodes, _, err := leases.Of(s.DB).Heartbeat(t.Context(), "n2", time.Minute)
	require.NoError(t, err)
	require.Equal(t, []string{"n1", "n2"}, nodes)
	s.SQL("INSERT INTO engine_nodes (node_id, expires_on) VALUES ('ahead', now() + INTERVAL '1 day'), ('dead', now() - INTERVAL '1 second'), ('long dead', now() - INTERVAL '2 hours')")
	require.NoError(t, leases.Of(s.DB).ReleaseRanges(t.Context(), "n1", nil, true))
	nodes, _, err = leases.Of(s.DB).Heartbeat(t.Context(), "n2", time.Minute)
	require.NoError(t, err)
	require.Equal(t, []string{"n2"}, nodes)
	require.Equal(t, []string{"ahead", "dead", "n1", "n2"}, s.Texts("SELECT node_id FROM engine_nodes ORDER BY 1"))
}

// lease lets a node take a range.
func lease(t *testing.T, db *store.DB, node string, rangeID int) leases.Epoch {
	t.Helper()
	taken, err := leases.Of(db).TakeRanges(t.Context(), node, []int{rangeID}, time.Minute, false)
	require.NoError(t, err)
	require.Len(t, taken, 1)
	return taken[rangeID]
}

// TestATakeoverWaitsForCommitsThatItsFenceHasPassed: FOR SHARE of the fence. Commits of one owner do not wait for each other.
func TestATakeoverWaitsForCommitsThatItsFenceHasPassed(t *testing.T) {
	t.Parallel()
	s := storetest.NewStand(t, dbtest.Template)
	other := storetest.Open(t, s.DSN, store.Options{})
	epoch := lease(t, s.DB, "n1", 3)
	commit := func(id string) error {
		return s.DB.WriteLocked(t.Context(), s.Scope, func(tx *store.Tx) error { leases.Fence(tx, 3, epoch); roleNamed(tx, id, id); return nil })
	}
	stop := s.Hooks.Stop(storetest.At{Point: store.Sent, Statement: "leases.fence"})
	first := storetest.Go(func() error { return commit("1") })
	stop.Arrived()
	require.NoError(t, storetest.Go(func() error { return commit("2") }).Passes(t, s.DSN), "a second commit passes the fence beside the first")
	require.NoError(t, leases.Of(s.DB).ReleaseRanges(t.Context(), "n1", []int{3}, false))
	var taken map[int]leases.Epoch
	takeover := storetest.Go(func() (err error) {
		taken, err = leases.Of(other).TakeRanges(context.Background(), "n2", []int{3}, time.Minute, false)
		return err
	})
	takeover.Blocked(t, s.DSN)
	stop.Release()
	require.NoError(t, first.Wait())
	require.NoError(t, takeover.Wait())
	require.Equal(t, map[int]leases.Epoch{3: epoch + 1}, taken)
	require.Equal(t, epoch, lease(t, s.DB, "n1", 4), "what is left of the old epoch is another range's")
	require.ErrorIs(t, commit("3"), leases.ErrFenced)
	require.ErrorIs(t, s.DB.WriteLocked(t.Context(), s.Scope, func(tx *store.Tx) error { leases.Fence(tx, 3, epoch+2); return nil }), leases.ErrFenced, "one that never was")
	require.False(t, slices.Contains(s.Texts("SELECT id::text FROM roles"), "3"), "the COMMIT in the same trip came to nothing")
	require.True(t, slices.Contains(s.Texts("SELECT id::text FROM roles"), "1"))
}

// TestACommitWaitsForATakeoverThatWasFirst and is fenced.
func TestACommitWaitsForATakeoverThatWasFirst(t *testing.T) {
	t.Parallel()
	s := storetest.NewStand(t, dbtest.Template)
	other := storetest.Open(t, s.DSN, store.Options{Hook: s.Hooks.Hook})
	epoch := lease(t, s.DB, "n1", 3)
	require.NoError(t, leases.Of(s.DB).ReleaseRanges(t.Context(), "n1", []int{3}, false))
	stop := s.Hooks.Stop(storetest.At{Point: store.Sent, Statement: "leases.take"})
	takeover := storetest.Go(func() error {
		_, err := leases.Of(other).TakeRanges(context.Background(), "n2", []int{3}, time.Minute, false)
		return err
	})
	stop.Arrived()
	commit := storetest.Go(func() error {
		return s.DB.WriteLocked(t.Context(), s.Scope, func(tx *store.Tx) error { leases.Fence(tx, 3, epoch); roleNamed(tx, "1", "1"); return nil })
	})
	commit.Blocked(t, s.DSN)
	stop.Release()
	require.NoError(t, takeover.Wait())
	require.ErrorIs(t, commit.Wait(), leases.ErrFenced)
	require.False(t, slices.Contains(s.Texts("SELECT id::text FROM roles"), "1"))
}

// TestWhoKeepsChanges: nodes of the build before beat without saying so, and what is known of them outlasts their rows, and their successors of the same name.
func TestWhoKeepsChanges(t *testing.T) {
	t.Parallel()
	s := storetest.NewStand(t, dbtest.Template)
	table := leases.Of(s.DB)
	beat := func(node string) {
		_, _, err := table.Heartbeat(t.Context(), node, time.Minute)
		require.NoError(t, err)
	}
	// What the build before sends.
	old := func(node, expires string) {
		s.SQL(`INSERT INTO engine_nodes (node_id, expires_on) VALUES ($1, now() + $2::TEXT::INTERVAL) ON CONFLICT (node_id) DO UPDATE SET expires_on = excluded.expires_on`, node, expires)
	}
	since := func() (time.Time, bool) {
		at, kept, err := s.DB.KeptSince(t.Context())
		require.NoError(t, err)
		return at, kept
	}
	beat("n1")
	beat("n1")
	at, kept := since()
	require.True(t, kept)
	require.Equal(t, time.Unix(0, 0).UTC(), at, "there never was another build")

	old("n1", "6 seconds")
	_, kept = since()
	require.False(t, kept, "n1 went back a build, and its row says so though it set nothing else")
	beat("n1")
	beat("n1")
	_, kept = since()
	require.False(t, kept, "and forth again: what the other build has done may still be under way")
	require.NoError(t, table.ReleaseRanges(t.Context(), "n1", nil, true))
	_, kept = since()
	require.False(t, kept)

	s.SQL(`UPDATE engine_nodes SET older_until = now() - INTERVAL '3 hours', expires_on = now() - INTERVAL '2 hours', keeps_until = now() - INTERVAL '2 hours'`)
	old("o1", "-150 minutes")
	old("ahead", "1 day")
	before, kept := since()
	require.True(t, kept, "minutes after the last one of the other build")
	beat("n2")
	require.Equal(t, []string{"ahead", "n2", "o1"}, s.Texts("SELECT node_id FROM engine_nodes ORDER BY 1"), "all are forgotten but who tells of the other build")
	after, _ := since()
	require.Equal(t, before, after)
	old("o1", "-2 minutes")
	later, kept := since()
	require.True(t, kept)
	require.Greater(t, later, before, "each time that a node of the other build was there, all begins anew")
}
