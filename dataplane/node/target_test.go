package node

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/trust/trusttest"
	"github.com/fluent-oms/fluent/dataplane/metrics"
)

// TestNodesReadTargetsAsGatewaysDo: nodes are front doors, too. What a gateway would refuse comes to no handler of theirs.
func TestNodesReadTargetsAsGatewaysDo(t *testing.T) {
	t.Parallel()
	n := member(t, trusttest.New(t, "one"))
	n.registry = metrics.NewRegistry()
	n.measured = metrics.NewRequests(n.registry, nil)
	n.operators = n.operate()
	n.strangers = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.Path) })
	web := httptest.NewUnstartedServer(n.server().Handler)
	web.Config.DisableGeneralOptionsHandler = true
	web.Start()
	t.Cleanup(web.Close)
	for request, want := range map[string]int{
		"GET /graphql": http.StatusOK, "GET /api/v4.1/event?count=1": http.StatusOK,
		"GET http://acme/graphql": http.StatusBadRequest, "GET http://acme/metrics": http.StatusBadRequest, "OPTIONS *": http.StatusBadRequest,
		"GET //metrics": http.StatusBadRequest, "GET /api/../metrics": http.StatusBadRequest, "GET /api/%2e%2e/metrics": http.StatusBadRequest,
		"GET /api%2fv4.1/event": http.StatusBadRequest, "GET /api/v4.1/event?a;b": http.StatusBadRequest, "TRACE /graphql": http.StatusBadRequest,
	} {
		c, err := net.Dial("tcp", web.Listener.Addr().String())
		require.NoError(t, err)
		require.NoError(t, c.SetDeadline(time.Now().Add(time.Minute)))
		_, err = io.WriteString(c, request+" HTTP/1.1\r\nHost: acme\r\nConnection: close\r\n\r\n")
		require.NoError(t, err)
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		require.NoError(t, err, request)
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.NoError(t, c.Close())
		require.Equal(t, want, answer.StatusCode, "%s: %s", request, body)
		if want == http.StatusOK {
			require.True(t, strings.HasPrefix(request, "GET "+string(body)), "%s", body)
		}
	}
}
