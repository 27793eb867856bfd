// Package embedded runs the SQL database of an installation on one machine as a private child process: CockroachDB where its
// binary is found, else PostgreSQL. It knows how such a server is found, made, started, and stopped; it knows no table.
package embedded

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/ops/process"
)

const (
	startTime = 5 * time.Minute // for each of making and starting a server, on a machine that is busy with other things
	stopTime  = time.Minute     // for stopping one in order
)

// Config says where a server lives and how it runs. Dir is required, the rest may be zero.
type Config struct {
	Engine   Engine              // zero: what Find finds
	Dir      string              // state folder of this server alone; made if missing, used again if not
	Volatile bool                // true: nothing is flushed to disk; for tests
	Settings map[string]string   // further PostgreSQL settings, by name; ignored by CockroachDB
	Progress func(status string) // told of each slow step; may be nil
}

// Server is a running database server.
type Server struct {
	engine Engine
	cfg    Config
	proc   *process.Process
	steps  []process.Step // how to stop proc
	dsn    func(db string) string
	log    string // path of the server's log
	socket string // folder of the socket outside the state folder; empty if there is none
}

// Start makes a server in cfg.Dir if it holds none, starts it and waits until it answers a query. A server that an earlier owner
// of the folder left running is stopped first; the caller has to make sure that the folder has no other living owner.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	s := &Server{engine: cfg.Engine, cfg: cfg, log: filepath.Join(cfg.Dir, "server.log")}
	launch := s.startPostgres
	if cfg.Engine.Kind == Cockroach {
		launch = s.startCockroach
	}
	if err := launch(ctx); err != nil {
		s.Stop()
		return nil, fmt.Errorf("start embedded %s in %s: %w", cfg.Engine, cfg.Dir, err)
	}
	return s, nil
}

func (c Config) complete() (Config, error) {
	if c.Engine == (Engine{}) {
		engine, err := Find()
		if err != nil {
			return c, err
		}
		c.Engine = engine
	}
	if c.Progress == nil {
		c.Progress = func(string) {}
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return c, fmt.Errorf("resolve the folder %s: %w", c.Dir, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return c, fmt.Errorf("make the database's folder: %w", err)
	}
	// The kernel shows working directories without symbolic links, and leftovers are recognised by theirs.
	c.Dir, err = filepath.EvalSymlinks(dir)
	return c, err
}

// DSN is the URL of a database of the server, for its superuser. The database need not exist.
func (s *Server) DSN(db string) string { return s.dsn(db) }

// PID is the server's process id.
func (s *Server) PID() int { return s.proc.PID() }

// Exited is closed when the server has ended, asked for or not.
func (s *Server) Exited() <-chan struct{} { return s.proc.Exited() }

// Stop ends the server: gracefully first, by force if it takes longer than the time-out. Stopping twice is harmless.
func (s *Server) Stop() {
	if s.proc != nil {
		s.proc.Stop(s.steps...)
	}
	if s.socket != "" {
		_ = os.Remove(s.socket) // goes only when empty; the next start makes it again
	}
}

var databaseName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// CreateDatabase makes a database unless it exists.
func (s *Server) CreateDatabase(ctx context.Context, name string) error {
	if !databaseName.MatchString(name) {
		return fmt.Errorf("create database %q: a name has lower-case letters, digits and _, at most 63", name)
	}
	conn, err := pgx.Connect(ctx, s.DSN(s.engine.Kind.maintenanceDatabase()))
	if err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	defer func() { _ = conn.Close(ctx) }()
	var exists bool
	if err := conn.QueryRow(ctx, "SELECT count(*) > 0 FROM pg_database WHERE datname = $1", name).Scan(&exists); err != nil {
		return fmt.Errorf("look for database %s: %w", name, err)
	}
	if exists {
		return nil
	}
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()); err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	return nil
}

// WithDatabase returns the DSN with another database name.
func WithDatabase(dsn, name string) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return "", fmt.Errorf("read the database URL: %w", err)
	}
	u.Path = "/" + name
	return u.String(), nil
}
