package graphql_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/workflow"
)

func TestAliasedMutationsFailByThemselves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	res := w.run(w.admin, `mutation Batch($n: CreateNetworkInput) {
		a: createProductCatalogue(input: {ref: "C", type: "MASTER", name: "one"}) { ref }
		b: createProductCatalogue(input: {ref: "C", type: "MASTER", name: "two"}) { ref name }
		c: createNetwork(input: $n) { id }
		d: createProductCatalogue(input: {ref: "D", type: "MASTER", name: "three"}) { ref workflowRef }
		__typename
	}`, "")
	require.Equal(t, `{"a":{"ref":"C"},"b":null,"c":null,"d":{"ref":"D","workflowRef":"PRODUCT_CATALOGUE::MASTER"},"__typename":"Mutation"}`, string(res.Data))
	require.Len(t, res.Errors, 2)
	require.Equal(t, "C0123E", res.Errors[0].Extensions.Code)
	require.Equal(t, []any{"b"}, res.Errors[0].Path)
	require.Equal(t, 3, res.Errors[0].Locations[0].Line)
	require.Contains(t, res.Errors[0].Message, "already exists: C")
	require.Equal(t, "C0140E", res.Errors[1].Extensions.Code)
	require.Len(t, w.nudges.events, 2)
}

func TestDuplicateOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	customer := w.shop("P1", "P2")
	w.data(createOrder, orderInput("O-1", customer))
	e := w.failure(createOrder, orderInput("O-1", customer))
	require.Equal(t, "C0121E", e.Extensions.Code)
	require.Contains(t, e.Message, "Order ref already exists: O-1")
	require.Equal(t, []any{"createOrder"}, e.Path)
	require.Len(t, refs(t, at(w.data(`{ orders { edges { node { ref } } } }`, ""), "orders")), 1)
}

// Lengths are those of the public interface, in characters, on each type by itself and inside values.
func TestLengthsAreThoseOfTheType(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const create = `mutation($input: CreateProductCatalogueInput) { createProductCatalogue(input: $input) { type } }`
	input := func(ref, typ string) string {
		return `{"input":{"ref":"` + ref + `","type":"` + typ + `","name":"n","retailerRefs":["MAIN"]}}`
	}
	fits := strings.Repeat("ü", 50)
	require.Equal(t, fits, at(w.data(create, input("PC:1", fits)), "createProductCatalogue.type"))
	e := w.failure(create, input("PC:2", fits+"ü"))
	require.Equal(t, "C0141E input.type", e.Extensions.Code+" "+e.Extensions.Field)
	e = w.failure(`mutation { updateProductCatalogue(input: {ref: "PC:1", status: "`+fits+`ü"}) { ref } }`, "")
	require.Equal(t, "C0141E input.status", e.Extensions.Code+" "+e.Extensions.Field)
	e = w.failure(`mutation { createStandardProduct(input: {ref: "P", type: "T", gtin: "1", name: "n", catalogue: {ref: "PC:1"},
		taxType: {country: "AU", group: "G", tariff: "`+strings.Repeat("x", 101)+`"}}) { ref } }`, "")
	require.Equal(t, "C0141E input.taxType.tariff", e.Extensions.Code+" "+e.Extensions.Field)
}

func TestWrongInputsChangeNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	customer := w.shop("P1", "P2")
	long := strings.Repeat("x", 256)
	for _, c := range []struct{ name, from, to, code, place string }{
		{"unknown customer", fmt.Sprintf(`"customer":{"id":%q}`, customer), `"customer":{"id":"999"}`, "C0120E", "input.customer"},
		{"an id that is none", fmt.Sprintf(`"customer":{"id":%q}`, customer), `"customer":{"id":"kim"}`, "C0120E", "input.customer"},
		{"unknown retailer", `"retailer":{"id":1}`, `"retailer":{"id":7}`, "C0120E", "input.retailer"},
		{"unknown product", `"productRef":"P2"`, `"productRef":"P9"`, "C0120E", "input.items[1].productRef"},
		{"negative quantity", `"quantity":1`, `"quantity":-1`, "C0122E", "input.items[1].quantity"},
		{"overflow", `"quantity":1`, `"quantity":3000000000`, "BAD_USER_INPUT", "$input.items[1].quantity"},
		{"text for a number", `"quantity":1`, `"quantity":"1"`, "BAD_USER_INPUT", "$input.items[1].quantity"},
		{"fraction", `"quantity":1`, `"quantity":1.5`, "BAD_USER_INPUT", "$input.items[1].quantity"},
		{"missing", `"type":"HD",`, ``, "C0140E", "$input.type"},
		{"null", `"type":"HD"`, `"type":null`, "C0140E", "$input.type"},
		{"unknown field", `"type":"HD"`, `"type":"HD","colour":"red"`, "BAD_USER_INPUT", "$input.colour"},
		{"too long", `"type":"HD"`, `"type":"` + long + `"`, "C0141E", "input.type"},
		{"too long inside", `"city":"Perth"`, `"city":"` + long + `"`, "C0141E", "input.fulfilmentChoice.deliveryAddress.city"},
		{"too long attribute", `"name":"gift"`, `"name":"` + long + `"`, "C0141E", "input.attributes[0].name"},
		{"empty ref", `"ref":"O-1"`, `"ref":""`, "C0140E", "input.ref"},
		{"NUL", `"ref":"O-1"`, `"ref":"a\u0000b"`, "BAD_USER_INPUT", "$input.ref"},
		{"default catalogue", `"productRef":"P2","productCatalogueRef":"PC:MASTER:1"`, `"productRef":"P2"`, "C0120E", "input.items[1].productRef"},
	} {
		input := strings.Replace(orderInput("O-1", customer), c.from, c.to, 1)
		require.NotEqual(t, orderInput("O-1", customer), input, c.name)
		e := w.failure(createOrder, input)
		require.Equal(t, c.code, e.Extensions.Code, "%s: %s", c.name, e.Message)
		require.Equal(t, c.place, e.Extensions.Field, c.name)
	}
	require.Equal(t, `{"orders":{"edges":[]},"fulfilmentChoices":{"edges":[]},"customerAddresses":{"edges":[]}}`,
		w.raw(`{ orders { edges { node { id } } } fulfilmentChoices { edges { node { id } } } customerAddresses { edges { node { id } } } }`, ""))
}

func TestUpdateOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	customer := w.shop("P1", "P2")
	made := at(w.data(createOrder, orderInput("O-1", customer)), "createOrder")
	other := at(w.data(createOrder, orderInput("O-2", customer)), "createOrder")
	item := func(order any) any {
		got := w.data(`query($id: ID!) { orderById(id: $id) { items { edges { node { id } } } } }`, fmt.Sprintf(`{"id":%q}`, at(order, "id")))
		return at(got, "orderById.items.edges.0.node.id")
	}
	const update = `mutation($input: UpdateOrderInput) { updateOrder(input: $input) { status totalPrice attributes { name value } items { edges { node { status quantity } } } } }`
	got := w.raw(update, fmt.Sprintf(`{"input":{"id":%q,"status":"BOOKED","attributes":[{"name":"gift","type":"STRING","value":"no"},{"name":"b","type":"INTEGER","value":2}],
		"items":[{"id":%q,"status":"NEW"}]}}`, at(made, "id"), item(made)))
	require.Equal(t, `{"updateOrder":{"status":"BOOKED","totalPrice":19,"attributes":[{"name":"gift","value":"no"},{"name":"b","value":2}],`+
		`"items":{"edges":[{"node":{"status":"NEW","quantity":2}},{"node":{"status":"CREATED","quantity":1}}]}}}`, got)

	foreign := w.failure(update, fmt.Sprintf(`{"input":{"id":%q,"status":"X","items":[{"id":%q,"status":"NEW"}]}}`, at(made, "id"), item(other)))
	require.Equal(t, "C0120E", foreign.Extensions.Code)
	require.Equal(t, "input.items[0]", foreign.Extensions.Field)
	require.Equal(t, "C0120E", w.failure(update, `{"input":{"id":"424242","status":"X"}}`).Extensions.Code)
	require.Equal(t, "BOOKED", at(w.data(`query($id: ID) { order(id: $id) { status } }`, fmt.Sprintf(`{"id":%q}`, at(made, "id"))), "order.status"))
	require.Equal(t, "C0140E", w.failure(`mutation { updateOrder(input: null) { id } }`, "").Extensions.Code)
}

func TestUpdateByKeyMergesPricesAndLinksCategories(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.shop("P1")
	w.data(`mutation { a: createCategory(input: {ref: "A", type: "T", name: "A", catalogue: {ref: "PC:MASTER:1"}}) { id }
		b: createCategory(input: {ref: "B", type: "T", name: "B", catalogue: {ref: "PC:MASTER:1"}, parentCategory: {ref: "A", catalogue: {ref: "PC:MASTER:1"}}}) { id } }`, "")
	got := w.raw(`mutation { updateStandardProduct(input: {ref: "P1", catalogue: {ref: "PC:MASTER:1"}, prices: [{type: "RRP", currency: "AUD", value: 8}, {type: "SALE", currency: "AUD", value: 7}],
		categories: [{ref: "A", catalogue: {ref: "PC:MASTER:1"}}, {ref: "B", catalogue: {ref: "PC:MASTER:1"}}]}) { gtin prices { value type } tax { tariff } categories { edges { node { ref parentCategory { ref } } } } } }`, "")
	require.Equal(t, `{"updateStandardProduct":{"gtin":"1","prices":[{"value":8,"type":"RRP"},{"value":7,"type":"SALE"}],"tax":{"tariff":"GST"},`+
		`"categories":{"edges":[{"node":{"ref":"A","parentCategory":null}},{"node":{"ref":"B","parentCategory":{"ref":"A"}}}]}}}`, got)
	require.Equal(t, `{"removeCategoriesFromStandardProduct":{"status":"SUCCESS"}}`, w.raw(`mutation { removeCategoriesFromStandardProduct(input: {standardProduct: {ref: "P1", catalogue: {ref: "PC:MASTER:1"}},
		categories: {ref: "A", catalogue: {ref: "PC:MASTER:1"}}}) { status } }`, ""))
	require.Equal(t, `{"category":{"childCategories":{"edges":[{"node":{"ref":"B"}}]}},"standardProduct":{"categories":{"edges":[{"node":{"ref":"B"}}]}}}`,
		w.raw(`{ category(ref: "A", catalogue: {ref: "PC:MASTER:1"}) { childCategories { edges { node { ref } } } } standardProduct(ref: "P1", catalogue: {ref: "PC:MASTER:1"}) { categories { edges { node { ref } } } } }`, ""))
	unknown := w.failure(`mutation { updateStandardProduct(input: {ref: "P9", catalogue: {ref: "PC:MASTER:1"}, name: "x"}) { id } }`, "")
	require.Equal(t, "C0120E", unknown.Extensions.Code)
}

func TestLocationsWithAddressScheduleAndNetworks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.networks(2)
	ids := w.data(`{ networks { edges { node { id } } } }`, "")
	got := w.data(fmt.Sprintf(`mutation($n: [NetworkId]) { createLocation(input: {ref: "L1", type: "STORE", name: "One", retailer: {id: 1}, networks: $n,
		primaryAddress: {ref: "L1", latitude: -31.95, longitude: 115.86, city: "Perth", timeZone: "Australia/Perth"}, openingSchedule: %s}) {
		id ref status workflowRef primaryAddress { id city latitude ... on StoreAddress { location { ref } } } openingSchedule { id allHours } networks { edges { node { ref } } } } }`, hours),
		fmt.Sprintf(`{"n":[{"id":%q}]}`, at(ids, "networks.edges.0.node.id")))
	l := at(got, "createLocation")
	require.Equal(t, "L1", at(l, "primaryAddress.location.ref"))
	require.Equal(t, true, at(l, "openingSchedule.allHours"))
	require.Equal(t, "LOCATION::STORE", at(l, "workflowRef"))
	require.Equal(t, "N-0", at(l, "networks.edges.0.node.ref"))
	w.data(`mutation($i: UpdateLocationInput) { updateLocation(input: $i) { id } }`, fmt.Sprintf(`{"i":{"id":%q,"name":"Two","networks":[{"id":%q}],"openingSchedule":{"id":%q,"monStart":900}}}`,
		at(l, "id"), at(ids, "networks.edges.1.node.id"), at(l, "openingSchedule.id")))
	require.Equal(t, `{"location":{"name":"Two","openingSchedule":{"monStart":900,"allHours":true},"networks":{"edges":[{"node":{"ref":"N-0"}},{"node":{"ref":"N-1"}}]}},"network":{"locations":{"edges":[{"node":{"ref":"L1"}}]}}}`,
		w.raw(`{ location(ref: "L1") { name openingSchedule { monStart allHours } networks { edges { node { ref } } } } network(ref: "N-1") { locations(status: "ACTIVE") { edges { node { ref } } } } }`, ""))
	w.data(`mutation { removeLocationsFromNetwork(input: {network: {ref: "N-1"}, locations: [{ref: "L1"}]}) { status } }`, "")
	require.Equal(t, `{"network":{"locations":{"edges":[]}}}`, w.raw(`{ network(ref: "N-1") { locations { edges { node { ref } } } } }`, ""))

	customer := w.shop("P1", "P2")
	order := at(w.data(createOrder, orderInput("O-1", customer)), "createOrder.id")
	f := w.data(`mutation($o: ID!, $a: ID!) { createFulfilment(input: {ref: "F", type: "HD_PFS", order: {id: $o}, fromAddress: {id: $a}}) { workflowRef fromLocation { ref } fromAddress { __typename } } }`,
		fmt.Sprintf(`{"o":%q,"a":%q}`, order, at(l, "primaryAddress.id")))
	require.Equal(t, "L1", at(f, "createFulfilment.fromLocation.ref"))
	require.Equal(t, "ORDER::HD", at(f, "createFulfilment.workflowRef"))
	require.Len(t, refs(t, at(w.data(`{ fulfilments(status: ["CREATED"], fromLocation: {ref: "L1"}) { edges { node { ref } } } }`, ""), "fulfilments")), 1)
}

func TestCreateOrderAndCustomer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.shop("P1", "P2")
	var vars map[string]map[string]any
	require.NoError(t, json.Unmarshal([]byte(orderInput("O-1", "0")), &vars))
	vars["input"]["customer"] = map[string]any{"username": "new", "firstName": "N", "primaryEmail": "n@x", "timezone": "UTC", "promotionOptIn": true, "retailer": map[string]any{"id": "1"}}
	raw, err := json.Marshal(vars)
	require.NoError(t, err)
	got := w.data(`mutation($input: CreateOrderAndCustomerInput) { createOrderAndCustomer(input: $input) { ref customer { username ref promotionOptIn } customerLink { ref } } }`, string(raw))
	require.Equal(t, "new", at(got, "createOrderAndCustomer.customer.ref"))
	require.Equal(t, "new", at(got, "createOrderAndCustomer.customerLink.ref"))
}

func TestStockAndBulkStatus(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.data(`mutation { createInventoryCatalogue(input: {ref: "IC", type: "DEFAULT", name: "Stock", retailerRefs: ["MAIN"]}) { id } }`, "")
	for i := range 3 {
		got := w.data(`mutation($ref: String!, $p: String!) { createInventoryPosition(input: {ref: $ref, type: "DEFAULT", productRef: $p, locationRef: "L1", onHand: 5, catalogue: {ref: "IC"}}) { id workflowRef catalogue { ref } } }`,
			fmt.Sprintf(`{"ref":"P%d:L1","p":"P%d"}`, i, i))
		require.Equal(t, "INVENTORY_CATALOGUE::DEFAULT", at(got, "createInventoryPosition.workflowRef"))
	}
	q := w.data(`mutation { createInventoryQuantity(input: {ref: "Q", type: "RESERVED", quantity: -2, catalogue: {ref: "IC"}, position: {ref: "P0:L1", catalogue: {ref: "IC"}}}) { quantity position { onHand quantities { edges { node { ref } } } } } }`, "")
	require.EqualValues(t, -2, at(q, "createInventoryQuantity.quantity"))
	require.Equal(t, "Q", at(q, "createInventoryQuantity.position.quantities.edges.0.node.ref"))
	last := w.nudges.events[len(w.nudges.events)-1]
	require.Equal(t, []string{"INVENTORY_QUANTITY", "INVENTORY_CATALOGUE", "IC"}, []string{last.EntityType, last.RootType, last.RootRef})
	require.Equal(t, `{"updateInventoryPositionsStatusByLocation":{"count":3}}`, w.raw(`mutation { updateInventoryPositionsStatusByLocation(filter: {catalogue: {ref: "IC"}, locationRef: "L1"}, input: {status: "INACTIVE"}) { count } }`, ""))
	require.Len(t, at(w.data(`{ inventoryPositions(catalogue: {ref: "IC"}, status: "INACTIVE", productRef: ["P0", "P1", "P2"]) { edges { node { id } } } }`, ""), "inventoryPositions.edges"), 3)
	require.Equal(t, "C0120E", w.failure(`mutation { updateInventoryPositionsStatusByLocation(filter: {catalogue: {ref: "no"}, locationRef: "L1"}, input: {status: "INACTIVE"}) { count } }`, "").Extensions.Code)
}

func TestSettingsAndComments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const create = `mutation($i: CreateSettingInput) { createSetting(input: $i) { id name value lobValue contextId } }`
	made := w.data(create, `{"i":{"name":"a.b","context":"RETAILER","contextId":1,"valueType":"JSON","lobValue":{"b":[1,null,true]}}}`)
	require.Equal(t, map[string]any{"b": []any{1.0, nil, true}}, at(made, "createSetting.lobValue"))
	require.Equal(t, "C0123E", w.failure(create, `{"i":{"name":"a.b","context":"RETAILER","contextId":1,"valueType":"JSON"}}`).Extensions.Code)
	require.Equal(t, `{"settings":{"edges":[{"node":{"name":"a.b"}}]}}`, w.raw(`query($n: [String!], $c: [String!], $i: [Int!]) { settings(name: $n, context: $c, contextId: $i) { edges { node { name } } } }`, `{"n":"a.b","c":["RETAILER"],"i":1}`))

	location := w.place("L")
	comment := func(kind, id, text string) string {
		return fmt.Sprintf(`mutation { createComment(input: {entityType: %q, entityId: %q, text: %q}) { id } }`, kind, id, text)
	}
	w.data(comment("LOCATION", location, "hello"), "")
	require.Equal(t, `{"comments":{"edges":[{"node":{"text":"hello","entityId":"`+location+`"}}]}}`,
		w.raw(`{ comments(entityType: "LOCATION", entityId: `+location+`) { edges { node { text entityId } } } }`, ""))
	require.Equal(t, "C0141E", w.failure(comment("LOCATION", location, strings.Repeat("é", 201)), "").Extensions.Code)
	for _, c := range []struct{ kind, id, want string }{
		{"WEATHER", "1", `C0160E input.entityType: "WEATHER" is unknown`}, {"location", location, `C0160E input.entityType: "location" is unknown`},
		{"LOCATION", "123456", "C0120E input.entityId: LOCATION not found: id 123456"}, {"LOCATION", "x", "C0120E input.entityId: LOCATION not found: id x"},
		{"ORDER", location, "C0120E input.entityId: ORDER not found: id " + location},
	} {
		e := w.failure(comment(c.kind, c.id, "hello"), "")
		require.Contains(t, e.Extensions.Code+" "+e.Message, c.want)
	}
}

// TestAUserHasNoAPIKey: it would open nothing, and says so. Whoever sends none is not bothered.
func TestAUserHasNoAPIKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const create = `mutation($i: CreateUserInput) { createUser(input: $i) { id } }`
	input := func(key string) string {
		return `{"i":{"ref":"u","username":"u","password":"p","type":"ADMIN","firstName":"U","primaryEmail":"u@b.c","timezone":"UTC"` + key + `}}`
	}
	for _, key := range []string{"k", ""} {
		e := w.failure(create, input(`,"apiKey":"`+key+`"`))
		require.Contains(t, e.Extensions.Code+" "+e.Message, "C0160E input.apiKey: users have no API keys here: make an API client")
	}
	id := at(w.data(create, input(`,"apiKey":null`)), "createUser.id").(string)
	require.Contains(t, w.failure(`mutation { updateUser(input: {id: `+id+`, apiKey: "k"}) { id } }`, "").Message, "input.apiKey: users have no API keys here")
	w.data(`mutation { updateUser(input: {id: `+id+`, apiKey: null, lastName: "X"}) { id } }`, "")
}

// TestADeclaredSettingHasAValueOfItsType, when it is made and when it changes, whatever the update says besides.
func TestADeclaredSettingHasAValueOfItsType(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const create = `mutation($v: String) { createSetting(input: {name: "PICK_N_PACK_TIME_LIMIT", context: "RETAILER", contextId: 1, valueType: "INTEGER", value: $v}) { id } }`
	refused := w.failure(create, `{"v":"4h"}`)
	require.Equal(t, "C0160E", refused.Extensions.Code)
	require.Contains(t, refused.Message, `PICK_N_PACK_TIME_LIMIT: "4h" is no number of hours`)
	id := at(w.data(create, `{"v":"4"}`), "createSetting.id").(string)
	update := `mutation($v: String) { updateSetting(input: {id: ` + id + `, context: "RETAILER", contextId: 1, valueType: "INTEGER", value: $v}) { value } }`
	require.Equal(t, "C0160E", w.failure(update, `{"v":"soon"}`).Extensions.Code)
	require.Equal(t, `{"updateSetting":{"value":"5"}}`, w.raw(update, `{"v":"5"}`))
	require.Equal(t, `{"updateSetting":{"value":null}}`, w.raw(update, `{"v":""}`))
}

// TestASettingThatNobodyReadsIsRefused, when it is made and when it is moved: of a retailer that the account has not, or in a context in which nothing reads it.
func TestASettingThatNobodyReadsIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.retailer("OTHER", "7", "THEIRS")
	setting := func(verb, input string) string {
		return "mutation { " + verb + "Setting(input: {" + input + `, valueType: "STRING", value: "true"}) { id context contextId } }`
	}
	id := at(w.data(setting("create", `name: "ALLOW_OVERSELL", context: "RETAILER", contextId: 1`), ""), "createSetting.id").(string)
	for _, c := range []struct{ name, at, want string }{
		{"MY_OWN", `context: "RETAILER", contextId: 0`, "C0120E input.contextId: Retailer not found: id 0"},
		{"ALLOW_OVERSELL", `context: "RETAILER", contextId: -1`, "C0120E input.contextId: Retailer not found: id -1"},
		{"ALLOW_OVERSELL", `context: "RETAILER", contextId: 99`, "C0120E input.contextId: Retailer not found: id 99"},
		{"ALLOW_OVERSELL", `context: "RETAILER", contextId: 7`, "C0120E input.contextId: Retailer not found: id 7"},
		{"ALLOW_OVERSELL", `context: "AGENT", contextId: 99`, "C0120E input.contextId: AGENT not found: id 99"},
		{"SYSTEM_REJECTED_LOCATION", `context: "AGENT", contextId: ` + w.place("S"), "C0160E input.context: SYSTEM_REJECTED_LOCATION is read for RETAILER, ACCOUNT, GLOBAL: nothing would read one for AGENT"},
		{"RETENTION_JOB_DAYS", `context: "RETAILER", contextId: 1`, "C0160E input.context: RETENTION_JOB_DAYS is read for ACCOUNT, GLOBAL"},
	} {
		e := w.failure(setting("create", fmt.Sprintf("name: %q, %s", c.name, c.at)), "")
		require.Contains(t, e.Extensions.Code+" "+e.Message, c.want)
		if c.name == "ALLOW_OVERSELL" {
			e = w.failure(setting("update", "id: "+id+", "+c.at), "")
			require.Contains(t, e.Extensions.Code+" "+e.Message, c.want, "moved")
		}
	}
	require.Equal(t, `{"settings":{"edges":[{"node":{"name":"ALLOW_OVERSELL","contextId":1}}]}}`, w.raw(`{ settings { edges { node { name contextId } } } }`, ""))
	w.data(setting("update", `id: `+id+`, context: "AGENT", contextId: `+w.place("S2")), "")
	w.data(setting("create", `name: "MY_OWN", context: "RETAILER", contextId: 1`), "")
}

func TestVariants(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.shop("P1")
	const create = `mutation($ref: String!, $of: ProductKey) { createVariantProduct(input: {ref: $ref, type: "VARIANT", gtin: "2", name: "Blue", catalogue: {ref: "PC:MASTER:1"}, product: $of}) {
		ref workflowRef product { ref variants { edges { node { ref } } } } } }`
	got := w.raw(create, `{"ref":"V1","of":{"ref":"P1","catalogue":{"ref":"PC:MASTER:1"}}}`)
	require.Equal(t, `{"createVariantProduct":{"ref":"V1","workflowRef":"PRODUCT_CATALOGUE::MASTER","product":{"ref":"P1","variants":{"edges":[{"node":{"ref":"V1"}}]}}}}`, got)
	e := w.failure(create, `{"ref":"V2","of":{"ref":"V1","catalogue":{"ref":"PC:MASTER:1"}}}`)
	require.Equal(t, "C0120E", e.Extensions.Code, "a variant varies no variant")

	res := w.run(w.admin, create, `{"ref":"V3"}`)
	require.Equal(t, `{"createVariantProduct":null}`, string(res.Data), "null where there can be none moves outwards")
	require.Equal(t, []any{"createVariantProduct", "product"}, res.Errors[0].Path)
	res = w.run(w.admin, `{ variantProducts { edges { cursor node { ref product { gtin } } } } }`, "")
	require.Contains(t, string(res.Data), `"node":{"ref":"V1","product":{"gtin":"1"}}`)
	require.Contains(t, string(res.Data), `"node":null`)
	require.Equal(t, []any{"variantProducts", "edges", 1, "node", "product"}, res.Errors[0].Path)

	customer := w.shopper("second")
	made := w.data(createOrder, strings.Replace(orderInput("O-1", customer), `"P2"`, `"V1"`, 1))
	item := w.data(`query($id: ID!) { orderById(id: $id) { items(last: 1) { edges { node { id product { __typename } } } } } }`, fmt.Sprintf(`{"id":%q}`, at(made, "createOrder.id")))
	require.Equal(t, "VariantProduct", at(item, "orderById.items.edges.0.node.product.__typename"))
	wrong := w.failure(`mutation($i: UpdateOrderInput) { updateOrder(input: $i) { id } }`, fmt.Sprintf(`{"i":{"id":%q,"items":{"id":%q,"productRef":"P9"}}}`,
		at(made, "createOrder.id"), at(item, "orderById.items.edges.0.node.id")))
	require.Equal(t, "C0120E", wrong.Extensions.Code)
}

func TestAnotherAccountSeesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	customer := w.shop("P1", "P2")
	w.data(createOrder, orderInput("O-1", customer))
	stranger := principal("OTHER", "1", tenant.Grant{Role: tenant.AdminRole, Contexts: []tenant.Context{{Type: tenant.AccountContext}}})
	for _, typ := range domain.Catalogue().Types() {
		if typ.Plural == "" {
			continue // it is found through others only
		}
		res := w.run(stranger, "{ x: "+typ.Plural+" { edges { node { __typename } } } }", "")
		require.Equal(t, `{"x":{"edges":[]}}`, string(res.Data), typ.Name)
	}
	res := w.run(stranger, createOrder, orderInput("O-2", customer))
	require.Equal(t, "C0120E", res.Errors[0].Extensions.Code)
	res = w.run(stranger, `mutation { updateOrder(input: {id: 1, status: "X"}) { id } }`, "")
	require.Equal(t, "C0120E", res.Errors[0].Extensions.Code)
	res = w.run(stranger, `{ order(ref: "O-1") { id } customer(ref: "kim@example.com") { id } retailerById(id: 1) { id } }`, "")
	require.Equal(t, `{"order":null,"customer":null,"retailerById":null}`, string(res.Data))
}

// TestWhatIsMadeIsAsUrgentAsWhoeverWaits: a shopper waits for a new order and for nothing else, whoever sends it.
func TestWhatIsMadeIsAsUrgentAsWhoeverWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	orders, lines, _ := w.twoOrders()
	customer := w.shopper("lee@example.com")
	everywhere := tenant.Grant{Role: tenant.AdminRole, Contexts: []tenant.Context{{Type: tenant.AccountContext}}}
	user := w.admin
	client := tenant.New(tenant.Identity{Account: "ACME", UserID: "1", Username: "erp", RetailerID: 1, Client: "erp"}, everywhere)
	for n, c := range []struct {
		who               *tenant.Principal
		order, fulfilment workflow.Priority
	}{
		{user, workflow.Checkout, workflow.StoreWork},
		{client, workflow.Checkout, workflow.Integration},
	} {
		made := func(query, variables string) map[string]workflow.Priority {
			t.Helper()
			w.nudges.events = nil
			res := w.run(c.who, query, variables)
			for _, e := range res.Errors {
				require.Fail(t, e.Message, query)
			}
			got := map[string]workflow.Priority{}
			for _, ev := range w.nudges.events {
				require.Equal(t, "CREATE", ev.Name)
				got[ev.EntityType] = ev.Priority
			}
			return got
		}
		require.Equal(t, map[string]workflow.Priority{"ORDER": c.order}, made(createOrder, orderInput(fmt.Sprintf("O-1%d", n), customer)))
		require.Equal(t, map[string]workflow.Priority{"FULFILMENT": c.fulfilment},
			made(fulfilment, fulfilmentOf(fmt.Sprint("G-", n), orders[0], lines[0])))
		require.Equal(t, map[string]workflow.Priority{"PRODUCT_CATALOGUE": workflow.Batch},
			made(fmt.Sprintf(`mutation { createProductCatalogue(input: {ref: "C%d", type: "MASTER", name: "one"}) { ref } }`, n), ""))
	}
}

// TestOrderCreateCostsFewRoundTrips: what it points at, the rows, and numbers of all kinds together where the last block is older than half a second.
func TestOrderCreateCostsFewRoundTrips(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	customer := w.shop("P1", "P2")
	w.data(createOrder, orderInput("O-0", customer))
	trace := &store.Trace{}
	res := w.runIn(store.WithTrace(context.Background(), trace), w.admin, `mutation($input: CreateOrderInput) { createOrder(input: $input) { id ref status createdOn attributes { name } customer { id } } }`, orderInput("O-1", customer))
	require.Empty(t, messages(res))
	numbers := 0
	for _, name := range trace.Statements() {
		if name == "id_blocks.take" {
			numbers++
		}
	}
	require.LessOrEqual(t, numbers, 1, "%v", trace.Statements())
	require.LessOrEqual(t, trace.RoundTrips()-numbers, 2, "%v", trace.Statements())
}
