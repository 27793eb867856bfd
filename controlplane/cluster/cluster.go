// Package cluster keeps the control plane's state alike on several servers: hashicorp/raft over mutual TLS with a durable log, one leader at a
// time, and leader-only work that lives exactly as long as a term. It knows nothing of what commands mean.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/hashicorp/raft"
	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
)

// Peer is one server of the cluster.
type Peer struct {
	ID   string
	Raft string // host:port of raft
	API  string // host:port of the API
}

// Config says who this server is and with whom it forms the cluster.
type Config struct {
	ID         string
	Dir        string // log and snapshots
	RaftListen string // host:port to bind; empty: this server's address among the peers
	Peers      []Peer // all servers, this one included; addresses may differ from those of the last start
	Bootstrap  bool   // form a new cluster of the peers if there is no state yet; say so on every server

	HeartbeatTimeout time.Duration // 0: 1 s, which a busy machine keeps too; less makes fail-over quicker
	ApplyDeadline    time.Duration // 0: 3 s: a leader that cannot commit for so long gives up leadership
	Connections      int           // most connections of other servers; 0: 64, which five servers do not reach
}

// Validate reports all that is wrong.
func (c Config) Validate() error {
	var problems []error
	if c.ID == "" || c.Dir == "" {
		problems = append(problems, errors.New("a server needs an id and a folder"))
	}
	seen := map[string]bool{}
	for _, p := range c.Peers {
		if p.ID == "" || p.Raft == "" || p.API == "" {
			problems = append(problems, fmt.Errorf("peer %q: want id, raft address and API address", p.ID))
		}
		if seen[p.ID] {
			problems = append(problems, fmt.Errorf("peer %q is there twice", p.ID))
		}
		seen[p.ID] = true
	}
	if !seen[c.ID] {
		problems = append(problems, fmt.Errorf("the server %q is not among its peers", c.ID))
	}
	return errors.Join(problems...)
}

func (c Config) withDefaults() Config {
	if c.HeartbeatTimeout == 0 {
		c.HeartbeatTimeout = time.Second
	}
	if c.ApplyDeadline == 0 {
		c.ApplyDeadline = 3 * time.Second
	}
	if c.Connections == 0 {
		c.Connections = 64
	}
	if c.RaftListen == "" {
		c.RaftListen = c.self().Raft
	}
	return c
}

func (c Config) self() Peer {
	for _, p := range c.Peers {
		if p.ID == c.ID {
			return p
		}
	}
	return Peer{}
}

// Deps is what a server works with.
type Deps struct {
	Store  *state.Store
	Logger *slog.Logger
	Now    func() time.Time
	Trust  trust.Party // this server's part in mutual TLS with the others
	// Fatal is told when the server must not go on: a command of a newer release, or a disk that keeps a leader from committing and
	// from handing leadership over. The process should end.
	Fatal func(error)
	// Log decorates the raft log, so that tests can make a disk stall. nil: the log as it is.
	Log func(raft.LogStore) raft.LogStore
}

// Cluster is this server's part of the cluster.
type Cluster struct {
	deps   Deps
	config Config
	raft   *raft.Raft
	files  *files
	groups groups
	stop   context.CancelFunc
	done   sync.WaitGroup

	mu      sync.Mutex
	duties  []Duty
	leading bool // established: what was committed before this term is applied here
}

// Duty is leader-only work. It runs once per term, with a context that ends with the term; it must return soon after. What it returns
// before that is logged and the duty begun again.
type Duty struct {
	Name string
	Run  func(ctx context.Context) error
}

// Open starts this server.
func Open(deps Deps, config Config, duties ...Duty) (*Cluster, error) {
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("control-plane server: %w", err)
	}
	config = config.withDefaults()
	files, err := openFiles(config, deps)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	c := &Cluster{deps: deps, config: config, files: files, stop: stop}
	c.duties = append([]Duty{{Name: "watchdog", Run: c.watchdog}}, duties...)
	c.raft, err = files.start(config, &machine{store: deps.Store, fatal: deps.Fatal}, deps.Log)
	if err != nil {
		stop()
		return nil, errors.Join(err, files.close())
	}
	c.done.Go(func() { c.followLeadership(ctx) })
	return c, nil
}

// Leave says that this server is about to be closed. Peers that are gone are no news from then on.
func (c *Cluster) Leave() { c.files.leaving.Store(true) }

// Close stops this server: duties end, raft stops, files are closed.
func (c *Cluster) Close() error {
	c.Leave()
	err := c.raft.Shutdown().Error()
	c.stop()
	c.done.Wait()
	return errors.Join(err, c.files.close())
}

// Port is where other servers call this one, and how to call it as one of them.
func (c *Cluster) Port() (*door.Listener, door.Speak) { return c.files.port, c.speak }

// ID is this server's id.
func (c *Cluster) ID() string { return c.config.ID }

// Term is the current term of raft.
func (c *Cluster) Term() uint64 { return c.raft.CurrentTerm() }

// Leader is the server that leads, as far as this one knows.
func (c *Cluster) Leader() (Peer, bool) {
	_, id := c.raft.LeaderWithID()
	for _, p := range c.config.Peers {
		if p.ID == string(id) {
			return p, true
		}
	}
	return Peer{}, false
}

// Peers lists all servers.
func (c *Cluster) Peers() []Peer { return c.config.Peers }

// Leads reports whether this server leads and has applied all that was committed before its term.
func (c *Cluster) Leads() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.leading
}

// AwaitLeader waits until some server leads (this one: is established) and tells whether it is this one.
func (c *Cluster) AwaitLeader(ctx context.Context) (Peer, bool, error) {
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for {
		if leader, known := c.Leader(); known && (leader.ID != c.config.ID || c.Leads()) {
			return leader, leader.ID == c.config.ID, nil
		}
		select {
		case <-ctx.Done():
			return Peer{}, false, noLeader(ctx.Err())
		case <-poll.C:
		}
	}
}

func noLeader(cause error) error {
	return fault.New(fault.Unavailable, "The control plane has no leader at the moment; try again.").With("reason", "NO_LEADER").Wrap(cause)
}

// Apply commits a command and applies it. Refusals by the state are returned as errors, and so is the loss of leadership in the middle:
// then the command may have been committed all the same, and repeating it with its request id is safe.
func (c *Cluster) Apply(ctx context.Context, command *statev1.Command) (state.Result, error) {
	cluster := c.deps.Store.View().Cluster()
	floor := max(cluster.GetSchemaFloor(), 1)
	if cluster.GetId() == "" {
		floor = state.Schema // a new cluster begins with the release that makes it
	}
	if command.GetSchema() > floor {
		return state.Result{}, fault.New(fault.Unprocessable, "Not before the upgrade is finalised (fluent cluster finalise-upgrade, once all servers and nodes are of the new release): this needs schema %d, the cluster is at %d.", command.GetSchema(), floor)
	}
	encoded, err := proto.Marshal(command)
	if err != nil {
		return state.Result{}, fmt.Errorf("encode a command: %w", err)
	}
	leave, err := c.groups.enter(ctx)
	if err != nil {
		return state.Result{}, noLeader(err)
	}
	future := c.raft.Apply(encoded, timeLeft(ctx, c.deps.Now, 5*time.Second))
	answer := make(chan error, 1)
	go func() {
		defer leave()
		answer <- future.Error()
	}()
	select {
	case <-ctx.Done():
		return state.Result{}, noLeader(ctx.Err())
	case err := <-answer:
		if err != nil {
			return state.Result{}, applyError(err)
		}
	}
	result, ok := future.Response().(state.Result)
	if !ok {
		return state.Result{}, fmt.Errorf("apply %s: the state machine answered %T", command.GetKind(), future.Response())
	}
	return result, result.Err
}

func timeLeft(ctx context.Context, now func() time.Time, most time.Duration) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		return max(min(deadline.Sub(now()), most), time.Millisecond)
	}
	return most
}

func applyError(err error) error {
	if errors.Is(err, raft.ErrNotLeader) || errors.Is(err, raft.ErrLeadershipTransferInProgress) || errors.Is(err, raft.ErrRaftShutdown) {
		return noLeader(err)
	}
	return fault.New(fault.Unavailable, "The outcome of the change is not known; repeat it with the same request id.").With("reason", "OUTCOME_UNKNOWN").Wrap(err)
}

// ConfirmLeader makes sure that this server leads at this moment, by asking a quorum: what is read after it is what was last committed.
func (c *Cluster) ConfirmLeader(ctx context.Context) error {
	if !c.Leads() {
		return noLeader(nil)
	}
	answer := make(chan error, 1)
	go func() { answer <- c.raft.VerifyLeader().Error() }()
	select {
	case <-ctx.Done():
		return noLeader(ctx.Err())
	case err := <-answer:
		if err != nil {
			return noLeader(err)
		}
		return nil
	}
}

// AwaitIndex waits until the state of this server holds a command.
func (c *Cluster) AwaitIndex(ctx context.Context, index state.Index) error {
	for {
		view := c.deps.Store.View()
		have, changed := view.WatchIndex()
		if have >= index {
			return nil
		}
		select {
		case <-changed:
		case <-view.Abandoned():
		case <-ctx.Done():
			return fault.New(fault.Unavailable, "This server is at index %d and waits for %d.", have, index).Wrap(ctx.Err())
		}
	}
}

// Self is what a server tells of itself.
type Self struct {
	ID    string
	Term  uint64
	Peers []Peer
}

// Self tells this server's id, its term and all peers.
func (c *Cluster) Self() Self { return Self{ID: c.config.ID, Term: c.Term(), Peers: c.config.Peers} }
