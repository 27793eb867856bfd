// Package rawsql does by plain SQL what the platform does through its API, for the same rows on the same server, so that figures can
// stand beside each other. Writes go into copies of the tables in a schema of its own. It runs on PostgreSQL.
package rawsql

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// schema holds the copies.
const schema = "bench_raw"

// Lab is a set of connections to the environment's database.
type Lab struct {
	account string
	conns   []*pgx.Conn
}

// Open connects as many times as there are to be clients. account is whose rows are looked at.
func Open(ctx context.Context, dsn, account string, clients int) (*Lab, error) {
	lab := &Lab{account: account}
	for range clients {
		conn, err := pgx.Connect(ctx, dsn)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("connect to the database: %w", err), lab.Close(ctx))
		}
		lab.conns = append(lab.conns, conn)
	}
	if _, err := lab.conns[0].Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+schema); err != nil {
		return nil, errors.Join(fmt.Errorf("make the schema for copies: %w", err), lab.Close(ctx))
	}
	return lab, nil
}

// Close drops the connections.
func (l *Lab) Close(ctx context.Context) error {
	var problems []error
	for _, c := range l.conns {
		problems = append(problems, c.Close(ctx))
	}
	return errors.Join(problems...)
}

// Now is the database's time.
func (l *Lab) Now(ctx context.Context) (time.Time, error) {
	var now time.Time
	err := l.conns[0].QueryRow(ctx, "SELECT clock_timestamp()").Scan(&now)
	return now, err
}

// Waiting is how many of the account's events nobody has run yet.
func (l *Lab) Waiting(ctx context.Context) (int, error) {
	var n int
	err := l.conns[0].QueryRow(ctx, "SELECT count(*) FROM events WHERE account_id = $1 AND state = 'PENDING'", l.account).Scan(&n)
	return n, err
}

// copyTable makes an empty copy of a table, with all its indexes.
func (l *Lab) copyTable(ctx context.Context, table string) error {
	name := pgx.Identifier{table}.Sanitize()
	for _, sql := range []string{
		"DROP TABLE IF EXISTS " + schema + "." + name,
		"CREATE TABLE " + schema + "." + name + " (LIKE public." + name + " INCLUDING ALL)",
	} {
		if _, err := l.conns[0].Exec(ctx, sql); err != nil {
			return fmt.Errorf("copy table %s: %w", table, err)
		}
	}
	return nil
}

// fillTable copies the account's rows, and brings the planner's statistics up to date.
func (l *Lab) fillTable(ctx context.Context, table string) error {
	name := pgx.Identifier{table}.Sanitize()
	if _, err := l.conns[0].Exec(ctx, "INSERT INTO "+schema+"."+name+" SELECT * FROM public."+name+" WHERE account_id = $1", l.account); err != nil {
		return fmt.Errorf("fill the copy of %s: %w", table, err)
	}
	if _, err := l.conns[0].Exec(ctx, "ANALYZE "+schema+"."+name); err != nil {
		return fmt.Errorf("analyse the copy of %s: %w", table, err)
	}
	return nil
}
