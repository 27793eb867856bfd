// Package usage is the store's part for how many rows of entities accounts keep: a figure that nodes add to what they wrote, and that is counted
// anew now and then.
package usage

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

const (
	sqlAdd  = `UPDATE account_rows SET entity_rows = entity_rows + $2 WHERE account_id = $1 RETURNING entity_rows`
	sqlRead = `SELECT entity_rows FROM account_rows WHERE account_id = $1`
	sqlDue  = `SELECT count(*) FROM account_rows WHERE account_id = $1 AND counted_on > now() - $2 * INTERVAL '1 second'`
	sqlKeep = `INSERT INTO account_rows (account_id, entity_rows, counted_on) VALUES ($1, $2, now())
ON CONFLICT (account_id) DO UPDATE SET entity_rows = excluded.entity_rows, counted_on = excluded.counted_on`
)

// Store is a database that keeps such figures.
type Store struct {
	db    *store.DB
	count string // the statement that counts
}

// Of is the store of a database.
func Of(db *store.DB) Store { return Store{db: db, count: countText(db.Catalogue())} }

// countText counts the rows of all tables of entities of an account.
func countText(c *catalogue.Catalogue) string {
	var tables []string
	for _, t := range c.Types() {
		if !slices.Contains(tables, t.Table) {
			tables = append(tables, t.Table)
		}
	}
	slices.Sort(tables)
	for i, table := range tables {
		tables[i] = fmt.Sprintf("SELECT count(*) AS n FROM %s WHERE account_id = $1", table)
	}
	return "SELECT sum(n)::INT8 FROM (" + strings.Join(tables, " UNION ALL ") + ") x"
}

// Add adds rows, or takes some away, and returns how many there are; false: they have not been counted yet. A repetition after a lost answer may
// add twice: the next count puts it right.
func (s Store) Add(ctx context.Context, scope tenancy.Scope, rows int64) (total int64, counted bool, err error) {
	w := s.db.Aside().Autocommit(scope)
	statement := store.Statement{Name: "account_rows.add", SQL: sqlAdd, Args: w.Args(rows)}
	if rows == 0 {
		statement = store.Statement{Name: "account_rows.read", SQL: sqlRead, Args: w.Args()}
	}
	statement.Rows = one(&total, &counted)
	return total, counted, w.Send(ctx, statement)
}

// Due reports whether an account's rows were not counted for so long.
func (s Store) Due(ctx context.Context, scope tenancy.Scope, every time.Duration) (bool, error) {
	var fresh int64
	var ok bool
	r := s.db.Aside().Reader(scope)
	err := r.Send(ctx, store.Statement{Name: "account_rows.due", SQL: sqlDue, Args: r.Args(every.Seconds()), Rows: one(&fresh, &ok)})
	return fresh == 0, err
}

// Count counts an account's rows, which takes as long as they are many, and keeps the figure. What is written meanwhile may be missed.
func (s Store) Count(ctx context.Context, scope tenancy.Scope) error {
	var total int64
	var ok bool
	r := s.db.Aside().Reader(scope)
	if err := r.Send(ctx, store.Statement{Name: "account_rows.count", SQL: s.count, Args: r.Args(), Rows: one(&total, &ok)}); err != nil {
		return fmt.Errorf("count the rows of account %s: %w", scope.Account(), err)
	}
	w := s.db.Aside().Autocommit(scope)
	return w.Send(ctx, store.Statement{Name: "account_rows.keep", SQL: sqlKeep, Args: w.Args(total)})
}

func one(to *int64, found *bool) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		*to, *found = 0, false
		for rows.Next() {
			*found = true
			if err := rows.Scan(to); err != nil {
				return err
			}
		}
		return rows.Err()
	}
}
