package graphql_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
)

// real are documents as implementers send them: large reads of one entity at pages of 100, what they need switched by flags, aliases on edges and
// nodes, cursors. Of each: the statements of its selection (one for the root, each connection, and each link of which more than the id is asked
// for, if it leads anywhere), and the levels that these stand in.
var real = []struct {
	name, query        string
	statements, levels int
}{
	{"order", `query GetOrder($id: ID!, $first: Int, $after: String, $withItems: Boolean!, $withCustomer: Boolean!, $withFulfilments: Boolean!) { orderById(id: $id) {
		id ref type status createdOn updatedOn totalPrice totalTaxPrice attributes { name type value }
		customer @include(if: $withCustomer) { id ref title firstName lastName primaryEmail primaryPhone username country }
		fulfilmentChoice { id createdOn currency deliveryInstruction deliveryType fulfilmentPrice fulfilmentTaxPrice fulfilmentType pickupLocationRef
			deliveryAddress { id name companyName street city state postcode region country latitude longitude ref timeZone type } }
		items(first: $first, after: $after) @include(if: $withItems) { itemEdges: edges { itemNode: node { id ref quantity price paidPrice currency taxPrice taxType totalPrice totalTaxPrice attributes { name type value }
			product { ... on StandardProduct { id ref name gtin type status } ... on VariantProduct { id ref name gtin type status attributes { name value type } } } } cursor } pageInfo { hasNextPage } }
		fulfilments(first: $first, after: $after) @include(if: $withFulfilments) { fEdges: edges { fNode: node { id ref status type deliveryType eta createdOn
			items(first: $first) { edges { node { id ref status requestedQuantity filledQuantity rejectedQuantity } cursor } pageInfo { hasNextPage } }
			articles(first: $first) { edges { node { id ref status quantity } cursor } pageInfo { hasNextPage } } } cursor } pageInfo { hasNextPage } } } }`, 9, 3},
	{"fulfilment", `query GetFulfilment($id: ID!, $first: Int, $after: String, $withItems: Boolean!, $withFulfilments: Boolean!) { fulfilmentById(id: $id) {
		id ref type status createdOn updatedOn eta expiryTime deliveryType attributes { name type value }
		order { id ref type status customer { id firstName lastName primaryEmail primaryPhone } }
		fromAddress { id ref name street city postcode } toAddress { id name street city }
		items(first: $first, after: $after) @include(if: $withItems) { edges { node { id ref requestedQuantity orderItem { id ref price product { ... on StandardProduct { id name gtin } ... on VariantProduct { id name gtin } } } } cursor } pageInfo { hasNextPage } }
		articles(first: $first) @include(if: $withFulfilments) { edges { node { id ref height items(first: $first) { edges { node { id barcode quantity } } } } cursor } pageInfo { hasNextPage } } } }`, 8, 4},
	{"article", `query GetArticle($id: ID!, $first: Int, $withItems: Boolean!) { articleById(id: $id) { id ref type status name description height length width weight quantity createdOn updatedOn
		items(first: $first) @include(if: $withItems) { edges { node { id barcode quantity article { ref } } } }
		fulfilments(first: $first) { edges { node { id ref status order { ref } } } }
		consignmentArticles(first: $first) { edges { node { consignment { id ref consignmentReference trackingLabel labelUrl carrier { id name ref } retailer { ref } } } } } } }`, 9, 4},
	{"consignment", `query GetConsignment($id: ID!, $first: Int) { consignmentById(id: $id) { id ref status consignmentReference labelUrl orderSummaryUrl trackingLabel carrier { id name ref status type }
		retailer { id ref summary status } consignmentArticles(first: $first) { edges { node { article { id ref } } } } } }`, 5, 3},
	{"location", `query GetLocation($id: ID!, $first: Int) { locationById(id: $id) { id ref name type status supportPhoneNumber defaultCarrier attributes { name type value } retailer { id ref }
		openingSchedule { id allHours monStart monEnd } primaryAddress { id name street city latitude longitude }
		networks(first: $first) { edges { node { id ref status } cursor } pageInfo { hasNextPage } } storageAreas(first: $first) { edges { node { id type status } } } } }`, 6, 2},
	{"wave", `query GetWave($id: ID!, $first: Int, $after: String) { waveById(id: $id) { id ref name type status attributes { name value type } location { id ref } retailer { id ref }
		fulfilments(first: $first, after: $after) { edges { node { id ref status items(first: $first) { edges { node { id ref requestedQuantity orderItem { ref } } } } } cursor } pageInfo { hasNextPage } } } }`, 6, 4},
	{"fulfilments", `query GetFulfilments($first: Int, $after: String, $status: [String]) { fulfilments(first: $first, after: $after, status: $status) { edges { node { id ref status
		items(first: $first) { edges { node { id ref } cursor } pageInfo { hasNextPage } } articles(first: $first) { edges { node { id ref items(first: $first) { edges { node { id quantity } } } } } } } cursor } pageInfo { hasNextPage } } }`, 4, 3},
	{"network", `query GetNetwork($ref: [String], $first: Int) { networks(ref: $ref) { edges { node { id ref locations(status: ["CREATED", "ACTIVE"], first: $first) { edges { node { id ref name primaryAddress { city } } } } } } } }`, 3, 3},
	{"option", `query GetOption($id: ID!, $first: Int $after: String, $withItems: Boolean!) { fulfilmentOptionById(id: $id) { id ref type status retailerId trackingCode address { name city postcode latitude longitude }
		products { productRef catalogueRef requestedQuantity } attributes { value name type } plans(first: $first after: $after) @include(if: $withItems) { planEdges: edges { planNode: node { id ref status eta
		fulfilments { fulfilmentType locationRef items { productRef availableQuantity } } } cursor } pageInfo { hasNextPage } } } }`, 2, 1},
	{"order by reference", `query order($id: ID!, $first: Int, $after: String) { orderById(id: $id) { id id ref status fulfilments(first: $first, after: $after) { edges { node { id id status fromAddress { name } } cursor cursor } pageInfo { hasNextPage } } ref } }`, 3, 3},
	{"parcels", `query GetArticle($id: ID!, $first: Int, $after: String) { articleById(id: $id) { ref carrierConsignmentArticles(first: $first, after: $after) { edges { node { carrierConsignment { ref status
		manifests(first: $first) { edges { node { ref status } } } } } } } } }`, 4, 4},
	{"location by ref", `query GetLocation($at: String, $withItems: Boolean!) { location(ref: $at) { id ref status primaryAddress @include(if: $withItems) { id name } networks(ref: null) { edges { node { ref } } } } }`, 3, 2},
	{"network by ref", `query GetNetwork($netRef: String, $first: Int, $statuses: [String]) { network(ref: $netRef) { id locations(status: $statuses, first: $first) { edges { node { ref } cursor } pageInfo { hasNextPage } } } }`, 2, 2},
	{"locations", `query GetLocations($at: String!) { locations(ref: [$at]) { edges { node { id ref networks { edges { node { id ref } } } } } } }`, 2, 2},
	{"fulfilments at", `query GetFulfilments($at: String!, $statuses: [String!], $first: Int, $after: String) { fulfilments(fromLocation: {ref: $at}, status: $statuses, first: $first, after: $after) {
		fEdges: edges { fNode: node { id ref status order { id ref } items { edges { node { requestedQuantity } } } } cursor } pageInfo { hasNextPage } } }`, 3, 2},
	{"waves", `query GetWaves($at: String!, $statuses: [String]) { waves(processingLocation: {ref: $at}, status: $statuses) { edges { node { id ref name status fulfilments(ref: null) { edges { node { id ref } } } } } } }`, 2, 2},
	{"articles", `query GetArticles($ats: [String]) { articles(ref: $ats) { edges { node { id ref status } } } }`, 1, 1},
	{"carriers", `query GetCarriers($ats: [String!]) { carriers(ref: $ats) { edges { node { id ref name type status } } } }`, 1, 1},
	{"plans", `query GetPlans($ats: [String]) { fulfilmentPlans(ref: $ats) { edges { node { id ref fulfilmentOption { id ref } } } } }`, 2, 2},
	{"users", `query GetUsers($names: [String!]) { users(username: $names) { edges { node { id username primaryEmail language { value } primaryLocation { ref } } } } }`, 1, 1},
	{"comments", `query comments($id: ID!, $kind: [String!]) { comments(entityType: $kind, entityId: [$id]) { edges { node { text createdOn } } } }`, 1, 1},
	{"settings", `query settings($names: [String] $in: [Int!]) { settings(name: $names, context: "RETAILER", contextId: $in) { edges { node { id name value lobValue } } } }`, 1, 1},
	{"positions", `query Positions($at: [String], $first: Int $after: String) { virtualPositions(catalogue: {ref: "VC"}, groupRef: $at, productRef: null, first: $first, after: $after) { edges { node { id ref quantity } cursor } pageInfo { hasNextPage } } }`, 2, 2},
	{"product", `query GetProduct($product: String!) { standardProduct(ref: $product, catalogue: {ref: "PC:MASTER:1"}) { id ref name gtin } }`, 2, 2},
	{"variant", `query GetVariant($variant: String!) { variantProduct(ref: $variant, catalogue: {ref: "PC:MASTER:1"}) { id ref name gtin product { ref } } }`, 1, 1},
}

// depot is a dock with one of each of what the real documents read.
func (d *dock) depot() map[string]string {
	d.t.Helper()
	place := d.locations[0]
	made := d.data(createOrder, orderInput("O-9", at(d.data(`{ orderById(id: `+d.orders[0]+`) { customer { id } } }`, ""), "orderById.customer.id").(string)))
	order := at(made, "createOrder.id").(string)
	line := at(d.data(`{ orderById(id: `+order+`) { items { edges { node { id } } } } }`, ""), "orderById.items.edges.0.node.id").(string)
	f := at(d.data(fulfilment, fulfilmentOf("F-9", order, line)), "createFulfilment.id").(string)
	from := at(d.data(`{ locationById(id: `+place+`) { primaryAddress { id } } }`, ""), "locationById.primaryAddress.id").(string)
	d.data(fulfilment, strings.NewReplacer(`"order":`, `"fromAddress":{"id":"`+from+`"},"order":`, `y":2`, `y":1`).Replace(fulfilmentOf("F-8", order, line)))
	network := d.id(`createNetwork(input: {name: "N", retailers: {id: 1}}) { id }`)
	d.id(fmt.Sprintf(`updateLocation(input: {id: %s, networks: {id: %s}}) { id }`, place, network))
	d.id(`createStorageArea(input: {ref: "S", location: {id: ` + place + `}}) { id }`)
	article := d.id(fmt.Sprintf(`createArticle(input: {ref: "A", type: "BOX", height: 1, length: 1, width: 1, weight: 1, fulfilments: {id: %s}, items: {quantity: 2}}) { id }`, f))
	parcel := d.id(fmt.Sprintf(`createCarrierConsignment(input: {ref: "CG", retailer: {id: 1}, carrier: {id: %s}, carrierConsignmentArticles: {article: {id: %s}}}) { id }`, d.carriers[0], article))
	require.NotEmpty(d.t, parcel)
	d.id(`createManifest(input: {ref: "M", type: "T", name: "x", carrier: {ref: "POST-1"}, location: {ref: "L1"}, carrierConsignments: {ref: "CG"}}) { id }`)
	option := d.option("FO", 1)
	d.data(createPlan, `{"input":{"ref":"FP","type":"T","retailerId":1,"fulfilmentOptionId":{"id":"`+option+`"}}}`)
	return map[string]string{
		"order": order, "fulfilment": f, "article": article, "location": place, "option": option, "parcels": article, "order by reference": order, "comments": order,
		"wave":        d.id(fmt.Sprintf(`createWave(input: {ref: "W", type: "T", retailer: {id: 1}, location: {id: %s}, fulfilments: [{id: %s}]}) { id }`, place, f)),
		"consignment": d.id(fmt.Sprintf(`createConsignment(input: {ref: "G", consignmentReference: "x", retailer: {id: 1}, carrier: {id: %s}, consignmentArticles: {article: {id: %s}}}) { id }`, d.carriers[0], article)),
	}
}

// TestRealDocumentsAreAStatementAConnection, sent together level by level; what hangs on an id that is known does not wait for a level of its own.
func TestRealDocumentsAreAStatementAConnection(t *testing.T) {
	t.Parallel()
	d := newDock(t)
	ids := d.depot()
	for _, c := range real {
		vars := fmt.Sprintf(`{"id":%q,"at":"L1","netRef":"N","product":"P1","variant":"V1","kind":["ORDER"],"first":100,"after":null,"withItems":true,"withCustomer":true,"withFulfilments":true}`, ids[c.name])
		trace := &store.Trace{}
		res := d.runIn(store.WithTrace(t.Context(), trace), d.admin, c.query, vars)
		require.Empty(t, messages(res), c.name)
		if len(trace.Statements()) != c.statements || trace.RoundTrips() > c.levels {
			t.Errorf("%s: %d round trips, %v\n%s", c.name, trace.RoundTrips(), trace.Statements(), res.Data)
		}
	}
}

// TestWhatRealDocumentsSwitchOffIsNotRead, at no level; pages that are not asked for are of ten rows, and null is as if nothing were said.
func TestWhatRealDocumentsSwitchOffIsNotRead(t *testing.T) {
	t.Parallel()
	d := newDock(t)
	ids := d.depot()
	for name, want := range map[string]int{"order": 3, "fulfilment": 3} {
		i := slices.IndexFunc(real, func(c struct {
			name, query        string
			statements, levels int
		}) bool {
			return c.name == name
		})
		trace := &store.Trace{}
		res := d.runIn(store.WithTrace(t.Context(), trace), d.admin, real[i].query, fmt.Sprintf(`{"id":%q,"first":null,"withItems":false,"withCustomer":false,"withFulfilments":false}`, ids[name]))
		require.Empty(t, messages(res), name)
		require.Len(t, trace.Statements(), want, "%s: %v", name, trace.Statements())
	}
	for i := range 11 {
		d.id(fmt.Sprintf(`createStorageArea(input: {ref: "S%d", location: {id: %s}}) { id }`, i, ids["location"]))
	}
	page := d.data(`query($id: ID!, $first: Int, $after: String, $name: [String]) { locationById(id: $id) { storageAreas(first: $first, after: $after, name: $name) { edges { cursor } pageInfo { hasNextPage } } } }`,
		fmt.Sprintf(`{"id":%q,"first":null,"after":null}`, ids["location"]))
	require.Len(t, at(page, "locationById.storageAreas.edges"), 10)
	require.Equal(t, true, at(page, "locationById.storageAreas.pageInfo.hasNextPage"))
}
