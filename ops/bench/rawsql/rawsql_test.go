package rawsql_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/ops/bench/load"
	"github.com/fluent-oms/fluent/ops/bench/rawsql"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
)

const account = "ACME"

func open(t *testing.T) (*rawsql.Lab, *pgx.Conn) {
	t.Helper()
	ctx := context.Background()
	dsn := dbtest.Template(t, "rawsql", storetest.Migrate)
	conn, err := pgx.Connect(ctx, dsn)
	require.NoError(t, err)
	lab, err := rawsql.Open(ctx, dsn, account, 2)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, lab.Close(ctx))
		require.NoError(t, conn.Close(ctx))
	})
	return lab, conn
}

func execute(t *testing.T, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	_, err := conn.Exec(context.Background(), sql, args...)
	require.NoError(t, err)
}

func count(t *testing.T, conn *pgx.Conn, table string) int {
	t.Helper()
	var n int
	require.NoError(t, conn.QueryRow(context.Background(), "SELECT count(*) FROM "+table).Scan(&n))
	return n
}

func insertOrder(t *testing.T, conn *pgx.Conn, id int) {
	t.Helper()
	execute(t, conn, `INSERT INTO orders (account_id, id, created_on, updated_on, ref, type, workflow_ref, workflow_version, retailer_id, customer_id, attributes)
		VALUES ($1, $2, now(), now(), $3, 'HD', 'ORDER::HD', 1, 1, 1, '[{"name":"gift"}]')`, account, id, fmt.Sprint("O-", id))
	execute(t, conn, `INSERT INTO order_items (account_id, id, created_on, updated_on, ref, status, quantity, product_ref, product_catalogue_ref, order_id)
		SELECT $1, $2 * 10 + g, now(), now(), g::text, 'NEW', 1, 'P', 'C', $2 FROM generate_series(1, 3) g`, account, id)
}

func insertPositions(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	execute(t, conn, `INSERT INTO inventory_positions (account_id, id, created_on, updated_on, ref, type, workflow_ref, workflow_version, product_ref, location_ref,
		on_hand, catalogue_id) SELECT $1, gen_random_uuid(), now() - interval '1 day', now() - interval '1 day', g::text, 'DEFAULT', 'W', 1, g::text, 'L', 9, 1
		FROM generate_series(1, 20) g`, account)
}

func TestAFootprintIsRepeatedInCopies(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	lab, conn := open(t)
	insertOrder(t, conn, 1)
	insertPositions(t, conn)
	since, err := lab.Now(ctx)
	require.NoError(t, err)
	insertOrder(t, conn, 2)
	execute(t, conn, `UPDATE inventory_positions SET on_hand = on_hand - 1, updated_on = now() WHERE ref IN ('1', '2')`)

	footprint, err := lab.Capture(ctx, since)
	require.NoError(t, err)
	require.Equal(t, "order_items +3, orders +1, inventory_positions ~2", footprint.String())
	require.Equal(t, 6, footprint.Rows())

	for range 2 { // a second run begins anew
		result, err := lab.Repeat(ctx, footprint, 25)
		require.NoError(t, err)
		require.Equal(t, 25, result.Count())
		require.Equal(t, 25, count(t, conn, "bench_raw.orders"))
		require.Equal(t, 75, count(t, conn, "bench_raw.order_items"))
	}
	var units int
	require.NoError(t, conn.QueryRow(ctx, "SELECT sum(on_hand) FROM bench_raw.inventory_positions").Scan(&units))
	require.Equal(t, 20*9-2-50, units, "each repetition takes two units")
	require.Equal(t, 2, count(t, conn, "orders"), "the tables themselves stay as they were")
}

func TestReadsAndLoads(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	lab, conn := open(t)
	insertOrder(t, conn, 7)
	read, err := lab.ReadOrders(ctx, load.Plan{Count: 20}, []string{"7"})
	require.NoError(t, err)
	require.Equal(t, 20, read.Count())
	_, err = lab.ReadOrders(ctx, load.Plan{Count: 1}, []string{"8"})
	require.ErrorIs(t, err, pgx.ErrNoRows)

	var rows []rawsql.StockRow
	for i := range 250 {
		rows = append(rows, rawsql.StockRow{Product: fmt.Sprint("P", i), Location: "L", Quantity: 5})
	}
	_, err = lab.LoadStock(ctx, rows, 100)
	require.NoError(t, err)
	for _, table := range []string{"inventory_positions", "inventory_quantities", "virtual_positions"} {
		require.Equal(t, 250, count(t, conn, "bench_raw."+table))
	}
}
