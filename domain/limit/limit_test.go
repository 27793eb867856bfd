package limit_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/limit"
)

func TestQuotasChangeFigures(t *testing.T) {
	t.Parallel()
	require.Equal(t, limit.Figures{Complexity: 11_111, Depth: 25, Page: 5000, Body: 2 << 20, RowsRead: 100_000}, limit.Standard)
	quotas := map[string]int64{}
	for i, l := range limit.All() {
		quotas[l.Name] = l.Least + int64(i)
	}
	require.NoError(t, limit.Check(quotas))
	require.Equal(t, limit.Figures{Rate: 1, Complexity: 101, Depth: 7, Page: 13, Body: 64<<10 + 4, RowsRead: 1005, StoredRows: 1006}, limit.Of(quotas),
		"each quota is read, and as its own limit")
	require.Equal(t, limit.Standard, limit.Of(map[string]int64{"of a later release": 7, limit.Page.Name: 0}))
}

func TestQuotasThatLimitNothingAreRefused(t *testing.T) {
	t.Parallel()
	err := limit.Check(map[string]int64{"orders": 7})
	require.True(t, fault.Is(err, fault.Invalid))
	require.ErrorContains(t, err, "requests-per-second, complexity")
	for _, l := range limit.All() {
		require.NotEmpty(t, l.Doc)
		require.Error(t, limit.Check(map[string]int64{l.Name: l.Least - 1}), l.Name)
		require.Error(t, limit.Check(map[string]int64{l.Name: l.Most + 1}), l.Name)
	}
}

func TestWhoReachesALimitReadsWhichAndWhose(t *testing.T) {
	t.Parallel()
	err := limit.Depth.Reached(fault.Invalid, 25, "too deep")
	require.Equal(t, map[string]string{"limit": "depth", "scope": "ACCOUNT", "figure": "25"}, err.Meta)
}

// TestEachPlanLimitsWhatHasNoFigureOtherwise: an account's own quotas come first.
func TestEachPlanLimitsWhatHasNoFigureOtherwise(t *testing.T) {
	t.Parallel()
	for _, p := range limit.Plans() {
		quotas := p.Quotas(nil)
		require.NoError(t, limit.Check(quotas), p)
		for _, l := range limit.All() {
			require.Positive(t, l.Default+quotas[l.Name], "%s of %s", l.Name, p)
		}
		require.Equal(t, int64(7), limit.Of(p.Quotas(map[string]int64{limit.Rate.Name: 7, limit.Page.Name: 70})).Rate)
		require.Equal(t, quotas[limit.StoredRows.Name], limit.Of(p.Quotas(map[string]int64{limit.Rate.Name: 7})).StoredRows)
		require.Equal(t, quotas, p.Quotas(nil), "nobody's quotas become the plan's")
	}
	require.Equal(t, limit.Standard, limit.Of(limit.Plan("OF A LATER RELEASE").Quotas(nil)))
}
