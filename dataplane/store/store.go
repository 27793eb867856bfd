// Package store keeps an environment's tenant data in its SQL database. It and the packages below it are the only ones that know SQL, and speak
// the part of it that PostgreSQL and CockroachDB share. This package is the core: connections, transactions, and entities by the catalogue. A
// package below it is a part, which keeps the rows of one subject by statements of its own (see door.go).
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
	"sync/atomic"
	"time"

	"github.com/fluent-oms/fluent/dataplane/store/numbers"
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
	Figures          *catalogue.Figures // derived figures that writes mark [none]
	Logger           *slog.Logger       // [discard]
	Metrics          *Metrics           // [not counted]
	ReadConnections  int                // most connections that reads use [16]
	WriteConnections int                // most connections that writes use [16]
	AsideConnections int                // most connections of Aside, for work that must not crowd out requests [2]
	AcquireWait      time.Duration      // how long a call waits for a connection before it fails with fault Limited [3s]
	WriteAttempts    int                // how often a write is tried before it fails with fault Unavailable [50]
	WriteBudget      time.Duration      // how long a write is tried [10s]
	MaxRows          int                // most rows that one query returns [100000]
	MaxScanned       int                // most rows that a search with Bounded looks at [500000]
	Remembered       int                // how many orders that were read a node knows of, whose documents it reads and writes; below 0: none [65536]
	Hook             Hook               // for tests [none]
	// Stored hears after each commit how many rows of entities an account has more, or fewer [nobody].
	Stored func(account tenancy.AccountID, rows int)
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(nil)
	}
	if o.Stored == nil {
		o.Stored = func(tenancy.AccountID, int) {}
	}
	orInt := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	orInt(&o.ReadConnections, 16)
	orInt(&o.WriteConnections, 16)
	orInt(&o.AsideConnections, 2)
	orInt(&o.WriteAttempts, 50)
	orInt(&o.MaxRows, 100_000)
	orInt(&o.MaxScanned, 500_000)
	if o.Remembered == 0 {
		o.Remembered = 1 << 16
	}
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
	readers *pool
	writers *pool
	leases  *pool   // one connection that only leases use, so that their renewal never waits for another's
	aside   *pool   // what Aside reads and writes with
	pools   []*pool // all of them
	byGo    map[reflect.Type]*catalogue.Type
	models  map[*catalogue.Type]*model
	uniques map[string]uniqueKey                // by the name of the constraint
	ends    map[*catalogue.Edge]*catalogue.Type // of edges with a link table: whose they are

	documents map[*catalogue.Type]*documentBranch // of which there are documents
	hints     *documentHints
	filler    *documentFiller

	shapes  *shapeCache
	numbers *numbers.Allocator
	clock   *clock
	refusal *atomic.Pointer[Refusal] // what the database last said against writing; nil: nothing
}

// Open connects to a database and finds out which engine it is. It does not migrate. Close lets the connections go.
func Open(ctx context.Context, dsn string, options Options) (*DB, error) {
	if options.Catalogue == nil {
		return nil, errors.New("open store: no catalogue")
	}
	db := &DB{opts: options.withDefaults(), dsn: dsn, shapes: &shapeCache{byKey: make(map[string]*shape)},
		clock: &clock{}, refusal: &atomic.Pointer[Refusal]{}, hints: newDocumentHints(options.withDefaults().Remembered), filler: newDocumentFiller()}
	db.numbers = numbers.New(usedUp, time.Now)
	if err := db.learn(options.Catalogue); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if err := db.openPools(ctx); err != nil {
		db.Close()
		return nil, err
	}
	if err := db.detect(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// The server's version says which engine it is; its clock, and whether it orders texts by their bytes, are read in the same trip.
const (
	sqlVersion = `SELECT version(), clock_timestamp()`
	sqlDetect  = `SELECT version(), clock_timestamp(), 'B'::TEXT < 'a'::TEXT AND '-b'::TEXT < 'a'::TEXT`
)

func (db *DB) detect(ctx context.Context) error {
	var version string
	var now time.Time
	sent := time.Now()
	var bytewise bool
	if err := db.readers.QueryRow(ctx, sqlDetect).Scan(&version, &now, &bytewise); err != nil {
		return fmt.Errorf("ask the database for its version: %w", err)
	}
	db.clock.set(sent, time.Now(), now)
	db.bytewise(bytewise)
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
	db.filler.close()
	for _, p := range db.pools {
		p.Close()
	}
}

// Reader reads outside a transaction for a scope.
func (db *DB) Reader(scope tenancy.Scope) *Reader {
	return db.readerOn(db.readers, scope, string(scope.Account()))
}

// readerOn sends on connections of a pool, which are told the name.
func (db *DB) readerOn(p *pool, scope tenancy.Scope, name string) *Reader {
	return &Reader{db: db, scope: scope, send: func(ctx context.Context, calls []call) error { return db.autocommit(ctx, p, name, calls) }}
}

// Reader is a scope's view of the database. Each statement sees what was committed when it began; Readers of a Tx see the
// transaction's snapshot.
type Reader struct {
	db    *DB
	scope tenancy.Scope
	send  func(ctx context.Context, calls []call) error
}

// Within is the reader, in the same transaction if it is in one, for another scope of the same account.
func (r *Reader) Within(scope tenancy.Scope) *Reader {
	if scope.Account() != r.scope.Account() {
		scope = tenancy.Scope{} // reaches nothing
	}
	return &Reader{db: r.db, scope: scope, send: r.send}
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
