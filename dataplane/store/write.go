package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/cockroachdb/cockroach-go/v2/crdb"
	crdbpgx "github.com/cockroachdb/cockroach-go/v2/crdb/crdbpgxv5"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/tenancy"
)

// Write's transactions by text, so that BEGIN and COMMIT travel with other statements.
const (
	sqlBegin    = `BEGIN ISOLATION LEVEL SERIALIZABLE`
	sqlBeginAt  = `BEGIN ISOLATION LEVEL READ COMMITTED` // for WriteLocked
	sqlCommit   = `COMMIT`
	sqlRollback = `ROLLBACK`
)

const rollbackWait = 5 * time.Second

func (db *DB) write(ctx context.Context, scope tenancy.Scope, begin string, fn func(tx *Tx) error) error {
	if scope.Account() == "" {
		return errNoAccount
	}
	return db.writeLoop(ctx, db.writers, scope, begin, &writing{db: db, account: scope.Account()}, fn)
}

func (db *DB) writeMany(ctx context.Context, scope tenancy.Scope, begin string, fn func(tx *Tx) error) error {
	if scope.Account() == "" {
		return errNoAccount
	}
	w := &writing{db: db, account: scope.Account()}
	if err := w.late(ctx); err != nil {
		return db.translate(err)
	}
	return db.writeLoop(ctx, db.writers, scope, begin, w, fn)
}

// writeEnvironment is Write for tables that belong to the environment and not to an account: leases, schedules, keys. It
// takes a connection of the given pool.
func (db *DB) writeEnvironment(ctx context.Context, p *pool, fn func(tx *Tx) error) error {
	return db.writeLoop(ctx, p, tenancy.Scope{}, sqlBegin, &writing{db: db}, fn)
}

// writeLoop repeats attempts. On CockroachDB most repetitions happen inside an attempt, by its own savepoint protocol.
func (db *DB) writeLoop(ctx context.Context, p *pool, scope tenancy.Scope, begin string, w *writing, fn func(tx *Tx) error) error {
	started := time.Now()
	for n := 1; ; n++ {
		err := db.attempt(ctx, p, n, scope, begin, w, fn)
		class := Classify(err)
		if err == nil || class != Retryable {
			w.end(ctx, class, err)
			db.opts.Metrics.wrote(err, class, n, time.Since(started))
			return db.translate(err)
		}
		db.opts.Metrics.retried(err)
		if n >= db.opts.WriteAttempts || time.Since(started) > db.opts.WriteBudget || !pause(ctx, n) {
			w.end(ctx, class, err)
			db.opts.Metrics.wrote(err, class, n, time.Since(started))
			if ctx.Err() != nil {
				return db.translate(errors.Join(ctx.Err(), err))
			}
			return fault.New(fault.Unavailable, "the data was changed by others in each of %d attempts; try again soon", n).
				With("attempts", fmt.Sprint(n)).Wrap(err)
		}
		if errors.Is(err, errLate) {
			if err := w.late(ctx); err != nil {
				return err
			}
		}
	}
}

// pause waits before a repetition: full jitter, 1 ms at first and 100 ms at most. It reports false when ctx ends first or had ended.
func pause(ctx context.Context, n int) bool {
	if ctx.Err() != nil {
		return false
	}
	limit := min(time.Millisecond<<min(n, 10), 100*time.Millisecond)
	timer := time.NewTimer(rand.N(limit))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

func (db *DB) attempt(ctx context.Context, p *pool, n int, scope tenancy.Scope, begin string, w *writing, fn func(tx *Tx) error) error {
	c, err := db.acquire(ctx, p)
	if err != nil {
		return err
	}
	defer c.Release()
	at := Place{Account: placeOf(string(scope.Account())), Attempt: n}
	if db.engine == CockroachDB {
		return db.attemptBySavepoints(ctx, c, at, scope, w, fn)
	}
	own := &txConn{hooked: hooked{pg: c.Conn(), hook: db.opts.Hook, at: at}, begin: begin, account: string(scope.Account()), writing: w}
	if own.account == "" {
		own.account = everyAccount
	}
	defer own.rollback(ctx)
	tx := db.newTx(scope, own)
	if err := fn(tx); err != nil {
		return err
	}
	if err := own.pass(ctx, Decided); err != nil {
		return err
	}
	if err := tx.flush(ctx, true); err != nil {
		return err
	}
	db.opts.Stored(scope.Account(), tx.pending.stored)
	return nil
}

// attemptBySavepoints is an attempt in the way that CockroachDB wants it, where conflicts repeat the closure within one transaction.
func (db *DB) attemptBySavepoints(ctx context.Context, c crdbpgx.Conn, at Place, scope tenancy.Scope, w *writing, fn func(tx *Tx) error) error {
	limited := crdb.WithMaxRetries(ctx, db.opts.WriteAttempts)
	var last *txConn
	stored := 0
	err := crdbpgx.ExecuteTx(limited, c, pgx.TxOptions{IsoLevel: pgx.Serializable}, func(inner pgx.Tx) error {
		last = &txConn{hooked: hooked{pg: inner.Conn(), hook: db.opts.Hook, at: at}, begun: true, writing: w}
		tx := db.newTx(scope, last)
		if err := fn(tx); err != nil {
			return err
		}
		if last.failure != nil {
			return last.failure
		}
		if err := last.pass(ctx, Decided); err != nil {
			return err
		}
		if err := tx.flush(ctx, false); err != nil {
			return err
		}
		if closing := last.closing(); len(closing) > 0 {
			if err := last.exchange(ctx, closing, false); err != nil {
				return err
			}
		}
		stored = tx.pending.stored
		return ambiguousIfCut(last.pass(ctx, Committing))
	})
	if err != nil {
		return err
	}
	db.opts.Stored(scope.Account(), stored)
	return ambiguousIfCut(last.pass(ctx, Committed))
}

func (db *DB) newTx(scope tenancy.Scope, c *txConn) *Tx {
	tx := &Tx{Reader: &Reader{db: db, scope: scope, send: c.send}, now: db.clock.now(), conn: c}
	c.writing.again()
	tx.pending.now, tx.pending.writing = tx.now, c.writing
	return tx
}

// txConn is the connection of one attempt. BEGIN is put off until something is sent.
type txConn struct {
	hooked
	begin   string
	begun   bool
	account string // named to the database with BEGIN, for row-level security
	failure error  // the first error that the transaction met, after which it cannot be committed
	writing *writing
	drew    time.Time // when keys were first drawn; zero: none were
	changed changed
	stale   staleDocuments
}

func (c *txConn) send(ctx context.Context, calls []call) error {
	return c.exchange(ctx, calls, false)
}

// exchange sends calls, BEGIN before them if it is still due and COMMIT behind them if asked.
func (c *txConn) exchange(ctx context.Context, calls []call, commit bool) error {
	if c.failure != nil {
		return errors.Join(errDoomed, c.failure)
	}
	c.stamp(calls)
	all := calls
	if !c.begun {
		all = append([]call{{name: "begin", sql: c.begin, control: true}, nameAccount(c.account)}, all...)
		c.begun = true
	}
	if commit {
		all = append(append(all[:len(all):len(all)], c.closing()...), call{name: "commit", sql: sqlCommit, control: true, done: committed})
	}
	err := c.hooked.exchange(ctx, all)
	if err == nil {
		return nil
	}
	if commit && c.lostAnswer(err) {
		err = errors.Join(ErrAmbiguous, err)
	}
	c.failure = err
	return err
}

// committed finds out whether the server turned a COMMIT into a rollback because something had failed before.
func committed(tag pgconn.CommandTag) error {
	if tag.String() == "ROLLBACK" {
		return pgx.ErrTxCommitRollback
	}
	return nil
}

// lostAnswer reports whether an error in an exchange with COMMIT leaves the outcome open: the server did not answer, or answered while
// going down. An answer with any other SQLSTATE means that nothing was committed, but for the one that says so itself (see Classify); so does
// a connection that still stands.
func (c *txConn) lostAnswer(err error) bool {
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		return serverGoing(pe.Code) || serverCrashed(pe)
	}
	return c.pg.IsClosed()
}

// rollback ends what was begun and not ended, with a time of its own, since ctx may be what ended.
func (c *txConn) rollback(ctx context.Context) {
	if !c.begun || c.pg.IsClosed() || c.pg.PgConn().TxStatus() == 'I' {
		return
	}
	detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackWait)
	defer cancel()
	_, _ = c.pg.Exec(detached, sqlRollback) // a connection that cannot roll back is dropped by the pool
}

// copyIn sends rows by COPY inside the transaction, which it begins if need be.
func (c *txConn) copyIn(ctx context.Context, name string, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) error {
	if !c.begun {
		if err := c.exchange(ctx, nil, false); err != nil {
			return err
		}
	}
	trace(ctx, []call{{name: name}})
	if _, err := c.pg.CopyFrom(ctx, table, columns, rows); err != nil {
		c.failure = fmt.Errorf("%s: %w", name, err)
		return c.failure
	}
	return nil
}
