package dbtest_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
)

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func TestEachTestHasADatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	one, other := connect(t, dbtest.New(t)), connect(t, dbtest.New(t))
	_, err := one.Exec(ctx, "CREATE TABLE only_here (id INT)")
	require.NoError(t, err)
	_, err = other.Exec(ctx, "SELECT * FROM only_here")
	require.Error(t, err)
}

func TestTemplateIsMigratedOnce(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	var runs atomic.Int64
	migrate := func(dsn string) error {
		runs.Add(1)
		conn, err := pgx.Connect(ctx, dsn)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close(ctx) }()
		_, err = conn.Exec(ctx, "CREATE TABLE migrated (id INT)")
		return err
	}
	for range 3 {
		conn := connect(t, dbtest.Template(t, "once", migrate))
		_, err := conn.Exec(ctx, "INSERT INTO migrated VALUES (1)")
		require.NoError(t, err)
		var n int
		require.NoError(t, conn.QueryRow(ctx, "SELECT count(*) FROM migrated").Scan(&n))
		require.Equal(t, 1, n, "copies do not see each other")
	}
	require.LessOrEqual(t, runs.Load(), int64(1), "a repeated test run finds the template made")
}
