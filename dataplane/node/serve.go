package node

import (
	"context"
	"encoding/json"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/fluent-oms/fluent/dataplane/engine"
	"github.com/fluent-oms/fluent/dataplane/gateway"
	"github.com/fluent-oms/fluent/dataplane/rest"
	"github.com/fluent-oms/fluent/domain/fault"
)

// nudgePath is where nodes tell each other that events wait.
const nudgePath = "/internal/nudge"

// swap is a handler that can be replaced while requests arrive.
type swap struct{ current atomic.Pointer[http.Handler] }

func (s *swap) set(h http.Handler) { s.current.Store(&h) }

// ServeHTTP implements http.Handler.
func (s *swap) ServeHTTP(w http.ResponseWriter, r *http.Request) { (*s.current.Load()).ServeHTTP(w, r) }

// server serves HTTP/1.1 and HTTP/2 without TLS on one port: tenants' requests, other nodes, the control plane.
func (n *Node) server() *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler: http.HandlerFunc(n.serve), Protocols: protocols, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
	}
}

func (n *Node) serve(w http.ResponseWriter, r *http.Request) {
	if n.draining.Load() {
		w.Header().Set(gateway.DrainingHeader, "1")
		w.Header().Set("Connection", "close")
		rest.WriteError(w, r, n.log, fault.New(fault.Unavailable, "This node is stopping; ask another one").WithCode("S0002E"))
		return
	}
	n.requests.Add(1)
	n.handler.ServeHTTP(w, r)
}

// notReady answers while the node has no database yet. The header lets gateways try another node.
func (n *Node) notReady(w http.ResponseWriter, r *http.Request) {
	w.Header().Set(gateway.DrainingHeader, "1")
	rest.WriteError(w, r, n.log, fault.New(fault.Unavailable, "This node is starting; ask another one").WithCode("S0002E"))
}

// mux puts together what a serving node answers.
func (n *Node) mux(s *services, api, tenants http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", api)
	mux.Handle(tenantServicePath, tenants)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.Handle("GET /metrics", s.metrics)
	mux.HandleFunc("POST "+nudgePath, func(w http.ResponseWriter, r *http.Request) {
		if err := s.identity.VerifyPeer(r.Header.Get("Authorization")); err != nil {
			rest.WriteError(w, r, n.log, err)
			return
		}
		var roots []engine.Ref
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, rest.MaxBody)).Decode(&roots); err != nil {
			rest.WriteError(w, r, n.log, fault.Invalidf("body", "A list of roots is expected").Wrap(err))
			return
		}
		s.engine.Nudged(roots...)
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

// nudgeTimeout bounds a nudge: a lost one costs no more than the delay of a poll.
const nudgeTimeout = time.Second

// nudge tells another node of the environment that events wait for roots of its slots.
func (n *Node) nudge(ctx context.Context, s *services, node string, roots ...engine.Ref) {
	address := ""
	for _, p := range n.state.View().Peers("node") {
		if p.GetNodeId() == node {
			address = p.GetAddress()
		}
	}
	if address == "" {
		return // the control plane has not told of it yet; its own poll will find the events
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), nudgeTimeout)
		defer cancel()
		if err := s.sendNudge(ctx, address, roots); err != nil {
			n.log.DebugContext(ctx, "nudge failed", "node", node, "error", err)
		}
	}()
}
