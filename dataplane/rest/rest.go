// Package rest is the tenants' REST API: tokens, events, jobs and batches, workflows, user actions. Handlers are thin: read the
// request, ask whether the caller may, call the use case, write the answer.
package rest

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/batching"
	"github.com/fluent-oms/fluent/dataplane/clients"
	"github.com/fluent-oms/fluent/dataplane/configuration"
	"github.com/fluent-oms/fluent/dataplane/engine/history"
	"github.com/fluent-oms/fluent/dataplane/explorer"
	"github.com/fluent-oms/fluent/dataplane/feed"
	"github.com/fluent-oms/fluent/dataplane/httpapi"
	"github.com/fluent-oms/fluent/dataplane/identity"
	"github.com/fluent-oms/fluent/dataplane/privacy"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/signon"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// Deps are what the API stands on.
type Deps struct {
	Identity       Identity
	Policies       Policies
	SignOn         *signon.Service
	Privacy        *privacy.Service
	Feed           *feed.Service
	Clients        *clients.Service
	Configurations *configuration.Configurations
	Control        configuration.Committer
	Rules          *workflow.Names // index over Library
	Library        []rule.Rule
	Engine         Engine
	History        *history.Log
	Batching       *batching.Service
	Store          *store.DB
	GraphQL        GraphQL // behind the older resources
	Release        string  // of the platform, and so of the rules that come with it
	Quotas         Quotas  // nil: no account has any
	Log            *slog.Logger
}

// Quotas hold accounts to their figures.
type Quotas interface {
	// Body is how many bytes a body of the account's may have.
	Body(account tenancy.AccountID) int64
	// Admit lets a request pass, now or a little later, or refuses it: Unavailable or Limited.
	Admit(ctx context.Context, account tenancy.AccountID) error
	// Room refuses what creates more where the account keeps as much as it may.
	Room(account tenancy.AccountID) error
}

func (d Deps) quotas() Quotas {
	if d.Quotas == nil {
		return unlimited{}
	}
	return d.Quotas
}

// unlimited are the quotas of accounts that have none.
type unlimited struct{}

func (unlimited) Body(tenancy.AccountID) int64                   { return httpapi.MaxBody }
func (unlimited) Admit(context.Context, tenancy.AccountID) error { return nil }
func (unlimited) Room(tenancy.AccountID) error                   { return nil }

// Policies keeps what accounts take away from their roles.
type Policies interface {
	Policies(ctx context.Context, caller *tenant.Principal) ([]identity.PolicyVersion, error)
	PutPolicy(ctx context.Context, caller *tenant.Principal, text, comment string) (identity.PolicyVersion, error)
}

// Identity knows tenants' users: their tokens and their passwords.
type Identity interface {
	// Authenticate verifies an access token; account is what the request's host says, or empty.
	Authenticate(ctx context.Context, raw, account string) (*tenant.Principal, error)
	Token(ctx context.Context, req identity.TokenRequest) (identity.TokenAnswer, error)
	Revoke(ctx context.Context, req identity.RevokeRequest) error
	ChangePassword(ctx context.Context, req identity.PasswordRequest) error
	ResetPassword(ctx context.Context, caller *tenant.Principal, username string) (identity.OneTimePassword, error)
	UnlockUser(ctx context.Context, caller *tenant.Principal, username string) error
	SignInFailures(ctx context.Context, caller *tenant.Principal, username string) ([]identity.SignInFailure, error)
}

// API serves the routes.
type API struct {
	Deps
	mux     *http.ServeMux
	graphql http.Handler // most requests are for it, so they don't go through the mux, which allocates for each
}

// New makes the API. graphql answers POST /graphql for authenticated callers.
func New(deps Deps, graphql http.Handler) *API {
	a := &API{Deps: deps, mux: http.NewServeMux()}
	a.graphql = a.authenticated(graphql.ServeHTTP)
	a.mux.HandleFunc("POST /oauth/token", a.token)
	a.mux.HandleFunc("POST /oauth/revoke", a.revoke)
	a.mux.HandleFunc("POST /oauth/password", a.changePassword)
	a.mux.HandleFunc("GET /oauth/authorize", a.beginSignOn)
	a.mux.HandleFunc("GET /oauth/callback", a.finishSignOn)
	for _, route := range a.routes() {
		a.mux.Handle(route.method+" "+route.pattern, a.authenticated(a.admitted(route.serve(a.Log))))
	}
	for _, path := range healthPaths {
		a.mux.HandleFunc("GET "+path, a.healthy)
	}
	a.mux.Handle(explorer.Path, explorer.New())
	a.mux.HandleFunc("/", a.unknown)
	return a
}

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !httpapi.Public(r.URL.Path) {
		a.unknown(w, r)
		return
	}
	if path := httpapi.WithoutRetailer(r.URL.Path); path != r.URL.Path {
		r = r.WithContext(context.WithValue(r.Context(), prefixed{}, httpapi.Retailer(r.URL.Path)))
		r.URL.Path, r.URL.RawPath = path, ""
	}
	if r.Method == http.MethodPost && r.URL.Path == "/graphql" {
		a.graphql.ServeHTTP(w, r)
		return
	}
	a.mux.ServeHTTP(w, r)
}

// prefixed is under which key a request's context keeps the retailer that its path began with.
type prefixed struct{}

// authenticated verifies the caller's token and puts its principal into the context.
func (a *API) authenticated(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, ok := bearer(r)
		if !ok {
			httpapi.WriteError(w, r, a.Log, fault.New(fault.Unauthenticated, "A bearer token is needed; get one from POST /oauth/token"))
			return
		}
		principal, err := a.Identity.Authenticate(r.Context(), raw, r.Header.Get(httpapi.AccountHeader))
		if err != nil {
			httpapi.WriteError(w, r, a.Log, err)
			return
		}
		door.Allow(r, httpapi.MaxBody)
		r = httpapi.Bounded(r, a.quotas().Body(principal.Account))
		next(w, r.WithContext(tenant.NewContext(r.Context(), principal)))
	})
}

// admitted lets as many requests of an account pass as it may send. What refuses them is the account's own doing and no failure: it is not logged.
func (a *API) admitted(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		caller, _ := tenant.FromContext(r.Context())
		if err := a.quotas().Admit(r.Context(), caller.Account); err != nil {
			httpapi.WriteError(w, r, a.Log, err)
			return
		}
		next(w, r)
	}
}

// Proof answers 204 to whoever shows a good token, and others as every route does: gateways ask before they read what is long.
func (a *API) Proof() http.Handler {
	return a.authenticated(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
}

func (a *API) unknown(w http.ResponseWriter, r *http.Request) {
	httpapi.WriteError(w, r, a.Log, fault.New(fault.NotFound, "There is no %s %s here", r.Method, r.URL.Path))
}
