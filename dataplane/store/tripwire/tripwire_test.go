package tripwire_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
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

// TestAWriterRoundTheDoorTrips changes a row of an order in each table, and leaves the order's document there or empties it.
func TestAWriterRoundTheDoorTrips(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dsn := dbtest.Template(t, "tripwire", storetest.MigrateOnTripwire)
	c, err := pgx.Connect(ctx, dsn)
	require.NoError(t, err)
	defer func() { _ = c.Close(ctx) }()
	if c.PgConn().ParameterStatus("crdb_version") != "" {
		t.Skip("NOT CHECKED: the tripwire is made of what only PostgreSQL has")
	}
	run := func(sql string) error {
		_, err := c.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol)
		return err
	}
	const at = "(account_id, id, created_on, updated_on, "
	require.NoError(t, run(`BEGIN;
		INSERT INTO orders `+at+`ref, type, status, workflow_ref, workflow_version, retailer_id, customer_id) VALUES ('ACME', 1, now(), now(), 'HD_1', 'HD', 'BOOKED', 'W', 1, 1, 1);
		INSERT INTO order_items `+at+`ref, status, quantity, product_ref, product_catalogue_ref, order_id) VALUES ('ACME', 2, now(), now(), '1', 'X', 1, 'P', 'C', 1);
		INSERT INTO fulfilments `+at+`ref, type, status, workflow_ref, workflow_version, order_id) VALUES ('ACME', 3, now(), now(), 'F', 'HD', 'X', 'W', 1, 1);
		INSERT INTO fulfilment_items `+at+`ref, status, filled_quantity, rejected_quantity, order_item_id, fulfilment_id) VALUES ('ACME', 4, now(), now(), '1', 'X', 0, 0, 2, 3); COMMIT`))
	const empties = `UPDATE order_documents SET body = NULL WHERE account_id = 'ACME' AND order_id = 1`
	for _, write := range []string{
		`UPDATE orders SET status = 'Y' WHERE account_id = 'ACME'`, `UPDATE order_items SET status = 'Y' WHERE account_id = 'ACME'`,
		`UPDATE fulfilments SET status = 'Y' WHERE account_id = 'ACME'`, `UPDATE fulfilment_items SET status = 'Y' WHERE account_id = 'ACME'`,
		`DELETE FROM fulfilment_items WHERE account_id = 'ACME'`, `DELETE FROM order_items WHERE account_id = 'ACME'`,
	} {
		require.ErrorContains(t, run(write), tripwire.Stale, write)
		require.NoError(t, run("BEGIN; "+write+"; "+empties+"; COMMIT"), write)
	}
}
