package node

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/trust/trusttest"
	"github.com/fluent-oms/fluent/dataplane/metrics"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// TestNodesBelieveTheirGatewaysAboutClients tells a node of gateways at two addresses, and asks it as them and as others.
func TestNodesBelieveTheirGatewaysAboutClients(t *testing.T) {
	t.Parallel()
	n := member(t, trusttest.New(t, "one"))
	for i, p := range []*nodev1.Peer{
		{NodeId: "g1", Kind: "gateway", Address: "10.0.0.1:8080"}, {NodeId: "g2", Kind: "gateway", Address: "[::]:8080"},
		{NodeId: "n2", Kind: "node", Address: "10.0.0.2:9000"}, {NodeId: "n3", Kind: "node", Address: "10.0.0.3:9000", Door: "http://10.0.0.3:9001"},
	} {
		n.state.Apply(&nodev1.WatchResponse{Frame: &nodev1.WatchResponse_Change{Change: &nodev1.Change{
			Index: uint64(i + 1), Resource: &nodev1.Resource{Kind: &nodev1.Resource_Peer{Peer: p}},
		}}})
	}
	var source string
	n.handler.set(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { source = door.SourceOf(r.Context()).String() }))
	n.bodies, n.strangers = door.NewBodies(door.BodyLimits{}), &n.handler
	n.measured = metrics.NewRequests(metrics.NewRegistry(), nil)
	for peer, want := range map[string]string{
		"10.0.0.1:5000": "203.0.113.9", "[::ffff:10.0.0.1]:5000": "203.0.113.9", "10.0.0.2:5000": "10.0.0.2", "10.0.0.3:5000": "203.0.113.9", "203.0.113.1:1": "203.0.113.1",
	} {
		r := httptest.NewRequest(http.MethodGet, "/api/v4.1/event", nil)
		r.RemoteAddr = peer
		r.Header.Set("X-Forwarded-For", "203.0.113.9")
		n.server().Handler.ServeHTTP(httptest.NewRecorder(), r)
		require.Equal(t, want, source, peer)
	}
}
