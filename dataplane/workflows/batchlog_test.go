package workflows_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/batching"
	"github.com/fluent-oms/fluent/dataplane/engine/history"
	"github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/jobs"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/inventory"
)

func TestFinishedBatchIsInTheEventLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	require.Empty(t, w.load("P1,STORE_A,5", "P1,STORE_B,8"))
	log := w.engines[0].History()
	for _, q := range []history.Query{
		{Name: "BATCH_COMPLETE"}, {Category: "BATCH", EventStatus: "COMPLETE"}, {EventType: "ORCHESTRATION_AUDIT", Category: "BATCH"},
	} {
		page, err := log.Search(w.ctx, w.scope, q)
		require.NoError(t, err)
		require.Len(t, page.Results, 1, "%+v", q)
	}
	page, err := log.Search(w.ctx, w.scope, history.Query{Name: "BATCH_COMPLETE"})
	require.NoError(t, err)
	done := page.Results[0]
	require.Equal(t, "ORCHESTRATION_AUDIT", done.Type)
	require.Equal(t, "COMPLETE", done.EventStatus)
	require.Equal(t, "BATCH", done.Context.EntityType)
	require.Equal(t, "JOB", done.Context.RootEntityType)
	ofJob, err := log.Search(w.ctx, w.scope, history.Query{RootEntityType: "JOB", RootEntityID: done.Context.RootEntityID})
	require.NoError(t, err)
	require.Len(t, ofJob.Results, 1)
	same, err := log.Get(w.ctx, w.scope, done.ID)
	require.NoError(t, err)
	require.Equal(t, done.Context, same.Context)
}

func TestABatchNamesThePositionOfEachRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	require.Empty(t, w.load("P1,STORE_A,5"))
	require.Len(t, w.load("P1,STORE_A,5", "P1,STORE_B,8", "P1,NOWHERE,1", "P1,STORE_A,-1"), 3, "one was there already, one is nowhere, one is no count")
	page, err := w.engines[0].History().Search(w.ctx, w.scope, history.Query{Name: "BATCH_COMPLETE"})
	require.NoError(t, err)
	batch, err := jobs.GetBatch(w.ctx, w.db.Reader(w.scope), catalogue.ID(page.Results[0].Context.EntityID))
	require.NoError(t, err)
	rows, err := batching.New(w.db, modules.Loads(), nil).Results(w.ctx, w.scope, batch)
	require.NoError(t, err)
	positions := w.positions()
	for i, ref := range []string{"P1:STORE_A", "P1:STORE_B"} {
		require.Equal(t, ref, rows[i].EntityRef)
		require.NotEmpty(t, rows[i].EntityID)
		require.Equal(t, string(positions[ref].ID), rows[i].EntityID)
	}
	for _, failed := range rows[2:] {
		require.NotEmpty(t, failed.Code)
		require.Empty(t, failed.EntityID, "it went to no position, whether there is one or not")
	}
}

// TestWordsOfRecordsAreThoseThatSomebodyKnows: the platform, the catalogue, its workflow or the retailer's setting. Others would be stored and never counted.
func TestWordsOfRecordsAreThoseThatSomebodyKnows(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	catalogues, err := w.db.Reader(w.scope).ByID(w.ctx, w.db.Catalogue().Type("InventoryCatalogue"), w.roots["DEFAULT:1"])
	require.NoError(t, err)
	ic := catalogues[0].(*inventory.InventoryCatalogue)
	ic.Attributes = catalogue.Attributes{{Name: "quantityTypes", Type: "JSON", Value: []any{"SAFETY"}}}
	require.NoError(t, w.db.Write(w.ctx, w.scope, func(tx *store.Tx) error {
		tx.Update(ic, w.db.Catalogue().TypeOf(ic).Field("attributes"))
		return nil
	}))
	w.insert(&foundation.Setting{Row: catalogue.Row{ID: w.id("Setting")}, Name: "INVENTORY_CONDITIONS", ValueType: "STRING", Value: "NEW,OPENED", Context: "RETAILER", ContextID: 1})
	w.start(w.dsn, "n1")
	record := func(more string) json.RawMessage {
		return json.RawMessage(`{"skuRef":"P1","locationRef":"STORE_A","qty":1,` + more + `}`)
	}
	var got []string
	for _, r := range w.loadRecords(record(`"type":"LAST_ONHAND"`), record(`"type":"DELTA","status":"ACTVE"`), record(`"condition":"USED"`), record(`"type":"SAFETY","ref":"S","condition":"OPENED"`),
		record(`"type":"EXPECTED","status":"ON_ORDER"`), record(`"type":"DELTA","externalRef":"1","status":"ACTIVE"`)) {
		got = append(got, fmt.Sprintf("%d %s %s", r.Number, r.Place, r.Message[strings.Index(r.Message, "want"):]))
	}
	require.Len(t, got, 3)
	require.Regexp(t, `^0 type want .*SAFETY.*Did you mean LAST_ON_HAND\?$`, got[0])
	require.Regexp(t, `^1 status want .*Did you mean ACTIVE\?$`, got[1])
	require.Equal(t, "2 condition want NEW, OPENED", got[2])
	require.Equal(t, []string{"DELTA 1 ACTIVE", "EXPECTED 1 ON_ORDER", "SAFETY 1 ACTIVE"}, w.quantities("P1:STORE_A"))
}
