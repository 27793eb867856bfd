package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/foundation"
)

// products writes a product in a catalogue of each account; in the other one it is as active as can be.
func (s *shelf) product(id int, ref, status string) {
	s.t.Helper()
	for _, account := range []string{"ACME", "OTHER"} {
		if account == "OTHER" {
			status = "ACTIVE"
		}
		s.sql(`INSERT INTO products (account_id, id, created_on, updated_on, ref, type, status, workflow_ref, workflow_version, kind, gtin, name, catalogue_id)
VALUES ($1, $2, now(), now(), $3, 'STANDARD', $4, 'W', 1, 'StandardProduct', '1', 'n', $2)`, account, id, ref, status)
	}
}

// TestALoadReadsWhatItMustKnow: the positions it names, what counts of them, what it names and does not count, and of each product whether any
// catalogue has it active.
func TestALoadReadsWhatItMustKnow(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.eachAccount(func(tx *store.Tx) {
		s.quantity(tx, "counts", "LAST_ON_HAND", p1a, 1)
		s.quantity(tx, "named", "DELIVERY", p1a, 2).Status = "INACTIVE"
		s.quantity(tx, "named too", "DELIVERY", p1a, 3)
		s.quantity(tx, "old", "DELIVERY", p1a, 4).Status = "INACTIVE"
		s.quantity(tx, "of another position", "DELIVERY", p1b, 5)
	})
	s.product(1, "P1", "INACTIVE")
	s.product(2, "P1", "CREATED")
	s.product(3, "P2", "INACTIVE")
	s.locked(func(tx *store.Tx) {
		found, err := tx.LoadStock(t.Context(), mainStock, []store.StockKey{stocked[0], {ProductRef: "P2", LocationRef: "Z"}}, []string{"named", "named too"})
		require.NoError(t, err)
		require.Len(t, found.Positions, 1)
		require.Equal(t, p1a, found.Positions[0].ID)
		var refs []string
		for _, q := range found.Quantities {
			refs = append(refs, q.Ref)
		}
		require.ElementsMatch(t, []string{"counts", "named too", "named"}, refs, "each once")
		require.Equal(t, map[string]string{"P1": "ACTIVE", "P2": "INACTIVE"}, found.Products)
	})
}

// TestARecountGoesByQuantitiesProductAndLocation.
func TestARecountGoesByQuantitiesProductAndLocation(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	types := []string{"LAST_ON_HAND", "RESERVED"}
	recount := func(what store.Recount) (out []store.RecountedPosition) {
		s.locked(func(tx *store.Tx) {
			var err error
			out, err = tx.RecountStock(t.Context(), mainStock, what, types)
			require.NoError(t, err)
		})
		return out
	}
	s.eachAccount(func(tx *store.Tx) {
		s.quantity(tx, "a", "LAST_ON_HAND", p1a, 20)
		s.quantity(tx, "b", "RESERVED", p1a, -3)
		s.quantity(tx, "c", "DELIVERY", p1a, 100)
		s.quantity(tx, "d", "LAST_ON_HAND", p1a, 200).Status = "INACTIVE"
		s.quantity(tx, "e", "LAST_ON_HAND", p1a, 400).Condition = "DAMAGED"
		s.quantity(tx, "f", "LAST_ON_HAND", p1a, 1).Condition = "NEW"
	})
	status := func(onHand int, status string) []store.RecountedPosition {
		return []store.RecountedPosition{{ID: string(p1a), ProductRef: "P1", LocationRef: "A", Status: status, OnHand: onHand}}
	}
	one := store.Recount{PositionIDs: []string{string(p1a)}}
	require.Equal(t, status(18, "CREATED"), recount(one), "a product that nobody knows")
	require.Empty(t, recount(one), "what agrees is not written")
	s.product(1, "P1", "INACTIVE")
	require.Equal(t, status(18, "INACTIVE"), recount(one))
	s.product(2, "P1", "ACTIVE")
	require.Equal(t, status(18, "ACTIVE"), recount(one), "active in one of its catalogues")
	s.sql("UPDATE inventory_positions SET status = 'AT_RISK' WHERE account_id = 'ACME' AND id::text = $1", string(p1a))
	require.Empty(t, recount(one), "what was said of a position that is active stays")
	for _, account := range []string{"ACME", "OTHER"} {
		require.NoError(t, s.db.Write(t.Context(), scopeOf(t, account), func(tx *store.Tx) error {
			l := &foundation.Location{Ref: "A", RetailerID: "1", Name: "A"}
			l.ID, l.Type, l.Status = "1", "STORE", map[string]string{"ACME": "INACTIVE", "OTHER": "ACTIVE"}[account]
			tx.Insert(l)
			return nil
		}))
	}
	require.Equal(t, status(18, "INACTIVE"), recount(store.Recount{Locations: []string{"A"}})[:1])
	s.sql("UPDATE locations SET status = 'ACTIVE'")
	require.Len(t, recount(store.Recount{Products: []string{"P1"}}), 2, "P1 at A is active again, and at B nothing was ever counted")
	require.Equal(t, 10, s.onHand("ACME", otherP1A), "another catalogue's")
	require.Equal(t, 10, s.onHand("OTHER", p1a))
}

// TestVirtualPositionsAreWrittenWhereTheyDiffer.
func TestVirtualPositionsAreWrittenWhereTheyDiffer(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	row := store.VirtualRow{CatalogueID: mainBase, Ref: "P1:A", Type: "BASE", Status: "ACTIVE", ProductRef: "P1", GroupRef: "A", Quantity: 10, WorkflowRef: "W", WorkflowVersion: 1}
	at := func() string {
		return s.texts("SELECT concat_ws(' ', status, quantity, updated_on) FROM virtual_positions WHERE account_id = 'ACME' AND catalogue_id = $1 AND product_ref = 'P1' AND group_ref = 'A'", mainBase)[0]
	}
	put := func() {
		s.locked(func(tx *store.Tx) { tx.PutVirtual([]store.VirtualRow{row}) })
	}
	before := at()
	put()
	require.Equal(t, before, at())
	row.Status = "INACTIVE"
	put()
	require.Contains(t, at(), "INACTIVE 10 ")
	row.Quantity = 9
	put()
	require.Contains(t, at(), "INACTIVE 9 ")
	row.Ref, row.ProductRef = "P3:A", "P3"
	put()
	require.Len(t, s.sellable("ACME", mainBase), 4)
	require.Equal(t, []int{10, 10, 10}, s.sellable("OTHER", mainBase))
}

// TestTrailsAreFoundInTheirTimeAndBehindAPage.
func TestTrailsAreFoundInTheirTimeAndBehindAPage(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	turns := []string{"10000000-0000-8000-8000-000000000000", "20000000-0000-8000-8000-000000000000", "30000000-0000-8000-8000-000000000000"}
	s.eachAccount(func(tx *store.Tx) {
		for i, turn := range turns {
			tx.AddTrail(store.Trail{TurnID: turn, RootType: "ORDER", RootID: []string{"1", "1", "2"}[i], GeneratedOn: at, Keys: []string{"n:X"}, Body: []byte(tx.Scope().Account())})
		}
	})
	find := func(q store.TrailQuery) (out []string) {
		q.Limit = 9
		found, err := s.db.Reader(s.scope).Trails(t.Context(), q)
		require.NoError(t, err)
		for _, f := range found {
			require.Equal(t, "ACME", string(f.Body))
			out = append(out, f.TurnID[:1])
		}
		return out
	}
	require.Equal(t, []string{"3", "2", "1"}, find(store.TrailQuery{From: at, To: at}), "both ends belong to it")
	require.Empty(t, find(store.TrailQuery{From: at.Add(time.Microsecond), To: at.Add(time.Hour)}))
	require.Empty(t, find(store.TrailQuery{From: at.Add(-time.Hour), To: at.Add(-time.Microsecond)}))
	require.Equal(t, []string{"1"}, find(store.TrailQuery{From: at, To: at, Before: at, BeforeID: turns[1]}))
	require.Equal(t, []string{"2", "1"}, find(store.TrailQuery{From: at, To: at, RootType: "ORDER", RootID: "1"}))
	require.Empty(t, find(store.TrailQuery{From: at, To: at, RootType: "WAVE", RootID: "1"}))
	require.Equal(t, []string{"3"}, find(store.TrailQuery{From: at, To: at, RootType: "ORDER", RootID: "2", Keys: []string{"n:X"}}))
	require.Equal(t, []string{"3", "2", "1"}, find(store.TrailQuery{From: at, To: at, Keys: []string{"n:X"}}))
	for turn, want := range map[string]bool{turns[0]: true, "40000000-0000-8000-8000-000000000000": false} {
		there, err := s.db.Reader(s.scope).TrailExists(t.Context(), turn)
		require.NoError(t, err)
		require.Equal(t, want, there)
	}
	there, err := s.db.Reader(scopeOf(t, "MIDDLE")).TrailExists(t.Context(), turns[0])
	require.NoError(t, err)
	require.False(t, there)
}
