package stock_test

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/stock"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
)

// The inventory catalogues and what can be sold from them.
const (
	mainStock, otherStock = 1, 2
	mainBase, otherBase   = 11, 12
	mainAggregate         = 21
)

// position is the id of a position: catalogue 1 has P1 at A, P1 at B and P2 at A, and catalogue 2 the same. Ids are in this order, rows are
// stored the other way round.
func position(catalogueID int, product, location string) catalogue.ID {
	return catalogue.ID(fmt.Sprintf("00000000-0000-8000-8%03d-00000000%s%s", catalogueID, map[string]string{"P1": "01", "P2": "02"}[product], map[string]string{"A": "0a", "B": "0b"}[location]))
}

var stocked = []stock.Key{{ProductRef: "P1", LocationRef: "A"}, {ProductRef: "P1", LocationRef: "B"}, {ProductRef: "P2", LocationRef: "A"}}

// shelf is a stand with the same stock in two accounts, down to ids and refs, and in two catalogues of each.
type shelf struct{ *storetest.Stand }

func newShelf(t *testing.T) *shelf {
	s := &shelf{storetest.NewStand(t, dbtest.Template)}
	for _, account := range []string{"ACME", "OTHER"} {
		require.NoError(t, s.DB.Write(t.Context(), storetest.ScopeOf(t, account), func(tx *store.Tx) error { s.fill(tx); return nil }))
	}
	return s
}

func (s *shelf) fill(tx *store.Tx) {
	for _, id := range []int{mainStock, otherStock} {
		c := &inventory.InventoryCatalogue{Ref: fmt.Sprint("stock ", id), Name: "stock"}
		c.ID, c.Type, c.Status = catalogue.ID(fmt.Sprint(id)), "DEFAULT", "ACTIVE"
		tx.Insert(c)
		for i := len(stocked) - 1; i >= 0; i-- {
			k := stocked[i]
			p := &inventory.InventoryPosition{Ref: k.ProductRef + ":" + k.LocationRef, ProductRef: k.ProductRef, LocationRef: k.LocationRef, OnHand: 10, CatalogueID: c.ID}
			p.ID, p.Type, p.Status = position(id, k.ProductRef, k.LocationRef), "DEFAULT", "ACTIVE"
			tx.Insert(p)
		}
	}
	for id, of := range map[int]int{mainBase: mainStock, otherBase: otherStock, mainAggregate: mainStock} {
		c := &inventory.VirtualCatalogue{Ref: fmt.Sprint("virtual ", id), Name: "virtual", InventoryCatalogueRef: fmt.Sprint("stock ", of), ProductCatalogueRef: "products"}
		c.ID, c.Type, c.Status = catalogue.ID(fmt.Sprint(id)), "BASE", "ACTIVE"
		if id == mainAggregate {
			c.Type = "AGGREGATE"
		}
		tx.Insert(c)
		for i, k := range stocked {
			v := &inventory.VirtualPosition{Ref: k.ProductRef + ":" + k.LocationRef, ProductRef: k.ProductRef, GroupRef: k.LocationRef, Quantity: 10, CatalogueID: c.ID}
			v.ID, v.Type, v.Status = catalogue.ID(fmt.Sprintf("00000000-0000-8000-9%03d-%012d", id, i)), c.Type, "ACTIVE"
			tx.Insert(v)
		}
	}
}

// of is where stock of a catalogue moves.
func (s *shelf) of(catalogueID int) stock.Scope {
	return stock.Scope{CatalogueID: int64(catalogueID), CatalogueRef: fmt.Sprint("stock ", catalogueID), WorkflowRef: "INVENTORY_CATALOGUE::DEFAULT", WorkflowVersion: 10000}
}

// take is a reservation for a fulfilment.
func (s *shelf) take(fulfilment string, p catalogue.ID, n int) stock.Reservation {
	return stock.Reservation{QuantityID: s.DB.NewUUID(), Ref: fulfilment + ":" + string(p), PositionID: p, Association: fulfilment, Quantity: n}
}

// onHand reads a position, past all policies.
func (s *shelf) onHand(account string, p catalogue.ID) (n int) {
	s.T.Helper()
	require.NoError(s.T, s.Raw.QueryRow(s.T.Context(), "SELECT on_hand FROM inventory_positions WHERE account_id = $1 AND id::text = $2", account, string(p)).Scan(&n))
	return n
}

// sellable reads virtual positions of a catalogue, in the order of stocked.
func (s *shelf) sellable(account string, catalogueID int) (n []int) {
	s.T.Helper()
	rows, err := s.Raw.Query(s.T.Context(), "SELECT quantity FROM virtual_positions WHERE account_id = $1 AND catalogue_id = $2 ORDER BY product_ref, group_ref", account, catalogueID)
	require.NoError(s.T, err)
	n, err = pgx.CollectRows(rows, pgx.RowTo[int])
	require.NoError(s.T, err)
	return n
}

// quantity queues a component of a position of the main catalogue.
func (s *shelf) quantity(tx *store.Tx, ref, kind string, p catalogue.ID, n int) *inventory.InventoryQuantity {
	q := &inventory.InventoryQuantity{Ref: ref, Quantity: n, PositionID: p, CatalogueID: "1"}
	q.ID, q.Type, q.Status = s.DB.NewUUID(), kind, "ACTIVE"
	tx.Insert(q)
	return q
}

// product writes a product in a catalogue of each account; in the other one it is as active as can be.
func (s *shelf) product(id int, ref, status string) {
	s.T.Helper()
	for _, account := range []string{"ACME", "OTHER"} {
		if account == "OTHER" {
			status = "ACTIVE"
		}
		s.SQL(`INSERT INTO products (account_id, id, created_on, updated_on, ref, type, status, workflow_ref, workflow_version, kind, gtin, name, catalogue_id)
VALUES ($1, $2, now(), now(), $3, 'STANDARD', $4, 'W', 1, 'StandardProduct', '1', 'n', $2)`, account, id, ref, status)
	}
}
