// Package debug serves Go's profiles of a process (net/http/pprof) on a socket in a folder, for the benchmarks and for operators who hunt a
// slow spot. It is off unless the environment names the folder; the folder's permissions say who may look.
package debug

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"path/filepath"

	"github.com/fluent-oms/fluent/auth/door"
)

// Variable names the folder; unset or empty: nothing is served. Child processes inherit it.
const Variable = "FLUENT_DEBUG_DIR"

// connections is how many there may be at once.
const connections = 16

// Serve listens on <folder>/<role>-<pid>.sock until ctx ends, if the environment asks for it.
func Serve(ctx context.Context, role string) error {
	dir := os.Getenv(Variable)
	if dir == "" {
		return nil
	}
	path := filepath.Join(dir, fmt.Sprintf("%s-%d.sock", role, os.Getpid()))
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("serve profiles: %w", err)
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return fmt.Errorf("serve profiles: %w", err)
	}
	log := slog.New(slog.DiscardHandler)
	port := door.New(listener, door.Port{Name: "debug", Limits: door.Limits{Connections: connections}, Log: log})
	server := door.NewServer(handler(), door.StandardTimes(), false, log)
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() { _ = server.Serve(port) }() // ends with Close; a debugging aid has nobody to tell of another end
	return nil
}

func handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	return mux
}
