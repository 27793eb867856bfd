package link_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/gateway/link"
)

// busyNode is a node to which several requests are sent at once, each over a connection of its own.
type busyNode struct {
	t              *testing.T
	url            string
	arrived        chan string // where a request came from
	answer         chan struct{}
	opened, closed atomic.Int64
}

func newBusyNode(t *testing.T) *busyNode {
	t.Helper()
	n := &busyNode{t: t, arrived: make(chan string), answer: make(chan struct{})}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.arrived <- r.RemoteAddr
		<-n.answer
		w.WriteHeader(http.StatusNoContent)
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			n.opened.Add(1)
		case http.StateClosed:
			n.closed.Add(1)
		default:
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	n.url = s.URL
	return n
}

// atOnce sends requests that are all under way before the first is answered, and says where they came from.
func (n *busyNode) atOnce(p *link.Pool, count int) (from []string) {
	n.t.Helper()
	var wait sync.WaitGroup
	for range count {
		wait.Go(func() {
			req, err := http.NewRequestWithContext(n.t.Context(), http.MethodGet, n.url, nil)
			if err != nil {
				return
			}
			if res, err := send(p, req); err == nil {
				_ = res.Body.Close()
			}
		})
		from = append(from, <-n.arrived)
	}
	for range count {
		n.answer <- struct{}{}
	}
	wait.Wait()
	return from
}

func (n *busyNode) counts(opened, closed int64) {
	n.t.Helper()
	require.Equal(n.t, opened, n.opened.Load())
	require.Eventually(n.t, func() bool { return n.closed.Load() == closed }, time.Minute, time.Millisecond, "connections that were closed")
}

func TestAConnectionIsUsedAgainWithinAMinute(t *testing.T) {
	t.Parallel()
	n := newBusyNode(t)
	p, step := link.Stepping(time.Minute)
	n.atOnce(p, 1)
	step(link.IdleTimeout - 1)
	n.atOnce(p, 1)
	n.counts(1, 0)
	step(link.IdleTimeout)
	n.atOnce(p, 1)
	n.counts(2, 1)
	p.CloseIdle()
	n.counts(2, 2)
	n.atOnce(p, 1)
	n.counts(3, 2)
	require.Equal(t, time.Minute, link.IdleTimeout, "nodes close idle connections after two")
}

// TestWhatIsNotNeededIsClosed has two connections of which only one is needed from then on: always the same.
func TestWhatIsNotNeededIsClosed(t *testing.T) {
	t.Parallel()
	n := newBusyNode(t)
	p, step := link.Stepping(time.Minute)
	n.atOnce(p, 2)
	step(link.IdleTimeout * 2 / 3)
	from := n.atOnce(p, 1)
	require.Equal(t, from, n.atOnce(p, 1))
	n.counts(2, 0)
	step(link.IdleTimeout * 2 / 3)
	require.Equal(t, from, n.atOnce(p, 1))
	n.counts(2, 1)
}

func TestSoManyConnectionsAreKept(t *testing.T) {
	t.Parallel()
	const most = 5
	n, p := newBusyNode(t), link.Keeping(most)
	n.atOnce(p, most+1)
	n.counts(most+1, 1)
	n.atOnce(p, most)
	n.counts(most+1, 1)
}
