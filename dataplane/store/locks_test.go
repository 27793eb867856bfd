package store_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
)

// Each lock of the store has a test here in which two transactions meet, and where several rows are locked, one of their order.

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
