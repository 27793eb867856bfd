package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

// Statements that refresh the planner's statistics of the tables of stock.
var sqlAnalyzeStock = []string{`ANALYZE inventory_positions`, `ANALYZE inventory_quantities`, `ANALYZE virtual_positions`, `ANALYZE products`}

// AnalyzeStock refreshes the planner's statistics of the tables of stock. Without it a database that was empty a minute ago plans
// statements over thousands of rows as if there were one, and joins them by scanning. It is for callers who have just made such
// tables grow; the server does the same by itself, but later. It takes a connection of its own: those of the pools have taken on a role
// that may not analyse (see rowsecurity.go).
func (db *DB) AnalyzeStock(ctx context.Context) error { return db.analyze(ctx, sqlAnalyzeStock) }

// Analyze is AnalyzeStock for the tables of other types.
func (db *DB) Analyze(ctx context.Context, types ...*catalogue.Type) error {
	var statements []string
	for _, t := range types {
		if sql := "ANALYZE " + t.Table; !slices.Contains(statements, sql) {
			statements = append(statements, sql)
		}
	}
	return db.analyze(ctx, statements)
}

func (db *DB) analyze(ctx context.Context, statements []string) error {
	c, err := pgx.Connect(ctx, db.dsn)
	if err != nil {
		return fmt.Errorf("connect to analyse: %w", err)
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	for _, sql := range statements {
		if _, err := c.Exec(ctx, sql, pgx.QueryExecModeExec); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}
