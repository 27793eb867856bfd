// Package uplink is a node's (or gateway's) line to the control plane: it joins with a token, holds the stream of desired state,
// reports load, and asks for configurations to be activated. It tries the servers in turn; while none answers, callers of
// Commit get Unavailable and everything else goes on from the state on disk.
package uplink

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/domain/fault"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/node/v1/nodev1connect"
)

// Config says who this process is to the control plane.
type Config struct {
	Servers   []string // base URLs of the control-plane servers
	JoinToken string   // one-time; needed only until a credential is on disk
	NodeID    string   // chosen by the node driver
	Kind      string   // node or gateway
	Address   string   // host:port where this process answers
	Release   string
	Dir       string // keeps the credential and the desired state
}

// Uplink is the line. Run keeps it up; the other methods may be called from any goroutine.
type Uplink struct {
	config  Config
	state   *desired.State
	log     *slog.Logger
	clients []nodev1connect.NodeServiceClient
	turn    atomic.Uint32 // which server to try first

	reportNow chan struct{}

	mu         sync.Mutex
	credential string
	cluster    string // id of the control plane's cluster, the issuer of its tokens
}

// New prepares an uplink over a state that it will keep current. It does not connect yet.
func New(config Config, state *desired.State, log *slog.Logger) (*Uplink, error) {
	if len(config.Servers) == 0 {
		return nil, errors.New("uplink: no control-plane server is given")
	}
	u := &Uplink{config: config, state: state, log: log, reportNow: make(chan struct{}, 1)}
	for _, server := range config.Servers {
		transport := connecthttp.NewTransport(&http.Client{}, strings.TrimSuffix(server, "/"))
		u.clients = append(u.clients, nodev1connect.NewNodeServiceClient(connect.NewClient(transport, u.authorize)))
	}
	kept, err := os.ReadFile(u.credentialFile())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("read the node's credential: %w", err)
	}
	cluster, err := os.ReadFile(u.clusterFile())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("read the cluster's id: %w", err)
	}
	u.credential, u.cluster = string(kept), string(cluster)
	return u, nil
}

func (u *Uplink) credentialFile() string { return filepath.Join(u.config.Dir, "credential") }
func (u *Uplink) clusterFile() string    { return filepath.Join(u.config.Dir, "cluster") }

// Cluster is the id of the control plane's cluster; empty before the first join.
func (u *Uplink) Cluster() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.cluster
}

// authorize adds the credential to every call; Join goes out without one.
func (u *Uplink) authorize(next connect.ClientFunc) connect.ClientFunc {
	return func(ctx context.Context, spec connect.Spec) (connect.ClientStream, error) {
		u.mu.Lock()
		credential := u.credential
		u.mu.Unlock()
		if info, ok := connect.CallInfoForClientContext(ctx); ok && credential != "" {
			info.RequestHeader().Set("Authorization", "Bearer "+credential)
		}
		return next(ctx, spec)
	}
}

// call runs f against the servers in turn until one answers; only Unavailable moves on to the next.
func (u *Uplink) call(ctx context.Context, f func(ctx context.Context, c nodev1connect.NodeServiceClient) error) error {
	var err error
	first := u.turn.Load()
	for i := range u.clients {
		n := (int(first) + i) % len(u.clients)
		callCtx, _ := connect.NewClientContext(ctx) // authorize finds there where to put the credential
		if err = f(callCtx, u.clients[n]); err == nil || !elsewhere(err) {
			return err
		}
		u.turn.CompareAndSwap(first, uint32((n+1)%len(u.clients)))
	}
	return err
}

// elsewhere reports whether another server may answer where this one did not.
func elsewhere(err error) bool {
	switch connect.CodeOf(err) {
	case connect.CodeUnavailable, connect.CodeAborted, connect.CodeUnknown:
		return true
	}
	return false
}

// Run joins if need be, follows the desired state and reports until ctx ends. load is asked before each report. drain is called
// once if the control plane wants this process to stop taking work.
func (u *Uplink) Run(ctx context.Context, load func() *nodev1.ReportRequest, drain func()) error {
	if err := u.join(ctx); err != nil {
		return err
	}
	var wait sync.WaitGroup
	wait.Go(func() { u.follow(ctx) })
	wait.Go(func() { u.report(ctx, load, drain) })
	wait.Wait()
	return ctx.Err()
}

// join exchanges the token for a credential, unless a credential was kept.
func (u *Uplink) join(ctx context.Context) error {
	u.mu.Lock()
	have := u.credential != ""
	u.mu.Unlock()
	if have {
		return nil
	}
	pause := 50 * time.Millisecond
	for {
		err := u.call(ctx, func(ctx context.Context, c nodev1connect.NodeServiceClient) error {
			answer, err := c.Join(ctx, &nodev1.JoinRequest{
				Token: u.config.JoinToken, NodeId: u.config.NodeID, Kind: u.config.Kind, Address: u.config.Address, Release: u.config.Release,
			})
			if err != nil {
				return err
			}
			if err := u.keepCluster(answer.GetClusterId()); err != nil {
				return err
			}
			return u.keepCredential(answer.GetCredential())
		})
		if err == nil {
			return nil
		}
		if !elsewhere(err) {
			return fmt.Errorf("join the control plane as %s: %w", u.config.NodeID, err)
		}
		u.log.WarnContext(ctx, "cannot join yet", "error", err)
		if pause = sleep(ctx, pause); ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

func (u *Uplink) keepCluster(id string) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if err := os.WriteFile(u.clusterFile(), []byte(id), 0o600); err != nil {
		return fmt.Errorf("keep the cluster's id: %w", err)
	}
	u.cluster = id
	return nil
}

func (u *Uplink) keepCredential(credential string) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if err := os.WriteFile(u.credentialFile(), []byte(credential), 0o600); err != nil {
		return fmt.Errorf("keep the node's credential: %w", err)
	}
	u.credential = credential
	return nil
}

// follow holds the stream of desired state, opening it again from where it ended.
func (u *Uplink) follow(ctx context.Context) {
	pause := 50 * time.Millisecond
	for ctx.Err() == nil {
		started := time.Now()
		err := u.call(ctx, u.watch)
		if ctx.Err() != nil {
			return
		}
		u.log.InfoContext(ctx, "desired-state stream ended", "error", err)
		if time.Since(started) > 5*time.Second {
			pause = 50 * time.Millisecond
		}
		pause = sleep(ctx, pause)
	}
}

func (u *Uplink) watch(ctx context.Context, c nodev1connect.NodeServiceClient) error {
	view := u.state.View()
	stream, err := c.Watch(ctx, &nodev1.WatchRequest{Incarnation: view.Incarnation, Index: view.Index})
	if err != nil {
		return err
	}
	defer stream.Close()
	for {
		frame, err := stream.Receive()
		if err != nil {
			return err
		}
		reset, err := u.state.Apply(frame)
		if err != nil {
			return err
		}
		if reset {
			u.state.Forget()
			return connect.NewError(connect.CodeUnavailable, "the control plane asked to start over: "+frame.GetReset_().GetReason())
		}
	}
}

// reportInterval is how often a process reports; the control plane judges it gone after several of them are missing.
const reportInterval = time.Second

// settle is how long a process that applied a change waits for further ones before it says so: operations wait for that report.
const settle = 20 * time.Millisecond

func (u *Uplink) report(ctx context.Context, load func() *nodev1.ReportRequest, drain func()) {
	tick := time.NewTicker(reportInterval)
	defer tick.Stop()
	var once sync.Once
	for {
		changed := u.state.Changed() // asked for before load, so that no change is missed
		err := u.call(ctx, func(ctx context.Context, c nodev1connect.NodeServiceClient) error {
			ctx, cancel := context.WithTimeout(ctx, 2*reportInterval)
			defer cancel()
			answer, err := c.Report(ctx, load())
			if err != nil {
				return err
			}
			if answer.GetDrain() {
				once.Do(drain)
			}
			if answer.GetCredential() != "" {
				return u.keepCredential(answer.GetCredential())
			}
			return nil
		})
		if err != nil && ctx.Err() == nil {
			u.log.DebugContext(ctx, "report failed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-u.reportNow:
		case <-changed:
			sleep(ctx, settle)
		}
	}
}

// ReportNow sends a report at once, for changes that others wait for, such as becoming ready.
func (u *Uplink) ReportNow() {
	select {
	case u.reportNow <- struct{}{}:
	default: // one is on its way already
	}
}

// Commit makes and activates a configuration version, and waits until this process has seen it.
func (u *Uplink) Commit(ctx context.Context, req *nodev1.CommitConfigurationRequest) (*nodev1.Configuration, error) {
	var active *nodev1.Configuration
	err := u.call(ctx, func(ctx context.Context, c nodev1connect.NodeServiceClient) error {
		answer, err := c.CommitConfiguration(ctx, req)
		active = answer.GetConfiguration()
		return err
	})
	if err != nil {
		if elsewhere(err) {
			return nil, fault.New(fault.Unavailable, "The configuration cannot be changed now: the control plane does not answer; try again").Wrap(err)
		}
		return nil, fmt.Errorf("commit the configuration: %w", err)
	}
	return active, u.waitFor(ctx, active.GetIndex())
}

// waitFor blocks until the desired state has reached an index.
func (u *Uplink) waitFor(ctx context.Context, index uint64) error {
	for {
		changed := u.state.Changed()
		if u.state.View().Index >= index {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for desired state %d: %w", index, ctx.Err())
		case <-changed:
		}
	}
}

// sleep waits for about d and returns the next, longer pause.
func sleep(ctx context.Context, d time.Duration) time.Duration {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
	return min(d*2, time.Second)
}
