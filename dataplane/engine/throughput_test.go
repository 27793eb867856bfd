package engine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// BenchmarkTurns measures how many orders an engine takes through a cascade of six events, alone in their commits and with shared ones.
func BenchmarkTurns(bb *testing.B) {
	for _, share := range []int{1, 16} {
		bb.Run(fmt.Sprintf("share%d", share), func(bb *testing.B) {
			b := newBench(bb)
			b.cascade()
			e := b.new("n1", func(_ *engine.Deps, c *engine.Config) { c.Share = share })
			b.run(e)
			var events []*workflow.Event
			for _, o := range b.orders(b.scope, bb.N) {
				events = append(events, event(o, "CREATE"))
			}
			bb.ResetTimer()
			require.NoError(bb, e.Submit(b.ctx, b.scope, events...))
			require.Eventually(bb, func() bool { return e.Stats().Turns.Load() >= int64(bb.N) }, 5*time.Minute, time.Millisecond)
			bb.StopTimer()
			bb.ReportMetric(float64(bb.N)/bb.Elapsed().Seconds(), "turns/s")
			bb.ReportMetric(float64(e.Stats().Turns.Load())/float64(e.Stats().Commits.Load()), "turns/commit")
		})
	}
}
