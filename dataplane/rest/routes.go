package rest

import (
	"log/slog"
	"net/http"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/feed"
	"github.com/fluent-oms/fluent/dataplane/httpapi"
	"github.com/fluent-oms/fluent/dataplane/privacy"
	"github.com/fluent-oms/fluent/tenancy"
)

// Permissions that are asked for beside a route's own.
const (
	createWorkflow = "WORKFLOW_CREATE"
	updateWorkflow = "WORKFLOW_UPDATE"
)

// route is one row of the API: what answers a method and a path, and the permission without which nothing of a request is read. For which of the
// retailers the caller has it, the handler asks (call.may) when it knows whose thing it is.
type route struct {
	method, pattern string
	permission      string // empty: the service behind decides, by what is asked for
	handler         handler
}

// routes lists what the API answers to callers with a token. A new one needs its row and its handler.
func (a *API) routes() []route {
	return append([]route{
		{"POST", "/api/v4.1/event/async", "EVENT_CREATE", a.sendAsync},
		{"POST", "/api/v4.1/event/sync", "EVENT_CREATE", a.sendSync},
		{"GET", "/api/v4.1/event", "EVENT_VIEW", a.searchEvents},
		{"GET", "/api/v4.1/event/{id}", "EVENT_VIEW", a.getEvent},
		{"GET", "/api/v4.1/blocked", "EVENT_VIEW", a.listBlocked},
		{"POST", "/api/v4.1/job", "JOB_CREATE", a.createJob},
		{"GET", "/api/v4.1/job/{job}", "JOB_VIEW", a.getJob},
		{"GET", "/api/v4.1/job/{job}/results", "JOB_VIEW", a.getJobResults},
		{"POST", "/api/v4.1/job/{job}/batch", "BATCH_CREATE", a.createBatch},
		{"GET", "/api/v4.1/job/{job}/batch/{batch}", "BATCH_VIEW", a.getBatch},
		{"PUT", "/api/v4.1/workflow", "", a.putWorkflow}, // to create or to update, by what there is
		{"POST", "/api/v4.1/workflow", "", a.postWorkflow},
		{"GET", "/api/v4.1/workflow", "WORKFLOW_VIEW", a.listWorkflows},
		{"GET", "/api/v4.1/workflow/{retailer}/{name}", "WORKFLOW_VIEW", a.getWorkflow},
		{"GET", "/api/v4.1/workflow/{retailer}/{name}/versions", "WORKFLOW_VIEW", a.listVersions},
		{"POST", "/api/v4.1/transition", "", a.transition}, // whoever sees a thing sees its buttons
		{"POST", "/api/v4.1/user/password/reset", "", a.resetPassword},
		{"POST", "/api/v4.1/user/unlock", "", a.unlockUser},
		{"GET", "/api/v4.1/user/sign-in-failures", "", a.signInFailures},
		{"GET", "/orchestration/rest/v1/plugin", "PLUGIN_VIEW", a.listRules},
		{"GET", "/orchestration/rest/v1/plugin/{bundle}/status", "PLUGIN_VIEW", a.bundleStatus},
		{"POST", "/orchestration/rest/v1/plugin/upload", "PLUGIN_VIEW", a.noBundles},
		{"POST", "/orchestration/rest/v1/plugin/install", "PLUGIN_VIEW", a.noBundles},
		{"GET", "/api/v4.1/order", "ORDER_VIEW", a.searchOrders},
		{"POST", "/api/v4.1/order", "ORDER_CREATE", a.createOrder},
		{"GET", "/api/v4.1/order/{order}", "ORDER_VIEW", a.getOrder},
		{"PUT", "/api/v4.1/order/{order}", "ORDER_UPDATE", a.updateOrder},
		{"GET", "/api/v4.1/order/{order}/fulfilment", "FULFILMENT_VIEW", a.getFulfilments},
		{"POST", "/api/v4.1/order/{order}/transaction", "FINANCIALTRANSACTION_CREATE", a.createTransaction},
		{"GET", "/api/v4.1/location", "LOCATION_VIEW", a.searchLocations},
		{"POST", "/api/v4.1/location", "LOCATION_CREATE", a.createLocation},
		{"PUT", "/api/v4.1/location", "LOCATION_UPDATE", a.updateLocation},
		{"POST", "/api/v4.1/fulfilmentOptions", "FULFILMENTOPTION_CREATE", a.createOption},
		{"POST", "/api/v4.1/return", "RETURNORDER_CREATE", a.createReturn},
	}, a.accountRoutes()...)
}

// accountRoutes are those about the account itself: who may come in, what is kept of people, what changes.
func (a *API) accountRoutes() []route {
	return []route{
		{"GET", "/api/v4.1/identity-provider", "IDENTITYPROVIDER_VIEW", a.getProvider},
		{"PUT", "/api/v4.1/identity-provider", "IDENTITYPROVIDER_UPDATE", a.putProvider},
		{"DELETE", "/api/v4.1/identity-provider", "IDENTITYPROVIDER_UPDATE", a.deleteProvider},
		{"POST", "/api/v4.1/personal-data/export", privacy.MayExport, a.exportPerson},
		{"POST", "/api/v4.1/personal-data/erasure", privacy.MayErase, a.erasePerson},
		{"GET", "/api/v4.1/personal-data/{id}", privacy.MayView, a.personalOperation},
		{"GET", "/api/v4.1/personal-data/{id}/file/{part}", privacy.MayExport, a.personalFile},
		{"GET", "/api/v4.1/feed/{types}", feed.Permission, a.followChanges},
		{"GET", "/api/v4.1/policy", tenant.ViewPolicy, a.listPolicies},
		{"PUT", "/api/v4.1/policy", tenant.UpdatePolicy, a.putPolicy},
		{"GET", "/api/v4.1/client", "", a.listClients},
		{"POST", "/api/v4.1/client", "", a.createClient},
		{"PUT", "/api/v4.1/client/{client}", "", a.updateClient},
		{"POST", "/api/v4.1/client/{client}/secret", "", a.rotateClient},
		{"DELETE", "/api/v4.1/client/{client}", "", a.revokeClient},
	}
}

// healthPaths answer everybody that the API is there.
var healthPaths = []string{"/orchestration/rest/health", "/api/metrics/healthcheck"}

// Paths are those of all routes, with their parameters in braces: what the API's requests are counted by (see metrics.NewRequests).
func Paths() []string {
	var out []string
	for _, r := range new(API).routes() {
		out = append(out, r.pattern)
	}
	return append(out, healthPaths...)
}

// handler answers one call: with what goes out as 200, or an error.
type handler func(c *call) (any, error)

// call is a request of a caller who is known.
type call struct {
	w          http.ResponseWriter
	r          *http.Request
	caller     *tenant.Principal
	permission string // the route's
	answered   bool   // the handler has written the answer itself
}

// may asks whether the caller has the route's permission for a retailer; 0 is the account.
func (c *call) may(retailer tenancy.RetailerID) error { return c.caller.Can(c.permission, retailer) }

// scope is what the caller sees of the account by the route's permission.
func (c *call) scope() tenancy.Scope { return c.caller.ScopeFor(c.permission) }

// retailer is what a request names as its retailer, else what its path began with.
func (c *call) retailer(given httpapi.Text) httpapi.Text {
	if given != "" {
		return given
	}
	id, _ := c.r.Context().Value(prefixed{}).(string)
	return httpapi.Text(id)
}

// readJSON decodes the request's body.
func (c *call) readJSON(v any) error { return httpapi.ReadJSON(c.w, c.r, v) }

func (r route) serve(log *slog.Logger) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		caller, _ := tenant.FromContext(req.Context())
		c := &call{w: w, r: req, caller: caller, permission: r.permission}
		answer, err := r.answer(c)
		switch {
		case c.answered:
			return
		case err != nil:
			httpapi.WriteError(w, req, log, err)
			return
		}
		httpapi.WriteJSON(w, http.StatusOK, answer)
	}
}

func (r route) answer(c *call) (any, error) {
	if r.permission != "" {
		if err := c.caller.CanSomewhere(r.permission); err != nil {
			return nil, err
		}
	}
	return r.handler(c)
}
