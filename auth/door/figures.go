package door

import "github.com/prometheus/client_golang/prometheus"

// Collector tells Prometheus of a process's ports.
type Collector struct {
	self  *SelfCall
	ports []*Listener

	open, limit, shed, faults, calls, failures, deaf *prometheus.Desc
}

// NewCollector makes the figures of some ports and of the calls that the process makes to itself.
func NewCollector(self *SelfCall, ports ...*Listener) *Collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("fluent_"+name, help, labels, nil)
	}
	return &Collector{self: self, ports: ports,
		open:     desc("connections", "Connections that are open, by port.", "port"),
		limit:    desc("connections_limit", "Connections that there may be, by port.", "port"),
		shed:     desc("connections_shed_total", "Connections that were turned away, by port and reason (full, address, greeting, descriptors).", "port", "reason"),
		faults:   desc("accept_errors_total", "Errors of accepting connections, by port.", "port"),
		calls:    desc("self_calls_total", "Calls of the process to its own ports."),
		failures: desc("self_call_failures_total", "Calls of the process to its own ports that failed."),
		deaf:     desc("self_call_deaf", "1 while the process does not reach its own ports and is not ready for that."),
	}
}

// Describe implements prometheus.Collector.
func (c *Collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.open, c.limit, c.shed, c.faults, c.calls, c.failures, c.deaf} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *Collector) Collect(out chan<- prometheus.Metric) {
	send := func(d *prometheus.Desc, kind prometheus.ValueType, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, kind, v, labels...)
	}
	for _, l := range c.ports {
		name := l.port.Name
		send(c.open, prometheus.GaugeValue, float64(l.places.now()), name)
		send(c.limit, prometheus.GaugeValue, float64(l.port.Limits.Connections), name)
		send(c.faults, prometheus.CounterValue, float64(l.faults.Load()), name)
		for why := range reasons {
			send(c.shed, prometheus.CounterValue, float64(l.shed[why].Load()), name, why.String())
		}
	}
	send(c.calls, prometheus.CounterValue, float64(c.self.called.Load()))
	send(c.failures, prometheus.CounterValue, float64(c.self.failed.Load()))
	deaf := 0.0
	if c.self.Deaf() != "" {
		deaf = 1
	}
	send(c.deaf, prometheus.GaugeValue, deaf)
}

// crowded is the figure of all crowds.
func crowded() *prometheus.Desc {
	return prometheus.NewDesc("fluent_client_requests_shed_total", "Requests of clients behind a proxy that had too many under way.", nil, nil)
}

// Describe implements prometheus.Collector.
func (c *Crowd) Describe(out chan<- *prometheus.Desc) { out <- crowded() }

// Collect implements prometheus.Collector.
func (c *Crowd) Collect(out chan<- prometheus.Metric) {
	out <- prometheus.MustNewConstMetric(crowded(), prometheus.CounterValue, float64(c.shed.Load()))
}
