package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine/history"
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
