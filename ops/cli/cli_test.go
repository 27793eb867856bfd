package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/validate"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/cli"
	"github.com/fluent-oms/fluent/ops/cli/login"
	"github.com/fluent-oms/fluent/ops/cli/render"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// shell runs the command line against one fake control plane with a configuration of its own.
type shell struct {
	t    *testing.T
	fake *fake
	url  string
	dir  string
}

// newShell starts a fake control plane. Tests that use it cannot be parallel: the configuration's place is in the environment.
func newShell(t *testing.T) *shell {
	t.Helper()
	f := newFake()
	server := connect.NewServer(f.authenticate, validate.NewServerInterceptor())
	f.register(server)
	mux := http.NewServeMux()
	connecthttp.Mount(mux, server)
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	dir := t.TempDir()
	t.Setenv("FLUENT_CONFIG", dir)
	t.Setenv("FLUENT_SERVER", "")
	t.Setenv("FLUENT_TOKEN", "")
	return &shell{t: t, fake: f, url: web.URL, dir: dir}
}

// run runs one command line and returns its exit code and what it wrote.
func (s *shell) run(input string, args ...string) (int, string, string) {
	s.t.Helper()
	var out, errOut bytes.Buffer
	code := cli.Run(s.t.Context(), "1.2.3", args, cli.IO{In: strings.NewReader(input), Out: &out, Err: &errOut})
	return code, out.String(), errOut.String()
}

// must runs a command line that has to succeed and returns what it printed.
func (s *shell) must(args ...string) string {
	s.t.Helper()
	code, out, errOut := s.run("", args...)
	require.Equal(s.t, render.ExitOK, code, errOut)
	return out
}

func (s *shell) logIn() {
	s.t.Helper()
	code, out, errOut := s.run("correct horse\n", "login", "--server", s.url, "--username", "ann", "--password-stdin")
	require.Equal(s.t, render.ExitOK, code, errOut)
	require.Contains(s.t, out, "Logged in as ann until ")
}

func TestLogin(t *testing.T) {
	s := newShell(t)
	code, _, errOut := s.run("", "region", "list")
	require.Equal(t, render.ExitUsage, code)
	require.Contains(t, errOut, "fluent login")
	code, _, errOut = s.run("wrong\n", "login", "--server", s.url, "--username", "ann", "--password-stdin")
	require.Equal(t, render.ExitUnauthenticated, code)
	require.Equal(t, "fluent: Username or password is wrong.\n", errOut)

	s.logIn()
	info, err := os.Stat(filepath.Join(s.dir, "credentials.json"))
	require.NoError(t, err)
	require.EqualValues(t, 0o600, info.Mode().Perm())
	require.Contains(t, s.must("whoami"), "implementer=ACME")
	require.Empty(t, s.must("logout"))
	code, _, _ = s.run("", "whoami", "--server", s.url)
	require.Equal(t, render.ExitUnauthenticated, code)
}

func TestExpiredSessionsSaySo(t *testing.T) {
	s := newShell(t)
	old := login.Credentials{Servers: []string{s.url}, Username: "ann", Token: "t", ExpiresAt: time.Now().Add(-time.Hour)}
	require.NoError(t, login.Save(filepath.Join(s.dir, "credentials.json"), old))
	code, _, errOut := s.run("", "region", "list")
	require.Equal(t, render.ExitUnauthenticated, code)
	require.Regexp(t, `^fluent: The session of ann ended at .*\. Run: fluent login\n$`, errOut)
}

func TestRegions(t *testing.T) {
	s := newShell(t)
	s.logIn()
	out := s.must("region", "create", "ap-southeast-2", "--display-name", "Sydney", "--country", "AU", "--jurisdiction", "AU,NZ", "--endpoint", "http://gateway.example")
	require.Regexp(t, `(?m)^JURISDICTIONS +AU,NZ$`, out)
	require.Regexp(t, `^NAME +DISPLAY NAME +COUNTRY +JURISDICTIONS +ENDPOINTS\nap-southeast-2 +Sydney +AU`, s.must("region", "list"))
	require.Contains(t, s.must("region", "update", "ap-southeast-2", "--display-name", "New South Wales"), "New South Wales")
	require.Equal(t, []string{"display_name"}, s.fake.mask, "only what was given is changed")

	var listed []map[string]any
	require.NoError(t, json.Unmarshal([]byte(s.must("region", "list", "-o", "json")), &listed))
	require.Equal(t, "ap-southeast-2", listed[0]["name"])

	code, _, errOut := s.run("", "region", "create", "Not A Name", "--country", "Australia")
	require.Equal(t, render.ExitUsage, code)
	require.Contains(t, errOut, "The request is not valid:\n  region.name: want up to 63 small letters")
	require.Contains(t, errOut, "\n  region.country: ")
	code, _, errOut = s.run("", "region", "get", "nowhere")
	require.Equal(t, render.ExitNotFound, code)
	require.Equal(t, "fluent: No region nowhere.\n", errOut)
	code, _, errOut = s.run("", "region", "create", "ap-southeast-2")
	require.Equal(t, render.ExitConflict, code, errOut)
	code, _, errOut = s.run("", "region", "update", "ap-southeast-2")
	require.Equal(t, render.ExitUsage, code)
	require.Contains(t, errOut, "nothing to change")
}

func TestRemovalsAskFirst(t *testing.T) {
	s := newShell(t)
	s.logIn()
	s.must("region", "create", "r1")
	code, _, errOut := s.run("y\n", "region", "delete", "r1")
	require.Equal(t, render.ExitUsage, code, "there is no terminal to ask on")
	require.Contains(t, errOut, "--yes")
	require.Equal(t, "Removed region r1.\n", s.must("region", "delete", "r1", "--yes"))
	require.Empty(t, s.fake.regions)
}

func TestAccountCreation(t *testing.T) {
	s := newShell(t)
	s.logIn()
	s.must("region", "create", "r1", "--endpoint", "http://gateway.example:8080")
	profile := filepath.Join(s.dir, "ACME")
	code, out, steps := s.run("", "account", "create", "ACME", "--environment", "shared", "--retailer", "ACME-AU", "--time-zone", "Australia/Sydney", "--profile", profile)
	require.Equal(t, render.ExitOK, code, steps)
	require.Equal(t, "done    Place the account (20ms)\ndone    Open it (30ms)\n", steps)
	for _, line := range []string{`ACCOUNT +ACME`, `STATE +ACTIVE`, `RETAILER +1 \(ACME-AU\)`, `CLIENT ACTS AS +INTEGRATION`, `CLIENT SECRET +made-secret`, `PASSWORD +made-password`} {
		require.Regexp(t, "(?m)^"+line+"$", out)
	}
	raw, err := os.ReadFile(filepath.Join(profile, "profile.json"))
	require.NoError(t, err)
	require.JSONEq(t, `{"baseUrl":"http://gateway.example:8080","id":"ACME","clientSecret":"made-secret","user":"admin"}`, string(raw))
	raw, err = os.ReadFile(filepath.Join(profile, "retailer.ACME-AU.json"))
	require.NoError(t, err)
	require.JSONEq(t, `{"id":"1"}`, string(raw))

	require.Regexp(t, `(?m)^ACME +`, s.must("account", "list"))
	require.Regexp(t, `(?m)^ACME +1 +ACME-AU`, s.must("retailer", "list", "ACME"))
	require.Contains(t, s.must("account", "suspend", "ACME"), "SUSPENDED")
	require.Contains(t, s.must("operation", "get", "op1"), "place done, open done")

	code, out, steps = s.run("", "account", "create", "OTHER", "--environment", "shared", "-o", "json")
	require.Equal(t, render.ExitOK, code, steps)
	require.Empty(t, steps, "programs get their JSON and nothing else")
	require.True(t, json.Valid([]byte(out)))
}

// TestLimitsSayWhoseTheyAre: the account's quota, what the kind of its environment says, or the standard.
func TestLimitsSayWhoseTheyAre(t *testing.T) {
	s := newShell(t)
	s.logIn()
	s.fake.accounts["ACME"] = &cpv1.Account{Name: "ACME", Environment: "try", Quotas: map[string]int64{"page": 70}}
	table := s.must("account", "limits", "ACME")
	for _, line := range []string{`(?m)^requests-per-second +100 +sandbox +Requests`, `(?m)^stored-rows +1000000 +sandbox `, `(?m)^page +70 +quota `, `(?m)^depth +25 +standard `} {
		require.Regexp(t, line, table)
	}
	require.JSONEq(t, `{"limit":"page","figure":70,"from":"quota","what":"Rows of one page: first and last of a GraphQL connection."}`, element(t, s.must("account", "limits", "ACME", "-o", "json"), 3))
}

// element is an element of a list in JSON.
func element(t *testing.T, list string, i int) string {
	t.Helper()
	var all []json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(list), &all))
	return string(all[i])
}

func TestAPIClients(t *testing.T) {
	s := newShell(t)
	s.logIn()
	s.fake.clients = []*cpv1.ApiClient{{ClientId: "ACME", OverPrivileged: true}}
	out := s.must("client", "create", "ACME-erp", "--role", "INTEGRATION,PICKER@RETAILER:2", "--role", "PICKER@agent:7", "--expires", "2027-01-31T00:00:00Z")
	require.Regexp(t, `(?m)^CLIENT SECRET +made-secret`, out)
	require.Regexp(t, `(?m)^ACTS AS +INTEGRATION,PICKER@RETAILER:2,PICKER@AGENT:7$`, out)
	made := s.fake.clients[1]
	require.Len(t, made.GetRoles(), 2)
	require.Equal(t, time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC), made.GetExpireTime().AsTime())

	require.Regexp(t, `(?m)^ACME +\S* +the account's API user +OVER-PRIVILEGED`, s.must("client", "list"))
	require.NotContains(t, s.must("client", "list", "--over-privileged"), "ACME-erp")
	require.NotContains(t, s.must("client", "narrow", "ACME", "--role", "INTEGRATION"), "OVER-PRIVILEGED")
	require.Equal(t, []string{"roles"}, s.fake.mask)
	s.must("client", "update", "ACME-erp", "--expires", "never")
	require.Equal(t, []string{"expire_time"}, s.fake.mask)

	require.Contains(t, s.must("client", "rotate", "ACME-erp"), "next-secret")
	require.Equal(t, 24*time.Hour, s.fake.overlap)
	s.must("client", "rotate", "ACME-erp", "--overlap", "0")
	require.Zero(t, s.fake.overlap)
	require.Equal(t, "Revoked API client ACME-erp.\n", s.must("client", "revoke", "ACME-erp", "--yes"))
	require.NotContains(t, s.must("client", "list"), "ACME-erp")
	for _, args := range [][]string{{"client", "create", "ACME-x", "--role", "R@nowhere"}, {"client", "create", "ACME-x", "--expires", "soon"},
		{"client", "narrow", "ACME"}, {"client", "narrow", "ACME", "--role", "ADMIN"}, {"client", "create", "acme"}} {
		code, _, errOut := s.run("", args...)
		require.Equal(t, render.ExitUsage, code, "%v: %s", args, errOut)
	}
}

func TestSecretsAreShownEvenWhenProvisioningFails(t *testing.T) {
	s := newShell(t)
	s.logIn()
	s.fake.failOperations = true
	code, out, errOut := s.run("", "account", "create", "ACME", "--environment", "shared")
	require.Equal(t, render.ExitFailure, code)
	require.Contains(t, out, "made-secret")
	require.Contains(t, errOut, "no node took it (NODE_ERROR)")
}

func TestUsageErrors(t *testing.T) {
	s := newShell(t)
	s.logIn()
	for _, args := range [][]string{{"nonsense"}, {"region", "nonsense"}, {"region", "get"}, {"region", "list", "--nonsense"},
		{"region", "list", "-o", "xml"}, {"retailer", "get", "ACME", "one"}, {"environment", "create", "e", "--kind", "huge"}, {"region", "list", "--server", "ftp://x"}} {
		code, _, errOut := s.run("", args...)
		require.Equal(t, render.ExitUsage, code, "%v: %s", args, errOut)
		require.Equal(t, 1, strings.Count(errOut, "\n"), "one clear line: %s", errOut)
	}
	require.Equal(t, "fluent 1.2.3\n", s.must("version"))
	require.Contains(t, s.must(), "Operate it:")
	require.Contains(t, s.must("account"), "rotate-secret")
}

func TestInterruptsEndACommand(t *testing.T) {
	s := newShell(t)
	s.logIn()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errOut bytes.Buffer
	code := cli.Run(ctx, "dev", []string{"region", "list"}, cli.IO{In: strings.NewReader(""), Out: &out, Err: &errOut})
	require.Equal(t, render.ExitInterrupted, code, errOut.String())
}
