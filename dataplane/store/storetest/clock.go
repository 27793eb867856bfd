package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// SetClock makes the clock of a test's own database differ from this machine's by so much, in all sessions that begin afterwards: what statements
// call now() and clock_timestamp() is found in a schema that comes before the server's own.
func SetClock(t testing.TB, dsn string, by time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatalf("set the database's clock: %v", err)
	}
	defer func() { _ = c.Close(ctx) }()
	off := " + INTERVAL '" + by.String() + "' $$"
	for _, statement := range []string{
		`CREATE SCHEMA clock`, `GRANT USAGE ON SCHEMA clock TO PUBLIC`,
		`CREATE FUNCTION clock.now() RETURNS timestamptz LANGUAGE sql STABLE AS $$ SELECT pg_catalog.now()` + off,
		`CREATE FUNCTION clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$ SELECT pg_catalog.clock_timestamp()` + off,
		`DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = clock, pg_catalog, public', current_database()); END $$`,
	} {
		if _, err := c.Exec(ctx, statement); err != nil {
			t.Fatalf("set the database's clock: %v", err)
		}
	}
}
