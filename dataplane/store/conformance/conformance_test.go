package conformance_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/conformance"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/ops/embedded"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
)

// TestConformance runs the suite on each engine whose server this machine has, and names the ones that it lacks.
func TestConformance(t *testing.T) {
	tested := dbtest.New(t)
	for _, kind := range []embedded.Kind{embedded.Postgres, embedded.Cockroach} {
		t.Run(string(kind), func(t *testing.T) {
			engine, err := embedded.FindKind(kind)
			if err != nil {
				t.Skipf("NOT CHECKED on %s, for lack of a server: %v", kind, err)
			}
			if kind == embedded.Postgres && isPostgres(t, tested) {
				conformance.Run(t, func(t testing.TB) string { return dbtest.Template(t, "store", storetest.Migrate) })
				return
			}
			conformance.Run(t, ownServer(t, engine))
		})
	}
}

func isPostgres(t *testing.T, dsn string) bool {
	return storetest.Open(t, dsn, store.Options{}).Engine() == store.PostgreSQL
}

// TestConformanceOnATripwire runs the suite where nothing but a statement's own conditions keeps accounts apart, and each has a neighbour.
func TestConformanceOnATripwire(t *testing.T) {
	if !isPostgres(t, dbtest.New(t)) {
		t.Skip("NOT CHECKED: the tripwire is made of what only PostgreSQL has")
	}
	conformance.Run(t, func(t testing.TB) string { return dbtest.Template(t, "tripwire", storetest.MigrateOnTripwire) })
}

// ownServer starts a server of an engine for the test, and returns how to make migrated databases in it.
func ownServer(t *testing.T, engine embedded.Engine) func(t testing.TB) string {
	ctx := context.Background()
	server, err := embedded.Start(ctx, embedded.Config{Engine: engine, Dir: t.TempDir(), Volatile: true})
	require.NoError(t, err)
	t.Cleanup(func() { server.Stop() })
	var n atomic.Int64
	return func(t testing.TB) string {
		name := fmt.Sprintf("c%d", n.Add(1))
		require.NoError(t, server.CreateDatabase(ctx, name))
		dsn := server.DSN(name)
		require.NoError(t, storetest.Migrate(dsn))
		return dsn
	}
}
