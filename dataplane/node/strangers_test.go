package node_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/node"
	"github.com/fluent-oms/fluent/dataplane/uplink/planetest"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
)

// run starts a whole node and gives its address once it serves, and what ends it.
func run(t testing.TB, config node.Config) (address string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended, ready := make(chan error, 1), make(chan string, 1)
	config.ID, config.Listen = "n1", "127.0.0.1:0"
	go func() {
		ended <- node.Run(ctx, config, slog.New(slog.DiscardHandler), func(address string) { ready <- address })
	}()
	stopped := false
	stop = func() {
		cancel()
		if !stopped {
			stopped = true
			require.NoError(t, <-ended)
		}
	}
	t.Cleanup(stop)
	select {
	case address = <-ready:
	case err := <-ended:
		require.NoError(t, err, "the node ended before it served")
	}
	return address, stop
}

// caller is somebody at one address of the loopback.
type caller struct {
	t    *testing.T
	to   string
	http *http.Client
}

func (c caller) call(method, path, forwarded string) int {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, "http://"+c.to+path, http.NoBody)
	require.NoError(c.t, err)
	req.Header.Set("Authorization", "Bearer forged")
	if forwarded != "" {
		req.Header.Set("X-Forwarded-For", forwarded)
	}
	res, err := c.http.Do(req)
	require.NoError(c.t, err)
	_, err = io.Copy(io.Discard, res.Body)
	require.NoError(c.t, err)
	require.NoError(c.t, res.Body.Close())
	return res.StatusCode
}

func from(t *testing.T, source, to string) caller {
	dialer := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(source), 0))}
	transport := &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}
	return caller{t, to, &http.Client{Transport: transport}}
}

// TestNodesRefuseWhoOnlyFailsWhereTheyAreToldTo runs a node that lets three requests of a source fail in a minute, and starts it again without that
// limit, at the port that it had.
func TestNodesRefuseWhoOnlyFailsWhereTheyAreToldTo(t *testing.T) {
	t.Parallel()
	plane := planetest.New(t)
	plane.Say(planetest.Snapshot(1, planetest.Environment(dbtest.New(t))))
	config := node.Config{Dir: t.TempDir(), Servers: []string{plane.URL}, JoinToken: plane.Token, Failures: 3,
		Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.8/32")}}
	address, stop := run(t, config)
	until := func(c caller, forwarded string) (failed int) {
		for c.call(http.MethodPost, "/graphql", forwarded) == http.StatusUnauthorized && failed < 100 {
			failed++
		}
		return failed
	}
	bad := from(t, "127.0.0.1", address)
	require.Less(t, until(bad, ""), 100)
	require.Equal(t, http.StatusTooManyRequests, bad.call(http.MethodGet, "/api/v4.1/event", "198.51.100.1"), "a source is what the node sees")
	require.Equal(t, http.StatusOK, bad.call(http.MethodGet, "/healthz", ""))
	for range 5 {
		require.Equal(t, http.StatusBadRequest, bad.call(http.MethodPost, "/oauth/token", ""), "signing in is delayed by other means")
	}
	proxy := from(t, "127.0.0.8", address)
	require.Equal(t, http.StatusUnauthorized, proxy.call(http.MethodPost, "/graphql", ""), "another source")
	require.Less(t, until(proxy, "198.51.100.1"), 100)
	require.Equal(t, http.StatusUnauthorized, proxy.call(http.MethodPost, "/graphql", "198.51.100.2"), "a client behind a proxy counts for itself")
	res, err := bad.http.Get("http://" + address + "/metrics")
	require.NoError(t, err)
	page, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.True(t, strings.Contains(string(page), "\nfluent_failures_refused_total 3\n"), "bad, bad again, and who came by the proxy")

	stop()
	config.Failures = 0
	again, stop := run(t, config)
	for tries := 0; again != address; tries++ { // some process of the machine may have got it meanwhile
		require.Less(t, tries, 5, "others have a node's address written down")
		address = again
		stop()
		again, stop = run(t, config)
	}
	require.Equal(t, 100, until(from(t, "127.0.0.1", again), ""), "no limit")
}
