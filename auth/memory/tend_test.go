package memory

import (
	"log/slog"
	"math"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
)

// TestCollectionsAreForcedOnlyWhileLoadIsShedAndNowAndThen steps through ten seconds, tenth by tenth.
func TestCollectionsAreForcedOnlyWhileLoadIsShedAndNowAndThen(t *testing.T) {
	t.Parallel()
	collected := 0
	run := func(limit int64) (*Guard, int) {
		g := NewGuard(limit, slog.New(slog.DiscardHandler), nil)
		g.collect = func() { collected++ }
		before, now := collected, time.Now()
		for range 100 {
			g.tend(now)
			now = now.Add(lookEvery)
		}
		return g, collected - before
	}
	short := func(g *Guard) (figure float64) {
		registry := prometheus.NewRegistry()
		registry.MustRegister(g)
		all, err := registry.Gather()
		require.NoError(t, err)
		for _, family := range all {
			if family.GetName() == "fluent_memory_short" {
				return family.GetMetric()[0].GetGauge().GetValue()
			}
		}
		return -1
	}
	g, n := run(1) // all that is alive is more than that
	require.InDelta(t, 10, n, 1, "once a second")
	require.EqualValues(t, 1, short(g))
	g, n = run(math.MaxInt64)
	require.Zero(t, n, "nobody else pays for collections")
	require.Zero(t, short(g))
}
