package tripwire_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/tripwire"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
)

// TestStatementsThatForgetTheAccountTrip plays statements of each kind as the role that the store takes on, and for the account that it names.
func TestStatementsThatForgetTheAccountTrip(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dsn := dbtest.New(t)
	db, err := store.Open(ctx, dsn, store.Options{Catalogue: domain.Catalogue(), AcquireWait: time.Minute, WriteBudget: time.Minute})
	require.NoError(t, err)
	defer db.Close()
	if db.Engine() != store.PostgreSQL {
		t.Skip("NOT CHECKED: the tripwire is made of what only PostgreSQL has")
	}
	require.ErrorContains(t, tripwire.Set(ctx, dsn), "migrate", "there is nothing to watch yet")
	require.NoError(t, db.Migrate(ctx, nil))
	require.NoError(t, tripwire.Set(ctx, dsn))
	c, err := pgx.Connect(ctx, dsn)
	require.NoError(t, err)
	defer func() { _ = c.Close(ctx) }()
	run := func(sql string) (int64, error) {
		tag, err := c.Exec(ctx, sql, pgx.QueryExecModeExec)
		return tag.RowsAffected(), err
	}
	_, err = c.Exec(ctx, `SET ROLE fluent_tenant; SET fluent.account = 'ACME';
		INSERT INTO roles (account_id, id, created_on, updated_on, name) VALUES ('ACME', 1, now(), now(), 'A'), ('ACME', 2, now(), now(), 'B');
		INSERT INTO jobs (account_id, id, retailer_id, name, created_on, closes_on) VALUES ('ACME', 1, 1, '', now(), now());
		INSERT INTO batch_rows (account_id, batch_id, row_number, body, entity_id, entity_ref, code, message) VALUES ('ACME', 1, 1, '{}', '', '', '', '')`, pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	for _, sql := range []string{
		`SELECT name FROM roles`, `SELECT name FROM roles WHERE id = 1`, `SELECT count(*) FROM jobs`,
		`SELECT 1 FROM roles r JOIN jobs j ON j.id = r.id WHERE r.account_id = 'ACME'`,
		`SELECT 1 FROM roles r WHERE r.account_id = 'ACME' AND EXISTS (SELECT 1 FROM jobs j WHERE j.id = r.id)`,
		`UPDATE roles SET name = 'X' WHERE id = 1`, `DELETE FROM roles WHERE id = 1`, `UPDATE batch_rows SET code = 'X'`, `DELETE FROM batch_rows`,
	} {
		_, err := run(sql)
		require.ErrorContains(t, err, tripwire.Message, sql)
	}
	for _, c := range []struct {
		sql  string
		rows int64
	}{
		{`SELECT name FROM roles WHERE account_id = 'ACME'`, 2},
		{`UPDATE roles SET name = 'X' WHERE account_id = 'ACME' AND id = 1`, 1},
		{`SELECT 1 FROM roles r JOIN jobs j ON j.account_id = r.account_id AND j.id = r.id WHERE r.account_id = 'ACME'`, 1},
		{`UPDATE batch_rows SET code = 'X' WHERE account_id = 'ACME'`, 1},
		{`DELETE FROM jobs WHERE account_id = 'ACME'`, 1},
	} {
		got, err := run(c.sql)
		require.NoError(t, err, c.sql)
		require.Equal(t, c.rows, got, c.sql)
	}
	_, err = run(`SET fluent.account = '*'`)
	require.NoError(t, err)
	got, err := run(`SELECT 1 FROM roles`)
	require.NoError(t, err)
	require.EqualValues(t, 2, got, "work for the whole environment sees everybody but the neighbours")
	_, err = run(`RESET ROLE`)
	require.NoError(t, err)
	got, err = run(`SELECT 1 FROM roles WHERE account_id = '` + tripwire.Prefix + `ACME' AND name IN ('A', 'B')`)
	require.NoError(t, err)
	require.EqualValues(t, 2, got, "the neighbour's rows are as they were made")
}
