package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/fluent-oms/fluent/dataplane/store/migrations"
	"github.com/fluent-oms/fluent/domain/fault"
)

// Progress says how far a migration is.
type Progress struct {
	Version int64         // the migration that was applied
	Name    string        // its file: 00002_platform.sql
	Done    int           // migrations applied since the database was made
	Total   int           // migrations that the program knows
	Took    time.Duration // the last one
}

// Migrate brings the schema to the version that the program knows, and reports each step; progress may be nil. Several nodes may call it at
// once: a row in a table locks, one applies, the others wait. A database from a newer program is left alone, and fails.
func (db *DB) Migrate(ctx context.Context, progress func(Progress)) error {
	p, closeAll, err := db.provider()
	if err != nil {
		return err
	}
	defer closeAll()
	for {
		current, head, err := p.GetVersions(ctx)
		if err != nil {
			return fmt.Errorf("read the schema's version: %w", err)
		}
		if current > head {
			return fault.New(fault.Unprocessable, "the database has schema version %d, newer than %d, which this program knows", current, head)
		}
		if current == head {
			return db.raiseFence(ctx)
		}
		done, err := p.UpByOne(ctx)
		if errors.Is(err, goose.ErrNoNextVersion) {
			return db.raiseFence(ctx)
		}
		if err != nil {
			return fmt.Errorf("migrate the schema from version %d: %w", current, err)
		}
		if progress != nil {
			progress(Progress{Version: done.Source.Version, Name: done.Source.Path, Done: int(done.Source.Version), Total: int(head), Took: done.Duration})
		}
	}
}

// Ready fails unless the database answers and its schema is the one that the program knows.
func (db *DB) Ready(ctx context.Context) error {
	p, closeAll, err := db.provider()
	if err != nil {
		return err
	}
	defer closeAll()
	current, head, err := p.GetVersions(ctx)
	if err != nil {
		return fault.New(fault.Unavailable, "the database does not answer").Wrap(err)
	}
	if current != head {
		return fault.New(fault.Unavailable, "the schema has version %d, not %d", current, head)
	}
	return nil
}

// How often, and for how long, a node looks whether another one has done the migrations.
const (
	lockPause    = 200 * time.Millisecond
	lockPatience = 5 * time.Minute
)

func (db *DB) provider() (*goose.Provider, func(), error) {
	cfg, err := pgx.ParseConfig(db.dsn)
	if err != nil {
		return nil, nil, fmt.Errorf("read the database's address: %w", err)
	}
	// Statements that change the schema must not be cached.
	cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
	if db.engine == PostgreSQL {
		// A migration is hundreds of small commits. What a crash takes of them it takes together with the versions that they reached, from the
		// end backwards, and each statement can be repeated: waiting for the disk after each would only be slow.
		cfg.RuntimeParams["synchronous_commit"] = "off"
	}
	conns := stdlib.OpenDB(*cfg)
	// A second node need not wait seconds for what the first one does in one: by itself the lock would look only every five.
	locker, err := lock.NewPostgresTableLocker(lock.WithTableLockTimeout(lockPause, uint64(lockPatience/lockPause)))
	if err != nil {
		return nil, nil, errors.Join(err, conns.Close())
	}
	p, err := newProvider(conns, locker)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("read the migrations: %w", err), conns.Close())
	}
	return p, func() { _ = p.Close() }, nil // by then all is committed
}

func newProvider(conns *sql.DB, locker lock.Locker) (*goose.Provider, error) {
	return goose.NewProvider(goose.DialectPostgres, conns, migrations.FS, goose.WithLocker(locker))
}
