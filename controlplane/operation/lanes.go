package operation

import (
	"sync"

	"github.com/fluent-oms/fluent/controlplane/state"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// lanes spread preparations over the nodes of an environment, and send no node more at once than its budget takes
// (state.PreparationsPerNode): what waits for its turn waits here, where it holds no connection.
type lanes struct {
	freed chan<- struct{} // told, without blocking, that there is room

	mu   sync.Mutex
	busy map[string]int // preparations under way, by node
}

// enter takes a place on the least busy of the nodes, beginning at another one at each attempt; nil when all are full. leave must be called.
func (l *lanes) enter(ready []*cpv1.Node, attempt int) (on *cpv1.Node, leave func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range ready {
		n := ready[(attempt+i)%len(ready)]
		if on == nil || l.busy[n.GetId()] < l.busy[on.GetId()] {
			on = n
		}
	}
	if on == nil || l.busy[on.GetId()] >= state.PreparationsPerNode {
		return nil, nil
	}
	l.busy[on.GetId()]++
	return on, func() { l.leave(on.GetId()) }
}

func (l *lanes) leave(node string) {
	l.mu.Lock()
	if l.busy[node]--; l.busy[node] == 0 {
		delete(l.busy, node)
	}
	l.mu.Unlock()
	select {
	case l.freed <- struct{}{}:
	default:
	}
}

// room reports whether one of the nodes would take a preparation; also when there is none, since who waits for a node says so himself.
func (l *lanes) room(ready []*cpv1.Node) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, n := range ready {
		if l.busy[n.GetId()] < state.PreparationsPerNode {
			return true
		}
	}
	return len(ready) == 0
}
