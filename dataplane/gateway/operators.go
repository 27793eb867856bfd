package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/memory"
	"github.com/fluent-oms/fluent/dataplane/httpapi"
	"github.com/fluent-oms/fluent/dataplane/metrics"
	"github.com/fluent-oms/fluent/domain/fault"
)

// figures are what the gateway counts besides requests.
type figures struct {
	registry *prometheus.Registry
	requests *metrics.Requests
	passing  []prometheus.Collector
	again    atomic.Int64 // requests that were sent to a further node
	shed     atomic.Int64 // requests for which no node was ready in time
	held     atomic.Int64 // requests that wait for a node now
	lost     atomic.Int64 // requests whose node was lost while it worked
}

func (g *Gateway) measure() {
	f := &g.figures
	f.registry = metrics.NewRegistry()
	f.requests = metrics.NewRequests(f.registry, g.settings.Paths)
	count := func(name, help string, n *atomic.Int64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(n.Load()) })
	}
	gauge := func(name, help string, read func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read)
	}
	f.registry.MustRegister(g.bodies, g.failures)
	f.passing = []prometheus.Collector{
		count("fluent_gateway_retries_total", "Requests that were sent to a further node.", &f.again),
		count("fluent_gateway_shed_total", "Requests for which no node was ready in time.", &f.shed),
		count("fluent_gateway_lost_total", "Requests whose node was lost while it worked on them.", &f.lost),
		gauge("fluent_gateway_requests_held", "Requests that wait for a node to become ready.", func() float64 { return float64(f.held.Load()) }),
		gauge("fluent_gateway_nodes_ready", "Nodes that take requests.", func() float64 { return float64(g.readyNodes()) }),
		gauge("fluent_gateway_desired_index", "Index of the desired state that the gateway works by.", func() float64 { return float64(g.state.View().Index) }),
	}
	f.registry.MustRegister(f.passing...)
}

// Passing are the figures of requests that were sent on, for a process that has others of its own.
func (g *Gateway) Passing() []prometheus.Collector { return g.figures.passing }

func (g *Gateway) readyNodes() (ready int) {
	for _, p := range g.state.View().Peers("node") {
		if p.GetState() == "READY" {
			ready++
		}
	}
	return ready
}

// Operators answers GET /metrics, /healthz (this process runs) and /readyz (it takes requests and has a node for them). It belongs on an
// address that tenants cannot reach.
func (g *Gateway) Operators() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.HandleFunc("GET /readyz", g.serveReadiness)
	mux.Handle("GET /metrics", promhttp.HandlerFor(g.figures.registry, promhttp.HandlerOpts{}))
	return mux
}

// ownPort is the reason of a gateway that does not reach itself.
const ownPort = "OWN_PORT_UNREACHABLE"

// operatorsConnections is how many connections of operators' tools there may be.
const operatorsConnections = 64

// openOperators opens the operators' port, nil if there is no address for one, and registers the figures of all ports.
func (g *Gateway) openOperators(address string, tenants *door.Listener) (*door.Listener, error) {
	if address == "" {
		return nil, nil
	}
	operators, err := door.Listen(address, door.Port{Name: "operators", Limits: door.Limits{Connections: operatorsConnections}, Log: g.log})
	if err != nil {
		return nil, err
	}
	g.self.Add(operators, nil)
	g.figures.registry.MustRegister(door.NewCollector(g.self, tenants, operators))
	return operators, nil
}

// serveOperators serves Operators on a port of its own until ctx ends.
func (g *Gateway) serveOperators(ctx context.Context, port *door.Listener) error {
	server := door.NewServer(g.Operators(), door.StandardTimes(), false, g.log)
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.Serve(port); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve metrics: %w", err)
	}
	return nil
}

// crowded answers a client behind a proxy that has too many requests under way.
func (g *Gateway) crowded(w http.ResponseWriter, r *http.Request) {
	g.bodies.Hurry(w, r)
	httpapi.WriteError(w, r, g.log, fault.New(fault.Limited, "Too many requests of this client are under way"))
}

// short answers while the gateway is short of memory.
func (g *Gateway) short(w http.ResponseWriter, r *http.Request) {
	g.bodies.Hurry(w, r)
	httpapi.WriteError(w, r, g.log, fault.New(fault.Unavailable, "The gateway is short of memory; try again in a moment").WithCode(fault.CodeRetry))
}

// door is what stands before the gateway at the tenants' port.
func (g *Gateway) door(crowd *door.Crowd) http.Handler {
	nobody := func(*http.Request) bool { return false } // the operators' port is another one
	return g.guard.Handler(crowd.Handler(g, http.HandlerFunc(g.crowded)), http.HandlerFunc(g.short), nobody)
}

// TooManyConnections is what a tenant is told whose connection is one too many.
func TooManyConnections() []byte {
	return httpapi.TurnedAway(fault.New(fault.Unavailable, "There are too many connections; try again in a moment").WithCode(fault.CodeRetry))
}

func (g *Gateway) serveReadiness(w http.ResponseWriter, _ *http.Request) {
	type reason struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	reasons := []reason{}
	if g.draining.Load() {
		reasons = append(reasons, reason{"DRAINING", "the gateway was asked to stop"})
	}
	if deaf := g.self.Deaf(); deaf != "" {
		reasons = append(reasons, reason{ownPort, deaf})
	}
	if short := g.guard.Short(); short != "" {
		reasons = append(reasons, reason{memory.Code, short})
	}
	if g.readyNodes() == 0 {
		reasons = append(reasons, reason{"NO_READY_NODE", "no node of the environment is ready; fluent node list says why"})
	}
	w.Header().Set("Content-Type", "application/json")
	if len(reasons) > 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"ready": len(reasons) == 0, "reasons": reasons}) // the reader may have gone
}
