package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fluent-oms/fluent/domain/fault"
)

// Refusal is why a database that answers takes no writes. Reads go on, and so does the node that serves them.
type Refusal struct {
	Reason  string // for programs: DATABASE_FULL
	Message string // for people: what is wrong, and what to do
}

// refusals are the SQLSTATEs by which a server says that it cannot write now, whatever the statement. CockroachDB uses the same ones.
var refusals = map[string]Refusal{
	"53100": {"DATABASE_FULL", "the database's disk is full; nothing was written, and writing goes on by itself once there is space"},
	"53200": {"DATABASE_OUT_OF_MEMORY", "the database is out of memory; nothing was written; try again soon"},
	"53400": {"DATABASE_LIMIT_REACHED", "the database has reached a limit of its configuration; nothing was written; try again soon"},
	"58030": {"DATABASE_IO_ERROR", "the database cannot read or write its disk; nothing was written"},
	"25006": {"DATABASE_READ_ONLY", "the database takes no writes: it is a replica, or was made read-only"},
}

// refusalOf tells whether an error says that the database takes no writes.
func refusalOf(err error) (Refusal, bool) {
	var pe *pgconn.PgError
	if !errors.As(err, &pe) || serverCrashed(pe) {
		return Refusal{}, false
	}
	r, ok := refusals[pe.Code]
	return r, ok
}

// serverCrashed reports whether an error is the last word of a server that goes down at once, as PostgreSQL does when it has no space for
// its log: whatever the code, the connection is lost, and a COMMIT under way may have been carried out.
func serverCrashed(pe *pgconn.PgError) bool { return pe.SeverityUnlocalized == "PANIC" }

// TakesNoWrites reports whether err, of this package, says that the database takes no writes at all now, so that it is of no use to try in
// another way.
func TakesNoWrites(err error) bool {
	var f *fault.Error
	if !errors.As(err, &f) {
		return false
	}
	for _, r := range refusals {
		if f.Meta["reason"] == r.Reason {
			return true
		}
	}
	return false
}

// refuse remembers a refusal and makes the fault of it.
func (db *DB) refuse(r Refusal, cause error) error {
	db.refusal.Store(&r)
	db.opts.Metrics.turnedDown(r.Reason)
	return fault.New(fault.Unavailable, "%s", r.Message).With("reason", r.Reason).Wrap(cause)
}

// The trial takes room as orders do: a kilobyte that can be had from what others left free would prove nothing.
const (
	sqlTrial  = `INSERT INTO artefacts (account_id, sha256, body, created_on) VALUES ($1, $2, $3, now())`
	trialSize = 256 << 10
	trialTime = 5 * time.Second
)

// Refusal is why the database took no writes when it was last asked; nil when it takes them. After a refusal each call tries to write for
// itself, and takes it back, so that the node knows of the end even when no tenant writes.
func (p *Probe) Refusal(ctx context.Context) *Refusal {
	known := p.refused.Load()
	if known == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn == nil {
		return known // Check connects, and says so if it cannot
	}
	ctx, cancel := context.WithTimeout(ctx, p.trialTime)
	defer cancel()
	if err := trial(ctx, p.conn); err != nil {
		if p.conn.IsClosed() {
			p.conn = nil // a trial whose time was over says nothing of whether the database answers: Check finds that out by another connection
		}
		if now, ok := refusalOf(err); ok && now != *known {
			p.refused.CompareAndSwap(known, &now)
		}
		return p.refused.Load()
	}
	p.refused.CompareAndSwap(known, nil) // unless another write was refused meanwhile
	return p.refused.Load()
}

// trial writes something and takes it back.
func trial(ctx context.Context, c *pgx.Conn) error {
	body := make([]byte, trialSize)
	_, _ = rand.Read(body) // never fails
	tx, err := c.Begin(ctx)
	if err != nil {
		return fmt.Errorf("begin a trial: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if _, err := tx.Exec(ctx, sqlTrial, "trial", body[:32], body); err != nil {
		return fmt.Errorf("write a trial: %w", err)
	}
	return nil
}
