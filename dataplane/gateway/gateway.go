// Package gateway is the front door of an environment: it finds out which account a request is for, sends it to one of the ready
// nodes, repeats what is safe to repeat, and holds requests for the moment in which no node is ready. It knows no tenant's data.
package gateway

import (
	"errors"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/memory"
	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/dataplane/gateway/link"
	"github.com/fluent-oms/fluent/dataplane/httpapi"
	"github.com/fluent-oms/fluent/domain/fault"
)

// Settings are what a gateway can be told. The zero value is good for one that clients reach without a proxy.
type Settings struct {
	Proxies door.Proxies    // whose word on a client's address is believed
	Bodies  door.BodyLimits // how much of requests' bodies is held
	// Failures is how many requests of a source may fail in a minute before it is known who calls; 0: any number.
	Failures int
	// Hosts are names of the gateway's own, at which the caller's token or client alone says the account. Every other name leads to one.
	Hosts []string
	// Paths are those that nodes answer, by which requests are counted: see metrics.NewRequests. It routes by none of them.
	Paths []string
	// Here is the node of this process, at whose own door the gateway stands: what it takes goes nowhere else. nil: there is none.
	Here *Here
}

// Here is a node in the process of a gateway.
type Here struct {
	Node   func() http.Handler // answers requests as if a gateway had sent them on; nil: the node takes none now, so they go to others
	Bodies *door.Bodies        // the node's: one process has one budget
}

// Gateway is an http.Handler over the nodes of one environment.
type Gateway struct {
	state    *desired.State
	settings Settings
	bodies   *door.Bodies
	failures *door.Failures
	log      *slog.Logger
	nodes    balancer
	link     *link.Pool
	buffers  *buffers
	requests atomic.Int64
	draining atomic.Bool
	figures  figures
	tenants  http.Handler
	self     *door.SelfCall // of a process; what is not run as one is never called
	guard    *memory.Guard  // of a process
}

// answerTime is how long a node may work on a request.
const answerTime = 2 * time.Minute

// New makes a gateway that routes by the given desired state.
func New(state *desired.State, settings Settings, log *slog.Logger) *Gateway {
	g := &Gateway{
		state: state, settings: settings, bodies: door.NewBodies(settings.Bodies), failures: door.NewFailures(settings.Failures, log),
		log: log, nodes: balancer{backends: map[string]*backend{}}, link: link.New(answerTime), buffers: newBuffers(),
	}
	if settings.Here != nil {
		g.bodies = settings.Here.Bodies
	}
	g.tenants, g.self = http.HandlerFunc(g.serve), door.NewSelfCall(door.StandardTimes(), log, nil)
	g.measure()
	return g
}

// Requests counts what was taken since the start.
func (g *Gateway) Requests() int64 { return g.requests.Load() }

// Drain makes the health check fail, so that whoever balances over gateways turns away, and has clients call anew with their next request.
// Requests are still served.
func (g *Gateway) Drain() { g.draining.Store(true) }

// ServeHTTP implements http.Handler.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.bodies.Hurry(w, r)
	if g.draining.Load() {
		w.Header().Set("Connection", "close")
	}
	if r.RequestURI == "/healthz" { // as balancers ask, some of them without naming a host
		g.health(w)
		return
	}
	if welcomes(r) {
		welcome.ServeHTTP(w, r)
		return
	}
	if r.RequestURI == DoorsPath && r.Method == http.MethodGet {
		g.serveDoors(w)
		return
	}
	g.requests.Add(1)
	httpapi.NameRequest(w, r)
	if httpapi.SignsIn(r) { // nodes delay who guesses
		g.figures.requests.Serve(w, r, g.tenants)
		return
	}
	source, credential := g.settings.Proxies.Source(r), r.Header.Get("Authorization")
	if !g.failures.Admits(source, credential) {
		httpapi.WriteError(w, r, g.log, httpapi.TooManyFailures())
		return
	}
	g.failures.Note(source, credential, g.figures.requests.Serve(w, r, g.tenants))
}

func (g *Gateway) serve(w http.ResponseWriter, r *http.Request) {
	target, err := door.ReadTarget(r)
	if err != nil {
		httpapi.WriteError(w, r, g.log, err)
		return
	}
	if !httpapi.Public(target.Path) {
		httpapi.WriteError(w, r, g.log, fault.New(fault.NotFound, "There is no %s %s here", r.Method, target.Path))
		return
	}
	if here := g.here(); here != nil {
		g.answerHere(w, r, here)
		return
	}
	in := incoming{target: target, source: g.settings.Proxies.Source(r), account: g.accountAt(r.Host), guard: g.bodies.Guard(w, r)}
	defer g.release(&in)
	if err := g.read(&in, r); err != nil {
		g.refuse(w, r, target, err)
		return
	}
	g.forward(w, r, &in)
}

// refuse answers a request whose body was not read. Token requests have an error shape of their own.
func (g *Gateway) refuse(w http.ResponseWriter, r *http.Request, target door.Target, err error) {
	var answered *answeredByNode
	if errors.As(err, &answered) {
		g.relay(w, answered.res, answered.node)
		return
	}
	if known := (*fault.Error)(nil); !errors.As(err, &known) {
		g.failed(w, r, err)
		return
	}
	if httpapi.IsTokenPath(target.Path) {
		httpapi.WriteTokenError(w, err)
		return
	}
	httpapi.WriteError(w, r, g.log, err)
}

func (g *Gateway) health(w http.ResponseWriter) {
	if g.draining.Load() || g.self.Deaf() != "" || g.here() == nil && g.nodes.pick(g.state.View(), nil, time.Now()) == nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// failed answers a request that no node answered.
func (g *Gateway) failed(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // the client has gone
	}
	var known *fault.Error
	if !errors.As(err, &known) {
		g.figures.lost.Add(1)
		err = fault.New(fault.Unavailable, "The node that worked on this was lost before it answered; the request may have been carried out").
			WithCode(fault.CodeRetry).Wrap(err)
	}
	httpapi.WriteError(w, r, g.log, err)
}
