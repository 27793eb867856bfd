package gateway

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fluent-oms/fluent/dataplane/desired"
)

// resting is how long a node that did not take a connection is passed over, unless no other is ready.
const resting = 500 * time.Millisecond

// backend is what this gateway itself knows of a node.
type backend struct {
	address  string
	inFlight atomic.Int64
	restTill atomic.Int64 // unix nanoseconds
}

func (b *backend) rests(now time.Time) bool { return now.UnixNano() < b.restTill.Load() }

func (b *backend) rest(now time.Time) { b.restTill.Store(now.Add(resting).UnixNano()) }

// balancer chooses among the ready nodes: the less loaded of two drawn by chance.
type balancer struct {
	ready atomic.Pointer[readyNodes]

	mu       sync.Mutex
	backends map[string]*backend // by address
}

// readyNodes are those of a view, found once.
type readyNodes struct {
	view  *desired.View
	nodes []*backend
}

func (b *balancer) of(view *desired.View) []*backend {
	known := b.ready.Load()
	if known == nil || known.view != view {
		known = &readyNodes{view: view}
		for _, p := range view.Peers("node") {
			if p.GetState() == "READY" {
				known.nodes = append(known.nodes, b.backend(p.GetAddress()))
			}
		}
		b.ready.Store(known)
	}
	return known.nodes
}

// usualNodes is how many there may be for a choice to need no memory.
const usualNodes = 16

// pick chooses a node that is not in tried; nil if none is left. Nodes that rest come last.
func (b *balancer) pick(view *desired.View, tried map[string]bool, now time.Time) *backend {
	var room [usualNodes]*backend
	list, all := room[:0], b.of(view)
	for _, n := range all {
		if !tried[n.address] && !n.rests(now) {
			list = append(list, n)
		}
	}
	if len(list) == 0 {
		for _, n := range all {
			if !tried[n.address] {
				list = append(list, n)
			}
		}
	}
	switch len(list) {
	case 0:
		return nil
	case 1:
		return list[0]
	}
	i := rand.IntN(len(list))
	j := (i + 1 + rand.IntN(len(list)-1)) % len(list)
	if list[j].inFlight.Load() < list[i].inFlight.Load() {
		i = j
	}
	return list[i]
}

func (b *balancer) backend(address string) *backend {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.backends[address]
	if n == nil {
		n = &backend{address: address}
		b.backends[address] = n
	}
	return n
}
