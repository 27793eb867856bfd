package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/fluent-oms/fluent/ops/process"
)

// startCockroach runs a single CockroachDB node on a loopback port that it keeps over restarts. It has no passwords: whoever has
// an account on this machine can connect, so it is for development.
func (s *Server) startCockroach(ctx context.Context) error {
	address, err := s.cockroachAddress()
	if err != nil {
		return err
	}
	s.dsn = func(db string) string { return "postgres://root@" + address + "/" + db + "?sslmode=disable" }
	s.steps = []process.Step{{Signal: syscall.SIGTERM, Grace: stopTime}}
	cmd := exec.Command(s.engine.Program, "start-single-node", "--insecure", "--listen-addr="+address, "--http-addr=127.0.0.1:0",
		"--store="+filepath.Join(s.cfg.Dir, "data"), "--cache=256MiB", "--max-sql-memory=256MiB")
	cmd.Dir = s.cfg.Dir
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the server's log: %w", err)
	}
	defer func() { _ = log.Close() }() // the server has its own copy, and writes
	cmd.Stdout, cmd.Stderr = log, log
	s.cfg.Progress("starting CockroachDB")
	if s.proc, err = process.Start(cmd, syscall.SIGTERM); err != nil {
		return err
	}
	if err := s.await(ctx, func() bool { return answers(ctx, s.DSN("defaultdb")) }); err != nil {
		return err
	}
	return os.WriteFile(s.addressFile(), []byte(address), 0o600)
}

func (s *Server) addressFile() string { return filepath.Join(s.cfg.Dir, "address") }

// cockroachAddress is the address of the last run while it is free, else a new one. A server that lost its owner is given time to
// end on its death signal.
func (s *Server) cockroachAddress() (string, error) {
	b, err := os.ReadFile(s.addressFile())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the last address: %w", err)
	}
	if last := strings.TrimSpace(string(b)); last != "" {
		deadline := time.Now().Add(leftoverGrace)
		for time.Now().Before(deadline) {
			if address, err := freeAddress(last); err == nil {
				return address, nil
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	return freeAddress("127.0.0.1:0")
}

func freeAddress(want string) (string, error) {
	l, err := net.Listen("tcp", want)
	if err != nil {
		return "", fmt.Errorf("look for a free port: %w", err)
	}
	address := l.Addr().String()
	return address, l.Close()
}
