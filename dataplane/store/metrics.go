package store

import (
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts what the store does. Its zero value counts nothing.
type Metrics struct {
	attempts *prometheus.HistogramVec
	writes   *prometheus.HistogramVec
	trips    *prometheus.HistogramVec
	refusals *prometheus.CounterVec
	retries  *prometheus.CounterVec
	unwilled *prometheus.CounterVec

	documents *prometheus.CounterVec
}

// NewMetrics makes and registers the store's metrics; a nil registerer counts nothing.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	if reg == nil {
		return &Metrics{}
	}
	m := &Metrics{
		attempts: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "fluent_store_write_attempts", Help: "Attempts that a write transaction took.",
			Buckets: []float64{1, 2, 3, 5, 8, 13, 20, 50}}, []string{"outcome"}),
		writes: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "fluent_store_write_seconds", Help: "Time of write transactions, all attempts together.",
			Buckets:                     []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
			NativeHistogramBucketFactor: 1.1}, []string{"outcome"}),
		trips: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "fluent_store_read_seconds", Help: "Time of round trips outside transactions, by first statement.",
			NativeHistogramBucketFactor: 1.1}, []string{"statement"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "fluent_store_connections_refused_total", Help: "Calls that got no connection in time."},
			[]string{"pool"}),
	}
	m.retries = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "fluent_store_write_retries_total",
		Help: "Repetitions of writes, by what made them needed (serialization, deadlock, connection, late). CockroachDB's own are not in it."}, []string{"reason"})
	m.unwilled = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "fluent_store_writes_refused_total",
		Help: "Calls that the database refused because it takes no writes, by reason (DATABASE_FULL and others)."}, []string{"reason"})
	m.documents = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "fluent_store_documents_total",
		Help: "Documents of orders that were asked for (hit, miss) and written (written, overtaken by a write, failed)."}, []string{"outcome"})
	reg.MustRegister(m.documents, m.attempts, m.writes, m.trips, m.refusals, m.retries, m.unwilled)
	return m
}

func (m *Metrics) wrote(err error, class Class, attempts int, took time.Duration) {
	if m.attempts == nil {
		return
	}
	outcome := "committed"
	switch {
	case err != nil && class == Ambiguous:
		outcome = "ambiguous"
	case err != nil && class == Retryable:
		outcome = "gave_up"
	case err != nil:
		outcome = "failed"
	}
	m.attempts.WithLabelValues(outcome).Observe(float64(attempts))
	m.writes.WithLabelValues(outcome).Observe(took.Seconds())
}

func (m *Metrics) retried(err error) {
	if m.retries == nil {
		return
	}
	reason := "connection"
	if errors.Is(err, errLate) {
		reason = "late"
	}
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		switch pe.Code {
		case stateSerialization:
			reason = "serialization"
		case stateDeadlock:
			reason = "deadlock"
		}
	}
	m.retries.WithLabelValues(reason).Inc()
}

func (m *Metrics) turnedDown(reason string) {
	if m.unwilled != nil {
		m.unwilled.WithLabelValues(reason).Inc()
	}
}

func (m *Metrics) trip(statement string, took time.Duration) {
	if m.trips != nil {
		m.trips.WithLabelValues(statement).Observe(took.Seconds())
	}
}

func (m *Metrics) refused(pool string) {
	if m.refusals != nil {
		m.refusals.WithLabelValues(pool).Inc()
	}
}

func (m *Metrics) document(outcome string, n int) {
	if m.documents != nil && n > 0 {
		m.documents.WithLabelValues(outcome).Add(float64(n))
	}
}
