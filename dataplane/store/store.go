// Package store keeps an environment's tenant data in its SQL database, and is the only package that knows SQL. It speaks the part of SQL
// that PostgreSQL and CockroachDB share.
//
// # Reads
//
// DB.Reader(scope) reads outside a transaction, each statement by itself; a Tx has the same methods. A Query is one statement, however many
// parents it asks for; a Pipeline is one round trip, however many statements. Every statement carries account_id = $1, and a scope
// that is limited to retailers never sees rows of others (see Type.Retailer in the catalogue).
//
// # Writes
//
// DB.Write runs a closure in a SERIALIZABLE transaction, and runs the whole closure again on a conflict. What the closure writes is queued
// and sent set-wise, one statement per type, when it returns; a transaction that only writes costs one round trip, BEGIN and COMMIT
// included.
//
// # Isolation of tenants
//
// The scope is the fence: no function reads or writes tenant rows without one, and conformance tries every entity type across two accounts.
// See rowsecurity.go for the second fence, in the database.
package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

// Engine is the kind of database server behind a DB.
type Engine string

// The engines that the store runs on.
const (
	PostgreSQL  Engine = "PostgreSQL"
	CockroachDB Engine = "CockroachDB"
)

// Options configures Open. The zero value of each field but Catalogue is replaced by the default in brackets.
type Options struct {
	Catalogue        *catalogue.Catalogue
	Logger           *slog.Logger  // [discard]
	Metrics          *Metrics      // [not counted]
	ReadConnections  int           // most connections that reads use [16]
	WriteConnections int           // most connections that writes use [16]
	AcquireWait      time.Duration // how long a call waits for a connection before it fails with fault Limited [3s]
	WriteAttempts    int           // how often a write is tried before it fails with fault Unavailable [50]
	WriteBudget      time.Duration // how long a write is tried [10s]
	MaxRows          int           // most rows that one query returns [100000]
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(nil)
	}
	orInt := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	orInt(&o.ReadConnections, 16)
	orInt(&o.WriteConnections, 16)
	orInt(&o.WriteAttempts, 50)
	orInt(&o.MaxRows, 100_000)
	if o.AcquireWait <= 0 {
		o.AcquireWait = 3 * time.Second
	}
	if o.WriteBudget <= 0 {
		o.WriteBudget = 10 * time.Second
	}
	return o
}

// DB is an environment's database. It is safe for use by many goroutines.
type DB struct {
	opts    Options
	engine  Engine
	dsn     string
	readers *pgxpool.Pool
	writers *pgxpool.Pool
	byGo    map[reflect.Type]*catalogue.Type
	models  map[*catalogue.Type]*model
	uniques map[string]uniqueKey // by the name of the constraint
	shapes  shapeCache
	ids     idBlocks
	clock   clock
}

// Open connects to a database and finds out which engine it is. It does not migrate. Close lets the connections go.
func Open(ctx context.Context, dsn string, options Options) (*DB, error) {
	if options.Catalogue == nil {
		return nil, errors.New("open store: no catalogue")
	}
	db := &DB{opts: options.withDefaults(), dsn: dsn, shapes: shapeCache{byKey: make(map[string]*shape)}, ids: idBlocks{byKey: make(map[blockKey]*idBlock)}}
	if err := db.learn(options.Catalogue); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	var err error
	if db.readers, err = newPool(ctx, dsn, "read", db.opts.ReadConnections); err != nil {
		return nil, err
	}
	if db.writers, err = newPool(ctx, dsn, writeUse, db.opts.WriteConnections); err != nil {
		db.readers.Close()
		return nil, err
	}
	if err := db.detect(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

func newPool(ctx context.Context, dsn, use string, size int) (*pgxpool.Pool, error) {
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
	if use == writeUse {
		cfg.AfterConnect = prepareWriter
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("make the pool of %s connections: %w", use, err)
	}
	return pool, nil
}

// addressError says what is wrong with an address. The driver hides the password of a URL for certain, that of name=value pairs by guess.
func addressError(dsn string, cause error) error {
	if !strings.HasPrefix(dsn, "postgres://") && !strings.HasPrefix(dsn, "postgresql://") {
		return errors.New("read the database's address: it is not a URL like postgres://user:password@host:5432/name")
	}
	return fmt.Errorf("read the database's address: %w", cause)
}

// writeUse names the pool of connections for writes.
const writeUse = "write"

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

// The server's version says which engine it is, and its clock is read in the same trip.
const sqlVersion = `SELECT version(), clock_timestamp()`

func (db *DB) detect(ctx context.Context) error {
	var version string
	var now time.Time
	sent := time.Now()
	if err := db.readers.QueryRow(ctx, sqlVersion).Scan(&version, &now); err != nil {
		return fmt.Errorf("ask the database for its version: %w", err)
	}
	db.clock.set(sent, time.Now(), now)
	switch {
	case strings.HasPrefix(version, "CockroachDB"):
		db.engine = CockroachDB
	case strings.HasPrefix(version, "PostgreSQL"):
		db.engine = PostgreSQL
	default:
		return fmt.Errorf("database engine %q is neither PostgreSQL nor CockroachDB", version)
	}
	return nil
}

// Engine says which engine the database is.
func (db *DB) Engine() Engine { return db.engine }

// Catalogue is what the store was opened with.
func (db *DB) Catalogue() *catalogue.Catalogue { return db.opts.Catalogue }

// Close lets all connections go; calls under way end first.
func (db *DB) Close() {
	if db.readers != nil {
		db.readers.Close()
	}
	if db.writers != nil {
		db.writers.Close()
	}
}

// Reader reads outside a transaction for a scope.
func (db *DB) Reader(scope tenancy.Scope) *Reader {
	account := string(scope.Account())
	return &Reader{db: db, scope: scope, send: func(ctx context.Context, calls []call) error { return db.autocommit(ctx, db.readers, account, calls) }}
}

// Reader is a scope's view of the database. Each statement sees what was committed when it began; Readers of a Tx see the
// transaction's snapshot.
type Reader struct {
	db    *DB
	scope tenancy.Scope
	send  func(ctx context.Context, calls []call) error
}

// Scope is for whom the reader reads.
func (r *Reader) Scope() tenancy.Scope { return r.scope }

// run sends calls in one round trip.
func (r *Reader) run(ctx context.Context, calls []call) error {
	if r.scope.Account() == "" {
		return errNoAccount
	}
	return r.send(ctx, calls)
}

// Now is the database's time, in UTC with microseconds, told by the node's clock and the difference that was last measured. It
// needs no round trip but once a minute, when the difference is measured anew.
func (db *DB) Now(ctx context.Context) time.Time {
	if db.clock.stale() {
		var now time.Time
		sent := time.Now()
		if err := db.readers.QueryRow(ctx, sqlVersion).Scan(new(string), &now); err == nil {
			db.clock.set(sent, time.Now(), now)
		}
	}
	return db.clock.now()
}

// clock follows the database's clock without asking it each time.
type clock struct {
	mu     sync.Mutex
	offset time.Duration
	at     time.Time
	last   time.Time
}

const clockAge = time.Minute

func (c *clock) set(sent, received, theirs time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset = theirs.Sub(sent.Add(received.Sub(sent) / 2))
	c.at = received
}

func (c *clock) stale() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.at) < clockAge {
		return false
	}
	c.at = time.Now() // one caller measures, the others go on
	return true
}

// now never goes back on one node.
func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := time.Now().Add(c.offset).UTC().Truncate(time.Microsecond)
	if t.Before(c.last) {
		t = c.last
	}
	c.last = t
	return t
}
