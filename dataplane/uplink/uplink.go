// Package uplink is a node's (or gateway's) line to the control plane: it joins with a token, holds the stream of desired state,
// reports load, and asks for what only the control plane can do: activating configurations and numbering retailers. It tries the
// servers in turn; while none answers, callers get Unavailable and everything else goes on from the state on disk.
//
// It speaks mutual TLS: joining gives a certificate, which reports renew. A certificate that is refused for good (an operator has deleted the node, or it was away for longer than the certificate is good for)
// does not stop the process: it says so in its log, joins anew if it was started with a join token that still works, and otherwise goes
// on serving from the state on disk until somebody stops it. Draining a node is what stops it.
package uplink

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/auth/wire"
	"github.com/fluent-oms/fluent/dataplane/desired"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/node/v1/nodev1connect"
)

// Config says who this process is to the control plane.
type Config struct {
	Servers   []string // base URLs of the control-plane servers
	JoinToken string   // needed only until a certificate is on disk, and to come back after that was refused
	NodeID    string   // chosen by the node driver; empty: the control plane chooses
	Kind      string   // node or gateway
	Address   string   // host:port where this process answers
	Door      string   // URL at which tenants' clients may call this node itself; empty: it has no door for them
	Release   string
	Dir       string // keeps the certificate and the desired state
}

// Uplink is the line. Run keeps it up; the other methods may be called from any goroutine.
type Uplink struct {
	config  Config
	state   *desired.State
	log     *slog.Logger
	holder  *trust.Holder
	token   trust.JoinToken // zero: none
	clients []*plane        // with the certificate
	joiners []*plane        // with the token; none without one
	turn    atomic.Uint32   // which server to try first

	reportNow chan struct{}
	refused   chan struct{} // a server has refused the certificate

	mu     sync.Mutex
	stream stream
}

// stream is the stream of desired state that is open.
type stream struct {
	server int
	cancel context.CancelFunc
	heard  *atomic.Int64 // when the last frame came, in nanoseconds since 1970
}

// New prepares an uplink over a state that it will keep current. It does not connect yet.
func New(config Config, state *desired.State, log *slog.Logger) (*Uplink, error) {
	if len(config.Servers) == 0 {
		return nil, errors.New("uplink: no control-plane server is given")
	}
	holder, err := trust.Open(filepath.Join(config.Dir, trust.File), time.Now)
	if err != nil {
		return nil, err
	}
	if found := state.Found(); found != nil {
		log.Warn("what was on disk of the desired state is not whole", "error", found)
	}
	u := &Uplink{config: config, state: state, log: log, holder: holder, reportNow: make(chan struct{}, 1), refused: make(chan struct{}, 1)}
	u.clients = clients(trust.NewClient(holder.Party(), trust.Kinds(trust.ServerKind)), config.Servers)
	if config.JoinToken != "" {
		if u.token, err = trust.ParseJoinToken(config.JoinToken); err != nil {
			return nil, err
		}
		u.joiners = clients(trust.NewJoinClient(u.token, time.Now), config.Servers)
	}
	return u, nil
}

// plane is what one server of the control plane serves to processes like this one.
type plane struct {
	nodev1connect.NodeServiceClient
	nodev1connect.ClientServiceClient
}

func clients(over *http.Client, servers []string) []*plane {
	var out []*plane
	for _, server := range servers {
		line := connect.NewClient(wire.NewTransport(over, trust.URL(server)))
		out = append(out, &plane{nodev1connect.NewNodeServiceClient(line), nodev1connect.NewClientServiceClient(line)})
	}
	return out
}

// Trust is this process's part in mutual TLS, for its calls to others and theirs to it.
func (u *Uplink) Trust() trust.Party { return u.holder.Party() }

// Identity is who this process is; zero before the first join.
func (u *Uplink) Identity() trust.Identity {
	if c := u.holder.Current(); c != nil {
		return c.Identity
	}
	return trust.Identity{}
}

// NodeID is the id of this process; empty before the first join if the control plane chooses it.
func (u *Uplink) NodeID() string {
	if u.config.NodeID != "" {
		return u.config.NodeID
	}
	return u.Identity().ID
}

// byToken marks calls that go out with the token and without the certificate.
type byToken struct{}

// ask is call for what somebody waits for. Servers that answer, and say that they cannot serve it now, as while they elect a leader, are
// asked again for electionTime; those that do not answer are not.
func (u *Uplink) ask(ctx context.Context, most time.Duration, f func(ctx context.Context, c *plane) error) error {
	silent := make([]bool, len(u.clients))
	err := u.round(ctx, most, silent, f)
	enough := time.Now().Add(electionTime) // from here: a server that hung for all of its time is no reason to give the others up
	for pause := electionPause; err != nil && elsewhere(err) && wire.Answered(err) && ctx.Err() == nil && time.Now().Before(enough); {
		pause = sleep(ctx, pause, time.Second)
		err = u.round(ctx, most, silent, f)
	}
	return err
}

// call runs f against the servers in turn until one answers. A server that takes longer than most is passed over like one that
// cannot be reached; most 0 waits for as long as it takes. Where none could serve it, the error is what one of them said, if one did.
func (u *Uplink) call(ctx context.Context, most time.Duration, f func(ctx context.Context, c *plane) error) error {
	return u.round(ctx, most, make([]bool, len(u.clients)), f)
}

// round is call for the servers that are not silent, and notes which are.
func (u *Uplink) round(ctx context.Context, most time.Duration, silent []bool, f func(ctx context.Context, c *plane) error) error {
	var said, err error
	first := u.turn.Load()
	for i := range u.clients {
		n := (int(first) + i) % len(u.clients)
		if silent[n] {
			continue
		}
		err = u.attempt(ctx, n, most, f)
		if err == nil || ctx.Err() != nil || !elsewhere(err) {
			return err
		}
		if wire.Answered(err) {
			said = err
		} else {
			silent[n] = true
		}
		u.turn.CompareAndSwap(uint32(n), uint32((n+1)%len(u.clients)))
	}
	return cmp.Or(said, err)
}

func (u *Uplink) attempt(ctx context.Context, server int, most time.Duration, f func(ctx context.Context, c *plane) error) error {
	bounded, cancel := ctx, context.CancelFunc(func() {})
	if most > 0 {
		bounded, cancel = context.WithTimeout(ctx, most)
	}
	defer cancel()
	client := u.clients[server]
	if ctx.Value(byToken{}) != nil {
		client = u.joiners[server]
	}
	err := f(bounded, client)
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
		return connect.CodeOf(err) != connect.CodeOutOfRange // too large for any of them
	}
	switch answered.Code() {
	case connect.CodeUnavailable, connect.CodeUnknown, connect.CodeCanceled:
		return true
	}
	return false
}

// Run joins if need be, follows the desired state and reports until ctx ends. load is asked before each report. drain is called
// once if the control plane wants this process to stop taking work. It returns early only if a process without a certificate is
// refused, or belongs to another environment than its folder.
func (u *Uplink) Run(ctx context.Context, load func() *nodev1.ReportRequest, drain func()) error {
	joined := u.holder.Current() == nil
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
