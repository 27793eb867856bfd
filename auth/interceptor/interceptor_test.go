package interceptor_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth"
	"github.com/fluent-oms/fluent/auth/interceptor"
	"github.com/fluent-oms/fluent/auth/policy"
	"github.com/fluent-oms/fluent/auth/token"
	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/auth/trust/trusttest"
	"github.com/fluent-oms/fluent/domain/fault"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

var permissions = map[string]string{
	controlplanev1connect.AccountServiceGetAccountProcedure:    "account.get",
	controlplanev1connect.AccountServiceListAccountsProcedure:  "account.list",
	controlplanev1connect.AccountServiceCreateAccountProcedure: "account.create",
	controlplanev1connect.AuthServiceGetKeysProcedure:          interceptor.Public,
}

// accounts is the handler behind the interceptor; it tells what it saw.
type accounts struct {
	controlplanev1connect.UnimplementedAccountServiceHandler
	controlplanev1connect.UnimplementedAuthServiceHandler
	seen chan seen
}

type seen struct {
	principal *auth.Principal
	decision  policy.Decision
}

func (a accounts) note(ctx context.Context) {
	p, _ := auth.FromContext(ctx)
	a.seen <- seen{p, policy.FromContext(ctx)}
}

func (a accounts) GetAccount(ctx context.Context, _ *cpv1.GetAccountRequest) (*cpv1.GetAccountResponse, error) {
	a.note(ctx)
	return &cpv1.GetAccountResponse{}, nil
}

func (a accounts) ListAccounts(ctx context.Context, _ *cpv1.ListAccountsRequest) (*cpv1.ListAccountsResponse, error) {
	a.note(ctx)
	return &cpv1.ListAccountsResponse{}, nil
}

func (a accounts) GetKeys(ctx context.Context, _ *cpv1.GetKeysRequest) (*cpv1.GetKeysResponse, error) {
	a.note(ctx)
	return &cpv1.GetKeysResponse{}, nil
}

type fixture struct {
	issuer  *token.Issuer
	handler accounts
	mux     *http.ServeMux
	url     string
	log     *bytes.Buffer // what went wrong; to be read when no call is under way
}

func facts(_ context.Context, _ string, request any) (policy.Resource, bool, error) {
	get, ok := request.(*cpv1.GetAccountRequest)
	if !ok {
		return policy.Resource{}, false, nil
	}
	if get.GetName() == "BROKEN" {
		return policy.Resource{}, false, errors.New("the state cannot be read")
	}
	return policy.Resource{Account: get.GetName()}, true, nil
}

func setUp(t *testing.T, roles interceptor.RolesOf) fixture {
	t.Helper()
	signer, err := token.NewSigner(token.NewSeed())
	require.NoError(t, err)
	keys, err := token.NewKeySet(signer.Key())
	require.NoError(t, err)
	engine, err := policy.New(t.Context())
	require.NoError(t, err)
	log := &bytes.Buffer{}
	guard, err := interceptor.Server(interceptor.Deps{
		Authenticate: interceptor.Tokens(token.NewVerifier("c", keys, time.Now), roles),
		PermissionOf: func(procedure string) (string, bool) { p, ok := permissions[procedure]; return p, ok },
		Facts:        facts,
		Policy:       engine,
		Logger:       slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	require.NoError(t, err)
	server, h := connect.NewServer(guard), accounts{seen: make(chan seen, 1)}
	controlplanev1connect.RegisterAccountServiceHandler(server, h)
	controlplanev1connect.RegisterAuthServiceHandler(server, h)
	mux := http.NewServeMux()
	connecthttp.Mount(mux, server)
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	return fixture{issuer: token.NewIssuer("c", signer, time.Now), handler: h, mux: mux, url: web.URL, log: log}
}

func (f fixture) client(raw string) *connect.Client {
	return connect.NewClient(connecthttp.NewTransport(http.DefaultClient, f.url), interceptor.StaticBearer(raw))
}

func (f fixture) accounts(raw string) controlplanev1connect.AccountServiceClient {
	return controlplanev1connect.NewAccountServiceClient(f.client(raw))
}

func (f fixture) operator(t *testing.T, roles ...auth.Role) string {
	t.Helper()
	raw, _, err := f.issuer.Operator(token.Operator{Username: "ann", Roles: roles}, time.Hour)
	require.NoError(t, err)
	return raw
}

func TestPublicMethodsNeedNoToken(t *testing.T) {
	t.Parallel()
	f := setUp(t, nil)
	for _, raw := range []string{"", "nonsense"} {
		_, err := controlplanev1connect.NewAuthServiceClient(f.client(raw)).GetKeys(t.Context(), &cpv1.GetKeysRequest{})
		require.NoError(t, err)
		require.Nil(t, (<-f.handler.seen).principal)
	}
}

// TestWhoHasGoneIsNoError: a call that cannot be decided on is a fault of ours, but not if its caller went away meanwhile.
func TestWhoHasGoneIsNoError(t *testing.T) {
	t.Parallel()
	f := setUp(t, nil)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	call := func(ctx context.Context) {
		req := httptest.NewRequest(http.MethodPost, "/fluent.controlplane.v1.AccountService/GetAccount", strings.NewReader(`{"name":"BROKEN"}`)).WithContext(ctx)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+f.operator(t, auth.Role{Name: auth.Implementer, Accounts: []string{"ACME"}}))
		f.mux.ServeHTTP(httptest.NewRecorder(), req)
	}
	call(gone)
	require.Empty(t, f.log.String())
	call(t.Context())
	require.Contains(t, f.log.String(), "no decision")
}

func TestCallersMustShowAValidToken(t *testing.T) {
	t.Parallel()
	f := setUp(t, nil)
	tenant, _, err := f.issuer.Tenant(token.Tenant{Account: "ACME", UserID: "1"}, time.Hour)
	require.NoError(t, err)
	for name, raw := range map[string]string{"none": "", "nonsense": "nonsense", "a tenant's": tenant} {
		_, err := f.accounts(raw).ListAccounts(t.Context(), &cpv1.ListAccountsRequest{})
		require.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(err), "%s: %v", name, err)
	}
}

func TestMethodsWithoutPermissionAreRefused(t *testing.T) {
	t.Parallel()
	f := setUp(t, nil)
	raw := f.operator(t, auth.Role{Name: auth.PlatformAdministrator})
	_, err := f.accounts(raw).DeleteAccount(t.Context(), &cpv1.DeleteAccountRequest{Name: "ACME"})
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(err))
	require.ErrorContains(t, err, "declares no permission")
}

func TestHandlersSeeTheCallerAndTheDecision(t *testing.T) {
	t.Parallel()
	f := setUp(t, nil)
	raw := f.operator(t, auth.Role{Name: auth.Implementer, Accounts: []string{"ACME"}})
	_, err := f.accounts(raw).ListAccounts(t.Context(), &cpv1.ListAccountsRequest{})
	require.NoError(t, err)
	got := <-f.handler.seen
	require.Equal(t, "ann", got.principal.Subject)
	require.Equal(t, auth.OperatorKind, got.principal.Kind)
	require.True(t, got.principal.HasRole(auth.Implementer))
	require.Equal(t, policy.AllowWhere, got.decision.Answer)
	require.Equal(t, []string{"ACME"}, got.decision.Where.Accounts)
}

func TestLimitedRolesAreCheckedAgainstTheRequest(t *testing.T) {
	t.Parallel()
	f := setUp(t, nil)
	client := f.accounts(f.operator(t, auth.Role{Name: auth.Implementer, Accounts: []string{"ACME"}}))
	_, err := client.GetAccount(t.Context(), &cpv1.GetAccountRequest{Name: "ACME"})
	require.NoError(t, err)
	<-f.handler.seen
	_, err = client.GetAccount(t.Context(), &cpv1.GetAccountRequest{Name: "OTHER"})
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(err))
	require.ErrorContains(t, err, "not here")
	_, err = client.GetAccount(t.Context(), &cpv1.GetAccountRequest{Name: "BROKEN"})
	require.Equal(t, connect.CodeInternal, connect.CodeOf(err))
	require.NotContains(t, err.Error(), "state", "causes stay on the server")
	_, err = client.CreateAccount(t.Context(), &cpv1.CreateAccountRequest{})
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(err))
	require.ErrorContains(t, err, "None of your roles gives account.create")
	require.Empty(t, f.handler.seen)
}

func TestMachinesAreNoOperators(t *testing.T) {
	t.Parallel()
	cluster := trusttest.New(t, "one")
	f := setUp(t, nil)
	web := trusttest.Serve(t, trusttest.Listen(t), cluster.Server("cp1"), f.mux)
	t.Cleanup(web.Close)
	call := func(party trust.Party) error {
		line := connect.NewClient(connecthttp.NewTransport(trust.NewClient(party, trust.Anybody), trust.URL(web.URL)))
		_, err := controlplanev1connect.NewAccountServiceClient(line).ListAccounts(t.Context(), &cpv1.ListAccountsRequest{})
		return err
	}
	for _, kind := range []string{trust.NodeKind, trust.GatewayKind, trust.HostKind} {
		require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(call(cluster.Party(cluster.Identity(kind, "m")))), kind)
	}
	require.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(call(cluster.Server("cp2"))), "a server passes on calls of others and has none of its own")
}

func TestRolesOfThisMomentCount(t *testing.T) {
	t.Parallel()
	now := []auth.Role{{Name: auth.SupportReadOnly}}
	exists := true
	f := setUp(t, func(context.Context, token.Operator) ([]auth.Role, error) {
		if !exists {
			return nil, fault.New(fault.Unauthenticated, "The operator was disabled or removed.")
		}
		return now, nil
	})
	client := f.accounts(f.operator(t, auth.Role{Name: auth.PlatformAdministrator}))
	_, err := client.ListAccounts(t.Context(), &cpv1.ListAccountsRequest{})
	require.NoError(t, err)
	<-f.handler.seen
	_, err = client.CreateAccount(t.Context(), &cpv1.CreateAccountRequest{})
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(err), "the token says administrator, the state says support")
	exists = false
	_, err = client.ListAccounts(t.Context(), &cpv1.ListAccountsRequest{})
	require.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(err))
	require.ErrorContains(t, err, "was disabled or removed")
}

// TestAMachineThatShowsATokenIsItsOperator: the CLI runs on machines that have certificates, too.
func TestAMachineThatShowsATokenIsItsOperator(t *testing.T) {
	t.Parallel()
	cluster, f := trusttest.New(t, "one"), setUp(t, nil)
	web := trusttest.Serve(t, trusttest.Listen(t), cluster.Server("cp1"), f.mux)
	t.Cleanup(web.Close)
	host := trust.NewClient(cluster.Party(cluster.Identity(trust.HostKind, "h")), trust.Anybody)
	call := func(raw string) error {
		line := connect.NewClient(connecthttp.NewTransport(host, trust.URL(web.URL)), interceptor.StaticBearer(raw))
		_, err := controlplanev1connect.NewAccountServiceClient(line).ListAccounts(t.Context(), &cpv1.ListAccountsRequest{})
		return err
	}
	require.NoError(t, call(f.operator(t, auth.Role{Name: auth.PlatformAdministrator})))
	got := (<-f.handler.seen).principal
	require.Equal(t, auth.OperatorKind, got.Kind)
	require.Equal(t, "ann", got.Subject)
	require.NotEmpty(t, got.TokenID, "by which its session is ended")
	require.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(call("nonsense")), "what it shows must be good, whatever else it is")
	require.Equal(t, &auth.Principal{Kind: auth.NodeKind, Subject: "n1", Environment: "shared", NodeKind: trust.NodeKind},
		interceptor.Machine(cluster.Identity(trust.NodeKind, "n1")))
}

// TestWhoCannotBeLookedUpIsNotLetIn: the state that tells roles cannot be read, for a moment or for a reason that is nobody's business.
func TestWhoCannotBeLookedUpIsNotLetIn(t *testing.T) {
	t.Parallel()
	why := error(nil)
	f := setUp(t, func(context.Context, token.Operator) ([]auth.Role, error) {
		return []auth.Role{{Name: auth.PlatformAdministrator}}, why
	})
	client := f.accounts(f.operator(t))
	call := func() error {
		_, err := client.ListAccounts(t.Context(), &cpv1.ListAccountsRequest{})
		return err
	}
	require.NoError(t, call())
	<-f.handler.seen
	why = fault.New(fault.Unavailable, "No leader; try again in a moment.")
	require.Equal(t, connect.CodeUnavailable, connect.CodeOf(call()))
	require.ErrorContains(t, call(), "No leader; try again")
	why = errors.New("the disk is broken")
	require.Equal(t, connect.CodeInternal, connect.CodeOf(call()))
	require.NotContains(t, call().Error(), "disk")
	require.Empty(t, f.handler.seen)
}

// TestWhoAllowedTooLittleTimeHearsSo: it is the call's time that was over, while its roles were looked up, and not we who were unable to decide.
func TestWhoAllowedTooLittleTimeHearsSo(t *testing.T) {
	t.Parallel()
	f := setUp(t, func(ctx context.Context, _ token.Operator) ([]auth.Role, error) {
		<-ctx.Done()
		return nil, fault.New(fault.Unavailable, "The roles could not be read; try again.")
	})
	late, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	req := httptest.NewRequest(http.MethodPost, "/fluent.controlplane.v1.AccountService/ListAccounts", strings.NewReader(`{}`)).WithContext(late)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+f.operator(t))
	answer := httptest.NewRecorder()
	f.mux.ServeHTTP(answer, req)
	require.Contains(t, answer.Body.String(), "deadline_exceeded")
	require.Contains(t, answer.Body.String(), "nothing was done")
}

// TestWhoIsAllowedEverywhereIsNotAskedWhere: to find the place of a request costs, and may fail.
func TestWhoIsAllowedEverywhereIsNotAskedWhere(t *testing.T) {
	t.Parallel()
	f := setUp(t, nil)
	_, err := f.accounts(f.operator(t, auth.Role{Name: auth.PlatformAdministrator})).GetAccount(t.Context(), &cpv1.GetAccountRequest{Name: "BROKEN"})
	require.NoError(t, err)
	require.Equal(t, policy.Allow, (<-f.handler.seen).decision.Answer)
}

// TestRequestsThatCannotBeReadSaySo to callers with limited roles, whose requests are looked at first.
func TestRequestsThatCannotBeReadSaySo(t *testing.T) {
	t.Parallel()
	f := setUp(t, nil)
	req := httptest.NewRequest(http.MethodPost, "/fluent.controlplane.v1.AccountService/GetAccount", strings.NewReader(`{"name":`))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+f.operator(t, auth.Role{Name: auth.Implementer, Accounts: []string{"ACME"}}))
	w := httptest.NewRecorder()
	f.mux.ServeHTTP(w, req)
	require.Equal(t, http.StatusBadRequest, w.Code, w.Body.String())
	require.Contains(t, w.Body.String(), "invalid_argument")
	require.Empty(t, f.handler.seen)
}

func TestNoGuardIsHalfAGuard(t *testing.T) {
	t.Parallel()
	engine, err := policy.New(t.Context())
	require.NoError(t, err)
	for name, spoil := range map[string]func(*interceptor.Deps){
		"authenticate": func(d *interceptor.Deps) { d.Authenticate = nil }, "permissions": func(d *interceptor.Deps) { d.PermissionOf = nil },
		"policy": func(d *interceptor.Deps) { d.Policy = nil }, "logger": func(d *interceptor.Deps) { d.Logger = nil }, "": func(*interceptor.Deps) {},
	} {
		d := interceptor.Deps{
			Authenticate: func(context.Context, string) (*auth.Principal, error) { return nil, nil },
			PermissionOf: func(string) (string, bool) { return "", false }, Policy: engine, Logger: slog.New(slog.DiscardHandler),
		}
		spoil(&d)
		_, err := interceptor.Server(d)
		require.Equal(t, name != "", err != nil, name)
	}
}

// TestCallsCarryTheTokenOfTheMoment, none where there is none, and are not made where it cannot be had.
func TestCallsCarryTheTokenOfTheMoment(t *testing.T) {
	t.Parallel()
	var seen [][]string
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Values("Authorization"))
		w.WriteHeader(http.StatusNotFound)
	}))
	t.Cleanup(web.Close)
	raw, broken := "", error(nil)
	line := connect.NewClient(connecthttp.NewTransport(http.DefaultClient, web.URL), interceptor.Bearer(func(context.Context) (string, error) { return raw, broken }))
	call := func() error {
		_, err := controlplanev1connect.NewAuthServiceClient(line).GetKeys(t.Context(), &cpv1.GetKeysRequest{})
		return err
	}
	require.Error(t, call())
	raw = "one"
	require.Error(t, call())
	raw = "two"
	require.Error(t, call())
	broken = errors.New("log in first")
	require.ErrorContains(t, call(), "log in first")
	require.Equal(t, [][]string{nil, {"Bearer one"}, {"Bearer two"}}, seen)
}

func TestExpiredTokensSaySo(t *testing.T) {
	t.Parallel()
	signer, err := token.NewSigner(token.NewSeed())
	require.NoError(t, err)
	keys, err := token.NewKeySet(signer.Key())
	require.NoError(t, err)
	past := func() time.Time { return time.Now().Add(-time.Hour) }
	old, _, err := token.NewIssuer("c", signer, past).Operator(token.Operator{Username: "ann"}, time.Minute)
	require.NoError(t, err)
	_, err = interceptor.Tokens(token.NewVerifier("c", keys, time.Now), nil)(t.Context(), old)
	require.ErrorContains(t, err, "expired")
}
