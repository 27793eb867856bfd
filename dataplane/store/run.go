package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fluent-oms/fluent/tenancy"
)

// call is one statement to be sent, and what becomes of its answer.
type call struct {
	name string // for traces and errors: orders.insert
	sql  string
	args []any
	rows func(rows pgx.Rows) error         // reads the answer; may run again when the call is repeated, so it begins with a clean slate
	done func(tag pgconn.CommandTag) error // sees how many rows were touched
	fail func(err *pgconn.PgError) error   // translates an error of this statement; nil result: it stays
	// control marks BEGIN, COMMIT and the like, which traces do not count as statements.
	control bool
	// steady marks reads for which one plan serves all values: a key or the far end of an edge leads to their rows, by the same index always.
	steady bool
	// custom marks reads whose values decide which plan is good, so that each is planned for its own.
	custom bool
	// gathering makes args when the queue is sent; nil: they are there. sealed lets nothing more join it.
	gathering Gathering
	sealed    bool
}

// checks reports whether the caller looks at the answer, so that COMMIT must wait for it.
func (c *call) checks() bool { return c.rows != nil || c.done != nil }

// conn is what both pgx.Conn and pgx.Tx can do.
type conn interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// exchange sends calls in one round trip and hands out the answers in order. It stops at the first error.
func exchange(ctx context.Context, c conn, calls []call) error {
	trace(ctx, calls)
	if len(calls) == 1 {
		rows, err := c.Query(ctx, calls[0].sql, calls[0].args...)
		if err != nil {
			return calls[0].failed(err)
		}
		return calls[0].consume(rows)
	}
	batch := &pgx.Batch{}
	for i := range calls {
		batch.Queue(calls[i].sql, calls[i].args...)
	}
	results := c.SendBatch(ctx, batch)
	var first error
	for i := range calls {
		rows, err := results.Query()
		if err == nil {
			err = calls[i].consume(rows)
		} else {
			rows.Close()
			err = calls[i].failed(err)
		}
		if err != nil {
			first = err
			break
		}
	}
	if err := results.Close(); first == nil && err != nil {
		first = fmt.Errorf("finish a batch of %d statements: %w", len(calls), err)
	}
	return first
}

func (c *call) consume(rows pgx.Rows) error {
	var err error
	if c.rows != nil {
		err = c.rows(rows)
	}
	rows.Close()
	if e := rows.Err(); e != nil {
		return c.failed(e)
	}
	if err == nil && c.done != nil {
		err = c.done(rows.CommandTag())
	}
	return err
}

func (c *call) failed(err error) error {
	var pe *pgconn.PgError
	if c.fail != nil && errors.As(err, &pe) {
		if translated := c.fail(pe); translated != nil {
			return translated
		}
	}
	return fmt.Errorf("%s: %w", c.name, err)
}

// readAttempts bounds the repetition of reads that met a failover or, on CockroachDB, a restart.
const readAttempts = 4

// sendWrite sends calls of an account, or of everyAccount, outside a transaction on a connection for writes. They must be such that a repetition
// does no harm.
func (db *DB) sendWrite(ctx context.Context, account tenancy.AccountID, calls []call) error {
	return db.autocommit(ctx, db.writers, string(account), calls)
}

func (db *DB) autocommit(ctx context.Context, p *pool, account string, calls []call) error {
	started := time.Now()
	var err error
	for n := range readAttempts {
		if n > 0 && !pause(ctx, n) {
			break
		}
		if err = db.once(ctx, p, account, calls); Classify(err) != Retryable {
			break
		}
	}
	db.opts.Metrics.trip(calls[0].name, time.Since(started))
	return db.translate(err)
}

func (db *DB) once(ctx context.Context, p *pool, account string, calls []call) error {
	c, err := db.acquire(ctx, p)
	if err != nil {
		return err
	}
	defer c.Release()
	all, done := db.fenced(c.Conn().PgConn(), p.use, account, calls)
	h := hooked{pg: c.Conn(), hook: db.opts.Hook, at: Place{Account: placeOf(account)}}
	err = h.exchange(ctx, all)
	done(err)
	return err
}
