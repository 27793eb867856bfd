package e2e_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/apiclient"
)

// apiClient is an API client as the tenants' API shows it.
type apiClient struct {
	ID             string
	State          string
	OverPrivileged bool
	Roles          []struct {
		Role     string
		Contexts []struct{ ContextType, ContextID string }
	}
	Secrets      []struct{ CreatedOn, EndsOn string }
	ClientSecret string
}

func acting(role, kind, id string) []any {
	return []any{map[string]any{"role": role, "contexts": []any{map[string]any{"contextType": kind, "contextId": id}}}}
}

// refusal is what a call was refused with.
func refusal(t *testing.T, err error) *apiclient.StatusError {
	t.Helper()
	var refused *apiclient.StatusError
	require.ErrorAs(t, err, &refused)
	return refused
}

// lacks wants a GraphQL call to be refused for want of a permission, which the answer names.
func lacks(t *testing.T, client *apiclient.Client, permission, document string, variables map[string]any) {
	t.Helper()
	var refused *apiclient.GraphQLError
	require.ErrorAs(t, client.GraphQL(context.Background(), document, variables, nil), &refused)
	require.Equal(t, "C0020E", refused.Errors[0].Extensions["code"], "%v", refused)
	require.Contains(t, refused.Errors[0].Message, permission)
}

// bare is a client of the tenant that signs in by a client's id and secret alone.
func (x *tenant) bare(id, secret string) *apiclient.Client {
	return apiclient.New(x.gateway, apiclient.Credentials{ClientID: id, ClientSecret: secret})
}

const saveSetting = `mutation ($input: CreateSettingInput!) { createSetting(input: $input) { id } }`

// TestAPIClients takes clients of an account through their lives, as its administrator and as the operator, and looks at what they may do.
func TestAPIClients(t *testing.T) {
	s := shared(t)
	operator := administrator(t, s.stack)
	shop := operator.account(t, "DOORS", "DOORS-AU")
	setting := map[string]any{"input": map[string]any{"name": "doors", "context": "RETAILER", "contextId": 1, "value": "1", "valueType": "STRING"}}

	t.Run("a new account's own client is an integration, and no more", func(t *testing.T) {
		own := shop.bare(shop.credentials.ClientID, shop.credentials.ClientSecret)
		shop.stock(t, apiclient.StockRow{LocationRef: "D1", SkuRef: "DOOR", Qty: 5})
		_, err := own.LoadStock(t.Context(), shop.retailer, "erp", []apiclient.StockRow{{LocationRef: "D1", SkuRef: "DOOR", Qty: 7}}, nil)
		require.NoError(t, err, "the ERP loads stock")
		order := shop.place(t, own, shop.newOrder("D-1", shop.shopper(t, "dora"), "DOOR", 1))
		shop.becomes(t, order, "BOOKED; D1 HD_PFS AWAITING_WAVE DOOR×1")
		lacks(t, own, "SETTING_CREATE", saveSetting, setting)
		lacks(t, own, "USER_CREATE", `mutation { createUser(input: {ref: "x", username: "x", password: "long enough for me", type: "ADMIN", firstName: "x", primaryEmail: "x@example.com", timezone: "UTC"}) { id } }`, nil)
		refused := refusal(t, own.Do(t.Context(), http.MethodPut, "/api/v4.1/workflow", map[string]any{"name": "ORDER::DOORS", "retailerId": shop.retailer, "entityType": "ORDER", "entitySubtype": "DOORS", "version": "1.0", "rulesets": []any{}, "statuses": []any{}}, nil))
		require.Equal(t, http.StatusForbidden, refused.Status, refused.Body)
		require.Contains(t, refused.Body, "WORKFLOW_CREATE")
		refused = refusal(t, own.Do(t.Context(), http.MethodPost, "/api/v4.1/client", map[string]any{"id": "DOORS-more", "roles": acting("ADMIN", "ACCOUNT", "0")}, nil))
		require.Equal(t, http.StatusForbidden, refused.Status, refused.Body)
		require.Contains(t, refused.Body, "APICLIENT_CREATE")
	})

	var made apiClient
	t.Run("the administrator makes another, which sets up", func(t *testing.T) {
		require.NoError(t, shop.client.Do(t.Context(), http.MethodPost, "/api/v4.1/client", map[string]any{
			"id": "DOORS-setup", "description": "set-up", "roles": acting("IMPLEMENTER", "ACCOUNT", "0"),
		}, &made))
		require.NotEmpty(t, made.ClientSecret)
		setup := shop.bare(made.ID, made.ClientSecret)
		ask[struct{ CreateSetting struct{ ID string } }](t, setup, saveSetting, setting)
		lacks(t, setup, "ORDER_CREATE", createOrderDocument, map[string]any{"input": shop.newOrder("D-2", "1", "DOOR", 1)})
		var all struct{ Clients []apiClient }
		require.NoError(t, shop.client.Do(t.Context(), http.MethodGet, "/api/v4.1/client", nil, &all))
		require.Len(t, all.Clients, 2)
		require.Equal(t, []string{"DOORS", "DOORS-setup"}, []string{all.Clients[0].ID, all.Clients[1].ID})
		require.Empty(t, all.Clients[1].ClientSecret, "nobody reads it again")
		require.Regexp(t, `(?m)^DOORS-setup +ACTIVE +IMPLEMENTER`, operator.run(t, "", "client", "list", "DOORS"))
	})

	t.Run("its secret is rotated", func(t *testing.T) {
		live := shop.bare(made.ID, made.ClientSecret)
		_, err := live.Token(t.Context())
		require.NoError(t, err)
		var next apiClient
		require.NoError(t, shop.client.Do(t.Context(), http.MethodPost, "/api/v4.1/client/DOORS-setup/secret", map[string]any{"overlapSeconds": 5}, &next))
		require.Len(t, next.Secrets, 2)
		shop.enters(t, made.ID, next.ClientSecret)
		shop.enters(t, made.ID, made.ClientSecret)
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			_, err := shop.bare(made.ID, made.ClientSecret).Token(context.Background())
			require.Error(c, err)
		}, 30*time.Second, 100*time.Millisecond, "the old secret ends")
		shop.enters(t, made.ID, next.ClientSecret)
		require.NoError(t, live.Do(t.Context(), http.MethodGet, "/api/v4.1/workflow?retailerId=1", nil, nil), "tokens go on")

		var last apiClient
		require.NoError(t, shop.client.Do(t.Context(), http.MethodPost, "/api/v4.1/client/DOORS-setup/secret", map[string]any{"overlapSeconds": 0}, &last))
		require.Equal(t, http.StatusUnauthorized, refusal(t, live.Do(t.Context(), http.MethodGet, "/api/v4.1/workflow?retailerId=1", nil, nil)).Status, "as after a leak")
		shop.enters(t, made.ID, last.ClientSecret)
		made.ClientSecret = last.ClientSecret
	})

	t.Run("narrowing and revoking reach tokens that live", func(t *testing.T) {
		live := shop.bare(made.ID, made.ClientSecret)
		_, err := live.Token(t.Context())
		require.NoError(t, err)
		require.NoError(t, shop.client.Do(t.Context(), http.MethodPut, "/api/v4.1/client/DOORS-setup", map[string]any{"roles": acting("STORE_ASSISTANT", "RETAILER", "1")}, nil))
		lacks(t, live, "SETTING_CREATE", saveSetting, setting)
		require.NoError(t, live.GraphQL(t.Context(), `{ orders { edges { node { ref } } } }`, nil, nil))
		require.NoError(t, shop.client.Do(t.Context(), http.MethodDelete, "/api/v4.1/client/DOORS-setup", nil, nil))
		var refused *apiclient.StatusError
		require.ErrorAs(t, live.GraphQL(t.Context(), `{ orders { edges { node { ref } } } }`, nil, nil), &refused)
		require.Equal(t, http.StatusUnauthorized, refused.Status)
		_, err = shop.bare(made.ID, made.ClientSecret).Token(t.Context())
		require.Error(t, err)
	})
	t.Run("accounts are walls", func(t *testing.T) { shop.clientsAreWalledOff(t, s) })
	t.Run("nobody gains by a client", func(t *testing.T) { shop.clientsGiveNoRights(t) })
	t.Run("an operator narrows one that is over-privileged", func(t *testing.T) {
		operator.run(t, "", "account", "create", "DOORSADMIN", "--client-role", "ADMIN")
		require.Regexp(t, `(?m)^DOORSADMIN +ACTIVE +ADMIN +OVER-PRIVILEGED`, operator.run(t, "", "client", "list", "--over-privileged"))
		require.NotContains(t, operator.run(t, "", "client", "narrow", "DOORSADMIN", "--role", "INTEGRATION"), "OVER-PRIVILEGED")
		require.NotContains(t, operator.run(t, "", "client", "list", "--over-privileged"), "DOORSADMIN")
	})
}

// enters wants a client's secret to let it in.
func (x *tenant) enters(t *testing.T, id, secret string) {
	t.Helper()
	_, err := x.bare(id, secret).Token(t.Context())
	require.NoError(t, err)
}

// clientsAreWalledOff: an administrator neither sees nor changes clients of another account; they read like those that do not exist.
func (x *tenant) clientsAreWalledOff(t *testing.T, s *system) {
	demo := s.stack.Ready.Demo
	var all struct{ Clients []apiClient }
	require.NoError(t, x.client.Do(t.Context(), http.MethodGet, "/api/v4.1/client", nil, &all))
	for _, c := range all.Clients {
		require.NotContains(t, c.ID, demo.ClientID)
	}
	for name, call := range map[string]func(id string) error{
		"update": func(id string) error {
			return x.client.Do(t.Context(), http.MethodPut, "/api/v4.1/client/"+id, map[string]any{"roles": acting("ADMIN", "ACCOUNT", "0")}, nil)
		},
		"rotate": func(id string) error {
			return x.client.Do(t.Context(), http.MethodPost, "/api/v4.1/client/"+id+"/secret", nil, nil)
		},
		"revoke": func(id string) error {
			return x.client.Do(t.Context(), http.MethodDelete, "/api/v4.1/client/"+id, nil, nil)
		},
	} {
		theirs, nobodys := refusal(t, call(demo.ClientID)), refusal(t, call("NOSUCH"))
		require.Equal(t, http.StatusNotFound, theirs.Status, "%s: %s", name, theirs.Body)
		require.Equal(t, nobodys.Status, theirs.Status, name)
	}
	refused := refusal(t, x.client.Do(t.Context(), http.MethodPost, "/api/v4.1/client", map[string]any{"id": demo.ClientID + "-mine", "roles": acting("ADMIN", "ACCOUNT", "0")}, nil))
	require.Equal(t, http.StatusBadRequest, refused.Status, refused.Body)
	x.enters(t, demo.ClientID, demo.ClientSecret)
}

// clientsGiveNoRights: who may keep clients, and is no administrator, makes none that may more than he, and learns no secret of such a one.
func (x *tenant) clientsGiveNoRights(t *testing.T) {
	ask[map[string]any](t, x.client, `mutation { createRole(input: {name: "KEEPER", permissions: [{name: "APICLIENT_VIEW"}, {name: "APICLIENT_CREATE"}, {name: "APICLIENT_UPDATE"}, {name: "ORDER_VIEW"}]}) { id } }`, nil)
	ask[map[string]any](t, x.client, `mutation { createRole(input: {name: "LOOKER", permissions: [{name: "ORDER_VIEW"}]}) { id } }`, nil)
	var keeper apiClient
	require.NoError(t, x.client.Do(t.Context(), http.MethodPost, "/api/v4.1/client", map[string]any{"id": "DOORS-keeper", "roles": acting("KEEPER", "ACCOUNT", "0")}, &keeper))
	as := x.bare(keeper.ID, keeper.ClientSecret)
	for name, err := range map[string]error{
		"an administrator":      as.Do(t.Context(), http.MethodPost, "/api/v4.1/client", map[string]any{"id": "DOORS-a", "roles": acting("ADMIN", "ACCOUNT", "0")}, nil),
		"one retailer's":        as.Do(t.Context(), http.MethodPost, "/api/v4.1/client", map[string]any{"id": "DOORS-b", "roles": acting("ADMIN", "RETAILER", "1")}, nil),
		"an integration":        as.Do(t.Context(), http.MethodPost, "/api/v4.1/client", map[string]any{"id": "DOORS-c", "roles": acting("INTEGRATION", "ACCOUNT", "0")}, nil),
		"itself, widened":       as.Do(t.Context(), http.MethodPut, "/api/v4.1/client/DOORS-keeper", map[string]any{"roles": acting("ADMIN", "ACCOUNT", "0")}, nil),
		"the secret of another": as.Do(t.Context(), http.MethodPost, "/api/v4.1/client/DOORS/secret", nil, nil),
	} {
		require.Equal(t, http.StatusForbidden, refusal(t, err).Status, name)
	}
	require.NoError(t, as.Do(t.Context(), http.MethodPost, "/api/v4.1/client", map[string]any{"id": "DOORS-looker", "roles": acting("LOOKER", "RETAILER", "1")}, nil))
	refused := refusal(t, x.client.Do(t.Context(), http.MethodPost, "/api/v4.1/client", map[string]any{"id": "DOORS-typo", "roles": acting("INTEGRATON", "ACCOUNT", "0")}, nil))
	require.Equal(t, http.StatusBadRequest, refused.Status)
	require.Contains(t, refused.Body, "INTEGRATON")
}
