package graphql_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/store"
)

// counted is a world with two positions: one of four quantities, one of none.
func counted(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.data(`mutation { createInventoryCatalogue(input: {ref: "IC", type: "DEFAULT", name: "x", retailerRefs: "1"}) { id } }`, "")
	for _, ref := range []string{"A", "B"} {
		w.data(fmt.Sprintf(`mutation { createInventoryPosition(input: {ref: %q, type: "DEFAULT", productRef: "P", locationRef: %[1]q, onHand: 1, catalogue: {ref: "IC"}}) { id } }`, ref), "")
	}
	for i, q := range []struct {
		kind, status string
		n            int
	}{{"LAST_ON_HAND", "ACTIVE", 10}, {"RESERVED", "ACTIVE", -2}, {"RESERVED", "ACTIVE", -3}, {"RESERVED", "INACTIVE", -5}} {
		w.data(fmt.Sprintf(`mutation { createInventoryQuantity(input: {ref: "Q%[1]d", type: %q, quantity: %d, catalogue: {ref: "IC"}, position: {ref: "A", catalogue: {ref: "IC"}}}) { id }
			updateInventoryQuantity(input: {ref: "Q%[1]d", catalogue: {ref: "IC"}, status: %[4]q}) { id } }`, i, q.kind, q.n, q.status), "")
	}
	return w
}

const sums = `{ inventoryPositions { edges { node { ref quantitiesAggregate { type status quantity } } } } }`

// TestSumsOfQuantities, by type and status, of all positions of a page together.
func TestSumsOfQuantities(t *testing.T) {
	t.Parallel()
	w := counted(t)
	const want = `{"inventoryPositions":{"edges":[{"node":{"ref":"A","quantitiesAggregate":[{"type":"LAST_ON_HAND","status":"ACTIVE","quantity":10},
		{"type":"RESERVED","status":"ACTIVE","quantity":-5},{"type":"RESERVED","status":"INACTIVE","quantity":-5}]}},{"node":{"ref":"B","quantitiesAggregate":[]}}]}}`
	trace := &store.Trace{}
	res := w.runIn(store.WithTrace(t.Context(), trace), w.admin, sums, "")
	require.Empty(t, messages(res))
	require.JSONEq(t, want, string(res.Data))
	require.Equal(t, []string{"inventory_positions.search", "inventory_quantities.totals"}, trace.Statements())
	require.JSONEq(t, `{"inventoryPosition":{"a":[{"q":10,"__typename":"InventoryQuantityAggregate"},{"q":-5,"__typename":"InventoryQuantityAggregate"},{"q":-5,"__typename":"InventoryQuantityAggregate"}]}}`,
		w.raw(`{ inventoryPosition(ref: "A", catalogue: {ref: "IC"}) { a: quantitiesAggregate { q: quantity __typename } } }`, ""))
	made := w.data(`mutation { updateInventoryPosition(input: {ref: "A", catalogue: {ref: "IC"}, status: "ACTIVE"}) { quantitiesAggregate { quantity } } }`, "")
	require.Len(t, at(made, "updateInventoryPosition.quantitiesAggregate"), 3)

	for i := range 2 { // more than 32 bits in all
		w.data(fmt.Sprintf(`mutation { createInventoryQuantity(input: {ref: "L%d", type: "DELIVERY", quantity: 2000000000, catalogue: {ref: "IC"}, position: {ref: "B", catalogue: {ref: "IC"}}}) { id } }`, i), "")
	}
	require.Contains(t, w.raw(sums, ""), `"quantity":2147483647`, "a sum beyond 32 bits is the nearest number")
}

// TestSumsAreOfWhatACallerSees, and cost ten each.
func TestSumsAreOfWhatACallerSees(t *testing.T) {
	t.Parallel()
	w := counted(t)
	account := []tenant.Context{{Type: tenant.AccountContext}}
	blind := principal("ACME", "9", tenant.Grant{Role: "R", Permissions: []string{"INVENTORYPOSITION_VIEW"}, Contexts: account})
	res := w.run(blind, sums, "")
	require.Equal(t, []string{"C0020E"}, codes(res))
	require.Contains(t, string(res.Data), `{"ref":"A","quantitiesAggregate":null}`)
	w.retailer("ACME", "2", "SECOND")
	other := principal("ACME", "8", tenant.Grant{Role: tenant.AdminRole, Contexts: []tenant.Context{{Type: tenant.RetailerContext, ID: "2", Retailer: 2}}})
	require.JSONEq(t, `{"inventoryPositions":{"edges":[]}}`, string(w.run(other, sums, "").Data))
	mine := principal("ACME", "7", tenant.Grant{Role: tenant.AdminRole, Contexts: []tenant.Context{{Type: tenant.RetailerContext, ID: "1", Retailer: 1}}})
	require.JSONEq(t, w.raw(sums, ""), string(w.run(mine, sums, "").Data))

	w.limits.Complexity = 1 + 10*10
	w.data(sums, "")
	w.limits.Complexity--
	require.Equal(t, "C0001E", w.failure(sums, "").Extensions.Code)
	w.limits.Complexity++
	w.limits.RowsRead = 2 + 3
	w.data(sums, "")
	w.limits.RowsRead--
	require.Equal(t, facts("rows-read", 4), w.failure(sums, "").Extensions.Meta)
}
