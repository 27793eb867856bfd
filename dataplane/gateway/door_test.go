package gateway

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/auth/trust/trusttest"
	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/ops/embedded/porttest"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// TestAGatewayLimitsConnections runs a whole gateway, without nodes, and comes from addresses of the loopback.
func TestAGatewayLimitsConnections(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	ended, ready := make(chan error, 1), make(chan string, 1)
	operators, dir := porttest.Address(t), t.TempDir()
	cluster := trusttest.New(t, "one")
	cluster.Join(dir, cluster.Identity(trust.GatewayKind, "g1"), time.Now())
	go func() {
		ended <- Run(ctx, Config{
			Listen: "127.0.0.1:0", Operators: operators, Dir: dir, ID: "g1", Servers: []string{"http://127.0.0.1:1"},
			Limits: door.Limits{Connections: 4, PerAddress: 2}, Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.8/32")}, DrainTime: time.Second,
		}, slog.New(slog.DiscardHandler), func(address string) { ready <- address })
	}()
	address := <-ready
	// ask keeps its connection open.
	ask := func(from string) (int, string) {
		dialer := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(from), 0))}
		c, err := dialer.Dial("tcp", address)
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		_, _ = io.WriteString(c, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		require.NoError(t, err)
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		return answer.StatusCode, string(body)
	}
	in := func(from string) { status, _ := ask(from); require.Equal(t, http.StatusNotFound, status, from) }
	out := func(from string) {
		status, body := ask(from)
		require.Equal(t, http.StatusServiceUnavailable, status, from)
		require.Contains(t, body, `"code":"S0002E"`)
	}
	in("127.0.0.1")
	in("127.0.0.1")
	out("127.0.0.1")
	in("127.0.0.8")
	in("127.0.0.8")
	out("127.0.0.8") // no proxy gets more than all
	out("127.0.0.2")

	page, err := http.Get("http://" + operators + "/metrics")
	require.NoError(t, err)
	text, err := io.ReadAll(page.Body)
	require.NoError(t, err)
	require.NoError(t, page.Body.Close())
	require.Contains(t, string(text), `fluent_connections{port="tenants"} 4`)
	require.Contains(t, string(text), `fluent_connections_shed_total{port="tenants",reason="full"} 2`)
	require.Contains(t, string(text), `fluent_connections_shed_total{port="tenants",reason="address"} 1`)
	require.Contains(t, string(text), `fluent_self_call_deaf 0`)
	stop()
	require.NoError(t, <-ended)
}

// TestAGatewayThatDoesNotReachItselfIsNotReady gives the gateway a port that nobody accepts on.
func TestAGatewayThatDoesNotReachItselfIsNotReady(t *testing.T) {
	t.Parallel()
	state, err := desired.Open("")
	require.NoError(t, err)
	g := New(state, Settings{}, slog.New(slog.DiscardHandler))
	port, err := door.Listen("127.0.0.1:0", door.Port{Name: "tenants"})
	require.NoError(t, err)
	t.Cleanup(func() { _ = port.Close() })
	g.self.Add(port, nil)
	require.Equal(t, "READY", g.report().GetState())
	for range 3 {
		require.NoError(t, g.self.Round(t.Context(), time.Millisecond))
	}
	require.Equal(t, "JOINING", g.report().GetState())
	require.Contains(t, g.report().GetProblem(), "own port tenants")
	answer := httptest.NewRecorder()
	g.Operators().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/readyz", nil))
	require.Contains(t, answer.Body.String(), `"OWN_PORT_UNREACHABLE"`)
}

// TestBalancersAreToldWhenAGatewayCannotServe: no node, no port of its own, and on its way out.
func TestBalancersAreToldWhenAGatewayCannotServe(t *testing.T) {
	t.Parallel()
	state, err := desired.Open("")
	require.NoError(t, err)
	g := New(state, Settings{}, slog.New(slog.DiscardHandler))
	health := func() int {
		answer := httptest.NewRecorder()
		g.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/healthz", http.NoBody))
		return answer.Code
	}
	require.Equal(t, http.StatusServiceUnavailable, health(), "there is no node")
	node := &nodev1.Peer{NodeId: "n1", Kind: "node", Address: "127.0.0.1:1", State: "READY"}
	state.Apply(&nodev1.WatchResponse{Frame: &nodev1.WatchResponse_Change{Change: &nodev1.Change{Index: 1, Resource: &nodev1.Resource{Kind: &nodev1.Resource_Peer{Peer: node}}}}})
	require.Equal(t, http.StatusOK, health())
	port, err := door.Listen("127.0.0.1:0", door.Port{Name: "tenants"})
	require.NoError(t, err)
	t.Cleanup(func() { _ = port.Close() })
	g.self.Add(port, nil)
	require.Equal(t, http.StatusOK, health())
	for range 3 {
		require.NoError(t, g.self.Round(t.Context(), time.Millisecond))
	}
	require.Equal(t, http.StatusServiceUnavailable, health(), "nobody accepts at its port")
	server := &http.Server{Handler: http.NotFoundHandler(), ReadHeaderTimeout: time.Minute}
	t.Cleanup(func() { _ = server.Close() })
	go func() { _ = server.Serve(port) }()
	require.NoError(t, g.self.Round(t.Context(), time.Minute))
	require.Equal(t, http.StatusOK, health())
	g.Drain()
	require.Equal(t, http.StatusServiceUnavailable, health(), "it was asked to stop")
}

// TestLargeBuffersAreKeptForNobody: they were most of what an attack left behind.
func TestLargeBuffersAreKeptForNobody(t *testing.T) {
	t.Parallel()
	b := newBuffers()
	for range 100 {
		large := make([]byte, 0, maxKept+1)
		b.give(&large)
		require.LessOrEqual(t, cap(*b.take()), maxKept)
	}
}

// TestAGatewayThatStopsSaysSoFirst: balancers and the control plane hear of it while a request is still under way.
func TestAGatewayThatStopsSaysSoFirst(t *testing.T) {
	t.Parallel()
	g := knows(t, map[string]string{"a": "READY"})
	inside, goOn := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { close(inside); <-goOn }))
	t.Cleanup(server.Close)
	answered := make(chan error, 1)
	go func() {
		res, err := http.Get(server.URL)
		if err == nil {
			err = res.Body.Close()
		}
		answered <- err
	}()
	<-inside
	g.requests.Add(3)
	require.Equal(t, "READY", g.report().GetState())
	require.EqualValues(t, 3, g.report().GetLoad().GetRequests())
	require.Equal(t, g.state.View().Index, g.report().GetAppliedIndex())
	ended := make(chan error, 1)
	go func() { ended <- g.stop(server.Config, time.Minute) }()
	require.Eventually(t, func() bool { return g.report().GetState() == "DRAINING" }, time.Minute, time.Millisecond)
	require.Empty(t, ended)
	close(goOn)
	require.NoError(t, <-answered)
	require.NoError(t, <-ended)
}

// TestAGatewayDoesAsItIsTold runs a whole one, without nodes, and looks at each limit that it was given.
func TestAGatewayDoesAsItIsTold(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, Run(t.Context(), Config{Limits: door.Limits{PerAddress: -1}}, slog.New(slog.DiscardHandler), nil), "limits of connections")
	ctx, stop := context.WithCancel(t.Context())
	ended, ready := make(chan error, 1), make(chan string, 1)
	operators, dir := porttest.Address(t), t.TempDir()
	cluster := trusttest.New(t, "one")
	cluster.Join(dir, cluster.Identity(trust.GatewayKind, "g1"), time.Now())
	go func() {
		ended <- Run(ctx, Config{
			Listen: "127.0.0.1:0", Operators: operators, Dir: dir, ID: "g1", Servers: []string{"http://127.0.0.1:1"}, DrainTime: time.Minute,
			Limits: door.Limits{Connections: 50, PerAddress: 2}, Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.8/32")}, Bodies: door.BodyLimits{Total: 1 << 20},
		}, slog.New(slog.DiscardHandler), func(address string) { ready <- address })
	}()
	address := <-ready
	dialer := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.8:0"))}
	client := &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}}
	ask := func(ctx context.Context, client *http.Client, url, source string) (int, string, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		require.NoError(t, err)
		req.Header.Set("X-Forwarded-For", source)
		res, err := client.Do(req)
		if err != nil {
			return 0, "", err
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		return res.StatusCode, string(text), err
	}
	page := func() string {
		_, text, err := ask(t.Context(), http.DefaultClient, "http://"+operators+"/metrics", "")
		require.NoError(t, err)
		return text
	}
	waiting, leave := context.WithCancel(t.Context())
	gone := make(chan error, 2)
	for range 2 { // they wait for a node
		go func() {
			_, _, err := ask(waiting, client, "http://"+address+"/api/v4.1/event", "203.0.113.9")
			gone <- err
		}()
	}
	require.Eventually(t, func() bool { return strings.Contains(page(), "fluent_gateway_requests_held 2") }, 4*time.Second, time.Millisecond)
	status, text, err := ask(t.Context(), client, "http://"+address+"/api/v4.1/event", "203.0.113.9")
	require.NoError(t, err)
	require.Equal(t, http.StatusTooManyRequests, status, "%s", text)
	status, _, err = ask(t.Context(), client, "http://"+address+"/metrics", "203.0.113.10")
	require.NoError(t, err)
	require.Equal(t, http.StatusNotFound, status, "another client")
	text = page()
	for _, line := range []string{
		"fluent_client_requests_shed_total 1", `fluent_bodies_bytes_limit{caller="unknown"} 262144`, `fluent_connections_limit{port="tenants"} 50`,
		`fluent_connections_limit{port="operators"} 64`, "fluent_gateway_nodes_ready 0",
	} {
		require.Contains(t, text, "\n"+line+"\n")
	}
	leave()
	require.Error(t, <-gone)
	require.Error(t, <-gone)
	stop()
	require.NoError(t, <-ended)
}
