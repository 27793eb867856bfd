package graphql_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/graphql"
	"github.com/fluent-oms/fluent/dataplane/graphql/answer"
	"github.com/fluent-oms/fluent/dataplane/graphql/change"
	"github.com/fluent-oms/fluent/dataplane/graphql/document"
	"github.com/fluent-oms/fluent/dataplane/identity/rights"
	"github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/dataplane/operation"
	"github.com/fluent-oms/fluent/dataplane/settings"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/limit"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
	"github.com/fluent-oms/fluent/tenancy"
)

// world is a database with one account, one retailer and an executor.
type world struct {
	t      testing.TB
	dsn    string
	more   []operation.Operation
	db     *store.DB
	exec   *graphql.Executor
	admin  *tenant.Principal
	nudges *nudges
	hooks  *storetest.Hooks // of the store, with nothing in them
	limits limit.Figures    // of every account
	admit  error            // what its requests are refused with
	room   error            // what creations are refused with
}

type nudges struct {
	mu     sync.Mutex
	events []*workflow.Event
	// awaited are those that callers waited for.
	awaited []*workflow.Event
}

func (n *nudges) Nudge(_ tenancy.AccountID, events ...*workflow.Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.events = append(n.events, events...)
}

// Await finds that events have had their turn: there is no engine here.
func (n *nudges) Await(_ context.Context, _ tenancy.AccountID, event *workflow.Event) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.awaited = append(n.awaited, event)
	return nil
}

// Create leaves events to be queued.
func (n *nudges) Create(context.Context, tenancy.AccountID, change.Creation) (bool, error) {
	return false, nil
}

// undriven is the name of a workflow that no retailer has.
const undriven = "ORDER::HDD"

// versions knows one version of every workflow of retailer 1.
type versions struct{}

func (versions) Current(_ context.Context, _ tenancy.AccountID, r tenancy.RetailerID, name string, _ workflow.Root) (int, bool, error) {
	if name == undriven {
		return 0, false, nil
	}
	return 10003, r == 1, nil
}

func (versions) Names(tenancy.AccountID, tenancy.RetailerID) []string {
	return []string{"LOCATION::STORE", "ORDER::CC", "ORDER::HD"}
}

// plain stands for the hasher, which is slow by design.
type plain struct{}

func (plain) Hash(_ context.Context, password string) (string, error) {
	return "hashed:" + password, nil
}

// quotas are those of all accounts of a world.
type quotas struct{ *world }

func (q quotas) Figures(tenancy.AccountID) limit.Figures        { return q.limits }
func (q quotas) Admit(context.Context, tenancy.AccountID) error { return q.admit }
func (q quotas) Room(tenancy.AccountID) error                   { return q.room }

func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldOf(t, store.Options{Catalogue: domain.Catalogue()}, "graphql", storetest.MigrateOnTripwire)
}

// newWorldOf is a world of another catalogue, whose database migrate prepares, with more operations than the platform has.
func newWorldOf(t testing.TB, options store.Options, template string, migrate func(dsn string) error, more ...operation.Operation) *world {
	t.Helper()
	dsn := dbtest.Template(t, template, migrate)
	hooks := storetest.New(t)
	options.ReadConnections, options.WriteConnections, options.Hook = 4, 4, hooks.Hook
	if options.Remembered == 0 {
		options.Remembered = -1 // what reads cost shall not hang on who has read before
	}
	db := storetest.Open(t, dsn, options)
	w := &world{t: t, dsn: dsn, more: more, db: db, nudges: &nudges{}, hooks: hooks, limits: limit.Standard}
	w.exec = w.executor(db)
	w.admin = principal("ACME", "1", tenant.Grant{Role: tenant.AdminRole, Contexts: []tenant.Context{{Type: tenant.AccountContext}}})
	w.retailer("ACME", "1", "MAIN")
	return w
}

// executor is the API of a node.
func (w *world) executor(db *store.DB) *graphql.Executor {
	w.t.Helper()
	exec, err := graphql.New(graphql.Deps{
		Catalogue: db.Catalogue(), Operations: append(modules.Operations(), w.more...), DB: db, Workflows: versions{}, Engine: w.nudges,
		Quotas: quotas{w}, CreatesForOthers: modules.CreatesForOthers(),
		Checks: settings.Checks(db.Catalogue()), Guards: modules.Guards(db.Catalogue(), rights.Guards(db.Catalogue(), plain{})), Logger: slog.New(slog.NewTextHandler(w.t.Output(), nil)),
	})
	require.NoError(w.t, err)
	return exec
}

func principal(account tenancy.AccountID, user string, grants ...tenant.Grant) *tenant.Principal {
	return tenant.New(tenant.Identity{Account: account, UserID: user, Username: "ann", RetailerID: 1}, grants...)
}

// retailer writes a retailer, as the control plane's provisioning does.
func (w *world) retailer(account tenancy.AccountID, id catalogue.ID, ref string) {
	w.t.Helper()
	scope, err := tenancy.NewScope(account)
	require.NoError(w.t, err)
	require.NoError(w.t, w.db.Write(context.Background(), scope, func(tx *store.Tx) error {
		r := &foundation.Retailer{Ref: ref, Status: "ACTIVE"}
		r.ID = id
		tx.Insert(r)
		return nil
	}))
}

// run sends a request as a principal; variables are JSON.
func (w *world) run(p *tenant.Principal, query, variables string) answer.Response {
	w.t.Helper()
	return w.runIn(context.Background(), p, query, variables)
}

func (w *world) runIn(ctx context.Context, p *tenant.Principal, query, variables string) answer.Response {
	w.t.Helper()
	body := `{"query":` + quote(query)
	if variables != "" {
		body += `,"variables":` + variables
	}
	req, err := document.Decode([]byte(body + "}"))
	require.NoError(w.t, err)
	return w.exec.Execute(ctx, p, req)
}

func quote(s string) string {
	raw, _ := json.Marshal(s)
	return string(raw)
}

// data runs a request that must succeed and decodes its data.
func (w *world) data(query, variables string) map[string]any {
	w.t.Helper()
	res := w.run(w.admin, query, variables)
	require.Empty(w.t, messages(res), "%s", query)
	var out map[string]any
	require.NoError(w.t, json.Unmarshal(res.Data, &out), "%s", res.Data)
	return out
}

// raw runs a request that must succeed and returns its data as text.
func (w *world) raw(query, variables string) string {
	w.t.Helper()
	res := w.run(w.admin, query, variables)
	require.Empty(w.t, messages(res), "%s", query)
	return string(res.Data)
}

// failure runs a request and returns its only error.
func (w *world) failure(query, variables string) *answer.Error {
	w.t.Helper()
	res := w.run(w.admin, query, variables)
	require.Len(w.t, res.Errors, 1, "%s %s", messages(res), res.Data)
	return res.Errors[0]
}

func messages(res answer.Response) []string {
	var out []string
	for _, e := range res.Errors {
		out = append(out, e.Extensions.Code+" "+e.Message)
	}
	return out
}

// at reads a value by path: orders.edges.0.node.ref.
func at(v any, path string) any {
	for _, step := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[step]
		case []any:
			n := int(step[0] - '0')
			if n >= len(x) {
				return nil
			}
			v = x[n]
		default:
			return nil
		}
	}
	return v
}
