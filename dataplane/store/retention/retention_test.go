package retention_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/jobs"
	"github.com/fluent-oms/fluent/dataplane/store/outbox"
	"github.com/fluent-oms/fluent/dataplane/store/retention"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/dataplane/store/trails"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
)

// aged is what two accounts have: settled and waiting events, a trail, a sent and a waiting webhook, a complete and a pending batch.
func aged(t *testing.T, db *store.DB, account string) {
	t.Helper()
	ctx, scope := context.Background(), storetest.ScopeOf(t, account)
	now := db.Now(ctx)
	event := func() workflow.Event {
		return workflow.Event{ID: string(db.NewUUID()), Name: "X", Type: workflow.Normal, EntityType: "ORDER", EntityID: "1", RootType: "ORDER", RootID: "1",
			RetailerID: 1, GeneratedOn: now, Priority: workflow.StoreWork}
	}
	sent := outbox.Delivery{Account: scope.Account(), ID: string(db.NewUUID()), Name: "W", Endpoint: "e"}
	job := jobs.Job{Name: "J", RetailerID: 1, ClosesOn: now.Add(time.Minute)}
	var err error
	job.ID, err = jobs.NewID(ctx, db, scope)
	require.NoError(t, err)
	complete := jobs.Batch{JobID: job.ID, RetailerID: 1, Action: "UPSERT", EntityType: "INVENTORY", Header: json.RawMessage(`{}`)}
	complete.ID, err = jobs.NewBatchID(ctx, db, scope)
	require.NoError(t, err)
	pending := complete
	pending.ID, err = jobs.NewBatchID(ctx, db, scope)
	require.NoError(t, err)
	require.NoError(t, db.Write(ctx, scope, func(tx *store.Tx) error {
		waits := event()
		events.Append(tx, &waits)
		for range 3 {
			events.Record(tx, events.Row{Account: scope.Account(), Event: event(), State: events.Success, ReceivedOn: now, DoneOn: now,
				TurnID: string(db.NewUUID())})
		}
		trails.Add(tx, trails.Trail{TurnID: string(db.NewUUID()), RetailerID: 1, RootType: "ORDER", RootID: "1", GeneratedOn: now, Body: []byte{1}})
		outbox.Add(tx, sent)
		outbox.Add(tx, outbox.Delivery{ID: string(db.NewUUID()), Name: "W", Endpoint: "e"})
		j := job
		jobs.Add(tx, &j)
		return nil
	}))
	require.NoError(t, db.Write(ctx, scope, func(tx *store.Tx) error {
		for _, b := range []jobs.Batch{complete, pending} {
			if err := jobs.AddBatch(ctx, tx, &b, []json.RawMessage{json.RawMessage(`{}`), json.RawMessage(`{}`)}); err != nil {
				return err
			}
		}
		return nil
	}))
	require.NoError(t, db.Write(ctx, scope, func(tx *store.Tx) error { jobs.Finish(tx, complete.ID, 2, nil); return nil }))
	require.NoError(t, outbox.Finish(ctx, db, sent, "DONE", "200", 0))
}

// TestOnlyWhatIsSettledAndOldIsRemoved moves the age instead of the clock: an age below nothing makes old what was written just now.
func TestOnlyWhatIsSettledAndOldIsRemoved(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dsn := dbtest.Template(t, "store", storetest.Migrate)
	db := storetest.Open(t, dsn, store.Options{})
	aged(t, db, "ACME")
	aged(t, db, "OTHER")
	conn, err := pgx.Connect(ctx, dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(ctx) })
	left := func(table, account string) (n int) {
		require.NoError(t, conn.QueryRow(ctx, "SELECT count(*) FROM "+table+" WHERE account_id = $1", account).Scan(&n))
		return n
	}
	for _, what := range retention.Kinds() {
		n, err := retention.Of(db).Purge(ctx, "ACME", what, time.Hour, 100)
		require.NoError(t, err, what)
		require.Zero(t, n, "%s: nothing is an hour old", what)
	}
	n, err := retention.Of(db).Purge(ctx, "ACME", retention.Events, -time.Hour, 2)
	require.NoError(t, err)
	require.Equal(t, 2, n, "no more than the limit")
	want := map[retention.Kind]int{retention.Events: 1, retention.Trails: 1, retention.Deliveries: 1, retention.BatchRows: 2, retention.Batches: 1, retention.Jobs: 0}
	for _, what := range retention.Kinds() {
		n, err := retention.Of(db).Purge(ctx, "ACME", what, -time.Hour, 100)
		require.NoError(t, err, what)
		require.Equal(t, want[what], n, what)
	}
	for table, n := range map[string]int{"events": 1, "trails": 0, "webhook_deliveries": 1, "batches": 1, "batch_rows": 2, "jobs": 1} {
		require.Equal(t, n, left(table, "ACME"), "%s: what waits stays", table)
	}
	require.Equal(t, 4, left("events", "OTHER"), "another account's rows")
	require.Equal(t, 4, left("batch_rows", "OTHER"))
}

// TestWhatIsPurgedIsSettledAndOlder: each kind of row has one that is just over the age, one just under, and one that is old and not settled.
func TestWhatIsPurgedIsSettledAndOlder(t *testing.T) {
	t.Parallel()
	s := storetest.NewStand(t, dbtest.Template)
	const age = time.Hour
	ago := func(d time.Duration) time.Time { return s.DB.Now(t.Context()).Add(-d) }
	over, under := age+time.Minute, age-time.Minute
	old := func(shard, n int) string { // an id that was made long ago
		return fmt.Sprintf("%x0000000-0000-8000-8000-%012d", shard, n)
	}
	for _, account := range []string{"ACME", "OTHER"} {
		for i, e := range []struct {
			state string
			done  any
		}{
			{"SUCCESS", ago(over)}, {"NO_MATCH", ago(over)}, {"FAILED", ago(over)}, {"SUCCESS", ago(under)}, {"PENDING", ago(over)}, {"SCHEDULED", nil}, {"SUCCESS", ago(over)},
		} {
			s.SQL(`INSERT INTO events (account_id, id, slot, state, priority, received_on, generated_on, done_on, retailer_id, name, type, entity_type, entity_id, entity_ref, root_type, root_id, root_ref, detail)
VALUES ($1, $2::text::uuid, 0, $3, 0, $4, $4, $5, 1, $6, 'NORMAL', 'ORDER', '1', '', 'ORDER', '1', '', '{}')`, account, old(i/2%2*15, i), e.state, ago(over), e.done, fmt.Sprint(i, " ", e.state))
		}
		for i, at := range []time.Time{ago(over), ago(under)} {
			s.SQL(`INSERT INTO trails (account_id, turn_id, retailer_id, root_type, root_id, generated_on, keys, body) VALUES ($1, $2::text::uuid, 1, 'ORDER', $3, $4, '{}', '')`, account, old(i, i), fmt.Sprint(i), at)
		}
		for i, d := range []struct {
			state string
			done  any
		}{{"DONE", ago(over)}, {"DEAD", ago(over)}, {"DONE", ago(under)}, {"PENDING", nil}, {"PENDING", ago(over)}} {
			s.SQL(`INSERT INTO webhook_deliveries (account_id, id, state, name, endpoint, event, next_try_on, created_on, done_on) VALUES ($1, $2::text::uuid, $3, $4, '', '{}', now(), now(), $5)`,
				account, old(i, i), d.state, fmt.Sprint(i, " ", d.state), d.done)
		}
		for job, closes := range map[int]time.Time{1: ago(over), 2: ago(over), 3: ago(under)} {
			s.SQL(`INSERT INTO jobs (account_id, id, retailer_id, name, created_on, closes_on) VALUES ($1, $2, 1, '', now(), $3)`, account, job, closes)
		}
		for batch, b := range map[int]struct {
			job    int
			status string
			done   any
		}{1: {1, "COMPLETE", ago(over)}, 2: {2, "COMPLETE", ago(under)}, 3: {2, "RUNNING", ago(over)}, 4: {1, "COMPLETE", ago(over)}} {
			s.SQL(`INSERT INTO batches (account_id, id, job_id, retailer_id, action, entity_type, event, header, status, total, processed, failed, created_on, completed_on)
VALUES ($1, $2, $3, 1, '', '', '', '{}', $4, 0, 0, 0, now(), $5)`, account, batch, b.job, b.status, b.done)
			for row := range 3 {
				s.SQL(`INSERT INTO batch_rows (account_id, batch_id, row_number, body, entity_id, entity_ref, code, message) VALUES ($1, $2, $3, '{}', '', '', '', '')`, account, batch, row)
			}
		}
	}
	purge := func(what retention.Kind, limit int) int {
		n, err := retention.Of(s.DB).Purge(t.Context(), "ACME", what, age, limit)
		require.NoError(t, err)
		return n
	}
	left := func(column, table string) []string {
		require.NotEmpty(t, s.Texts("SELECT 1::text FROM "+table+" WHERE account_id = 'OTHER'"))
		return s.Texts("SELECT " + column + "::text FROM " + table + " WHERE account_id = 'ACME' ORDER BY 1")
	}
	require.Equal(t, 0, purge(retention.Batches, 9), "records go first")
	require.Equal(t, 0, purge(retention.Events, 0))
	require.Equal(t, 3, purge(retention.Events, 3), "no more than are asked for, of all ranges together")
	require.Len(t, left("name", "events"), 4)
	require.Equal(t, 1, purge(retention.Events, 9))
	require.Equal(t, []string{"3 SUCCESS", "4 PENDING", "5 SCHEDULED"}, left("name", "events"))
	require.Equal(t, 1, purge(retention.Trails, 9))
	require.Equal(t, []string{"1"}, left("root_id", "trails"))
	require.Equal(t, 1, purge(retention.Deliveries, 1))
	require.Equal(t, 1, purge(retention.Deliveries, 9))
	require.Equal(t, []string{"2 DONE", "3 PENDING", "4 PENDING"}, left("name", "webhook_deliveries"))
	require.Equal(t, 2, purge(retention.BatchRows, 2), "of all batches together")
	require.Equal(t, 0, purge(retention.Batches, 9), "some of their records are left")
	require.Equal(t, 4, purge(retention.BatchRows, 9))
	require.Equal(t, 0, purge(retention.Jobs, 9), "a job that has batches stays")
	require.Equal(t, 2, purge(retention.Batches, 9))
	require.Equal(t, []string{"2", "3"}, left("id", "batches"))
	require.Equal(t, 1, purge(retention.Jobs, 9))
	require.Equal(t, []string{"2", "3"}, left("id", "jobs"))
	require.Len(t, left("row_number", "batch_rows"), 6)
	order := retention.Kinds()
	require.Less(t, slices.Index(order, retention.BatchRows), slices.Index(order, retention.Batches))
	require.Less(t, slices.Index(order, retention.Batches), slices.Index(order, retention.Jobs))
}

// TestWhatIsYoungIsNotEvenLookedAt: ids tell when they were made, so what is made after the age is out of the range that is read.
func TestWhatIsYoungIsNotEvenLookedAt(t *testing.T) {
	t.Parallel()
	s := storetest.NewStand(t, dbtest.Template)
	s.EachAccount(func(tx *store.Tx) {
		events.Append(tx, &workflow.Event{ID: string(tx.NewUUID()), Name: "Go", RetailerID: 1, EntityType: "ORDER", EntityID: "1", RootType: "ORDER", RootID: "1", Priority: workflow.Checkout})
	})
	s.SQL("UPDATE events SET state = 'SUCCESS', done_on = now() - INTERVAL '2 hours'")
	n, err := retention.Of(s.DB).Purge(t.Context(), "ACME", retention.Events, time.Hour, 9)
	require.NoError(t, err)
	require.Zero(t, n)
	n, err = retention.Of(s.DB).Purge(t.Context(), "ACME", retention.Events, -time.Minute, 9)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Len(t, s.Texts("SELECT account_id FROM events"), 1)
}

// TestEventsOfCallersIDsAreRemoved: they tell no time, and would stay for thousands of years.
func TestEventsOfCallersIDsAreRemoved(t *testing.T) {
	t.Parallel()
	s := storetest.NewStand(t, dbtest.Template)
	ids := []string{"08f0e8d5-1111-4222-8333-444455556666", "7b0e8d5c-1111-4222-8333-444455556666", "fffffffe-1111-4222-8333-444455556666"}
	s.EachAccount(func(tx *store.Tx) {
		for _, id := range append(ids, "5b0e8d5c-1111-4222-8333-444455556666", "4b0e8d5c-1111-4222-8333-444455556666") {
			events.Append(tx, &workflow.Event{ID: id, Name: "Go", RetailerID: 1, EntityType: "ORDER", EntityID: "1", RootType: "ORDER", RootID: "1", Priority: workflow.Checkout})
		}
	})
	s.SQL("UPDATE events SET state = 'SUCCESS', done_on = now() - INTERVAL '2 hours' WHERE id::text NOT LIKE '5b%'")
	s.SQL("UPDATE events SET done_on = now() WHERE id::text LIKE '4b%'")
	for _, want := range []int{2, 1, 0} {
		n, err := retention.Of(s.DB).Purge(t.Context(), "ACME", retention.Events, time.Hour, 2)
		require.NoError(t, err)
		require.Equal(t, want, n)
	}
	require.Equal(t, []string{"4", "5"}, s.Texts("SELECT left(id::text, 1) FROM events WHERE account_id = 'ACME' ORDER BY 1"))
	require.Len(t, s.Texts("SELECT 1::text FROM events WHERE account_id = 'OTHER'"), 5)
}
