package gateway_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/dataplane/gateway"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// BenchmarkProxy measures what a gateway adds to a small request and a small answer, node and client included.
func BenchmarkProxy(b *testing.B) {
	answer := []byte(strings.Repeat("x", 1500))
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer)
	}))
	b.Cleanup(node.Close)
	state, err := desired.Open("")
	require.NoError(b, err)
	for _, r := range []*nodev1.Resource{
		{Kind: &nodev1.Resource_Account{Account: &nodev1.Account{Name: "ACME", State: "ACTIVE", Hosts: []string{"127.0.0.1"}}}},
		{Kind: &nodev1.Resource_Peer{Peer: &nodev1.Peer{NodeId: "n1", Kind: "node", State: "READY", Address: strings.TrimPrefix(node.URL, "http://")}}},
	} {
		state.Apply(&nodev1.WatchResponse{Frame: &nodev1.WatchResponse_Change{Change: &nodev1.Change{Resource: r}}})
	}
	front := httptest.NewServer(gateway.New(state, gateway.Settings{}, slog.New(slog.DiscardHandler)))
	b.Cleanup(front.Close)
	body := []byte(strings.Repeat("q", 500))
	for name, url := range map[string]string{"direct": node.URL, "gateway": front.URL} {
		b.Run(name, func(b *testing.B) {
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					res, err := http.Post(url+"/graphql", "application/json", bytes.NewReader(body))
					require.NoError(b, err)
					_, _ = io.Copy(io.Discard, res.Body)
					_ = res.Body.Close()
				}
			})
		})
	}
}
