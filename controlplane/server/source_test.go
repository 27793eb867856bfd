package server

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/auth/trust/trusttest"
)

// TestServersBelieveEachOtherAboutCallers asks a server as another server, which passes a caller's address on, and as a node, which could
// only make one up.
func TestServersBelieveEachOtherAboutCallers(t *testing.T) {
	t.Parallel()
	cluster := trusttest.New(t, "one")
	handler := door.Proxies{Known: fromServer}.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, door.SourceOf(r.Context()).String())
	}))
	web := trusttest.Serve(t, trusttest.Listen(t), cluster.Party(cluster.Identity(trust.ServerKind, "cp1")), handler)
	t.Cleanup(web.Close)
	for kind, want := range map[string]string{trust.ServerKind: "203.0.113.9", trust.NodeKind: "127.0.0.1"} {
		req, err := http.NewRequest(http.MethodGet, trust.URL(web.URL), nil)
		require.NoError(t, err)
		req.Header.Set("X-Forwarded-For", "203.0.113.9")
		res, err := trust.NewClient(cluster.Party(cluster.Identity(kind, "x")), trust.Anybody).Do(req)
		require.NoError(t, err)
		answer, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, want, string(answer), kind)
	}
}
