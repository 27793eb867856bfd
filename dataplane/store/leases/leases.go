// Package leases is the store's part for who works on what: ranges of slots, which nodes hold for a while, each time under a new epoch.
package leases

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/dataplane/store"
)

// Epoch fences a lease: a commit under an older epoch is refused. It only grows, also when the same node leases a range again.
type Epoch int64

// ErrFenced says that the node which commits does not own the range any more.
var ErrFenced = errors.New("leases: the range of slots has another owner")

// Lease is a range of slots as the database has it.
type Lease struct {
	Range   int
	Epoch   Epoch
	Owner   string
	Expired bool // by the database's clock
}

// FOR SHARE: on PostgreSQL a plain read would let a commit that was in flight overtake a takeover; the lock makes the takeover
// wait for such commits, and commits behind it see the new epoch. The division fails inside the database, so that the COMMIT in
// the same round trip comes to nothing.
const fenceSQL = `SELECT 1 / count(*) FROM (SELECT 1 FROM slot_epochs WHERE range_id = $1 AND epoch = $2 FOR SHARE) AS held`

// Fence makes the transaction fail with ErrFenced, before it writes anything, unless the range is still held under the epoch.
func Fence(tx *store.Tx, rangeID int, epoch Epoch) {
	tx.Require(store.Statement{Name: "leases.fence", SQL: fenceSQL, Args: store.Unscoped(rangeID, int64(epoch)), Fail: store.OnDivision(ErrFenced)})
}

// keeps is what nodes of this build keep: 1 is the feed of changes. older is until when a row was in the hands of a build that does not.
const (
	older = `CASE WHEN engine_nodes.keeps < 1 OR engine_nodes.keeps_until IS DISTINCT FROM engine_nodes.expires_on THEN engine_nodes.expires_on ELSE engine_nodes.older_until END`

	heartbeatSQL = `INSERT INTO engine_nodes (node_id, expires_on, keeps, keeps_until) VALUES ($1, now() + $2 * INTERVAL '1 second', 1, now() + $2 * INTERVAL '1 second')
ON CONFLICT (node_id) DO UPDATE SET expires_on = excluded.expires_on, keeps = excluded.keeps, keeps_until = excluded.keeps_until, older_until = ` + older
	// What is known of older builds outlasts them: the last one's row stays. See store.KeptSince.
	forgetNodesSQL = `DELETE FROM engine_nodes WHERE expires_on < now() - INTERVAL '1 hour'
AND COALESCE(` + older + ` < (SELECT max(o.until) FROM (SELECT ` + older + ` AS until FROM engine_nodes) o WHERE o.until <= now() + INTERVAL '1 minute'), ` + older + ` IS NULL)`
	// A lease of many times its life was made before the database's clock was set back; who holds it and lives renews it at once.
	liveNodesSQL = `SELECT node_id FROM engine_nodes WHERE expires_on > now() AND expires_on <= now() + 10 * $1 * INTERVAL '1 second' ORDER BY node_id`
	leasesSQL    = `SELECT e.range_id, e.epoch, e.owner, x.expires_on <= now() OR x.expires_on > now() + 10 * $1 * INTERVAL '1 second'
FROM slot_epochs e JOIN slot_expiries x ON x.range_id = e.range_id ORDER BY e.range_id`
	renewSQL = `UPDATE slot_expiries x SET expires_on = now() + $2 * INTERVAL '1 second'
FROM slot_epochs e WHERE e.range_id = x.range_id AND e.owner = $1 AND x.expires_on > now() RETURNING x.range_id`
	takeEpochsSQL = `UPDATE slot_epochs e SET epoch = e.epoch + 1, owner = $1
FROM slot_expiries x WHERE x.range_id = e.range_id AND (x.expires_on <= now() OR x.expires_on > now() + 10 * $4 * INTERVAL '1 second' OR $3 AND e.owner = $1) AND e.range_id = ANY ($2::int4[])
RETURNING e.range_id, e.epoch`
	takeExpirySQL  = `UPDATE slot_expiries SET expires_on = now() + $1 * INTERVAL '1 second' WHERE range_id IN (SELECT e.range_id FROM slot_epochs e WHERE e.owner = $3 AND e.range_id = ANY ($2::int4[]))`
	releaseSQL     = `UPDATE slot_expiries x SET expires_on = now() FROM slot_epochs e WHERE e.range_id = x.range_id AND e.owner = $1 AND x.range_id = ANY ($2::int4[])`
	releaseNodeSQL = `UPDATE engine_nodes SET older_until = ` + older + `, keeps = 1, expires_on = now(), keeps_until = now() WHERE node_id = $1`
)

// Table is the leases of an environment.
type Table struct{ db *store.DB }

// Of is the table of a database.
func Of(db *store.DB) Table { return Table{db} }

// Heartbeat says that the node lives for another ttl, renews all ranges that it holds, and returns the live nodes in order
// of their ids and all ranges in theirs. A range that ran out before is not renewed: it must be taken again, under a new epoch.
func (t Table) Heartbeat(ctx context.Context, node string, ttl time.Duration) (nodes []string, leases []Lease, err error) {
	err = t.write(ctx,
		store.Statement{Name: "leases.heartbeat", SQL: heartbeatSQL, Args: store.Unscoped(node, ttl.Seconds())},
		store.Statement{Name: "leases.renew", SQL: renewSQL, Args: store.Unscoped(node, ttl.Seconds())},
		store.Statement{Name: "leases.forget", SQL: forgetNodesSQL, Args: store.Unscoped()},
		store.Statement{Name: "leases.nodes", SQL: liveNodesSQL, Args: store.Unscoped(ttl.Seconds()), Rows: func(rows pgx.Rows) (err error) {
			nodes, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		}},
		store.Statement{Name: "leases.all", SQL: leasesSQL, Args: store.Unscoped(ttl.Seconds()), Rows: func(rows pgx.Rows) (err error) {
			leases, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (l Lease, err error) {
				return l, row.Scan(&l.Range, &l.Epoch, &l.Owner, &l.Expired)
			})
			return err
		}})
	return nodes, leases, err
}

// TakeRanges makes the node the owner of those of the ranges that are free, each under a new epoch, and returns the epochs. With own,
// ranges that stand in the node's name count as free: a process that starts takes over from its predecessor.
func (t Table) TakeRanges(ctx context.Context, node string, ranges []int, ttl time.Duration, own bool) (map[int]Epoch, error) {
	taken := map[int]Epoch{}
	err := t.write(ctx,
		store.Statement{Name: "leases.take", SQL: takeEpochsSQL, Args: store.Unscoped(node, int32s(ranges), own, ttl.Seconds()), Rows: func(rows pgx.Rows) error {
			clear(taken)
			for rows.Next() {
				var id int
				var epoch Epoch
				if err := rows.Scan(&id, &epoch); err != nil {
					return err
				}
				taken[id] = epoch
			}
			return rows.Err()
		}},
		store.Statement{Name: "leases.extend", SQL: takeExpirySQL, Args: store.Unscoped(ttl.Seconds(), int32s(ranges), node)})
	return taken, err
}

// ReleaseRanges gives ranges back, for others to take at once. leaving says that the node itself goes away.
func (t Table) ReleaseRanges(ctx context.Context, node string, ranges []int, leaving bool) error {
	statements := []store.Statement{{Name: "leases.release", SQL: releaseSQL, Args: store.Unscoped(node, int32s(ranges))}}
	if leaving {
		statements = append(statements, store.Statement{Name: "leases.leave", SQL: releaseNodeSQL, Args: store.Unscoped(node)})
	}
	return t.write(ctx, statements...)
}

// write sends statements in one transaction.
func (t Table) write(ctx context.Context, statements ...store.Statement) error {
	return t.db.WriteLeases(ctx, func(tx *store.Tx) error { tx.Queue(statements...); return nil })
}

// int32s are ranges as the database's arrays have them; never NULL.
func int32s(ranges []int) []int32 {
	out := make([]int32, len(ranges))
	for i, n := range ranges {
		out[i] = int32(n)
	}
	return out
}
