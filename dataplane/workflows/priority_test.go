package workflows_test

import (
	"encoding/json"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/workflows"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// urgency is how urgent the stored events of a name are, each priority once.
func (w *world) urgency(name string) (out []workflow.Priority) {
	w.t.Helper()
	c, err := pgx.Connect(w.ctx, w.dsn)
	require.NoError(w.t, err)
	rows, err := c.Query(w.ctx, "SELECT DISTINCT priority FROM events WHERE name = $1 ORDER BY 1", name)
	require.NoError(w.t, err)
	stored, err := pgx.CollectRows(rows, pgx.RowTo[int16])
	require.NoError(w.t, err)
	require.NoError(w.t, c.Close(w.ctx))
	for _, n := range stored {
		out = append(out, workflow.StoredPriority(n))
	}
	return out
}

// TestWhatFollowsFromALoadIsALoad: neither the news for aggregate catalogues nor the pages of a rebuild, whoever asked for it, go before people's work.
func TestWhatFollowsFromALoadIsALoad(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1).stocked()
	w.agg(113, 23, 20)
	require.Equal(t, []workflow.Priority{workflow.Batch}, w.urgency("VirtualCatalogueEvent"))

	list, err := workflows.Default(1)
	require.NoError(t, err)
	for _, a := range list {
		if a.Name != "VIRTUAL_CATALOGUE::BASE" {
			continue
		}
		for _, rs := range a.Flow.Rulesets {
			if rs.Name == "RebuildCatalogue" {
				rs.Rules[0].Props["pageSize"] = json.RawMessage("2")
			}
		}
		a.Flow.Version = "1.1"
		require.NoError(t, w.shelf.Put("ACME", 1, a.Flow))
	}
	w.must(w.event("RebuildCatalogue", "VIRTUAL_CATALOGUE", w.roots["BASE:1"], "VIRTUAL_CATALOGUE", w.roots["BASE:1"], nil))
	require.Equal(t, []workflow.Priority{workflow.StoreWork, workflow.Batch}, w.urgency("RebuildCatalogue"), "the first page is the user's, the others come by themselves")

	w.place("P1×2")
	w.agg(111, 23, 20)
	require.Equal(t, []workflow.Priority{workflow.StoreWork, workflow.Batch}, w.urgency("VirtualCatalogueEvent"), "what was sold is told before what was counted")
}
