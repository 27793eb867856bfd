package stock

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/inventory/stock"
	"github.com/fluent-oms/fluent/tenancy"
)

// Discrepancy is one place where the books of an account do not agree.
type Discrepancy struct {
	Check string // which law is broken
	ID    string // of the entity at fault
	Ref   string
	Want  int
	Got   int
}

// String prints the discrepancy for a person.
func (d Discrepancy) String() string {
	return fmt.Sprintf("%s: %s (%s): want %d, got %d", d.Check, d.Ref, d.ID, d.Want, d.Got)
}

// ledgerLimit is how many discrepancies of a kind are reported.
const ledgerLimit = 100

// Each check selects id, ref, want, got of what is wrong. $1 is the account, $2 the quantity types that count.
var ledgerChecks = []struct{ name, sql string }{
	{"on hand is the sum of the active quantities", `SELECT p.id::text, p.ref, coalesce(s.n, 0)::int8, p.on_hand FROM inventory_positions p
LEFT JOIN (SELECT position_id, sum(quantity) AS n FROM inventory_quantities WHERE account_id = $1 AND status = 'ACTIVE' AND type = ANY ($2::text[])
	AND coalesce(condition, 'NEW') IN ('NEW', '') GROUP BY position_id) s ON s.position_id = p.id
WHERE p.account_id = $1 AND p.on_hand <> coalesce(s.n, 0)`},
	{"on hand is not negative", `SELECT id::text, ref, 0::int8, on_hand FROM inventory_positions WHERE account_id = $1 AND on_hand < 0 AND cardinality($2::text[]) > 0`},
	{"a base virtual position is what its position can sell", `SELECT v.id::text, v.ref,
	CASE WHEN coalesce(p.status, 'CREATED') IN ('CREATED', 'INACTIVE') THEN 0 ELSE greatest(0, p.on_hand) END, v.quantity
FROM virtual_catalogues c JOIN virtual_positions v ON v.account_id = $1 AND v.catalogue_id = c.id
JOIN inventory_catalogues i ON i.account_id = $1 AND i.ref = c.inventory_catalogue_ref
LEFT JOIN inventory_positions p ON p.account_id = $1 AND p.catalogue_id = i.id AND p.product_ref = v.product_ref AND p.location_ref = v.group_ref
WHERE c.account_id = $1 AND c.type = 'BASE' AND cardinality($2::text[]) > 0
	AND v.quantity <> CASE WHEN coalesce(p.status, 'CREATED') IN ('CREATED', 'INACTIVE') THEN 0 ELSE greatest(0, p.on_hand) END`},
	{"an aggregate virtual position is the sum over its network", `SELECT v.id::text, v.ref, coalesce(s.n, 0)::int8, v.quantity
FROM virtual_catalogues c JOIN virtual_positions v ON v.account_id = $1 AND v.catalogue_id = c.id
LEFT JOIN LATERAL (SELECT sum(greatest(0, p.on_hand)) AS n FROM inventory_catalogues i
	JOIN inventory_positions p ON p.account_id = $1 AND p.catalogue_id = i.id AND p.product_ref = v.product_ref AND p.status IN ('ACTIVE', 'AT_RISK')
	JOIN locations l ON l.account_id = $1 AND l.ref = p.location_ref
	JOIN network_locations n ON n.account_id = $1 AND n.location_id = l.id AND n.network_id::text = c.network_ids ->> 0
	WHERE i.account_id = $1 AND i.ref = c.inventory_catalogue_ref) s ON true
WHERE c.account_id = $1 AND c.type = 'AGGREGATE' AND cardinality($2::text[]) > 0 AND v.quantity <> coalesce(s.n, 0)`},
	{"a fulfilment that waits or is being picked holds exactly its units", `SELECT f.id::text, f.ref, w.n::int8, coalesce(r.n, 0)::int8 FROM fulfilments f
JOIN (SELECT i.fulfilment_id, o.product_ref, sum(coalesce(i.requested_quantity, 0) - i.rejected_quantity) AS n FROM fulfilment_items i
	JOIN order_items o ON o.account_id = $1 AND o.id = i.order_item_id WHERE i.account_id = $1 GROUP BY i.fulfilment_id, o.product_ref) w ON w.fulfilment_id = f.id
LEFT JOIN (SELECT q.association_ref, p.product_ref, sum(-q.quantity) AS n FROM inventory_quantities q JOIN inventory_positions p ON p.account_id = $1 AND p.id = q.position_id
	WHERE q.account_id = $1 AND q.type = 'RESERVED' AND q.status = 'ACTIVE' AND cardinality($2::text[]) > 0 GROUP BY q.association_ref, p.product_ref) r
	ON r.association_ref = f.id::text AND r.product_ref = w.product_ref
WHERE f.account_id = $1 AND f.status IN ('AWAITING_WAVE', 'SENT_TO_WMS', 'ON_HOLD', 'ASSIGNED') AND w.n <> coalesce(r.n, 0)`},
	{"a reservation belongs to a fulfilment that needs it", `SELECT q.id::text, q.ref, 0::int8, -q.quantity FROM inventory_quantities q
LEFT JOIN fulfilments f ON f.account_id = $1 AND f.id::text = q.association_ref
WHERE q.account_id = $1 AND q.type = 'RESERVED' AND q.status = 'ACTIVE' AND q.association_ref IS NOT NULL AND cardinality($2::text[]) > 0
	AND coalesce(f.status, '') NOT IN ('PROCESSING', 'AWAITING_WAVE', 'SENT_TO_WMS', 'ON_HOLD', 'ASSIGNED')`},
	{"a picked fulfilment sold exactly what it filled", `SELECT f.id::text, f.ref, w.n::int8, coalesce(r.n, 0)::int8 FROM fulfilments f
JOIN (SELECT i.fulfilment_id, sum(i.filled_quantity) AS n FROM fulfilment_items i WHERE i.account_id = $1 GROUP BY i.fulfilment_id) w ON w.fulfilment_id = f.id
LEFT JOIN (SELECT q.association_ref, sum(-q.quantity) AS n FROM inventory_quantities q
	WHERE q.account_id = $1 AND q.type = 'SALE' AND q.association_ref IS NOT NULL AND cardinality($2::text[]) > 0 GROUP BY q.association_ref) r ON r.association_ref = f.id::text
WHERE f.account_id = $1 AND f.status IN ('FULFILLED', 'PARTIALLY_FULFILLED', 'AWAITING_COURIER_COLLECTION', 'COMPLETE') AND w.n <> coalesce(r.n, 0)`},
	{"no more of a line is with fulfilments than was ordered", `SELECT o.id::text, o.ref, o.quantity, w.n::int8 FROM order_items o
JOIN (SELECT i.order_item_id, sum(CASE WHEN f.status IN ('REJECTED', 'EXPIRED', 'CANCELLED') THEN 0
	WHEN f.status = 'ESCALATED' THEN coalesce(i.requested_quantity, 0) ELSE coalesce(i.requested_quantity, 0) - i.rejected_quantity END) AS n
	FROM fulfilment_items i JOIN fulfilments f ON f.account_id = $1 AND f.id = i.fulfilment_id WHERE i.account_id = $1 GROUP BY i.order_item_id) w ON w.order_item_id = o.id
WHERE o.account_id = $1 AND cardinality($2::text[]) > 0 AND w.n > o.quantity`},
	{"a booked order's units are all with fulfilments", `SELECT o.id::text, o.ref, i.n::int8, coalesce(w.n, 0)::int8 FROM orders o
JOIN (SELECT order_id, sum(quantity) AS n FROM order_items WHERE account_id = $1 GROUP BY order_id) i ON i.order_id = o.id
LEFT JOIN (SELECT f.order_id, sum(CASE WHEN f.status IN ('REJECTED', 'EXPIRED', 'CANCELLED') THEN 0
	WHEN f.status = 'ESCALATED' THEN coalesce(x.requested_quantity, 0) ELSE coalesce(x.requested_quantity, 0) - x.rejected_quantity END) AS n
	FROM fulfilments f JOIN fulfilment_items x ON x.account_id = $1 AND x.fulfilment_id = f.id WHERE f.account_id = $1 GROUP BY f.order_id) w ON w.order_id = o.id
WHERE o.account_id = $1 AND cardinality($2::text[]) > 0 AND o.status IN ('BOOKED', 'PICK_PACK', 'AWAITING_COURIER_COLLECTION', 'COMPLETE') AND coalesce(w.n, 0) <> i.n
	AND NOT EXISTS (SELECT 1 FROM order_items c WHERE c.account_id = $1 AND c.order_id = o.id AND c.attributes::text LIKE '%cancelledQuantity%')`},
}

// Ledger compares an account's books: positions with their quantities, virtual positions with positions, reservations and sales
// with fulfilments, fulfilments with orders. An empty answer means that they agree. It is right only while nothing is in
// flight; aggregate catalogues follow a moment later than the rest. The reads are one snapshot.
func Ledger(ctx context.Context, db *store.DB, scope tenancy.Scope) ([]Discrepancy, error) {
	var out []Discrepancy
	err := db.Write(ctx, scope, func(tx *store.Tx) error {
		out = nil
		for _, c := range ledgerChecks {
			found, err := ledgerCheck(ctx, tx, c.name, c.sql)
			if err != nil {
				return err
			}
			out = append(out, found...)
		}
		return nil
	})
	return out, err
}

func ledgerCheck(ctx context.Context, tx *store.Tx, name, sql string) ([]Discrepancy, error) {
	var out []Discrepancy
	s := store.Statement{Name: "ledger", SQL: fmt.Sprintf("%s LIMIT %d", sql, ledgerLimit), Args: tx.Args(stock.OnHandTypes())}
	s.Rows = func(rows pgx.Rows) error {
		d := Discrepancy{Check: name}
		_, err := pgx.ForEachRow(rows, []any{&d.ID, &d.Ref, &d.Want, &d.Got}, func() error { out = append(out, d); return nil })
		return err
	}
	return out, tx.Send(ctx, s)
}
