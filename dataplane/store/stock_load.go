package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/domain/inventory"
)

const loadKeys = `unnest($3::text[], $4::text[]) AS k (product_ref, location_ref)
JOIN inventory_positions t ON t.account_id = $1 AND t.catalogue_id = $2 AND t.product_ref = k.product_ref AND t.location_ref = k.location_ref`

const (
	sqlLoadLock = `SELECT count(*) FROM (SELECT t.id FROM ` + loadKeys + ` ORDER BY t.id FOR UPDATE OF t) locked`

	sqlLoadPositions = loadKeys + ` WHERE true`

	sqlLoadQuantities = `(SELECT t.id FROM ` + loadKeys + `) p JOIN inventory_quantities t ON t.account_id = $1 AND t.position_id = p.id WHERE t.status = 'ACTIVE'`

	sqlLoadByRef = `unnest($3::text[]) AS r (ref) JOIN inventory_quantities t ON t.account_id = $1 AND t.catalogue_id = $2 AND t.ref = r.ref
WHERE coalesce(t.status, '') <> 'ACTIVE'`
)

const sqlProductStatus = `SELECT ref, min(CASE WHEN status = 'INACTIVE' THEN 'INACTIVE' ELSE 'ACTIVE' END) FROM products
JOIN (SELECT DISTINCT n FROM unnest($2::text[]) AS u (n)) named ON named.n = ref WHERE account_id = $1 GROUP BY ref`

// Stored is what a load must know of the positions that it names.
type Stored struct {
	Positions  []*inventory.InventoryPosition
	Quantities []*inventory.InventoryQuantity // active ones, and those with the refs asked for
	Products   map[string]string              // ref → ACTIVE or INACTIVE (where no catalogue has it active)
}

// LoadStock locks the positions of an inventory catalogue by product and location, in the order of their ids, and reads them, their
// active quantities, quantities by ref, and the status of the products, in one round trip.
func (tx *Tx) LoadStock(ctx context.Context, catalogueID int64, keys []StockKey, quantityRefs []string) (*Stored, error) {
	positions, err := tx.db.model(TypeOf[inventory.InventoryPosition](tx.db))
	if err != nil {
		return nil, err
	}
	quantities, err := tx.db.model(TypeOf[inventory.InventoryQuantity](tx.db))
	if err != nil {
		return nil, err
	}
	products, locations := make([]string, len(keys)), make([]string, len(keys))
	for i, k := range keys {
		products[i], locations[i] = k.ProductRef, k.LocationRef
	}
	account := string(tx.scope.Account())
	args := []any{account, catalogueID, products, locations}
	out := &Stored{Products: map[string]string{}}
	var active, inactive []*inventory.InventoryQuantity
	err = tx.run(ctx, []call{
		{name: "stock.lock", sql: sqlLoadLock, args: args},
		entities(positions, "stock.positions", sqlLoadPositions, args, all(&out.Positions)),
		entities(quantities, "stock.quantities", sqlLoadQuantities, args, all(&active)),
		entities(quantities, "stock.quantitiesByRef", sqlLoadByRef, []any{account, catalogueID, quantityRefs}, all(&inactive)),
		{name: "stock.products", sql: sqlProductStatus, args: []any{account, products}, rows: func(rows pgx.Rows) error {
			var ref, status string
			_, err := pgx.ForEachRow(rows, []any{&ref, &status}, func() error { out.Products[ref] = status; return nil })
			return err
		}},
	})
	out.Quantities = append(active, inactive...)
	return out, err
}

// VirtualRow is a virtual position as a load or a recount wants it.
type VirtualRow struct {
	CatalogueID     int64
	Ref             string
	Type            string
	Status          string
	ProductRef      string
	GroupRef        string
	Quantity        int
	WorkflowRef     string
	WorkflowVersion int
}

const sqlVirtual = `INSERT INTO virtual_positions (account_id, id, created_on, updated_on, ref, type, status, workflow_ref, workflow_version,
	product_ref, group_ref, quantity, catalogue_id)
SELECT $1, v.id::uuid, $2, $2, v.ref, v.type, v.status, v.workflow_ref, v.workflow_version, v.product_ref, v.group_ref, v.quantity, v.catalogue_id
FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int8[], $9::text[], $10::text[], $11::int8[], $12::int8[])
	AS v (id, ref, type, status, workflow_ref, workflow_version, product_ref, group_ref, quantity, catalogue_id)
ON CONFLICT (account_id, catalogue_id, product_ref, group_ref) DO UPDATE SET quantity = excluded.quantity, status = excluded.status, updated_on = excluded.updated_on
WHERE virtual_positions.quantity IS DISTINCT FROM excluded.quantity OR virtual_positions.status IS DISTINCT FROM excluded.status`

// PutVirtual queues virtual positions: existing ones take quantity and status, missing ones appear.
func (tx *Tx) PutVirtual(rows []VirtualRow) {
	if len(rows) == 0 {
		return
	}
	n := len(rows)
	text := func(get func(*VirtualRow) string) []string {
		out := make([]string, n)
		for i := range rows {
			out[i] = get(&rows[i])
		}
		return out
	}
	number := func(get func(*VirtualRow) int64) []int64 {
		out := make([]int64, n)
		for i := range rows {
			out[i] = get(&rows[i])
		}
		return out
	}
	tx.queue(call{name: "stock.virtual", sql: sqlVirtual, args: []any{string(tx.scope.Account()), tx.now,
		text(func(*VirtualRow) string { return string(tx.db.NewUUID()) }), text(func(v *VirtualRow) string { return v.Ref }),
		text(func(v *VirtualRow) string { return v.Type }), text(func(v *VirtualRow) string { return v.Status }),
		text(func(v *VirtualRow) string { return v.WorkflowRef }), number(func(v *VirtualRow) int64 { return int64(v.WorkflowVersion) }),
		text(func(v *VirtualRow) string { return v.ProductRef }), text(func(v *VirtualRow) string { return v.GroupRef }),
		number(func(v *VirtualRow) int64 { return int64(v.Quantity) }), number(func(v *VirtualRow) int64 { return v.CatalogueID })}})
}

// Recount names the positions whose figures follow from their quantities, product and location. One of the lists is given.
type Recount struct {
	PositionIDs []string
	Products    []string // refs
	Locations   []string // refs
}

// RecountedPosition is a position after a recount.
type RecountedPosition struct {
	ID, ProductRef, LocationRef, Status string
	OnHand                              int
}

const recountWhere = `p.account_id = $1 AND p.catalogue_id = $2::int8 AND
	(p.id = ANY ($3::text[]::uuid[]) OR p.product_ref = ANY ($4::text[]) OR p.location_ref = ANY ($5::text[]))`

const sqlRecountLock = `SELECT count(*) FROM (SELECT p.id FROM inventory_positions p WHERE ` + recountWhere + ` ORDER BY p.id FOR UPDATE) locked`

const sqlRecount = `UPDATE inventory_positions p SET updated_on = $6, on_hand = n.on_hand, status = n.status
FROM (SELECT p.id,
	coalesce((SELECT sum(q.quantity)::int8 FROM inventory_quantities q WHERE q.account_id = $1 AND q.position_id = p.id AND q.status = 'ACTIVE'
		AND q.type = ANY ($7::text[]) AND coalesce(q.condition, 'NEW') IN ('NEW', '')), 0) AS on_hand,
	CASE
		WHEN NOT EXISTS (SELECT 1 FROM products d WHERE d.account_id = $1 AND d.ref = p.product_ref) THEN 'CREATED'
		WHEN EXISTS (SELECT 1 FROM locations l WHERE l.account_id = $1 AND l.ref = p.location_ref AND l.status = 'INACTIVE')
			OR NOT EXISTS (SELECT 1 FROM products d WHERE d.account_id = $1 AND d.ref = p.product_ref AND coalesce(d.status, '') <> 'INACTIVE') THEN 'INACTIVE'
		WHEN coalesce(p.status, '') IN ('', 'CREATED', 'INACTIVE') THEN 'ACTIVE'
		ELSE p.status END AS status
	FROM inventory_positions p WHERE ` + recountWhere + `) n
WHERE p.account_id = $1 AND p.id = n.id AND (p.on_hand, coalesce(p.status, '')) IS DISTINCT FROM (n.on_hand, n.status)
RETURNING p.id::text, p.product_ref, p.location_ref, p.status, p.on_hand`

// RecountStock sends what is queued, then brings on hand and status of positions in line with their quantities, product and
// location, and returns those that changed. onHandTypes are the quantity types that count.
func (tx *Tx) RecountStock(ctx context.Context, catalogueID int64, what Recount, onHandTypes []string) ([]RecountedPosition, error) {
	if err := tx.Flush(ctx); err != nil {
		return nil, err
	}
	args := []any{string(tx.scope.Account()), catalogueID, nonNil(what.PositionIDs), nonNil(what.Products), nonNil(what.Locations)}
	var out []RecountedPosition
	return out, tx.run(ctx, []call{
		{name: "stock.lock", sql: sqlRecountLock, args: args},
		{name: "stock.recount", sql: sqlRecount, args: append(args[:5:5], tx.now, onHandTypes), rows: func(rows pgx.Rows) error {
			out = nil
			for rows.Next() {
				var p RecountedPosition
				if err := rows.Scan(&p.ID, &p.ProductRef, &p.LocationRef, &p.Status, &p.OnHand); err != nil {
					return fmt.Errorf("recount: %w", err)
				}
				out = append(out, p)
			}
			return nil
		}},
	})
}

const sqlCatalogueStock = `SELECT p.id::text, p.product_ref, p.location_ref, coalesce(p.status, ''), p.on_hand
FROM inventory_positions p WHERE p.account_id = $1 AND p.catalogue_id = $2::int8 AND p.product_ref = ANY ($3::text[])`

// CatalogueStock reads the positions of products, for bringing virtual catalogues in line.
func (tx *Tx) CatalogueStock(ctx context.Context, catalogueID int64, products []string) ([]RecountedPosition, error) {
	var out []RecountedPosition
	c := call{name: "stock.catalogue", sql: sqlCatalogueStock, args: []any{string(tx.scope.Account()), catalogueID, products}}
	c.rows = func(rows pgx.Rows) error {
		out = nil
		var p RecountedPosition
		_, err := pgx.ForEachRow(rows, []any{&p.ID, &p.ProductRef, &p.LocationRef, &p.Status, &p.OnHand}, func() error { out = append(out, p); return nil })
		return err
	}
	return out, tx.run(ctx, []call{c})
}

func nonNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
