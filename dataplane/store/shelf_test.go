package store_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/tenancy"
)

// shelf is a database with the same stock in two accounts, down to ids and refs, and in two catalogues of each: what a condition left out would
// reach is there to be reached.
type shelf struct {
	t     *testing.T
	dsn   string
	db    *store.DB
	hooks *storetest.Hooks
	scope tenancy.Scope
	raw   *pgx.Conn // a superuser's, which policies do not hold back
}

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

var stocked = []store.StockKey{{ProductRef: "P1", LocationRef: "A"}, {ProductRef: "P1", LocationRef: "B"}, {ProductRef: "P2", LocationRef: "A"}}

func newShelf(t *testing.T) *shelf {
	s := &shelf{t: t, dsn: migratedDSN(t), hooks: storetest.New(t), scope: scopeOf(t, "ACME")}
	s.db = open(t, s.dsn, store.Options{Hook: s.hooks.Hook})
	s.raw = s.connect()
	s.unfence()
	for _, account := range []string{"ACME", "OTHER"} {
		require.NoError(t, s.db.Write(t.Context(), scopeOf(t, account), func(tx *store.Tx) error { s.fill(tx); return nil }))
	}
	return s
}

// unfence takes the database's own fence between accounts away, as it is on CockroachDB: statements alone must tell them apart.
func (s *shelf) unfence() {
	rows, err := s.raw.Query(s.t.Context(), "SELECT relname FROM pg_class WHERE relrowsecurity AND relkind = 'r'")
	require.NoError(s.t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(s.t, err)
	require.NotEmpty(s.t, tables)
	for _, table := range tables {
		_, err := s.raw.Exec(s.t.Context(), "ALTER TABLE "+table+" DISABLE ROW LEVEL SECURITY")
		require.NoError(s.t, err)
	}
}

func (s *shelf) connect() *pgx.Conn {
	c, err := pgx.Connect(context.Background(), s.dsn)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
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
func (s *shelf) of(catalogueID int) store.StockScope {
	return store.StockScope{CatalogueID: int64(catalogueID), CatalogueRef: fmt.Sprint("stock ", catalogueID), WorkflowRef: "INVENTORY_CATALOGUE::DEFAULT", WorkflowVersion: 10000}
}

// take is a reservation for a fulfilment.
func (s *shelf) take(fulfilment string, p catalogue.ID, n int) store.Reservation {
	return store.Reservation{QuantityID: s.db.NewUUID(), Ref: fulfilment + ":" + string(p), PositionID: p, Association: fulfilment, Quantity: n}
}

// locked writes with locks of its own and must succeed.
func (s *shelf) locked(fn func(tx *store.Tx)) {
	s.t.Helper()
	require.NoError(s.t, s.db.WriteLocked(s.t.Context(), s.scope, func(tx *store.Tx) error { fn(tx); return nil }))
}

// eachAccount writes in both accounts.
func (s *shelf) eachAccount(fn func(tx *store.Tx)) {
	s.t.Helper()
	for _, account := range []string{"ACME", "OTHER"} {
		require.NoError(s.t, s.db.WriteLocked(s.t.Context(), scopeOf(s.t, account), func(tx *store.Tx) error { fn(tx); return nil }))
	}
}

// sql runs a statement past the store.
func (s *shelf) sql(text string, args ...any) {
	s.t.Helper()
	_, err := s.raw.Exec(s.t.Context(), text, args...)
	require.NoError(s.t, err)
}

// texts reads rows of one text.
func (s *shelf) texts(text string, args ...any) []string {
	s.t.Helper()
	rows, err := s.raw.Query(s.t.Context(), text, args...)
	require.NoError(s.t, err)
	out, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(s.t, err)
	return out
}

// onHand reads a position, past all policies.
func (s *shelf) onHand(account string, p catalogue.ID) (n int) {
	s.t.Helper()
	require.NoError(s.t, s.raw.QueryRow(s.t.Context(), "SELECT on_hand FROM inventory_positions WHERE account_id = $1 AND id::text = $2", account, string(p)).Scan(&n))
	return n
}

// sellable reads virtual positions of a catalogue, in the order of stocked.
func (s *shelf) sellable(account string, catalogueID int) (n []int) {
	s.t.Helper()
	rows, err := s.raw.Query(s.t.Context(), "SELECT quantity FROM virtual_positions WHERE account_id = $1 AND catalogue_id = $2 ORDER BY product_ref, group_ref", account, catalogueID)
	require.NoError(s.t, err)
	n, err = pgx.CollectRows(rows, pgx.RowTo[int])
	require.NoError(s.t, err)
	return n
}

// free lists rows of a table of the account that nobody has locked, by the text of a column.
func (s *shelf) free(table, column string) (out []string) {
	s.t.Helper()
	rows, err := s.connect().Query(s.t.Context(), "SELECT "+column+"::text FROM "+table+" WHERE account_id = 'ACME' ORDER BY 1 FOR UPDATE SKIP LOCKED")
	require.NoError(s.t, err)
	out, err = pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(s.t, err)
	return out
}

// hold locks what a statement finds, until the function that is returned is called.
func (s *shelf) hold(sql string, args ...any) (release func()) {
	s.t.Helper()
	c := s.connect()
	tx, err := c.Begin(context.Background())
	require.NoError(s.t, err)
	tag, err := tx.Exec(s.t.Context(), sql, args...)
	require.NoError(s.t, err)
	require.EqualValues(s.t, 1, tag.RowsAffected())
	return func() { require.NoError(s.t, tx.Rollback(context.Background())) }
}
