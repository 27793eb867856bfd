package e2e_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/apiclient"
)

// stock loads a small assortment into a fresh account: the places of rows, all open round the clock, its products, and the counts.
func (x *tenant) stock(t *testing.T, rows ...apiclient.StockRow) {
	t.Helper()
	ctx := context.Background()
	networks := ask[struct{ Networks list[struct{ ID string }] }](t, x.client, `{ networks { edges { node { id } } } }`, nil)
	hours := map[string]any{"allHours": true}
	for _, day := range []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} {
		hours[day+"Start"], hours[day+"End"] = 0, 0
	}
	var in []any
	for _, n := range networks.Networks.nodes() {
		in = append(in, map[string]any{"id": n.ID})
	}
	var places, products []map[string]any
	seen := map[string]bool{}
	for _, r := range rows {
		if !seen["place "+r.LocationRef] {
			places = append(places, map[string]any{
				"ref": r.LocationRef, "name": r.LocationRef, "type": "STORE", "retailer": map[string]any{"id": x.retailer}, "networks": in, "openingSchedule": hours,
				"primaryAddress": map[string]any{"ref": r.LocationRef, "timeZone": "Australia/Sydney", "latitude": -33.87 - 0.01*float64(len(places)), "longitude": 151.2},
			})
		}
		if !seen["product "+r.SkuRef] {
			products = append(products, map[string]any{
				"ref": r.SkuRef, "type": "STANDARD", "name": r.SkuRef, "gtin": fmt.Sprint("290", r.SkuRef), "catalogue": map[string]any{"ref": "PC:MASTER:" + x.retailer},
			})
		}
		seen["place "+r.LocationRef], seen["product "+r.SkuRef] = true, true
	}
	require.NoError(t, x.client.Batch(ctx, "createLocation", "CreateLocationInput", "id", places, len(places), nil))
	require.NoError(t, x.client.Batch(ctx, "createStandardProduct", "CreateStandardProductInput", "ref", products, len(products), nil))
	refused, err := x.client.LoadStock(ctx, x.retailer, "stock", rows, nil)
	require.NoError(t, err)
	require.Empty(t, refused)
}

// shopper creates a customer and returns its id.
func (x *tenant) shopper(t *testing.T, username string) string {
	t.Helper()
	made := ask[struct{ Customer struct{ ID string } }](t, x.client, `mutation ($input: CreateCustomerInput!) { customer: createCustomer(input: $input) { id } }`,
		map[string]any{"input": map[string]any{
			"username": username, "firstName": username, "lastName": "Shopper", "primaryEmail": username + "@example.com", "timezone": "Australia/Sydney",
			"promotionOptIn": false, "retailer": map[string]any{"id": x.retailer},
		}})
	return made.Customer.ID
}

// orders reads the status and the fulfilments of all orders of the account, by ref.
func (x *tenant) orders(t *testing.T) map[string]orderView {
	t.Helper()
	all := map[string]orderView{}
	query := `query ($after: String) { orders(first: 100, after: $after) { pageInfo { hasNextPage } edges { cursor node { id ref status fulfilments(first: 5) { edges { node {
		id ref type status fromLocation { ref } items(first: 5) { edges { node { requestedQuantity filledQuantity rejectedQuantity
		orderItem { product { ... on StandardProduct { ref } } } } } } } } } } } } }`
	for after := ""; ; {
		page := ask[struct {
			Orders struct {
				PageInfo struct{ HasNextPage bool }
				Edges    []struct {
					Cursor string
					Node   orderView
				}
			}
		}](t, x.client, query, map[string]any{"after": after})
		for _, e := range page.Orders.Edges {
			all[e.Node.Ref], after = e.Node, e.Cursor
		}
		if !page.Orders.PageInfo.HasNextPage {
			return all
		}
	}
}
