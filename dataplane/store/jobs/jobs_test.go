package jobs_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/jobs"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
	"github.com/fluent-oms/fluent/tenancy"
)

// TestBatchesTakeEachRecordForItself: of two batches with the same row numbers, in two accounts, only the records of the one that ended change, and
// what failed is what has a code.
func TestBatchesTakeEachRecordForItself(t *testing.T) {
	t.Parallel()
	s := storetest.NewStand(t, dbtest.Template)
	for _, account := range []string{"ACME", "OTHER"} {
		require.NoError(t, s.DB.Write(t.Context(), storetest.ScopeOf(t, account), func(tx *store.Tx) error {
			jobs.Add(tx, &jobs.Job{ID: "1", RetailerID: 2, ClosesOn: tx.Now().Add(time.Hour)})
			if err := tx.Flush(t.Context()); err != nil {
				return err
			}
			for _, id := range []catalogue.ID{"1", "2"} {
				records := []json.RawMessage{json.RawMessage(`{}`), json.RawMessage(`{}`), json.RawMessage(`{}`), json.RawMessage(`{}`)}
				if err := jobs.AddBatch(t.Context(), tx, &jobs.Batch{ID: id, JobID: "1", RetailerID: 2, Header: json.RawMessage(`{}`)}, records); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	started := s.DB.Now(t.Context())
	s.Locked(func(tx *store.Tx) { jobs.Start(tx, "1"); started = tx.Now() })
	s.Locked(func(tx *store.Tx) {
		jobs.Finish(tx, "1", 4, []jobs.Row{{Number: 0, EntityID: "e"}, {Number: 1, Code: "C1", Message: "no"}, {Number: 2, Message: "as it was"}, {Number: 3, Code: "C2"}})
	})
	s.Locked(func(tx *store.Tx) { jobs.Start(tx, "1") })
	r := s.DB.Reader(s.Scope)
	done, err := jobs.GetBatch(t.Context(), r, "1")
	require.NoError(t, err)
	require.Equal(t, jobs.Complete, done.Status, "what is complete does not start again")
	require.Equal(t, []int{4, 4, 2}, []int{done.Total, done.Processed, done.Failed})
	require.WithinDuration(t, started, *done.StartedOn, 0)
	numbers := func(rows []jobs.Row, err error) (out []int) {
		require.NoError(t, err)
		for _, row := range rows {
			out = append(out, row.Number)
		}
		return out
	}
	require.Equal(t, []int{1, 3}, numbers(jobs.Failures(t.Context(), r, "1", 0, 9)))
	require.Equal(t, []int{1}, numbers(jobs.Failures(t.Context(), r, "1", 1, 1)), "from that number on")
	require.Equal(t, []int{3}, numbers(jobs.Failures(t.Context(), r, "1", 2, 9)))
	require.Equal(t, []int{2, 3}, numbers(jobs.Rows(t.Context(), r, "1", 2, 9)))
	require.Equal(t, []int{2}, numbers(jobs.Rows(t.Context(), r, "1", 2, 1)))
	require.Empty(t, numbers(jobs.Failures(t.Context(), r, "2", 0, 9)))
	require.Equal(t, []string{"3"}, s.Texts("SELECT count(*)::text FROM batches WHERE status = 'PENDING'"))
	require.Equal(t, []string{"1"}, s.Texts("SELECT count(*)::text FROM batch_rows WHERE entity_id = 'e'"))
	require.Equal(t, []string{"2"}, s.Texts("SELECT count(*)::text FROM batch_rows WHERE code <> ''"))

	limited, err := tenancy.NewScope("ACME", 1)
	require.NoError(t, err)
	for name, err := range map[string]error{
		"job": func() error { _, err := jobs.Get(t.Context(), s.DB.Reader(limited), "1"); return err }(), "batch": func() error { _, err := jobs.GetBatch(t.Context(), s.DB.Reader(limited), "1"); return err }(),
		"new batch": s.DB.Write(t.Context(), limited, func(tx *store.Tx) error { return jobs.AddBatch(t.Context(), tx, &jobs.Batch{ID: "3", JobID: "1"}, nil) }),
	} {
		require.True(t, fault.Is(err, fault.NotFound), "%s: %v", name, err)
	}
	s.SQL("UPDATE jobs SET retailer_id = 0")
	_, err = jobs.Get(t.Context(), s.DB.Reader(limited), "1")
	require.NoError(t, err, "what is the account's own is everybody's")
	found, err := jobs.Get(t.Context(), r, "1")
	require.NoError(t, err)
	require.Equal(t, []catalogue.ID{"1", "2"}, []catalogue.ID{found.Batches[0].ID, found.Batches[1].ID})
}
