package server

import (
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/fluent-oms/fluent/controlplane/cluster"
	"github.com/fluent-oms/fluent/controlplane/state"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// withMetrics serves GET /metrics beside the API. There is nothing in it that names an account or an operator.
func withMetrics(api http.Handler, own ...prometheus.Collector) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registry.MustRegister(own...)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.Handle("/", api)
	return mux
}

// collector reads the server's counters and its own copy of the tables when it is scraped.
type collector struct {
	members *cluster.Cluster
	store   *state.Store

	state, term, index, leader, silence, operations, machines *prometheus.Desc
}

func newCollector(members *cluster.Cluster, store *state.Store) *collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("fluent_controlplane_"+name, help, labels, nil)
	}
	return &collector{members: members, store: store,
		state:      desc("raft_state", "1 for the state that this server is in (leader, candidate, follower, shutdown).", "state"),
		term:       desc("raft_term", "The term that this server is in."),
		index:      desc("raft_index", "The last index on disk (last), known to be on a majority (committed), and in the tables (applied).", "kind"),
		leader:     desc("leader_known", "1 while this server knows a leader."),
		silence:    desc("leader_silence_seconds", "How long ago a follower last heard of its leader."),
		operations: desc("operations", "Operations by state.", "state"),
		machines:   desc("machines", "Nodes and gateways by environment, kind and state. Operators name environments, so there are few.", "environment", "kind", "state"),
	}
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.state, c.term, c.index, c.leader, c.silence, c.operations, c.machines} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	f := c.members.Figures()
	for _, s := range []string{"leader", "candidate", "follower", "shutdown"} {
		gauge(c.state, truth(s == f.State), s)
	}
	gauge(c.term, float64(f.Term))
	gauge(c.index, float64(f.LastIndex), "last")
	gauge(c.index, float64(f.CommitIndex), "committed")
	gauge(c.index, float64(f.AppliedIndex), "applied")
	gauge(c.leader, truth(f.LeaderKnown))
	gauge(c.silence, f.Silence.Seconds())
	c.tables(gauge)
}

func (c *collector) tables(gauge func(*prometheus.Desc, float64, ...string)) {
	view := c.store.View()
	byState := map[string]int{}
	for _, s := range cpv1.OperationState_name {
		byState[label(s, "OPERATION_STATE_")] = 0
	}
	delete(byState, "unspecified")
	operations, _ := state.Operations.List(view, state.Page{})
	for _, o := range operations {
		byState[label(o.GetState().String(), "OPERATION_STATE_")]++
	}
	for s, n := range byState {
		gauge(c.operations, float64(n), s)
	}
	type machine struct{ environment, kind, state string }
	machines := map[machine]int{}
	nodes, _ := state.Nodes.List(view, state.Page{})
	for _, n := range nodes {
		machines[machine{n.GetEnvironment(), label(n.GetKind().String(), "MACHINE_KIND_"), label(n.GetState().String(), "NODE_STATE_")}]++
	}
	for m, n := range machines {
		gauge(c.machines, float64(n), m.environment, m.kind, m.state)
	}
}

// label makes waiting of OPERATION_STATE_WAITING.
func label(name, prefix string) string { return strings.ToLower(strings.TrimPrefix(name, prefix)) }

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
