package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Run is something that goes on beside the test.
type Run struct {
	done chan struct{}
	err  error
}

// Go starts something beside the test.
func Go(fn func() error) *Run {
	r := &Run{done: make(chan struct{})}
	go func() {
		defer close(r.done)
		r.err = fn()
	}()
	return r
}

// Wait waits for its end.
func (r *Run) Wait() error {
	<-r.done
	return r.err
}

// Ended reports whether it has ended.
func (r *Run) Ended() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

const (
	sqlWaitingPostgres  = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
	sqlWaitingCockroach = `SELECT count(*) FROM crdb_internal.cluster_locks WHERE NOT granted AND database_name = current_database()`
)

// Blocked waits until a session of the database waits for a lock that another one holds, and fails the test if the run ends before that, as it
// does when nothing is there to wait for. The test must see to it that no other session can be the one that waits.
func (r *Run) Blocked(t testing.TB, dsn string) {
	t.Helper()
	if !r.waits(t, dsn) {
		t.Fatalf("it ended without waiting for a lock: %v", r.err)
	}
}

// Passes waits for the run's end and returns its error, and fails the test if a session of the database waits for a lock before that.
func (r *Run) Passes(t testing.TB, dsn string) error {
	t.Helper()
	if r.waits(t, dsn) {
		t.Fatal("it waits for a lock")
	}
	return r.err
}

// waits reports what comes first: that a session waits for a lock, or the end of the run.
func (r *Run) waits(t testing.TB, dsn string) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	defer cancel()
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatalf("ask who waits for locks: %v", err)
	}
	defer func() { _ = c.Close(ctx) }()
	query := sqlWaitingPostgres
	if c.PgConn().ParameterStatus("crdb_version") != "" {
		query = sqlWaitingCockroach
	}
	for {
		ended := r.Ended() // before the question: who has ended by then does not wait
		var n int
		if err := c.QueryRow(ctx, query).Scan(&n); err != nil {
			t.Fatalf("ask who waits for locks: %v", err)
		}
		switch {
		case ended:
			return false
		case n > 0:
			return true
		}
		select {
		case <-r.done:
		case <-time.After(2 * time.Millisecond):
		}
	}
}
