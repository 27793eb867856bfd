package door_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
)

func quietLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

// short is how long a call waits that cannot be answered.
const short = 20 * time.Millisecond

// gate lets a listener's loop accept, or not.
type gate struct {
	net.Listener
	open chan struct{} // closed: all may come in
}

func (g *gate) Accept() (net.Conn, error) {
	<-g.open
	return g.Listener.Accept()
}

func deafListener(t *testing.T) (*door.Listener, *gate) {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	g := &gate{Listener: inner, open: make(chan struct{})}
	l := door.New(g, door.Port{Name: "test", Limits: door.Limits{Connections: 2}})
	t.Cleanup(func() { _ = l.Close() })
	return l, g
}

func TestThreeFailuresMakeAProcessNotReadyAndOneSuccessReady(t *testing.T) {
	t.Parallel()
	l, g := deafListener(t)
	serve(t, l, door.StandardTimes())
	var changes int
	self := door.NewSelfCall(door.StandardTimes(), quietLog(), func(_ string, changed bool) {
		if changed {
			changes++
		}
	}).Add(l, nil)
	for range 2 {
		require.NoError(t, self.Round(t.Context(), short))
		require.Empty(t, self.Deaf())
	}
	require.NoError(t, self.Round(t.Context(), short))
	require.Contains(t, self.Deaf(), "own port test")
	require.Equal(t, 1, changes)
	close(g.open)
	require.NoError(t, self.Round(t.Context(), patience))
	require.Empty(t, self.Deaf())
	require.Equal(t, 2, changes)
}

func TestAProcessThatAcceptsNobodyThoughItCouldIsReplaced(t *testing.T) {
	t.Parallel()
	l, _ := deafListener(t)
	serve(t, l, door.StandardTimes())
	self := door.NewSelfCall(door.StandardTimes(), quietLog(), nil).Add(l, nil)
	for range 5 {
		require.NoError(t, self.Round(t.Context(), short))
	}
	require.ErrorIs(t, self.Round(t.Context(), short), door.ErrStuck)
}

// TestAServerThatTakesNoConnectionsIsReplaced has a loop that accepts, and nobody who takes what it accepted.
func TestAServerThatTakesNoConnectionsIsReplaced(t *testing.T) {
	t.Parallel()
	l := listen(t, door.Port{Name: "test", Greet: func(c net.Conn) (net.Conn, bool) { return c, false }})
	self := door.NewSelfCall(door.StandardTimes(), quietLog(), nil).Add(l, nil)
	for range 5 {
		require.NoError(t, self.Round(t.Context(), short))
	}
	require.ErrorIs(t, self.Round(t.Context(), short), door.ErrStuck)
}

func TestAHandlerThatHangsIsNoReasonForANewProcess(t *testing.T) {
	t.Parallel()
	l := listen(t, door.Port{Name: "test"})
	done := make(chan struct{})
	server := door.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-done }), door.StandardTimes(), true, quietLog())
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { close(done); _ = server.Close() })
	self := door.NewSelfCall(door.StandardTimes(), quietLog(), nil).Add(l, nil)
	for range 10 {
		require.NoError(t, self.Round(t.Context(), 200*time.Millisecond))
	}
	require.NotEmpty(t, self.Deaf(), "not ready, but its loop accepts")
}

func TestAProcessWithoutDescriptorsIsNotReplaced(t *testing.T) {
	t.Parallel()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := door.New(&starved{Listener: inner}, door.Port{Name: "test"})
	t.Cleanup(func() { _ = l.Close() })
	serve(t, l, door.StandardTimes())
	self := door.NewSelfCall(door.StandardTimes(), quietLog(), nil).Add(l, nil)
	for range 20 {
		require.NoError(t, self.Round(t.Context(), short))
	}
	require.NotEmpty(t, self.Deaf())
}

// starved never gets a descriptor.
type starved struct{ net.Listener }

func (s *starved) Accept() (net.Conn, error) {
	return nil, &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
}

func TestAFullPortStillHearsItsOwnProcess(t *testing.T) {
	t.Parallel()
	l := listen(t, door.Port{Name: "test", Limits: door.Limits{Connections: 2, PerAddress: 1}})
	serve(t, l, door.StandardTimes())
	self := door.NewSelfCall(door.StandardTimes(), quietLog(), nil).Add(l, nil)
	for _, from := range []string{"127.0.0.1", "127.0.0.2"} {
		require.NotNil(t, ask(connect(t, l, from)))
	}
	require.Nil(t, ask(connect(t, l, "127.0.0.3")), "the port is full")
	for range 10 {
		require.NoError(t, self.Round(t.Context(), patience))
		require.Empty(t, self.Deaf())
	}
	require.Equal(t, 2, door.Held(l), "its own calls hold no place")
	require.Nil(t, ask(connect(t, l, "127.0.0.3")), "and keep none for others")
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	l := listen(t, door.Port{Name: "test"})
	serve(t, l, door.StandardTimes())
	ctx, cancel := context.WithCancel(t.Context())
	self := door.NewSelfCall(door.StandardTimes(), quietLog(), func(string, bool) { cancel() }).Add(l, nil)
	require.NoError(t, self.Run(ctx))
}

// hiccup has no descriptor for a while, then lets one connection in, and hangs.
type hiccup struct {
	net.Listener
	fails int
	taken bool
	ever  chan struct{}
}

func (h *hiccup) Accept() (net.Conn, error) {
	if h.fails > 0 {
		h.fails--
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
	if h.taken {
		<-h.ever
	}
	h.taken = true
	return h.Listener.Accept()
}

// TestAWantOfDescriptorsThatIsOverExcusesNothing has a loop hang that had no descriptors once, and has had them since.
func TestAWantOfDescriptorsThatIsOverExcusesNothing(t *testing.T) {
	t.Parallel()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	h := &hiccup{Listener: inner, fails: 4, ever: make(chan struct{})}
	t.Cleanup(func() { close(h.ever) })
	l := door.New(h, door.Port{Name: "test"})
	t.Cleanup(func() { _ = l.Close() })
	serve(t, l, door.StandardTimes())
	require.NotNil(t, ask(connect(t, l, "127.0.0.1")))
	self := door.NewSelfCall(door.StandardTimes(), quietLog(), nil).Add(l, nil)
	for range 5 {
		require.NoError(t, self.Round(t.Context(), short))
	}
	require.ErrorIs(t, self.Round(t.Context(), short), door.ErrStuck)
}

// TestAddressesOfOwnCallsAreGivenBack makes calls that come through and calls that do not: who has the address next is a stranger.
func TestAddressesOfOwnCallsAreGivenBack(t *testing.T) {
	t.Parallel()
	l := listen(t, door.Port{Name: "test"})
	serve(t, l, door.StandardTimes())
	self := door.NewSelfCall(door.StandardTimes(), quietLog(), nil).Add(l, nil)
	for range 3 {
		require.NoError(t, self.Round(t.Context(), patience))
	}
	require.Empty(t, self.Deaf())
	require.Zero(t, door.Reserved(l))
	require.NoError(t, l.Close())
	for range 3 {
		require.NoError(t, self.Round(t.Context(), patience))
	}
	require.Contains(t, self.Deaf(), "connection refused")
	require.Zero(t, door.Reserved(l))
}

// once has no descriptor at first. Unlike others here it has deadlines, as sockets have.
type once struct {
	*net.TCPListener
	failed bool
}

func (o *once) Accept() (net.Conn, error) {
	if !o.failed {
		o.failed = true
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
	return o.TCPListener.Accept()
}

// TestReliefThatNobodyTakesPasses has nobody wait at the door when a descriptor runs out, and others come later.
func TestReliefThatNobodyTakesPasses(t *testing.T) {
	t.Parallel()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := door.New(&once{TCPListener: inner.(*net.TCPListener)}, door.Port{Name: "test"})
	t.Cleanup(func() { _ = l.Close() })
	serve(t, l, door.StandardTimes())
	require.Eventually(t, func() bool { return !door.Relieving(l) }, patience, time.Millisecond)
	for range 3 {
		require.NotNil(t, ask(connect(t, l, "127.0.0.1")))
	}
	require.EqualValues(t, 1, door.Faults(l))
}

// everywhere says of a listener on the loopback that it is on all addresses.
type everywhere struct{ net.Listener }

func (e everywhere) Addr() net.Addr {
	return &net.TCPAddr{IP: net.IPv6unspecified, Port: e.Listener.Addr().(*net.TCPAddr).Port}
}

// TestAPortOnAllAddressesIsCalledByTheLoopback fills it first: its own call comes in all the same.
func TestAPortOnAllAddressesIsCalledByTheLoopback(t *testing.T) {
	t.Parallel()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := door.New(everywhere{inner}, door.Port{Name: "test", Limits: door.Limits{Connections: 1}})
	t.Cleanup(func() { _ = l.Close() })
	serve(t, l, door.StandardTimes())
	require.NotNil(t, ask(connect(t, inner, "127.0.0.1")))
	self := door.NewSelfCall(door.StandardTimes(), quietLog(), nil).Add(l, nil)
	for range 3 {
		require.NoError(t, self.Round(t.Context(), patience))
	}
	require.Empty(t, self.Deaf())
}

// TestCallsThatEndWithTheProcessAreNoFailures, and their connections are closed.
func TestCallsThatEndWithTheProcessAreNoFailures(t *testing.T) {
	t.Parallel()
	l := listen(t, door.Port{Name: "test"})
	serve(t, l, door.StandardTimes())
	var conns []net.Conn
	ctx, cancel := context.WithCancel(t.Context())
	self := door.NewSelfCall(door.StandardTimes(), quietLog(), func(string, bool) { t.Error("nothing was found out") }).Add(l, func(_ context.Context, c net.Conn) error {
		conns = append(conns, c)
		cancel()
		return nil
	})
	for range 7 {
		require.NoError(t, self.Round(ctx, patience))
	}
	require.Empty(t, self.Deaf())
	require.NotEmpty(t, conns)
	for _, c := range conns {
		require.ErrorIs(t, c.SetDeadline(time.Now()), net.ErrClosed)
	}
}

// TestFailedCallsAreCounted in what operators see.
func TestFailedCallsAreCounted(t *testing.T) {
	t.Parallel()
	l := listen(t, door.Port{Name: "test", Limits: door.Limits{Connections: 7}})
	self := door.NewSelfCall(door.StandardTimes(), quietLog(), nil).Add(l, func(context.Context, net.Conn) error { return errors.New("silence") })
	registry := prometheus.NewRegistry()
	registry.MustRegister(door.NewCollector(self, l))
	for range 4 {
		require.NoError(t, self.Round(t.Context(), patience))
	}
	families, err := registry.Gather()
	require.NoError(t, err)
	figures := map[string]float64{}
	for _, f := range families {
		figures[f.GetName()] = f.GetMetric()[0].GetGauge().GetValue() + f.GetMetric()[0].GetCounter().GetValue()
	}
	delete(figures, "fluent_connections") // a call that ends before it was accepted is anybody's
	require.Equal(t, map[string]float64{
		"fluent_connections_limit": 7, "fluent_connections_shed_total": 0, "fluent_accept_errors_total": 0,
		"fluent_self_calls_total": 4, "fluent_self_call_failures_total": 4, "fluent_self_call_deaf": 1,
	}, figures)
}
