package store_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
)

// Each lock of the store has a test here in which two transactions meet, and where several rows are locked, one of their order.

// lease lets a node take a range.
func lease(t *testing.T, db *store.DB, node string, rangeID int) store.Epoch {
	t.Helper()
	taken, err := db.TakeRanges(t.Context(), node, []int{rangeID}, time.Minute, false)
	require.NoError(t, err)
	require.Len(t, taken, 1)
	return taken[rangeID]
}

// TestATakeoverWaitsForCommitsThatItsFenceHasPassed: FOR SHARE of the fence. Commits of one owner do not wait for each other.
func TestATakeoverWaitsForCommitsThatItsFenceHasPassed(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	other := open(t, s.DSN, store.Options{})
	epoch := lease(t, s.DB, "n1", 3)
	commit := func(id string) error {
		return s.DB.WriteLocked(t.Context(), s.Scope, func(tx *store.Tx) error { tx.Fence(3, epoch); roleNamed(tx, id, id); return nil })
	}
	stop := s.Hooks.Stop(storetest.At{Point: store.Sent, Statement: "leases.fence"})
	first := storetest.Go(func() error { return commit("1") })
	stop.Arrived()
	require.NoError(t, storetest.Go(func() error { return commit("2") }).Passes(t, s.DSN), "a second commit passes the fence beside the first")
	require.NoError(t, s.DB.ReleaseRanges(t.Context(), "n1", []int{3}, false))
	var taken map[int]store.Epoch
	takeover := storetest.Go(func() (err error) {
		taken, err = other.TakeRanges(context.Background(), "n2", []int{3}, time.Minute, false)
		return err
	})
	takeover.Blocked(t, s.DSN)
	stop.Release()
	require.NoError(t, first.Wait())
	require.NoError(t, takeover.Wait())
	require.Equal(t, map[int]store.Epoch{3: epoch + 1}, taken)
	require.Equal(t, epoch, lease(t, s.DB, "n1", 4), "what is left of the old epoch is another range's")
	require.ErrorIs(t, commit("3"), store.ErrFenced)
	require.ErrorIs(t, s.DB.WriteLocked(t.Context(), s.Scope, func(tx *store.Tx) error { tx.Fence(3, epoch+2); return nil }), store.ErrFenced, "one that never was")
	require.False(t, hasRole(t, s.DB, "ACME", "3"), "the COMMIT in the same trip came to nothing")
	require.True(t, hasRole(t, s.DB, "ACME", "1"))
}

// TestACommitWaitsForATakeoverThatWasFirst and is fenced.
func TestACommitWaitsForATakeoverThatWasFirst(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	other := open(t, s.DSN, store.Options{Hook: s.Hooks.Hook})
	epoch := lease(t, s.DB, "n1", 3)
	require.NoError(t, s.DB.ReleaseRanges(t.Context(), "n1", []int{3}, false))
	stop := s.Hooks.Stop(storetest.At{Point: store.Sent, Statement: "leases.take"})
	takeover := storetest.Go(func() error {
		_, err := other.TakeRanges(context.Background(), "n2", []int{3}, time.Minute, false)
		return err
	})
	stop.Arrived()
	commit := storetest.Go(func() error {
		return s.DB.WriteLocked(t.Context(), s.Scope, func(tx *store.Tx) error { tx.Fence(3, epoch); roleNamed(tx, "1", "1"); return nil })
	})
	commit.Blocked(t, s.DSN)
	stop.Release()
	require.NoError(t, takeover.Wait())
	require.ErrorIs(t, commit.Wait(), store.ErrFenced)
	require.False(t, hasRole(t, s.DB, "ACME", "1"))
}

// networks writes networks with the ids, the last one first.
func (s *stand) networks(ids ...catalogue.ID) map[catalogue.ID]*foundation.Network {
	s.T.Helper()
	made := map[catalogue.ID]*foundation.Network{}
	for _, account := range []string{"ACME", "OTHER"} {
		require.NoError(s.T, s.DB.Write(s.T.Context(), scopeOf(s.T, account), func(tx *store.Tx) error {
			for _, id := range slices.Backward(ids) {
				n := &foundation.Network{Ref: string(id)}
				n.ID, n.Status = id, "ACTIVE"
				tx.Insert(n)
				if account == "ACME" {
					made[id] = n
				}
			}
			return nil
		}))
	}
	return made
}

func versionOf(n *foundation.Network) store.Version {
	return store.Version{ID: n.ID, UpdatedOn: n.UpdatedOn}
}

// TestWhatATurnExpectsStaysUntilItCommits: FOR UPDATE of Expect, for an entity that the turn only read.
func TestWhatATurnExpectsStaysUntilItCommits(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	typ := store.TypeOf[foundation.Network](s.DB)
	read := s.networks("1", "2")
	stop := s.Hooks.Stop(storetest.At{Point: store.Sent, Statement: "networks.expect"})
	turn := storetest.Go(func() error {
		return s.DB.WriteLocked(t.Context(), s.Scope, func(tx *store.Tx) error {
			tx.Expect(typ, versionOf(read["1"]), versionOf(read["2"]))
			roleNamed(tx, "1", "by what was expected")
			return nil
		})
	})
	stop.Arrived()
	change := storetest.Go(func() error {
		return s.DB.WriteLocked(t.Context(), s.Scope, func(tx *store.Tx) error {
			n := *read["2"]
			n.Status = "INACTIVE"
			tx.Update(&n, typ.Field("status"))
			return nil
		})
	})
	change.Blocked(t, s.DSN)
	stop.Release()
	require.NoError(t, turn.Wait())
	require.NoError(t, change.Wait())
	err := s.DB.WriteLocked(t.Context(), s.Scope, func(tx *store.Tx) error {
		tx.Expect(typ, versionOf(read["1"]), versionOf(read["2"]))
		roleNamed(tx, "2", "by what is no more")
		return nil
	})
	require.ErrorIs(t, err, store.ErrStale)
	require.False(t, hasRole(t, s.DB, "ACME", "2"))
	require.NoError(t, s.DB.WriteLocked(t.Context(), scopeOf(t, "OTHER"), func(tx *store.Tx) error {
		found, err := store.Get[foundation.Network](t.Context(), tx.Reader, "2")
		tx.Expect(typ, versionOf(found[0]))
		return err
	}), "the other account's entity of that id is as it was")
}

// TestATurnWaitsForAChangeOfWhatItExpects and finds it stale.
func TestATurnWaitsForAChangeOfWhatItExpects(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	typ := store.TypeOf[foundation.Network](s.DB)
	read := s.networks("1", "2")
	was := versionOf(read["2"])
	stop := s.Hooks.Stop(storetest.At{Point: store.Committing})
	change := storetest.Go(func() error {
		return s.DB.WriteLocked(t.Context(), s.Scope, func(tx *store.Tx) error {
			n := *read["2"]
			tx.Update(&n, typ.Field("status"))
			return nil
		})
	})
	stop.Arrived()
	turn := storetest.Go(func() error {
		return s.DB.WriteLocked(t.Context(), s.Scope, func(tx *store.Tx) error { tx.Expect(typ, was); return nil })
	})
	turn.Blocked(t, s.DSN)
	stop.Release()
	require.NoError(t, change.Wait())
	require.ErrorIs(t, turn.Wait(), store.ErrStale)
}

func TestWhatIsExpectedIsLockedInOneOrder(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	typ := store.TypeOf[foundation.Network](s.DB)
	read := s.networks("1", "2", "3")
	s.AnyPlan()
	release := s.Hold("SELECT 1 FROM networks WHERE account_id = 'ACME' AND id = 1 FOR UPDATE")
	turn := storetest.Go(func() error {
		return s.DB.WriteLocked(t.Context(), s.Scope, func(tx *store.Tx) error {
			tx.Expect(typ, versionOf(read["3"]), versionOf(read["1"]), versionOf(read["2"]))
			return nil
		})
	})
	turn.Blocked(t, s.DSN)
	require.Equal(t, []string{"2", "3"}, s.Free("networks", "id"), "who waits for the first holds no other")
	release()
	require.NoError(t, turn.Wait())
}

// TestUpdatesOfOneTypeLockInOneOrder, however they were queued. Here the plan has its say, and it is the one that keys lead to.
func TestUpdatesOfOneTypeLockInOneOrder(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	typ := store.TypeOf[foundation.Network](s.DB)
	read := s.networks("2", "3", "10")
	release := s.Hold("SELECT 1 FROM networks WHERE account_id = 'ACME' AND id = 2 FOR UPDATE")
	turn := storetest.Go(func() error {
		return s.DB.WriteLocked(t.Context(), s.Scope, func(tx *store.Tx) error {
			tx.Update(read["10"], typ.Field("status"))
			tx.Update(read["3"], typ.Field("status"))
			tx.Update(read["2"], typ.Field("status"))
			return nil
		})
	})
	turn.Blocked(t, s.DSN)
	require.Equal(t, []string{"10", "3"}, s.Free("networks", "id"))
	release()
	require.NoError(t, turn.Wait())
}

// TestAttemptsToSignInTakeTurns: of two at once, that of the last free guess passes and the other one waits for as long as after it.
func TestAttemptsToSignInTakeTurns(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	ann := store.SignIn{Subject: "user ann", Source: "192.0.2.1"}
	var waits [2]time.Duration
	reserve := func(n int) error {
		wait, err := s.DB.ReserveSignIn(t.Context(), s.Scope, ann)
		waits[n] = wait
		return err
	}
	for range 4 {
		require.NoError(t, reserve(0))
		require.Zero(t, waits[0])
	}
	stop := s.Hooks.Stop(storetest.At{Point: store.Decided})
	first := storetest.Go(func() error { return reserve(0) })
	stop.Arrived()
	second := storetest.Go(func() error { return reserve(1) })
	second.Blocked(t, s.DSN)
	stop.Release()
	require.NoError(t, first.Wait())
	require.NoError(t, second.Wait())
	require.Zero(t, waits[0])
	require.Positive(t, waits[1])
}

// TestAttemptsToSignInLockInOneOrder: the source first, which strangers to each other share, then the subject, then the subject there.
func TestAttemptsToSignInLockInOneOrder(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	ann := store.SignIn{Subject: "user ann", Source: "192.0.2.1"}
	attempt := func() error {
		_, err := s.DB.ReserveSignIn(t.Context(), s.Scope, ann)
		return err
	}
	require.NoError(t, attempt())
	s.AnyPlan()
	// The row of the source is stored last.
	_, err := s.Raw.Exec(t.Context(), "UPDATE sign_ins SET seen_on = seen_on WHERE subject = ''")
	require.NoError(t, err)
	release := s.Hold("SELECT 1 FROM sign_ins WHERE subject = '' FOR UPDATE")
	run := storetest.Go(attempt)
	run.Blocked(t, s.DSN)
	require.Equal(t, []string{"", "192.0.2.1"}, s.Free("sign_ins", "source"))
	release()
	require.NoError(t, run.Wait())
}
