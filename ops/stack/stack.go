// Package stack runs the whole of Fluent as a user would, by `fluent up` in a folder of its own, for the end-to-end tests and the
// benchmarks. It finds the processes that make up the platform, so that tests can kill them.
package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/fluent-oms/fluent/ops/apiclient"
)

// Ready is the ready file of `fluent up`.
type Ready struct {
	Gateway      string   `json:"gateway"`
	ControlPlane []string `json:"controlPlane"`
	Operator     struct {
		Username string `json:"username"`
		Password string `json:"password"`
	} `json:"operator"`
	Demo *Demo `json:"demo"`
}

// Demo is the demo account's part of the ready file.
type Demo struct {
	Account      string `json:"account"`
	RetailerID   string `json:"retailerId"`
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret"`
	Username     string `json:"username"`
	Password     string `json:"password"`
}

// Options say how the stack is started.
type Options struct {
	Binary   string   // the fluent binary
	Dir      string   // state folder
	Database string   // auto, or a URL
	Args     []string // further arguments of `fluent up`
	Env      []string // NAME=value, added to this process's own
	Patience time.Duration
}

// Stack is a running platform.
type Stack struct {
	Ready   Ready
	Options Options

	command *exec.Cmd
	output  *output
	exited  chan struct{}
	err     error
}

// Start runs `fluent up` and waits for its ready file.
func Start(ctx context.Context, o Options) (*Stack, error) {
	if o.Patience == 0 {
		o.Patience = 5 * time.Minute
	}
	if o.Database == "" {
		o.Database = "auto"
	}
	ready := filepath.Join(o.Dir, "ready.json")
	if err := os.Remove(ready); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("remove the old ready file: %w", err)
	}
	args := append([]string{"up", "--dir", o.Dir, "--listen", "127.0.0.1:0", "--database", o.Database, "--ready-file", ready}, o.Args...)
	s := &Stack{Options: o, command: exec.Command(o.Binary, args...), output: &output{}, exited: make(chan struct{})}
	s.command.Stdout, s.command.Stderr = s.output, s.output
	s.command.Env = append(os.Environ(), o.Env...)
	s.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.command.Start(); err != nil {
		return nil, fmt.Errorf("start fluent up: %w", err)
	}
	go func() {
		s.err = s.command.Wait()
		close(s.exited)
	}()
	if err := s.waitReady(ctx, ready); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

func (s *Stack) waitReady(ctx context.Context, path string) error {
	deadline := time.After(s.Options.Patience)
	for {
		content, err := os.ReadFile(path)
		if err == nil {
			return json.Unmarshal(content, &s.Ready)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.exited:
			return fmt.Errorf("fluent up ended before it was ready: %v\n%s", s.err, s.output.tail())
		case <-deadline:
			return fmt.Errorf("fluent up was not ready after %v\n%s", s.Options.Patience, s.output.tail())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Client calls the API of the demo account as its administrator.
func (s *Stack) Client() *apiclient.Client {
	d := s.Ready.Demo
	return apiclient.New(s.Ready.Gateway, apiclient.Credentials{
		ClientID: d.ClientID, ClientSecret: d.ClientSecret, Username: d.Username, Password: d.Password,
	})
}

// Pid is the process id of `fluent up`.
func (s *Stack) Pid() int { return s.command.Process.Pid }

// Stop asks `fluent up` to stop everything and waits for it; after half a minute it kills.
func (s *Stack) Stop() error {
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop fluent up: %w", err)
	}
	select {
	case <-s.exited:
		return nil
	case <-time.After(30 * time.Second):
		return errors.Join(fmt.Errorf("fluent up did not stop in 30 s\n%s", s.output.tail()), s.KillAll())
	}
}

// output keeps the last part of what a process prints.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

const keep = 64 << 10

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.buf.Len() > 2*keep {
		rest := bytes.Clone(o.buf.Bytes()[o.buf.Len()-keep:])
		o.buf.Reset()
		o.buf.Write(rest)
	}
	return o.buf.Write(p)
}

func (o *output) tail() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}
