package cluster

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
	"go.etcd.io/bbolt"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/trust"
)

// files is what a server keeps open: its log, its snapshots, its connections.
type files struct {
	log       *raftboltdb.BoltStore
	snapshots raft.SnapshotStore
	port      *door.Listener
	transport *raft.NetworkTransport
	logger    hclog.Logger
	leaving   atomic.Bool // this server is being stopped
}

func openFiles(config Config, deps Deps) (*files, error) {
	if err := os.MkdirAll(config.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the control plane's folder: %w", err)
	}
	f := &files{}
	f.logger = raftLogger(deps.Logger, &f.leaving)
	log, err := raftboltdb.New(raftboltdb.Options{
		Path: filepath.Join(config.Dir, "log.db"),
		// Without the time-out a second server on the same folder would wait for ever instead of failing.
		BoltOptions: &bbolt.Options{NoFreelistSync: true, FreelistType: bbolt.FreelistMapType, Timeout: time.Second},
	})
	if err != nil {
		return nil, fmt.Errorf("open the raft log in %s: %w", config.Dir, err)
	}
	f.log = log
	f.snapshots, err = raft.NewFileSnapshotStoreWithLogger(config.Dir, 2, f.logger)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open snapshots in %s: %w", config.Dir, err), f.close())
	}
	if err := f.listen(config, deps); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

// inFlight is how many requests a leader has under way at each follower: one, so that raft does not pipeline them. Its pipeline (1.8) can wait for
// itself for ever when a follower refuses one while the next is on its way: that follower then gets nothing more in the term, and the server never
// stops. Entries go in batches anyway.
const inFlight = 1

// listen opens the port for raft. Connections of servers that have shown who they are live on when idle: raft would not notice that its side of one was
// closed before it lost a call, an election's among them.
func (f *files) listen(config Config, deps Deps) error {
	listener, err := net.Listen("tcp", config.RaftListen)
	if err != nil {
		return fmt.Errorf("listen for raft: %w", err)
	}
	f.port = trust.ListenMutual(listener, deps.Trust.Mutual(trust.Kinds(trust.ServerKind)), door.Port{
		Name: "raft", Limits: door.Limits{Connections: config.Connections}, Log: deps.Logger,
	})
	between := &stream{Listener: f.port, advertised: raft.ServerAddress(config.self().Raft), peers: config.Peers, party: deps.Trust}
	f.transport = raft.NewNetworkTransportWithConfig(&raft.NetworkTransportConfig{
		Stream: between, MaxPool: 3, Timeout: 5 * time.Second, Logger: f.logger,
		MaxRPCsInFlight:       inFlight,
		ServerAddressProvider: addresses(config.Peers),
	})
	return nil
}

// speak opens a connection to this server's own port for raft as another server would, and says goodbye; the answer is the other side's goodbye.
func (c *Cluster) speak(ctx context.Context, raw net.Conn) error {
	itself := trust.Exactly(trust.Identity{Cluster: c.deps.Trust.Cluster(), Kind: trust.ServerKind, ID: c.config.ID})
	conn := tls.Client(raw, c.deps.Trust.Client(itself))
	if err := conn.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("call this server's port for raft: %w", err)
	}
	if err := conn.CloseWrite(); err != nil {
		return fmt.Errorf("call this server's port for raft: %w", err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		return fmt.Errorf("hear this server's port for raft: %w", err)
	}
	return nil
}

// stream is TLS between servers, in which both show that they are servers of the cluster, and who is called that it is the one meant.
type stream struct {
	net.Listener
	advertised raft.ServerAddress
	peers      []Peer
	party      trust.Party
}

// Dial connects to another server.
func (s *stream) Dial(address raft.ServerAddress, timeout time.Duration) (net.Conn, error) {
	for _, p := range s.peers {
		if p.Raft == string(address) {
			meant := trust.Exactly(trust.Identity{Cluster: s.party.Cluster(), Kind: trust.ServerKind, ID: p.ID})
			return tls.DialWithDialer(&net.Dialer{Timeout: timeout}, "tcp", p.Raft, s.party.Client(meant))
		}
	}
	return nil, fmt.Errorf("%s is the address of none of the servers", address)
}

// Addr is the address under which others reach this server.
func (s *stream) Addr() net.Addr { return advertisedAddr(s.advertised) }

type advertisedAddr string

func (advertisedAddr) Network() string  { return "tcp" }
func (a advertisedAddr) String() string { return string(a) }

// addresses finds servers where the configuration says that they are, and not where the log says that they were: ports may change
// from start to start.
type addresses []Peer

// ServerAddr is the address of a server by its id.
func (a addresses) ServerAddr(id raft.ServerID) (raft.ServerAddress, error) {
	for _, p := range a {
		if p.ID == string(id) {
			return raft.ServerAddress(p.Raft), nil
		}
	}
	return "", fmt.Errorf("no address of the server %s", id)
}

func (f *files) start(config Config, machine raft.FSM, decorate func(raft.LogStore) raft.LogStore) (*raft.Raft, error) {
	rc := raft.DefaultConfig()
	rc.LocalID = raft.ServerID(config.ID)
	rc.Logger = f.logger
	rc.HeartbeatTimeout, rc.ElectionTimeout = config.HeartbeatTimeout, config.HeartbeatTimeout
	rc.LeaderLeaseTimeout = config.HeartbeatTimeout * 2 / 3
	// How long a follower may wait to hear that an entry is committed when nothing else is said. The leader speaks to each follower
	// that often also when idle: shorter costs processor time for ever, longer delays watches that hang on followers.
	rc.CommitTimeout = 25 * time.Millisecond
	rc.BatchApplyCh = true
	rc.MaxAppendEntries = 512
	rc.TrailingLogs = 1024
	if config.Bootstrap {
		if err := f.bootstrap(rc, config); err != nil {
			return nil, err
		}
	}
	var log raft.LogStore = f.log
	if decorate != nil {
		log = decorate(log)
	}
	cache, err := raft.NewLogCache(1024, log)
	if err != nil {
		return nil, fmt.Errorf("cache the raft log: %w", err)
	}
	r, err := raft.NewRaft(rc, machine, cache, f.log, f.snapshots, f.transport)
	if err != nil {
		return nil, fmt.Errorf("start raft: %w", err)
	}
	return r, nil
}

// bootstrap writes the first configuration where there is no state yet; every server writes the same one.
func (f *files) bootstrap(rc *raft.Config, config Config) error {
	has, err := raft.HasExistingState(f.log, f.log, f.snapshots)
	if err != nil {
		return fmt.Errorf("look for raft state in %s: %w", config.Dir, err)
	}
	if has {
		return nil
	}
	var servers []raft.Server
	for _, p := range config.Peers {
		servers = append(servers, raft.Server{ID: raft.ServerID(p.ID), Address: raft.ServerAddress(p.Raft)})
	}
	if err := raft.BootstrapCluster(rc, f.log, f.log, f.snapshots, f.transport, raft.Configuration{Servers: servers}); err != nil {
		return fmt.Errorf("form the cluster: %w", err)
	}
	return nil
}

func (f *files) close() error {
	var errs []error
	for _, c := range []io.Closer{f.transportCloser(), f.log} {
		if c != nil {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}

func (f *files) transportCloser() io.Closer {
	if f.transport == nil {
		return nil
	}
	return f.transport
}

// raftLogger passes what raft has to say on: its warnings as such, the rest for debugging. Once this server is leaving, warnings too are for
// debugging only: peers that are stopped at the same time are no trouble.
func raftLogger(logger *slog.Logger, leaving *atomic.Bool) hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{Level: hclog.Info, Output: raftLines{logger, leaving}, DisableTime: true})
}

type raftLines struct {
	logger  *slog.Logger
	leaving *atomic.Bool
}

// Write logs one line.
func (l raftLines) Write(line []byte) (int, error) {
	text := strings.TrimSpace(string(line))
	if !l.leaving.Load() && (strings.HasPrefix(text, "[WARN]") || strings.HasPrefix(text, "[ERROR]")) {
		l.logger.Warn("raft", "line", text)
	} else {
		l.logger.Debug("raft", "line", text)
	}
	return len(line), nil
}
