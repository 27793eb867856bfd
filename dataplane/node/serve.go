package node

import (
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/dataplane/gateway"
	"github.com/fluent-oms/fluent/dataplane/httpapi"
	"github.com/fluent-oms/fluent/dataplane/rest"
	"github.com/fluent-oms/fluent/domain/fault"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// swap is a handler that can be replaced while requests arrive.
type swap struct{ current atomic.Pointer[http.Handler] }

func (s *swap) set(h http.Handler) { s.current.Store(&h) }

// ServeHTTP implements http.Handler.
func (s *swap) ServeHTTP(w http.ResponseWriter, r *http.Request) { (*s.current.Load()).ServeHTTP(w, r) }

// server serves HTTP/1.1 and HTTP/2 on one port: gateways, other nodes, the control plane. The latter two come with TLS.
func (n *Node) server() *http.Server {
	handler := n.crowd.Handler(n.believed().Handler(trust.Handler(http.HandlerFunc(n.serve), time.Now)), http.HandlerFunc(n.crowded))
	handler = n.guard.Handler(handler, http.HandlerFunc(n.short), spared)
	return door.NewServer(handler, door.StandardTimes(), true, n.log)
}

// believed are those whose word on a client's address counts.
func (n *Node) believed() door.Proxies {
	return door.Proxies{Networks: n.config.Proxies, Known: n.fromGateway}
}

// spared are the requests that are taken however short of memory the node is: what tells of its state, and what other processes of ours ask.
func spared(r *http.Request) bool {
	switch r.URL.Path {
	case "/healthz", "/readyz", "/metrics", nudgePath:
		return true
	}
	return strings.HasPrefix(r.URL.Path, tenantServicePath)
}

// short answers while the node is short of memory. Nothing has begun, so the gateway asks another one.
func (n *Node) short(w http.ResponseWriter, r *http.Request) {
	n.bodies.Hurry(w, r)
	w.Header().Set(gateway.DrainingHeader, "1")
	httpapi.WriteError(w, r, silent, fault.New(fault.Unavailable, "This node is short of memory; ask another one").WithCode(fault.CodeRetry))
}

// crowded answers a client behind a proxy that has too many requests under way.
func (n *Node) crowded(w http.ResponseWriter, r *http.Request) {
	n.bodies.Hurry(w, r)
	httpapi.WriteError(w, r, n.log, fault.New(fault.Limited, "Too many requests of this client are under way"))
}

// failing answers a source whose requests failed too often before it was known who called.
func (n *Node) failing(w http.ResponseWriter, r *http.Request) {
	httpapi.WriteError(w, r, n.log, httpapi.TooManyFailures())
}

// full is what a gateway is told whose connection is one too many; it asks another node.
func full() []byte {
	return httpapi.TurnedAway(fault.New(fault.Unavailable, "This node has too many connections; ask another one").WithCode(fault.CodeRetry), gateway.DrainingHeader, "1")
}

// shared reports whether an address is a gateway's or a proxy's, from which many clients come.
func (n *Node) shared(peer netip.Addr) bool {
	return n.believed().Shared(peer) || n.fromGateway(nil, peer)
}

// fromGateway reports whether a peer is at the address of one of the environment's gateways, or of a node with a door of its own, which sends on what
// it cannot take. The control plane tells of them. They call without a certificate, so that is as much as can be known: whoever reaches a node's port
// from such a machine is believed, too.
func (n *Node) fromGateway(_ *http.Request, peer netip.Addr) bool {
	view := n.state.View()
	known := n.passers.Load()
	if known == nil || known.view != view {
		known = passersOf(view)
		n.passers.Store(known)
	}
	return slices.Contains(known.at, peer)
}

// passers are the addresses from which requests of others come.
type passers struct {
	view *desired.View // that tells of them
	at   []netip.Addr
}

func passersOf(view *desired.View) *passers {
	p := &passers{view: view}
	add := func(peer *nodev1.Peer) {
		if at, err := netip.ParseAddrPort(peer.GetAddress()); err == nil {
			p.at = append(p.at, at.Addr().Unmap())
		}
	}
	for _, g := range view.Peers("gateway") {
		add(g)
	}
	for _, other := range view.Peers("node") {
		if other.GetDoor() != "" {
			add(other)
		}
	}
	return p
}

// silent keeps what a draining node refuses, which is nobody's fault, out of the log.
var silent = slog.New(slog.DiscardHandler)

func (n *Node) serve(w http.ResponseWriter, r *http.Request) {
	_, ours := trust.Caller(r.Context())
	if !ours {
		n.bodies.Hurry(w, r)
	}
	httpapi.NameRequest(w, r)
	switch r.RequestURI {
	case "/healthz", "/readyz", "/metrics":
		n.operators.ServeHTTP(w, r)
		return
	}
	if _, err := door.ReadTarget(r); err != nil {
		httpapi.WriteError(w, r, n.log, err)
		return
	}
	if n.draining.Load() && r.URL.Path != nudgePath { // the engine still runs, and hears of events
		n.refused.Add(1)
		w.Header().Set(gateway.DrainingHeader, "1")
		w.Header().Set("Connection", "close")
		httpapi.WriteError(w, r, silent, fault.New(fault.Unavailable, "This node is stopping; ask another one").WithCode(fault.CodeRetry))
		return
	}
	n.requests.Add(1)
	if ours {
		n.measured.Serve(w, r, &n.handler)
		return
	}
	n.measured.Serve(w, r, n.strangers)
}

// notReady answers while the node has no database yet. The header lets gateways try another node.
func (n *Node) notReady(w http.ResponseWriter, r *http.Request) {
	w.Header().Set(gateway.DrainingHeader, "1")
	httpapi.WriteError(w, r, n.log, fault.New(fault.Unavailable, "This node is starting; ask another one").WithCode(fault.CodeRetry))
}

// operate answers operators and their tools, in whatever state the node is. Gateways let none of these paths through.
func (n *Node) operate() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.HandleFunc("GET /readyz", n.serveReadiness)
	mux.Handle("GET /metrics", promhttp.HandlerFor(n.registry, promhttp.HandlerOpts{}))
	return mux
}

// mux puts together what a serving node answers.
func (n *Node) mux(s *services, api *rest.API, tenants http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", api)
	mux.Handle(tenantServicePath, tenants)
	mux.HandleFunc("POST "+nudgePath, s.nudged)
	mux.Handle("GET "+gateway.ProofPath, api.Proof())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if httpapi.Public(r.URL.Path) { // nearly all, so nothing is looked up for them
			api.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}
