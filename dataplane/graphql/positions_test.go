package graphql_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/tenancy"
)

// TestAPositionLeadsToItsProductAndPlace by their refs, and to none where there is none yet.
func TestAPositionLeadsToItsProductAndPlace(t *testing.T) {
	t.Parallel()
	l := newLoader(t)
	l.load(t.Context(), l.admin, "CREATE", "PRODUCT", `{"ref":"P1","gtin":"1","name":"Shoe"}`)
	l.load(t.Context(), l.admin, "CREATE", "LOCATION", `{"ref":"SYD","type":"STORE","name":"Sydney","primaryAddress":{"latitude":-33.8,"longitude":151.2},
		"openingSchedule":{"allHours":true,"monStart":0,"monEnd":0,"tueStart":0,"tueEnd":0,"wedStart":0,"wedEnd":0,"thuStart":0,"thuEnd":0,"friStart":0,"friEnd":0,"satStart":0,"satEnd":0,"sunStart":0,"sunEnd":0}}`)
	l.data(`mutation {
		ic: createInventoryCatalogue(input: {ref: "DEFAULT:1", type: "DEFAULT", name: "Stock", retailerRefs: "MAIN"}) { id }
		vc: createVirtualCatalogue(input: {ref: "BASE:1", type: "BASE", name: "Base", inventoryCatalogueRef: "DEFAULT:1", productCatalogueRef: "PC:MASTER:1", retailerRefs: "MAIN"}) { id }
		a: createInventoryPosition(input: {ref: "P1:SYD", type: "DEFAULT", productRef: "P1", locationRef: "SYD", catalogue: {ref: "DEFAULT:1"}}) { id }
		b: createInventoryPosition(input: {ref: "P9:SYD", type: "DEFAULT", productRef: "P9", locationRef: "SYD", catalogue: {ref: "DEFAULT:1"}}) { id }
		c: createVirtualPosition(input: {ref: "1", type: "DEFAULT", productRef: "P1", groupRef: "SYD", quantity: 2, catalogue: {ref: "BASE:1"}}) { id }
		d: createVirtualPosition(input: {ref: "2", type: "DEFAULT", productRef: "P9", groupRef: "NOWHERE", quantity: 2, catalogue: {ref: "BASE:1"}}) { id } }`, "")
	require.JSONEq(t, `{"inventoryPositions": {"edges": [{"node": {"ref": "P1:SYD", "product": {"name": "Shoe", "gtin": "1"}}}, {"node": {"ref": "P9:SYD", "product": null}}]},
		"virtualPositions": {"edges": [{"node": {"ref": "1", "product": {"name": "Shoe"}, "locationLink": {"name": "Sydney"}}}, {"node": {"ref": "2", "product": null, "locationLink": null}}]}}`,
		printed(t, l.data(`{ inventoryPositions(catalogue: {ref: "DEFAULT:1"}) { edges { node { ref product { name ... on StandardProduct { gtin } } } } }
			virtualPositions(catalogue: {ref: "BASE:1"}) { edges { node { ref product { name } locationLink { name } } } } }`, "")))
}

// TestThePricesOfProducts are each listed once, in order, page by page, to whoever may see products.
func TestThePricesOfProducts(t *testing.T) {
	t.Parallel()
	l := newLoader(t)
	l.load(t.Context(), l.admin, "CREATE", "PRODUCT", `{"ref":"P1","gtin":"1","name":"A","prices":[{"type":"RRP","currency":"AUD","value":12.5},{"type":"SALE","currency":"AUD","value":9}]}`,
		`{"ref":"P2","gtin":"2","name":"B","prices":[{"type":"RRP","currency":"AUD","value":12.50},{"type":"RRP","currency":"AUD","value":2}]}`, `{"ref":"P3","gtin":"3","name":"C"}`)
	list := func(who *tenant.Principal, args string) string {
		return string(l.run(who, "{ prices"+args+" { edges { node { type currency value } } pageInfo { hasNextPage } } }", "").Data)
	}
	require.JSONEq(t, `{"prices": {"edges": [{"node": {"type": "SALE", "currency": "AUD", "value": 9}}], "pageInfo": {"hasNextPage": false}}}`, list(l.admin, `(type: "SALE")`))
	require.JSONEq(t, `{"prices": {"edges": [{"node": {"type": "RRP", "currency": "AUD", "value": 2}}, {"node": {"type": "RRP", "currency": "AUD", "value": 12.5}}], "pageInfo": {"hasNextPage": true}}}`, list(l.admin, `(first: 2)`))
	require.JSONEq(t, `{"prices": {"edges": [{"node": {"type": "RRP", "currency": "AUD", "value": 12.5}}], "pageInfo": {"hasNextPage": false}}}`, list(l.admin, `(value: [12.5, 7])`))
	at := func(retailer tenancy.RetailerID, permission string) *tenant.Principal {
		return principal("ACME", "7", tenant.Grant{Role: "R", Permissions: []string{permission}, Contexts: []tenant.Context{{Type: tenant.RetailerContext, ID: fmt.Sprint(retailer), Retailer: retailer}}})
	}
	require.JSONEq(t, `{"prices": {"edges": [], "pageInfo": {"hasNextPage": false}}}`, list(at(2, "PRODUCT_VIEW"), ""), "another retailer's products are not there")
	require.JSONEq(t, `{"prices": null}`, list(at(1, "ORDER_VIEW"), ""))
	require.Contains(t, list(at(1, "PRODUCT_VIEW"), ""), "SALE")
}
