package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/batching"
	"github.com/fluent-oms/fluent/dataplane/engine/history"
	"github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/dataplane/store/jobs"
	"github.com/fluent-oms/fluent/domain/catalogue"
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
