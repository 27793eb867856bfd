package store

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
)

// Probe finds out whether the database answers. It has a connection of its own, so that busy pools don't look like a lost database.
type Probe struct {
	dsn  string
	mu   sync.Mutex
	conn *pgx.Conn
}

// Probe makes a probe of the database; Close it.
func (db *DB) Probe() *Probe { return &Probe{dsn: db.dsn} }

const sqlProbe = `SELECT 1`

// probeWait is how long the database may take.
const probeWait = 2 * time.Second

// Check asks the database for a sign of life. After an error the next call connects anew.
func (p *Probe) Check(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, probeWait)
	defer cancel()
	if p.conn == nil {
		c, err := pgx.Connect(ctx, p.dsn)
		if err != nil {
			return fmt.Errorf("connect to the database: %w", err)
		}
		p.conn = c
	}
	if _, err := p.conn.Exec(ctx, sqlProbe, pgx.QueryExecModeExec); err != nil {
		_ = p.conn.Close(ctx)
		p.conn = nil
		return fmt.Errorf("ask the database for a sign of life: %w", err)
	}
	return nil
}

// Close lets the connection go.
func (p *Probe) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn != nil {
		ctx, cancel := context.WithTimeout(context.Background(), probeWait)
		defer cancel()
		_ = p.conn.Close(ctx)
		p.conn = nil
	}
}

// PoolCollector tells how much of the connection pools is in use, when it is scraped.
func (db *DB) PoolCollector() prometheus.Collector {
	return &poolCollector{db: db,
		connections: prometheus.NewDesc("fluent_store_connections", "Connections to the database, by pool and state (busy, idle).", []string{"pool", "state"}, nil),
		limit:       prometheus.NewDesc("fluent_store_connections_limit", "Most connections that a pool opens.", []string{"pool"}, nil),
		waits:       prometheus.NewDesc("fluent_store_connection_waits_total", "Calls that found no idle connection.", []string{"pool"}, nil),
		waited:      prometheus.NewDesc("fluent_store_connection_wait_seconds_total", "Time that calls waited for a connection.", []string{"pool"}, nil),
	}
}

type poolCollector struct {
	db                                *DB
	connections, limit, waits, waited *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *poolCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.connections, c.limit, c.waits, c.waited} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *poolCollector) Collect(out chan<- prometheus.Metric) {
	for use, pool := range map[string]*pgxpool.Pool{"read": c.db.readers, writeUse: c.db.writers} {
		s := pool.Stat()
		out <- prometheus.MustNewConstMetric(c.connections, prometheus.GaugeValue, float64(s.AcquiredConns()), use, "busy")
		out <- prometheus.MustNewConstMetric(c.connections, prometheus.GaugeValue, float64(s.IdleConns()), use, "idle")
		out <- prometheus.MustNewConstMetric(c.limit, prometheus.GaugeValue, float64(s.MaxConns()), use)
		out <- prometheus.MustNewConstMetric(c.waits, prometheus.CounterValue, float64(s.EmptyAcquireCount()), use)
		out <- prometheus.MustNewConstMetric(c.waited, prometheus.CounterValue, s.EmptyAcquireWaitTime().Seconds(), use)
	}
}
