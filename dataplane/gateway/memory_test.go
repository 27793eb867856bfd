package gateway

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/memory"
	"github.com/fluent-oms/fluent/dataplane/desired"
)

// TestAGatewayShortOfMemoryRefuses gives the gateway a limit that it is over.
func TestAGatewayShortOfMemoryRefuses(t *testing.T) {
	t.Parallel()
	state, err := desired.Open(filepath.Join(t.TempDir(), "desired"))
	require.NoError(t, err)
	g := New(state, Settings{}, slog.New(slog.DiscardHandler))
	g.self = door.NewSelfCall(door.StandardTimes(), g.log, nil)
	g.guard = memory.NewGuard(1, g.log, nil)
	ask := func() *httptest.ResponseRecorder {
		answer := httptest.NewRecorder()
		g.door(door.NewCrowd(door.Proxies{}, 0)).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/api/v4.1/event", nil))
		return answer
	}
	require.NotContains(t, ask().Body.String(), "memory")
	g.guard.Look()
	answer := ask()
	require.Equal(t, http.StatusServiceUnavailable, answer.Code)
	require.Equal(t, "1", answer.Header().Get("Retry-After"))
	require.Contains(t, answer.Body.String(), "short of memory")
	ready := httptest.NewRecorder()
	g.Operators().ServeHTTP(ready, httptest.NewRequest(http.MethodGet, "/readyz", nil))
	require.Contains(t, ready.Body.String(), "MEMORY_SHORT")
	require.Contains(t, g.report().GetProblem(), "MEMORY_SHORT: ")
	require.Equal(t, "JOINING", g.report().GetState())
}
