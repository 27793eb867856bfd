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
	mu       sync.Mutex
	backends map[string]*backend // by address
}

// pick chooses a node that is not in tried; nil if none is left. Nodes that rest come last.
func (b *balancer) pick(view *desired.View, tried map[string]bool, now time.Time) *backend {
	var fresh, tired []*backend
	for _, p := range view.Peers("node") {
		if p.GetState() != "READY" || tried[p.GetAddress()] {
			continue
		}
		if n := b.backend(p.GetAddress()); n.rests(now) {
			tired = append(tired, n)
		} else {
			fresh = append(fresh, n)
		}
	}
	if len(fresh) == 0 {
		fresh = tired
	}
	switch len(fresh) {
	case 0:
		return nil
	case 1:
		return fresh[0]
	}
	i := rand.IntN(len(fresh))
	j := (i + 1 + rand.IntN(len(fresh)-1)) % len(fresh)
	if fresh[j].inFlight.Load() < fresh[i].inFlight.Load() {
		i = j
	}
	return fresh[i]
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
