package workflows_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkBatches loads positions in batches of 5000 rows: first all new, then all changed. It reports rows/s.
func BenchmarkBatches(b *testing.B) {
	w := newWorld(b, 1)
	const rows = 5000
	for n := 0; b.Loop(); n++ {
		list := make([]string, rows)
		for i := range list {
			list[i] = fmt.Sprintf("S%d,%s,%d", (n/2)*rows/4+i/4, []string{"DC1", "STORE_A", "STORE_B", "STORE_C"}[i%4], i%50+n)
		}
		w.load(list...)
	}
	b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkOrders places orders of three lines on one engine and waits until all have their fulfilments. It reports orders/s.
func BenchmarkOrders(b *testing.B) {
	w := newWorld(b, 1)
	require.Empty(b, w.load("P1,DC1,1000000", "P2,DC1,1000000", "P3,DC1,1000000"))
	const orders = 500
	for b.Loop() {
		b.StopTimer()
		before := w.engines[0].Stats().Events.Load()
		for range orders {
			_, ev := w.newOrder("HD", "", "P1×1", "P2×1", "P3×1")
			w.engines[0].Prepare(w.ctx, ev)
			defer func() { _ = ev }()
			b.StartTimer()
			require.NoError(b, w.engines[0].Submit(w.ctx, w.scope, ev))
			b.StopTimer()
		}
		b.StartTimer()
		for w.engines[0].Stats().Events.Load()-before < orders {
			time.Sleep(5 * time.Millisecond)
		}
	}
	b.ReportMetric(float64(orders*b.N)/b.Elapsed().Seconds(), "orders/s")
	if os.Getenv("FLUENT_VERBOSE") != "" {
		s := w.engines[0].Stats()
		b.Logf("turns %d commits %d reruns %d", s.Turns.Load(), s.Commits.Load(), s.Reruns.Load())
	}
}
