package stock

import "github.com/fluent-oms/fluent/dataplane/store"

// Virtual is a virtual position as a load or a recount wants it.
type Virtual struct {
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

const sqlVirtual = `WITH put AS (INSERT INTO virtual_positions (account_id, id, created_on, updated_on, ref, type, status, workflow_ref, workflow_version,
	product_ref, group_ref, quantity, catalogue_id)
SELECT $1, v.id::uuid, $2, $2, CASE WHEN x.id IS NULL THEN v.ref ELSE v.ref || ':' || v.id END, v.type, v.status, v.workflow_ref, v.workflow_version,
	v.product_ref, v.group_ref, v.quantity, v.catalogue_id
FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int8[], $9::text[], $10::text[], $11::int8[], $12::int8[])
	AS v (id, ref, type, status, workflow_ref, workflow_version, product_ref, group_ref, quantity, catalogue_id)
LEFT JOIN virtual_positions x ON x.account_id = $1 AND x.catalogue_id = v.catalogue_id AND x.ref = v.ref
	AND (x.product_ref, x.group_ref) IS DISTINCT FROM (v.product_ref, v.group_ref)
ON CONFLICT (account_id, catalogue_id, product_ref, group_ref) DO UPDATE SET quantity = excluded.quantity, status = excluded.status, updated_on = excluded.updated_on
WHERE virtual_positions.quantity IS DISTINCT FROM excluded.quantity OR virtual_positions.status IS DISTINCT FROM excluded.status
RETURNING virtual_positions.id, virtual_positions.created_on),
` + noteRows + `SELECT CASE WHEN created_on = $2 THEN 'cUVirtualPosition' ELSE 'uUVirtualPosition' END, id FROM put` + noteEnd + `
SELECT count(*) FROM put`

// PutVirtual queues virtual positions: existing ones take quantity and status, missing ones appear, with an id behind their ref where another position
// has that: what callers make by hand may have any.
func PutVirtual(tx *store.Tx, rows []Virtual) {
	if len(rows) == 0 {
		return
	}
	n := len(rows)
	text := func(get func(*Virtual) string) []string {
		out := make([]string, n)
		for i := range rows {
			out[i] = get(&rows[i])
		}
		return out
	}
	number := func(get func(*Virtual) int64) []int64 {
		out := make([]int64, n)
		for i := range rows {
			out[i] = get(&rows[i])
		}
		return out
	}
	tx.Queue(store.Statement{Name: "stock.virtual", SQL: sqlVirtual, Args: tx.Args(store.Drawn,
		text(func(*Virtual) string { return string(tx.NewUUID()) }), text(func(v *Virtual) string { return v.Ref }),
		text(func(v *Virtual) string { return v.Type }), text(func(v *Virtual) string { return v.Status }),
		text(func(v *Virtual) string { return v.WorkflowRef }), number(func(v *Virtual) int64 { return int64(v.WorkflowVersion) }),
		text(func(v *Virtual) string { return v.ProductRef }), text(func(v *Virtual) string { return v.GroupRef }),
		number(func(v *Virtual) int64 { return int64(v.Quantity) }), number(func(v *Virtual) int64 { return v.CatalogueID }))})
}

const sqlUncovered = `WITH emptied AS (UPDATE virtual_positions p SET quantity = 0, status = 'INACTIVE', updated_on = $2
FROM unnest($3::int8[], $4::text[], $5::text[]) AS v (catalogue_id, product_ref, group_ref)
WHERE p.account_id = $1 AND p.catalogue_id = v.catalogue_id AND p.product_ref = v.product_ref AND p.group_ref = v.group_ref
	AND (p.quantity, p.status) IS DISTINCT FROM (0, 'INACTIVE') RETURNING p.id),
` + noteRows + `SELECT 'uUVirtualPosition', id FROM emptied` + noteEnd + `
SELECT count(*) FROM emptied`

// EmptyVirtual queues that nothing can be sold any more of virtual positions, where they exist: their locations have left the catalogue's networks.
func EmptyVirtual(tx *store.Tx, rows []Virtual) {
	if len(rows) == 0 {
		return
	}
	catalogues, products, groups := make([]int64, len(rows)), make([]string, len(rows)), make([]string, len(rows))
	for i, v := range rows {
		catalogues[i], products[i], groups[i] = v.CatalogueID, v.ProductRef, v.GroupRef
	}
	tx.Queue(store.Statement{Name: "stock.uncovered", SQL: sqlUncovered, Args: tx.Args(store.Drawn, catalogues, products, groups)})
}

// Aggregate is an AGGREGATE virtual catalogue and what its positions are summed over.
type Aggregate struct {
	ID              int64
	Ref             string
	NetworkID       int64
	InventoryID     int64 // inventory catalogue
	WorkflowRef     string
	WorkflowVersion int
}

// Each product leads to its positions by the index of their keys. The network's locations are put in parentheses and compared with TRUE
// so that planners keep them as a set that is made once: joined, they become the outer side of a loop over all positions.
const sqlAggregate = `WITH put AS (INSERT INTO virtual_positions (account_id, id, created_on, updated_on, ref, type, status, workflow_ref, workflow_version,
	product_ref, group_ref, quantity, catalogue_id)
SELECT $1, a.id::uuid, $3, $3, CASE WHEN x.id IS NULL THEN $4 || ':' || a.product_ref ELSE $4 || ':' || a.product_ref || ':' || a.id END,
	'AGGREGATE', 'ACTIVE', $5, $6::int8, a.product_ref, $4,
	(SELECT least(2147483647, coalesce(sum(greatest(0, coalesce(p.on_hand, 0))), 0))::int8 FROM inventory_positions p
	WHERE p.account_id = $1 AND p.catalogue_id = $8::int8 AND p.product_ref = a.product_ref AND p.status = ANY ($11::text[])
	AND (p.location_ref IN (SELECT l.ref FROM network_locations n JOIN locations l ON l.account_id = $1 AND l.id = n.location_id
		WHERE n.account_id = $1 AND n.network_id = $7::int8)) IS TRUE), $2::int8
FROM unnest($9::text[], $10::text[]) AS a (id, product_ref)
LEFT JOIN virtual_positions x ON x.account_id = $1 AND x.catalogue_id = $2::int8 AND x.ref = $4 || ':' || a.product_ref
	AND (x.product_ref, x.group_ref) IS DISTINCT FROM (a.product_ref, $4)
ON CONFLICT (account_id, catalogue_id, product_ref, group_ref) DO UPDATE SET quantity = excluded.quantity, updated_on = excluded.updated_on
WHERE virtual_positions.quantity IS DISTINCT FROM excluded.quantity RETURNING virtual_positions.id, virtual_positions.created_on),
` + noteRows + `SELECT CASE WHEN created_on = $3 THEN 'cUVirtualPosition' ELSE 'uUVirtualPosition' END, id FROM put` + noteEnd + `
SELECT count(*) FROM put`

// Sum queues the set-wise sum of an aggregate catalogue's positions of the given products; missing ones appear, as those of PutVirtual do.
// statuses are those of inventory positions that count.
func Sum(tx *store.Tx, s Aggregate, products, statuses []string) {
	if len(products) == 0 {
		return
	}
	ids := make([]string, len(products))
	for i := range ids {
		ids[i] = string(tx.NewUUID())
	}
	tx.Queue(store.Statement{Name: "stock.aggregate", SQL: sqlAggregate, Args: tx.Args(s.ID, store.Drawn, s.Ref,
		s.WorkflowRef, s.WorkflowVersion, s.NetworkID, s.InventoryID, ids, products, statuses)})
}
