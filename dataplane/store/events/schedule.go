package events

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/tenancy"
)

// Query says what a node looks for in the queues: events of its ranges that are none of the roots it knows to be busy.
type Query struct {
	Ranges     []int
	PerAccount int      // at most so many rows of one account
	SkipRoots  []string // account/type/id, see RootName
}

// RootName names a root across accounts, as Query.SkipRoots wants it.
func RootName(account tenancy.AccountID, rootType, rootKey string) string {
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
	SELECT ` + columnsSQL + ` FROM events e
	WHERE e.state = 'PENDING' AND e.account_id = a.account_id AND (e.slot >> 8) = ANY ($1::int4[])
		AND (e.account_id || '/' || e.root_type || '/' || CASE WHEN e.root_id = '' THEN 'ref:' || e.root_ref ELSE e.root_id END) <> ALL ($3::text[])
	ORDER BY e.priority, e.received_on, e.id LIMIT $2
) AS q WHERE a.account_id IS NOT NULL`

// ReadPending reads what waits in the ranges, of each account its most urgent and oldest first. It goes by state, never by
// "later than what I saw", for rows become visible out of order.
func ReadPending(ctx context.Context, db *store.DB, q Query) ([]Row, error) {
	skip := q.SkipRoots
	if skip == nil {
		skip = []string{}
	}
	return read(ctx, db.Environment(), "events.pending", pendingEvents, store.Unscoped(int32s(q.Ranges), q.PerAccount, skip))
}

const pendingOfRoot = `SELECT ` + columnsSQL + ` FROM events e
WHERE e.account_id = $1 AND e.state = 'PENDING' AND e.root_type = $2 AND e.root_id = $3 ORDER BY e.received_on, e.id LIMIT $4`

// PendingOfRoot reads the oldest events that wait for one root, and sends other reads in the same round trip.
func PendingOfRoot(ctx context.Context, r *store.Reader, rootType, rootID string, limit int, also ...store.Statement) ([]Row, error) {
	return read(ctx, r, "events.pendingOfRoot", pendingOfRoot, r.Args(rootType, rootID, limit), also...)
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

// Due is a scheduled event that became pending.
type Due struct {
	Account tenancy.AccountID
	ID      string
	DueOn   time.Time
}

// ReleaseDue makes events of the ranges whose time has come pending, at most perAccount of each account, and lists them. The database's
// clock decides. An event is released once, whoever calls: its row leaves the state that the statement looks for.
func ReleaseDue(ctx context.Context, db *store.DB, ranges []int, perAccount int) ([]Due, error) {
	var out []Due
	release := store.Statement{Name: "events.due", SQL: dueEvents, Args: store.Unscoped(int32s(ranges), perAccount), Rows: func(rows pgx.Rows) error {
		out = nil
		for rows.Next() {
			var d Due
			if err := rows.Scan(&d.Account, &d.ID, &d.DueOn); err != nil {
				return err
			}
			out = append(out, d)
		}
		return rows.Err()
	}}
	err := db.WriteEnvironment(ctx, func(tx *store.Tx) error { tx.Queue(release); return nil })
	return out, err
}

const overlookedEvents = `SELECT ` + columnsSQL + ` FROM events e
WHERE e.state = 'PENDING' AND e.received_on < now() - $1 * INTERVAL '1 second' ORDER BY e.received_on LIMIT $2`

// Overlooked lists events of all ranges that have been pending for longer than age: the slow sweep behind the queues. It
// reads the whole pending index.
func Overlooked(ctx context.Context, db *store.DB, age time.Duration, limit int) ([]Row, error) {
	return read(ctx, db.Environment(), "events.overlooked", overlookedEvents, store.Unscoped(age.Seconds(), limit))
}

// int32s are ranges as the database's arrays have them; never NULL.
func int32s(in []int) []int32 {
	out := make([]int32, len(in))
	for i, n := range in {
		out[i] = int32(n)
	}
	return out
}
