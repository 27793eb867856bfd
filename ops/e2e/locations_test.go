package e2e_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/apiclient"
)

// TestStoreUsersWorkAtTheirLocation: a store assistant reads, works on and traces what its store ships, and nothing of the store beside it.
func TestStoreUsersWorkAtTheirLocation(t *testing.T) {
	s := shared(t)
	shop := administrator(t, s.stack).account(t, "TWOSTORES", "STORES")
	shop.stock(t, apiclient.StockRow{LocationRef: "ST1", SkuRef: "ONE", Qty: 5}, apiclient.StockRow{LocationRef: "ST2", SkuRef: "TWO", Qty: 5})
	mine := shop.place(t, shop.client, shop.newOrder("O-1", shop.shopper(t, "una"), "ONE", 1))
	theirs := shop.place(t, shop.client, shop.newOrder("O-2", shop.shopper(t, "dua"), "TWO", 1))
	shop.becomes(t, mine, "BOOKED; ST1 HD_PFS AWAITING_WAVE ONE×1")
	shop.becomes(t, theirs, "BOOKED; ST2 HD_PFS AWAITING_WAVE TWO×1")
	store := *shop
	store.client = shop.storeUser(t, "ST1")
	own, other := shop.fulfilmentOf(t, mine), shop.fulfilmentOf(t, theirs)

	store.becomes(t, mine, "BOOKED; ST1 HD_PFS AWAITING_WAVE ONE×1")
	type ref struct{ Ref string }
	found := ask[struct {
		Orders, Customers, Locations list[ref]
		Fulfilments                  list[struct{ ID string }]
		InventoryPositions           list[struct{ ProductRef string }]
		OrderByID                    *ref
	}](t, store.client, `query ($id: ID!) { orders { edges { node { ref } } } customers { edges { node { ref } } } locations { edges { node { ref } } }
		fulfilments { edges { node { id } } } inventoryPositions { edges { node { productRef } } } orderById(id: $id) { ref } }`, map[string]any{"id": theirs})
	require.Equal(t, []ref{{"O-1"}}, found.Orders.nodes())
	require.Equal(t, []struct{ ID string }{{own}}, found.Fulfilments.nodes())
	require.Len(t, found.Customers.nodes(), 1)
	require.Nil(t, found.OrderByID)
	require.Len(t, found.InventoryPositions.nodes(), 2, "stock elsewhere is readable")
	require.Contains(t, found.Locations.nodes(), ref{"ST2"})

	require.Equal(t, "COMPLETE", store.sendFor(t, "InformCustomerService", "ORDER", mine, nil))
	traced, err := store.client.Events(t.Context(), url.Values{"context.rootEntityType": {"ORDER"}, "context.rootEntityId": {mine}}, 50)
	require.NoError(t, err)
	require.NotEmpty(t, traced)
	hidden, err := store.client.Events(t.Context(), url.Values{"context.rootEntityType": {"ORDER"}, "context.rootEntityId": {theirs}}, 50)
	require.NoError(t, err)
	require.Empty(t, hidden)
	all, err := shop.client.Events(t.Context(), url.Values{"context.rootEntityType": {"ORDER"}, "context.rootEntityId": {theirs}}, 50)
	require.NoError(t, err)
	require.NotEmpty(t, all)
	store.reachesNothingElsewhere(t, mine, theirs, other, all[0].ID)
	shop.becomes(t, theirs, "BOOKED; ST2 HD_PFS AWAITING_WAVE TWO×1")
	t.Run("a policy of the account narrows it further", func(t *testing.T) { shop.narrows(t, &store) })
}

// narrows writes a policy that hides orders that are booked from store assistants, and takes it back.
func (x *tenant) narrows(t *testing.T, store *tenant) {
	put := func(text string) (version struct{ Version int }) {
		require.NoError(t, x.client.Do(t.Context(), http.MethodPut, "/api/v4.1/policy", map[string]any{"policy": text, "comment": "walls"}, &version))
		return version
	}
	seen := func() int {
		return len(ask[struct{ Orders list[struct{ Ref string }] }](t, store.client, `{ orders { edges { node { ref } } } }`, nil).Orders.nodes())
	}
	require.Equal(t, 1, seen())
	require.Equal(t, 1, put("package account\nallow if input.permission != \"ORDER_VIEW\"\nallow if input.row.status != \"BOOKED\"").Version)
	require.Eventually(t, func() bool { return seen() == 0 }, patience, 20*time.Millisecond)
	refused := refusal(t, x.client.Do(t.Context(), http.MethodPut, "/api/v4.1/policy", map[string]any{"policy": "package account\nallow if input.row.nosuch == 1"}, nil))
	require.Equal(t, http.StatusBadRequest, refused.Status)
	require.Contains(t, refused.Body, "has no field nosuch")
	refused = refusal(t, store.client.Do(t.Context(), http.MethodGet, "/api/v4.1/policy", nil, nil))
	require.Equal(t, http.StatusForbidden, refused.Status)
	require.Equal(t, 2, put("").Version)
	require.Eventually(t, func() bool { return seen() == 1 }, patience, 20*time.Millisecond)
}

// reachesNothingElsewhere tries each route with what the store beside it works on.
func (x *tenant) reachesNothingElsewhere(t *testing.T, mine, order, fulfilment, event string) {
	send := func(members map[string]any) map[string]any {
		members["name"], members["retailerId"] = "OrderCancel", x.retailer
		return members
	}
	for _, c := range []struct {
		name, method, path string
		body               any
		want               int
	}{
		{"event to an order", http.MethodPost, "/api/v4.1/event/sync", send(map[string]any{"entityType": "ORDER", "entityId": order}), 404},
		{"event to an order, by ref, later", http.MethodPost, "/api/v4.1/event/async", send(map[string]any{"entityType": "ORDER", "entityRef": "O-2"}), 404},
		{"event to a fulfilment", http.MethodPost, "/api/v4.1/event/sync", send(map[string]any{"entityType": "FULFILMENT", "entityId": fulfilment}), 404},
		{"event to a fulfilment of another's order, under one's own", http.MethodPost, "/api/v4.1/event/async", send(map[string]any{"entityType": "FULFILMENT", "entityId": fulfilment, "rootEntityType": "ORDER", "rootEntityId": mine}), 404},
		{"event to the retailer's stock", http.MethodPost, "/api/v4.1/event/async", send(map[string]any{"entityType": "INVENTORY_CATALOGUE", "entityRef": "DEFAULT:" + x.retailer}), 404},
		{"event by id", http.MethodGet, "/api/v4.1/event/" + event, nil, 404},
		{"workflow", http.MethodGet, "/api/v4.1/workflow/" + x.retailer + "/ORDER::HD", nil, 403},
		{"job", http.MethodPost, "/api/v4.1/job", map[string]any{"name": "x", "retailerId": x.retailer}, 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			refused := refusal(t, x.client.Do(context.Background(), c.method, c.path, c.body, nil))
			require.Equal(t, c.want, refused.Status, "%s", refused.Body)
		})
	}
}

// storeUser creates a store assistant of a location and signs in.
func (x *tenant) storeUser(t *testing.T, location string) *apiclient.Client {
	t.Helper()
	at := ask[struct{ Location struct{ ID string } }](t, x.client, `query ($ref: String) { location(ref: $ref) { id } }`, map[string]any{"ref": location}).Location.ID
	ask[struct{ CreateUser struct{ ID string } }](t, x.client, `mutation ($input: CreateUserInput!) { createUser(input: $input) { id } }`, map[string]any{"input": map[string]any{
		"ref": location, "username": "at-" + location, "password": "a long enough password", "type": "LOCATION", "firstName": "Sto", "primaryEmail": "s@example.com", "timezone": "Australia/Sydney",
		"roles": []any{map[string]any{"role": map[string]any{"name": "STORE_ASSISTANT"}, "contexts": []any{map[string]any{"contextType": "AGENT", "contextId": at}}}},
	}})
	credentials := x.credentials
	credentials.Username, credentials.Password = "at-"+location, "a long enough password"
	return apiclient.New(x.gateway, credentials)
}

// fulfilmentOf is an order's only fulfilment.
func (x *tenant) fulfilmentOf(t *testing.T, order string) string {
	t.Helper()
	found := ask[struct {
		OrderByID struct{ Fulfilments list[struct{ ID string }] }
	}](t, x.client, `query ($id: ID!) { orderById(id: $id) { fulfilments { edges { node { id } } } } }`, map[string]any{"id": order}).OrderByID.Fulfilments.nodes()
	require.Len(t, found, 1)
	return found[0].ID
}
