package stock_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/stock"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/inventory/load"
)

// Each lock of this part has a test here in which two transactions meet, and where several rows are locked, one of their order.

// TestAFlushLocksAllItsStockBeforeItMovesAny: what it reserves, and what the fulfilments hold that it releases.
func TestAFlushLocksAllItsStockBeforeItMovesAny(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	short := errors.New("short")
	s.Locked(func(tx *store.Tx) {
		stock.Reserve(tx, s.of(mainStock), []stock.Reservation{s.take("f1", position(1, "P2", "A"), 1)}, short)
	})
	runs := 0
	move := func() error {
		return s.DB.WriteLocked(t.Context(), s.Scope, func(tx *store.Tx) error {
			runs++
			stock.Reserve(tx, s.of(mainStock), []stock.Reservation{s.take("f2", position(1, "P1", "B"), 1)}, short)
			stock.Release(tx, s.of(mainStock), []string{"f1"})
			return nil
		})
	}
	stop := s.Hooks.Stop(storetest.At{Point: store.Sent, Statement: "stock.lock"})
	first := storetest.Go(move)
	stop.Arrived()
	require.NotContains(t, s.Free("inventory_positions", "id"), string(position(1, "P1", "B")))
	require.NotContains(t, s.Free("inventory_positions", "id"), string(position(1, "P2", "A")))
	require.Contains(t, s.Free("inventory_positions", "id"), string(position(1, "P1", "A")))
	second := storetest.Go(func() error {
		return s.DB.WriteLocked(t.Context(), s.Scope, func(tx *store.Tx) error {
			runs++
			// The other way round, in statements of their own: without the lock each would hold what the other one wants.
			stock.Reserve(tx, s.of(mainStock), []stock.Reservation{s.take("f3", position(1, "P2", "A"), 1)}, short)
			stock.Reserve(tx, s.of(mainStock), []stock.Reservation{s.take("f3", position(1, "P1", "B"), 1)}, errors.New("another"))
			return nil
		})
	})
	second.Blocked(t, s.DSN)
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
	s.AnyPlan()
	positions := []catalogue.ID{position(1, "P2", "A"), position(1, "P1", "A"), position(1, "P1", "B")}
	keys := []stock.Key{stocked[2], stocked[0], stocked[1]}
	for _, c := range []struct {
		name string
		fn   func(tx *store.Tx) error
	}{
		{"movements", func(tx *store.Tx) error {
			var all []stock.Reservation
			for _, p := range positions {
				all = append(all, s.take("f1", p, 1))
			}
			stock.Reserve(tx, s.of(mainStock), all, errors.New("short"))
			return nil
		}},
		{"loads", func(tx *store.Tx) error {
			_, err := stock.Load(t.Context(), tx, mainStock, keys, load.Refs{})
			return err
		}},
		{"recounts", func(tx *store.Tx) error {
			_, err := stock.Recount(t.Context(), tx, mainStock, stock.Selection{Products: []string{"P2", "P1"}}, []string{"LAST_ON_HAND"})
			return err
		}},
	} {
		release := s.Hold("SELECT 1 FROM inventory_positions WHERE account_id = 'ACME' AND id::text = $1 FOR UPDATE", string(positions[1]))
		run := storetest.Go(func() error { return s.DB.WriteLocked(t.Context(), s.Scope, c.fn) })
		run.Blocked(t, s.DSN)
		free := s.Free("inventory_positions", "id")
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
	// count counts one more than it finds.
	count := func() error {
		return s.DB.WriteLocked(t.Context(), s.Scope, func(tx *store.Tx) error {
			found, err := stock.Load(t.Context(), tx, mainStock, stocked[:1], load.Refs{Counts: []string{"counted"}})
			if err != nil {
				return err
			}
			if len(found.Quantities) == 0 {
				s.quantity(tx, "counted", "LAST_ON_HAND", position(1, "P1", "A"), 1)
				return nil
			}
			q := found.Quantities[0]
			q.Quantity++
			tx.Update(q, store.TypeOf[inventory.InventoryQuantity](s.DB).Field("quantity"))
			return nil
		})
	}
	stop := s.Hooks.Stop(storetest.At{Point: store.Decided})
	first := storetest.Go(count)
	stop.Arrived()
	require.NoError(t, s.DB.WriteLocked(t.Context(), storetest.ScopeOf(t, "OTHER"), func(tx *store.Tx) error {
		_, err := stock.Load(t.Context(), tx, mainStock, stocked[:1], load.Refs{})
		return err
	}), "another account's position is another one")
	second := storetest.Go(count)
	second.Blocked(t, s.DSN)
	stop.Release()
	require.NoError(t, first.Wait())
	require.NoError(t, second.Wait())
	var n int
	require.NoError(t, s.Raw.QueryRow(t.Context(), "SELECT sum(quantity) FROM inventory_quantities WHERE account_id = 'ACME'").Scan(&n))
	require.Equal(t, 2, n)
}

// TestARecountSumsWhatAnotherOneHasCommittedMeanwhile: its lock comes before its sum.
func TestARecountSumsWhatAnotherOneHasCommittedMeanwhile(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	recount := func(ref string, n int) error {
		return s.DB.WriteLocked(t.Context(), s.Scope, func(tx *store.Tx) error {
			s.quantity(tx, ref, "CORRECTION", position(1, "P1", "A"), n)
			_, err := stock.Recount(t.Context(), tx, mainStock, stock.Selection{PositionIDs: []string{string(position(1, "P1", "A"))}}, []string{"CORRECTION"})
			return err
		})
	}
	stop := s.Hooks.Stop(storetest.At{Point: store.Committing})
	first := storetest.Go(func() error { return recount("one", 5) })
	stop.Arrived()
	second := storetest.Go(func() error { return recount("two", 3) })
	second.Blocked(t, s.DSN)
	stop.Release()
	require.NoError(t, first.Wait())
	require.NoError(t, second.Wait())
	require.Equal(t, 8, s.onHand("ACME", position(1, "P1", "A")))
	require.Equal(t, 10, s.onHand("OTHER", position(1, "P1", "A")))
	require.Equal(t, 10, s.onHand("ACME", position(2, "P1", "A")))
}
