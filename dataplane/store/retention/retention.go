// Package retention is the store's part for the end of rows: what is settled and older than it has to be kept is removed, some rows at a time.
package retention

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/access"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/tenancy"
)

// Kind is what Purge removes of an account.
type Kind string

// What is removed when it is old enough. What still waits (pending and scheduled events, deliveries to be sent, batches under way) never is.
const (
	Events     Kind = "events"     // settled events, by when they were settled
	Trails     Kind = "trails"     // the audit of turns
	Deliveries Kind = "deliveries" // webhooks that were sent or given up
	BatchRows  Kind = "batch_rows" // records of complete batches
	Batches    Kind = "batches"    // complete batches without records
	Jobs       Kind = "jobs"       // closed jobs without batches
	SignIns    Kind = "sign_ins"   // counts of failed sign-ins, and those beyond mostSignIns whatever their age
	Repeats    Kind = "repeats"    // requests that are not known again any more
	Changes    Kind = "changes"    // the feed of changes, and what of it is beyond MostChanges whatever its age
)

// Kinds lists what Purge removes, in the order in which it has to be removed.
func Kinds() []Kind {
	return []Kind{Events, Trails, Deliveries, BatchRows, Batches, Jobs, SignIns, Repeats, Changes}
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

// MostChanges is how many rows of its feed an account keeps, of some hundred bytes each, whatever their age.
const MostChanges = 5_000_000

// The oldest go first, and the newest one that is an hour old stays: it is the place of readers who have seen all that there is. See store.Feed.
const (
	sqlChangesCut = `SELECT GREATEST(now() - $2 * INTERVAL '1 second', (SELECT c.at FROM changes c WHERE c.account_id = $1 ORDER BY c.at DESC, c.id DESC OFFSET $3 LIMIT 1))`
	purgeChanges  = `DELETE FROM changes WHERE account_id = $1 AND (at, id) IN (SELECT c.at, c.id FROM changes c WHERE c.account_id = $1 AND c.at < $2::timestamptz
	AND c.at < (SELECT max(l.at) FROM changes l WHERE l.account_id = $1 AND l.at < now() - INTERVAL '1 hour') ORDER BY c.at, c.id LIMIT $3)`
)

// Store is a database in which rows come to their end.
type Store struct {
	db   *store.DB
	cuts *cuts
	most int64
}

// Of is the store of a database.
func Of(db *store.DB) Store {
	return Store{db: db, cuts: &cuts{known: map[tenancy.AccountID]cut{}}, most: MostChanges}
}

// cuts remembers for a while where accounts' feeds are cut off: to count rows takes as long as they are many.
type cuts struct {
	mu    sync.Mutex
	known map[tenancy.AccountID]cut
}

type cut struct {
	at    time.Time
	age   time.Duration
	until time.Time
}

const cutLife = 5 * time.Minute

func (c *cuts) get(account tenancy.AccountID, age time.Duration) (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.known[account]
	return k.at, ok && k.age == age && time.Now().Before(k.until)
}

func (c *cuts) set(account tenancy.AccountID, k cut) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known[account] = k
}

// purgeFeed removes what an account's feed has beyond its age and its length.
func (s Store) purgeFeed(ctx context.Context, scope tenancy.Scope, age time.Duration, limit int) (int, error) {
	at, known := s.cuts.get(scope.Account(), age)
	if !known {
		r := s.db.Aside().Reader(scope)
		err := r.Send(ctx, store.Statement{Name: "changes.cut", SQL: sqlChangesCut, Args: r.Args(age.Seconds(), s.most), Rows: func(rows pgx.Rows) error {
			_, err := pgx.ForEachRow(rows, []any{&at}, func() error { return nil })
			return err
		}})
		if err != nil {
			return 0, err
		}
		s.cuts.set(scope.Account(), cut{at: at, age: age, until: time.Now().Add(cutLife)})
	}
	return s.purge(ctx, Changes, purgeChanges, scope, at, limit)
}

// Purge removes at most limit rows of one kind that are older than an age by the database's clock, in one statement of its own. It tells how
// many; fewer than limit means that nothing old is left. A repetition does no harm.
func (s Store) Purge(ctx context.Context, account tenancy.AccountID, what Kind, age time.Duration, limit int) (int, error) {
	scope, err := tenancy.NewScope(account)
	if err != nil {
		return 0, fmt.Errorf("purge %s: %w", what, err)
	}
	if what == Repeats {
		return repeats.Purge(ctx, s.db, scope, age, limit)
	}
	if what == Changes {
		return s.purgeFeed(ctx, scope, age, limit)
	}
	byTime := map[Kind]string{Events: purgeEvents, Trails: purgeTrails, Deliveries: purgeDeliveries}
	if what == SignIns {
		return access.PurgeSignIns(ctx, s.db, scope, age, mostSignIns, limit)
	}
	if sql, ok := byTime[what]; ok {
		return s.purgeShards(ctx, what, sql, scope, age, limit)
	}
	sql, ok := map[Kind]string{BatchRows: purgeBatchRows, Batches: purgeBatches, Jobs: purgeJobs}[what]
	if !ok {
		return 0, fmt.Errorf("retention: nothing is known of how to purge %q", what)
	}
	return s.purge(ctx, what, sql, scope, age.Seconds(), limit)
}

func (s Store) purgeShards(ctx context.Context, what Kind, sql string, scope tenancy.Scope, age time.Duration, limit int) (removed int, err error) {
	before := s.db.Now(ctx).Add(-age)
	for shard := range byte(store.Shards) {
		n, err := s.purge(ctx, what, sql, scope, store.FirstUUID(shard, time.UnixMilli(0)), store.FirstUUID(shard, before), age.Seconds(), limit-removed)
		removed += n
		if err != nil || removed >= limit {
			return removed, err
		}
	}
	if what != Events {
		return removed, nil
	}
	n, err := s.purgeForeign(ctx, sql, scope, age, limit-removed)
	return removed + n, err
}

// purgeForeign removes old events whose ids their callers gave. Such ids tell no time: nearly all lie among those that would be made in thousands of
// years, so that is where they are looked for, and nothing else is there.
func (s Store) purgeForeign(ctx context.Context, sql string, scope tenancy.Scope, age time.Duration, limit int) (removed int, err error) {
	ahead := s.db.Now(ctx).Add(24 * time.Hour) // no clock is that wrong
	for shard := range byte(store.Shards) {
		end := "ffffffff-ffff-ffff-ffff-ffffffffffff"
		if shard+1 < store.Shards {
			end = store.FirstUUID(shard+1, time.UnixMilli(0))
		}
		n, err := s.purge(ctx, Events, sql, scope, store.FirstUUID(shard, ahead), end, age.Seconds(), limit-removed)
		removed += n
		if err != nil || removed >= limit {
			return removed, err
		}
	}
	return removed, nil
}

func (s Store) purge(ctx context.Context, what Kind, sql string, scope tenancy.Scope, args ...any) (removed int, err error) {
	w := s.db.Autocommit(scope)
	err = w.Send(ctx, store.Statement{Name: string(what) + ".purge", SQL: sql, Args: w.Args(args...), Done: func(rows int64) error {
		removed = int(rows)
		return nil
	}})
	return removed, err
}
