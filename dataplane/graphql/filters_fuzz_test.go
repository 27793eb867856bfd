package graphql_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/graphql/document"
	"github.com/fluent-oms/fluent/domain/fault"
)

// filtering are searches whose arguments are all that the fuzzer chooses.
var filtering = []string{
	`query($ref: [String], $type: [String!], $status: [String], $created: DateRange, $total: [Float], $customer: SearchCustomerInput, $link: CustomerLinkInput, $first: Int, $last: Int, $after: String, $before: String) {
		orders(ref: $ref, type: $type, status: $status, createdOn: $created, totalPrice: $total, customer: $customer, customerLink: $link, first: $first, last: $last, after: $after, before: $before) { edges { cursor node { ref } } } }`,
	`query($ref: [String!], $name: [String!], $gtin: [String!], $catalogue: ProductCatalogueKey, $updated: DateRange, $first: Int, $after: String) {
		standardProducts(ref: $ref, name: $name, gtin: $gtin, catalogue: $catalogue, updatedOn: $updated, first: $first, after: $after) { edges { node { ref } } } }`,
	`query($ref: [String!], $product: [String!], $onHand: [Int], $catalogue: InventoryCatalogueKey) {
		inventoryPositions(ref: $ref, productRef: $product, onHand: $onHand, catalogue: $catalogue) { edges { node { ref } } } }`,
	`query($name: [String], $context: [String!], $id: [Int!], $value: [String]) { settings(name: $name, context: $context, contextId: $id, value: $value) { edges { node { name } } } }`,
}

// FuzzFilters: whatever a search is asked for, the answer is rows, or says what is wrong with the request. It is never our fault.
func FuzzFilters(f *testing.F) {
	for i := range filtering {
		for _, variables := range []string{
			`{}`, `{"ref":"A%"}`, `{"ref":["%","_\\","a'b",null]}`, `{"status":[],"first":1}`, `{"created":{"from":"2026-01-01"},"last":2}`, `{"created":{"from":"9999-12-31T23:59:59.999Z","to":"0001-01-01T00:00:00Z"}}`,
			`{"after":"x"}`, `{"first":1,"last":1}`, `{"total":[1.5,1e308,-0]}`, `{"customer":{"firstName":"%im"}}`, `{"link":{"ref":"kim@example.com"}}`, `{"catalogue":{"ref":"PC:MASTER:1"},"name":"p%"}`,
			`{"onHand":[2147483647,null]}`, `{"id":[0],"name":"\ud83c\udf89"}`,
		} {
			f.Add(i, []byte(variables))
		}
	}
	w := newWorld(f)
	w.data(createOrder, orderInput2("A-1", w.shop("P1")))
	f.Fuzz(func(t *testing.T, n int, variables []byte) {
		if n < 0 || n >= len(filtering) || !json.Valid(variables) {
			return
		}
		body := slices.Concat([]byte(`{"query":`+quote(filtering[n])+`,"variables":`), variables, []byte(`}`))
		req, err := document.Decode(body)
		if err != nil {
			return
		}
		res := w.exec.Execute(t.Context(), w.admin, req)
		for _, e := range res.Errors {
			require.NotContains(t, []string{fault.CodeInternal, fault.CodeRetry}, e.Extensions.Code, "%s: %s", variables, e.Message)
			require.NotEmpty(t, e.Message)
		}
	})
}
