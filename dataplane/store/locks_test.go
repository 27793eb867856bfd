package store_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/inventory"
)

// Each lock of the store has a test here in which two transactions meet, and where several rows are locked, one of their order.

// anyPlan makes the database read tables in the order in which their rows are stored: locks are to be taken in an order that no plan decides.
func (s *shelf) anyPlan() {
	s.t.Helper()
	for _, name := range []string{"enable_indexscan", "enable_indexonlyscan", "enable_bitmapscan"} {
		_, err := s.raw.Exec(s.t.Context(), "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET "+name+" = off', current_database()); END $$")
		require.NoError(s.t, err)
	}
	s.db = open(s.t, s.dsn, store.Options{Hook: s.hooks.Hook})
}

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
	s := newShelf(t)
	other := open(t, s.dsn, store.Options{})
	epoch := lease(t, s.db, "n1", 3)
	commit := func(id string) error {
		return s.db.WriteLocked(t.Context(), s.scope, func(tx *store.Tx) error { tx.Fence(3, epoch); roleNamed(tx, id, id); return nil })
	}
	stop := s.hooks.Stop(storetest.At{Point: store.Sent, Statement: "leases.fence"})
	first := storetest.Go(func() error { return commit("1") })
	stop.Arrived()
	require.NoError(t, storetest.Go(func() error { return commit("2") }).Passes(t, s.dsn), "a second commit passes the fence beside the first")
	require.NoError(t, s.db.ReleaseRanges(t.Context(), "n1", []int{3}, false))
	var taken map[int]store.Epoch
	takeover := storetest.Go(func() (err error) {
		taken, err = other.TakeRanges(context.Background(), "n2", []int{3}, time.Minute, false)
		return err
	})
	takeover.Blocked(t, s.dsn)
	stop.Release()
	require.NoError(t, first.Wait())
	require.NoError(t, takeover.Wait())
	require.Equal(t, map[int]store.Epoch{3: epoch + 1}, taken)
	require.Equal(t, epoch, lease(t, s.db, "n1", 4), "what is left of the old epoch is another range's")
	require.ErrorIs(t, commit("3"), store.ErrFenced)
	require.ErrorIs(t, s.db.WriteLocked(t.Context(), s.scope, func(tx *store.Tx) error { tx.Fence(3, epoch+2); return nil }), store.ErrFenced, "one that never was")
	require.False(t, hasRole(t, s.db, "ACME", "3"), "the COMMIT in the same trip came to nothing")
	require.True(t, hasRole(t, s.db, "ACME", "1"))
}

// TestACommitWaitsForATakeoverThatWasFirst and is fenced.
func TestACommitWaitsForATakeoverThatWasFirst(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	other := open(t, s.dsn, store.Options{Hook: s.hooks.Hook})
	epoch := lease(t, s.db, "n1", 3)
	require.NoError(t, s.db.ReleaseRanges(t.Context(), "n1", []int{3}, false))
	stop := s.hooks.Stop(storetest.At{Point: store.Sent, Statement: "leases.take"})
	takeover := storetest.Go(func() error {
		_, err := other.TakeRanges(context.Background(), "n2", []int{3}, time.Minute, false)
		return err
	})
	stop.Arrived()
	commit := storetest.Go(func() error {
		return s.db.WriteLocked(t.Context(), s.scope, func(tx *store.Tx) error { tx.Fence(3, epoch); roleNamed(tx, "1", "1"); return nil })
	})
	commit.Blocked(t, s.dsn)
	stop.Release()
	require.NoError(t, takeover.Wait())
	require.ErrorIs(t, commit.Wait(), store.ErrFenced)
	require.False(t, hasRole(t, s.db, "ACME", "1"))
}

// networks writes networks with the ids, the last one first.
func (s *shelf) networks(ids ...catalogue.ID) map[catalogue.ID]*foundation.Network {
	s.t.Helper()
	made := map[catalogue.ID]*foundation.Network{}
	for _, account := range []string{"ACME", "OTHER"} {
		require.NoError(s.t, s.db.Write(s.t.Context(), scopeOf(s.t, account), func(tx *store.Tx) error {
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
	s := newShelf(t)
	typ := store.TypeOf[foundation.Network](s.db)
	read := s.networks("1", "2")
	stop := s.hooks.Stop(storetest.At{Point: store.Sent, Statement: "networks.expect"})
	turn := storetest.Go(func() error {
		return s.db.WriteLocked(t.Context(), s.scope, func(tx *store.Tx) error {
			tx.Expect(typ, versionOf(read["1"]), versionOf(read["2"]))
			roleNamed(tx, "1", "by what was expected")
			return nil
		})
	})
	stop.Arrived()
	change := storetest.Go(func() error {
		return s.db.WriteLocked(t.Context(), s.scope, func(tx *store.Tx) error {
			n := *read["2"]
			n.Status = "INACTIVE"
			tx.Update(&n, typ.Field("status"))
			return nil
		})
	})
	change.Blocked(t, s.dsn)
	stop.Release()
	require.NoError(t, turn.Wait())
	require.NoError(t, change.Wait())
	err := s.db.WriteLocked(t.Context(), s.scope, func(tx *store.Tx) error {
		tx.Expect(typ, versionOf(read["1"]), versionOf(read["2"]))
		roleNamed(tx, "2", "by what is no more")
		return nil
	})
	require.ErrorIs(t, err, store.ErrStale)
	require.False(t, hasRole(t, s.db, "ACME", "2"))
	require.NoError(t, s.db.WriteLocked(t.Context(), scopeOf(t, "OTHER"), func(tx *store.Tx) error {
		found, err := store.Get[foundation.Network](t.Context(), tx.Reader, "2")
		tx.Expect(typ, versionOf(found[0]))
		return err
	}), "the other account's entity of that id is as it was")
}

// TestATurnWaitsForAChangeOfWhatItExpects and finds it stale.
func TestATurnWaitsForAChangeOfWhatItExpects(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	typ := store.TypeOf[foundation.Network](s.db)
	read := s.networks("1", "2")
	was := versionOf(read["2"])
	stop := s.hooks.Stop(storetest.At{Point: store.Committing})
	change := storetest.Go(func() error {
		return s.db.WriteLocked(t.Context(), s.scope, func(tx *store.Tx) error {
			n := *read["2"]
			tx.Update(&n, typ.Field("status"))
			return nil
		})
	})
	stop.Arrived()
	turn := storetest.Go(func() error {
		return s.db.WriteLocked(t.Context(), s.scope, func(tx *store.Tx) error { tx.Expect(typ, was); return nil })
	})
	turn.Blocked(t, s.dsn)
	stop.Release()
	require.NoError(t, change.Wait())
	require.ErrorIs(t, turn.Wait(), store.ErrStale)
}

func TestWhatIsExpectedIsLockedInOneOrder(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	typ := store.TypeOf[foundation.Network](s.db)
	read := s.networks("1", "2", "3")
	s.anyPlan()
	release := s.hold("SELECT 1 FROM networks WHERE account_id = 'ACME' AND id = 1 FOR UPDATE")
	turn := storetest.Go(func() error {
		return s.db.WriteLocked(t.Context(), s.scope, func(tx *store.Tx) error {
			tx.Expect(typ, versionOf(read["3"]), versionOf(read["1"]), versionOf(read["2"]))
			return nil
		})
	})
	turn.Blocked(t, s.dsn)
	require.Equal(t, []string{"2", "3"}, s.free("networks", "id"), "who waits for the first holds no other")
	release()
	require.NoError(t, turn.Wait())
}

// TestUpdatesOfOneTypeLockInOneOrder, however they were queued. Here the plan has its say, and it is the one that keys lead to.
func TestUpdatesOfOneTypeLockInOneOrder(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	typ := store.TypeOf[foundation.Network](s.db)
	read := s.networks("2", "3", "10")
	release := s.hold("SELECT 1 FROM networks WHERE account_id = 'ACME' AND id = 2 FOR UPDATE")
	turn := storetest.Go(func() error {
		return s.db.WriteLocked(t.Context(), s.scope, func(tx *store.Tx) error {
			tx.Update(read["10"], typ.Field("status"))
			tx.Update(read["3"], typ.Field("status"))
			tx.Update(read["2"], typ.Field("status"))
			return nil
		})
	})
	turn.Blocked(t, s.dsn)
	require.Equal(t, []string{"10", "3"}, s.free("networks", "id"))
	release()
	require.NoError(t, turn.Wait())
}

// TestAFlushLocksAllItsStockBeforeItMovesAny: what it reserves, and what the fulfilments hold that it releases.
func TestAFlushLocksAllItsStockBeforeItMovesAny(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	short := errors.New("short")
	s.locked(func(tx *store.Tx) {
		tx.ReserveStock(s.of(mainStock), []store.Reservation{s.take("f1", position(1, "P2", "A"), 1)}, short)
	})
	runs := 0
	move := func() error {
		return s.db.WriteLocked(t.Context(), s.scope, func(tx *store.Tx) error {
			runs++
			tx.ReserveStock(s.of(mainStock), []store.Reservation{s.take("f2", position(1, "P1", "B"), 1)}, short)
			tx.ReleaseStock(s.of(mainStock), []string{"f1"})
			return nil
		})
	}
	stop := s.hooks.Stop(storetest.At{Point: store.Sent, Statement: "stock.lock"})
	first := storetest.Go(move)
	stop.Arrived()
	require.NotContains(t, s.free("inventory_positions", "id"), string(position(1, "P1", "B")))
	require.NotContains(t, s.free("inventory_positions", "id"), string(position(1, "P2", "A")))
	require.Contains(t, s.free("inventory_positions", "id"), string(position(1, "P1", "A")))
	second := storetest.Go(func() error {
		return s.db.WriteLocked(t.Context(), s.scope, func(tx *store.Tx) error {
			runs++
			// The other way round, in statements of their own: without the lock each would hold what the other one wants.
			tx.ReserveStock(s.of(mainStock), []store.Reservation{s.take("f3", position(1, "P2", "A"), 1)}, short)
			tx.ReserveStock(s.of(mainStock), []store.Reservation{s.take("f3", position(1, "P1", "B"), 1)}, errors.New("another"))
			return nil
		})
	})
	second.Blocked(t, s.dsn)
	stop.Release()
	require.NoError(t, first.Wait())
	require.NoError(t, second.Wait())
	require.Equal(t, 2, runs, "nobody was the victim of a deadlock")
	require.Equal(t, 8, s.onHand("ACME", position(1, "P1", "B")))
	require.Equal(t, 9, s.onHand("ACME", position(1, "P2", "A")))
}

func TestStockIsLockedInOneOrder(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.anyPlan()
	positions := []catalogue.ID{position(1, "P2", "A"), position(1, "P1", "A"), position(1, "P1", "B")}
	keys := []store.StockKey{stocked[2], stocked[0], stocked[1]}
	for _, c := range []struct {
		name string
		fn   func(tx *store.Tx) error
	}{
		{"movements", func(tx *store.Tx) error {
			var all []store.Reservation
			for _, p := range positions {
				all = append(all, s.take("f1", p, 1))
			}
			tx.ReserveStock(s.of(mainStock), all, errors.New("short"))
			return nil
		}},
		{"loads", func(tx *store.Tx) error {
			_, err := tx.LoadStock(t.Context(), mainStock, keys, nil)
			return err
		}},
		{"recounts", func(tx *store.Tx) error {
			_, err := tx.RecountStock(t.Context(), mainStock, store.Recount{Products: []string{"P2", "P1"}}, []string{"LAST_ON_HAND"})
			return err
		}},
	} {
		release := s.hold("SELECT 1 FROM inventory_positions WHERE account_id = 'ACME' AND id::text = $1 FOR UPDATE", string(positions[1]))
		run := storetest.Go(func() error { return s.db.WriteLocked(t.Context(), s.scope, c.fn) })
		run.Blocked(t, s.dsn)
		free := s.free("inventory_positions", "id")
		require.Contains(t, free, string(positions[0]), "%s: who waits for the first position holds no other", c.name)
		require.Contains(t, free, string(positions[2]), c.name)
		release()
		require.NoError(t, run.Wait(), c.name)
	}
}

// TestLoadsOfOnePositionTakeTurns: the second one reads what the first one wrote.
func TestLoadsOfOnePositionTakeTurns(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	// load counts one more than it finds.
	load := func() error {
		return s.db.WriteLocked(t.Context(), s.scope, func(tx *store.Tx) error {
			found, err := tx.LoadStock(t.Context(), mainStock, stocked[:1], []string{"counted"})
			if err != nil {
				return err
			}
			if len(found.Quantities) == 0 {
				s.quantity(tx, "counted", "LAST_ON_HAND", position(1, "P1", "A"), 1)
				return nil
			}
			q := found.Quantities[0]
			q.Quantity++
			tx.Update(q, store.TypeOf[inventory.InventoryQuantity](s.db).Field("quantity"))
			return nil
		})
	}
	stop := s.hooks.Stop(storetest.At{Point: store.Decided})
	first := storetest.Go(load)
	stop.Arrived()
	require.NoError(t, s.db.WriteLocked(t.Context(), scopeOf(t, "OTHER"), func(tx *store.Tx) error {
		_, err := tx.LoadStock(t.Context(), mainStock, stocked[:1], nil)
		return err
	}), "another account's position is another one")
	second := storetest.Go(load)
	second.Blocked(t, s.dsn)
	stop.Release()
	require.NoError(t, first.Wait())
	require.NoError(t, second.Wait())
	var n int
	require.NoError(t, s.raw.QueryRow(t.Context(), "SELECT sum(quantity) FROM inventory_quantities WHERE account_id = 'ACME'").Scan(&n))
	require.Equal(t, 2, n)
}

// quantity queues a component of a position of the main catalogue.
func (s *shelf) quantity(tx *store.Tx, ref, kind string, p catalogue.ID, n int) *inventory.InventoryQuantity {
	q := &inventory.InventoryQuantity{Ref: ref, Quantity: n, PositionID: p, CatalogueID: "1"}
	q.ID, q.Type, q.Status = s.db.NewUUID(), kind, "ACTIVE"
	tx.Insert(q)
	return q
}

// TestARecountSumsWhatAnotherOneHasCommittedMeanwhile: its lock comes before its sum.
func TestARecountSumsWhatAnotherOneHasCommittedMeanwhile(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	recount := func(ref string, n int) error {
		return s.db.WriteLocked(t.Context(), s.scope, func(tx *store.Tx) error {
			s.quantity(tx, ref, "CORRECTION", position(1, "P1", "A"), n)
			_, err := tx.RecountStock(t.Context(), mainStock, store.Recount{PositionIDs: []string{string(position(1, "P1", "A"))}}, []string{"CORRECTION"})
			return err
		})
	}
	stop := s.hooks.Stop(storetest.At{Point: store.Committing})
	first := storetest.Go(func() error { return recount("one", 5) })
	stop.Arrived()
	second := storetest.Go(func() error { return recount("two", 3) })
	second.Blocked(t, s.dsn)
	stop.Release()
	require.NoError(t, first.Wait())
	require.NoError(t, second.Wait())
	require.Equal(t, 8, s.onHand("ACME", position(1, "P1", "A")))
	require.Equal(t, 10, s.onHand("OTHER", position(1, "P1", "A")))
	require.Equal(t, 10, s.onHand("ACME", position(2, "P1", "A")))
}

// TestAttemptsToSignInTakeTurns: of two at once, that of the last free guess passes and the other one waits for as long as after it.
func TestAttemptsToSignInTakeTurns(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	ann := store.SignIn{Subject: "user ann", Source: "192.0.2.1"}
	var waits [2]time.Duration
	reserve := func(n int) error {
		wait, err := s.db.ReserveSignIn(t.Context(), s.scope, ann)
		waits[n] = wait
		return err
	}
	for range 4 {
		require.NoError(t, reserve(0))
		require.Zero(t, waits[0])
	}
	stop := s.hooks.Stop(storetest.At{Point: store.Decided})
	first := storetest.Go(func() error { return reserve(0) })
	stop.Arrived()
	second := storetest.Go(func() error { return reserve(1) })
	second.Blocked(t, s.dsn)
	stop.Release()
	require.NoError(t, first.Wait())
	require.NoError(t, second.Wait())
	require.Zero(t, waits[0])
	require.Positive(t, waits[1])
}

// TestAttemptsToSignInLockInOneOrder: the source first, which strangers to each other share, then the subject, then the subject there.
func TestAttemptsToSignInLockInOneOrder(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	ann := store.SignIn{Subject: "user ann", Source: "192.0.2.1"}
	attempt := func() error {
		_, err := s.db.ReserveSignIn(t.Context(), s.scope, ann)
		return err
	}
	require.NoError(t, attempt())
	s.anyPlan()
	// The row of the source is stored last.
	_, err := s.raw.Exec(t.Context(), "UPDATE sign_ins SET seen_on = seen_on WHERE subject = ''")
	require.NoError(t, err)
	release := s.hold("SELECT 1 FROM sign_ins WHERE subject = '' FOR UPDATE")
	run := storetest.Go(attempt)
	run.Blocked(t, s.dsn)
	require.Equal(t, []string{"", "192.0.2.1"}, s.free("sign_ins", "source"))
	release()
	require.NoError(t, run.Wait())
}
