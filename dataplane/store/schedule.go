package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/tenancy"
)

// QueueQuery says what a node looks for in the queues: events of its ranges that are none of the roots it knows to be busy.
type QueueQuery struct {
	Ranges     []int
	PerAccount int      // at most so many rows of one account
	SkipRoots  []string // account/type/id, see QueueRoot
}

// QueueRoot names a root across accounts, as QueueQuery.SkipRoots wants it.
func QueueRoot(account tenancy.AccountID, rootType, rootKey string) string {
	return string(account) + "/" + rootType + "/" + rootKey
}

// pendingAccounts leaps from account to account over an index that begins with account_id: its cost is one look-up for each account
// that has something waiting, not one for each event.
const pendingAccounts = `WITH RECURSIVE a (account_id) AS (
	SELECT min(account_id) FROM events WHERE state = 'PENDING'
	UNION ALL
	SELECT (SELECT min(e.account_id) FROM events e WHERE e.state = 'PENDING' AND e.account_id > a.account_id) FROM a WHERE a.account_id IS NOT NULL
)`

const pendingEvents = pendingAccounts + `
SELECT q.* FROM a CROSS JOIN LATERAL (
	SELECT ` + eventColumnsSQL + ` FROM events e
	WHERE e.state = 'PENDING' AND e.account_id = a.account_id AND (e.slot >> 8) = ANY ($1::int4[])
		AND (e.account_id || '/' || e.root_type || '/' || CASE WHEN e.root_id = '' THEN 'ref:' || e.root_ref ELSE e.root_id END) <> ALL ($3::text[])
	ORDER BY e.priority, e.received_on, e.id LIMIT $2
) AS q WHERE a.account_id IS NOT NULL`

// PendingEvents reads what waits in the ranges, of each account its most urgent and oldest first. It goes by state, never by
// "later than what I saw", for rows become visible out of order.
func (db *DB) PendingEvents(ctx context.Context, q QueueQuery) ([]EventRow, error) {
	skip := q.SkipRoots
	if skip == nil {
		skip = []string{}
	}
	return readEvents(ctx, db.sendRead, call{name: "events.pending", sql: pendingEvents, args: []any{int32s(q.Ranges), q.PerAccount, skip}})
}

const pendingOfRoot = `SELECT ` + eventColumnsSQL + ` FROM events e
WHERE e.account_id = $1 AND e.state = 'PENDING' AND e.root_type = $2 AND e.root_id = $3 ORDER BY e.received_on, e.id LIMIT $4`

// PendingOfRoot reads the oldest events that wait for one root.
func (r *Reader) PendingOfRoot(ctx context.Context, rootType, rootID string, limit int) ([]EventRow, error) {
	return r.events(ctx, "events.pendingOfRoot", pendingOfRoot, string(r.scope.Account()), rootType, rootID, limit)
}

const dueEvents = `WITH RECURSIVE a (account_id) AS (
	SELECT min(account_id) FROM events WHERE state = 'SCHEDULED'
	UNION ALL
	SELECT (SELECT min(e.account_id) FROM events e WHERE e.state = 'SCHEDULED' AND e.account_id > a.account_id) FROM a WHERE a.account_id IS NOT NULL
)
UPDATE events u SET state = 'PENDING', received_on = now()
WHERE (u.account_id, u.id) IN (
	SELECT q.account_id, q.id FROM a CROSS JOIN LATERAL (
		SELECT e.account_id, e.id FROM events e
		WHERE e.state = 'SCHEDULED' AND e.account_id = a.account_id AND e.due_on <= now() AND (e.slot >> 8) = ANY ($1::int4[])
		ORDER BY e.due_on, e.id LIMIT $2
	) AS q WHERE a.account_id IS NOT NULL
)
RETURNING u.account_id, u.id::text, u.due_on`

// DueEvent is a scheduled event that became pending.
type DueEvent struct {
	Account tenancy.AccountID
	ID      string
	DueOn   time.Time
}

// ReleaseDue makes events of the ranges whose time has come pending, at most perAccount of each account, and lists them. The database's
// clock decides. An event is released once, whoever calls: its row leaves the state that the statement looks for.
func (db *DB) ReleaseDue(ctx context.Context, ranges []int, perAccount int) ([]DueEvent, error) {
	var out []DueEvent
	err := db.writeCalls(ctx, db.writers, call{name: "events.due", sql: dueEvents, args: []any{int32s(ranges), perAccount}, rows: func(rows pgx.Rows) error {
		out = nil
		for rows.Next() {
			var d DueEvent
			if err := rows.Scan(&d.Account, &d.ID, &d.DueOn); err != nil {
				return err
			}
			out = append(out, d)
		}
		return rows.Err()
	}})
	return out, err
}

const overlookedEvents = `SELECT ` + eventColumnsSQL + ` FROM events e
WHERE e.state = 'PENDING' AND e.received_on < now() - $1 * INTERVAL '1 second' ORDER BY e.received_on LIMIT $2`

// OverlookedEvents lists events of all ranges that have been pending for longer than age: the slow sweep behind the queues. It
// reads the whole pending index.
func (db *DB) OverlookedEvents(ctx context.Context, age time.Duration, limit int) ([]EventRow, error) {
	return readEvents(ctx, db.sendRead, call{name: "events.overlooked", sql: overlookedEvents, args: []any{age.Seconds(), limit}})
}

func int32s(in []int) []int32 {
	out := make([]int32, len(in))
	for i, n := range in {
		out[i] = int32(n)
	}
	return out
}
