package dbtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"

	"github.com/fluent-oms/fluent/ops/embedded"
)

// shared is the server of this test binary.
type shared struct {
	dsn   string   // of the maintenance database
	alive *os.File // closing it, as the end of this process does, ends the server; referred to so that the collector does not
}

// server starts the server at the first call. A failure is remembered, so that a machine without one fails each test at once.
var server = sync.OnceValues(func() (shared, error) {
	if dsn := os.Getenv(Environment); dsn != "" {
		return shared{dsn: dsn}, nil
	}
	engine, err := embedded.FindKind(embedded.Postgres)
	if err != nil {
		return shared{}, err
	}
	dir, err := os.MkdirTemp("/tmp", "fluenttest") // short: a unix socket lies below it
	if err != nil {
		return shared{}, fmt.Errorf("make a folder for the test server: %w", err)
	}
	srv, err := embedded.Start(context.Background(), embedded.Config{Engine: engine, Dir: dir, Volatile: true})
	if err != nil {
		return shared{}, errors.Join(err, os.RemoveAll(dir))
	}
	alive, err := sweepAfterUs(srv.PID(), dir)
	if err != nil {
		srv.Stop()
		return shared{}, errors.Join(err, os.RemoveAll(dir))
	}
	return shared{dsn: srv.DSN("postgres"), alive: alive}, nil
})

// sweepAfterUs starts a shell that waits for this process to end in whatever way, and then ends the server and removes its folder.
// A test binary has no other last moment: TestMain would be needed in every package, and misses panics and kills.
func sweepAfterUs(pid int, dir string) (*os.File, error) {
	// A dead process that nobody has waited for still takes signals, but has no program.
	const script = `cat >/dev/null; kill -QUIT "$1" 2>/dev/null; while [ -e "/proc/$1/exe" ]; do sleep 0.05; done; rm -rf "$2"`
	watch, alive, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe to the sweeper: %w", err)
	}
	defer func() { _ = watch.Close() }()
	cmd := exec.Command("/bin/sh", "-c", script, "sweeper", strconv.Itoa(pid), dir)
	cmd.Stdin = watch
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the sweeper: %w", err)
	}
	return alive, nil
}
