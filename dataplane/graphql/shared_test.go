package graphql_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
)

// sharedStock makes a catalogue of stock and one of products that retailers 1 and 2 have together (BOTH), and one of each that is retailer 1's (ONE). Each
// has a position A with a quantity Q, a category X, a standard product S and its variant V.
func (w *world) sharedStock() {
	w.t.Helper()
	w.retailer("ACME", "2", "SECOND")
	for ref, retailers := range map[string]string{"BOTH": `["1", "2"]`, "ONE": `["1"]`} {
		w.data(fmt.Sprintf(`mutation {
			createInventoryCatalogue(input: {ref: %[1]q, type: "DEFAULT", name: "Stock", retailerRefs: %[2]s}) { id }
			createProductCatalogue(input: {ref: %[1]q, type: "MASTER", name: "Products", retailerRefs: %[2]s}) { id }
			createInventoryPosition(input: {ref: "A", type: "DEFAULT", productRef: "P", locationRef: "L", onHand: 1, catalogue: {ref: %[1]q}}) { id }
			createInventoryQuantity(input: {ref: "Q", type: "DELTA", quantity: 1, catalogue: {ref: %[1]q}, position: {ref: "A", catalogue: {ref: %[1]q}}}) { id }
			createCategory(input: {ref: "X", type: "DEFAULT", name: "X", catalogue: {ref: %[1]q}}) { id }
			createStandardProduct(input: {ref: "S", type: "STANDARD", name: "S", gtin: "1", catalogue: {ref: %[1]q}}) { id }
			createVariantProduct(input: {ref: "V", type: "VARIANT", name: "V", gtin: "1", catalogue: {ref: %[1]q}, product: {ref: "S", catalogue: {ref: %[1]q}}}) { id } }`, ref, retailers), "")
	}
}

// TestWhatIsTiedByItsOwnReferenceNeedsTheRightToChangeIt: a mutation that lists children changes those, too. Retailer 1's administrator may change nothing that
// is retailer 2's as well, whichever end he takes it by; nor does who may change the one end only.
func TestWhatIsTiedByItsOwnReferenceNeedsTheRightToChangeIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sharedStock()
	whole := []tenant.Context{{Type: tenant.AccountContext}}
	half := w.as(principal("ACME", "9", tenant.Grant{Role: "HALF", Contexts: whole, Permissions: []string{
		"PRODUCT_VIEW", "CATEGORY_VIEW", "CATALOGUE_VIEW", "STANDARDPRODUCT_UPDATE", "STANDARDPRODUCT_CREATE", "INVENTORYPOSITION_UPDATE", "INVENTORY_VIEW"}}))
	one := w.as(adminOf("ACME", 1))
	for change, who := range map[string]*world{
		`updateCategory(input: {ref: "X", catalogue: {ref: "ONE"}, childCategories: [{ref: "X", catalogue: {ref: "BOTH"}}]}) { ref }`:                                                         one,
		`createCategory(input: {ref: "Y", type: "DEFAULT", name: "Y", catalogue: {ref: "ONE"}, childCategories: [{ref: "X", catalogue: {ref: "BOTH"}}]}) { ref }`:                             one,
		`updateStandardProduct(input: {ref: "S", catalogue: {ref: "ONE"}, variants: [{ref: "V", catalogue: {ref: "BOTH"}}]}) { ref }`:                                                         one,
		`updateInventoryPosition(input: {ref: "A", catalogue: {ref: "ONE"}, quantities: [{ref: "Q", catalogue: {ref: "BOTH"}}]}) { ref }`:                                                     one,
		`createInventoryPosition(input: {ref: "B", type: "DEFAULT", productRef: "B", locationRef: "L", catalogue: {ref: "ONE"}, quantities: [{ref: "Q", catalogue: {ref: "BOTH"}}]}) { ref }`: one,
		`x: updateStandardProduct(input: {ref: "S", catalogue: {ref: "ONE"}, variants: [{ref: "V", catalogue: {ref: "ONE"}}]}) { ref }`:                                                       half,
		`x: updateInventoryPosition(input: {ref: "A", catalogue: {ref: "ONE"}, quantities: [{ref: "Q", catalogue: {ref: "ONE"}}]}) { ref }`:                                                   half,
	} {
		require.Equal(t, "C0020E", who.failure("mutation { "+change+" }", "").Extensions.Code, change)
	}
	const tree = `{ categories { edges { node { ref parentCategory { ref } } } } variantProducts { edges { node { product { catalogue { ref } } } } } inventoryPositions { edges { node { quantities { edges { node { catalogue { ref } } } } } } } }`
	before := w.raw(tree, "")
	require.NotContains(t, before, `"parentCategory":{`)
	w.as(adminOf("ACME", 1, 2)).data(`mutation { updateCategory(input: {ref: "X", catalogue: {ref: "ONE"}, childCategories: [{ref: "X", catalogue: {ref: "BOTH"}}]}) { ref } }`, "")
	require.Contains(t, w.raw(tree, ""), `"parentCategory":{"ref":"X"}`)
}

// TestABulkChangeNeedsTheRightToChangeEachRow: as the change of one would.
func TestABulkChangeNeedsTheRightToChangeEachRow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sharedStock()
	const bulk, single = `mutation { updateInventoryPositionsStatusByLocation(filter: {catalogue: {ref: %q}, locationRef: "L"}, input: {status: "X"}) { count } }`,
		`mutation { updateInventoryPosition(input: {ref: "A", catalogue: {ref: %q}, status: "X"}) { status } }`
	for _, change := range []string{bulk, single} {
		require.Equal(t, "C0020E", w.as(adminOf("ACME", 1)).failure(fmt.Sprintf(change, "BOTH"), "").Extensions.Code, change)
		w.as(adminOf("ACME", 1)).data(fmt.Sprintf(change, "ONE"), "")
	}
	const read = `{ inventoryPositions { edges { node { status catalogue { ref } } } } }`
	require.Contains(t, w.raw(read, ""), `{"status":"CREATED","catalogue":{"ref":"BOTH"}}`)
	require.Equal(t, `{"updateInventoryPositionsStatusByLocation":{"count":1}}`, w.as(adminOf("ACME", 1, 2)).raw(fmt.Sprintf(bulk, "BOTH"), ""))
	require.NotContains(t, w.raw(read, ""), "CREATED")
}

// TestAQuantityIsOfItsPositionsCatalogue: it counts where its position is, and the permission to make one goes by the catalogue that it names.
func TestAQuantityIsOfItsPositionsCatalogue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sharedStock()
	for place, change := range map[string]string{
		"input.position":      `createInventoryQuantity(input: {ref: "R", type: "DELTA", quantity: 9, catalogue: {ref: "ONE"}, position: {ref: "A", catalogue: {ref: "BOTH"}}}) { id }`,
		"input.quantities[0]": `updateInventoryPosition(input: {ref: "A", catalogue: {ref: "BOTH"}, quantities: [{ref: "Q", catalogue: {ref: "ONE"}}]}) { id }`,
	} {
		for _, who := range []*world{w, w.as(adminOf("ACME", 1, 2))} {
			failed := who.failure("mutation { "+change+" }", "")
			require.Equal(t, "C0120E", failed.Extensions.Code, change)
			require.Contains(t, failed.Extensions.Field, place)
		}
	}
	w.data(`mutation { createInventoryQuantity(input: {ref: "R", type: "DELTA", quantity: 9, catalogue: {ref: "ONE"}, position: {ref: "A", catalogue: {ref: "ONE"}}}) { id } }`, "")
}

// TestHoursAreTimesOfDay: a place is open by them, whatever they are.
func TestHoursAreTimesOfDay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const create = `mutation { createLocation(input: {ref: "L", type: "STORE", name: "L", retailer: {id: 1}, primaryAddress: {ref: "L", latitude: 1, longitude: 1}, openingSchedule: %s}) { openingSchedule { id } } }`
	for _, wrong := range []string{"-5", "2401"} {
		failed := w.failure(fmt.Sprintf(create, strings.Replace(hours, "wedEnd: 0", "wedEnd: "+wrong, 1)), "")
		require.Equal(t, []string{"C0122E", "input.openingSchedule.wedEnd"}, []string{failed.Extensions.Code, failed.Extensions.Field}, wrong)
	}
	id := at(w.data(fmt.Sprintf(create, strings.Replace(hours, "wedEnd: 0", "wedEnd: 2400", 1)), ""), "createLocation.openingSchedule.id")
	require.Equal(t, "C0122E", w.failure(fmt.Sprintf(`mutation { updateOpeningSchedule(input: {id: %s, monStart: 9000}) { id } }`, id), "").Extensions.Code)
}
