package gateway_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/gateway"
	"github.com/fluent-oms/fluent/dataplane/httpapi"
)

// TestRequestsHaveOneIDEverywhere asks with an id, without one, and with one that would forge lines in a log.
func TestRequestsHaveOneIDEverywhere(t *testing.T) {
	t.Parallel()
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(httpapi.RequestIDHeader, r.Header.Get(httpapi.RequestIDHeader)) // as nodes do
		_, _ = io.WriteString(w, r.Header.Get(httpapi.RequestIDHeader))
	}))
	t.Cleanup(echo.Close)
	front := gateway.New(setUp(t, echo).state, gateway.Settings{}, slog.New(slog.DiscardHandler))
	ask := func(id string) (header []string, atTheNode string) {
		req := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader("{}"))
		req.Host = "acme.localhost"
		req.Header.Set(httpapi.RequestIDHeader, id)
		answer := httptest.NewRecorder()
		front.ServeHTTP(answer, req)
		return answer.Header().Values(httpapi.RequestIDHeader), answer.Body.String()
	}
	header, node := ask("order-77.a")
	require.Equal(t, []string{"order-77.a"}, header)
	require.Equal(t, "order-77.a", node)
	for _, bad := range []string{"", "a\"}\n{", strings.Repeat("x", 101)} {
		header, node = ask(bad)
		require.Len(t, header, 1)
		require.Equal(t, header[0], node)
		require.Regexp(t, "^[0-9a-f]{24}$", node)
	}
}
