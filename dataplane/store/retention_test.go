package store_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// aged is what two accounts have: settled and waiting events, a trail, a sent and a waiting webhook, a complete and a pending batch.
func aged(t *testing.T, db *store.DB, account string) {
	t.Helper()
	ctx, scope := context.Background(), scopeOf(t, account)
	now := db.Now(ctx)
	event := func() workflow.Event {
		return workflow.Event{ID: string(db.NewUUID()), Name: "X", Type: workflow.Normal, EntityType: "ORDER", EntityID: "1", RootType: "ORDER", RootID: "1",
			RetailerID: 1, GeneratedOn: now, Priority: workflow.StoreWork}
	}
	sent := store.Delivery{Account: scope.Account(), ID: string(db.NewUUID()), Name: "W", Endpoint: "e"}
	job := store.Job{Name: "J", RetailerID: 1, ClosesOn: now.Add(time.Minute)}
	var err error
	job.ID, err = db.NewJobID(ctx, scope)
	require.NoError(t, err)
	complete := store.Batch{JobID: job.ID, RetailerID: 1, Action: "UPSERT", EntityType: "INVENTORY", Header: json.RawMessage(`{}`)}
	complete.ID, err = db.NewBatchID(ctx, scope)
	require.NoError(t, err)
	pending := complete
	pending.ID, err = db.NewBatchID(ctx, scope)
	require.NoError(t, err)
	require.NoError(t, db.Write(ctx, scope, func(tx *store.Tx) error {
		waits := event()
		tx.AppendEvents(&waits)
		for range 3 {
			tx.RecordEvents(store.EventRow{Account: scope.Account(), Event: event(), State: store.EventSuccess, ReceivedOn: now, DoneOn: now,
				TurnID: string(db.NewUUID())})
		}
		tx.AddTrail(store.Trail{TurnID: string(db.NewUUID()), RetailerID: 1, RootType: "ORDER", RootID: "1", GeneratedOn: now, Body: []byte{1}})
		tx.AddDelivery(sent)
		tx.AddDelivery(store.Delivery{ID: string(db.NewUUID()), Name: "W", Endpoint: "e"})
		j := job
		tx.AddJob(&j)
		return nil
	}))
	require.NoError(t, db.Write(ctx, scope, func(tx *store.Tx) error {
		for _, b := range []store.Batch{complete, pending} {
			if err := tx.AddBatch(ctx, &b, []json.RawMessage{json.RawMessage(`{}`), json.RawMessage(`{}`)}); err != nil {
				return err
			}
		}
		return nil
	}))
	require.NoError(t, db.Write(ctx, scope, func(tx *store.Tx) error { tx.FinishBatch(complete.ID, 2, nil); return nil }))
	require.NoError(t, db.FinishDelivery(ctx, sent, "DONE", "200", 0))
}

// TestOnlyWhatIsSettledAndOldIsRemoved moves the age instead of the clock: an age below nothing makes old what was written just now.
func TestOnlyWhatIsSettledAndOldIsRemoved(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dsn := migratedDSN(t)
	db := open(t, dsn, store.Options{})
	aged(t, db, "ACME")
	aged(t, db, "OTHER")
	conn, err := pgx.Connect(ctx, dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(ctx) })
	left := func(table, account string) (n int) {
		require.NoError(t, conn.QueryRow(ctx, "SELECT count(*) FROM "+table+" WHERE account_id = $1", account).Scan(&n))
		return n
	}
	for _, what := range store.Purgeables() {
		n, err := db.Purge(ctx, "ACME", what, time.Hour, 100)
		require.NoError(t, err, what)
		require.Zero(t, n, "%s: nothing is an hour old", what)
	}
	n, err := db.Purge(ctx, "ACME", store.PurgeEvents, -time.Hour, 2)
	require.NoError(t, err)
	require.Equal(t, 2, n, "no more than the limit")
	want := map[store.Purgeable]int{store.PurgeEvents: 1, store.PurgeTrails: 1, store.PurgeDeliveries: 1, store.PurgeBatchRows: 2, store.PurgeBatches: 1, store.PurgeJobs: 0}
	for _, what := range store.Purgeables() {
		n, err := db.Purge(ctx, "ACME", what, -time.Hour, 100)
		require.NoError(t, err, what)
		require.Equal(t, want[what], n, what)
	}
	for table, n := range map[string]int{"events": 1, "trails": 0, "webhook_deliveries": 1, "batches": 1, "batch_rows": 2, "jobs": 1} {
		require.Equal(t, n, left(table, "ACME"), "%s: what waits stays", table)
	}
	require.Equal(t, 4, left("events", "OTHER"), "another account's rows")
	require.Equal(t, 4, left("batch_rows", "OTHER"))
}
