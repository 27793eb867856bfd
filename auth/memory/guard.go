package memory

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"runtime"
	"runtime/metrics"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// A process sheds load while what is alive takes more than shedAbove of its limit, until it takes less than takeBelow. Below the first the
// collector still finds enough to free; the distance keeps it from going to and fro.
const (
	shedAbove = 0.90
	takeBelow = 0.75
)

// The rhythm of a guard's looks. While load is shed nothing may be allocated, so that no collection would show what has become free.
const (
	lookEvery    = 100 * time.Millisecond
	collectEvery = time.Second
)

// Code is the reason of a process that is short of memory, as health tells it.
const Code = "MEMORY_SHORT"

// Guard watches how much memory of a process is alive, and refuses requests while it is near the limit.
type Guard struct {
	limit   int64
	log     *slog.Logger
	changed func()
	collect func()

	samples  []metrics.Sample // of the goroutine that looks
	used     atomic.Int64
	shedding atomic.Bool
	shed     atomic.Int64

	collected time.Time // by the goroutine that looks
}

// NewGuard makes a guard of a limit, as Limit gives it; changed, if it is not nil, is called when shedding begins or ends.
func NewGuard(limit int64, log *slog.Logger, changed func()) *Guard {
	if changed == nil {
		changed = func() {}
	}
	g := &Guard{limit: limit, log: log, changed: changed, collect: runtime.GC}
	for _, name := range figures {
		g.samples = append(g.samples, metrics.Sample{Name: name})
	}
	return g
}

// figures are read from the runtime. What is alive was so at the end of the last collection.
var figures = []string{
	"/gc/heap/live:bytes", "/memory/classes/total:bytes",
	"/memory/classes/heap/objects:bytes", "/memory/classes/heap/unused:bytes", "/memory/classes/heap/free:bytes", "/memory/classes/heap/released:bytes",
}

// Run watches until ctx ends. Without a limit there is nothing to watch.
func (g *Guard) Run(ctx context.Context) {
	if g.limit == math.MaxInt64 {
		return
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		g.tend(time.Now())
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// tend looks, and collects now and then while load is shed. Only one goroutine may do so.
func (g *Guard) tend(now time.Time) {
	if g.Look(); g.shedding.Load() && now.Sub(g.collected) > collectEvery {
		g.collect()
		g.collected = now
	}
}

// Look reads the runtime's figures once and judges anew. Only one goroutine may do so.
func (g *Guard) Look() {
	metrics.Read(g.samples)
	n := make([]int64, len(g.samples))
	for i := range g.samples {
		n[i] = int64(min(g.samples[i].Value.Uint64(), math.MaxInt64))
	}
	live, total := n[0], n[1]
	heap := n[2] + n[3] + n[4] + n[5]
	used := live + max(total-heap, 0) // stacks and the runtime's own count as well
	g.used.Store(used)
	short := judge(g.shedding.Load(), used, g.limit)
	if g.shedding.Swap(short) == short {
		return
	}
	if short {
		g.log.Warn("short of memory; new requests are refused", "used", used, "limit", g.limit)
	} else {
		g.log.Info("there is memory again; requests are taken", "used", used, "limit", g.limit)
	}
	g.changed()
}

// judge decides whether to shed load.
func judge(shedding bool, used, limit int64) bool {
	if shedding {
		return float64(used) >= takeBelow*float64(limit)
	}
	return float64(used) > shedAbove*float64(limit)
}

// Short says why requests are refused; empty while they are not, and where there is no guard.
func (g *Guard) Short() string {
	if g == nil || !g.shedding.Load() {
		return ""
	}
	return fmt.Sprintf("%d MiB of %d MiB of memory are in use; new requests are refused until it is less", g.used.Load()>>20, g.limit>>20)
}

// Handler passes requests on to next; while load is shed only those that spared says yes to, and the others to refuse, with a Retry-After.
func (g *Guard) Handler(next, refuse http.Handler, spared func(*http.Request) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.shedding.Load() || spared(r) {
			next.ServeHTTP(w, r)
			return
		}
		g.shed.Add(1)
		w.Header().Set("Retry-After", "1")
		refuse.ServeHTTP(w, r)
	})
}

var (
	limitFigure = prometheus.NewDesc("fluent_memory_limit_bytes", "Memory that the process may take; absent without a limit.", nil, nil)
	usedFigure  = prometheus.NewDesc("fluent_memory_used_bytes", "Memory that was in use after the last collection.", nil, nil)
	shortFigure = prometheus.NewDesc("fluent_memory_short", "1 while the process is short of memory and refuses requests.", nil, nil)
	shedFigure  = prometheus.NewDesc("fluent_memory_shed_total", "Requests that were refused for want of memory.", nil, nil)
)

// Describe implements prometheus.Collector.
func (g *Guard) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{limitFigure, usedFigure, shortFigure, shedFigure} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (g *Guard) Collect(out chan<- prometheus.Metric) {
	if g.limit != math.MaxInt64 {
		out <- prometheus.MustNewConstMetric(limitFigure, prometheus.GaugeValue, float64(g.limit))
		out <- prometheus.MustNewConstMetric(usedFigure, prometheus.GaugeValue, float64(g.used.Load()))
	}
	short := 0.0
	if g.shedding.Load() {
		short = 1
	}
	out <- prometheus.MustNewConstMetric(shortFigure, prometheus.GaugeValue, short)
	out <- prometheus.MustNewConstMetric(shedFigure, prometheus.CounterValue, float64(g.shed.Load()))
}
