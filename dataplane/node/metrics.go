package node

import (
	"context"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/fluent-oms/fluent/dataplane/configuration"
	"github.com/fluent-oms/fluent/dataplane/engine"
)

// engineCollector shows the engine's counters when it is scraped, so that turns pay nothing for it.
type engineCollector struct{ engine *engine.Engine }

// counter is one of the engine's counters by its name in Prometheus.
type counter struct {
	desc *prometheus.Desc
	read func(*engine.Stats) *atomic.Int64
}

func describe(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("fluent_engine_"+name, help, nil, nil)
}

func counters() []counter {
	return []counter{
		{describe("turns_total", "Turns that were committed."), func(s *engine.Stats) *atomic.Int64 { return &s.Turns }},
		{describe("commits_total", "Transactions that held them."), func(s *engine.Stats) *atomic.Int64 { return &s.Commits }},
		{describe("events_total", "Events that were settled, inline ones not counted."), func(s *engine.Stats) *atomic.Int64 { return &s.Events }},
		{describe("events_failed_total", "Events that failed."), func(s *engine.Stats) *atomic.Int64 { return &s.Failed }},
		{describe("first_turns_blocked_total", "First turns of roots that failed, or found no workflow, and are tried again."), func(s *engine.Stats) *atomic.Int64 { return &s.Blocked }},
		{describe("reruns_total", "Tries that met a shortfall or stale data."), func(s *engine.Stats) *atomic.Int64 { return &s.Reruns }},
		{describe("fenced_total", "Commits refused because the range had another owner."), func(s *engine.Stats) *atomic.Int64 { return &s.Fenced }},
		{describe("settled_total", "Commits whose answer was lost and that were found."), func(s *engine.Stats) *atomic.Int64 { return &s.Settled }},
		{describe("events_overlooked_total", "Events that only the sweep found; should stay 0."), func(s *engine.Stats) *atomic.Int64 { return &s.Overlooked }},
		{describe("events_released_total", "Scheduled events that came due."), func(s *engine.Stats) *atomic.Int64 { return &s.Released }},
		{describe("roots_created_total", "Roots that were created with their first turn."), func(s *engine.Stats) *atomic.Int64 { return &s.Created }},
	}
}

// figures describes what goes up and down.
func figures() (queued, oldest, leases *prometheus.Desc) {
	return describe("events_queued", "Events that wait in this node's memory."),
		describe("oldest_event_age_seconds", "How long the oldest of them has waited."),
		describe("leased_ranges", "Ranges of slots that this node holds, of 256.")
}

// Describe implements prometheus.Collector.
func (c engineCollector) Describe(out chan<- *prometheus.Desc) {
	for _, each := range counters() {
		out <- each.desc
	}
	queued, oldest, leases := figures()
	out <- queued
	out <- oldest
	out <- leases
}

// Collect implements prometheus.Collector.
func (c engineCollector) Collect(out chan<- prometheus.Metric) {
	for _, each := range counters() {
		out <- prometheus.MustNewConstMetric(each.desc, prometheus.CounterValue, float64(each.read(c.engine.Stats()).Load()))
	}
	ctx, cancel := context.WithTimeout(context.Background(), reportPatience)
	defer cancel()
	events, age := c.engine.Backlog(ctx)
	queued, oldest, leases := figures()
	out <- prometheus.MustNewConstMetric(queued, prometheus.GaugeValue, float64(events))
	out <- prometheus.MustNewConstMetric(oldest, prometheus.GaugeValue, age.Seconds())
	out <- prometheus.MustNewConstMetric(leases, prometheus.GaugeValue, float64(len(c.engine.Ranges())))
}

// parsedWorkflows shows what parsed workflows take, and how often one had to be read.
func parsedWorkflows(c *configuration.Configurations) []prometheus.Collector {
	gauge := func(name, help string, value func(configuration.Stats) int64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "fluent_workflows_" + name, Help: help}, func() float64 { return float64(value(c.Stats())) })
	}
	return []prometheus.Collector{
		gauge("parsed_bytes", "Memory that parsed workflows take, roughly.", func(s configuration.Stats) int64 { return s.Bytes }),
		gauge("parsed", "Workflows of retailers that are parsed.", func(s configuration.Stats) int64 { return s.Workflows }),
		gauge("parsed_parts", "Different parts of which they are made, which is what takes memory.", func(s configuration.Stats) int64 { return s.Parts }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "fluent_workflows_read_total", Help: "Workflows that were read from the database."},
			func() float64 { return float64(c.Stats().Reads) }),
	}
}

// problemCollector shows what should be mended although the node serves.
type problemCollector struct{ health *health }

func problemDesc() *prometheus.Desc {
	return prometheus.NewDesc("fluent_node_problem", "1 while something should be mended although the node serves, by code (DATABASE_FULL and others).", []string{"code"}, nil)
}

// Describe implements prometheus.Collector.
func (c problemCollector) Describe(out chan<- *prometheus.Desc) { out <- problemDesc() }

// Collect implements prometheus.Collector.
func (c problemCollector) Collect(out chan<- prometheus.Metric) {
	if p := c.health.problem.Load(); p != nil {
		out <- prometheus.MustNewConstMetric(problemDesc(), prometheus.GaugeValue, 1, p.Code)
	}
}

// readiness is 1 while the node is ready.
func (n *Node) readiness() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "fluent_node_ready", Help: "1 while the node takes tenants' requests."}, func() float64 {
		if len(n.reasons()) > 0 {
			return 0
		}
		return 1
	})
}
