package metrics_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/metrics"
)

func TestRequestsAreCountedByRouteAndResult(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	requests := metrics.NewRequests(registry, []string{"/api/v4.1/event/{id}", "/api/v4.1/event"})
	for path, status := range map[string]int{"/graphql": 200, "/api/v4.1/event/async": 403, "/anything/a/caller/likes": 503} {
		answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		requests.Serve(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, path, nil), answer)
	}
	page := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(page, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, line := range []string{`{result="ok",route="graphql"} 1`, `{result="refused",route="event"} 1`, `{result="failed",route="other"} 1`} {
		require.Contains(t, page.Body.String(), "fluent_http_request_duration_seconds_count"+line)
	}
	require.NotContains(t, page.Body.String(), "caller")
}

func TestWhatTheInstallationAsksItselfIsNoTenants(t *testing.T) {
	t.Parallel()
	requests := metrics.NewRequests(prometheus.NewRegistry(), nil)
	answer := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	for _, path := range []string{"/internal/probe", "/fluent.node.v1.TenantService/PrepareAccount"} {
		requests.Serve(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, path, nil), answer)
		require.Zero(t, requests.OfTenants(), path)
	}
	var inside time.Duration
	for range 3 {
		requests.Serve(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/graphql", nil), http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			for began := time.Now(); ; { // what the clock can tell
				if took := time.Since(began); took >= 100*time.Microsecond {
					inside += took
					return
				}
			}
		}))
	}
	require.GreaterOrEqual(t, requests.OfTenants(), inside, "all of them together")
}

// TestPathsAreGroupedAsTheRoutesSpellThem: by the word behind the version, whole words only, behind a retailer's prefix too; what the list does not
// name is "other", whatever it begins with.
func TestPathsAreGroupedAsTheRoutesSpellThem(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	requests := metrics.NewRequests(registry, []string{"/api/v4.1/order/{id}/cancel", "/api/v4.1/order", "/orchestration/rest/v1/plugin/{name}/status", "/orchestration/rest/health"})
	for _, path := range []string{"/api/v4.1/order", "/api/v4.1/order/7/cancel", "/retailer/2/api/v4.1/order", "/api/v4.1/orders", "/orchestration/rest/v1/plugin", "/orchestration/rest/health", "/orchestration/rest/v2/plugin", "/oauth/token"} {
		requests.Serve(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil), http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	}
	page := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(page, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for group, n := range map[string]int{"order": 3, "plugin": 1, "health": 1, "oauth": 1, "other": 2, "graphql": 0} {
		require.Contains(t, page.Body.String(), fmt.Sprintf(`fluent_http_request_duration_seconds_count{result="ok",route="%s"} %d`, group, n))
	}
}
