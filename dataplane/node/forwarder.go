package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/dataplane/httpapi"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/uplink"
	"github.com/fluent-oms/fluent/domain/fault"
)

const (
	// nudgePath is where nodes hand events over to each other.
	nudgePath = "/internal/nudge"
	// nudgeTimeout bounds a delivery: a lost one costs no more than the delay of a poll.
	nudgeTimeout = time.Second
	// nudgeRows is how many events wait for one node at most; further ones are left to its polls.
	nudgeRows = 1000
)

// forwarder hands committed events to the nodes that run them. There is one delivery to a node at a time: what comes meanwhile goes with
// the next, so that deliveries grow instead of multiplying under load.
type forwarder struct {
	post func(ctx context.Context, node string, rows []eventstore.Row) error
	log  *slog.Logger

	mu      sync.Mutex
	waiting map[string][]eventstore.Row // by node; an entry, even an empty one, means that a delivery is under way
}

func newForwarder(post func(ctx context.Context, node string, rows []eventstore.Row) error, log *slog.Logger) *forwarder {
	return &forwarder{post: post, log: log, waiting: map[string][]eventstore.Row{}}
}

// take implements the engine's Nudge.
func (c *forwarder) take(ctx context.Context, node string, rows ...eventstore.Row) {
	c.mu.Lock()
	defer c.mu.Unlock()
	have, delivering := c.waiting[node]
	if len(have)+len(rows) > nudgeRows {
		return
	}
	c.waiting[node] = append(have, rows...)
	if !delivering {
		go c.deliver(context.WithoutCancel(ctx), node)
	}
}

// deliver goes on until nothing waits for the node.
func (c *forwarder) deliver(ctx context.Context, node string) {
	for {
		c.mu.Lock()
		rows := c.waiting[node]
		if len(rows) == 0 {
			delete(c.waiting, node)
			c.mu.Unlock()
			return
		}
		c.waiting[node] = nil
		c.mu.Unlock()
		bounded, cancel := context.WithTimeout(ctx, nudgeTimeout)
		if err := c.post(bounded, node, rows); err != nil {
			c.log.DebugContext(ctx, "nudge failed", "node", node, "error", err)
		}
		cancel()
	}
}

// peers is this node's way to others.
type peers struct {
	mu      sync.Mutex
	clients map[string]*http.Client // by node
}

// to makes calls to one node of this node's own environment, and to no other one that answers at its address.
func (p *peers) to(node string, link *uplink.Uplink) *http.Client {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.clients[node] == nil {
		meant := link.Identity()
		meant.ID = node
		p.clients[node] = trust.NewClient(link.Trust(), trust.Exactly(meant))
	}
	return p.clients[node]
}

// post sends events to another node of the environment.
func (s *services) post(ctx context.Context, node string, rows []eventstore.Row) error {
	address := ""
	for _, p := range s.node.state.View().Peers("node") {
		if p.GetNodeId() == node {
			address = p.GetAddress()
		}
	}
	if address == "" {
		return errors.New("the control plane has not told of it yet") // its own poll will find the events
	}
	body, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("encode %d events: %w", len(rows), err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+address+nudgePath, bytes.NewReader(body))
	if err != nil {
		return err
	}
	res, err := s.peers.to(node, s.node.link).Do(req)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusNoContent {
		err = fmt.Errorf("status %d", res.StatusCode)
	}
	return errors.Join(err, res.Body.Close())
}

// maxNudge is the largest delivery that is read.
const maxNudge = 32 << 20

// nudged takes a delivery of another node.
func (s *services) nudged(w http.ResponseWriter, r *http.Request) {
	own := s.node.link.Identity()
	if from, ok := trust.Caller(r.Context()); !ok || from.Kind != own.Kind || from.Environment != own.Environment {
		httpapi.WriteError(w, r, s.node.log, fault.New(fault.Unauthenticated, "The certificate of a node of this environment is needed"))
		return
	}
	var rows []eventstore.Row
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxNudge)).Decode(&rows); err != nil {
		httpapi.WriteError(w, r, s.node.log, fault.Invalidf("body", "A list of events is expected").Wrap(err))
		return
	}
	s.engine.Nudged(rows...)
	w.WriteHeader(http.StatusNoContent)
}
