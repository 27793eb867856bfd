// Package uplink is a node's (or gateway's) line to the control plane: it joins with a token, holds the stream of desired state,
// reports load, and asks for what only the control plane can do: activating configurations and numbering retailers. It tries the
// servers in turn; while none answers, callers get Unavailable and everything else goes on from the state on disk.
//
// A credential that is refused for good (an operator has deleted the node, or it was away for longer than the credential is good for)
// does not stop the process: it says so in its log, joins anew if it was started with a join token that still works, and otherwise goes
// on serving from the state on disk until somebody stops it. Draining a node is what stops it.
package uplink

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
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
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/node/v1/nodev1connect"
)

// Config says who this process is to the control plane.
type Config struct {
	Servers   []string // base URLs of the control-plane servers
	JoinToken string   // needed only until a credential is on disk, and to come back after that was refused
	NodeID    string   // chosen by the node driver; empty: the control plane chooses
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
	refused   chan struct{} // a server has refused the credential

	mu      sync.Mutex
	kept    map[string]string // by file
	unsaved map[string]bool   // files that do not have what is kept
	stream  stream
}

// stream is the stream of desired state that is open.
type stream struct {
	server int
	cancel context.CancelFunc
}

// The files in which an uplink keeps what joining gave it.
const (
	credentialFile = "credential"
	clusterFile    = "cluster" // id of the control plane's cluster, the issuer of its tokens
	nodeFile       = "node"    // id of this process
)

// New prepares an uplink over a state that it will keep current. It does not connect yet.
func New(config Config, state *desired.State, log *slog.Logger) (*Uplink, error) {
	if len(config.Servers) == 0 {
		return nil, errors.New("uplink: no control-plane server is given")
	}
	u := &Uplink{
		config: config, state: state, log: log, reportNow: make(chan struct{}, 1), refused: make(chan struct{}, 1),
		kept: map[string]string{}, unsaved: map[string]bool{},
	}
	client := &http.Client{Transport: transport()}
	for _, server := range config.Servers {
		transport := connecthttp.NewTransport(client, strings.TrimSuffix(server, "/"))
		u.clients = append(u.clients, nodev1connect.NewNodeServiceClient(connect.NewClient(transport, u.authorize)))
	}
	for _, name := range []string{credentialFile, clusterFile, nodeFile} {
		content, err := os.ReadFile(filepath.Join(config.Dir, name))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("read what joining gave: %w", err)
		}
		u.kept[name] = string(content)
	}
	return u, nil
}

// A server that hangs, or is cut off without a reset, is noticed by pings on the connection that answers nothing.
const (
	pingAfter = time.Second     // of silence
	pingTime  = 2 * time.Second // for the answer
	dialTime  = 2 * time.Second
)

// transport speaks HTTP/2, which carries a stream and calls over one connection and pings it.
func transport() *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Transport{
		Protocols: protocols, HTTP2: &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTime},
		DialContext: (&net.Dialer{Timeout: dialTime}).DialContext, TLSHandshakeTimeout: dialTime,
	}
}

// Cluster is the id of the control plane's cluster; empty before the first join.
func (u *Uplink) Cluster() string { return u.get(clusterFile) }

// NodeID is the id of this process; empty before the first join if the control plane chooses it.
func (u *Uplink) NodeID() string {
	if u.config.NodeID != "" {
		return u.config.NodeID
	}
	return u.get(nodeFile)
}

func (u *Uplink) get(file string) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.kept[file]
}

// keep takes a value, and writes it. One that cannot be written is used all the same, and written when that is possible.
func (u *Uplink) keep(file, value string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.kept[file] != value {
		u.kept[file], u.unsaved[file] = value, true
		_ = u.save(file) // it is tried again, and the next report says if that fails
	}
}

// save writes a value beside its file and renames it, so that a crash leaves the old one or the new one. The caller holds mu.
func (u *Uplink) save(file string) error {
	path := filepath.Join(u.config.Dir, file)
	err := os.WriteFile(path+".new", []byte(u.kept[file]), 0o600)
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return fmt.Errorf("keep the %s that joining gave: %w", file, err)
	}
	delete(u.unsaved, file)
	return nil
}

// unkept writes again what could not be written, and says why it still cannot be.
func (u *Uplink) unkept() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	var problems []error
	for file := range u.unsaved {
		problems = append(problems, u.save(file))
	}
	return errors.Join(problems...)
}

// bare marks calls that go out without the credential.
type bare struct{}

// authorize adds the credential, if there is one, to every call.
func (u *Uplink) authorize(next connect.ClientFunc) connect.ClientFunc {
	return func(ctx context.Context, spec connect.Spec) (connect.ClientStream, error) {
		credential := u.get(credentialFile)
		if info, ok := connect.CallInfoForClientContext(ctx); ok && credential != "" && ctx.Value(bare{}) == nil {
			info.RequestHeader().Set("Authorization", "Bearer "+credential)
		}
		return next(ctx, spec)
	}
}

// call runs f against the servers in turn until one answers. A server that takes longer than most is passed over like one that
// cannot be reached; most 0 waits for as long as it takes.
func (u *Uplink) call(ctx context.Context, most time.Duration, f func(ctx context.Context, c nodev1connect.NodeServiceClient) error) error {
	var err error
	first := u.turn.Load()
	for i := range u.clients {
		n := (int(first) + i) % len(u.clients)
		err = u.attempt(ctx, n, most, f)
		if err == nil || ctx.Err() != nil || !elsewhere(err) {
			return err
		}
		u.turn.CompareAndSwap(uint32(n), uint32((n+1)%len(u.clients)))
	}
	return err
}

func (u *Uplink) attempt(ctx context.Context, server int, most time.Duration, f func(ctx context.Context, c nodev1connect.NodeServiceClient) error) error {
	bounded, cancel := ctx, context.CancelFunc(func() {})
	if most > 0 {
		bounded, cancel = context.WithTimeout(ctx, most)
	}
	defer cancel()
	called, _ := connect.NewClientContext(bounded) // authorize finds there where to put the credential
	err := f(called, u.clients[server])
	if err != nil && bounded.Err() != nil && ctx.Err() == nil {
		u.abandon(server)
		return connect.NewError(connect.CodeUnavailable, fmt.Sprintf("%s did not answer within %v", u.config.Servers[server], most)).WithCause(err)
	}
	if connect.CodeOf(err) == connect.CodeUnauthenticated {
		signal(u.refused)
	}
	return err
}

// elsewhere reports whether another server may answer where this one did not: it could not be reached, or it said so.
func elsewhere(err error) bool {
	var answered *connect.Error
	if !errors.As(err, &answered) || !answered.IsRemote() {
		return true
	}
	switch answered.Code() {
	case connect.CodeUnavailable, connect.CodeUnknown, connect.CodeCanceled:
		return true
	}
	return false
}

// Run joins if need be, follows the desired state and reports until ctx ends. load is asked before each report. drain is called
// once if the control plane wants this process to stop taking work. It returns early only if a process without a credential is
// refused, or belongs to another environment than its folder.
func (u *Uplink) Run(ctx context.Context, load func() *nodev1.ReportRequest, drain func()) error {
	joined := u.get(credentialFile) == ""
	if joined {
		if err := u.join(ctx); err != nil {
			return err
		}
	}
	var wait sync.WaitGroup
	wait.Go(func() { u.attend(ctx, joined) })
	wait.Go(func() { u.follow(ctx) })
	wait.Go(func() { u.report(ctx, load, drain) })
	wait.Wait()
	return ctx.Err()
}

// signal wakes who waits on a channel of one place.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // one is on its way already
	}
}

// sleep waits for about d and returns the next, longer pause.
func sleep(ctx context.Context, d, longest time.Duration) time.Duration {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
	return min(d*2, longest)
}
