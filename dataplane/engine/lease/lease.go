// Package lease shares the slots of the event queues among the live nodes of an environment. A node holds ranges of slots, each under an
// epoch that fences its commits; it renews them together, and stops using them by its own clock before the database would give them
// away. Nodes give back what is more than their share, and take what is free up to it.
package lease

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/fluent-oms/fluent/dataplane/ratelog"
	leasestore "github.com/fluent-oms/fluent/dataplane/store/leases"
)

// Table is the database's side. That of store/leases is one.
type Table interface {
	Heartbeat(ctx context.Context, node string, ttl time.Duration) (nodes []string, leases []leasestore.Lease, err error)
	TakeRanges(ctx context.Context, node string, ranges []int, ttl time.Duration, own bool) (map[int]leasestore.Epoch, error)
	ReleaseRanges(ctx context.Context, node string, ranges []int, leaving bool) error
}

// Config is how a node leases. Zero durations are replaced by the defaults in brackets.
type Config struct {
	Node   string        // this node's id, unique among live nodes
	TTL    time.Duration // how long a range stays with a node that does not renew [6s]
	Logger *slog.Logger
	// Now is this node's clock, by which it stops using ranges; tests step it [time.Now, whose monotonic reading counts].
	Now func() time.Time
	// Changed is called after the set of held ranges has changed. It must not block.
	Changed func()
}

// Manager keeps the leases of one node.
type Manager struct {
	table Table
	cfg   Config

	mu     sync.RWMutex
	held   map[int]leasestore.Epoch
	until  time.Time // by this node's monotonic clock; nothing is held after it
	owners map[int]string
	nodes  []string
	began  bool
}

// New makes a manager that holds nothing until Run.
func New(table Table, cfg Config) (*Manager, error) {
	if cfg.Node == "" {
		return nil, errors.New("lease: a node needs an id")
	}
	if cfg.TTL <= 0 {
		cfg.TTL = 6 * time.Second
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Changed == nil {
		cfg.Changed = func() {}
	}
	return &Manager{table: table, cfg: cfg, held: map[int]leasestore.Epoch{}, owners: map[int]string{}}, nil
}

// Run leases until ctx ends. It does not give the ranges back: Release does, once the turns under way have ended.
func (m *Manager) Run(ctx context.Context) {
	var failure ratelog.Failure
	for {
		if err := m.Step(ctx); ctx.Err() == nil {
			failure.Report(m.cfg.Logger, "renew leases", err)
		}
		t := time.NewTimer(m.cfg.TTL/4 + rand.N(m.cfg.TTL/12))
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
	}
}

// margin is what a node's deadline lies before the database's: a quarter of the lease.
func (m *Manager) margin() time.Duration { return m.cfg.TTL / 4 }

// Step renews what is held, gives back the surplus and takes what is free and due to this node.
func (m *Manager) Step(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, m.cfg.TTL/2)
	defer cancel()
	sent := m.cfg.Now()
	nodes, leases, err := m.table.Heartbeat(bounded, m.cfg.Node, m.cfg.TTL)
	if err != nil {
		return err
	}
	surplus, free := m.adopt(sent, nodes, leases)
	if len(surplus) > 0 {
		if err := m.table.ReleaseRanges(bounded, m.cfg.Node, surplus, false); err != nil {
			return err
		}
	}
	own := !m.began // what an earlier process of this node's name held may be taken at once: the new epoch fences it
	if own {
		for _, l := range leases {
			if l.Owner == m.cfg.Node && !slices.Contains(free, l.Range) {
				free = append(free, l.Range)
			}
		}
	}
	if len(free) == 0 {
		m.began = true
		return nil
	}
	sent = m.cfg.Now()
	taken, err := m.table.TakeRanges(bounded, m.cfg.Node, free, m.cfg.TTL, own)
	if err != nil {
		return err
	}
	m.began = true
	m.add(sent, taken)
	return nil
}

// adopt takes over what the database says and answers with what to give back and what to try to take.
func (m *Manager) adopt(sent time.Time, nodes []string, leases []leasestore.Lease) (surplus, free []int) {
	m.mu.Lock()
	before := len(m.held)
	still := map[int]leasestore.Epoch{}
	for _, l := range leases {
		m.owners[l.Range] = ""
		if !l.Expired {
			m.owners[l.Range] = l.Owner
		}
		if epoch, mine := m.held[l.Range]; mine && l.Owner == m.cfg.Node && l.Epoch == epoch && !l.Expired {
			still[l.Range] = epoch
		} else if l.Expired {
			free = append(free, l.Range)
		}
	}
	share := shareOf(m.cfg.Node, nodes, len(leases))
	for id := range still {
		if len(still) <= share {
			break
		}
		surplus = append(surplus, id)
		delete(still, id)
		m.owners[id] = ""
	}
	m.held, m.nodes, m.until = still, nodes, sent.Add(m.cfg.TTL-m.margin())
	changed := len(still) != before
	m.mu.Unlock()
	if changed {
		m.cfg.Changed()
	}
	rand.Shuffle(len(free), func(i, j int) { free[i], free[j] = free[j], free[i] })
	return surplus, free[:max(0, min(share-len(still), len(free)))]
}

// shareOf is how many of the ranges are due to a node: an even part, the remainder going to the first ones.
func shareOf(node string, nodes []string, ranges int) int {
	at := slices.Index(nodes, node)
	if at < 0 {
		return 0
	}
	share := ranges / len(nodes)
	if at < ranges%len(nodes) {
		share++
	}
	return share
}

func (m *Manager) add(sent time.Time, taken map[int]leasestore.Epoch) {
	if len(taken) == 0 {
		return
	}
	m.mu.Lock()
	for id, epoch := range taken {
		m.held[id] = epoch
		m.owners[id] = m.cfg.Node
	}
	if until := sent.Add(m.cfg.TTL - m.margin()); until.Before(m.until) {
		m.until = until
	}
	m.mu.Unlock()
	m.cfg.Changed()
}

// Held tells under which epoch this node holds a range and until when it may rely on that; ok is false when it does not hold it.
func (m *Manager) Held(rangeID int) (epoch leasestore.Epoch, until time.Time, ok bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	epoch, ok = m.held[rangeID]
	return epoch, m.until, ok && m.cfg.Now().Before(m.until)
}

// Ranges lists the ranges that this node holds now.
func (m *Manager) Ranges() []int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if !m.cfg.Now().Before(m.until) {
		return nil
	}
	out := make([]int, 0, len(m.held))
	for id := range m.held {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

// Owner is the node that held a range when the database was last asked; "" when none did.
func (m *Manager) Owner(rangeID int) string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.owners[rangeID]
}

// Nodes lists the live nodes as of the last renewal.
func (m *Manager) Nodes() []string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return slices.Clone(m.nodes)
}

// Lost forgets a range whose commit was fenced.
func (m *Manager) Lost(rangeID int, epoch leasestore.Epoch) {
	m.mu.Lock()
	changed := m.held[rangeID] == epoch
	if changed {
		delete(m.held, rangeID)
	}
	m.mu.Unlock()
	if changed {
		m.cfg.Changed()
	}
}

// Release gives everything back at once and leaves the round of live nodes. Turns that are still under way are fenced when another
// node takes their range.
func (m *Manager) Release(ctx context.Context) error {
	ranges := m.Ranges()
	m.mu.Lock()
	clear(m.held)
	m.mu.Unlock()
	m.cfg.Changed()
	return m.table.ReleaseRanges(ctx, m.cfg.Node, ranges, true)
}
