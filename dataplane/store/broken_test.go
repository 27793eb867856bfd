package store_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/setting"
)

// TestReadsOverBrokenConnections ends every session of the pool, again and again: the next read of each kind finds a connection that looks alive,
// sends its statement and gets neither rows nor a description of them. It is repeated over another one, as a failover wants it.
func TestReadsOverBrokenConnections(t *testing.T) {
	t.Parallel()
	dsn := migratedDSN(t)
	db := open(t, dsn, store.Options{})
	scope := scopeOf(t, "ACME")
	r := db.Reader(scope)
	kept := &foundation.Setting{Name: "n", Context: "ACCOUNT", ValueType: "STRING", Value: "v"}
	kept.ID = "1"
	require.NoError(t, db.Write(t.Context(), scope, func(tx *store.Tx) error { tx.Insert(kept); return nil }))
	typ := store.TypeOf[foundation.Setting](db)
	for name, read := range map[string]func() error{
		"by id":   func() error { _, err := r.ByID(t.Context(), typ, "1"); return err },
		"several": func() error { _, err := r.ByID(t.Context(), typ, "1", "2"); return err },
		"a page":  func() error { _, err := r.Select(t.Context(), store.Query{Type: typ}); return err },
		"all":     func() error { _, err := store.Load[foundation.Setting](t.Context(), r, store.Query{}); return err },
		"settings": func() error {
			_, err := r.Settings(t.Context(), setting.Place{}, setting.Text(setting.About{Name: "n", From: setting.Account, Doc: "x"}, ""))
			return err
		},
		"principal": func() error { _, err := r.PrincipalByID(t.Context(), catalogue.ID("7")); return err },
	} {
		t.Run(name, func(t *testing.T) {
			before := read() // some find nothing, and say so
			terminateAll(t, dsn)
			require.Equal(t, before, read())
		})
	}
}

// terminateAll ends all sessions of the database but its own.
func terminateAll(t *testing.T, dsn string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { _ = c.Close(t.Context()) }()
	_, err = c.Exec(t.Context(), `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	require.NoError(t, err)
}
