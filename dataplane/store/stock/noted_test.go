package stock_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/stock"
)

// rows are all rows of stock of an account, as they are, by type and id.
func (s *shelf) rows(account string) map[string]string {
	s.T.Helper()
	out := map[string]string{}
	for _, r := range s.Texts(`SELECT 'InventoryPosition ' || id::text || '=' || md5(t::text) FROM inventory_positions t WHERE account_id = $1
UNION ALL SELECT 'InventoryQuantity ' || id::text || '=' || md5(t::text) FROM inventory_quantities t WHERE account_id = $1
UNION ALL SELECT 'VirtualPosition ' || id::text || '=' || md5(t::text) FROM virtual_positions t WHERE account_id = $1`, account) {
		out[r[:len(r)-33]] = r[len(r)-32:]
	}
	return out
}

// told is what the feed tells of an account, and forgets it.
func (s *shelf) told(account string) (out []string) {
	s.T.Helper()
	rows, err := s.Raw.Query(s.T.Context(), "DELETE FROM changes WHERE account_id = $1 RETURNING body", account)
	require.NoError(s.T, err)
	bodies, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	require.NoError(s.T, err)
	for _, body := range bodies {
		groups, err := store.DecodeChanges(body)
		require.NoError(s.T, err)
		for _, g := range groups {
			for _, id := range g.IDs {
				out = append(out, string(g.What)+" "+g.Type+" "+string(id))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// TestMovementsTellWhatTheyMoved, exactly that, whatever only the database knew of it; and what moves nothing tells nothing.
func TestMovementsTellWhatTheyMoved(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.told("OTHER")
	virtual := func(product string, n int) stock.Virtual {
		return stock.Virtual{CatalogueID: mainBase, Ref: product + ":A", Type: "BASE", Status: "ACTIVE", ProductRef: product, GroupRef: "A", Quantity: n, WorkflowRef: "W", WorkflowVersion: 1}
	}
	take := []stock.Reservation{s.take("f1", p1a, 4), s.take("f1", p2a, 2), s.take("f2", p1b, 1)}
	sum := stock.Aggregate{ID: mainAggregate, Ref: "virtual 21", NetworkID: 41, InventoryID: mainStock, WorkflowRef: "W", WorkflowVersion: 1}
	for _, c := range []struct {
		name string
		do   func(tx *store.Tx)
	}{
		{"reserve", func(tx *store.Tx) { stock.Reserve(tx, s.of(mainStock), take, errShort) }},
		{"confirm", func(tx *store.Tx) {
			stock.Confirm(tx, s.of(mainStock), []stock.Confirmation{s.confirmation("f1", "P1", 3), s.confirmation("f1", "P2", 2)})
		}},
		{"release", func(tx *store.Tx) { stock.Release(tx, s.of(mainStock), []string{"f1", "f2"}) }},
		{"recount", func(tx *store.Tx) {
			_, err := stock.Recount(t.Context(), tx, mainStock, stock.Selection{Products: []string{"P1", "P2"}}, []string{"LAST_ON_HAND"})
			require.NoError(t, err)
		}},
		{"put", func(tx *store.Tx) { stock.PutVirtual(tx, []stock.Virtual{virtual("P1", 3), virtual("P9", 1)}) }},
		{"empty", func(tx *store.Tx) { stock.EmptyVirtual(tx, []stock.Virtual{virtual("P9", 0)}) }},
		{"sum", func(tx *store.Tx) { stock.Sum(tx, sum, []string{"P1", "P3"}, []string{"ACTIVE"}) }},
	} {
		before, others := s.rows("ACME"), s.rows("OTHER")
		s.told("ACME")
		s.Locked(c.do)
		var want []string
		for row, is := range s.rows("ACME") {
			if was, known := before[row]; !known {
				want = append(want, "c "+row)
			} else if was != is {
				want = append(want, "u "+row)
			}
		}
		slices.Sort(want)
		require.NotEmpty(t, want, c.name)
		require.Equal(t, want, s.told("ACME"), c.name)
		require.True(t, maps.Equal(others, s.rows("OTHER")), c.name)
	}
	require.Empty(t, s.told("OTHER"))
	s.Locked(func(tx *store.Tx) { stock.Release(tx, s.of(mainStock), []string{"f1", "f2"}) })
	require.Empty(t, s.told("ACME"), "what was released before")
}
