package cluster_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/controlplane/cluster"
	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/domain/fault"
)

// cable is the way of one server to another one's port for raft. While it is cut nothing gets through, and nobody hears why: connections stand, new
// ones are taken, and what is sent is held. When it is mended they break.
type cable struct {
	to       string
	listener net.Listener

	mu    sync.Mutex
	conns []net.Conn
	whole chan struct{} // closed while bytes get through
}

func newCable(t *testing.T, to string) *cable {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	c := &cable{to: to, listener: listener, whole: make(chan struct{})}
	close(c.whole)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go c.carry(conn)
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		c.mend()
	})
	return c
}

func (c *cable) hold(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conns = append(c.conns, conn)
}

func (c *cable) gate() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.whole
}

func (c *cable) carry(near net.Conn) {
	defer near.Close()
	c.hold(near)
	<-c.gate()
	far, err := net.Dial("tcp", c.to)
	if err != nil {
		return
	}
	defer far.Close()
	c.hold(far)
	var both sync.WaitGroup
	pump := func(to, from net.Conn) {
		defer to.Close()
		part := make([]byte, 16<<10)
		for {
			n, err := from.Read(part)
			<-c.gate()
			if _, writeErr := to.Write(part[:n]); errors.Join(err, writeErr) != nil {
				return
			}
		}
	}
	both.Go(func() { pump(far, near) })
	both.Go(func() { pump(near, far) })
	both.Wait()
}

func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.whole = make(chan struct{})
}

func (c *cable) mend() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		_ = conn.Close()
	}
	c.conns = nil
	select {
	case <-c.whole:
	default:
		close(c.whole)
	}
}

// cabled has each server of a group that has not been started reach each other one by a cable of its own.
func (g *group) cabled() *group {
	g.cables = map[[2]string]*cable{}
	for _, from := range g.peers {
		for _, to := range g.peers {
			if from.ID != to.ID {
				g.cables[[2]string{from.ID, to.ID}] = newCable(g.t, to.Raft)
			}
		}
	}
	return g
}

// seenBy are the addresses at which a server finds itself and the others.
func (g *group) seenBy(id string) []cluster.Peer {
	peers := append([]cluster.Peer(nil), g.peers...)
	for i := range peers {
		if c := g.cables[[2]string{id, peers[i].ID}]; c != nil {
			peers[i].Raft = c.listener.Addr().String()
		}
	}
	return peers
}

// isolate cuts a server off from all others. The returned function mends that.
func (g *group) isolate(id string) func() {
	var all []*cable
	for ends, c := range g.cables {
		if ends[0] == id || ends[1] == id {
			all = append(all, c)
			c.cut()
		}
	}
	return func() {
		for _, c := range all {
			c.mend()
		}
	}
}

func cabledGroup(t *testing.T, size int) *group {
	t.Helper()
	g := unstarted(t, size).cabled()
	g.startAll()
	t.Cleanup(g.stopAll)
	return g
}

// TestALeaderThatIsCutOffAnswersForNobody cuts a leader off. It does not know that yet: until it does it must confirm nothing, and what it is told
// to commit has no outcome. The others go on, and when it hears of them again it has what they have.
func TestALeaderThatIsCutOffAnswersForNobody(t *testing.T) {
	t.Parallel()
	g := cabledGroup(t, 3)
	g.put("before")
	for id, s := range g.servers {
		if id != g.leader().ID() {
			_, err := s.Apply(t.Context(), region(t, "nowhere"))
			require.Equal(t, "NO_LEADER", fault.Of(err).Meta["reason"], "%v", err)
		}
	}
	var old *server
	mend := func() {}
	for outcome, tries := "", 0; outcome != "OUTCOME_UNKNOWN"; mend() { // else it lost its place just before
		tries++
		require.LessOrEqual(t, tries, 5, "the outcome of what a leader has in its log when it loses its place is said to be %s", outcome)
		old = g.leader()
		mend = g.isolate(old.ID())
		applied := make(chan error, 1)
		go func() {
			_, err := old.Apply(t.Context(), region(t, "lost"))
			applied <- err
		}()
		var err error
		for n := 0; err == nil && old.Figures().State == "leader"; n++ {
			require.Less(t, n, 10, "no more than what was on its way when it was cut off can confirm it")
			err = old.ConfirmLeader(t.Context())
		}
		require.True(t, fault.Is(err, fault.Unavailable), "%v", err)
		require.Equal(t, "NO_LEADER", fault.Of(err).Meta["reason"])
		err = <-applied
		require.True(t, fault.Is(err, fault.Unavailable), "%v", err)
		if outcome = fault.Of(err).Meta["reason"]; outcome == "OUTCOME_UNKNOWN" { // it is in its log: another leader may yet commit it
			break
		}
	}
	require.Eventually(t, func() bool { return !old.Leads() }, time.Minute, time.Millisecond)
	_, _, err := old.AwaitLeader(ended())
	require.Equal(t, "NO_LEADER", fault.Of(err).Meta["reason"], "%v", err)

	result := g.put("after")
	require.NotEqual(t, old.ID(), g.leader().ID())
	_, found := state.Regions.Get(old.store.View(), "after")
	require.False(t, found, "nothing gets through")
	mend()
	result.Index = max(result.Index, g.put("later").Index)
	g.everybodyHas(result.Index)
	for id, s := range g.servers {
		for name, wanted := range map[string]bool{"before": true, "after": true, "later": true, "lost": false, "nowhere": false} {
			_, found := state.Regions.Get(s.store.View(), name)
			require.Equal(t, wanted, found, "%s at %s", name, id)
		}
	}
	require.Equal(t, persisted(t, g.leader()), persisted(t, old))
}

// TestADutyThatIsSlowToEndHasNoSecondBesideIt has a leader lose its place, and win it again before the work of its first term has ended.
func TestADutyThatIsSlowToEndHasNoSecondBesideIt(t *testing.T) {
	t.Parallel()
	g := cabledGroup(t, 3)
	slow := make(chan struct{})
	release := sync.OnceFunc(func() { close(slow) })
	t.Cleanup(release)
	for _, s := range g.servers {
		s.slow.Store(&slow)
	}
	first := g.leader()
	for _, s := range g.servers {
		if s != first {
			s.slow.Store(nil)
		}
	}
	require.Eventually(t, func() bool { return first.terms.Load() == 1 }, time.Minute, time.Millisecond)
	mend := g.isolate(first.ID())
	require.Eventually(t, func() bool { return !first.Leads() }, time.Minute, time.Millisecond)
	require.EqualValues(t, 1, first.terms.Load(), "it has not ended")
	g.put("by another one")
	mend()
	for range 20 { // raft takes commands of it, so all that a term begins with would have happened
		require.Eventually(t, func() bool {
			if !g.handOver(first) {
				return false
			}
			_, err := first.Apply(t.Context(), region(t, "again"))
			return !fault.Is(err, fault.Unavailable)
		}, time.Minute, time.Millisecond)
	}
	require.EqualValues(t, 1, first.begun.Load(), "the work of the second term waits for the end of the first one's")
	require.False(t, first.Leads())
	require.Error(t, first.ConfirmLeader(t.Context()))
	_, _, err := first.AwaitLeader(ended())
	require.Equal(t, "NO_LEADER", fault.Of(err).Meta["reason"], "it is not established: %v", err)
	release()
	require.Eventually(t, func() bool {
		g.handOver(first)
		brief, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, here, err := first.AwaitLeader(brief)
		return err == nil && here && first.begun.Load() > 1
	}, time.Minute, time.Millisecond)
	require.EqualValues(t, 1, first.most.Load())
}

// handOver reports whether a server leads, as raft sees it. If not, the others hand leadership over.
func (g *group) handOver(to *server) bool {
	if leader, known := to.Leader(); known && leader.ID == to.ID() {
		return true
	}
	for _, s := range g.servers {
		if s != to {
			s.StepDown(g.t.Context(), "the test wants another one")
		}
	}
	return false
}
