package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/connect/v2/connectproto"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/fluent-oms/fluent/auth/interceptor"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// post calls a method as plain JSON over HTTP/1.1.
func (c *trio) post(t *testing.T, server, procedure, body string, header map[string]string) (int, map[string]any, http.Header) {
	t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, c.api(server)+procedure, bytes.NewBufferString(body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+c.token)
	for k, v := range header {
		request.Header.Set(k, v)
	}
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	var out map[string]any
	require.NoError(t, json.Unmarshal(raw, &out), "%s", raw)
	return answer.StatusCode, out, answer.Header
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	answer, err := http.Get(url)
	require.NoError(t, err)
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(raw)
}

func TestWhatOperatorsSee(t *testing.T) {
	t.Parallel()
	cp := newTrio(t, calm)
	cp.makeEnvironment()
	leader := cp.leader()
	follower := "cp1"
	if leader == follower {
		follower = "cp2"
	}
	t.Run("JSON and gRPC, by way of a follower", func(t *testing.T) {
		status, body, header := cp.post(t, follower, controlplanev1connect.RegionServiceGetRegionProcedure, `{"name":"here"}`, nil)
		require.Equal(t, http.StatusOK, status, "%v", body)
		require.Equal(t, "AU", body["region"].(map[string]any)["country"])
		require.NotEmpty(t, header.Get("Fluent-Index"))
		grpc := connect.NewClient(connecthttp.NewTransport(web(), cp.api(follower), connecthttp.WithGRPC()), interceptor.StaticBearer(cp.token))
		_, err := controlplanev1connect.NewRegionServiceClient(grpc).GetRegion(t.Context(), &cpv1.GetRegionRequest{Name: "nowhere"})
		require.Equal(t, connect.CodeNotFound, connect.CodeOf(err), "%v", err)
	})
	t.Run("reads choose their consistency", func(t *testing.T) {
		_, _, header := cp.post(t, leader, controlplanev1connect.RegionServiceUpdateRegionProcedure, `{"region":{"name":"here","displayName":"Here"}}`, nil)
		index := header.Get("Fluent-Index")
		status, body, header := cp.post(t, follower, controlplanev1connect.RegionServiceGetRegionProcedure, `{"name":"here"}`, map[string]string{"Fluent-Consistency": "at-least=" + index})
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, "Here", body["region"].(map[string]any)["displayName"])
		had, err := strconv.Atoi(header.Get("Fluent-Index"))
		require.NoError(t, err)
		wanted, err := strconv.Atoi(index)
		require.NoError(t, err)
		require.GreaterOrEqual(t, had, wanted)
		status, _, _ = cp.post(t, follower, controlplanev1connect.RegionServiceGetRegionProcedure, `{"name":"here"}`, map[string]string{"Fluent-Consistency": "any"})
		require.Equal(t, http.StatusOK, status)
		status, body, _ = cp.post(t, follower, controlplanev1connect.RegionServiceGetRegionProcedure, `{"name":"here"}`, map[string]string{"Fluent-Consistency": "maybe"})
		require.Equal(t, http.StatusBadRequest, status, "%v", body)
	})
	t.Run("bad requests name the place", func(t *testing.T) {
		status, body, _ := cp.post(t, follower, controlplanev1connect.RegionServiceCreateRegionProcedure, `{"region":{"name":"NOT GOOD"}}`, nil)
		require.Equal(t, http.StatusBadRequest, status)
		require.Contains(t, body["message"], "region.name")
		status, _, _ = cp.post(t, follower, controlplanev1connect.RegionServiceCreateRegionProcedure, `{"region":`, nil)
		require.Equal(t, http.StatusBadRequest, status)
		environments := controlplanev1connect.NewEnvironmentServiceClient(cp.operator())
		_, err := environments.CreateEnvironment(t.Context(), &cpv1.CreateEnvironmentRequest{Environment: &cpv1.Environment{Name: "x", Region: "nowhere"}})
		require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(err))
		require.Equal(t, "environment.region", problem(t, err).GetField())
	})
	t.Run("etags, masks and dry runs", func(t *testing.T) { cp.checkUpdates(t) })
	t.Run("an account stays where it may be", func(t *testing.T) { cp.checkResidence(t) })
	t.Run("roles limit what is seen and done", func(t *testing.T) { cp.checkRoles(t) })
	t.Run("keys, health and reflection need no token", func(t *testing.T) {
		status, text := get(t, cp.api(follower)+"/.well-known/jwks.json")
		require.Equal(t, http.StatusOK, status)
		require.Contains(t, text, `"Ed25519"`)
		status, text = get(t, cp.api(follower)+"/readyz")
		require.Equal(t, http.StatusOK, status, text)
		cpToken := cp.token
		cp.token = "none"
		status, body, _ := cp.post(t, follower, "/grpc.health.v1.Health/Check", `{}`, nil)
		cp.token = cpToken
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, "SERVING", body["status"])
	})
	t.Run("the audit tells who did what", func(t *testing.T) {
		list, err := controlplanev1connect.NewAuditServiceClient(cp.operator()).ListAuditRecords(t.Context(), &cpv1.ListAuditRecordsRequest{Resource: "environment/shared"})
		require.NoError(t, err)
		require.NotEmpty(t, list.GetRecords())
		last := list.GetRecords()[len(list.GetRecords())-1]
		require.Equal(t, "operator/root", last.GetActor())
		require.Equal(t, "PUT_ENVIRONMENT", last.GetAction())
		require.Equal(t, controlplanev1connect.EnvironmentServiceCreateEnvironmentProcedure, last.GetProcedure())
	})
	t.Run("keys rotate and old tokens stay good", func(t *testing.T) {
		auth := controlplanev1connect.NewAuthServiceClient(cp.operator())
		made, err := auth.RotateKey(t.Context(), &cpv1.RotateKeyRequest{})
		require.NoError(t, err)
		keys, err := auth.GetKeys(t.Context(), &cpv1.GetKeysRequest{})
		require.NoError(t, err)
		require.Len(t, keys.GetKeys(), 2)
		require.True(t, made.GetKey().GetActiveTime().AsTime().After(time.Now()))
	})
}

func problem(t *testing.T, err error) *cpv1.Problem {
	t.Helper()
	var known *connect.Error
	require.ErrorAs(t, err, &known)
	require.NotEmpty(t, known.Details())
	detail, err := connectproto.UnmarshalErrorDetail(known.Details()[0])
	require.NoError(t, err)
	return detail.(*cpv1.Problem)
}

func (c *trio) checkUpdates(t *testing.T) {
	environments := controlplanev1connect.NewEnvironmentServiceClient(c.operator())
	read, err := environments.GetEnvironment(t.Context(), &cpv1.GetEnvironmentRequest{Name: "shared"})
	require.NoError(t, err)
	require.NotContains(t, read.GetEnvironment().GetDatabaseUrl(), "geheim")
	read.GetEnvironment().DisplayName = "Shared"
	_, err = environments.UpdateEnvironment(t.Context(), &cpv1.UpdateEnvironmentRequest{
		Environment: read.GetEnvironment(), UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"display_name", "database_url"}}, ValidateOnly: true,
	})
	require.NoError(t, err)
	changed, err := environments.UpdateEnvironment(t.Context(), &cpv1.UpdateEnvironmentRequest{
		Environment: read.GetEnvironment(), UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"display_name", "database_url"}},
	})
	require.NoError(t, err, "the dry run before it has changed nothing")
	require.Equal(t, "Shared", changed.GetEnvironment().GetDisplayName())
	_, err = environments.UpdateEnvironment(t.Context(), &cpv1.UpdateEnvironmentRequest{Environment: read.GetEnvironment()})
	require.Equal(t, connect.CodeAborted, connect.CodeOf(err), "the etag is old")
	require.Equal(t, changed.GetEnvironment().GetEtag(), problem(t, err).GetMeta()["etag"])
	_, err = environments.UpdateEnvironment(t.Context(), &cpv1.UpdateEnvironmentRequest{
		Environment: &cpv1.Environment{Name: "shared", Region: "here"}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"region"}},
	})
	require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(err))
}

// checkResidence changes the jurisdictions of an account that has a region, and of one that has none yet.
func (c *trio) checkResidence(t *testing.T) {
	accounts := controlplanev1connect.NewAccountServiceClient(c.operator())
	for _, a := range []*cpv1.Account{{Name: "PLACED", Environment: "shared", Jurisdictions: []string{"AU"}}, {Name: "LATER", Jurisdictions: []string{"AU"}}} {
		_, err := accounts.CreateAccount(t.Context(), &cpv1.CreateAccountRequest{Account: a})
		require.NoError(t, err)
	}
	update := func(a *cpv1.Account, dry bool, paths ...string) error {
		_, err := accounts.UpdateAccount(t.Context(), &cpv1.UpdateAccountRequest{Account: a, UpdateMask: &fieldmaskpb.FieldMask{Paths: paths}, ValidateOnly: dry})
		return err
	}
	allowed := func(name string) []string {
		read, err := accounts.GetAccount(t.Context(), &cpv1.GetAccountRequest{Name: name})
		require.NoError(t, err)
		return read.GetAccount().GetJurisdictions()
	}
	for _, dry := range []bool{true, false} {
		err := update(&cpv1.Account{Name: "PLACED", Jurisdictions: []string{"EU", "CH"}}, dry, "jurisdictions")
		require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(err), "%v", err)
		require.Equal(t, "account.jurisdictions", problem(t, err).GetField())
		require.Equal(t, []string{"AU"}, allowed("PLACED"))
	}
	require.NoError(t, update(&cpv1.Account{Name: "LATER", Jurisdictions: []string{"EU"}}, false, "jurisdictions"), "it has no region yet, and waits for such a one")
	require.Equal(t, []string{"EU"}, allowed("LATER"))
	require.NoError(t, update(&cpv1.Account{Name: "PLACED"}, false, "jurisdictions"), "none allow any")
	require.NoError(t, update(&cpv1.Account{Name: "PLACED", Jurisdictions: []string{"EU", "AU"}}, false))

	_, err := controlplanev1connect.NewRegionServiceClient(c.operator()).UpdateRegion(t.Context(), &cpv1.UpdateRegionRequest{
		Region: &cpv1.Region{Name: "here", Jurisdictions: []string{"NZ"}},
	})
	require.NoError(t, err)
	require.NoError(t, update(&cpv1.Account{Name: "PLACED", DisplayName: "Placed", Jurisdictions: []string{"EU", "AU"}}, false), "what did not change keeps nobody from the rest")
	require.Error(t, update(&cpv1.Account{Name: "PLACED", Jurisdictions: []string{"AU"}}, false))
	require.Equal(t, []string{"EU", "AU"}, allowed("PLACED"))
}

func (c *trio) checkRoles(t *testing.T) {
	root := controlplanev1connect.NewAuthServiceClient(c.operator())
	tokenOf := func(name string, binding *cpv1.RoleBinding) string {
		made, err := root.CreateOperator(t.Context(), &cpv1.CreateOperatorRequest{Operator: &cpv1.Operator{Username: name, Bindings: []*cpv1.RoleBinding{binding}}})
		require.NoError(t, err)
		in, err := root.Login(t.Context(), &cpv1.LoginRequest{Username: name, Password: made.GetPassword()})
		require.NoError(t, err)
		return in.GetAccessToken()
	}
	_, err := root.Login(t.Context(), &cpv1.LoginRequest{Username: "root", Password: "wrong"})
	require.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(err))
	support := tokenOf("support", &cpv1.RoleBinding{Role: "support-read-only"})
	elsewhere := tokenOf("elsewhere", &cpv1.RoleBinding{Role: "region-operator", Regions: []string{"elsewhere"}})
	list, err := controlplanev1connect.NewEnvironmentServiceClient(client(c.anyone(), support)).ListEnvironments(t.Context(), &cpv1.ListEnvironmentsRequest{})
	require.NoError(t, err)
	require.Len(t, list.GetEnvironments(), 1)
	_, err = controlplanev1connect.NewRegionServiceClient(client(c.anyone(), support)).DeleteRegion(t.Context(), &cpv1.DeleteRegionRequest{Name: "here"})
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(err))
	list, err = controlplanev1connect.NewEnvironmentServiceClient(client(c.anyone(), elsewhere)).ListEnvironments(t.Context(), &cpv1.ListEnvironmentsRequest{})
	require.NoError(t, err)
	require.Empty(t, list.GetEnvironments())
	_, err = controlplanev1connect.NewEnvironmentServiceClient(client(c.anyone(), elsewhere)).GetEnvironment(t.Context(), &cpv1.GetEnvironmentRequest{Name: "shared"})
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(err))
	who, err := controlplanev1connect.NewAuthServiceClient(client(c.anyone(), elsewhere)).WhoAmI(t.Context(), &cpv1.WhoAmIRequest{})
	require.NoError(t, err)
	require.Contains(t, who.GetPermissions(), "environment.create")
	require.NotContains(t, who.GetPermissions(), "operator.create")
}
