package graphql_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

const hours = `{allHours: true, monStart: 0, monEnd: 0, tueStart: 0, tueEnd: 0, wedStart: 0, wedEnd: 0, thuStart: 0, thuEnd: 0, friStart: 0, friEnd: 0, satStart: 0, satEnd: 0, sunStart: 0, sunEnd: 0}`

// shop makes a product catalogue with products, a customer and a location, and returns the customer's id.
func (w *world) shop(products ...string) string {
	w.t.Helper()
	w.data(`mutation { createProductCatalogue(input: {ref: "PC:MASTER:1", type: "MASTER", name: "All", retailerRefs: "MAIN"}) { id } }`, "")
	for _, ref := range products {
		w.data(`mutation($ref: String!) { createStandardProduct(input: {ref: $ref, type: "STANDARD", gtin: "1", name: "A thing",
			catalogue: {ref: "PC:MASTER:1"}, prices: {type: "RRP", currency: "AUD", value: 9.5},
			taxType: {country: "AU", group: "STANDARD", tariff: "GST"}}) { id ref } }`, fmt.Sprintf(`{"ref":%q}`, ref))
	}
	return w.shopper("kim@example.com")
}

// place makes a store of retailer 1 and returns its id.
func (w *world) place(ref string) string {
	w.t.Helper()
	return at(w.placeOf(ref, "1", `latitude: 1, longitude: 1`), "id").(string)
}

// placeOf makes a store with an address and returns its id, and those of its address and its opening hours.
func (w *world) placeOf(ref, retailer, address string) any {
	w.t.Helper()
	return at(w.data(fmt.Sprintf(`mutation { createLocation(input: {ref: %q, type: "STORE", name: "as it was", retailer: {id: %s}, primaryAddress: {ref: %q, %s},
		openingSchedule: %s}) { id primaryAddress { id } openingSchedule { id } } }`, ref, retailer, ref, address, hours), ""), "createLocation")
}

// shopper makes a customer and returns the id.
func (w *world) shopper(name string) string {
	w.t.Helper()
	made := w.data(`mutation($name: String!) { createCustomer(input: {username: $name, firstName: "Kim", primaryEmail: "kim@example.com", timezone: "UTC",
		promotionOptIn: false, retailer: {id: 1}}) { id ref status } }`, fmt.Sprintf(`{"name":%q}`, name))
	require.Equal(w.t, name, at(made, "createCustomer.ref"))
	return at(made, "createCustomer.id").(string)
}

const createOrder = `mutation($input: CreateOrderInput!) { createOrder(input: $input) {
	id ref type status workflowRef workflowVersion createdOn totalPrice customer { id firstName } customerLink { ref } retailer { id ref }
	fulfilmentChoice { deliveryType deliveryAddress { __typename city } }
	attributes { name type value } items { edges { node { ref quantity status product { name ... on StandardProduct { ref gtin } } } } } } }`

func orderInput(ref, customer string) string {
	return fmt.Sprintf(`{"input":{"ref":%q,"type":"HD","retailer":{"id":1},"customer":{"id":%q},"totalPrice":19,
		"fulfilmentChoice":{"deliveryType":"STANDARD","deliveryAddress":{"ref":"A1","city":"Perth"}},
		"attributes":{"name":"gift","type":"JSON","value":{"wrap":true,"n":[1,2.50]}},
		"items":[{"ref":"1","productRef":"P1","productCatalogueRef":"PC:MASTER:1","quantity":2,"paidPrice":9.5},
		{"ref":"2","productRef":"P2","productCatalogueRef":"PC:MASTER:1","quantity":1}]}}`, ref, customer)
}

func TestAnOrderIsCreatedAndReadBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	customer := w.shop("P1", "P2")
	made := w.data(createOrder, orderInput("O-1", customer))
	require.Equal(t, "CREATED", at(made, "createOrder.status"))
	require.Equal(t, "ORDER::HD", at(made, "createOrder.workflowRef"))
	require.EqualValues(t, 10003, at(made, "createOrder.workflowVersion"))
	require.Equal(t, "kim@example.com", at(made, "createOrder.customerLink.ref"))
	require.Equal(t, "Kim", at(made, "createOrder.customer.firstName"))
	require.Equal(t, "MAIN", at(made, "createOrder.retailer.ref"))
	require.Equal(t, "CustomerAddress", at(made, "createOrder.fulfilmentChoice.deliveryAddress.__typename"))
	require.Equal(t, "P1", at(made, "createOrder.items.edges.0.node.product.ref"))
	require.Equal(t, map[string]any{"wrap": true, "n": []any{1.0, 2.5}}, at(made, "createOrder.attributes.0.value"))

	last := w.nudges.events[len(w.nudges.events)-1]
	require.Equal(t, "CREATE", last.Name)
	require.Equal(t, "ORDER", last.EntityType)
	require.Equal(t, "O-1", last.EntityRef)
	require.EqualValues(t, 1, last.RetailerID)

	read := w.raw(`query Q($id: ID!) { b: orderById(id: $id) { ref: id, total: totalPrice, lines: items(first: 1) {
		e: edges { cursor n: node { ref ref quantity } } pageInfo { hasNextPage hasPreviousPage } } } }`,
		fmt.Sprintf(`{"id":%q}`, at(made, "createOrder.id")))
	require.Regexp(t, `^{"b":{"ref":"\d+","total":19,"lines":{"e":\[{"cursor":"[^"]+","n":{"ref":"1","quantity":2}}\],"pageInfo":{"hasNextPage":true,"hasPreviousPage":false}}}}$`, read)
}
