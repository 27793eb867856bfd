package store

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fluent-oms/fluent/tenancy"
)

// Purgeable is what Purge removes of an account.
type Purgeable string

// What is removed when it is old enough. What still waits (pending and scheduled events, deliveries to be sent, batches under way) never is.
const (
	PurgeEvents     Purgeable = "events"     // settled events, by when they were settled
	PurgeTrails     Purgeable = "trails"     // the audit of turns
	PurgeDeliveries Purgeable = "deliveries" // webhooks that were sent or given up
	PurgeBatchRows  Purgeable = "batch_rows" // records of complete batches
	PurgeBatches    Purgeable = "batches"    // complete batches without records
	PurgeJobs       Purgeable = "jobs"       // closed jobs without batches
	PurgeSignIns    Purgeable = "sign_ins"   // counts of failed sign-ins, and those beyond mostSignIns whatever their age
)

// Purgeables lists what Purge removes, in the order in which it has to be removed.
func Purgeables() []Purgeable {
	return []Purgeable{PurgeEvents, PurgeTrails, PurgeDeliveries, PurgeBatchRows, PurgeBatches, PurgeJobs, PurgeSignIns}
}

// Ids begin with four shard bits and the time, so sixteen ranges of the primary key hold all that was made before an instant: no index over the
// time is needed, which every new row would have to pay for.
const (
	purgeEvents = `DELETE FROM events WHERE account_id = $1 AND id IN (
	SELECT e.id FROM events e WHERE e.account_id = $1 AND e.id >= $2::uuid AND e.id < $3::uuid
		AND e.state IN ('SUCCESS', 'NO_MATCH', 'FAILED') AND e.done_on < now() - $4 * INTERVAL '1 second' ORDER BY e.id LIMIT $5)`
	purgeTrails = `DELETE FROM trails WHERE account_id = $1 AND turn_id IN (
	SELECT t.turn_id FROM trails t WHERE t.account_id = $1 AND t.turn_id >= $2::uuid AND t.turn_id < $3::uuid
		AND t.generated_on < now() - $4 * INTERVAL '1 second' ORDER BY t.turn_id LIMIT $5)`
	purgeDeliveries = `DELETE FROM webhook_deliveries WHERE account_id = $1 AND id IN (
	SELECT w.id FROM webhook_deliveries w WHERE w.account_id = $1 AND w.id >= $2::uuid AND w.id < $3::uuid
		AND w.state <> 'PENDING' AND w.done_on < now() - $4 * INTERVAL '1 second' ORDER BY w.id LIMIT $5)`

	purgeBatchRows = `DELETE FROM batch_rows WHERE account_id = $1 AND (batch_id, row_number) IN (
	SELECT x.batch_id, x.row_number FROM batches b CROSS JOIN LATERAL (
		SELECT r.batch_id, r.row_number FROM batch_rows r WHERE r.account_id = b.account_id AND r.batch_id = b.id ORDER BY r.row_number LIMIT $3
	) AS x WHERE b.account_id = $1 AND b.status = 'COMPLETE' AND b.completed_on < now() - $2 * INTERVAL '1 second' LIMIT $3)`
	purgeBatches = `DELETE FROM batches WHERE account_id = $1 AND id IN (
	SELECT b.id FROM batches b WHERE b.account_id = $1 AND b.status = 'COMPLETE' AND b.completed_on < now() - $2 * INTERVAL '1 second'
		AND NOT EXISTS (SELECT 1 FROM batch_rows r WHERE r.account_id = b.account_id AND r.batch_id = b.id) ORDER BY b.id LIMIT $3)`
	purgeJobs = `DELETE FROM jobs WHERE account_id = $1 AND id IN (
	SELECT j.id FROM jobs j WHERE j.account_id = $1 AND j.closes_on < now() - $2 * INTERVAL '1 second'
		AND NOT EXISTS (SELECT 1 FROM batches b WHERE b.account_id = j.account_id AND b.job_id = j.id) ORDER BY j.id LIMIT $3)`
)

// mostSignIns is how many counts of failed sign-ins an account keeps: what strangers can make it write is bounded.
const mostSignIns = 10_000

// shards is how many ranges of ids new rows are spread over.
const shards = 16

// Purge removes at most limit rows of one kind that are older than an age by the database's clock, in one statement of its own. It tells how
// many; fewer than limit means that nothing old is left. A repetition does no harm.
func (db *DB) Purge(ctx context.Context, account tenancy.AccountID, what Purgeable, age time.Duration, limit int) (int, error) {
	if account == "" {
		return 0, errNoAccount
	}
	byTime := map[Purgeable]string{PurgeEvents: purgeEvents, PurgeTrails: purgeTrails, PurgeDeliveries: purgeDeliveries}
	if what == PurgeSignIns {
		return db.PurgeSignIns(ctx, account, age, mostSignIns, limit)
	}
	if sql, ok := byTime[what]; ok {
		return db.purgeShards(ctx, what, sql, account, age, limit)
	}
	sql, ok := map[Purgeable]string{PurgeBatchRows: purgeBatchRows, PurgeBatches: purgeBatches, PurgeJobs: purgeJobs}[what]
	if !ok {
		return 0, fmt.Errorf("store: nothing is known of how to purge %q", what)
	}
	return db.purge(ctx, what, sql, account, age.Seconds(), limit)
}

func (db *DB) purgeShards(ctx context.Context, what Purgeable, sql string, account tenancy.AccountID, age time.Duration, limit int) (removed int, err error) {
	before := db.Now(ctx).Add(-age)
	for shard := range byte(shards) {
		n, err := db.purge(ctx, what, sql, account, firstUUID(shard, time.UnixMilli(0)), firstUUID(shard, before), age.Seconds(), limit-removed)
		removed += n
		if err != nil || removed >= limit {
			return removed, err
		}
	}
	return removed, nil
}

func (db *DB) purge(ctx context.Context, what Purgeable, sql string, account tenancy.AccountID, args ...any) (removed int, err error) {
	err = db.sendWrite(ctx, account, []call{{name: string(what) + ".purge", sql: sql, args: append([]any{string(account)}, args...), done: func(tag pgconn.CommandTag) error {
		removed = int(tag.RowsAffected())
		return nil
	}}})
	return removed, err
}

// firstUUID is the lowest id that NewUUID could make in a shard at a time.
func firstUUID(shard byte, at time.Time) string {
	var u [16]byte
	binary.BigEndian.PutUint64(u[:8], uint64(shard)<<60|(uint64(max(at.UnixMilli(), 0))>>4)<<16)
	return string(formatUUID(u))
}
