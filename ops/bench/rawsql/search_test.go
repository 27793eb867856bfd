package rawsql_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/bench/load"
	"github.com/fluent-oms/fluent/ops/bench/rawsql"
)

// TestAListOfOrdersIsSearchedByEachFilter: each search finds orders, those that its value belongs to.
func TestAListOfOrdersIsSearchedByEachFilter(t *testing.T) {
	t.Parallel()
	lab, conn := open(t)
	insertOrder(t, conn, 1)
	list, err := lab.FillOrders(t.Context(), 2000)
	require.NoError(t, err)
	require.Equal(t, 2001, count(t, conn, "orders"))
	require.Equal(t, 2001, count(t, conn, "(SELECT DISTINCT ref FROM orders) x"))
	for _, by := range []rawsql.Filter{rawsql.ByStatus, rawsql.ByDate, rawsql.ByRef, rawsql.ByPrefix} {
		result, err := lab.Search(t.Context(), load.Plan{Count: 40}, list, by, 20)
		require.NoError(t, err, "filter %d", by)
		require.Equal(t, 40, result.Count())
	}
	from, to := list.Dates(3)
	require.Equal(t, 10*time.Minute, to.Sub(from))
	require.Contains(t, list.Ref(3), list.Prefix(3))
}
