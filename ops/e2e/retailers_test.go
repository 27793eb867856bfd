package e2e_test

import (
	"context"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/apiclient"
)

// TestUsersOfOneRetailerSeeNoOther: a user whose roles hold for one retailer of an account reads, changes and traces nothing of another.
func TestUsersOfOneRetailerSeeNoOther(t *testing.T) {
	s := shared(t)
	operator := administrator(t, s.stack)
	first := operator.account(t, "TWOSHOPS", "NORTH")
	operator.run(t, "", "retailer", "create", first.account, "SOUTH")
	second := *first
	second.retailer, second.retailerRef = "2", "SOUTH"
	first.stock(t, apiclient.StockRow{LocationRef: "N1", SkuRef: "NORTHERN", Qty: 5})
	second.stock(t, apiclient.StockRow{LocationRef: "S1", SkuRef: "SOUTHERN", Qty: 5})
	north := first.place(t, first.client, first.newOrder("N-1", first.shopper(t, "nora"), "NORTHERN", 1))
	south := second.place(t, second.client, second.newOrder("S-1", second.shopper(t, "sol"), "SOUTHERN", 1))
	second.becomes(t, south, "BOOKED; S1 HD_PFS AWAITING_WAVE SOUTHERN×1")
	first.becomes(t, north, "BOOKED; N1 HD_PFS AWAITING_WAVE NORTHERN×1")

	limited := second
	limited.client = second.limitedUser(t)
	t.Run("sees its own", func(t *testing.T) {
		limited.becomes(t, south, "BOOKED; S1 HD_PFS AWAITING_WAVE SOUTHERN×1")
		require.Equal(t, "COMPLETE", limited.sendFor(t, "InformCustomerService", "ORDER", south, nil))
	})
	t.Run("lists its own only", func(t *testing.T) { limited.listsOnly(t) })
	t.Run("reaches nothing of the other", func(t *testing.T) { limited.reachesNothing(t, north) })
	t.Run("no route leads to the other", func(t *testing.T) { limited.routesReachNothing(t, first, north) })
	t.Run("changes nothing of the other", func(t *testing.T) { limited.changesNothing(t, first, north) })
}

// limitedUser creates a user who may do everything, for one retailer, and signs in as that user.
func (x *tenant) limitedUser(t *testing.T) *apiclient.Client {
	t.Helper()
	ask[struct{ CreateUser struct{ ID string } }](t, x.client, `mutation ($input: CreateUserInput!) { createUser(input: $input) { id } }`, map[string]any{"input": map[string]any{
		"ref": "limited", "username": "limited", "password": "a long enough password", "type": "RETAILER", "firstName": "Lim", "primaryEmail": "l@example.com",
		"timezone": "Australia/Sydney", "primaryRetailer": map[string]any{"id": x.retailer},
		"roles": []any{map[string]any{"role": map[string]any{"name": "ADMIN"}, "contexts": []any{map[string]any{"contextType": "RETAILER", "contextId": x.retailer}}}},
	}})
	credentials := x.credentials
	credentials.Username, credentials.Password = "limited", "a long enough password"
	return apiclient.New(x.gateway, credentials)
}

func (x *tenant) listsOnly(t *testing.T) {
	type ref struct{ Ref string }
	found := ask[struct {
		Orders, Locations, Customers, Retailers list[ref]
		Fulfilments                             list[struct{ FromLocation ref }]
		InventoryPositions                      list[struct{ ProductRef string }]
	}](t, x.client, `{ orders { edges { node { ref } } } locations { edges { node { ref } } } customers { edges { node { ref } } } retailers { edges { node { ref } } }
		fulfilments { edges { node { fromLocation { ref } } } } inventoryPositions { edges { node { productRef } } } }`, nil)
	require.Equal(t, []ref{{"S-1"}}, found.Orders.nodes())
	require.Contains(t, found.Locations.nodes(), ref{"S1"})
	require.NotContains(t, found.Locations.nodes(), ref{"N1"})
	require.Len(t, found.Customers.nodes(), 1)
	require.Equal(t, []ref{{"SOUTH"}}, found.Retailers.nodes())
	require.Len(t, found.Fulfilments.nodes(), 1)
	require.Len(t, found.InventoryPositions.nodes(), 1)
	require.Equal(t, "SOUTHERN", found.InventoryPositions.nodes()[0].ProductRef)
}

func (x *tenant) reachesNothing(t *testing.T, order string) {
	found := ask[map[string]any](t, x.client, `query ($id: ID!) { orderById(id: $id) { id } location(ref: "N1") { id } retailerById(id: 1) { ref } }`, map[string]any{"id": order})
	require.Equal(t, map[string]any{"orderById": nil, "location": nil, "retailerById": nil}, found)
	events, err := x.client.Events(context.Background(), url.Values{"context.rootEntityType": {"ORDER"}, "context.rootEntityId": {order}}, 10)
	require.NoError(t, err)
	require.Empty(t, events)
}

func (x *tenant) changesNothing(t *testing.T, other *tenant, order string) {
	ctx := context.Background()
	var refused *apiclient.GraphQLError
	err := x.client.GraphQL(ctx, `mutation ($id: ID!) { updateOrder(input: {id: $id, status: "GONE"}) { id } }`, map[string]any{"id": order}, nil)
	require.ErrorAs(t, err, &refused)
	err = x.client.GraphQL(ctx, createOrderDocument, map[string]any{"input": other.newOrder("N-2", "1", "NORTHERN", 1)}, nil)
	require.ErrorAs(t, err, &refused)
	var status *apiclient.StatusError
	_, err = x.client.SendEvent(ctx, "sync", map[string]any{"name": "OrderCancel", "entityType": "ORDER", "entityId": order, "retailerId": other.retailer})
	require.ErrorAs(t, err, &status)
	_, err = x.client.SendEvent(ctx, "sync", map[string]any{"name": "OrderCancel", "entityType": "ORDER", "entityId": order, "retailerId": x.retailer})
	require.ErrorAs(t, err, &status)
	_, err = x.client.LoadStock(ctx, other.retailer, "theft", []apiclient.StockRow{{LocationRef: "N1", SkuRef: "NORTHERN", Qty: 0}}, nil)
	require.ErrorAs(t, err, &status)
	other.becomes(t, order, "BOOKED; N1 HD_PFS AWAITING_WAVE NORTHERN×1")
}
