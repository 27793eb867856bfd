package node

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/trust/trusttest"
	"github.com/fluent-oms/fluent/dataplane/metrics"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
	"github.com/fluent-oms/fluent/tenancy"
)

// TestANodeWhoseDatabaseTakesNoWritesIsReadyAndSaysSo has triggers say what a server says whose disk is full, then that it was made read-only, and
// then nothing any more. A disk that is really full is tried end to end (ops/e2e, TestAFullDatabaseDiskStopsWritesAlone).
func TestANodeWhoseDatabaseTakesNoWritesIsReadyAndSaysSo(t *testing.T) {
	t.Parallel()
	dsn := dbtest.Template(t, "node", func(dsn string) error {
		db, err := store.Open(context.Background(), dsn, store.Options{Catalogue: domain.Catalogue(), AcquireWait: time.Minute, WriteBudget: time.Minute})
		if err != nil {
			return err
		}
		defer db.Close()
		return db.Migrate(context.Background(), nil)
	})
	db, err := store.Open(t.Context(), dsn, store.Options{Catalogue: domain.Catalogue(), AcquireWait: time.Minute, WriteBudget: time.Minute})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	c, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close(context.WithoutCancel(t.Context())) })
	do := func(statements ...string) {
		t.Helper()
		for _, statement := range statements {
			_, err := c.Exec(t.Context(), statement)
			require.NoError(t, err)
		}
	}
	says := func(code string) {
		do(`CREATE OR REPLACE FUNCTION refused() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '` + code + `'; END $$`)
	}
	says("53100")
	do(`CREATE TRIGGER refused BEFORE INSERT ON artefacts FOR EACH ROW EXECUTE FUNCTION refused()`,
		`CREATE TRIGGER refused BEFORE INSERT ON settings FOR EACH ROW EXECUTE FUNCTION refused()`)
	scope, err := tenancy.NewScope("ACME")
	require.NoError(t, err)
	write := func() error {
		return db.Write(t.Context(), scope, func(tx *store.Tx) error {
			s := &foundation.Setting{Name: "n", Context: "ACCOUNT", ValueType: "STRING", Value: "v"}
			s.ID = "1"
			tx.Insert(s)
			return nil
		})
	}

	n := member(t, trusttest.New(t, "one"))
	n.registry = metrics.NewRegistry()
	n.measured = metrics.NewRequests(n.registry, nil)
	n.registry.MustRegister(n.readiness(), problemCollector{&n.health})
	n.operators = n.operate()
	n.services.Store(&services{})
	ask := func(path string) (int, string) {
		answer := httptest.NewRecorder()
		n.serve(answer, httptest.NewRequest(http.MethodGet, path, nil))
		return answer.Code, answer.Body.String()
	}
	ctx, cancel := context.WithCancel(t.Context())
	watched := make(chan struct{})
	go func() { defer close(watched); n.health.watch(ctx, n, db.Probe()) }()
	t.Cleanup(func() { cancel(); <-watched })
	shows := func(code string) {
		t.Helper()
		require.Eventually(t, func() bool { p := n.health.problem.Load(); return p != nil && p.Code == code }, time.Minute, 5*time.Millisecond)
		status, body := ask("/readyz")
		require.Equal(t, http.StatusOK, status, "reads go on")
		var read struct {
			Ready             bool
			Reasons, Problems []reason
		}
		require.NoError(t, json.Unmarshal([]byte(body), &read))
		require.True(t, read.Ready)
		require.Empty(t, read.Reasons)
		require.Len(t, read.Problems, 1)
		require.Equal(t, code, read.Problems[0].Code)
		state, problem := n.standing()
		require.Equal(t, "READY", state, "gateways send it requests")
		require.Equal(t, code+": "+read.Problems[0].Message, problem)
		_, page := ask("/metrics")
		require.Contains(t, page, `fluent_node_problem{code="`+code+`"} 1`)
		require.Contains(t, page, "fluent_node_ready 1")
	}
	require.Error(t, write())
	shows("DATABASE_FULL")
	says("25006")
	shows("DATABASE_READ_ONLY")
	do(`DROP TRIGGER refused ON artefacts`) // a tenant's write would be refused yet; nobody tries one
	require.Eventually(t, func() bool { return n.health.problem.Load() == nil }, time.Minute, 5*time.Millisecond, "it heals by itself")
	_, problem := n.standing()
	require.Empty(t, problem)
	_, page := ask("/metrics")
	require.NotContains(t, page, "fluent_node_problem{")
	_, body := ask("/readyz")
	require.Contains(t, body, `"problems":[]`)
}
