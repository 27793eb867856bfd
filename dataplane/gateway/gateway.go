// Package gateway is the front door of an environment: it finds out which account a request is for, sends it to one of the ready
// nodes, repeats what is safe to repeat, and holds requests for the moment in which no node is ready. It knows no tenant's data.
package gateway

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync/atomic"
	"time"

	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/dataplane/gateway/link"
	"github.com/fluent-oms/fluent/dataplane/rest"
	"github.com/fluent-oms/fluent/domain/fault"
)

// Gateway is an http.Handler over the nodes of one environment.
type Gateway struct {
	state    *desired.State
	log      *slog.Logger
	nodes    balancer
	proxy    *httputil.ReverseProxy
	requests atomic.Int64
	draining atomic.Bool
	figures  figures
	tenants  http.Handler
}

// answerTime is how long a node may work on a request.
const answerTime = 2 * time.Minute

// New makes a gateway that routes by the given desired state.
func New(state *desired.State, log *slog.Logger) *Gateway {
	g := &Gateway{state: state, log: log, nodes: balancer{backends: map[string]*backend{}}}
	g.proxy = &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetXForwarded()
			p.Out.URL.Scheme = "http"
			p.Out.URL.Host = "node"
			p.Out.Host = p.In.Host
		},
		Transport:    &roundTripper{gateway: g, base: link.New(answerTime)},
		ErrorHandler: g.failed,
		ErrorLog:     slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	g.tenants = http.HandlerFunc(g.serve)
	g.measure()
	return g
}

// Requests counts what was taken since the start.
func (g *Gateway) Requests() int64 { return g.requests.Load() }

// Drain makes the health check fail, so that whoever balances over gateways turns away; requests are still served.
func (g *Gateway) Drain() { g.draining.Store(true) }

// ServeHTTP implements http.Handler.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/healthz" {
		g.health(w)
		return
	}
	g.requests.Add(1)
	g.figures.requests.Serve(w, r, g.tenants)
}

func (g *Gateway) serve(w http.ResponseWriter, r *http.Request) {
	if private(r.URL.Path) {
		rest.WriteError(w, r, g.log, fault.New(fault.NotFound, "There is no %s %s here", r.Method, r.URL.Path))
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, rest.MaxBody))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			err = fault.New(fault.TooLarge, "The body is larger than %d bytes", rest.MaxBody).At("body")
		} else {
			err = fault.Invalidf("body", "The body could not be read whole").Wrap(err)
		}
		rest.WriteError(w, r, g.log, err)
		return
	}
	account, err := findAccount(g.state.View(), r, body)
	if err != nil {
		g.refuse(w, r, err)
		return
	}
	r.Header.Set(AccountHeader, account)
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	g.proxy.ServeHTTP(w, r)
}

// refuse answers a request that leads to no account. Token requests have an error shape of their own.
func (g *Gateway) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if strings.HasSuffix(r.URL.Path, "/oauth/token") {
		rest.WriteTokenError(w, err)
		return
	}
	rest.WriteError(w, r, g.log, err)
}

func (g *Gateway) health(w http.ResponseWriter) {
	if g.draining.Load() || g.nodes.pick(g.state.View(), nil, time.Now()) == nil {
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
