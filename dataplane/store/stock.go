package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

// StockKey names a position by product and location.
type StockKey struct{ ProductRef, LocationRef string }

// StockFigure is what is known of a position: enough to decide about a reservation.
type StockFigure struct {
	ID     catalogue.ID
	Ref    string
	OnHand int
	Status string
}

const sqlStockFigures = `SELECT p.product_ref, p.location_ref, p.id::text, p.ref, coalesce(p.on_hand, 0), coalesce(p.status, '')
FROM unnest($3::text[], $4::text[]) AS k (product_ref, location_ref)
JOIN inventory_positions p ON p.account_id = $1 AND p.catalogue_id = $2 AND p.product_ref = k.product_ref AND p.location_ref = k.location_ref`

// StockFigures reads positions of an inventory catalogue by product and location, in one statement. Positions that don't exist
// are not in the answer.
func (r *Reader) StockFigures(ctx context.Context, catalogueID int64, keys []StockKey) (map[StockKey]StockFigure, error) {
	products, locations := make([]string, len(keys)), make([]string, len(keys))
	for i, k := range keys {
		products[i], locations[i] = k.ProductRef, k.LocationRef
	}
	var out map[StockKey]StockFigure
	c := call{name: "stock.figures", sql: sqlStockFigures, args: []any{string(r.scope.Account()), catalogueID, products, locations}}
	c.rows = func(rows pgx.Rows) error {
		out = make(map[StockKey]StockFigure, len(keys))
		for rows.Next() {
			var k StockKey
			var f StockFigure
			if err := rows.Scan(&k.ProductRef, &k.LocationRef, (*string)(&f.ID), &f.Ref, &f.OnHand, &f.Status); err != nil {
				return fmt.Errorf("read stock figures: %w", err)
			}
			out[k] = f
		}
		return nil
	}
	return out, r.run(ctx, []call{c})
}

// SellableUnits is one virtual position that may be sold from, with the inventory position behind it where there is one.
type SellableUnits struct {
	Catalogue  string // ref
	ProductRef string
	GroupRef   string // location ref
	Quantity   int
	Attributes []byte // JSON; nil for none
	Position   StockFigure
}

// The catalogues are found before anything else: joined, each position would look for its catalogue anew.
const sqlSellable = `WITH c AS MATERIALIZED (SELECT c.id, c.ref, i.id AS inventory_id FROM virtual_catalogues c
	LEFT JOIN inventory_catalogues i ON i.account_id = $1 AND i.ref = c.inventory_catalogue_ref
	WHERE c.account_id = $1 AND c.ref = ANY ($2::text[]))
SELECT c.ref, v.product_ref, v.group_ref, v.quantity, v.attributes::text,
	coalesce(p.id::text, ''), coalesce(p.ref, ''), coalesce(p.on_hand, 0), coalesce(p.status, '')
FROM c JOIN virtual_positions v ON v.account_id = $1 AND v.catalogue_id = c.id AND v.product_ref = ANY ($3::text[])
LEFT JOIN inventory_positions p ON p.account_id = $1 AND p.catalogue_id = c.inventory_id AND p.product_ref = v.product_ref AND p.location_ref = v.group_ref
WHERE v.status = ANY ($4::text[]) AND v.quantity > 0`

// Sellable reads all virtual positions of catalogues (by ref) that hold some of the products, in one statement. Keys lead to all its rows, so
// it need not be planned for each order.
func (r *Reader) Sellable(ctx context.Context, catalogues, products, statuses []string) ([]SellableUnits, error) {
	var out []SellableUnits
	c := call{name: "stock.sellable", sql: sqlSellable, steady: true, args: []any{string(r.scope.Account()), catalogues, products, statuses}}
	c.rows = func(rows pgx.Rows) error {
		out = nil
		for rows.Next() {
			var u SellableUnits
			p := &u.Position
			err := rows.Scan(&u.Catalogue, &u.ProductRef, &u.GroupRef, &u.Quantity, &u.Attributes, (*string)(&p.ID), &p.Ref, &p.OnHand, &p.Status)
			if err != nil {
				return fmt.Errorf("read sellable units: %w", err)
			}
			out = append(out, u)
		}
		return nil
	}
	return out, r.run(ctx, []call{c})
}

// Reservation promises units of a position to a fulfilment.
type Reservation struct {
	QuantityID  catalogue.ID // id for the new quantity
	Ref         string       // of the quantity; unique in the catalogue, so that a repeated reservation does nothing
	PositionID  catalogue.ID
	Association string // fulfilment id
	Quantity    int    // > 0
}

// StockScope says in which inventory catalogue stock moves and what new quantities carry.
type StockScope struct {
	CatalogueID     int64
	CatalogueRef    string
	WorkflowRef     string
	WorkflowVersion int
	Oversell        bool // reservations may push on hand below zero
}

// All positions that a flush moves, those named and those behind what fulfilments hold, are locked by one statement in the order of
// their ids before anything is changed. Turns that share a commit would otherwise lock one after another, each in its own order, and
// two such commits wait for the deadlock detector.
const sqlStockLock = `SELECT count(*) FROM (SELECT id FROM inventory_positions WHERE account_id = $1 AND id = ANY (ARRAY(
	SELECT unnest($2::text[]::uuid[])
	UNION SELECT q.position_id FROM inventory_quantities q
	WHERE q.account_id = $1 AND q.association_ref = ANY ($3::text[]) AND q.type = 'RESERVED' AND q.status = 'ACTIVE'))
	ORDER BY id FOR UPDATE) locked`

// stockLock is what one flush locks.
type stockLock struct{ positions, associations []string }

// lockStock queues the lock of positions and of what fulfilments (by id) hold, or adds them to the lock that is queued already.
func (tx *Tx) lockStock(positions, associations []string) {
	l := tx.pending.stock
	if l == nil {
		l = &stockLock{}
		tx.pending.stock = l
		account := string(tx.scope.Account())
		tx.queue(call{name: "stock.lock", sql: sqlStockLock, late: func() ([]any, error) { return []any{account, l.positions, l.associations}, nil }})
	}
	l.positions, l.associations = append(l.positions, positions...), append(l.associations, associations...)
}

// followBase is the last part of a movement's statement: base virtual positions follow what moved(id, product_ref,
// location_ref, on_hand) says.
const followBase = `sold AS (
	UPDATE virtual_positions v SET quantity = greatest(0, m.on_hand), updated_on = $3
	FROM moved m, virtual_catalogues c
	WHERE c.account_id = $1 AND c.type = 'BASE' AND c.inventory_catalogue_ref = $4
	AND v.account_id = $1 AND v.catalogue_id = c.id AND v.product_ref = m.product_ref AND v.group_ref = m.location_ref
	AND v.status <> 'INACTIVE' AND v.quantity <> greatest(0, m.on_hand)
	RETURNING 1)`

const sqlReserve = `WITH made AS (
	INSERT INTO inventory_quantities (account_id, id, created_on, updated_on, ref, type, status, workflow_ref, workflow_version,
		quantity, catalogue_id, position_id, association_ref)
	SELECT $1, a.id::uuid, $3, $3, a.ref, 'RESERVED', 'ACTIVE', $5, $6::int8, -a.n, $2::int8, a.position_id::uuid, a.association
	FROM unnest($7::text[], $8::text[], $9::text[], $10::text[], $11::int8[]) AS a (id, ref, position_id, association, n)
	ON CONFLICT (account_id, ref, catalogue_id) DO NOTHING
	RETURNING position_id, -quantity AS n),
wanted AS (SELECT position_id, sum(n)::int8 AS n FROM made GROUP BY position_id),
moved AS (
	UPDATE inventory_positions p SET on_hand = coalesce(p.on_hand, 0) - w.n, updated_on = $3
	FROM wanted w WHERE p.account_id = $1 AND p.id = w.position_id AND ($12::bool OR coalesce(p.on_hand, 0) >= w.n)
	RETURNING p.id, p.product_ref, p.location_ref, p.on_hand),
` + followBase + `
SELECT 1 / CASE WHEN (SELECT count(*) FROM wanted) = (SELECT count(*) FROM moved) THEN 1 ELSE 0 END`

// reserving is what one statement reserves.
type reserving struct {
	scope                              StockScope
	short                              error
	ids, refs, positions, associations []string
	quantities                         []int64
}

// ReserveStock queues reservations: the quantities appear and on hand and base virtual positions fall, all or nothing. Where a
// position no longer holds enough, the flush fails with short. A reservation whose ref exists already does nothing. Reservations that
// follow each other, those of several turns, are one statement.
func (tx *Tx) ReserveStock(s StockScope, reservations []Reservation, short error) {
	if len(reservations) == 0 {
		return
	}
	g := tx.pending.reserving
	if g == nil || g.scope != s || !errors.Is(g.short, short) {
		g = &reserving{scope: s, short: short}
		account, now := string(tx.scope.Account()), tx.now
		tx.lockStock(nil, nil)
		tx.pending.reserving = g
		tx.queue(call{name: "stock.reserve", sql: sqlReserve, fail: onDivision(short), late: func() ([]any, error) {
			return []any{account, s.CatalogueID, now, s.CatalogueRef, s.WorkflowRef, s.WorkflowVersion, g.ids, g.refs, g.positions, g.associations,
				g.quantities, s.Oversell}, nil
		}})
	}
	for _, r := range reservations {
		g.ids, g.refs, g.positions = append(g.ids, string(r.QuantityID)), append(g.refs, r.Ref), append(g.positions, string(r.PositionID))
		g.associations, g.quantities = append(g.associations, r.Association), append(g.quantities, int64(r.Quantity))
	}
	tx.pending.stock.positions = append(tx.pending.stock.positions, g.positions[len(g.positions)-len(reservations):]...)
}

const sqlRelease = `WITH freed AS (
	UPDATE inventory_quantities q SET status = 'INACTIVE', updated_on = $3
	WHERE q.account_id = $1 AND q.catalogue_id = $2::int8 AND q.association_ref = ANY ($5::text[]) AND q.type = 'RESERVED' AND q.status = 'ACTIVE'
	RETURNING q.position_id, -q.quantity AS n),
given AS (SELECT position_id, sum(n)::int8 AS n FROM freed GROUP BY position_id),
moved AS (
	UPDATE inventory_positions p SET on_hand = coalesce(p.on_hand, 0) + g.n, updated_on = $3
	FROM given g WHERE p.account_id = $1 AND p.id = g.position_id
	RETURNING p.id, p.product_ref, p.location_ref, p.on_hand),
` + followBase + `
SELECT (SELECT count(*) FROM moved), (SELECT count(*) FROM sold)`

// ReleaseStock queues the release of all that fulfilments (by id) still hold. What was released before stays so.
func (tx *Tx) ReleaseStock(s StockScope, associations []string) {
	if len(associations) == 0 {
		return
	}
	account := string(tx.scope.Account())
	tx.pending.reserving = nil // what is reserved from here on may be what is released here
	tx.lockStock(nil, associations)
	tx.queue(call{name: "stock.release", sql: sqlRelease, args: []any{account, s.CatalogueID, tx.now, s.CatalogueRef, associations}})
}

// Confirmation says how many units of a product a fulfilment found at a location when picking.
type Confirmation struct {
	Association string // fulfilment id
	ProductRef  string
	LocationRef string
	Filled      int
	SaleID      catalogue.ID // ids for the quantities that may be needed
	CorrectID   catalogue.ID
}

// confirmed are the reservations that confirmations speak of.
const confirmed = `FROM unnest($5::text[], $6::text[], $7::text[], $8::int8[], $9::text[], $10::text[]) AS a (association, product_ref, location_ref, filled, sale_id, correct_id)
	JOIN inventory_quantities q ON q.account_id = $1 AND q.association_ref = a.association AND q.type = 'RESERVED' AND q.status = 'ACTIVE' AND q.catalogue_id = $2::int8
	JOIN inventory_positions p ON p.account_id = $1 AND p.id = q.position_id AND p.product_ref = a.product_ref AND p.location_ref = a.location_ref`

const sqlConfirm = `INSERT INTO inventory_quantities (account_id, id, created_on, updated_on, ref, type, status, workflow_ref, workflow_version,
	quantity, catalogue_id, position_id, association_ref)
SELECT $1, x.id::uuid, $3, $3, x.association || ':' || x.type || ':' || x.position_ref, x.type, 'ACTIVE', x.workflow_ref, x.workflow_version, x.n, $2::int8, x.position_id, x.association
FROM (
	SELECT a.sale_id AS id, 'SALE' AS type, -least(a.filled, -q.quantity) AS n, p.ref AS position_ref, q.position_id, a.association, q.workflow_ref, q.workflow_version ` + confirmed + `
	UNION ALL
	SELECT a.correct_id, 'CORRECTION', least(a.filled, -q.quantity) + q.quantity, p.ref, q.position_id, a.association, q.workflow_ref, q.workflow_version ` + confirmed + `
) x WHERE x.n <> 0 AND $4::text IS NOT NULL
ON CONFLICT (account_id, ref, catalogue_id) DO NOTHING`

const sqlConfirmed = `UPDATE inventory_quantities q SET status = 'INACTIVE', updated_on = $3
FROM unnest($4::text[], $5::text[], $6::text[]) AS a (association, product_ref, location_ref), inventory_positions p
WHERE q.account_id = $1 AND q.catalogue_id = $2::int8 AND q.association_ref = a.association AND q.type = 'RESERVED' AND q.status = 'ACTIVE'
AND p.account_id = $1 AND p.id = q.position_id AND p.product_ref = a.product_ref AND p.location_ref = a.location_ref`

// ConfirmStock queues what picking means: reservations become sales and corrections of the same size, so on hand stays. What no
// confirmation speaks of stays reserved. Each association, product and location is confirmed at most once in a call.
func (tx *Tx) ConfirmStock(s StockScope, confirmations []Confirmation) {
	if len(confirmations) == 0 {
		return
	}
	n := len(confirmations)
	associations, products, locations, filled := make([]string, n), make([]string, n), make([]string, n), make([]int64, n)
	sales, corrections := make([]string, n), make([]string, n)
	for i, c := range confirmations {
		associations[i], products[i], locations[i], filled[i] = c.Association, c.ProductRef, c.LocationRef, int64(c.Filled)
		sales[i], corrections[i] = string(c.SaleID), string(c.CorrectID)
	}
	account := string(tx.scope.Account())
	tx.pending.reserving = nil
	tx.queue(call{name: "stock.confirm", sql: sqlConfirm,
		args: []any{account, s.CatalogueID, tx.now, s.CatalogueRef, associations, products, locations, filled, sales, corrections}})
	tx.queue(call{name: "stock.confirmed", sql: sqlConfirmed, args: []any{account, s.CatalogueID, tx.now, associations, products, locations}})
}

// AggregateScope is an AGGREGATE virtual catalogue and what its positions are summed over.
type AggregateScope struct {
	ID              int64
	Ref             string
	NetworkID       int64
	InventoryID     int64 // inventory catalogue
	WorkflowRef     string
	WorkflowVersion int
}

// Each product leads to its positions by the index of their keys. The network's locations are put in parentheses and compared with TRUE
// so that planners keep them as a set that is made once: joined, they become the outer side of a loop over all positions.
const sqlAggregate = `INSERT INTO virtual_positions (account_id, id, created_on, updated_on, ref, type, status, workflow_ref, workflow_version,
	product_ref, group_ref, quantity, catalogue_id)
SELECT $1, a.id::uuid, $3, $3, $4 || ':' || a.product_ref, 'AGGREGATE', 'ACTIVE', $5, $6::int8, a.product_ref, $4,
	(SELECT coalesce(sum(greatest(0, coalesce(p.on_hand, 0))), 0)::int8 FROM inventory_positions p
	WHERE p.account_id = $1 AND p.catalogue_id = $8::int8 AND p.product_ref = a.product_ref AND p.status = ANY ($11::text[])
	AND (p.location_ref IN (SELECT l.ref FROM network_locations n JOIN locations l ON l.account_id = $1 AND l.id = n.location_id
		WHERE n.account_id = $1 AND n.network_id = $7::int8)) IS TRUE), $2::int8
FROM unnest($9::text[], $10::text[]) AS a (id, product_ref)
ON CONFLICT (account_id, ref, catalogue_id) DO UPDATE SET quantity = excluded.quantity, updated_on = excluded.updated_on
WHERE virtual_positions.quantity IS DISTINCT FROM excluded.quantity`

// RecomputeAggregate queues the set-wise sum of an aggregate catalogue's positions of the given products; missing ones appear.
// statuses are those of inventory positions that count.
func (tx *Tx) RecomputeAggregate(s AggregateScope, products, statuses []string) {
	if len(products) == 0 {
		return
	}
	ids := make([]string, len(products))
	for i := range ids {
		ids[i] = string(tx.db.NewUUID())
	}
	tx.queue(call{name: "stock.aggregate", sql: sqlAggregate, args: []any{string(tx.scope.Account()), s.ID, tx.now, s.Ref,
		s.WorkflowRef, s.WorkflowVersion, s.NetworkID, s.InventoryID, ids, products, statuses}})
}

const sqlStockedProducts = `SELECT product_ref FROM inventory_positions WHERE account_id = $1 AND catalogue_id = $2 AND product_ref > $3 GROUP BY product_ref ORDER BY product_ref LIMIT $4`

// StockedProducts lists the refs of products with positions in an inventory catalogue, from after on, at most limit.
func (r *Reader) StockedProducts(ctx context.Context, catalogueID int64, after string, limit int) ([]string, error) {
	var out []string
	c := call{name: "stock.products", sql: sqlStockedProducts, args: []any{string(r.scope.Account()), catalogueID, after, limit}}
	c.rows = func(rows pgx.Rows) error {
		var err error
		out, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	}
	return out, r.run(ctx, []call{c})
}
