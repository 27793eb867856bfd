package gateway_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/dataplane/gateway"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// atDoor is a node's own door, in front of a node of the test's own.
type atDoor struct {
	*bundle
	gateway *gateway.Gateway
	here    atomic.Int64 // requests that the node answered
	closed  atomic.Bool  // it takes none
}

func setUpDoor(t *testing.T, others ...*httptest.Server) *atDoor {
	t.Helper()
	d := &atDoor{bundle: setUp(t, others...)}
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.here.Add(1)
		_, _ = io.WriteString(w, "here "+r.Header.Get(gateway.AccountHeader)+" "+r.Header.Get("Fluent-Draining")+" "+door.SourceOf(r.Context()).String())
	})
	d.gateway = gateway.New(d.state, gateway.Settings{
		Hosts: []string{"127.0.0.1"},
		Here: &gateway.Here{Bodies: door.NewBodies(door.BodyLimits{}), Node: func() http.Handler {
			if d.closed.Load() {
				return nil
			}
			return answer
		}},
	}, slog.New(slog.DiscardHandler))
	front := httptest.NewServer(d.gateway)
	t.Cleanup(front.Close)
	d.url = front.URL
	return d
}

// TestANodesOwnDoor answers what its node takes, as if a gateway had sent it on, and sends the rest to other nodes.
func TestANodesOwnDoor(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int64
	d := setUpDoor(t, node(t, &elsewhere))
	ask := func(path, host string) (int, string) {
		req, err := http.NewRequest(http.MethodPost, d.url+path, strings.NewReader("{}"))
		require.NoError(t, err)
		req.Host = host
		req.Header.Set(gateway.AccountHeader, "OTHER") // a client says so, who must not be believed
		req.Header.Set("Fluent-Draining", "1")
		req.Header.Set("X-Forwarded-For", "203.0.113.9") // no proxy is trusted
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		return res.StatusCode, string(body)
	}
	_, said := ask("/graphql", "acme.shop.example")
	require.Equal(t, "here ACME  127.0.0.1", said)
	_, said = ask("/graphql", "")
	require.Equal(t, "here   127.0.0.1", said, "the door's own name says no account")
	require.EqualValues(t, 2, d.here.Load())
	for _, path := range []string{"/metrics", "/readyz", "/internal/token", "/internal/nudge", "/fluent.node.v1.TenantService/CreateAccount"} {
		code, _ := ask(path, "")
		require.Equal(t, http.StatusNotFound, code, path)
	}
	require.EqualValues(t, 2, d.here.Load(), "what is not for tenants reaches no node")

	d.closed.Store(true)
	_, said = ask("/graphql", "acme.shop.example")
	require.Equal(t, "ACME {}", said)
	require.EqualValues(t, 1, elsewhere.Load())
}

// TestADrainingDoorTellsClientsToComeElsewhere still answers, and has the connection end with the answer.
func TestADrainingDoorTellsClientsToComeElsewhere(t *testing.T) {
	t.Parallel()
	d := setUpDoor(t)
	closes := func() bool {
		res, err := http.Get(d.url + "/api/v4.1/event")
		require.NoError(t, err)
		defer res.Body.Close()
		require.Equal(t, http.StatusOK, res.StatusCode)
		return res.Close
	}
	require.False(t, closes())
	d.gateway.Drain()
	require.True(t, closes())
	d.gateway.AwaitQuiet() // nobody asks
	require.EqualValues(t, 2, d.here.Load())
}

// TestDoorsAreThoseOfReadyNodes asks for the list as any client would.
func TestDoorsAreThoseOfReadyNodes(t *testing.T) {
	t.Parallel()
	b := setUp(t)
	list := func() string {
		code, body := b.get(t, gateway.DoorsPath)
		require.Equal(t, http.StatusOK, code)
		return strings.TrimSpace(body)
	}
	require.Equal(t, `{"doors":[],"maxAge":30}`, list())
	for _, p := range []*nodev1.Peer{
		{NodeId: "a", Kind: "node", Address: "10.0.0.1:1", State: "READY", Door: "http://10.0.0.1:2"},
		{NodeId: "b", Kind: "node", Address: "10.0.0.2:1", State: "DRAINING", Door: "http://10.0.0.2:2"},
		{NodeId: "c", Kind: "node", Address: "10.0.0.3:1", State: "READY"},
		{NodeId: "g", Kind: "gateway", Address: "10.0.0.4:1", State: "READY", Door: "http://10.0.0.4:2"},
	} {
		b.put(t, &nodev1.Resource{Kind: &nodev1.Resource_Peer{Peer: p}})
	}
	require.Equal(t, `{"doors":["http://10.0.0.1:2"],"maxAge":30}`, list())
}

func (b *bundle) get(t *testing.T, path string) (int, string) {
	t.Helper()
	res, err := http.Get(b.url + path)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(body)
}
