package stock

import (
	"errors"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
)

// Reservation promises units of a position to a fulfilment.
type Reservation struct {
	QuantityID  catalogue.ID // id for the new quantity
	Ref         string       // of the quantity; unique in the catalogue, so that a repeated reservation does nothing
	PositionID  catalogue.ID
	Association string // fulfilment id
	Quantity    int    // > 0
}

// Scope says in which inventory catalogue stock moves and what new quantities carry.
type Scope struct {
	CatalogueID     int64
	CatalogueRef    string
	WorkflowRef     string
	WorkflowVersion int
	Oversell        bool // reservations may push on hand below zero
}

// All positions that a flush moves, those named and those behind what fulfilments hold, are locked by one statement in the order of
// their ids before anything is changed. Turns that share a commit would otherwise lock one after another, each in its own order, and
// two such commits wait for the deadlock detector.
const sqlLock = `SELECT count(*) FROM (SELECT id FROM inventory_positions WHERE account_id = $1 AND id = ANY (ARRAY(
	SELECT unnest($2::text[]::uuid[])
	UNION SELECT q.position_id FROM inventory_quantities q
	WHERE q.account_id = $1 AND q.association_ref = ANY ($3::text[]) AND q.type = 'RESERVED' AND q.status = 'ACTIVE'))
	ORDER BY id FOR UPDATE) locked`

// lockName names the statement that locks.
const lockName = "stock.lock"

// lock is what one flush locks.
type lock struct{ positions, associations []string }

// Args are the ids of positions and of fulfilments.
func (l *lock) Args(r *store.Reader) (store.Args, error) {
	return r.Args(l.positions, l.associations), nil
}

// locking is the lock of the flush, which is queued if it is not yet. What is added to it, positions and fulfilments by id, is locked with all
// that they hold.
func locking(tx *store.Tx) *lock {
	l, queued := tx.Gathering(lockName).(*lock)
	if !queued {
		l = &lock{}
		tx.Gather(store.Statement{Name: lockName, SQL: sqlLock}, l)
	}
	return l
}

// followBase is the last part of a movement's statement: base virtual positions follow what moved(id, product_ref,
// location_ref, on_hand) says.
const followBase = `sold AS (
	UPDATE virtual_positions v SET quantity = greatest(0, m.on_hand), updated_on = $3
	FROM moved m, virtual_catalogues c
	WHERE c.account_id = $1 AND c.type = 'BASE' AND c.inventory_catalogue_ref = $4
	AND v.account_id = $1 AND v.catalogue_id = c.id AND v.product_ref = m.product_ref AND v.group_ref = m.location_ref
	AND v.status <> 'INACTIVE' AND v.quantity <> greatest(0, m.on_hand)
	RETURNING v.id)`

const sqlReserve = `WITH made AS (
	INSERT INTO inventory_quantities (account_id, id, created_on, updated_on, ref, type, status, workflow_ref, workflow_version,
		quantity, catalogue_id, position_id, association_ref)
	SELECT $1, a.id::uuid, $3, $3, a.ref, 'RESERVED', 'ACTIVE', $5, $6::int8, -a.n, $2::int8, a.position_id::uuid, a.association
	FROM unnest($7::text[], $8::text[], $9::text[], $10::text[], $11::int8[]) AS a (id, ref, position_id, association, n)
	ON CONFLICT (account_id, ref, catalogue_id) DO NOTHING
	RETURNING id, position_id, -quantity AS n),
wanted AS (SELECT position_id, sum(n)::int8 AS n FROM made GROUP BY position_id),
moved AS (
	UPDATE inventory_positions p SET on_hand = coalesce(p.on_hand, 0) - w.n, updated_on = $3
	FROM wanted w WHERE p.account_id = $1 AND p.id = w.position_id AND ($12::bool OR coalesce(p.on_hand, 0) >= w.n)
	RETURNING p.id, p.product_ref, p.location_ref, p.on_hand),
` + followBase + `,
` + noteRows + `SELECT 'cUInventoryQuantity', id FROM made UNION ALL ` + noteMoved + noteEnd + `
SELECT 1 / CASE WHEN (SELECT count(*) FROM wanted) = (SELECT count(*) FROM moved) THEN 1 ELSE 0 END`

// reserveName names the statement that reserves.
const reserveName = "stock.reserve"

// reserving is what one statement reserves.
type reserving struct {
	scope                              Scope
	short                              error
	ids, refs, positions, associations []string
	quantities                         []int64
}

// Args are the reservations by columns.
func (g *reserving) Args(r *store.Reader) (store.Args, error) {
	s := &g.scope
	return r.Args(s.CatalogueID, store.Drawn, s.CatalogueRef, s.WorkflowRef, s.WorkflowVersion, g.ids, g.refs, g.positions, g.associations,
		g.quantities, s.Oversell), nil
}

// Reserve queues reservations: the quantities appear and on hand and base virtual positions fall, all or nothing. Where a
// position no longer holds enough, the flush fails with short. A reservation whose ref exists already does nothing. Reservations that
// follow each other, those of several turns, are one statement.
func Reserve(tx *store.Tx, s Scope, reservations []Reservation, short error) {
	if len(reservations) == 0 {
		return
	}
	l := locking(tx)
	g, queued := tx.Gathering(reserveName).(*reserving)
	if !queued || g.scope != s || !errors.Is(g.short, short) {
		g = &reserving{scope: s, short: short}
		tx.Gather(store.Statement{Name: reserveName, SQL: sqlReserve, Fail: store.OnDivision(short)}, g)
	}
	for _, r := range reservations {
		g.ids, g.refs, g.positions = append(g.ids, string(r.QuantityID)), append(g.refs, r.Ref), append(g.positions, string(r.PositionID))
		g.associations, g.quantities = append(g.associations, r.Association), append(g.quantities, int64(r.Quantity))
	}
	l.positions = append(l.positions, g.positions[len(g.positions)-len(reservations):]...)
}

const sqlRelease = `WITH freed AS (
	UPDATE inventory_quantities q SET status = 'INACTIVE', updated_on = $3
	WHERE q.account_id = $1 AND q.catalogue_id = $2::int8 AND q.association_ref = ANY ($5::text[]) AND q.type = 'RESERVED' AND q.status = 'ACTIVE'
	RETURNING q.id, q.position_id, -q.quantity AS n),
given AS (SELECT position_id, sum(n)::int8 AS n FROM freed GROUP BY position_id),
moved AS (
	UPDATE inventory_positions p SET on_hand = coalesce(p.on_hand, 0) + g.n, updated_on = $3
	FROM given g WHERE p.account_id = $1 AND p.id = g.position_id
	RETURNING p.id, p.product_ref, p.location_ref, p.on_hand),
` + followBase + `,
` + noteRows + `SELECT 'uUInventoryQuantity', id FROM freed UNION ALL ` + noteMoved + noteEnd + `
SELECT (SELECT count(*) FROM moved), (SELECT count(*) FROM sold)`

// Release queues the release of all that fulfilments (by id) still hold. What was released before stays so.
func Release(tx *store.Tx, s Scope, associations []string) {
	if len(associations) == 0 {
		return
	}
	tx.Seal(reserveName) // what is reserved from here on may be what is released here
	l := locking(tx)
	l.associations = append(l.associations, associations...)
	tx.Queue(store.Statement{Name: "stock.release", SQL: sqlRelease, Args: tx.Args(s.CatalogueID, store.Drawn, s.CatalogueRef, associations)})
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

const sqlConfirm = `WITH made AS (INSERT INTO inventory_quantities (account_id, id, created_on, updated_on, ref, type, status, workflow_ref, workflow_version,
	quantity, catalogue_id, position_id, association_ref)
SELECT $1, x.id::uuid, $3, $3, x.association || ':' || x.type || ':' || x.position_ref, x.type, 'ACTIVE', x.workflow_ref, x.workflow_version, x.n, $2::int8, x.position_id, x.association
FROM (
	SELECT a.sale_id AS id, 'SALE' AS type, -least(a.filled, -q.quantity) AS n, p.ref AS position_ref, q.position_id, a.association, q.workflow_ref, q.workflow_version ` + confirmed + `
	UNION ALL
	SELECT a.correct_id, 'CORRECTION', least(a.filled, -q.quantity) + q.quantity, p.ref, q.position_id, a.association, q.workflow_ref, q.workflow_version ` + confirmed + `
) x WHERE x.n <> 0 AND $4::text IS NOT NULL
ON CONFLICT (account_id, ref, catalogue_id) DO NOTHING RETURNING id),
` + noteRows + `SELECT 'cUInventoryQuantity', id FROM made` + noteEnd + `
SELECT count(*) FROM made`

const sqlConfirmed = `WITH ended AS (UPDATE inventory_quantities q SET status = 'INACTIVE', updated_on = $3
FROM unnest($4::text[], $5::text[], $6::text[]) AS a (association, product_ref, location_ref), inventory_positions p
WHERE q.account_id = $1 AND q.catalogue_id = $2::int8 AND q.association_ref = a.association AND q.type = 'RESERVED' AND q.status = 'ACTIVE'
AND p.account_id = $1 AND p.id = q.position_id AND p.product_ref = a.product_ref AND p.location_ref = a.location_ref RETURNING q.id),
` + noteRows + `SELECT 'uUInventoryQuantity', id FROM ended` + noteEnd + `
SELECT count(*) FROM ended`

// Confirm queues what picking means: reservations become sales and corrections of the same size, so on hand stays. What no
// confirmation speaks of stays reserved. Each association, product and location is confirmed at most once in a call.
func Confirm(tx *store.Tx, s Scope, confirmations []Confirmation) {
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
	tx.Seal(reserveName)
	tx.Queue(
		store.Statement{Name: "stock.confirm", SQL: sqlConfirm,
			Args: tx.Args(s.CatalogueID, store.Drawn, s.CatalogueRef, associations, products, locations, filled, sales, corrections)},
		store.Statement{Name: "stock.confirmed", SQL: sqlConfirmed, Args: tx.Args(s.CatalogueID, store.Drawn, associations, products, locations)})
}
