package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/ops/process"
)

func (s *Server) startPostgres(ctx context.Context) error {
	p, err := newPlace(s.cfg.Dir)
	if err != nil {
		return err
	}
	if p.socket != s.cfg.Dir {
		s.socket = p.socket
	}
	s.dsn = func(db string) string {
		q := url.Values{"host": {p.socket}, "port": {"5432"}, "sslmode": {"disable"}}
		return "postgres://postgres@/" + db + "?" + q.Encode()
	}
	// SIGINT ends sessions and writes a checkpoint; SIGQUIT leaves recovery to the next start.
	s.steps = []process.Step{{Signal: syscall.SIGINT, Grace: stopTime}, {Signal: syscall.SIGQUIT, Grace: 5 * time.Second}}
	if err := s.prepareData(ctx, p); err != nil {
		return err
	}
	if err := s.launchPostgres(p); err != nil {
		return err
	}
	return s.awaitPostgres(ctx, p)
}

// prepareData leaves a complete data folder that no process uses.
func (s *Server) prepareData(ctx context.Context, p place) error {
	version, err := os.ReadFile(filepath.Join(p.data(), "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		return s.initialise(ctx, p)
	}
	if err != nil {
		return fmt.Errorf("read the data folder's version: %w", err)
	}
	if have := major(strings.TrimSpace(string(version))); have != major(s.engine.Version) {
		return fmt.Errorf("the data was written by PostgreSQL %d, this is %s: put postgres %d first in PATH, or take another state folder",
			have, s.engine.Version, have)
	}
	if err := stopLeftovers(ctx, p.data(), s.cfg.Progress); err != nil {
		return err
	}
	// Nobody uses the data folder, so nobody serves its socket. A server that was killed may still be in the process table, dead and not
	// buried; PostgreSQL would take it for the owner of the socket's lock.
	for _, name := range []string{".s.PGSQL.5432", ".s.PGSQL.5432.lock"} {
		if err := os.Remove(filepath.Join(p.socket, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove the socket of an earlier run: %w", err)
		}
	}
	return nil
}

// initialise makes the data folder beside its final place, so that a crash never leaves half of one there.
func (s *Server) initialise(ctx context.Context, p place) error {
	s.cfg.Progress("making a PostgreSQL cluster")
	unfinished := p.data() + ".new"
	if err := os.RemoveAll(unfinished); err != nil {
		return fmt.Errorf("remove an unfinished cluster: %w", err)
	}
	args := []string{"--pgdata=" + p.serverData() + ".new", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-instructions"}
	if s.cfg.Volatile {
		args = append(args, "--no-sync", "--wal-segsize=1")
	}
	cmd, release, err := p.command(filepath.Join(filepath.Dir(s.engine.Program), "initdb"), args...)
	if err != nil {
		return err
	}
	defer release()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	child, err := process.Start(cmd, syscall.SIGKILL)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	select {
	case <-child.Exited():
	case <-ctx.Done():
		child.Stop()
		return fmt.Errorf("initdb: %w", ctx.Err())
	}
	if err := child.Err(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, bytes.TrimSpace(out.Bytes()))
	}
	return os.Rename(unfinished, p.data())
}

func (s *Server) launchPostgres(p place) error {
	settings := map[string]string{
		"listen_addresses":        "", // the socket's folder is the only door, and only we may enter it
		"unix_socket_directories": p.socket,
		"port":                    "5432", // only names the socket
		"max_connections":         "300",
		"shared_buffers":          "256MB",
		"random_page_cost":        "1.1", // solid-state disks
		"jit":                     "off", // our statements are short: compiling them costs more than it saves
		"max_wal_size":            "2GB",
		// New tables grow fast after the start. Without statistics the planner takes other indexes than it should, and what a
		// SERIALIZABLE transaction reads too much of, it conflicts over.
		"autovacuum_naptime":              "5s",
		"autovacuum_analyze_scale_factor": "0.05",
		// Looked at so often, a small sample and a slow pace do: with the defaults each look takes a processor for most of a second.
		"default_statistics_target":    "10",
		"autovacuum_vacuum_cost_limit": "20",
		// Conflicts are tracked by row as long as these allow, and by page beyond.
		"max_pred_locks_per_transaction": "256",
		"max_pred_locks_per_page":        "16",
		"log_min_messages":               "warning",
		"log_min_error_statement":        "panic", // statements carry tenants' data
		"timezone":                       "UTC",
	}
	if s.cfg.Volatile {
		settings["fsync"], settings["synchronous_commit"], settings["full_page_writes"] = "off", "off", "off"
		settings["shared_buffers"], settings["max_wal_size"], settings["autovacuum"] = "32MB", "256MB", "off"
	}
	for k, v := range s.cfg.Settings {
		settings[k] = v
	}
	args := []string{"-D", p.serverData()}
	for k, v := range settings {
		args = append(args, "-c", k+"="+v)
	}
	cmd, release, err := p.command(s.engine.Program, args...)
	if err != nil {
		return err
	}
	defer release()
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the server's log: %w", err)
	}
	defer func() { _ = log.Close() }() // the server has its own copy, and writes
	cmd.Stdout, cmd.Stderr = log, log
	s.cfg.Progress("starting " + s.engine.String())
	s.proc, err = process.Start(cmd, syscall.SIGQUIT)
	return err
}

func (s *Server) awaitPostgres(ctx context.Context, p place) error {
	ready := func() bool {
		status := readPIDFile(p.data())
		return status.pid == s.proc.PID() && status.state == "ready" && answers(ctx, s.DSN("postgres"))
	}
	return s.await(ctx, ready)
}

// await polls ready until it holds, the server ends, or the time-out passes; failures carry the end of the server's log.
func (s *Server) await(ctx context.Context, ready func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ready() {
		select {
		case <-s.Exited():
			ended := errors.Join(errors.New("the server ended while starting"), s.proc.Err())
			return fmt.Errorf("%w; end of its log:\n%s", ended, s.logTail())
		case <-ctx.Done():
			return fmt.Errorf("the server is not ready: %w; end of its log:\n%s", ctx.Err(), s.logTail())
		case <-tick.C:
		}
	}
	return nil
}

func answers(ctx context.Context, dsn string) bool {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return false
	}
	_, err = conn.Exec(ctx, "SELECT 1")
	return errors.Join(err, conn.Close(ctx)) == nil
}

func (s *Server) logTail() string {
	const most = 2048
	b, err := os.ReadFile(s.log)
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-most):])
}

// pidFile is what PostgreSQL writes to postmaster.pid: its process id on line 1, its state on line 8.
type pidFile struct {
	pid   int
	state string
}

func readPIDFile(data string) pidFile {
	b, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return pidFile{}
	}
	lines := strings.Split(string(b), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil {
		return pidFile{}
	}
	f := pidFile{pid: pid}
	if len(lines) >= 8 {
		f.state = strings.TrimSpace(lines[7])
	}
	return f
}
