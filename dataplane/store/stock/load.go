package stock

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/inventory/load"
)

const loadKeys = `unnest($3::text[], $4::text[]) AS k (product_ref, location_ref)
JOIN inventory_positions t ON t.account_id = $1 AND t.catalogue_id = $2 AND t.product_ref = k.product_ref AND t.location_ref = k.location_ref`

const (
	sqlLoadLock = `SELECT count(*) FROM (SELECT t.id FROM ` + loadKeys + ` ORDER BY t.id FOR UPDATE OF t) locked`

	sqlLoadPositions = loadKeys + ` WHERE true`

	sqlLoadQuantities = `(SELECT t.id FROM ` + loadKeys + `) p JOIN inventory_quantities t ON t.account_id = $1 AND t.position_id = p.id WHERE t.status = 'ACTIVE'`

	sqlLoadByRef = `unnest($3::text[], $4::bool[]) AS r (ref, other) JOIN inventory_quantities t ON t.account_id = $1 AND t.catalogue_id = $2 AND t.ref = r.ref
WHERE coalesce(t.status, '') <> 'ACTIVE' OR r.other`
)

const sqlProductStatus = `SELECT ref, min(CASE WHEN status = 'INACTIVE' THEN 'INACTIVE' ELSE 'ACTIVE' END) FROM products
JOIN (SELECT DISTINCT n FROM unnest($2::text[]) AS u (n)) named ON named.n = ref WHERE account_id = $1 GROUP BY ref`

// Stored is what a load must know of the positions that it names.
type Stored struct {
	Positions  []*inventory.InventoryPosition
	Quantities []*inventory.InventoryQuantity // active ones, and those with the refs asked for: but counts of whatever position
	Products   map[string]string              // ref → ACTIVE or INACTIVE (where no catalogue has it active)
}

// Load locks the positions of an inventory catalogue by product and location, in the order of their ids, and reads them, their
// active quantities, quantities by ref, and the status of the products, in one round trip. Refs of counts are looked for among what is not active, for
// the active ones are read with their positions; others may be another position's, whose active ones nothing else reads.
func Load(ctx context.Context, tx *store.Tx, catalogueID int64, keys []Key, named load.Refs) (*Stored, error) {
	products, locations := columns(keys)
	args := tx.Args(catalogueID, products, locations)
	out := &Stored{Products: map[string]string{}}
	var active, byName []*inventory.InventoryQuantity
	refs, others := append(slices.Clip(named.Counts), named.Others...), make([]bool, len(named.Counts)+len(named.Others))
	for i := range named.Others {
		others[len(named.Counts)+i] = true
	}
	positions, err := store.Entities(tx.Reader, "stock.positions", sqlLoadPositions, args, &out.Positions)
	if err != nil {
		return nil, err
	}
	quantities, err := store.Entities(tx.Reader, "stock.quantities", sqlLoadQuantities, args, &active)
	if err != nil {
		return nil, err
	}
	byRef, err := store.Entities(tx.Reader, "stock.quantitiesByRef", sqlLoadByRef, tx.Args(catalogueID, refs, others), &byName)
	if err != nil {
		return nil, err
	}
	err = tx.Send(ctx, store.Statement{Name: lockName, SQL: sqlLoadLock, Args: args}, positions, quantities, byRef,
		store.Statement{Name: "stock.products", SQL: sqlProductStatus, Args: tx.Args(products), Rows: func(rows pgx.Rows) error {
			var ref, status string
			_, err := pgx.ForEachRow(rows, []any{&ref, &status}, func() error { out.Products[ref] = status; return nil })
			return err
		}})
	out.Quantities = once(active, byName)
	return out, err
}

const (
	sqlTakenPositions = `SELECT ref, product_ref, location_ref FROM inventory_positions WHERE account_id = $1 AND catalogue_id = $2 AND ref = ANY ($3::text[])`

	sqlTakenQuantities = `SELECT q.ref, coalesce(p.ref, '') FROM inventory_quantities q LEFT JOIN inventory_positions p ON p.account_id = $1 AND p.id = q.position_id
WHERE q.account_id = $1 AND q.catalogue_id = $2 AND q.ref = ANY ($3::text[])`
)

// Owners are whose refs of positions and of quantities are.
type Owners struct {
	Positions  map[string]Key    // by the position's ref
	Quantities map[string]string // by the quantity's ref; the ref of its position
}

// OwnersOf looks for refs among the positions and the quantities of an inventory catalogue, in one round trip. Those that nobody has are left out.
func OwnersOf(ctx context.Context, tx *store.Tx, catalogueID int64, positions, quantities []string) (*Owners, error) {
	var out Owners
	return &out, tx.Send(ctx,
		store.Statement{Name: "stock.positionsTaken", SQL: sqlTakenPositions, Args: tx.Args(catalogueID, positions), Rows: func(rows pgx.Rows) error {
			out.Positions = map[string]Key{}
			var ref string
			var k Key
			_, err := pgx.ForEachRow(rows, []any{&ref, &k.ProductRef, &k.LocationRef}, func() error { out.Positions[ref] = k; return nil })
			return err
		}},
		store.Statement{Name: "stock.quantitiesTaken", SQL: sqlTakenQuantities, Args: tx.Args(catalogueID, quantities), Rows: func(rows pgx.Rows) error {
			out.Quantities = map[string]string{}
			var ref, position string
			_, err := pgx.ForEachRow(rows, []any{&ref, &position}, func() error { out.Quantities[ref] = position; return nil })
			return err
		}})
}

// once adds quantities to others that may be among them.
func once(list, more []*inventory.InventoryQuantity) []*inventory.InventoryQuantity {
	known := map[catalogue.ID]bool{}
	for _, q := range list {
		if len(more) > 0 {
			known[q.ID] = true
		}
	}
	for _, q := range more {
		if !known[q.ID] {
			known[q.ID] = true
			list = append(list, q)
		}
	}
	return list
}
