package e2e_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/apiclient"
)

// worker creates a user with one role for the tenant's retailer, and signs in as that user.
func (x *tenant) worker(t *testing.T, name, role string) *apiclient.Client {
	t.Helper()
	ask[struct{ CreateUser struct{ ID string } }](t, x.client, `mutation ($input: CreateUserInput!) { createUser(input: $input) { id } }`, map[string]any{"input": map[string]any{
		"ref": name, "username": name, "password": "a long enough password", "type": "RETAILER", "firstName": "W", "primaryEmail": "w@example.com",
		"timezone": "Australia/Sydney", "primaryRetailer": map[string]any{"id": x.retailer},
		"roles": []any{map[string]any{"role": map[string]any{"name": role}, "contexts": []any{map[string]any{"contextType": "RETAILER", "contextId": x.retailer}}}},
	}})
	credentials := x.credentials
	credentials.Username, credentials.Password = name, "a long enough password"
	return apiclient.New(x.gateway, credentials)
}

// TestNobodyDoesMoreByAWorkflowOfHisOwn: an event that brings its own workflow does what its sender may do, and nothing else.
func TestNobodyDoesMoreByAWorkflowOfHisOwn(t *testing.T) {
	s := shared(t)
	x := administrator(t, s.stack).account(t, "ONCEONLY", "SHOP")
	x.stock(t, apiclient.StockRow{LocationRef: "N1", SkuRef: "SKU", Qty: 5})
	placed := x.place(t, x.client, x.newOrder("ONCE-1", x.shopper(t, "ona"), "SKU", 1))
	const state = "BOOKED; N1 HD_PFS AWAITING_WAVE SKU×1"
	x.becomes(t, placed, state)

	ask[map[string]any](t, x.client, `mutation ($input: CreateRoleInput!) { createRole(input: $input) { id } }`, map[string]any{"input": map[string]any{
		"name": "AUTHOR", "permissions": []any{
			map[string]any{"name": "EVENT_CREATE"}, map[string]any{"name": "EVENT_VIEW"}, map[string]any{"name": "WORKFLOW_UPDATE"},
			map[string]any{"name": "ORDER_VIEW"}, map[string]any{"name": "COMMENT_CREATE"}}}})
	assistant, author := x.worker(t, "assistant", "STORE_ASSISTANT"), x.worker(t, "author", "AUTHOR")
	fix := func(rule string, props map[string]any) map[string]any {
		return map[string]any{"name": "Fix", "entityType": "ORDER", "entityId": placed, "retailerId": x.retailer, "meta": map[string]any{"workflow": map[string]any{
			"retailerId": x.retailer, "version": "1.0", "entityType": "ORDER",
			"rulesets": []any{map[string]any{"name": "Fix", "type": "ORDER", "triggers": []any{}, "rules": []any{map[string]any{"name": rule, "props": props}}}}}}}
	}
	ctx := context.Background()
	cancel := fix("FLUENTRETAIL.core.SetState", map[string]any{"status": "STOLEN"})

	_, err := assistant.SendEvent(ctx, "sync", cancel)
	var status *apiclient.StatusError
	require.ErrorAs(t, err, &status)
	require.Equal(t, http.StatusForbidden, status.Status)
	require.Contains(t, err.Error(), "WORKFLOW_UPDATE")

	sent, err := author.SendEvent(ctx, "sync", cancel)
	require.NoError(t, err)
	require.Equal(t, "FAILED", sent.EventStatus)
	var logged map[string]any
	require.NoError(t, x.client.Do(ctx, http.MethodGet, "/api/v4.1/event/"+sent.EventID, nil, &logged))
	require.Equal(t, "author", logged["generatedBy"])
	x.becomes(t, placed, state)

	sent, err = author.SendEvent(ctx, "sync", fix("FLUENTRETAIL.core.CreateComment", map[string]any{"text": "Looked at by hand"}))
	require.NoError(t, err)
	require.Equal(t, "COMPLETE", sent.EventStatus)
	sent, err = x.client.SendEvent(ctx, "sync", cancel) // the account's administrator
	require.NoError(t, err)
	require.Equal(t, "COMPLETE", sent.EventStatus)
}
