package node

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/memory"
	"github.com/fluent-oms/fluent/auth/trust/trusttest"
	"github.com/fluent-oms/fluent/dataplane/gateway"
	"github.com/fluent-oms/fluent/dataplane/metrics"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/ops/embedded"
)

// TestANodeWithoutItsDatabaseIsNotReady stops a real server under the node, and starts it again.
func TestANodeWithoutItsDatabaseIsNotReady(t *testing.T) {
	t.Parallel()
	engine, err := embedded.FindKind(embedded.Postgres)
	require.NoError(t, err)
	dir, err := os.MkdirTemp("/tmp", "nrd") // a socket's path has to be short
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	server, err := embedded.Start(t.Context(), embedded.Config{Engine: engine, Dir: dir, Volatile: true})
	require.NoError(t, err)
	t.Cleanup(func() { server.Stop() })
	dsn := server.DSN("postgres")
	db, err := store.Open(t.Context(), dsn, store.Options{Catalogue: domain.Catalogue()})
	require.NoError(t, err)
	t.Cleanup(db.Close)

	n := member(t, trusttest.New(t, "one"))
	n.registry = metrics.NewRegistry()
	n.measured = metrics.NewRequests(n.registry, nil)
	n.registry.MustRegister(n.readiness())
	n.operators = n.operate()
	codes := func() (out []string) {
		answer := httptest.NewRecorder()
		n.serve(answer, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		var body struct {
			Ready   bool
			Reasons []reason
		}
		require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &body))
		require.Equal(t, body.Ready, answer.Code == http.StatusOK)
		for _, r := range body.Reasons {
			out = append(out, r.Code)
		}
		return out
	}
	require.Equal(t, []string{"STARTING"}, codes())
	go n.health.watch(t.Context(), n, db.Probe())

	server.Stop()
	require.Eventually(t, func() bool { return n.health.database.Load() != nil }, time.Minute, 20*time.Millisecond)
	require.Equal(t, []string{"STARTING", "DATABASE_UNREACHABLE"}, codes())
	require.Equal(t, "JOINING", n.report().GetState(), "gateways pass over it")
	require.Contains(t, n.report().GetProblem(), "DATABASE_UNREACHABLE: the database does not answer")
	page := httptest.NewRecorder()
	n.serve(page, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Contains(t, page.Body.String(), "fluent_node_ready 0")

	server, err = embedded.Start(t.Context(), embedded.Config{Engine: engine, Dir: dir, Volatile: true})
	require.NoError(t, err)
	require.Equal(t, dsn, server.DSN("postgres"))
	require.Eventually(t, func() bool { return n.health.database.Load() == nil }, time.Minute, 20*time.Millisecond)
	require.Equal(t, []string{"STARTING"}, codes(), "it comes back by itself")
}

// TestANodeThatDoesNotReachItselfIsNotReady gives the node a port that nobody accepts on, until somebody does.
func TestANodeThatDoesNotReachItselfIsNotReady(t *testing.T) {
	t.Parallel()
	n := member(t, trusttest.New(t, "one"))
	n.services.Store(&services{})
	port, err := door.Listen("127.0.0.1:0", door.Port{Name: "node"})
	require.NoError(t, err)
	n.self.Add(port, nil)
	state, problem := n.standing()
	require.Equal(t, "READY", state)
	require.Empty(t, problem)
	for range 3 {
		require.NoError(t, n.self.Round(t.Context(), time.Millisecond))
	}
	state, problem = n.standing()
	require.Equal(t, "JOINING", state, "gateways pass over it")
	require.Contains(t, problem, "OWN_PORT_UNREACHABLE: the process does not reach its own port node")
	answer := httptest.NewRecorder()
	n.serveReadiness(answer, nil)
	require.Equal(t, http.StatusServiceUnavailable, answer.Code)
	require.Contains(t, answer.Body.String(), `"OWN_PORT_UNREACHABLE"`)

	server := &http.Server{Handler: http.NotFoundHandler(), ReadHeaderTimeout: time.Minute}
	t.Cleanup(func() { _ = server.Close() })
	go func() { _ = server.Serve(port) }()
	require.NoError(t, n.self.Round(t.Context(), time.Minute))
	state, _ = n.standing()
	require.Equal(t, "READY", state, "it comes back by itself")
}

// TestANodeShortOfMemoryRefusesTenantsAndNothingElse gives the node a limit that it is over.
func TestANodeShortOfMemoryRefusesTenantsAndNothingElse(t *testing.T) {
	t.Parallel()
	n := member(t, trusttest.New(t, "one"))
	n.registry = metrics.NewRegistry()
	n.measured = metrics.NewRequests(n.registry, nil)
	n.services.Store(&services{})
	n.operators = n.operate()
	reached := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	n.handler.set(reached)
	n.strangers = &n.handler
	n.guard = memory.NewGuard(1, n.log, nil)
	n.registry.MustRegister(n.guard)
	ask := func(method, path string) *httptest.ResponseRecorder {
		answer := httptest.NewRecorder()
		n.server().Handler.ServeHTTP(answer, httptest.NewRequest(method, path, nil))
		return answer
	}
	require.Equal(t, http.StatusTeapot, ask("POST", "/graphql").Code)
	n.guard.Look()

	refused := ask("POST", "/graphql")
	require.Equal(t, http.StatusServiceUnavailable, refused.Code)
	require.Equal(t, "1", refused.Header().Get("Retry-After"))
	require.Equal(t, "1", refused.Header().Get(gateway.DrainingHeader), "the gateway asks another node")
	require.Contains(t, refused.Body.String(), "S0002E")
	ready := ask("GET", "/readyz")
	require.Equal(t, http.StatusServiceUnavailable, ready.Code)
	require.Contains(t, ready.Body.String(), "MEMORY_SHORT")
	require.Equal(t, http.StatusTeapot, ask("POST", nudgePath).Code)
	require.Equal(t, http.StatusTeapot, ask("POST", tenantServicePath+"PrepareAccount").Code)
	require.Contains(t, ask("GET", "/metrics").Body.String(), "fluent_memory_shed_total 1")
	state, problem := n.standing()
	require.Equal(t, "JOINING", state)
	require.Contains(t, problem, "MEMORY_SHORT")
}

// TestABlinkOfTheDatabaseIsNoReason: a fail-over takes a moment, and calls are repeated for longer than that.
func TestABlinkOfTheDatabaseIsNoReason(t *testing.T) {
	t.Parallel()
	n := member(t, trusttest.New(t, "one"))
	n.services.Store(&services{})
	for lasts, state := range map[time.Duration]string{0: "READY", patience - 1: "READY", patience: "JOINING", time.Hour: "JOINING"} {
		n.health = health{}
		n.health.silent(t.Context(), n, errors.New("no answer"), lasts)
		got, _ := n.standing()
		require.Equal(t, state, got, "%v", lasts)
	}
	n.health.silent(t.Context(), n, errors.New("no answer"), patience)
	n.health.silent(t.Context(), n, errors.New("another word"), patience)
	require.Contains(t, n.health.database.Load().Message, "no answer", "it is said once")
}
