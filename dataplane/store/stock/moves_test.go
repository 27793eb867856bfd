package stock_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/stock"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/inventory"
)

var (
	errShort = errors.New("short")

	p1a, p1b, p2a = position(mainStock, "P1", "A"), position(mainStock, "P1", "B"), position(mainStock, "P2", "A")
	otherP1A      = position(otherStock, "P1", "A")
)

// reserve tries reservations in the main catalogue.
func (s *shelf) reserve(all ...stock.Reservation) error {
	return s.DB.WriteLocked(s.T.Context(), s.Scope, func(tx *store.Tx) error { stock.Reserve(tx, s.of(mainStock), all, errShort); return nil })
}

// untouched fails unless the other account and the other catalogue are as they were filled.
func (s *shelf) untouched() {
	s.T.Helper()
	require.Equal(s.T, []int{10, 10, 10}, s.sellable("ACME", otherBase))
	require.Equal(s.T, []int{10, 10, 10}, s.sellable("ACME", mainAggregate), "aggregates follow by events of their own")
	require.Equal(s.T, 10, s.onHand("ACME", otherP1A))
	for _, p := range []catalogue.ID{p1a, p1b, p2a, otherP1A} {
		require.Equal(s.T, 10, s.onHand("OTHER", p))
	}
	require.Equal(s.T, []int{10, 10, 10}, s.sellable("OTHER", mainBase))
}

func TestReservationsTakeAllOrNothing(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	first := []stock.Reservation{s.take("f1", p1a, 4), s.take("f1", p2a, 10)}
	more := s.take("f2", p1a, 6)
	require.NoError(t, s.reserve(append(first, more)...), "to the last unit, two of them of one position")
	require.Equal(t, 0, s.onHand("ACME", p1a))
	require.Equal(t, 0, s.onHand("ACME", p2a))
	require.Equal(t, []int{0, 10, 0}, s.sellable("ACME", mainBase))
	s.untouched()
	for i := range first {
		first[i].QuantityID = s.DB.NewUUID()
	}
	require.NoError(t, s.reserve(first...), "a reservation that is there does nothing")
	require.Equal(t, 0, s.onHand("ACME", p1a))

	require.ErrorIs(t, s.reserve(s.take("f3", p1b, 11)), errShort)
	require.ErrorIs(t, s.reserve(s.take("f3", p1b, 1), s.take("f3", p2a, 1)), errShort)
	require.ErrorIs(t, s.reserve(s.take("f3", p1b, 6), s.take("f4", p1b, 5)), errShort, "together they are too many")
	require.Equal(t, 10, s.onHand("ACME", p1b))
	require.Equal(t, []int{0, 10, 0}, s.sellable("ACME", mainBase))
	require.Empty(t, s.Texts("SELECT ref FROM inventory_quantities WHERE association_ref IN ('f3', 'f4')"))

	s.SQL("UPDATE virtual_positions SET status = 'INACTIVE', quantity = 0 WHERE account_id = 'ACME' AND product_ref = 'P1' AND group_ref = 'B' AND catalogue_id = $1", mainBase)
	oversold := s.of(mainStock)
	oversold.Oversell = true
	s.Locked(func(tx *store.Tx) {
		stock.Reserve(tx, oversold, []stock.Reservation{s.take("f5", p2a, 3), s.take("f5", p1b, 1)}, errShort)
	})
	require.Equal(t, -3, s.onHand("ACME", p2a))
	require.Equal(t, []int{0, 0, 0}, s.sellable("ACME", mainBase), "what is not for sale does not become so")
	s.SQL("UPDATE virtual_positions SET status = 'ACTIVE', quantity = 9 WHERE account_id = 'ACME' AND product_ref = 'P1' AND group_ref = 'B' AND catalogue_id = $1", mainBase)
	s.Locked(func(tx *store.Tx) { stock.Reserve(tx, oversold, []stock.Reservation{s.take("f6", p1b, 12)}, errShort) })
	require.Equal(t, -3, s.onHand("ACME", p1b))
	require.Equal(t, []int{0, 0, 0}, s.sellable("ACME", mainBase), "no less than nothing can be sold")
	s.untouched()
}

// TestReleasesGiveBackWhatIsHeld, once, and nothing else: what was sold, what was released, what is held in another catalogue or by another
// account's fulfilment of that id stays.
func TestReleasesGiveBackWhatIsHeld(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.EachAccount(func(tx *store.Tx) {
		again := s.take("f1", p1b, 1)
		again.Ref += ":again"
		stock.Reserve(tx, s.of(mainStock), []stock.Reservation{s.take("f1", p1a, 4), s.take("f1", p1b, 2), again, s.take("f2", p1a, 1)}, errShort)
		stock.Reserve(tx, s.of(otherStock), []stock.Reservation{s.take("f1", otherP1A, 5)}, errShort)
		s.quantity(tx, "sold", "SALE", p1a, -2).AssociationRef = "f1"
		old := s.quantity(tx, "released long ago", "RESERVED", p1a, -3)
		old.AssociationRef, old.Status = "f1", "INACTIVE"
	})
	require.Equal(t, 5, s.onHand("ACME", p1a))
	for range 2 { // a second time there is nothing to be had
		s.Locked(func(tx *store.Tx) { stock.Release(tx, s.of(mainStock), []string{"f1"}) })
		require.Equal(t, 9, s.onHand("ACME", p1a))
		require.Equal(t, 10, s.onHand("ACME", p1b))
		require.Equal(t, []int{9, 10, 10}, s.sellable("ACME", mainBase))
		require.Equal(t, 5, s.onHand("ACME", otherP1A))
		require.Equal(t, 5, s.onHand("OTHER", p1a))
		require.Equal(t, 7, s.onHand("OTHER", p1b))
		require.Equal(t, 5, s.onHand("OTHER", otherP1A))
		require.Equal(t, []string{"ACME f1 -5 RESERVED", "ACME f1 -2 SALE", "ACME f2 -1 RESERVED"},
			s.Texts("SELECT concat_ws(' ', account_id, association_ref, quantity, type) FROM inventory_quantities WHERE account_id = 'ACME' AND status = 'ACTIVE' ORDER BY association_ref, quantity"))
		require.Len(t, s.Texts("SELECT ref FROM inventory_quantities WHERE account_id = 'OTHER' AND status = 'ACTIVE'"), 6)
	}
}

// active lists what counts of the account's quantities in the main catalogue.
func (s *shelf) active(association string) []string {
	s.T.Helper()
	return s.Texts(`SELECT concat_ws(' ', p.ref, q.type, q.quantity) FROM inventory_quantities q JOIN inventory_positions p ON p.account_id = q.account_id AND p.id = q.position_id
WHERE q.account_id = 'ACME' AND q.catalogue_id = 1 AND q.status = 'ACTIVE' AND q.association_ref = $1 ORDER BY 1`, association)
}

// confirmation is what a fulfilment found of a product at A.
func (s *shelf) confirmation(fulfilment, product string, filled int) stock.Confirmation {
	return stock.Confirmation{Association: fulfilment, ProductRef: product, LocationRef: "A", Filled: filled, SaleID: s.DB.NewUUID(), CorrectID: s.DB.NewUUID()}
}

// TestWhatIsPickedIsSoldAndTheRestCorrected: on hand stays, and no unit is sold that was not reserved.
func TestWhatIsPickedIsSoldAndTheRestCorrected(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.EachAccount(func(tx *store.Tx) {
		for _, f := range []string{"all", "some", "none", "more", "later", "gone"} {
			stock.Reserve(tx, s.of(mainStock), []stock.Reservation{s.take(f, p1a, 1), s.take(f, p2a, 1)}, errShort)
		}
		stock.Reserve(tx, s.of(otherStock), []stock.Reservation{s.take("all", otherP1A, 1)}, errShort)
		s.quantity(tx, "counted", "LAST_ON_HAND", p1b, 7).AssociationRef = "all"
	})
	s.Locked(func(tx *store.Tx) { stock.Release(tx, s.of(mainStock), []string{"gone"}) })
	confirm := func() {
		elsewhere := s.confirmation("later", "P1", 1)
		elsewhere.LocationRef = "B"
		s.Locked(func(tx *store.Tx) {
			stock.Confirm(tx, s.of(mainStock), []stock.Confirmation{elsewhere,
				s.confirmation("all", "P1", 1), s.confirmation("all", "P2", 1), s.confirmation("some", "P1", 1), s.confirmation("some", "P2", 0),
				s.confirmation("none", "P1", 0), s.confirmation("none", "P2", 0), s.confirmation("more", "P1", 9), s.confirmation("more", "P2", 1),
				s.confirmation("gone", "P1", 1),
			})
		})
	}
	for range 2 { // what was confirmed is not again
		confirm()
		require.Equal(t, []string{"P1:A SALE -1", "P1:B LAST_ON_HAND 7", "P2:A SALE -1"}, s.active("all"))
		require.Equal(t, []string{"P1:A SALE -1", "P2:A CORRECTION -1"}, s.active("some"))
		require.Equal(t, []string{"P1:A CORRECTION -1", "P2:A CORRECTION -1"}, s.active("none"))
		require.Equal(t, []string{"P1:A SALE -1", "P2:A SALE -1"}, s.active("more"))
		require.Equal(t, []string{"P1:A RESERVED -1", "P2:A RESERVED -1"}, s.active("later"))
		require.Empty(t, s.active("gone"))
		s.Locked(func(tx *store.Tx) { stock.Release(tx, s.of(mainStock), []string{"all", "some"}) })
		require.Equal(t, 5, s.onHand("ACME", p1a))
		require.Equal(t, 5, s.onHand("ACME", p2a))
	}
	require.Equal(t, []string{"1"}, s.Texts("SELECT count(*)::text FROM inventory_quantities WHERE account_id = 'ACME' AND catalogue_id = 2 AND type = 'RESERVED' AND status = 'ACTIVE'"))
	require.Equal(t, []string{"13"}, s.Texts("SELECT count(*)::text FROM inventory_quantities WHERE account_id = 'OTHER' AND type = 'RESERVED' AND status = 'ACTIVE'"))
}

// TestMovementsOfOneFlushHappenInTheirOrder: statements are shared only by reservations that follow each other.
func TestMovementsOfOneFlushHappenInTheirOrder(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.Locked(func(tx *store.Tx) {
		stock.Reserve(tx, s.of(mainStock), []stock.Reservation{s.take("f1", p1a, 4)}, errShort)
		stock.Release(tx, s.of(mainStock), []string{"f1"})
		stock.Reserve(tx, s.of(mainStock), []stock.Reservation{s.take("f2", p1a, 10)}, errShort)
	})
	require.Empty(t, s.active("f1"))
	require.Equal(t, []string{"P1:A RESERVED -10"}, s.active("f2"))
	late := s.take("f3", p2a, 1)
	late.Ref = "late"
	s.Locked(func(tx *store.Tx) {
		stock.Reserve(tx, s.of(mainStock), []stock.Reservation{s.take("f3", p2a, 2)}, errShort)
		stock.Confirm(tx, s.of(mainStock), []stock.Confirmation{s.confirmation("f3", "P2", 2)})
		stock.Reserve(tx, s.of(mainStock), []stock.Reservation{late}, errShort)
	})
	require.Equal(t, []string{"P2:A RESERVED -1", "P2:A SALE -2"}, s.active("f3"))
	s.Locked(func(tx *store.Tx) {
		stock.Reserve(tx, s.of(mainStock), []stock.Reservation{s.take("f4", p2a, 1)}, errShort)
		stock.Reserve(tx, s.of(otherStock), []stock.Reservation{s.take("f4", otherP1A, 4)}, errShort)
	})
	require.Equal(t, []int{0, 10, 6}, s.sellable("ACME", mainBase))
	require.Equal(t, []int{6, 10, 10}, s.sellable("ACME", otherBase))
	another := errors.New("another")
	err := s.DB.WriteLocked(t.Context(), s.Scope, func(tx *store.Tx) error {
		stock.Reserve(tx, s.of(mainStock), []stock.Reservation{s.take("f5", p2a, 1)}, errShort)
		stock.Reserve(tx, s.of(mainStock), []stock.Reservation{s.take("f6", p2a, 6)}, another)
		return nil
	})
	require.ErrorIs(t, err, another, "each comes up short in its own words")
}

// TestAggregatesSumTheirNetwork: its locations, positions that count, and nothing below zero.
func TestAggregatesSumTheirNetwork(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	networks := store.TypeOf[foundation.Network](s.DB)
	for _, account := range []string{"ACME", "OTHER"} {
		require.NoError(t, s.DB.Write(t.Context(), storetest.ScopeOf(t, account), func(tx *store.Tx) error {
			for id, ref := range map[catalogue.ID]string{"31": "A", "32": "B", "33": "C"} {
				if account == "OTHER" {
					ref = map[string]string{"A": "C", "B": "B", "C": "A"}[ref]
				}
				l := &foundation.Location{Ref: ref, RetailerID: "1"}
				l.ID, l.Type, l.Status = id, "STORE", "ACTIVE"
				tx.Insert(l)
			}
			for id, locations := range map[catalogue.ID][]catalogue.ID{"41": {"31", "32"}, "42": {"33"}} {
				n := &foundation.Network{Ref: string(id)}
				n.ID, n.Status = id, "ACTIVE"
				tx.Insert(n)
				tx.Link(networks.Edge("locations"), id, locations...)
			}
			for _, c := range []struct {
				id                        catalogue.ID
				product, location, status string
				onHand                    int
			}{
				{"00000000-0000-8000-8001-0000000c0001", "P1", "C", "ACTIVE", 100}, {"00000000-0000-8000-8001-0000000c0002", "P3", "A", "INACTIVE", 1000},
				{"00000000-0000-8000-8001-0000000c0003", "P3", "B", "AT_RISK", 3}, {"00000000-0000-8000-8001-0000000c0004", "P4", "A", "ACTIVE", -5}, {"00000000-0000-8000-8001-0000000c0005", "P4", "B", "ACTIVE", 4},
			} {
				p := &inventory.InventoryPosition{Ref: c.product + ":" + c.location, ProductRef: c.product, LocationRef: c.location, OnHand: c.onHand, CatalogueID: "1"}
				p.ID, p.Type, p.Status = c.id, "DEFAULT", c.status
				tx.Insert(p)
			}
			return nil
		}))
	}
	of := stock.Aggregate{ID: mainAggregate, Ref: "virtual 21", NetworkID: 41, InventoryID: mainStock, WorkflowRef: "W", WorkflowVersion: 1}
	s.Locked(func(tx *store.Tx) {
		stock.Sum(tx, of, []string{"P1", "P3", "P4", "P5"}, []string{"ACTIVE", "AT_RISK"})
	})
	sums := func(account string) []string {
		return s.Texts("SELECT concat_ws(' ', product_ref, quantity) FROM virtual_positions WHERE account_id = $1 AND catalogue_id = $2 AND group_ref = 'virtual 21' ORDER BY 1", account, mainAggregate)
	}
	require.Equal(t, []string{"P1 20", "P3 3", "P4 4", "P5 0"}, sums("ACME"))
	require.Empty(t, sums("OTHER"))
	changed := s.Texts("SELECT updated_on::text FROM virtual_positions WHERE account_id = 'ACME' AND group_ref = 'virtual 21' ORDER BY product_ref")
	s.SQL("UPDATE inventory_positions SET on_hand = 11 WHERE account_id = 'ACME' AND id::text = $1", string(p1a))
	s.Locked(func(tx *store.Tx) { stock.Sum(tx, of, []string{"P1", "P3"}, []string{"ACTIVE", "AT_RISK"}) })
	require.Equal(t, []string{"P1 21", "P3 3", "P4 4", "P5 0"}, sums("ACME"))
	now := s.Texts("SELECT updated_on::text FROM virtual_positions WHERE account_id = 'ACME' AND group_ref = 'virtual 21' ORDER BY product_ref")
	require.NotEqual(t, changed[0], now[0])
	require.Equal(t, changed[1:], now[1:], "what is as it was is not written")
	s.SQL("UPDATE inventory_positions SET on_hand = 2147483647 WHERE account_id = 'ACME' AND id::text = $1", string(p1a))
	s.Locked(func(tx *store.Tx) { stock.Sum(tx, of, []string{"P1"}, []string{"ACTIVE"}) })
	require.Equal(t, "P1 2147483647", sums("ACME")[0], "more than the field can carry")
}

func TestWhatCanBeSoldIsReadByCatalogueStatusAndQuantity(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.SQL("UPDATE virtual_positions SET quantity = 0 WHERE account_id = 'ACME' AND catalogue_id = $1 AND product_ref = 'P1' AND group_ref = 'B'", mainBase)
	s.SQL("UPDATE virtual_positions SET status = 'INACTIVE' WHERE account_id = 'ACME' AND catalogue_id = $1 AND product_ref = 'P2'", mainBase)
	s.SQL("UPDATE inventory_positions SET on_hand = 77 WHERE account_id = 'OTHER' OR catalogue_id = $1", otherStock)
	found, err := stock.Sellable(t.Context(), s.DB.Reader(s.Scope), []string{"virtual 11"}, []string{"P1", "P2"}, []string{"ACTIVE"})
	require.NoError(t, err)
	want := stock.Units{Catalogue: "virtual 11", ProductRef: "P1", GroupRef: "A", Quantity: 10, Position: stock.Figure{ID: p1a, Ref: "P1:A", OnHand: 10, Status: "ACTIVE"}}
	require.Equal(t, []stock.Units{want}, found)
	figures, err := stock.Figures(t.Context(), s.DB.Reader(s.Scope), mainStock, append(stocked[:1:1], stock.Key{ProductRef: "P9", LocationRef: "A"}))
	require.NoError(t, err)
	require.Equal(t, map[stock.Key]stock.Figure{stocked[0]: want.Position}, figures)
	products, err := stock.Products(t.Context(), s.DB.Reader(s.Scope), mainStock, "", 1)
	require.NoError(t, err)
	require.Equal(t, []string{"P1"}, products)
	products, err = stock.Products(t.Context(), s.DB.Reader(s.Scope), mainStock, "P1", 9)
	require.NoError(t, err)
	require.Equal(t, []string{"P2"}, products)
}
