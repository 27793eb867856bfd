package workflows_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/workflow"
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

// BenchmarkOrders places orders of three lines over two hundred products on one engine and waits until all have run. It reports
// orders/s, insertion of the orders not counted.
func BenchmarkOrders(b *testing.B) {
	w := newWorld(b, 1)
	var rows []string
	for n := range 200 {
		rows = append(rows, fmt.Sprintf("S%d,DC1,1000000", n))
		w.product(fmt.Sprintf("S%d", n))
	}
	require.Empty(b, w.load(rows...))
	const orders = 500
	placed := 0
	for b.Loop() {
		b.StopTimer()
		before := w.engines[0].Stats().Events.Load()
		var events []*workflow.Event
		for range orders {
			_, ev := w.newOrder("HD", "", fmt.Sprintf("S%d×1", placed%200), fmt.Sprintf("S%d×1", (placed+67)%200), fmt.Sprintf("S%d×2", (placed+133)%200))
			events = append(events, ev)
			placed++
		}
		w.analyze()
		b.StartTimer()
		require.NoError(b, w.submit(w.engines[0], events...))
		for w.engines[0].Stats().Events.Load()-before < orders {
			time.Sleep(5 * time.Millisecond)
		}
	}
	b.ReportMetric(float64(placed)/b.Elapsed().Seconds(), "orders/s")
	s := w.engines[0].Stats()
	b.Logf("turns %d, commits %d, reruns %d", s.Turns.Load(), s.Commits.Load(), s.Reruns.Load())
}

// analyze does what a server does by itself while it runs: test databases have that switched off.
func (w *world) analyze() {
	c, err := pgx.Connect(w.ctx, w.dsn)
	require.NoError(w.t, err)
	_, err = c.Exec(w.ctx, "ANALYZE")
	require.NoError(w.t, err)
	require.NoError(w.t, c.Close(w.ctx))
}
