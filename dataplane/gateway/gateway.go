// Package gateway is the front door of an environment: it finds out which account a request is for, sends it to one of the ready
// nodes, repeats what is safe to repeat, and holds requests for the moment in which no node is ready. It knows no tenant's data.
package gateway

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/dataplane/gateway/link"
	"github.com/fluent-oms/fluent/dataplane/rest"
	"github.com/fluent-oms/fluent/domain/fault"
)

// Settings are what a gateway can be told. The zero value is good for one that clients reach without a proxy.
type Settings struct {
	Proxies door.Proxies // whose word on a client's address is believed
}

// Gateway is an http.Handler over the nodes of one environment.
type Gateway struct {
	state    *desired.State
	settings Settings
	log      *slog.Logger
	nodes    balancer
	link     *link.Pool
	buffers  *buffers
	requests atomic.Int64
	draining atomic.Bool
	figures  figures
	tenants  http.Handler
	self     *door.SelfCall // of a process; what is not run as one is never called
}

// answerTime is how long a node may work on a request.
const answerTime = 2 * time.Minute

// New makes a gateway that routes by the given desired state.
func New(state *desired.State, settings Settings, log *slog.Logger) *Gateway {
	g := &Gateway{
		state: state, settings: settings, log: log, nodes: balancer{backends: map[string]*backend{}}, link: link.New(answerTime), buffers: newBuffers(),
	}
	g.tenants, g.self = http.HandlerFunc(g.serve), door.NewSelfCall(door.StandardTimes(), log, nil)
	g.measure()
	return g
}

// Requests counts what was taken since the start.
func (g *Gateway) Requests() int64 { return g.requests.Load() }

// Drain makes the health check fail, so that whoever balances over gateways turns away; requests are still served.
func (g *Gateway) Drain() { g.draining.Store(true) }

// ServeHTTP implements http.Handler.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.RequestURI == "/healthz" { // as balancers ask, some of them without naming a host
		g.health(w)
		return
	}
	if welcomes(r) {
		welcome.ServeHTTP(w, r)
		return
	}
	g.requests.Add(1)
	rest.NameRequest(w, r)
	g.figures.requests.Serve(w, r, g.tenants)
}

func (g *Gateway) serve(w http.ResponseWriter, r *http.Request) {
	target, err := door.ReadTarget(r)
	if err != nil {
		rest.WriteError(w, r, g.log, err)
		return
	}
	if !rest.Public(target.Path) {
		rest.WriteError(w, r, g.log, fault.New(fault.NotFound, "There is no %s %s here", r.Method, target.Path))
		return
	}
	buffer := g.buffers.take()
	defer func() { g.buffers.give(buffer) }()
	body, err := readBody(w, r, *buffer)
	if *buffer = body; err != nil {
		rest.WriteError(w, r, g.log, err)
		return
	}
	g.forward(w, r, target, accountAt(g.state.View(), r.Host), body)
}

// readBody reads a request's body into a buffer, which grows where it must.
func readBody(w http.ResponseWriter, r *http.Request, to []byte) ([]byte, error) {
	if r.ContentLength == 0 {
		return to, nil
	}
	from := http.MaxBytesReader(w, r.Body, rest.MaxBody)
	for {
		if len(to) == cap(to) {
			to = slices.Grow(to, len(to))
		}
		n, err := from.Read(to[len(to):cap(to)])
		to = to[:len(to)+n]
		var tooLarge *http.MaxBytesError
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			return to, nil
		case errors.As(err, &tooLarge):
			return to, fault.New(fault.TooLarge, "The body is larger than %d bytes", rest.MaxBody).At("body")
		default:
			return to, fault.Invalidf("body", "The body could not be read whole").Wrap(err)
		}
	}
}

func (g *Gateway) health(w http.ResponseWriter) {
	if g.draining.Load() || g.self.Deaf() != "" || g.nodes.pick(g.state.View(), nil, time.Now()) == nil {
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
			WithCode("S0002E").Wrap(err)
	}
	rest.WriteError(w, r, g.log, err)
}
