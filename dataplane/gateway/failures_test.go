package gateway_test

import (
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/dataplane/gateway"
)

// TestWhoOnlyFailsIsRefusedAtTheDoor fails in each way that needs no token, and then comes with a good one.
func TestWhoOnlyFailsIsRefusedAtTheDoor(t *testing.T) {
	t.Parallel()
	_, _, node, good, forged := guarded(t, door.BodyLimits{})
	back := httptest.NewServer(node)
	t.Cleanup(back.Close)
	s := httptest.NewServer(gateway.New(setUp(t, back).state, gateway.Settings{Failures: 40}, slog.New(slog.DiscardHandler)))
	t.Cleanup(s.Close)
	status, _ := post(t, s.URL, good, strings.NewReader("{}"))
	require.Equal(t, 200, status)
	first := func(statuses []int) int { return statuses[0] }
	counts := map[int]int{}
	for range 60 {
		status, _ := post(t, s.URL, forged, strings.NewReader("{}"))
		counts[status]++
		counts[first(ask(t, s.URL, "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))]++
		counts[first(ask(t, s.URL, "GET http://a/graphql HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))]++
	}
	require.GreaterOrEqual(t, counts[401]+counts[404]+counts[400], 40, "%v", counts)
	require.Positive(t, counts[429], "%v", counts)
	require.Equal(t, 401, first(ask(t, s.URL, "POST /oauth/token HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")), "nodes delay who guesses")
	status, _ = post(t, s.URL, good, strings.NewReader("{}"))
	require.Equal(t, 200, status)
}
