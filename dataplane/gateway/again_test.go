package gateway_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/dataplane/gateway"
	"github.com/fluent-oms/fluent/dataplane/uplink/planetest"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// TestAGatewayStartsAgainAsItWas runs a gateway that the system gives a port, and starts it again: at the same port, and, though no control plane
// is left, for the same accounts and nodes.
func TestAGatewayStartsAgainAsItWas(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	back := node(t, &calls)
	plane := planetest.New(t)
	peer := &nodev1.Resource{Kind: &nodev1.Resource_Peer{Peer: &nodev1.Peer{NodeId: "n1", Kind: "node", Address: back.Listener.Addr().String(), State: "READY"}}}
	plane.Say(planetest.Snapshot(1, planetest.Tenants(1, 1, nil), func(yield func(*nodev1.Resource) bool) { yield(peer) }))
	config := gateway.Config{
		Listen: "127.0.0.1:0", Dir: t.TempDir(), ID: "g1", Servers: []string{plane.URL}, JoinToken: plane.Token, Hosts: []string{"api.fluent.example"},
		Limits: door.Limits{Connections: 100}, Failures: 2, DrainTime: time.Minute,
	}
	start := func() (string, func()) {
		ctx, cancel := context.WithCancel(context.Background())
		ended, ready := make(chan error, 1), make(chan string, 1)
		go func() {
			ended <- gateway.Run(ctx, config, slog.New(slog.DiscardHandler), func(address string) { ready <- address })
		}()
		stop := func() {
			cancel()
			require.NoError(t, <-ended)
		}
		select {
		case address := <-ready:
			return address, stop
		case err := <-ended:
			require.NoError(t, err, "the gateway ended before it served")
			return "", nil
		}
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // connections to the first would be tried at the second
	// at asks for a path at a host.
	at := func(address, host, path string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+path, http.NoBody)
		require.NoError(t, err)
		req.Host = host
		res, err := client.Do(req)
		require.NoError(t, err)
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		return res.StatusCode, string(body)
	}
	address, stop := start()
	status, body := at(address, "ACCOUNT1.shop.example", "/graphql") // waits until the gateway has heard of a node
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "ACCOUNT1 ", body)
	require.Eventually(t, func() bool { return plane.LastReport("g1").GetAppliedIndex() == 1 }, time.Minute, 10*time.Millisecond)
	stop()

	config.Servers = []string{"http://127.0.0.1:1"}
	again, stop := start()
	for tries := 0; again != address; tries++ { // some process of the machine may have got it meanwhile
		require.Less(t, tries, 5, "tenants have a gateway's address written down")
		address = again
		stop()
		again, stop = start()
	}
	defer func() { stop() }()
	_, body = at(again, "account1.shop.example", "/graphql")
	require.Equal(t, "ACCOUNT1 ", body)
	_, body = at(again, "api.fluent.example", "/graphql")
	require.Equal(t, " ", body, "a name of its own")
	last := 0
	for range 10 {
		last, _ = at(again, "api.fluent.example", "/metrics")
	}
	require.Equal(t, http.StatusTooManyRequests, last, "who only fails")
}
