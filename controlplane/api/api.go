// Package api serves the control plane's Connect services. Handlers are thin: interceptors have proved the caller, asked the policy and
// validated the request; a handler makes one command or reads one view.
package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/grpcreflect/v2"
	"connectrpc.com/validate"
	"golang.org/x/time/rate"

	"github.com/fluent-oms/fluent/auth/guess"
	"github.com/fluent-oms/fluent/auth/interceptor"
	"github.com/fluent-oms/fluent/auth/password"
	"github.com/fluent-oms/fluent/auth/policy"
	"github.com/fluent-oms/fluent/auth/webapp"
	"github.com/fluent-oms/fluent/auth/wire"
	"github.com/fluent-oms/fluent/controlplane/cluster"
	"github.com/fluent-oms/fluent/controlplane/keyring"
	"github.com/fluent-oms/fluent/controlplane/presence"
	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
	"github.com/fluent-oms/fluent/proto/gen/fluent/node/v1/nodev1connect"
)

// Consensus is what handlers need of the cluster.
type Consensus interface {
	// Apply commits a command; refusals and lost leadership are faults.
	Apply(ctx context.Context, command *statev1.Command) (state.Result, error)
	// ConfirmLeader makes sure that this server leads now.
	ConfirmLeader(ctx context.Context) error
	// AwaitLeader waits for a leader and tells whether it is this server.
	AwaitLeader(ctx context.Context) (cluster.Peer, bool, error)
	// AwaitIndex waits until this server has applied a command.
	AwaitIndex(ctx context.Context, index state.Index) error
	// Leader is the leader as far as known.
	Leader() (cluster.Peer, bool)
	// Self tells this server's id, its term and all peers.
	Self() cluster.Self
}

// Deps is what the API works with. All of it is required.
type Deps struct {
	Store       *state.Store
	Consensus   Consensus
	Keys        *keyring.Keyring
	Authorities *keyring.Authorities
	Presence    *presence.Tracker
	Passwords   *password.Hasher
	Guesses     *guess.Book // of logins, while this server leads
	Policy      *policy.Engine
	Logger      *slog.Logger
	Now         func() time.Time
	// Deaf says why calls should go to another server: it does not reach its own ports, or is short of memory. Empty if they need not.
	Deaf func() string
}

// API is the services of one server.
type API struct {
	Deps
	server  *connect.Server
	forward *forwarder
	lines   *rate.Limiter // about failed logins, in the log
	places  map[string]place
}

// How much of failed logins goes into a server's log.
const (
	linePace  = 5 // lines a second
	lineBurst = 100
)

// New makes the API.
func New(d Deps) (*API, error) {
	if d.Store == nil || d.Consensus == nil || d.Keys == nil || d.Authorities == nil || d.Presence == nil || d.Passwords == nil || d.Guesses == nil || d.Policy == nil || d.Logger == nil || d.Now == nil || d.Deaf == nil {
		return nil, errors.New("api: every field of Deps is required")
	}
	places, err := placesOf(methods())
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	a := &API{Deps: d, lines: rate.NewLimiter(linePace, lineBurst), places: places}
	guard, err := interceptor.Server(interceptor.Deps{
		Authenticate: a.authenticate, PermissionOf: permissionOf(), Facts: a.facts, Policy: d.Policy, Logger: d.Logger,
	})
	if err != nil {
		return nil, fmt.Errorf("make the interceptor: %w", err)
	}
	a.server = wire.NewServer(a.mapErrors, readable, a.nameIndex, guard, validate.NewServerInterceptor(), a.logCalls)
	a.register()
	a.forward = newForwarder(a.server, d.Consensus, d.Authorities.Party(), a.proved)
	return a, nil
}

func (a *API) register() {
	controlplanev1connect.RegisterRegionServiceHandler(a.server, regions{a})
	controlplanev1connect.RegisterEnvironmentServiceHandler(a.server, environments{a})
	controlplanev1connect.RegisterAccountServiceHandler(a.server, accounts{a})
	controlplanev1connect.RegisterRetailerServiceHandler(a.server, retailers{a})
	controlplanev1connect.RegisterOperationServiceHandler(a.server, operations{a})
	controlplanev1connect.RegisterNodeAdminServiceHandler(a.server, nodeAdmin{a})
	controlplanev1connect.RegisterHostServiceHandler(a.server, hosts{a})
	controlplanev1connect.RegisterAuthServiceHandler(a.server, operators{a})
	controlplanev1connect.RegisterAuditServiceHandler(a.server, audit{a})
	controlplanev1connect.RegisterClusterServiceHandler(a.server, clusters{a})
	controlplanev1connect.RegisterApiClientServiceHandler(a.server, clients{a})
	nodev1connect.RegisterNodeServiceHandler(a.server, nodes{a})
	nodev1connect.RegisterClientServiceHandler(a.server, nodeClients{nodes{a}})
}

// Handler serves the services as Connect, gRPC, gRPC-Web and JSON, with reflection and health, the key set at /.well-known/jwks.json,
// and GET /healthz (this process runs) and /readyz (there is a leader).
func (a *API) Handler() http.Handler {
	rpc := http.NewServeMux()
	wire.Mount(rpc, a.server, forStrangers())
	open := wire.NewServer()
	grpcreflect.Register(open, grpcreflect.WithNamer(names(a.server)))
	registerHealth(open, a.unready)
	mux := http.NewServeMux()
	wire.Mount(mux, open)
	mux.HandleFunc("GET /.well-known/jwks.json", a.serveKeySet)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", a.serveReadiness)
	mux.Handle("GET /{$}", welcome)
	mux.Handle("/", a.forward.wrap(rpc))
	return mux
}

// welcome is what a browser finds at a server's address.
var welcome = webapp.Welcome{
	Title: "Fluent: the control plane",
	Text: "This is one of the servers that decide what exists in an installation of Fluent, an order management platform: regions, environments, " +
		"accounts, retailers, nodes. Operators use it by the command line, or by Connect, gRPC or JSON. Tenants' requests go to a gateway instead.",
	Paths: []webapp.Path{
		{Address: "fluent login --server …", Use: "Sign in, then: fluent --help"},
		{Address: "POST /fluent.controlplane.v1.…", Use: "The API: one path for each method of the services in proto/; gRPC reflection lists them"},
		{Address: "GET /.well-known/jwks.json", Use: "The keys that verify operators' tokens"},
		{Address: "GET /healthz", Use: "200 while this server runs"},
		{Address: "GET /readyz", Use: "200 while there is a leader and this server reaches its own ports"},
	},
}

func (a *API) serveKeySet(w http.ResponseWriter, _ *http.Request) {
	set, err := a.Keys.JWKS()
	if err != nil {
		http.Error(w, "not initialised yet", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/jwk-set+json")
	w.Header().Set("Cache-Control", "max-age=60")
	_, _ = w.Write(set) // the reader going away is its own affair
}

func (a *API) serveReadiness(w http.ResponseWriter, _ *http.Request) {
	if why := a.unready(); why != "" {
		http.Error(w, why, http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ready")
}

// unready says why calls to this server should go to another one; empty if they need not.
func (a *API) unready() string {
	if _, known := a.Consensus.Leader(); !known || a.Store.View().Cluster().GetId() == "" {
		return "no leader"
	}
	return a.Deaf()
}
