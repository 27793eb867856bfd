package stock_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/stock"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/inventory/load"
)

// TestALoadReadsWhatItMustKnow: the positions it names, what counts of them, what it names and does not count, and of each product whether any
// catalogue has it active.
func TestALoadReadsWhatItMustKnow(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.EachAccount(func(tx *store.Tx) {
		s.quantity(tx, "counts", "LAST_ON_HAND", p1a, 1)
		s.quantity(tx, "named", "DELIVERY", p1a, 2).Status = "INACTIVE"
		s.quantity(tx, "named too", "DELIVERY", p1a, 3)
		s.quantity(tx, "old", "DELIVERY", p1a, 4).Status = "INACTIVE"
		s.quantity(tx, "of another position", "DELIVERY", p1b, 5)
	})
	s.product(1, "P1", "INACTIVE")
	s.product(2, "P1", "CREATED")
	s.product(3, "P2", "INACTIVE")
	s.Locked(func(tx *store.Tx) {
		found, err := stock.Load(t.Context(), tx, mainStock, []stock.Key{stocked[0], {ProductRef: "P2", LocationRef: "Z"}}, load.Refs{Counts: []string{"named", "of another position"}, Others: []string{"named too"}})
		require.NoError(t, err)
		require.Len(t, found.Positions, 1)
		require.Equal(t, p1a, found.Positions[0].ID)
		var refs []string
		for _, q := range found.Quantities {
			refs = append(refs, q.Ref)
		}
		require.ElementsMatch(t, []string{"counts", "named too", "named"}, refs, "each once")
		require.Equal(t, map[string]string{"P1": "ACTIVE", "P2": "INACTIVE"}, found.Products)
		found, err = stock.Load(t.Context(), tx, mainStock, stocked[:1], load.Refs{Others: []string{"of another position"}})
		require.NoError(t, err)
		refs = nil
		for _, q := range found.Quantities {
			refs = append(refs, q.Ref)
		}
		require.ElementsMatch(t, []string{"counts", "named too", "of another position"}, refs, "a ref that was given may be taken")
	})
}

// TestWhoHasARef: of this catalogue, whatever its status.
func TestWhoHasARef(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.EachAccount(func(tx *store.Tx) {
		s.quantity(tx, "named", "DELIVERY", p1a, 2).Status = "INACTIVE"
		s.quantity(tx, "elsewhere", "DELIVERY", otherP1A, 2).CatalogueID = "2"
	})
	s.Locked(func(tx *store.Tx) {
		found, err := stock.OwnersOf(t.Context(), tx, mainStock, []string{"P1:A", "P1:Z"}, []string{"named", "elsewhere", "none"})
		require.NoError(t, err)
		require.Equal(t, map[string]stock.Key{"P1:A": {ProductRef: "P1", LocationRef: "A"}}, found.Positions)
		require.Equal(t, map[string]string{"named": "P1:A"}, found.Quantities)
	})
}

// TestARecountGoesByQuantitiesProductAndLocation.
func TestARecountGoesByQuantitiesProductAndLocation(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	types := []string{"LAST_ON_HAND", "RESERVED"}
	recount := func(what stock.Selection) (out []stock.Position) {
		s.Locked(func(tx *store.Tx) {
			var err error
			out, err = stock.Recount(t.Context(), tx, mainStock, what, types)
			require.NoError(t, err)
		})
		return out
	}
	s.EachAccount(func(tx *store.Tx) {
		s.quantity(tx, "a", "LAST_ON_HAND", p1a, 20)
		s.quantity(tx, "b", "RESERVED", p1a, -3)
		s.quantity(tx, "c", "DELIVERY", p1a, 100)
		s.quantity(tx, "d", "LAST_ON_HAND", p1a, 200).Status = "INACTIVE"
		s.quantity(tx, "e", "LAST_ON_HAND", p1a, 400).Condition = "DAMAGED"
		s.quantity(tx, "f", "LAST_ON_HAND", p1a, 1).Condition = "NEW"
	})
	status := func(onHand int, status string) []stock.Position {
		return []stock.Position{{ID: string(p1a), ProductRef: "P1", LocationRef: "A", Status: status, OnHand: onHand}}
	}
	one := stock.Selection{PositionIDs: []string{string(p1a)}}
	require.Equal(t, status(18, "CREATED"), recount(one), "a product that nobody knows")
	require.Empty(t, recount(one), "what agrees is not written")
	s.product(1, "P1", "INACTIVE")
	require.Equal(t, status(18, "INACTIVE"), recount(one))
	s.product(2, "P1", "ACTIVE")
	require.Equal(t, status(18, "ACTIVE"), recount(one), "active in one of its catalogues")
	s.SQL("UPDATE inventory_positions SET status = 'AT_RISK' WHERE account_id = 'ACME' AND id::text = $1", string(p1a))
	require.Empty(t, recount(one), "what was said of a position that is active stays")
	for _, account := range []string{"ACME", "OTHER"} {
		require.NoError(t, s.DB.Write(t.Context(), storetest.ScopeOf(t, account), func(tx *store.Tx) error {
			l := &foundation.Location{Ref: "A", RetailerID: "1", Name: "A"}
			l.ID, l.Type, l.Status = "1", "STORE", map[string]string{"ACME": "INACTIVE", "OTHER": "ACTIVE"}[account]
			tx.Insert(l)
			return nil
		}))
	}
	require.Equal(t, status(18, "INACTIVE"), recount(stock.Selection{Locations: []string{"A"}})[:1])
	s.SQL("UPDATE locations SET status = 'ACTIVE'")
	require.Len(t, recount(stock.Selection{Products: []string{"P1"}}), 2, "P1 at A is active again, and at B nothing was ever counted")
	require.Equal(t, 10, s.onHand("ACME", otherP1A), "another catalogue's")
	require.Equal(t, 10, s.onHand("OTHER", p1a))

	// What the field cannot carry is cut off at its limit, and the position says so until it can again.
	marked := func() []string {
		return s.Texts("SELECT e.item::text FROM inventory_positions p, jsonb_array_elements(p.attributes) AS e (item) WHERE p.account_id = 'ACME' AND p.id::text = $1", string(p1a))
	}
	s.SQL("UPDATE inventory_positions SET attributes = '[{\"name\": \"bin\", \"type\": \"STRING\", \"value\": \"7\"}]' WHERE account_id = 'ACME' AND id::text = $1", string(p1a))
	s.SQL("UPDATE inventory_quantities SET quantity = 2147483647 WHERE account_id = 'ACME' AND ref = 'a'")
	s.SQL("UPDATE inventory_quantities SET quantity = 3 WHERE account_id = 'ACME' AND ref = 'b'")
	require.Equal(t, status(2147483647, "ACTIVE"), recount(one))
	bin := `{"name": "bin", "type": "STRING", "value": "7"}`
	require.Equal(t, []string{bin, `{"name": "quantityCapped", "type": "BOOLEAN", "value": true}`}, marked())
	require.Empty(t, recount(one))
	s.SQL("UPDATE inventory_quantities SET quantity = -1 WHERE account_id = 'ACME' AND ref = 'b'")
	require.Equal(t, status(2147483647, "ACTIVE"), recount(one), "the sum is the limit itself")
	require.Equal(t, []string{bin, `{"name": "quantityCapped", "type": "BOOLEAN", "value": false}`}, marked())
}

// TestVirtualPositionsAreWrittenWhereTheyDiffer.
func TestVirtualPositionsAreWrittenWhereTheyDiffer(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	row := stock.Virtual{CatalogueID: mainBase, Ref: "P1:A", Type: "BASE", Status: "ACTIVE", ProductRef: "P1", GroupRef: "A", Quantity: 10, WorkflowRef: "W", WorkflowVersion: 1}
	at := func() string {
		return s.Texts("SELECT concat_ws(' ', status, quantity, updated_on) FROM virtual_positions WHERE account_id = 'ACME' AND catalogue_id = $1 AND product_ref = 'P1' AND group_ref = 'A'", mainBase)[0]
	}
	put := func() {
		s.Locked(func(tx *store.Tx) { stock.PutVirtual(tx, []stock.Virtual{row}) })
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

// TestWhatIsMadeByHandDoesNotStopWhatFollowsFromStock: callers make virtual positions under whatever ref they like. One that another position would be
// given costs neither that position nor those beside it, and one that stands where a sum belongs takes the sum.
func TestWhatIsMadeByHandDoesNotStopWhatFollowsFromStock(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	byHand := func(of int, ref, product, group string) {
		v := &inventory.VirtualPosition{Node: catalogue.Node{ID: s.DB.NewUUID()}, Ref: ref, ProductRef: product, GroupRef: group, Quantity: 99, CatalogueID: catalogue.ID(strconv.Itoa(of))}
		v.Type, v.Status = "DEFAULT", "ACTIVE"
		s.Locked(func(tx *store.Tx) { tx.Insert(v) })
	}
	told := func(of int) []string {
		return s.Texts(`SELECT concat_ws(' ', CASE WHEN ref LIKE '%:' || id::text THEN replace(ref, id::text, 'ID') ELSE ref END, product_ref, group_ref, quantity)
			FROM virtual_positions WHERE account_id = 'ACME' AND catalogue_id = $1 AND product_ref LIKE 'H%' ORDER BY 1`, of)
	}
	byHand(mainBase, "H1:A", "H9", "X")
	row := func(product string, quantity int) stock.Virtual {
		return stock.Virtual{CatalogueID: mainBase, Ref: product + ":A", Type: "DEFAULT", Status: "ACTIVE", ProductRef: product, GroupRef: "A", Quantity: quantity}
	}
	for _, n := range []int{1, 2} {
		s.Locked(func(tx *store.Tx) { stock.PutVirtual(tx, []stock.Virtual{row("H1", n), row("H2", n)}) })
		require.Equal(t, []string{"H1:A H9 X 99", fmt.Sprintf("H1:A:ID H1 A %d", n), fmt.Sprintf("H2:A H2 A %d", n)}, told(mainBase))
	}
	of := stock.Aggregate{ID: mainAggregate, Ref: "SUM", NetworkID: 41, InventoryID: mainStock}
	byHand(mainAggregate, "MINE", "H1", "SUM")
	byHand(mainAggregate, "SUM:H2", "H9", "X")
	for range 2 {
		s.Locked(func(tx *store.Tx) { stock.Sum(tx, of, []string{"H1", "H2", "H3"}, []string{"ACTIVE"}) })
		require.Equal(t, []string{"MINE H1 SUM 0", "SUM:H2 H9 X 99", "SUM:H2:ID H2 SUM 0", "SUM:H3 H3 SUM 0"}, told(mainAggregate))
	}
}
