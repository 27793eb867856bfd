package workflows_test

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/jobs"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// TestAPositionThatIsMadeByHandDuringALoadTakesItsRecord: somebody makes the position between the load's look and its commit. The load looks again, and
// the record, like the others of its batch, is taken in.
func TestAPositionThatIsMadeByHandDuringALoadTakesItsRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	var met atomic.Int32
	var byHand catalogue.ID
	w.startHooked(w.dsn, "n1", func(_ context.Context, at store.Place) func() error {
		if at.Point != store.Sending || at.Statement != "inventory_positions.insert" || met.Add(1) > 1 {
			return nil
		}
		return func() error {
			p := &inventory.InventoryPosition{Node: catalogue.Node{ID: w.db.NewUUID()}, Ref: "by hand", ProductRef: "P1", LocationRef: "STORE_A", CatalogueID: w.roots["DEFAULT:1"]}
			flow(&p.Orchestrated, "DEFAULT", "CREATED", "INVENTORY_CATALOGUE::DEFAULT")
			byHand = p.ID
			w.insert(p)
			return nil
		}
	})
	require.Empty(t, w.load("P1,STORE_A,5", "P1,STORE_B,8"), "both records are loaded")
	positions := w.positions()
	require.Equal(t, byHand, positions["by hand"].ID)
	require.Equal(t, []int{5, 8}, []int{positions["by hand"].OnHand, positions["P1:STORE_B"].OnHand})
	require.Len(t, positions, 2)
	require.EqualValues(t, 2, met.Load(), "two looks, of which the second makes the other position")
}

// TestABatchWhoseCommitIsCutOffIsWorkedOffOnce: the connection ends before the commit, or after it and before anybody heard of it; a movement counts once.
func TestABatchWhoseCommitIsCutOffIsWorkedOffOnce(t *testing.T) {
	t.Parallel()
	for _, point := range []store.Point{store.Committing, store.Committed} {
		w := newWorld(t, 0)
		var finishing, cut atomic.Bool
		w.startHooked(w.dsn, "n1", func(_ context.Context, at store.Place) func() error {
			if at.Point == store.Sent && at.Statement == "batches.finish" {
				finishing.Store(true)
			}
			if at.Point != point || !finishing.Load() || cut.Swap(true) {
				return nil
			}
			return func() error { return store.ErrCut }
		})
		job, batch := w.stored([]json.RawMessage{
			json.RawMessage(`{"skuRef":"P1","locationRef":"STORE_A","qty":5}`), json.RawMessage(`{"skuRef":"P1","locationRef":"STORE_B","qty":8}`),
		})
		// Nobody waits for it: whoever did would hear that a commit did not take place, and to try again.
		require.NoError(t, w.submit(w.engines[0], &workflow.Event{
			Name: "InventoryChanged", Type: workflow.Normal, RetailerID: 1, EntityType: "INVENTORY_CATALOGUE", EntityID: string(w.roots["DEFAULT:1"]),
			RootType: "INVENTORY_CATALOGUE", RootID: string(w.roots["DEFAULT:1"]), Attributes: map[string]any{"batchId": string(batch), "jobId": string(job)},
			Priority: workflow.PriorityOf(workflow.Cause{By: workflow.Bulk}),
		}))
		require.Eventually(t, func() bool {
			got, err := jobs.GetBatch(w.ctx, w.db.Reader(w.scope), batch)
			return err == nil && got.Status == jobs.Complete
		}, time.Minute, 10*time.Millisecond, "a batch ends")
		require.True(t, cut.Load())
		require.Empty(t, w.became(batch))
		w.onHand("P1:STORE_A", 5)
		require.Equal(t, []string{"LAST_ON_HAND 5 ACTIVE"}, w.quantities("P1:STORE_A"))
		w.balanced()
	}
}
