package storetest

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// HoldHorizon sets what readers of growing lists go by back to some time ago, as a write of the account ACME does that takes long: rows that are
// younger count as young however slow the machine is.
func HoldHorizon(t testing.TB, dsn string, ago time.Duration) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), dsn)
	if err == nil {
		defer func() { _ = c.Close(t.Context()) }()
		_, err = c.Exec(t.Context(), `INSERT INTO long_writes (account_id, id, began_on, ends_on) VALUES ('ACME', gen_random_uuid(), now() - $1::TEXT::INTERVAL, now() + INTERVAL '1 hour')`, ago.String())
	}
	if err != nil {
		t.Fatalf("hold the horizon back: %v", err)
	}
}
