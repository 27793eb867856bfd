package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

// This file keeps what those rely on who follow a list that grows. created_on orders lists, and updated_on is what clients remember to ask for
// what changed since: both are the time at which a flush of the transaction is sent, drawn last. Before COMMIT, in the same round trip, the
// database compares it with its own clock, and the transaction fails if it is older than keyLife. So whatever is older than Horizon is there for
// everybody to see, or never will be: nothing appears any more at a place that a reader has passed.
//
// A write that fails for this is repeated with a row in long_writes, which is committed before: as long as it is there, the horizon of its account's
// readers stands where the row says. Its own commit takes the row away. Large ones begin with such a row: see WriteMany.

// Horizon is how old a row's created_on and updated_on must be for certainty that no other row will appear before them.
const Horizon = keyLife + 500*time.Millisecond

const (
	keyLife  = time.Second      // from the drawing of a key to COMMIT; the rest of Horizon is for COMMIT itself
	keyAhead = time.Second      // how far a key may be ahead of the database's clock
	longLife = 30 * time.Second // keyLife of what long_writes announces
)

// sqlHorizon is how far everything is there; $1 is the account. sqlHorizonAge is Horizon.
const (
	sqlHorizonAge = `INTERVAL '1500 milliseconds'`
	sqlHorizon    = `(SELECT least(now() - ` + sqlHorizonAge + `, coalesce(min(w.began_on), now())) FROM long_writes w WHERE w.account_id = $1 AND w.ends_on > now())`

	// sqlKeyHolds fails by dividing by zero.
	sqlKeyHolds = `SELECT 1 / CASE WHEN clock_timestamp() BETWEEN $1::TIMESTAMPTZ AND $2::TIMESTAMPTZ THEN 1 ELSE 0 END`

	sqlLongBegin = `INSERT INTO long_writes AS w (account_id, id, began_on, ends_on) VALUES ($1, $2::TEXT::UUID, clock_timestamp(), clock_timestamp() + $3::TEXT::INTERVAL)
ON CONFLICT (account_id, id) DO UPDATE SET began_on = excluded.began_on, ends_on = excluded.ends_on RETURNING began_on`
	sqlLongEnd    = `DELETE FROM long_writes WHERE account_id = $1 AND id = $2::TEXT::UUID`
	sqlLongForget = `DELETE FROM long_writes WHERE account_id = $1 AND ends_on < clock_timestamp() - INTERVAL '1 minute'`
)

// Horizon asks how far everything of the reader's account is there: no row will appear whose time, as it is drawn, is earlier. What is read after
// the answer is complete up to there.
func (r *Reader) Horizon(ctx context.Context) (horizon time.Time, err error) {
	err = r.Send(ctx, Statement{Name: "horizon", SQL: "SELECT " + sqlHorizon, Args: r.Args(), Rows: func(rows pgx.Rows) error {
		for rows.Next() {
			if err := rows.Scan(&horizon); err != nil {
				return err
			}
		}
		return rows.Err()
	}})
	return horizon.UTC(), err
}

// errLate says that a transaction was not committed soon enough after its keys were drawn, or that they were drawn by a clock that is wrong.
var errLate = errors.New("store: the transaction's created_on and updated_on were too old, or ahead, when it was to be committed")

// Drawn stands among the arguments of a statement of a Tx for the time that the flush draws: what created_on and updated_on are set to.
var Drawn any = drawn{}

type drawn struct{}

// writing is one write over all its attempts.
type writing struct {
	db      *DB
	account tenancy.AccountID
	stamped []*time.Time // what the last attempt filled in of new entities
	long    *longWrite   // nil: not announced
	closed  bool         // the last attempt's COMMIT takes the announcement back
}

type longWrite struct {
	id    catalogue.ID
	began time.Time
}

// again makes new entities as they were before the last attempt, so that their times are drawn anew.
func (w *writing) again() {
	for _, at := range w.stamped {
		*at = time.Time{}
	}
	w.stamped = w.stamped[:0]
}

// late prepares a large write, or the repetition of one that came too late: the clock is compared, and the write announced.
func (w *writing) late(ctx context.Context) error {
	db := w.db
	if err := db.measure(ctx); err != nil {
		return err
	}
	if w.long == nil {
		w.long = &longWrite{id: db.NewUUID()}
	}
	account := string(w.account)
	return db.sendWrite(ctx, w.account, []call{
		{name: "long_writes.forget", sql: sqlLongForget, args: []any{account}},
		{name: "long_writes.begin", sql: sqlLongBegin, args: []any{account, string(w.long.id), (longLife + time.Second).String()}, rows: func(rows pgx.Rows) error {
			for rows.Next() {
				if err := rows.Scan(&w.long.began); err != nil {
					return err
				}
			}
			return rows.Err()
		}},
	})
}

// end takes back what a write that came to nothing has left. An announcement that cannot be taken away ends by itself.
func (w *writing) end(ctx context.Context, class Class, err error) {
	if err != nil && class == Ambiguous || err == nil && w.closed {
		return
	}
	if err != nil {
		w.again() // whoever writes them in another transaction draws anew
	}
	if w.long == nil {
		return
	}
	detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackWait)
	defer cancel()
	_ = w.db.sendWrite(detached, w.account, []call{{name: "long_writes.end", sql: sqlLongEnd, args: []any{string(w.account), string(w.long.id)}}})
}

// draw is the time for the rows of a flush.
func (c *txConn) draw() time.Time {
	key := c.writing.db.clock.now()
	if long := c.writing.long; long != nil && key.Before(long.began) {
		key = long.began
	}
	if c.drew.IsZero() {
		c.drew = key
	}
	return key
}

// closing are the statements that come right before COMMIT: what the transaction has changed is told with them.
func (c *txConn) closing() []call {
	calls := c.stale.calls(string(c.writing.account))
	if c.drew.IsZero() && len(c.changed.list) > 0 {
		c.draw()
	}
	from, until := c.drew.Add(-keyAhead), c.drew.Add(keyLife)
	if long := c.writing.long; long != nil {
		until, c.writing.closed = long.began.Add(longLife), true
		calls = append(calls, call{name: "long_writes.end", sql: sqlLongEnd, args: []any{string(c.writing.account), string(long.id)}, control: true})
	}
	if c.drew.IsZero() {
		return calls
	}
	if told := c.changes(from, until); len(told) > 0 {
		return append(calls, told...)
	}
	return append(calls, call{name: "key", sql: sqlKeyHolds, args: []any{from, until}, control: true, fail: OnDivision(errLate)})
}

// stamp puts what is drawn into the place of Drawn. Arguments may be a caller's, and are left as they are.
func (c *txConn) stamp(calls []call) {
	var key any
	for i := range calls {
		copied := false
		for k, arg := range calls[i].args {
			if _, is := arg.(drawn); !is {
				continue
			}
			if key == nil {
				key = c.draw()
			}
			if !copied {
				calls[i].args, copied = append([]any(nil), calls[i].args...), true
			}
			calls[i].args[k] = key
		}
	}
}
