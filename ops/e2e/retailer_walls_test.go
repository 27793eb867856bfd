package e2e_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/apiclient"
)

// routesReachNothing tries each REST route with what another retailer of the same account owns.
func (x *tenant) routesReachNothing(t *testing.T, other *tenant, order string) {
	ctx := context.Background()
	job, batch := other.newBatch(t, map[string]any{"locationRef": "N1", "skuRef": "NORTHERN", "qty": 5})
	events, err := other.client.Events(ctx, map[string][]string{"context.rootEntityId": {order}, "context.rootEntityType": {"ORDER"}}, 3)
	require.NoError(t, err)
	require.NotEmpty(t, events)
	workflow := ask1[map[string]any](t, other.client, "/api/v4.1/workflow/"+other.retailer+"/ORDER::HD")
	event := func(retailer string, members map[string]any) map[string]any {
		members["name"], members["retailerId"] = "OrderCancel", retailer
		return members
	}
	for _, c := range []struct {
		name, method, path string
		body               any
		want               int
	}{
		{"workflow", http.MethodGet, "/api/v4.1/workflow/" + other.retailer + "/ORDER::HD", nil, 403},
		{"workflow of a version", http.MethodGet, "/api/v4.1/workflow/" + other.retailer + "/ORDER::HD?version=1.0", nil, 403},
		{"workflow versions", http.MethodGet, "/api/v4.1/workflow/" + other.retailer + "/ORDER::HD/versions", nil, 403},
		{"workflows", http.MethodGet, "/api/v4.1/workflow?retailerId=" + other.retailer, nil, 403},
		{"upload", http.MethodPut, "/api/v4.1/workflow", workflow, 403},
		{"event by id", http.MethodGet, "/api/v4.1/event/" + events[0].ID, nil, 404},
		{"event in the other's name", http.MethodPost, "/api/v4.1/event/sync", event(other.retailer, map[string]any{"entityType": "ORDER", "entityId": order}), 403},
		{"event by entity id", http.MethodPost, "/api/v4.1/event/sync", event(x.retailer, map[string]any{"entityType": "ORDER", "entityId": order}), 404},
		{"event by root", http.MethodPost, "/api/v4.1/event/async", event(x.retailer, map[string]any{"entityType": "FULFILMENT", "entityRef": "new", "rootEntityType": "ORDER", "rootEntityId": order}), 404},
		{"event to the other's catalogue", http.MethodPost, "/api/v4.1/event/sync", event(x.retailer, map[string]any{"entityType": "INVENTORY_CATALOGUE", "entityRef": "DEFAULT:" + other.retailer}), 404},
		{"new job", http.MethodPost, "/api/v4.1/job", map[string]any{"name": "x", "retailerId": other.retailer}, 403},
		{"new job of the account", http.MethodPost, "/api/v4.1/job", map[string]any{"name": "x", "retailerId": 0}, 403},
		{"job", http.MethodGet, "/api/v4.1/job/" + job, nil, 404},
		{"job results", http.MethodGet, "/api/v4.1/job/" + job + "/results", nil, 404},
		{"batch", http.MethodGet, "/api/v4.1/job/" + job + "/batch/" + batch, nil, 404},
		{"new batch", http.MethodPost, "/api/v4.1/job/" + job + "/batch", map[string]any{"action": "UPSERT", "entityType": "INVENTORY", "entities": []any{map[string]any{"locationRef": "S1", "skuRef": "a", "qty": 1}}}, 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			var status *apiclient.StatusError
			require.ErrorAs(t, x.client.Do(ctx, c.method, c.path, c.body, nil), &status)
			require.Equal(t, c.want, status.Status, "%s", status.Body)
		})
	}
	t.Run("feed", func(t *testing.T) {
		for from, more := "start", true; more; {
			changes, next, again, err := x.client.Feed(ctx, "Order,OrderItem,Fulfilment,Location,Customer,InventoryPosition", from, 1000, 0)
			require.NoError(t, err)
			for _, c := range changes {
				require.NotContains(t, string(c.Entity), `"retailer":"`+other.retailer+`"`, "%s %s", c.Type, c.ID)
				require.False(t, c.Type == "Order" && c.ID == order, "the other's order")
			}
			from, more = next, again
		}
	})
	t.Run("user actions", func(t *testing.T) {
		var answer struct{ Response []struct{ UserActions []any } }
		trigger := map[string]any{"type": "ORDER", "subtype": "HD", "status": "BOOKED", "module": "oms", "flexType": "ORDER::HD", "retailerId": other.retailer}
		require.NoError(t, x.client.Do(ctx, http.MethodPost, "/api/v4.1/transition", map[string]any{"triggers": []any{trigger}}, &answer))
		require.Empty(t, answer.Response[0].UserActions)
	})
	t.Run("rows of a batch", func(t *testing.T) {
		failures, err := x.client.LoadStock(ctx, x.retailer, "theft", []apiclient.StockRow{{LocationRef: "N1", SkuRef: "NORTHERN", Qty: 0}}, nil)
		require.NoError(t, err)
		require.Len(t, failures, 1)
		require.Contains(t, failures[0], "there is no location N1")
	})
}

// newBatch sends one record in a batch of a new job.
func (x *tenant) newBatch(t *testing.T, record map[string]any) (job, batch string) {
	t.Helper()
	ctx := context.Background()
	var made struct{ ID string }
	require.NoError(t, x.client.Do(ctx, http.MethodPost, "/api/v4.1/job", map[string]any{"name": "walls", "retailerId": x.retailer}, &made))
	job = made.ID
	require.NoError(t, x.client.Do(ctx, http.MethodPost, "/api/v4.1/job/"+job+"/batch", map[string]any{"action": "UPSERT", "entityType": "INVENTORY", "entities": []any{record}}, &made))
	return job, made.ID
}

// ask1 gets one path.
func ask1[T any](t *testing.T, client *apiclient.Client, path string) (out T) {
	t.Helper()
	require.NoError(t, client.Do(context.Background(), http.MethodGet, path, nil, &out))
	return out
}

// TestImplementersReachTheirAccountsOnly signs an operator in who may set up one account, and tries the commands on another.
func TestImplementersReachTheirAccountsOnly(t *testing.T) {
	s := shared(t)
	operator := administrator(t, s.stack)
	operator.account(t, "THEIRS", "SHOP")
	var made struct{ Password string }
	require.NoError(t, json.Unmarshal([]byte(operator.run(t, "", "operator", "create", "ida", "--role", "implementer=THEIRS", "-o", "json")), &made))
	ida := signIn(t, s.stack, "ida", made.Password)
	require.Contains(t, ida.run(t, "", "account", "get", "THEIRS"), "ACTIVE")
	require.NotContains(t, ida.run(t, "", "account", "list"), s.stack.Ready.Demo.Account)
	require.NotContains(t, ida.run(t, "", "operation", "list"), s.stack.Ready.Demo.Account)
	require.NotContains(t, ida.run(t, "", "audit", "list"), s.stack.Ready.Demo.Account)
	for _, args := range [][]string{
		{"account", "get", "DEMO"}, {"account", "suspend", "DEMO"}, {"account", "delete", "DEMO", "--yes"}, {"account", "rotate-secret", "DEMO"},
		{"account", "create", "MORE", "--retailer", "R"}, {"account", "suspend", "THEIRS"}, {"retailer", "list", "DEMO"}, {"retailer", "create", "DEMO", "X"},
		{"node", "list"}, {"environment", "get", "shared"}, {"operator", "list"}, {"operator", "create", "eve", "--role", "platform-administrator"},
	} {
		out, err := ida.try("", args...)
		require.Error(t, err, "%v: %s", args, out)
	}
	ida.run(t, "", "retailer", "create", "THEIRS", "SECOND")
}
