package stock

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/dataplane/store"
)

// Selection names the positions whose figures follow from their quantities, product and location. One of the lists is given.
type Selection struct {
	PositionIDs []string
	Products    []string // refs
	Locations   []string // refs
}

// Position is a position after a recount.
type Position struct {
	ID, ProductRef, LocationRef, Status string
	OnHand                              int
}

const recountWhere = `p.account_id = $1 AND p.catalogue_id = $2::int8 AND
	(p.id = ANY ($3::text[]::uuid[]) OR p.product_ref = ANY ($4::text[]) OR p.location_ref = ANY ($5::text[]))`

const sqlRecountLock = `SELECT count(*) FROM (SELECT p.id FROM inventory_positions p WHERE ` + recountWhere + ` ORDER BY p.id FOR UPDATE) locked`

// marked reports whether a position is marked as one whose sum its field cannot carry. See stock.Capped.
const marked = `coalesce(p.attributes @> '[{"name": "quantityCapped", "value": true}]', false)`

const sqlRecount = `WITH moved AS (UPDATE inventory_positions p SET updated_on = $6, on_hand = n.on_hand, status = n.status,
	attributes = CASE WHEN n.capped = ` + marked + ` THEN p.attributes ELSE coalesce((SELECT jsonb_agg(e.item)
		FROM jsonb_array_elements(CASE WHEN jsonb_typeof(p.attributes) = 'array' THEN p.attributes END) AS e (item) WHERE e.item ->> 'name' <> 'quantityCapped'), '[]'::JSONB)
		|| jsonb_build_array(jsonb_build_object('name', 'quantityCapped', 'type', 'BOOLEAN', 'value', n.capped)) END
FROM (SELECT c.id, c.status, least(greatest(c.units, -2147483648), 2147483647) AS on_hand, c.units NOT BETWEEN -2147483648 AND 2147483647 AS capped FROM (SELECT p.id,
	coalesce((SELECT sum(q.quantity)::int8 FROM inventory_quantities q WHERE q.account_id = $1 AND q.position_id = p.id AND q.status = 'ACTIVE'
		AND q.type = ANY ($7::text[]) AND coalesce(q.condition, 'NEW') IN ('NEW', '')), 0) AS units,
	CASE
		WHEN NOT EXISTS (SELECT 1 FROM products d WHERE d.account_id = $1 AND d.ref = p.product_ref) THEN 'CREATED'
		WHEN EXISTS (SELECT 1 FROM locations l WHERE l.account_id = $1 AND l.ref = p.location_ref AND l.status = 'INACTIVE')
			OR NOT EXISTS (SELECT 1 FROM products d WHERE d.account_id = $1 AND d.ref = p.product_ref AND coalesce(d.status, '') <> 'INACTIVE') THEN 'INACTIVE'
		WHEN coalesce(p.status, '') IN ('', 'CREATED', 'INACTIVE') THEN 'ACTIVE'
		ELSE p.status END AS status
	FROM inventory_positions p WHERE ` + recountWhere + ` OFFSET 0) c) n
WHERE p.account_id = $1 AND p.id = n.id AND ((p.on_hand, coalesce(p.status, '')) IS DISTINCT FROM (n.on_hand, n.status) OR n.capped <> ` + marked + `)
RETURNING p.id, p.product_ref, p.location_ref, p.status, p.on_hand),
` + noteRows + `SELECT 'uUInventoryPosition', id FROM moved` + noteEnd + `
SELECT id::text, product_ref, location_ref, status, on_hand FROM moved`

// Recount sends what is queued, then brings on hand and status of positions in line with their quantities, product and
// location, and returns those that changed. onHandTypes are the quantity types that count.
func Recount(ctx context.Context, tx *store.Tx, catalogueID int64, what Selection, onHandTypes []string) ([]Position, error) {
	if err := tx.Flush(ctx); err != nil {
		return nil, err
	}
	ids, products, locations := nonNil(what.PositionIDs), nonNil(what.Products), nonNil(what.Locations)
	var out []Position
	return out, tx.Send(ctx,
		store.Statement{Name: lockName, SQL: sqlRecountLock, Args: tx.Args(catalogueID, ids, products, locations)},
		store.Statement{Name: "stock.recount", SQL: sqlRecount, Args: tx.Args(catalogueID, ids, products, locations, store.Drawn, onHandTypes), Rows: func(rows pgx.Rows) error {
			out = nil
			for rows.Next() {
				var p Position
				if err := rows.Scan(&p.ID, &p.ProductRef, &p.LocationRef, &p.Status, &p.OnHand); err != nil {
					return fmt.Errorf("recount: %w", err)
				}
				out = append(out, p)
			}
			return nil
		}})
}

const sqlPositions = `SELECT p.id::text, p.product_ref, p.location_ref, coalesce(p.status, ''), p.on_hand
FROM inventory_positions p WHERE p.account_id = $1 AND p.catalogue_id = $2::int8 AND p.product_ref = ANY ($3::text[])
ORDER BY p.id FOR SHARE`

// Positions reads the positions of products, for bringing virtual catalogues in line. Nobody moves them until the transaction ends: what is written of
// them would else take back what he wrote.
func Positions(ctx context.Context, tx *store.Tx, catalogueID int64, products []string) ([]Position, error) {
	var out []Position
	s := store.Statement{Name: "stock.catalogue", SQL: sqlPositions, Args: tx.Args(catalogueID, products)}
	s.Rows = func(rows pgx.Rows) error {
		out = nil
		var p Position
		_, err := pgx.ForEachRow(rows, []any{&p.ID, &p.ProductRef, &p.LocationRef, &p.Status, &p.OnHand}, func() error { out = append(out, p); return nil })
		return err
	}
	return out, tx.Send(ctx, s)
}

func nonNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
