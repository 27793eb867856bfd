package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/security"
)

const countRoles = "SELECT count(*) FROM roles"

// TestRowSecurity plays a statement that forgot its account: as the role that the store takes on, it reaches the named account only.
func TestRowSecurity(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dsn := migratedDSN(t)
	db := open(t, dsn, store.Options{})
	for _, account := range []string{"ACME", "OTHER"} {
		require.NoError(t, db.Write(ctx, scopeOf(t, account), func(tx *store.Tx) error {
			r := &security.Role{Name: "ADMIN"}
			r.ID = "1"
			tx.Insert(r)
			return nil
		}))
	}
	admin, err := pgx.Connect(ctx, dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = admin.Close(ctx) })
	count := func() (n int) {
		require.NoError(t, admin.QueryRow(ctx, countRoles).Scan(&n))
		return n
	}
	require.Equal(t, 2, count(), "a superuser passes policies by")
	_, err = admin.Exec(ctx, "SET ROLE fluent_tenant")
	require.NoError(t, err)
	require.Equal(t, 0, count(), "no account is named")
	_, err = admin.Exec(ctx, "SELECT set_config('fluent.account', 'ACME', false)")
	require.NoError(t, err)
	require.Equal(t, 1, count())
	_, err = admin.Exec(ctx, "INSERT INTO roles (account_id, id, created_on, updated_on, name) VALUES ('OTHER', 2, now(), now(), 'x')")
	var pe *pgconn.PgError
	require.ErrorAs(t, err, &pe)
	require.Equal(t, "42501", pe.Code)

	_, err = admin.Exec(ctx, "RESET ROLE; REVOKE SELECT ON roles FROM fluent_tenant", pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	_, err = store.Get[security.Role](ctx, db.Reader(scopeOf(t, "ACME")), "1")
	require.ErrorContains(t, err, "permission denied", "the store works as that role")
}

// TestTheNamedAccountIsTheOneThatReads lets accounts take turns on one connection, which remembers whom it serves: were it wrong once, the
// policies would hide all rows. A read that fails takes the name back that it brought.
func TestTheNamedAccountIsTheOneThatReads(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dsn := migratedDSN(t)
	db := open(t, dsn, store.Options{ReadConnections: 1, WriteConnections: 1})
	typ := store.TypeOf[security.Role](db)
	for _, account := range []string{"ACME", "OTHER"} {
		require.NoError(t, db.Write(ctx, scopeOf(t, account), func(tx *store.Tx) error {
			r := &security.Role{Name: account}
			r.ID = "1"
			tx.Insert(r)
			return nil
		}))
	}
	byID := []store.Condition{{Field: typ.Field("id"), Op: store.In, Values: []any{catalogue.ID("1")}}}
	read := func(account string, where []store.Condition) error {
		res, err := db.Reader(scopeOf(t, account)).Select(ctx, store.Query{Type: typ, Fields: []*catalogue.Field{typ.Field("name")}, Where: where})
		if err == nil {
			require.Equal(t, [][]any{{account}}, res.Groups[0].Rows)
		}
		return err
	}
	for i, account := range []string{"ACME", "ACME", "OTHER", "OTHER", "ACME", "OTHER", "ACME"} {
		require.NoError(t, read(account, nil), "%d", i)
		require.NoError(t, read(account, byID), "%d, with another kind of plan", i)
		require.NoError(t, db.Write(ctx, scopeOf(t, account), func(tx *store.Tx) error {
			found, err := store.Get[security.Role](ctx, tx.Reader, "1")
			require.Equal(t, account, found[0].Name)
			return err
		}))
	}
	admin, err := pgx.Connect(ctx, dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = admin.Close(ctx) })
	_, err = admin.Exec(ctx, "REVOKE SELECT ON roles FROM fluent_tenant")
	require.NoError(t, err)
	require.ErrorContains(t, read("OTHER", byID), "permission denied")
	_, err = admin.Exec(ctx, "GRANT SELECT ON roles TO fluent_tenant")
	require.NoError(t, err)
	for _, account := range []string{"OTHER", "ACME"} {
		require.NoError(t, read(account, byID))
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := open(t, migratedDSN(t), store.Options{WriteConnections: 1, AcquireWait: 500 * time.Millisecond})
	scope := scopeOf(t, "ACME")
	require.Eventually(t, func() bool { return db.Write(ctx, scope, func(*store.Tx) error { return nil }) == nil }, time.Minute, time.Millisecond, "the one connection stands")
	err := db.Write(ctx, scope, func(*store.Tx) error {
		return db.Write(ctx, scope, func(*store.Tx) error { return nil })
	})
	require.True(t, fault.Is(err, fault.Limited), "%v", err)
	require.Equal(t, map[string]string{"limit": "store.writeConnections", "scope": "node", "figure": "1"}, fault.Of(err).Meta)
}

func TestRowsAreBounded(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := open(t, migratedDSN(t), store.Options{MaxRows: 3})
	scope := scopeOf(t, "ACME")
	typ := store.TypeOf[security.Role](db)
	require.NoError(t, db.Write(ctx, scope, func(tx *store.Tx) error {
		for _, name := range []string{"1", "2", "3", "4"} {
			r := &security.Role{Name: name}
			r.ID = catalogue.ID(name)
			tx.Insert(r)
		}
		return nil
	}))
	_, err := db.Reader(scope).Select(ctx, store.Query{Type: typ})
	require.True(t, fault.Is(err, fault.TooLarge), "%v", err)
	res, err := db.Reader(scope).Select(ctx, store.Query{Type: typ, Page: store.Page{First: 4}})
	require.NoError(t, err)
	require.Len(t, res.Groups[0].Rows, 4)
}

func TestWriteGivesUp(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := open(t, migratedDSN(t), store.Options{WriteAttempts: 3})
	runs := 0
	conflict := &pgconn.PgError{Code: "40001", Message: "provoked"}
	err := db.Write(ctx, scopeOf(t, "ACME"), func(*store.Tx) error { runs++; return conflict })
	require.True(t, fault.Is(err, fault.Unavailable), "%v", err)
	require.ErrorIs(t, err, error(conflict))
	require.Equal(t, 3, runs)
	require.Equal(t, "3", fault.Of(err).Meta["attempts"])
	refused := errors.New("refused")
	runs = 0
	require.ErrorIs(t, db.Write(ctx, scopeOf(t, "ACME"), func(*store.Tx) error { runs++; return refused }), refused)
	require.Equal(t, 1, runs)
}

func TestNodesMigrateTogether(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dsn := emptyDSN(t)
	steps := make(chan store.Progress, 100)
	done := make(chan error, 2)
	for range 2 {
		db := open(t, dsn, store.Options{})
		require.True(t, fault.Is(db.Ready(ctx), fault.Unavailable), "not migrated yet")
		go func() { done <- db.Migrate(ctx, func(p store.Progress) { steps <- p }) }()
	}
	require.NoError(t, <-done)
	require.NoError(t, <-done)
	close(steps)
	seen := map[int64]bool{}
	for p := range steps {
		require.False(t, seen[p.Version], "one node applies each step")
		seen[p.Version] = true
		require.LessOrEqual(t, p.Done, p.Total)
	}
	require.NotEmpty(t, seen)
	db := open(t, dsn, store.Options{})
	require.NoError(t, db.Ready(ctx))
	require.NoError(t, db.Migrate(ctx, nil))
	require.Equal(t, store.PostgreSQL, db.Engine())
}
