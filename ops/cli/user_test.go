package cli_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/cli/login"
	"github.com/fluent-oms/fluent/ops/cli/profile"
)

// TestUserCommands runs them against an account's API that says what it was asked.
func TestUserCommands(t *testing.T) {
	s := newShell(t)
	var asked []string
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, r.Method+" "+r.URL.RequestURI()+" "+string(body))
		switch r.URL.Path {
		case "/oauth/token":
			_, _ = io.WriteString(w, `{"access_token":"t","expires_in":3600}`)
		case "/api/v4.1/user/password/reset":
			_, _ = io.WriteString(w, `{"username":"ann","password":"once-only","expiresOn":"2026-11-30T09:00:00Z"}`)
		case "/api/v4.1/user/sign-in-failures":
			_, _ = io.WriteString(w, `{"results":[{"username":"ann","source":"192.0.2.1","times":7,"lastOn":"2026-11-27T09:00:00Z"},{"clientId":"ACME","source":"192.0.2.2","times":1,"lastOn":"2026-11-27T09:00:00Z"}]}`)
		case "/api/v4.1/user/unlock":
			if string(body) != `{"username":"ann"}` {
				w.WriteHeader(http.StatusNotFound)
				_, _ = io.WriteString(w, `{"errors":[{"code":"C0120E","message":"There is no user"}],"status":404,"message":"There is no user"}`)
			}
		default:
			_, _ = io.WriteString(w, "{}")
		}
	}))
	t.Cleanup(api.Close)
	dir := t.TempDir()
	_, err := profile.Write(dir, profile.Profile{BaseURL: api.URL, Account: "ACME", ClientSecret: "cs", Username: "admin@acme", Password: "old one"})
	require.NoError(t, err)
	last := func() string { return asked[len(asked)-1] }

	code, out, errOut := s.run("old one\nthe new one\n", "user", "password", "admin@acme", "--profile", dir)
	require.Zero(t, code, errOut)
	require.Contains(t, out, filepath.Join(dir, "user.admin.json"))
	require.Equal(t, "POST /oauth/password client_id=ACME&client_secret=cs&new_password=the+new+one&password=old+one&username=admin%40acme", last())
	kept, err := profile.Read(dir)
	require.NoError(t, err)
	require.Equal(t, "the new one", kept.Password)
	_, out, _ = s.run("x\nyyyyyyyy\n", "user", "password", "ann", "--profile", dir)
	require.Equal(t, "The password is changed; sign in with it.\n", out)
	kept, err = profile.Read(dir)
	require.NoError(t, err)
	require.Equal(t, "the new one", kept.Password, "the profile is another user's")

	require.Contains(t, s.must("user", "reset-password", "ann", "--profile", dir), "ONE-TIME PASSWORD  once-only")
	require.Equal(t, `POST /api/v4.1/user/password/reset {"username":"ann"}`, last())
	require.Contains(t, s.must("user", "reset-password", "ann", "--profile", dir, "-o", "json"), `"password": "once-only"`)
	require.Equal(t, "ann may sign in at once.\n", s.must("user", "unlock", "ann", "--profile", dir))
	require.Equal(t, `POST /api/v4.1/user/unlock {"username":"ann"}`, last())
	_, _, errOut = s.run("", "user", "unlock", "nobody", "--profile", dir)
	require.Equal(t, "fluent: There is no user (status 404)\n", errOut)
	out = s.must("user", "failures", "ann", "--profile", dir)
	require.Equal(t, `GET /api/v4.1/user/sign-in-failures?username=ann `, last())
	require.Regexp(t, `"ann" +192.0.2.1 +7 `, out)
	require.Regexp(t, `"client ACME" +192.0.2.2 +1 `, out)
}

// TestAPasswordThatServesOnceIsChangedAtLogin gives both on standard input, as a script does.
func TestAPasswordThatServesOnceIsChangedAtLogin(t *testing.T) {
	s := newShell(t)
	code, _, errOut := s.run("once\n", "login", "--server", s.url, "--username", "rita")
	require.NotZero(t, code)
	require.Contains(t, errOut, "serves once")
	code, out, errOut := s.run("once\nher own choice\n", "login", "--server", s.url, "--username", "rita")
	require.Zero(t, code, errOut)
	require.Contains(t, out, "Logged in as rita")
	code, out, errOut = s.run("her own choice\nyet another\n", "password")
	require.Zero(t, code, errOut)
	require.Contains(t, out, "all other sessions have ended")
	kept, err := login.Load(filepath.Join(s.dir, "credentials.json"))
	require.NoError(t, err)
	require.Equal(t, "token of yet another", kept.Token, "the command line stays logged in")
}
