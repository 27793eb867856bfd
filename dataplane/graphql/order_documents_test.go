package graphql_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fluent-oms/fluent/dataplane/graphql"
	"github.com/fluent-oms/fluent/dataplane/graphql/schema"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
)

// reread is a world whose orders are read from their documents, beside one that has none.
type reread struct {
	*world
	plain *graphql.Executor
}

func newReread(t *testing.T) *reread {
	t.Helper()
	w := newWorldOf(t, store.Options{Catalogue: domain.Catalogue(), Remembered: 1000}, "graphql", storetest.MigrateOnTripwire)
	return &reread{world: w, plain: w.executor(storetest.Open(t, w.dsn, store.Options{Catalogue: domain.Catalogue(), Remembered: -1}))}
}

// wholeOrder selects all that an order's document has, and some of what it has not.
const wholeOrder = `id ref type status createdOn updatedOn ref2 tag1 currency totalPrice attributes { name type value } retailer { id } customer { id } workflowRef workflowVersion
	items { pageInfo { hasNextPage } edges { node { id ref status createdOn updatedOn quantity price paidPrice currency taxType attributes { name type value } product { ref } } } }
	fulfilments { pageInfo { hasNextPage } edges { node { id ref type status createdOn updatedOn eta expiryTime deliveryType attributes { name type value } fromAddress { id }
		items { pageInfo { hasNextPage } edges { node { id ref status requestedQuantity filledQuantity rejectedQuantity orderItem { id ref quantity } } } } } } }`

var orderReads = []string{
	`query($id: ID!) { orderById(id: $id) { ` + wholeOrder + ` } }`,
	`query($id: ID!) { orderById(id: $id) { id fulfilments(first: 1) { edges { node { items(first: 1) { edges { node { filledQuantity } } pageInfo { hasNextPage } } } } } } }`,
}

const orderPages = `{ orders(first: 50) { edges { node { ` + wholeOrder + ` } } } byRef: order(ref: "O-1") { ` + wholeOrder + ` } }`

// both reads with documents and without, which must be the same.
func (r *reread) both(query, variables string) *store.Trace {
	r.t.Helper()
	trace := &store.Trace{}
	got := r.runIn(store.WithTrace(r.t.Context(), trace), r.admin, query, variables)
	require.Empty(r.t, messages(got))
	with := r.exec
	r.exec = r.plain
	want := r.world.raw(query, variables)
	r.exec = with
	require.Equal(r.t, want, string(got.Data))
	return trace
}

// agree reads all orders in all ways until they come from their documents.
func (r *reread) agree() {
	r.t.Helper()
	list := at(r.data(`{ orders(first: 100) { edges { node { id } } } }`, ""), "orders.edges").([]any)
	for _, o := range list {
		id := at(o, "node.id").(string)
		vars := fmt.Sprintf(`{"id":%q}`, id)
		for until := time.Now().Add(time.Minute); ; {
			r.both(orderReads[0], vars)
			if slices.Equal([]string{"order_documents.read"}, r.both(orderReads[1], vars).Statements()) {
				break
			}
			require.True(r.t, time.Now().Before(until), "order %s comes from the tables still", id)
		}
	}
	trace := r.both(orderPages, "")
	require.NotContains(r.t, strings.Join(trace.Statements(), " "), "order_items.edge", "the page's lines come from documents")
}

// TestDocumentsOfOrdersAreNeverStale changes orders by every mutation that there is of what their documents hold, and reads them with documents and
// without: by id, by ref, in lists. Before each change all orders have a document.
func TestDocumentsOfOrdersAreNeverStale(t *testing.T) {
	t.Parallel()
	r := newReread(t)
	orders, lines, fulfilments := r.twoOrders()
	item := func(f string) string {
		return at(r.data(`query($id: ID!) { fulfilmentById(id: $id) { items { edges { node { id } } } } }`, fmt.Sprintf(`{"id":%q}`, f)), "fulfilmentById.items.edges.0.node.id").(string)
	}
	customer := at(r.data(`query($id: ID!) { orderById(id: $id) { customer { id } } }`, fmt.Sprintf(`{"id":%q}`, orders[0])), "orderById.customer.id").(string)
	changes := []string{
		fmt.Sprintf(`updateOrder(input: {id: %s, status: "PICKED", tag1: "x", totalPrice: 5.5})`, orders[0]),
		fmt.Sprintf(`updateOrder(input: {id: %s, attributes: [{name: "a", type: "JSON", value: {b: [1, null]}}]})`, orders[0]),
		fmt.Sprintf(`updateOrder(input: {id: %s, items: [{id: %s, status: "X"}]})`, orders[0], lines[0]),
		fmt.Sprintf(`updateOrder(input: {id: %s, items: [{id: %s, attributes: [{name: "a", type: "STRING", value: "1"}]}]})`, orders[1], lines[1]),
		fmt.Sprintf(`createOrderItem(input: {ref: "99", quantity: 1, productRef: "P1", productCatalogueRef: "PC:MASTER:1", order: {id: %s}})`, orders[0]),
		fmt.Sprintf(`createFulfilment(input: {ref: "F-99", type: "HD_PFS", order: {id: %s}, items: [{ref: "1", requestedQuantity: 1, filledQuantity: 0, rejectedQuantity: 0, orderItem: {id: %s}}]})`, orders[1], lines[1]),
		fmt.Sprintf(`createFulfilment(input: {ref: "F-98", type: "HD_PFS", order: {id: %s}})`, orders[0]),
		fmt.Sprintf(`updateFulfilment(input: {id: %s, status: "X", eta: "soon"})`, fulfilments[0]),
		fmt.Sprintf(`updateFulfilment(input: {id: %s, items: [{id: %s, filledQuantity: 1, status: "DONE"}]})`, fulfilments[1], item(fulfilments[1])),
		fmt.Sprintf(`createOrder(input: {ref: "NEW", type: "HD", retailer: {id: 1}, customer: {id: %s}, items: [{ref: "1", productRef: "P1", productCatalogueRef: "PC:MASTER:1", quantity: 1}]})`, customer),
		`createOrderAndCustomer(input: {ref: "NEW2", type: "HD", retailer: {id: 1}, customer: {username: "n@b.c", firstName: "N", primaryEmail: "n@b.c", timezone: "UTC", promotionOptIn: false, retailer: {id: 1}},
			items: [{ref: "1", productRef: "P1", productCatalogueRef: "PC:MASTER:1", quantity: 1}]})`,
	}
	known := map[string]bool{}
	for _, change := range changes {
		name, _, _ := strings.Cut(change, "(")
		known[name] = true
		r.agree()
		r.data("mutation { "+change+" { id } }", "")
	}
	r.agree()
	for _, name := range mutationsOf(t, "Order") {
		require.True(t, known[name], "%s is not among the changes", name)
	}
}

// mutationsOf lists the mutations that return what the document of a type holds.
func mutationsOf(t *testing.T, root string) (names []string) {
	t.Helper()
	c := domain.Catalogue()
	held := map[string]bool{root: true}
	c.Type(root).Document.Each(func(_, p *catalogue.Part) { held[p.Target.Name] = true })
	parsed, err := gqlparser.LoadSchema(&ast.Source{Input: schema.Text(c)})
	require.NoError(t, err)
	for _, f := range parsed.Mutation.Fields {
		if held[f.Type.Name()] {
			names = append(names, f.Name)
		}
	}
	require.NotEmpty(t, names)
	return names
}
