package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/fluent-oms/fluent/domain/fault"
)

// pool is connections that one kind of work shares, and no other can take.
type pool struct {
	*pgxpool.Pool
	use string
}

// The kinds of work, as metrics and errors name them.
const (
	readUse  = "read"
	writeUse = "write"
	leaseUse = "lease"
	asideUse = "aside"
)

// leaseConnections is enough: a node's leases are renewed, taken and given back one after another.
const leaseConnections = 1

// openPools makes the pools. Connections are opened when they are first needed.
func (db *DB) openPools(ctx context.Context) error {
	for _, each := range []struct {
		at   **pool
		use  string
		size int
	}{
		{&db.readers, readUse, db.opts.ReadConnections}, {&db.writers, writeUse, db.opts.WriteConnections},
		{&db.leases, leaseUse, leaseConnections}, {&db.aside, asideUse, db.opts.AsideConnections},
	} {
		p, err := newPool(ctx, db.dsn, each.use, each.size)
		if err != nil {
			return err
		}
		*each.at = p
		db.pools = append(db.pools, p)
	}
	return nil
}

// Aside is the same database over the few connections that are set aside (Options.AsideConnections): what is read and written through it
// waits for its own kind only, and never makes requests, turns or leases wait for a connection. It closes with db. Do not take ids within
// its transactions: both would want a connection.
func (db *DB) Aside() *DB {
	view := *db
	view.readers, view.writers, view.pools = db.aside, db.aside, nil
	return &view
}

func newPool(ctx context.Context, dsn, use string, size int) (*pool, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, addressError(dsn, err)
	}
	cfg.MaxConns = int32(size)
	cfg.MinConns = 0
	cfg.MaxConnIdleTime = 5 * time.Minute
	cfg.ConnConfig.ConnectTimeout = 5 * time.Second
	cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
	cfg.ConnConfig.StatementCacheCapacity = 1024
	cfg.ConnConfig.RuntimeParams["application_name"] = "fluent " + use
	cfg.ConnConfig.RuntimeParams["timezone"] = "UTC"
	cfg.AfterConnect = takeRole
	if use != readUse {
		cfg.AfterConnect = prepareWriter
	}
	made, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("make the pool of %s connections: %w", use, err)
	}
	return &pool{Pool: made, use: use}, nil
}

// addressError says what is wrong with an address. The driver hides the password of a URL for certain, that of name=value pairs by guess.
func addressError(dsn string, cause error) error {
	if !strings.HasPrefix(dsn, "postgres://") && !strings.HasPrefix(dsn, "postgresql://") {
		return errors.New("read the database's address: it is not a URL like postgres://user:password@host:5432/name")
	}
	return fmt.Errorf("read the database's address: %w", cause)
}

// Statements that write find their rows by keys, so one plan for all values is good enough; PostgreSQL would plan most of them anew for
// each use, which takes as long as running them. Searches are another matter: what they filter decides which index is good.
const sqlGenericPlans = `SELECT set_config('plan_cache_mode', 'force_generic_plan', false)`

// prepareWriter runs on each new connection for writes.
func prepareWriter(ctx context.Context, c *pgx.Conn) error {
	if c.PgConn().ParameterStatus("crdb_version") == "" {
		if _, err := c.Exec(ctx, sqlGenericPlans, pgx.QueryExecModeExec); err != nil {
			return err
		}
	}
	return takeRole(ctx, c)
}

// acquire takes a connection and waits for one only so long.
func (db *DB) acquire(ctx context.Context, p *pool) (*pgxpool.Conn, error) {
	bounded, cancel := context.WithTimeout(ctx, db.opts.AcquireWait)
	defer cancel()
	c, err := p.Acquire(bounded)
	if err == nil {
		return c, nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if errors.Is(err, context.DeadlineExceeded) && p.Stat().AcquiredConns() >= p.Config().MaxConns {
		db.opts.Metrics.refused(p.use)
		return nil, fault.New(fault.Limited, "all %d %s connections of this node to the database stayed busy for %s", p.Config().MaxConns, p.use, db.opts.AcquireWait).
			With("limit", "store."+p.use+"Connections").With("scope", "node").With("figure", fmt.Sprint(p.Config().MaxConns)).Wrap(err)
	}
	return nil, unreachable(fmt.Errorf("get a %s connection: %w", p.use, err))
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
	for _, p := range c.db.pools {
		s, use := p.Stat(), p.use
		out <- prometheus.MustNewConstMetric(c.connections, prometheus.GaugeValue, float64(s.AcquiredConns()), use, "busy")
		out <- prometheus.MustNewConstMetric(c.connections, prometheus.GaugeValue, float64(s.IdleConns()), use, "idle")
		out <- prometheus.MustNewConstMetric(c.limit, prometheus.GaugeValue, float64(s.MaxConns()), use)
		out <- prometheus.MustNewConstMetric(c.waits, prometheus.CounterValue, float64(s.EmptyAcquireCount()), use)
		out <- prometheus.MustNewConstMetric(c.waited, prometheus.CounterValue, s.EmptyAcquireWaitTime().Seconds(), use)
	}
}
