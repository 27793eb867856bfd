package gateway_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/dataplane/gateway"
)

// TestNodesHearOfTheClientsAddress asks a gateway that has a proxy in front of it, and one that has none.
func TestNodesHearOfTheClientsAddress(t *testing.T) {
	t.Parallel()
	var seen http.Header
	echo := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r.Header }))
	t.Cleanup(echo.Close)
	b := setUp(t, echo)
	proxies := door.Proxies{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	behind := httptest.NewServer(gateway.New(b.state, gateway.Settings{Proxies: proxies}, slog.New(slog.DiscardHandler)))
	t.Cleanup(behind.Close)
	for url, want := range map[string]string{b.url: "127.0.0.1", behind.URL: "203.0.113.9"} {
		req, err := http.NewRequest(http.MethodGet, url+"/api/v4.1/event?client_id=acme-erp", nil)
		require.NoError(t, err)
		req.Header.Set("X-Forwarded-For", "1.1.1.1, 203.0.113.9")
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, 200, res.StatusCode)
		require.Equal(t, []string{want}, seen["X-Forwarded-For"])
	}
}
