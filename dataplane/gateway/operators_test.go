package gateway_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/gateway"
)

// TestTenantsDoNotReachWhatIsForOperators asks with an account's host, which is all that leads to a node.
func TestTenantsDoNotReachWhatIsForOperators(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	b := setUp(t, node(t, &calls))
	for _, path := range []string{"/metrics", "/readyz", "/internal/nudge", "/fluent.node.v1.TenantService/PrepareAccount", "/%6detrics", "/favicon.ico", "/retailer/1/metrics", "/retailer/1/retailer/2/graphql"} {
		req, err := http.NewRequest(http.MethodGet, b.url, nil)
		require.NoError(t, err)
		req.URL.Opaque = path
		req.Host = "acme.localhost"
		res, err := http.DefaultTransport.RoundTrip(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, http.StatusNotFound, res.StatusCode, path)
	}
	require.Zero(t, calls.Load())
}

func TestOperatorsSeeWhatAGatewayDoes(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	b := setUp(t, node(t, &calls))
	front := gateway.New(b.state, gateway.Settings{}, slog.New(slog.DiscardHandler))
	req := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader("{}"))
	req.Host = "acme.localhost"
	front.ServeHTTP(httptest.NewRecorder(), req)
	get := func(path string) (int, string) {
		answer := httptest.NewRecorder()
		front.Operators().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
		return answer.Code, answer.Body.String()
	}
	status, page := get("/metrics")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, page, "fluent_gateway_nodes_ready 1")
	require.Contains(t, page, `fluent_http_request_duration_seconds_count{result="ok",route="graphql"} 1`)
	status, page = get("/readyz")
	require.Equal(t, http.StatusOK, status, page)
	require.JSONEq(t, `{"ready":true,"reasons":[]}`, page)
}
