package stock

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/inventory"
)

const loadKeys = `unnest($3::text[], $4::text[]) AS k (product_ref, location_ref)
JOIN inventory_positions t ON t.account_id = $1 AND t.catalogue_id = $2 AND t.product_ref = k.product_ref AND t.location_ref = k.location_ref`

const (
	sqlLoadLock = `SELECT count(*) FROM (SELECT t.id FROM ` + loadKeys + ` ORDER BY t.id FOR UPDATE OF t) locked`

	sqlLoadPositions = loadKeys + ` WHERE true`

	sqlLoadQuantities = `(SELECT t.id FROM ` + loadKeys + `) p JOIN inventory_quantities t ON t.account_id = $1 AND t.position_id = p.id WHERE t.status = 'ACTIVE'`

	sqlLoadByRef = `unnest($3::text[], $4::bool[]) AS r (ref, given) JOIN inventory_quantities t ON t.account_id = $1 AND t.catalogue_id = $2 AND t.ref = r.ref
WHERE coalesce(t.status, '') <> 'ACTIVE' OR r.given`
)

const sqlProductStatus = `SELECT ref, min(CASE WHEN status = 'INACTIVE' THEN 'INACTIVE' ELSE 'ACTIVE' END) FROM products
JOIN (SELECT DISTINCT n FROM unnest($2::text[]) AS u (n)) named ON named.n = ref WHERE account_id = $1 GROUP BY ref`

// Stored is what a load must know of the positions that it names.
type Stored struct {
	Positions  []*inventory.InventoryPosition
	Quantities []*inventory.InventoryQuantity // active ones, and those with the refs asked for: those with given refs of whatever position
	Products   map[string]string              // ref → ACTIVE or INACTIVE (where no catalogue has it active)
}

// Load locks the positions of an inventory catalogue by product and location, in the order of their ids, and reads them, their
// active quantities, quantities by ref, and the status of the products, in one round trip. Refs that are composed of a position's own are looked for
// among what is not active; those that somebody gave may be another position's, whose active ones nothing else reads.
func Load(ctx context.Context, tx *store.Tx, catalogueID int64, keys []Key, composed, given []string) (*Stored, error) {
	products, locations := columns(keys)
	args := tx.Args(catalogueID, products, locations)
	out := &Stored{Products: map[string]string{}}
	var active, named []*inventory.InventoryQuantity
	refs, isGiven := append(slices.Clip(composed), given...), make([]bool, len(composed)+len(given))
	for i := range given {
		isGiven[len(composed)+i] = true
	}
	positions, err := store.Entities(tx.Reader, "stock.positions", sqlLoadPositions, args, &out.Positions)
	if err != nil {
		return nil, err
	}
	quantities, err := store.Entities(tx.Reader, "stock.quantities", sqlLoadQuantities, args, &active)
	if err != nil {
		return nil, err
	}
	byRef, err := store.Entities(tx.Reader, "stock.quantitiesByRef", sqlLoadByRef, tx.Args(catalogueID, refs, isGiven), &named)
	if err != nil {
		return nil, err
	}
	err = tx.Send(ctx, store.Statement{Name: lockName, SQL: sqlLoadLock, Args: args}, positions, quantities, byRef,
		store.Statement{Name: "stock.products", SQL: sqlProductStatus, Args: tx.Args(products), Rows: func(rows pgx.Rows) error {
			var ref, status string
			_, err := pgx.ForEachRow(rows, []any{&ref, &status}, func() error { out.Products[ref] = status; return nil })
			return err
		}})
	out.Quantities = once(active, named)
	return out, err
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
