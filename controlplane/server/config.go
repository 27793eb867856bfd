// Package server puts one control-plane server together: state, cluster, API and the leader's duties, and runs it until it is told to end.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/controlplane/cluster"
)

// Config says what to run. Its fields are the flags of `fluent server`.
type Config struct {
	ID         string         // --id
	Dir        string         // --dir: log and snapshots; only this server's
	RaftListen string         // --raft: host:port to bind; empty: the address among the peers
	APIListen  string         // --listen: host:port to bind; empty: the address among the peers
	Peers      []cluster.Peer // --peers: all servers, this one included
	Bootstrap  bool           // --bootstrap: form a new cluster if there is no state yet; harmless otherwise

	// Authority is a file that MakeAuthority's result was written to: the same for all servers of a cluster. It is needed for a server's first
	// start only, and by a cluster of one server not even then. The server keeps its own copy in Dir.
	Authority string // --authority
	// Certificate and Key are files with the certificate that operators and browsers are shown; empty: one by the cluster's authority.
	Certificate string // --tls-cert
	Key         string // --tls-key

	Proxies []netip.Prefix // --trusted-proxies: whose X-Forwarded-For is believed

	// Failures is how many calls of a source may fail in a minute before it is known who calls; 0: any number.
	Failures int
	Limits   door.Limits // --connections, --connections-per-address: of the API's port

	// The first operator, a platform administrator, is made when the cluster is formed. Later starts ignore these.
	OperatorUsername string // --operator-username
	OperatorPassword Secret // from --operator-password-file

	Times            door.Times    // zero: the standard ones
	HeartbeatTimeout time.Duration // 0: the cluster's default
	ApplyDeadline    time.Duration // 0: the cluster's default
	AuditLogins      time.Duration // how often failed logins are written into the audit; 0: reconcile.LoginsEvery
	Logger           *slog.Logger  // nil: nothing is logged
	Now              func() time.Time
	Listen           func(network, address string) (net.Listener, error) // opens the API's port, so that a test can make it deaf; nil: net.Listen
	Ready            func(api string)                                    // called once the API answers, with its address; may be nil

	// Hold is called with its kind before a command of the leader's own work is committed, so that a test can make a server die there. nil: nothing.
	Hold func(ctx context.Context, kind string)
}

// Secret is text that is not printed by accident.
type Secret string

// String hides the text.
func (Secret) String() string { return "(secret)" }

// LogValue hides the text.
func (Secret) LogValue() slog.Value { return slog.StringValue("(secret)") }

// MarshalText hides the text.
func (Secret) MarshalText() ([]byte, error) { return []byte("(secret)"), nil }

// Validate reports all that is wrong.
func (c Config) Validate() error {
	problems := []error{cluster.Config{ID: c.ID, Dir: c.Dir, Peers: c.Peers}.Validate(), c.Limits.Check()}
	if c.Bootstrap && (c.OperatorUsername == "" || c.OperatorPassword == "") {
		problems = append(problems, errors.New("bootstrap needs the first operator's username and password"))
	}
	if (c.Certificate == "") != (c.Key == "") {
		problems = append(problems, errors.New("a certificate needs its key, and a key its certificate"))
	}
	return errors.Join(problems...)
}

func (c Config) withDefaults() Config {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Times == (door.Times{}) {
		c.Times = door.StandardTimes()
	}
	if c.Listen == nil {
		c.Listen = net.Listen
	}
	if c.APIListen == "" {
		c.APIListen = c.self().API
	}
	return c
}

func (c Config) self() cluster.Peer {
	for _, p := range c.Peers {
		if p.ID == c.ID {
			return p
		}
	}
	return cluster.Peer{}
}

// ParsePeers reads the form of the flag --peers: id=raftaddr=apiaddr,…
func ParsePeers(text string) ([]cluster.Peer, error) {
	var peers []cluster.Peer
	for part := range strings.SplitSeq(text, ",") {
		fields := strings.Split(strings.TrimSpace(part), "=")
		if len(fields) != 3 || fields[0] == "" || fields[1] == "" || fields[2] == "" {
			return nil, fmt.Errorf("peer %q: want id=raft-host:port=api-host:port", part)
		}
		peers = append(peers, cluster.Peer{ID: fields[0], Raft: fields[1], API: fields[2]})
	}
	return peers, nil
}
