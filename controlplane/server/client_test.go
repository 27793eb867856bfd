package server_test

import (
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

func actingAs(role string) []*cpv1.ClientRole {
	return []*cpv1.ClientRole{{Role: role, Contexts: []*cpv1.ClientContext{{Type: "ACCOUNT", Id: "0"}}}}
}

// signedIn is an operator with one role.
func (c *trio) signedIn(name string, binding *cpv1.RoleBinding) *connect.Client {
	auth := controlplanev1connect.NewAuthServiceClient(c.operator())
	made, err := auth.CreateOperator(c.t.Context(), &cpv1.CreateOperatorRequest{Operator: &cpv1.Operator{Username: name, Bindings: []*cpv1.RoleBinding{binding}}})
	require.NoError(c.t, err)
	in, err := auth.Login(c.t.Context(), &cpv1.LoginRequest{Username: name, Password: made.GetPassword()})
	require.NoError(c.t, err)
	return client(c.anyone(), in.GetAccessToken())
}

// listed are the ids of all clients that an operator sees, in pages of two.
func listed(t *testing.T, over *connect.Client, request *cpv1.ListApiClientsRequest) []string {
	t.Helper()
	var ids []string
	request.PageSize = 2
	for {
		page, err := controlplanev1connect.NewApiClientServiceClient(over).ListApiClients(t.Context(), request)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page.GetClients()), 2)
		for _, c := range page.GetClients() {
			ids = append(ids, c.GetClientId())
		}
		if request.PageToken = page.GetNextPageToken(); request.GetPageToken() == "" {
			return ids
		}
	}
}

// TestOperatorsKeepAPIClients makes, lists, narrows, rotates and revokes clients, as operators who may and as others.
func TestOperatorsKeepAPIClients(t *testing.T) {
	t.Parallel()
	cp := newTrio(t, calm)
	cp.makeEnvironment()
	cp.neighbour()
	startNode(t, cp, "n1")
	accounts := controlplanev1connect.NewAccountServiceClient(cp.operator())
	acme := cp.create("ACME")
	require.Equal(t, "INTEGRATION", acme.GetAccount().GetClients()[0].GetRoles()[0].GetRole())
	cp.await(acme.GetOperation().GetId())
	other, err := accounts.CreateAccount(t.Context(), &cpv1.CreateAccountRequest{
		Account: &cpv1.Account{Name: "BETA", Environment: "other"}, ClientRoles: []*cpv1.ClientRole{{Role: "ADMIN"}},
	})
	require.NoError(t, err)
	require.Equal(t, "ADMIN", other.GetAccount().GetClients()[0].GetRoles()[0].GetRole())
	_, err = accounts.CreateAccount(t.Context(), &cpv1.CreateAccountRequest{Account: &cpv1.Account{Name: "GAMMA"}, ClientRoles: []*cpv1.ClientRole{{Role: "ADMINN"}}})
	require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(err), "%v", err)

	all := controlplanev1connect.NewApiClientServiceClient(cp.operator())
	request := &cpv1.CreateApiClientRequest{Client: &cpv1.ApiClient{ClientId: "ACME-erp", Roles: actingAs("INTEGRATION")}, RequestId: "erp"}
	made, err := all.CreateApiClient(t.Context(), request)
	require.NoError(t, err)
	require.NotEmpty(t, made.GetClientSecret())
	again, err := all.CreateApiClient(t.Context(), request)
	require.NoError(t, err)
	require.Empty(t, again.GetClientSecret(), "a repeat has made none")
	for _, id := range []string{"ACME", "acme-erp", "erp", "ACME-", "ACME-ERP", "NOBODY-erp", "ACME-erp"} {
		_, err := all.CreateApiClient(t.Context(), &cpv1.CreateApiClientRequest{Client: &cpv1.ApiClient{ClientId: id, Roles: actingAs("INTEGRATION")}})
		require.Error(t, err, id)
		require.NotEqual(t, connect.CodeInternal, connect.CodeOf(err), "%s: %v", id, err)
	}
	for _, id := range []string{"ACME-a", "ACME-b"} {
		_, err := all.CreateApiClient(t.Context(), &cpv1.CreateApiClientRequest{Client: &cpv1.ApiClient{ClientId: id, Roles: actingAs("ADMIN")}})
		require.NoError(t, err)
	}
	cp.listsAndRights(t)
	cp.clientsLives(t)
}

func (c *trio) listsAndRights(t *testing.T) {
	require.Equal(t, []string{"ACME", "ACME-a", "ACME-b", "ACME-erp", "BETA"}, listed(t, c.operator(), &cpv1.ListApiClientsRequest{}))
	require.Equal(t, []string{"BETA"}, listed(t, c.operator(), &cpv1.ListApiClientsRequest{Account: "BETA"}))
	require.Equal(t, []string{"ACME-a", "ACME-b"}, listed(t, c.operator(), &cpv1.ListApiClientsRequest{OverPrivileged: true}), "BETA's is not open yet")
	support := c.signedIn("support", &cpv1.RoleBinding{Role: "support-read-only"})
	implementer := c.signedIn("implementer", &cpv1.RoleBinding{Role: "implementer", Accounts: []string{"BETA"}})
	there := c.signedIn("there", &cpv1.RoleBinding{Role: "region-operator", Regions: []string{"there"}})
	require.Len(t, listed(t, support, &cpv1.ListApiClientsRequest{}), 5)
	require.Equal(t, []string{"BETA"}, listed(t, implementer, &cpv1.ListApiClientsRequest{}))
	require.Equal(t, []string{"BETA"}, listed(t, there, &cpv1.ListApiClientsRequest{}))
	for name, who := range map[string]*connect.Client{"support": support, "implementer": implementer, "there": there} {
		service := controlplanev1connect.NewApiClientServiceClient(who)
		_, created := service.CreateApiClient(t.Context(), &cpv1.CreateApiClientRequest{Client: &cpv1.ApiClient{ClientId: "ACME-mine", Roles: actingAs("ADMIN")}})
		_, updated := service.UpdateApiClient(t.Context(), &cpv1.UpdateApiClientRequest{Client: &cpv1.ApiClient{ClientId: "ACME-erp", Roles: actingAs("ADMIN")}})
		_, rotated := service.RotateApiClientSecret(t.Context(), &cpv1.RotateApiClientSecretRequest{ClientId: "ACME-erp"})
		_, revoked := service.RevokeApiClient(t.Context(), &cpv1.RevokeApiClientRequest{ClientId: "ACME-erp"})
		for _, err := range []error{created, updated, rotated, revoked} {
			require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(err), "%s: %v", name, err)
		}
	}
	_, err := controlplanev1connect.NewApiClientServiceClient(implementer).ListApiClients(t.Context(), &cpv1.ListApiClientsRequest{Account: "ACME"})
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(err), "%v", err)
	_, err = controlplanev1connect.NewApiClientServiceClient(there).CreateApiClient(t.Context(), &cpv1.CreateApiClientRequest{Client: &cpv1.ApiClient{ClientId: "BETA-mine", Roles: actingAs("ADMIN")}})
	require.NoError(t, err, "of the region's own account")
}

func (c *trio) clientsLives(t *testing.T) {
	all := controlplanev1connect.NewApiClientServiceClient(c.operator())
	narrowed, err := all.UpdateApiClient(t.Context(), &cpv1.UpdateApiClientRequest{Client: &cpv1.ApiClient{ClientId: "ACME-a", Roles: actingAs("IMPLEMENTER")}})
	require.NoError(t, err)
	require.False(t, narrowed.GetClient().GetOverPrivileged())
	_, err = all.UpdateApiClient(t.Context(), &cpv1.UpdateApiClientRequest{Client: &cpv1.ApiClient{ClientId: "ACME-a", Roles: actingAs("ADMIN"), Etag: "1"}})
	require.Equal(t, connect.CodeAborted, connect.CodeOf(err))
	_, err = all.UpdateApiClient(t.Context(), &cpv1.UpdateApiClientRequest{Client: &cpv1.ApiClient{ClientId: "ACME-a", ExpireTime: timestamppb.New(time.Now().Add(-time.Hour))}})
	require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(err))

	rotated, err := all.RotateApiClientSecret(t.Context(), &cpv1.RotateApiClientSecretRequest{ClientId: "ACME-erp", Overlap: durationpb.New(time.Hour)})
	require.NoError(t, err)
	require.NotEmpty(t, rotated.GetClientSecret())
	require.Len(t, rotated.GetClient().GetSecrets(), 2)
	for _, overlap := range []time.Duration{-time.Second, 90*24*time.Hour + time.Second} {
		_, err = all.RotateApiClientSecret(t.Context(), &cpv1.RotateApiClientSecretRequest{ClientId: "ACME-erp", Overlap: durationpb.New(overlap)})
		require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(err), "%v: %v", overlap, err)
	}
	_, err = all.RotateApiClientSecret(t.Context(), &cpv1.RotateApiClientSecretRequest{ClientId: "ACME-erp"})
	require.Equal(t, connect.CodeFailedPrecondition, connect.CodeOf(err), "%v", err)
	_, err = all.RotateApiClientSecret(t.Context(), &cpv1.RotateApiClientSecretRequest{ClientId: "ACME-erp", Overlap: durationpb.New(365 * 24 * time.Hour)})
	require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(err))
	rotated, err = all.RotateApiClientSecret(t.Context(), &cpv1.RotateApiClientSecretRequest{ClientId: "ACME-erp", Overlap: durationpb.New(0)})
	require.NoError(t, err)
	require.Len(t, rotated.GetClient().GetSecrets(), 1)
	_, err = all.RotateApiClientSecret(t.Context(), &cpv1.RotateApiClientSecretRequest{ClientId: "ACME-erp"})
	require.NoError(t, err)
	accounts := controlplanev1connect.NewAccountServiceClient(c.operator())
	_, err = accounts.RotateClientSecret(t.Context(), &cpv1.RotateClientSecretRequest{Account: "BETA", ClientId: "ACME-erp"})
	require.Equal(t, connect.CodeNotFound, connect.CodeOf(err), "%v", err)
	_, err = accounts.RotateClientSecret(t.Context(), &cpv1.RotateClientSecretRequest{Account: "ACME", ClientId: "ACME-none"})
	require.Equal(t, connect.CodeNotFound, connect.CodeOf(err), "%v", err)
	old, err := accounts.RotateClientSecret(t.Context(), &cpv1.RotateClientSecretRequest{Account: "ACME", ClientId: "ACME-erp", ClientSecret: strings.Repeat("chosen", 6)})
	require.NoError(t, err)
	require.Equal(t, "ACME-erp", old.GetClientId())
	require.Equal(t, strings.Repeat("chosen", 6), old.GetClientSecret())
	shown, err := all.ListApiClients(t.Context(), &cpv1.ListApiClientsRequest{Account: "ACME"})
	require.NoError(t, err)
	for _, client := range shown.GetClients() {
		if client.GetClientId() == "ACME-erp" {
			require.Len(t, client.GetSecrets(), 1, "by the old name, too: no overlap")
		}
	}

	revoked, err := all.RevokeApiClient(t.Context(), &cpv1.RevokeApiClientRequest{ClientId: "ACME-erp"})
	require.NoError(t, err)
	require.Equal(t, cpv1.ApiClientState_API_CLIENT_STATE_REVOKED, revoked.GetClient().GetState())
	records, err := controlplanev1connect.NewAuditServiceClient(c.operator()).ListAuditRecords(t.Context(), &cpv1.ListAuditRecordsRequest{Resource: "client/ACME-erp"})
	require.NoError(t, err)
	var actions []string
	for _, r := range records.GetRecords() {
		require.Equal(t, "operator/root", r.GetActor())
		actions = append(actions, r.GetAction())
	}
	require.ElementsMatch(t, strings.Fields("CREATE_API_CLIENT ROTATE_API_CLIENT ROTATE_API_CLIENT ROTATE_API_CLIENT ROTATE_API_CLIENT REVOKE_API_CLIENT"), actions)
}
