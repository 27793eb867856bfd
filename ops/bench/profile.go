package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/fluent-oms/fluent/ops/debug"
)

// profileSeconds is how long a profile samples.
const profileSeconds = 5

// profile starts to sample the nodes and gateways if profiles are asked for. The function returned waits for the samples' end.
func (w *world) profile(ctx context.Context, bench string) func() error {
	if w.config.profiles == "" {
		return func() error { return nil }
	}
	sockets, err := filepath.Glob(filepath.Join(os.Getenv(debug.Variable), "*.sock"))
	problems := []error{err}
	var mu sync.Mutex
	var wait sync.WaitGroup
	for _, socket := range sockets {
		role, _, _ := strings.Cut(filepath.Base(socket), "-")
		if role != "node" && role != "gateway" {
			continue
		}
		wait.Go(func() {
			name := bench + "-" + strings.TrimSuffix(filepath.Base(socket), ".sock") + ".pprof"
			if err := sample(ctx, socket, filepath.Join(w.config.profiles, name)); err != nil {
				mu.Lock()
				defer mu.Unlock()
				problems = append(problems, err)
			}
		})
	}
	return func() error {
		wait.Wait()
		return errors.Join(problems...)
	}
}

// sample writes a CPU profile of the process behind a socket to a file.
func sample(ctx context.Context, socket, path string) error {
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://process/debug/pprof/profile?seconds=%d", profileSeconds), nil)
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("profile %s: %w", socket, err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("profile %s: %w", socket, err)
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("profile %s: %s: %.200s", socket, res.Status, body)
	}
	return os.WriteFile(path, body, 0o600)
}
