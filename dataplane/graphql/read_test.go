package graphql_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
)

// networks makes n networks N-0 … and returns nothing: they have no workflow and cost one row each.
func (w *world) networks(n int) {
	w.t.Helper()
	for i := range n {
		w.data(`mutation($name: String!, $type: String) { createNetwork(input: {name: $name, type: $type, retailers: {id: "1"}}) { id } }`,
			fmt.Sprintf(`{"name":"N-%d","type":%q}`, i, []string{"HD", "CC"}[i%2]))
	}
}

func refs(t *testing.T, connection any) []string {
	t.Helper()
	var out []string
	for _, e := range at(connection, "edges").([]any) {
		out = append(out, at(e, "node.ref").(string))
	}
	return out
}

func TestPagesInBothDirections(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.networks(14)
	const page = `query($first: Int, $last: Int, $after: String, $before: String) {
		networks(first: $first, last: $last, after: $after, before: $before) { edges { node { ref } cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`
	first := at(w.data(page, `{"first":null,"after":null}`), "networks")
	require.Len(t, refs(t, first), 10, "the default page")
	require.Equal(t, true, at(first, "pageInfo.hasNextPage"))
	require.Equal(t, false, at(first, "pageInfo.hasPreviousPage"))

	var forward []string
	after := ""
	for {
		got := at(w.data(page, fmt.Sprintf(`{"first":5,"after":%q}`, after)), "networks")
		forward = append(forward, refs(t, got)...)
		require.Equal(t, after != "", at(got, "pageInfo.hasPreviousPage"))
		if at(got, "pageInfo.hasNextPage") == false {
			break
		}
		after = at(got, "pageInfo.endCursor").(string)
	}
	require.Len(t, forward, 14)

	var backward []string
	before := "null"
	for {
		got := at(w.data(page, fmt.Sprintf(`{"last":5,"before":%s}`, before)), "networks")
		backward = append(refs(t, got), backward...)
		if at(got, "pageInfo.hasPreviousPage") == false {
			break
		}
		before = quote(at(got, "pageInfo.startCursor").(string))
	}
	require.Equal(t, forward, backward)

	all := at(w.data(page, `{"first":14}`), "networks")
	start, end := at(all, "pageInfo.startCursor").(string), at(all, "pageInfo.endCursor").(string)
	for bounds, want := range map[string][]string{
		`{"after":` + quote(start) + `}`:                             forward[1:11],
		`{"before":` + quote(end) + `}`:                              forward[3:13],
		`{"after":` + quote(start) + `,"before":` + quote(end) + `}`: forward[1:11],
	} {
		require.Equal(t, want, refs(t, at(w.data(page, bounds), "networks")), "the default page is that next to the bound: %s", bounds)
	}

	require.Len(t, refs(t, at(w.data(page, `{"first":5000}`), "networks")), 14)
	require.Equal(t, "C0160E", w.failure(page, `{"first":1,"last":1}`).Extensions.Code)
	require.Equal(t, "C0122E", w.failure(page, `{"first":0}`).Extensions.Code)
	require.Equal(t, "C0122E", w.failure(page, `{"last":-3}`).Extensions.Code)
	bad := w.failure(page, `{"after":"nonsense"}`)
	require.Equal(t, []any{"networks"}, bad.Path)
}

func TestFilters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.networks(4)
	ask := func(args string) []string {
		return refs(t, at(w.data("{ networks("+args+") { edges { node { ref } } } }", ""), "networks"))
	}
	require.Equal(t, []string{"N-1", "N-3"}, ask(`type: "CC"`), "a single value is a list of one")
	require.Equal(t, []string{"N-0", "N-2"}, ask(`ref: ["N-0", "N-2", "N-3"], type: ["HD"]`), "lists or, arguments and")
	require.Len(t, ask(`ref: "N-%"`), 4)
	require.Empty(t, ask(`ref: []`))
	require.Len(t, ask(`ref: null`), 4, "null is absent")
	require.Len(t, ask(`createdOn: {from: "2020-01-01T00:00:00.000Z"}`), 4)
	require.Empty(t, ask(`createdOn: {to: "2020-01-01"}`))
	shown := at(w.data(`{ networks(first: 1) { edges { node { createdOn } } } }`, ""), "networks.edges.0.node.createdOn")
	require.Equal(t, []string{"N-0"}, ask(fmt.Sprintf(`createdOn: {from: %[1]q, to: %[1]q}, ref: "N-0"`, shown)), "both ends are included")
	require.Equal(t, "C0101E", w.failure(`{ networks(createdOn: {}) { edges { node { id } } } }`, "").Extensions.Code)
	for _, none := range []string{"yesterday", "9999-12-31T23:00:00-02:00", "0000-01-01T01:00:00+02:00"} {
		require.Equal(t, "C0100E", w.failure(`{ networks(createdOn: {from: "`+none+`"}) { edges { node { id } } } }`, "").Extensions.Code, none)
	}

	w.shop("P1")
	require.Equal(t, []string{"PC:MASTER:1"}, refs(t, at(w.data(`{ productCatalogues(retailerRefs: [["nobody"], ["MAIN"]]) { edges { node { ref } } } }`, ""), "productCatalogues")))
	found := w.data(`query($c: String!) { standardProducts(catalogue: {ref: $c}, name: "a TH%") { edges { node { ref catalogue { ref } } } } }`, `{"c":"PC:MASTER:1"}`)
	require.Equal(t, "PC:MASTER:1", at(found, "standardProducts.edges.0.node.catalogue.ref"))
	none := w.data(`{ standardProducts(catalogue: {ref: "other"}) { edges { node { ref } } } }`, "")
	require.Empty(t, at(none, "standardProducts.edges"))
}

func TestOneStatementForEachLevel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	customer := w.shop("P1", "P2")
	for i := range 3 {
		made := w.data(createOrder, orderInput(fmt.Sprintf("O-%d", i), customer))
		order := at(made, "createOrder.id")
		items := w.data(`query($id: ID!) { orderById(id: $id) { items { edges { node { id } } } } }`, fmt.Sprintf(`{"id":%q}`, order))
		f := w.data(`mutation($o: ID!, $i: ID!) { createFulfilment(input: {ref: "F", type: "HD_PFS", order: {id: $o},
			items: [{ref: "1", requestedQuantity: 2, filledQuantity: 0, rejectedQuantity: 0, orderItem: {id: $i}}]}) { id items { edges { node { ref status } } } } }`,
			fmt.Sprintf(`{"o":%q,"i":%q}`, order, at(items, "orderById.items.edges.0.node.id")))
		w.data(`mutation($f: ID!) { createArticle(input: {ref: "A", type: "BOX", height: 1, length: 1, width: 1, weight: 1, fulfilments: {id: $f}, items: {quantity: 2}}) { id } }`,
			fmt.Sprintf(`{"f":%q}`, at(f, "createFulfilment.id")))
	}
	trace := &store.Trace{}
	res := w.runIn(store.WithTrace(context.Background(), trace), w.admin, `{ orders(first: 3) { edges { node {
		id ref items { edges { node { ref quantity } } }
		fulfilments { edges { node { ref type items { edges { node { requestedQuantity orderItem { ref } } } } articles { edges { node { ref items { edges { node { quantity } } } } } } } } } } } } }`, "")
	require.Empty(t, messages(res))
	require.Len(t, trace.Statements(), 7, "orders; items, fulfilments; their items, articles; order items, article items: %v", trace.Statements())
	require.Equal(t, 4, trace.RoundTrips(), "one for each level")
	var data any
	require.NoError(t, json.Unmarshal(res.Data, &data))
	for i := range 3 {
		node := at(data, fmt.Sprintf("orders.edges.%d.node", i))
		require.Len(t, at(node, "items.edges"), 2)
		require.EqualValues(t, 2, at(node, "fulfilments.edges.0.node.articles.edges.0.node.items.edges.0.node.quantity"))
		require.Equal(t, "1", at(node, "fulfilments.edges.0.node.items.edges.0.node.orderItem.ref"))
	}

	trace = &store.Trace{}
	res = w.runIn(store.WithTrace(context.Background(), trace), w.admin, `query($id: ID!) { orderById(id: $id) { ref items { edges { node { ref } } }
		fulfilments { edges { node { ref items { edges { node { ref } } } } } } } }`, fmt.Sprintf(`{"id":%q}`, at(data, "orders.edges.0.node.id")))
	require.Empty(t, messages(res))
	require.Contains(t, string(res.Data), `"fulfilments":{"edges":[{"node":{"ref":"F","items":{"edges":[{"node":`)
	require.Len(t, trace.Statements(), 4)
	require.Equal(t, 1, trace.RoundTrips(), "what is below a known id comes with it, and what is below that")
}

// TestWhatComesWithAnIDIsWhatComesLevelByLevel reads orders by id, in one trip, and by a search, and compares.
func TestWhatComesWithAnIDIsWhatComesLevelByLevel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	storetest.HoldHorizon(t, w.dsn, time.Hour) // cursors of young rows say where it was
	customer := w.shop("P1", "P2")
	var ids []any
	for _, ref := range []string{"A", "B"} {
		id := at(w.data(createOrder, strings.Replace(orderInput(ref, customer), `"quantity":2`, `"quantity":12`, 1)), "createOrder.id")
		ids = append(ids, id)
		items := w.data(`query($id: ID!) { orderById(id: $id) { items { edges { node { id } } } } }`, fmt.Sprintf(`{"id":%q}`, id))
		item := at(items, "orderById.items.edges.0.node.id")
		for i := range 3 {
			w.data(`mutation($o: ID!, $i: ID!, $ref: String!, $n: Int!) { createFulfilment(input: {ref: $ref, type: "HD_PFS", order: {id: $o}, items: [
				{ref: "a", requestedQuantity: $n, filledQuantity: 0, rejectedQuantity: 0, orderItem: {id: $i}},
				{ref: "b", requestedQuantity: $n, filledQuantity: 0, rejectedQuantity: 0, orderItem: {id: $i}}]}) { id } }`,
				fmt.Sprintf(`{"o":%q,"i":%q,"ref":"%s-%d","n":%d}`, id, item, ref, i, i+1))
		}
	}
	clerk := principal("ACME", "9", tenant.Grant{
		Role: "CLERK", Permissions: []string{"ORDER_VIEW", "ORDERITEM_VIEW", "FULFILMENT_VIEW", "FULFILMENTITEM_VIEW"}, Contexts: []tenant.Context{{Type: tenant.RetailerContext, ID: "1", Retailer: 1}},
	})
	for _, fulfilments := range []string{"", "(first: 1)", "(first: 2)", "(last: 1)", "(last: 2)", `(ref: "%%-1")`, `(status: "NONE")`} {
		for _, items := range []string{"", "(first: 1)", "(last: 1)", `(ref: "b")`} {
			sub := fmt.Sprintf(`{ ref items { edges { node { ref } } } fulfilments%s { pageInfo { hasNextPage hasPreviousPage } edges { node {
				ref items%s { pageInfo { hasNextPage hasPreviousPage endCursor } edges { cursor node { ref requestedQuantity } } } } } } }`, strings.ReplaceAll(fulfilments, "%%", "%"), items)
			for _, p := range []*tenant.Principal{w.admin, clerk} {
				all := w.run(p, `{ orders { edges { node `+sub+` } } }`, "")
				require.Empty(t, messages(all))
				for i, id := range ids {
					one := w.run(p, `query($id: ID!) { orderById(id: $id) `+sub+` }`, fmt.Sprintf(`{"id":%q}`, id))
					require.Empty(t, messages(one))
					var x, y any
					require.NoError(t, json.Unmarshal(all.Data, &x))
					require.NoError(t, json.Unmarshal(one.Data, &y))
					require.Equal(t, at(x, fmt.Sprintf("orders.edges.%d.node", i)), at(y, "orderById"), "%s %s", fulfilments, items)
				}
			}
		}
	}
}

func TestFragmentsAliasesFlagsAndVariables(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	customer := w.shop("P1", "P2")
	w.data(createOrder, orderInput("O-1", customer))
	trace := &store.Trace{}
	res := w.runIn(store.WithTrace(context.Background(), trace), w.admin, `
		query Read($ref: [String!] = ["O-1"], $items: Boolean!, $no: Boolean = false) {
			a: orders(ref: $ref) { e: edges { n: node { ...basics retailer { id } items @include(if: $items) { edges { node { id } } } fulfilments @skip(if: true) { edges { cursor } } } } }
			b: orders(ref: $ref) { edges { node { __typename ... on Node { id @include(if: $no) } ... on Order { status } ... on Orchestrateable { status type } } } }
		}
		fragment basics on Order { ref ref again: ref }`, `{"items":false}`)
	require.Empty(t, messages(res))
	require.Equal(t, `{"a":{"e":[{"n":{"ref":"O-1","again":"O-1","retailer":{"id":"1"}}}]},"b":{"edges":[{"node":{"__typename":"Order","status":"CREATED","type":"HD"}}]}}`, string(res.Data))
	require.Len(t, trace.Statements(), 2, "what a flag leaves out is not fetched, and an id needs no statement")
	require.Equal(t, 1, trace.RoundTrips(), "root fields share a round trip")

	products := w.raw(`{ orders { edges { node { items { edges { node { product { __typename ... on VariantProduct { ref } ... on StandardProduct { gtin } } } } } } } } }`, "")
	require.Contains(t, products, `{"product":{"__typename":"StandardProduct","gtin":"1"}}`)
}

func TestWhatIsNotThereIsNull(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.Equal(t, `{"order":null,"orderById":null,"network":null,"standardProduct":null,"user":null}`, w.raw(`{ order(ref: "no") { id } orderById(id: "abc") { id }
		network(id: 99999999999) { id } standardProduct(ref: "x", catalogue: {ref: "y"}) { id } user(username: "nobody") { id } }`, ""))
	missing := w.failure(`{ order { id } me { id } }`, "")
	require.Equal(t, "C0140E", missing.Extensions.Code)
	require.Equal(t, []any{"order"}, missing.Path)
}

func TestKeysOfCataloguesAreRememberedForAMoment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.data(`mutation { a: createInventoryCatalogue(input: {ref: "IC", type: "DEFAULT", name: "Stock", retailerRefs: ["MAIN"]}) { id }
		b: createInventoryCatalogue(input: {ref: "IC2", type: "DEFAULT", name: "Stock", retailerRefs: ["MAIN"]}) { id } }`, "")
	w.data(`mutation { createInventoryPosition(input: {ref: "P", type: "DEFAULT", productRef: "P", locationRef: "L1", onHand: 5, catalogue: {ref: "IC"}}) { id } }`, "")
	w.retailer("ACME", "2", "SECOND")
	search := func(p *tenant.Principal, ref string) (found int, trips int) {
		trace := &store.Trace{}
		res := w.runIn(store.WithTrace(context.Background(), trace), p, `query($c: String!) { inventoryPositions(catalogue: {ref: $c}) { edges { node { ref } } } }`, fmt.Sprintf(`{"c":%q}`, ref))
		require.Empty(t, messages(res))
		var data any
		require.NoError(t, json.Unmarshal(res.Data, &data))
		edges, _ := at(data, "inventoryPositions.edges").([]any)
		return len(edges), trace.RoundTrips()
	}
	expect := func(p *tenant.Principal, ref string, found, trips int) {
		t.Helper()
		f, n := search(p, ref)
		require.Equal(t, []int{found, trips}, []int{f, n})
	}
	expect(w.admin, "IC", 1, 2)
	expect(w.admin, "IC", 1, 1)
	expect(w.admin, "IC2", 0, 2)
	require.Equal(t, `{"inventoryPosition":{"onHand":5}}`, w.raw(`{ inventoryPosition(ref: "P", catalogue: {ref: "IC"}) { onHand } }`, ""))

	elsewhere := principal("ACME", "9", tenant.Grant{Role: tenant.AdminRole, Contexts: []tenant.Context{{Type: tenant.RetailerContext, ID: "2", Retailer: 2}}})
	found, _ := search(elsewhere, "IC")
	require.Zero(t, found, "another retailer's catalogue is not seen, although its key is remembered for others")
	stranger := principal("OTHER", "1", tenant.Grant{Role: tenant.AdminRole, Contexts: []tenant.Context{{Type: tenant.AccountContext}}})
	found, _ = search(stranger, "IC")
	require.Zero(t, found)

	expect(w.admin, "late", 0, 2)
	w.data(`mutation { createInventoryCatalogue(input: {ref: "late", type: "DEFAULT", name: "Stock", retailerRefs: ["MAIN"]}) { id } }`, "")
	w.data(`mutation { createInventoryPosition(input: {ref: "P", type: "DEFAULT", productRef: "P", locationRef: "L1", onHand: 5, catalogue: {ref: "late"}}) { id } }`, "")
	found, _ = search(w.admin, "late")
	require.Equal(t, 1, found, "what is not there yet is not remembered")
}
