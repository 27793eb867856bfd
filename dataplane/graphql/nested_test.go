package graphql_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/tenancy"
)

// TestALargeNestedReadPasses: an order of 100 lines in 50 fulfilments of 100 items, each with its line and product, within the limits that accounts have
// unless they are given others, in a statement a connection or link and a round trip a level.
func TestALargeNestedReadPasses(t *testing.T) {
	t.Parallel()
	const lines, fulfilments = 100, 50
	w := newWorld(t)
	w.accept(1)
	made := w.data(createOrder, orderInput("O-1", w.shop("P1", "P2")))
	id := at(made, "createOrder.id").(string)
	scope, err := tenancy.NewScope("ACME")
	require.NoError(t, err)
	require.NoError(t, w.db.Write(t.Context(), scope, func(tx *store.Tx) error {
		ids := make([]catalogue.ID, lines)
		for i := range ids {
			line := &order.OrderItem{Ref: fmt.Sprintf("L-%d", i), Quantity: fulfilments, ProductRef: fmt.Sprintf("P%d", i%2+1), ProductCatalogueRef: "PC:MASTER:1", OrderID: catalogue.ID(id)}
			ids[i] = catalogue.ID(fmt.Sprint(1_000_000 + i))
			line.ID = ids[i]
			tx.Insert(line)
		}
		for n := range fulfilments {
			f := &order.Fulfilment{Ref: fmt.Sprintf("F-%d", n), OrderID: catalogue.ID(id), FromLocationRef: "L1"}
			f.ID = catalogue.ID(fmt.Sprint(1_000_000 + n))
			tx.Insert(f)
			for i, line := range ids {
				item := &order.FulfilmentItem{Ref: "I", OrderItemID: line, FulfilmentID: f.ID}
				item.ID = catalogue.ID(fmt.Sprint(1_000_000 + n*lines + i))
				tx.Insert(item)
			}
		}
		return nil
	}))
	trace := &store.Trace{}
	res := w.runIn(store.WithTrace(t.Context(), trace), w.admin, `query($id: ID!) { orderById(id: $id) { ref items(first: 200) { edges { node { ref product { ref name } } } }
		fulfilments(first: 50) { edges { node { ref items(first: 100) { edges { node { ref orderItem { ref product { ref name } } } cursor } pageInfo { hasNextPage } } } } } } }`, fmt.Sprintf(`{"id":%q}`, id))
	require.Empty(t, messages(res))
	require.Len(t, trace.Statements(), 7, "%v", trace.Statements())
	require.LessOrEqual(t, trace.RoundTrips(), 4)
	var read map[string]any
	require.NoError(t, json.Unmarshal(res.Data, &read))
	require.Len(t, at(read, "orderById.fulfilments.edges"), fulfilments)
	seen := 0
	for _, f := range at(read, "orderById.fulfilments.edges").([]any) {
		items := at(f, "node.items.edges").([]any)
		seen += len(items)
		require.Equal(t, false, at(f, "node.items.pageInfo.hasNextPage"))
		for i, item := range items {
			require.Equal(t, fmt.Sprintf("L-%d", i), at(item, "node.orderItem.ref"))
			require.Equal(t, fmt.Sprintf("P%d", i%2+1), at(item, "node.orderItem.product.ref"))
		}
	}
	require.Equal(t, lines*fulfilments, seen)
}
