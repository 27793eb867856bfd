package graphql_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/graphql"
	"github.com/fluent-oms/fluent/dataplane/identity/rights"
	"github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/dataplane/operation"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
)

func nothing(context.Context, *operation.Call, struct{}) (operation.Page, error) {
	return operation.Page{}, nil
}

// TestEachRootFieldHasOneThingBehindIt: what follows from the catalogue, a row of a manifest, or one of the API's own. An executor is refused
// otherwise, so that every test and every node says that it is so of the platform's own catalogue.
func TestEachRootFieldHasOneThingBehindIt(t *testing.T) {
	t.Parallel()
	extended := func(s catalogue.Spec) *catalogue.Catalogue {
		c, err := catalogue.New(append(domain.Specs(), s)...)
		require.NoError(t, err)
		return c
	}
	all := modules.Operations()
	require.NotEmpty(t, all)
	for _, c := range []struct {
		catalogue  *catalogue.Catalogue
		operations []operation.Operation
		want       string // empty: it is served
	}{
		{domain.Catalogue(), all, ""},
		{domain.Catalogue(), nil, "Query.searchVirtualInventory: nothing is behind it"},
		{domain.Catalogue(), append(all[:len(all):len(all)], all[0]), "Query.searchVirtualInventory: it is served 2 times"},
		{domain.Catalogue(), append(all[:len(all):len(all)], operation.Search("nowhere", nothing)), "operation nowhere: the catalogue declares no such query"},
		{domain.Catalogue(), append(all[:len(all):len(all)], operation.Search("me", nothing)), "operation me: want a connection of objects"},
		{extended(catalogue.Spec{Queries: []catalogue.OperationSpec{{Field: "orders(x: String): Order"}}}), all, "orders"},
		{extended(catalogue.Spec{Queries: []catalogue.OperationSpec{{Field: "oracle: Order"}}}), all, "Query.oracle: nothing is behind it"},
		{extended(catalogue.Spec{Mutations: []catalogue.OperationSpec{{Field: "mystery(x: String): Order"}}}), all, "Mutation.mystery: nothing is behind it"},
	} {
		_, err := graphql.New(graphql.Deps{Catalogue: c.catalogue, Operations: c.operations, Guards: modules.Guards(c.catalogue, rights.Guards(c.catalogue, plain{}))})
		if c.want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, c.want)
	}
	_, err := graphql.New(graphql.Deps{Catalogue: domain.Catalogue(), Operations: all})
	require.ErrorContains(t, err, "is declared as guarded: true, and has a guard: false", "nobody may give himself rights because a guard was forgotten")
}

// stocked is a world with three locations, with five of P0 each and none, one and two of P1.
func stocked(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.data(`mutation { createVirtualCatalogue(input: {ref: "VC", type: "BASE", name: "v", inventoryCatalogueRef: "IC", productCatalogueRef: "PC", retailerRefs: "MAIN"}) { id } }`, "")
	for i, lat := range []float64{-31.9, -33.8, -37.8} {
		ref := fmt.Sprintf("L%d", i)
		w.placeOf(ref, "1", fmt.Sprintf(`latitude: %v, longitude: 151`, lat))
		for p, n := range []int{5, i} {
			w.data(fmt.Sprintf(`mutation { createVirtualPosition(input: {ref: "P%d:%s", type: "BASE", productRef: "P%d", groupRef: %q, quantity: %d, catalogue: {ref: "VC"}}) { id } }`, p, ref, p, ref, n), "")
		}
	}
	return w
}

func TestSearchVirtualInventory(t *testing.T) {
	t.Parallel()
	w := stocked(t)
	ask := func(args string) string {
		return w.raw(`{ searchVirtualInventory(virtualCatalogue: {ref: "VC"}, `+args+`) { edges { node { location { ref } at: virtualPositions { productRef q: quantity } } cursor } pageInfo { hasNextPage } } }`, "")
	}
	require.Equal(t, `{"searchVirtualInventory":{"edges":[{"node":{"location":{"ref":"L1"},"at":[{"productRef":"P0","q":5}]},"cursor":null}],"pageInfo":{"hasNextPage":true}}}`,
		ask(`productQuantities: {productRef: "P0", quantity: 2}, orderByProximity: {latitude: -33.9, longitude: 151.2}, first: 1`))
	require.Equal(t, `{"searchVirtualInventory":{"edges":[{"node":{"location":{"ref":"L2"},"at":[{"productRef":"P0","q":5},{"productRef":"P1","q":2}]},"cursor":null},`+
		`{"node":{"location":{"ref":"L0"},"at":[{"productRef":"P0","q":5}]},"cursor":null}],"pageInfo":{"hasNextPage":false}}}`,
		ask(`productQuantities: [{productRef: "P0", quantity: 2}, {productRef: "P1", quantity: 2}], excludedLocationRefs: "L1"`))
	require.Equal(t, `{"searchVirtualInventory":{"edges":[],"pageInfo":{"hasNextPage":false}}}`, ask(`productQuantities: {productRef: "P0", quantity: 6}, virtualPosition: {status: "CREATED"}`))
	require.Equal(t, "C0120E", w.failure(`{ searchVirtualInventory(virtualCatalogue: {ref: "no"}, productQuantities: []) { edges { cursor } } }`, "").Extensions.Code)
	require.Equal(t, `{"searchVirtualInventory":{"__typename":"VirtualInventoryConnection","edges":[{"__typename":"VirtualInventoryEdge","node":{"__typename":"VirtualInventory","location":{"name":"as it was","primaryAddress":{"latitude":-31.9}}}}]}}`,
		w.raw(`{ searchVirtualInventory(virtualCatalogue: {ref: "VC"}, productQuantities: {productRef: "P0", quantity: 1}, first: 1) { __typename edges { __typename node { __typename location { name primaryAddress { latitude } } } } } }`, ""))
	negative := w.failure(`{ searchVirtualInventory(virtualCatalogue: {ref: "VC"}, productQuantities: [{productRef: "P0", quantity: -1}]) { edges { cursor } } }`, "")
	require.Equal(t, []string{"productQuantities[0].quantity: quantity must not be negative", "productQuantities[0].quantity"}, []string{negative.Message, negative.Extensions.Field})
}

// TestASearchReadsAsMuchAsItNeeds: its own statements, one for what hangs on all rows of a kind, and the columns that are asked for.
func TestASearchReadsAsMuchAsItNeeds(t *testing.T) {
	t.Parallel()
	w := stocked(t)
	const search = `{ searchVirtualInventory(virtualCatalogue: {ref: "VC"}, productQuantities: {productRef: "P0", quantity: 2}, orderByProximity: {latitude: 1, longitude: 1}) { edges { node { %s } } } }`
	for _, c := range []struct {
		node                  string
		statements, roundTrip int
	}{
		{`location { ref }`, 4, 4}, // the first one finds the catalogue's id, which is then remembered
		{`location { ref name } virtualPositions { ref quantity }`, 3, 3},
		{`location { networks { edges { node { ref } } } retailer { ref } } virtualPositions { catalogue { ref } }`, 6, 4},
	} {
		trace := &store.Trace{}
		res := w.runIn(store.WithTrace(t.Context(), trace), w.admin, fmt.Sprintf(search, c.node), "")
		require.Empty(t, messages(res))
		require.Len(t, trace.Statements(), c.statements, c.node)
		require.Equal(t, c.roundTrip, trace.RoundTrips(), c.node)
	}
}

// TestSearchesCountForTheLimit: a list costs as much as a connection, what is below it as many rows as its operation says that it has, and all
// fields of a request count together.
func TestSearchesCountForTheLimit(t *testing.T) {
	t.Parallel()
	w := stocked(t)
	search := func(wanted string, first int) string {
		return fmt.Sprintf(`searchVirtualInventory(virtualCatalogue: {ref: "VC"}, productQuantities: [%s], first: %d) {
			edges { node { virtualPositions { catalogue { virtualPositions { edges { node { id } } } } } } } }`, wanted, first)
	}
	const one, two = `{productRef: "P0", quantity: 1}`, `{productRef: "P0", quantity: 1}, {productRef: "P1", quantity: 1}`
	w.raw(`{ `+search(one, 5000)+` }`, "") // 1, the lists of 5000 objects, and a connection for each of 5000 positions
	require.Contains(t, w.failure(`{ `+search(two, 5000)+` }`, "").Message, "too complex")
	require.Contains(t, w.failure(`{ a: `+search(one, 5000)+` b: `+search(one, 5000)+` }`, "").Message, "too complex")
}
