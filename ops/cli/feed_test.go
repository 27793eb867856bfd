package cli_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/cli/profile"
)

// TestFeedGoesOnFromTheLastToken: over the end of a stream and a busy node, and no further than to a reset, or to what is refused.
func TestFeedGoesOnFromTheLastToken(t *testing.T) {
	s := newShell(t)
	var asked []string
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/oauth/token" {
			_, _ = io.WriteString(w, `{"access_token":"t","expires_in":3600}`)
			return
		}
		asked = append(asked, r.URL.Path+" "+r.URL.Query().Get("from")+" "+r.Header.Get("Accept"))
		stream := r.Header.Get("Accept") == "application/x-ndjson"
		switch from := r.URL.Query().Get("from"); {
		case r.URL.Path == "/api/v4.1/feed/Nope":
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"errors":[{"code":"C0160E","message":"There is no type Nope"}],"status":400,"message":"There is no type Nope"}`)
		case stream && from == "now":
			_, _ = io.WriteString(w, `{"type":"Order","id":"7","ref":"HD-7","root":{"type":"Order","id":"7"},"at":"2026-11-28T05:10:00Z","what":"created","entity":{"id":"7"}}`+"\n"+`{"next":"T1"}`+"\n")
		case stream && from == "T1" && len(asked) == 2:
			w.WriteHeader(http.StatusServiceUnavailable)
		case stream:
			_, _ = io.WriteString(w, `{"next":"T2"}`+"\n"+`{"reset":{"reason":"RESTORED","message":"The database was restored"}}`+"\n")
		case from == "start":
			_, _ = io.WriteString(w, `{"changes":[{"type":"Order","id":"7","what":"exists"}],"next":"P1","more":true}`)
		default:
			_, _ = io.WriteString(w, `{"changes":[{"type":"Order","id":"8","what":"exists"}],"next":"P2","more":false}`)
		}
	}))
	t.Cleanup(api.Close)
	dir := t.TempDir()
	_, err := profile.Write(dir, profile.Profile{BaseURL: api.URL, Account: "ACME", ClientSecret: "cs", Username: "admin@acme", Password: "p"})
	require.NoError(t, err)

	code, out, errOut := s.run("", "feed", "Order", "--profile", dir)
	require.NotZero(t, code)
	require.Equal(t, `{"type":"Order","id":"7","ref":"HD-7","root":{"type":"Order","id":"7"},"at":"2026-11-28T05:10:00Z","what":"created","entity":{"id":"7"}}`+"\n", out)
	require.Contains(t, errOut, "RESTORED")
	require.NotContains(t, errOut, "--from", "a token that serves no more is not told")
	require.Equal(t, []string{"/api/v4.1/feed/Order now application/x-ndjson", "/api/v4.1/feed/Order T1 application/x-ndjson", "/api/v4.1/feed/Order T1 application/x-ndjson"}, asked)

	code, out, errOut = s.run("", "feed", "Order", "--from", "start", "--once", "--profile", dir)
	require.Zero(t, code, errOut)
	require.Equal(t, `{"type":"Order","id":"7","what":"exists"}`+"\n"+`{"type":"Order","id":"8","what":"exists"}`+"\n", out)
	require.Contains(t, errOut, "Go on with --from P2")

	asked = nil
	code, _, errOut = s.run("", "feed", "Nope", "--profile", dir)
	require.NotZero(t, code)
	require.Contains(t, errOut, "There is no type Nope")
	require.Len(t, asked, 1)
}
