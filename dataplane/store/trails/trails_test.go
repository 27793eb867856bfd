package trails_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/dataplane/store/trails"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
)

// TestTrailsAreFoundInTheirTimeAndBehindAPage.
func TestTrailsAreFoundInTheirTimeAndBehindAPage(t *testing.T) {
	t.Parallel()
	s := storetest.NewStand(t, dbtest.Template)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	turns := []string{"10000000-0000-8000-8000-000000000000", "20000000-0000-8000-8000-000000000000", "30000000-0000-8000-8000-000000000000"}
	s.EachAccount(func(tx *store.Tx) {
		for i, turn := range turns {
			trails.Add(tx, trails.Trail{TurnID: turn, RootType: "ORDER", RootID: []string{"1", "1", "2"}[i], GeneratedOn: at, Keys: []string{"n:X"}, Body: []byte(tx.Scope().Account())})
		}
	})
	find := func(q trails.Query) (out []string) {
		q.Limit = 9
		found, err := trails.List(t.Context(), s.DB.Reader(s.Scope), q)
		require.NoError(t, err)
		for _, f := range found {
			require.Equal(t, "ACME", string(f.Body))
			out = append(out, f.TurnID[:1])
		}
		return out
	}
	require.Equal(t, []string{"3", "2", "1"}, find(trails.Query{From: at, To: at}), "both ends belong to it")
	require.Empty(t, find(trails.Query{From: at.Add(time.Microsecond), To: at.Add(time.Hour)}))
	require.Empty(t, find(trails.Query{From: at.Add(-time.Hour), To: at.Add(-time.Microsecond)}))
	require.Equal(t, []string{"1"}, find(trails.Query{From: at, To: at, Before: at, BeforeID: turns[1]}))
	require.Equal(t, []string{"2", "1"}, find(trails.Query{From: at, To: at, RootType: "ORDER", RootID: "1"}))
	require.Empty(t, find(trails.Query{From: at, To: at, RootType: "WAVE", RootID: "1"}))
	require.Equal(t, []string{"3"}, find(trails.Query{From: at, To: at, RootType: "ORDER", RootID: "2", Keys: []string{"n:X"}}))
	require.Equal(t, []string{"3", "2", "1"}, find(trails.Query{From: at, To: at, Keys: []string{"n:X"}}))
	for turn, want := range map[string]bool{turns[0]: true, "40000000-0000-8000-8000-000000000000": false} {
		there, err := trails.Exists(t.Context(), s.DB.Reader(s.Scope), turn)
		require.NoError(t, err)
		require.Equal(t, want, there)
	}
	there, err := trails.Exists(t.Context(), s.DB.Reader(storetest.ScopeOf(t, "MIDDLE")), turns[0])
	require.NoError(t, err)
	require.False(t, there)
}
