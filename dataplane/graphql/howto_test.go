package graphql_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/operation"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
)

// What follows, up to the next test, is the worked example of docs/how-to/add-an-operation.md.

// moreOfOrders is what domain/order would have more in its Spec.
var moreOfOrders = catalogue.Spec{
	Objects: []catalogue.ObjectSpec{
		{Name: "LocationWork", Fields: []string{"location: Location", "fulfilments: [Fulfilment]"}, Doc: "A location and what waits there."},
	},
	Queries: []catalogue.OperationSpec{
		{Field: "openWork(statuses: [String!]!, minimum: Int, first: Int): LocationWorkConnection", Entity: "Fulfilment", Doc: "Where most work waits."},
	},
}

// openWork is what the order module would name in its manifest.
var openWork = operation.Search("openWork", busiest).With("location", "ref").With("fulfilments", "fromLocation")

// work are the arguments of openWork.
type work struct {
	Statuses []string `arg:"statuses"`
	Minimum  int      `arg:"minimum" least:"0"`
}

// busiest finds the locations at which most fulfilments have one of the statuses.
func busiest(ctx context.Context, c *operation.Call, a work) (operation.Page, error) {
	fulfilments, locations := c.Rows("fulfilments"), c.Rows("location")
	open, err := c.Select(ctx, "fulfilments", store.Match(fulfilments.Type.Field("status"), a.Statuses...))
	if err != nil {
		return operation.Page{}, err
	}
	from := operation.Column[string](fulfilments, "fromLocation")
	byRef := map[string][][]any{}
	for _, row := range open {
		byRef[from(row)] = append(byRef[from(row)], row)
	}
	at := store.Condition{Field: locations.Type.Field("ref"), Op: store.In}
	for ref, rows := range byRef {
		if len(rows) >= a.Minimum {
			at.Values = append(at.Values, ref)
		}
	}
	places, err := c.Select(ctx, "location", at)
	if err != nil {
		return operation.Page{}, err
	}
	ref := operation.Column[string](locations, "ref")
	slices.SortStableFunc(places, func(a, b []any) int { return len(byRef[ref(b)]) - len(byRef[ref(a)]) })
	page := operation.Page{More: len(places) > c.First}
	for _, row := range places[:min(len(places), c.First)] {
		page.Objects = append(page.Objects, operation.Object{"location": {row}, "fulfilments": byRef[ref(row)]})
	}
	return page, nil
}

// TestTheWorkedExampleOfAnOperation: the code above, which the page shows word for word, is all that it takes.
func TestTheWorkedExampleOfAnOperation(t *testing.T) {
	t.Parallel()
	c, err := catalogue.New(append(domain.Specs(), moreOfOrders)...)
	require.NoError(t, err)
	w := newWorldOf(t, store.Options{Catalogue: c}, "graphql", storetest.MigrateOnTripwire, openWork)
	made := w.data(createOrder, orderInput("O-1", w.shop("P1", "P2")))
	for i, work := range []int{1, 2, 0} {
		l := w.placeOf(fmt.Sprintf("L%d", i), "1", `latitude: 1, longitude: 1`)
		for n := range work {
			w.data(fmt.Sprintf(`mutation { createFulfilment(input: {ref: "F%d-%d", type: "HD_PFS", order: {id: %s}, fromAddress: {id: %s}}) { id } }`, i, n, at(made, "createOrder.id"), at(l, "primaryAddress.id")), "")
		}
	}
	require.Equal(t, `{"openWork":{"edges":[{"node":{"location":{"ref":"L1"},"fulfilments":[{"ref":"F1-0","order":{"ref":"O-1"}},{"ref":"F1-1","order":{"ref":"O-1"}}]}},`+
		`{"node":{"location":{"ref":"L0"},"fulfilments":[{"ref":"F0-0","order":{"ref":"O-1"}}]}}],"pageInfo":{"hasNextPage":false}}}`,
		w.raw(`{ openWork(statuses: "CREATED") { edges { node { location { ref } fulfilments { ref order { ref } } } } pageInfo { hasNextPage } } }`, ""))
	require.Equal(t, `{"openWork":{"edges":[{"node":{"location":{"ref":"L1"}}}]}}`, w.raw(`{ openWork(statuses: "CREATED", minimum: 2) { edges { node { location { ref } } } } }`, ""))
	require.Equal(t, `{"openWork":{"pageInfo":{"hasNextPage":true}}}`, w.raw(`{ openWork(statuses: "CREATED", first: 1) { pageInfo { hasNextPage } } }`, ""))
	require.Equal(t, "minimum: minimum must not be negative", w.failure(`{ openWork(statuses: "CREATED", minimum: -1) { edges { cursor } } }`, "").Message)
}
