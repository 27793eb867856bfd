package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// statementSettings make the server count its statements.
func (c *config) statementSettings() map[string]string {
	if c.statements == 0 {
		return nil
	}
	return map[string]string{"shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.track_planning": "on"}
}

const sqlTopStatements = `SELECT total_exec_time + total_plan_time, total_plan_time, calls, rows, shared_blks_hit, query
FROM pg_stat_statements WHERE query NOT LIKE '%bench_raw%' ORDER BY 1 DESC LIMIT $1`

const sqlUpdates = `SELECT relname, n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE n_tup_upd > 0 ORDER BY n_tup_upd DESC LIMIT 12`

// countStatements starts to count the server's statements if that was asked for. The function returned prints the costliest, with their
// milliseconds for one of the given number of operations.
func (w *world) countStatements(ctx context.Context) func(operations int) error {
	if w.config.statements == 0 {
		return func(int) error { return nil }
	}
	conn, err := pgx.Connect(ctx, w.database.DSN("fluent"))
	if err == nil {
		_, err = conn.Exec(ctx, "CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
	}
	if err == nil {
		_, err = conn.Exec(ctx, "SELECT pg_stat_statements_reset(), pg_stat_reset()")
	}
	return func(operations int) error {
		if err != nil {
			return fmt.Errorf("count statements: %w", err)
		}
		defer func() { _ = conn.Close(ctx) }()
		return errors.Join(printStatements(ctx, conn, w.config.statements, operations), printUpdates(ctx, conn, operations))
	}
}

func printStatements(ctx context.Context, conn *pgx.Conn, top, operations int) error {
	rows, err := conn.Query(ctx, sqlTopStatements, top)
	if err != nil {
		return fmt.Errorf("read the statements: %w", err)
	}
	var total, plan float64
	var calls, touched, blocks int64
	var text string
	fmt.Println("ms/op     plan   calls/op  rows/op  blocks/call")
	_, err = pgx.ForEachRow(rows, []any{&total, &plan, &calls, &touched, &blocks, &text}, func() error {
		n := float64(max(1, operations))
		fmt.Printf("%8.3f %8.3f %7.2f %8.1f %8.1f  %.150s\n", total/n, plan/n, float64(calls)/n, float64(touched)/n,
			float64(blocks)/float64(calls), strings.Join(strings.Fields(text), " "))
		return nil
	})
	return err
}

// printUpdates says how many rows of which tables were updated for an operation, and what part of that touched no index. The server's
// counts may lack what its connections did in the last seconds.
func printUpdates(ctx context.Context, conn *pgx.Conn, operations int) error {
	rows, err := conn.Query(ctx, sqlUpdates)
	if err != nil {
		return fmt.Errorf("read the counts of updates: %w", err)
	}
	var table string
	var updates, heapOnly int64
	fmt.Println("updates/op  heap-only  table")
	_, err = pgx.ForEachRow(rows, []any{&table, &updates, &heapOnly}, func() error {
		fmt.Printf("%10.2f  %8.0f%%  %s\n", float64(updates)/float64(max(1, operations)), 100*float64(heapOnly)/float64(updates), table)
		return nil
	})
	return err
}
