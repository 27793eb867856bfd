package door

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The pause after an error of accepting doubles from the shortest to the longest, as net/http's does.
const (
	shortestPause = 5 * time.Millisecond
	longestPause  = time.Second
)

// relief is how long the connection that waits at the door may take to come in while the descriptor kept for it is free for anybody.
const relief = 50 * time.Millisecond

// Port says what a listener is for and what it takes.
type Port struct {
	Name   string // of the port in the log and in metrics: tenants, operators, api, raft
	Limits Limits
	// Shared reports whether many callers come from an address, as from a proxy's: it does not count for the limit per address. May be nil.
	Shared func(netip.Addr) bool
	// Refusal is what a connection is told that is turned away; empty: nothing. It must be short enough never to wait.
	Refusal []byte
	// Patience is how long the other end may take to make room for 16 KiB of what is written to it; 0: half a minute.
	Patience time.Duration
	// Greet looks at what comes first on a connection. nil: connections are taken as they come.
	Greet Greeting
	Log   *slog.Logger // nil: nothing is logged
}

// Greeting hears what comes first on a connection and gives back the one to go on with, which Close of must close c; nil turns it away. known
// says that a process of ours is at the other end and has proved it: the limit per address is not for those. It must end in bounded time.
type Greeting func(c net.Conn) (out net.Conn, known bool)

// Listener takes connections up to its limits, turns the others away, and outlives every error of accepting but its own end.
type Listener struct {
	inner    net.Listener
	port     Port
	places   places
	reserved reserved
	spare    *spare // for one connection that nobody else has a descriptor for
	quiet    quiet

	ready  chan net.Conn
	closed chan struct{}
	ended  chan struct{} // closed when no more is accepted; err says why
	err    error
	once   sync.Once

	handed  atomic.Int64 // connections that the server took
	shed    [reasons]atomic.Int64
	faults  atomic.Int64 // errors of accepting
	starved atomic.Bool  // the last try to accept failed for want of descriptors or memory
}

// Listen opens a TCP port of an address, host:port.
func Listen(address string, port Port) (*Listener, error) {
	if err := port.Limits.Check(); err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	inner, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return New(inner, port), nil
}

// New guards a listener that is open already. It is closed with the one that is returned.
func New(inner net.Listener, port Port) *Listener {
	if port.Log == nil {
		port.Log = slog.New(slog.DiscardHandler)
	}
	port.Limits = port.Limits.orDefault()
	if port.Patience == 0 {
		port.Patience = usualPatience
	}
	l := &Listener{
		inner: inner, port: port, spare: newSpare(),
		ready: make(chan net.Conn), closed: make(chan struct{}), ended: make(chan struct{}),
	}
	l.places.limits, l.places.greets = port.Limits, port.Greet != nil
	go l.acceptAll()
	return l
}

// Accept implements net.Listener. It fails only when the listener was closed or its socket is of no use any more.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.ready:
		l.handed.Add(1)
		return c, nil
	case <-l.ended:
		return nil, l.err
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *Listener) Close() error {
	err := net.ErrClosed
	l.once.Do(func() {
		close(l.closed)
		err = l.inner.Close()
		l.spare.drop()
	})
	return err
}

// Addr implements net.Listener.
func (l *Listener) Addr() net.Addr { return l.inner.Addr() }

func (l *Listener) acceptAll() {
	defer close(l.ended)
	pause := time.Duration(0)
	for {
		c, err := l.inner.Accept()
		if err == nil {
			pause = 0
			l.starved.Store(false)
			l.enter(c)
			continue
		}
		if final(err) {
			l.err = fmt.Errorf("accept connections on %s: %w", l.Addr(), err)
			return
		}
		l.faults.Add(1)
		if exhausted(err) && l.relieve() {
			pause = 0
			continue
		}
		l.starved.Store(exhausted(err))
		if n, say := l.quiet.say(accepting, time.Now()); say {
			l.port.Log.Warn("cannot accept connections for a moment; trying on", "port", l.port.Name, "error", err, "times", n)
		}
		pause = min(max(2*pause, shortestPause), longestPause)
		select {
		case <-l.closed:
			l.err = net.ErrClosed
			return
		case <-time.After(pause):
		}
	}
}

// final reports whether a socket cannot accept any more. All other errors pass: descriptors and memory come back, and what goes wrong with
// one connection (accept(2) hands over errors of the network) is nothing to the next. Should one last, SelfCall notices.
func final(err error) bool {
	for _, end := range []error{net.ErrClosed, syscall.EBADF, syscall.EINVAL, syscall.ENOTSOCK} {
		if errors.Is(err, end) {
			return true
		}
	}
	return false
}

// exhausted reports whether an error says that no descriptor is left, or no memory for one.
func exhausted(err error) bool {
	for _, want := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM} {
		if errors.Is(err, want) {
			return true
		}
	}
	return false
}

// relieve lets one connection come in by the descriptor that was kept for that, and turns it away: it hears of it at once instead of waiting
// for an answer that cannot come. Our own call stays. False when there was nothing to do it with.
func (l *Listener) relieve() bool {
	if !l.spare.lend() {
		return false
	}
	defer l.spare.restore()
	if timed, ok := l.inner.(interface{ SetDeadline(time.Time) error }); ok {
		_ = timed.SetDeadline(time.Now().Add(relief)) // it fails once the listener is closed, and so does Accept
		defer func() { _ = timed.SetDeadline(time.Time{}) }()
	}
	c, err := l.inner.Accept()
	if err != nil {
		return false
	}
	if l.reserved.has(c) {
		l.enter(c)
		return true
	}
	l.turnAway(c, shedDescriptors)
	return true
}

// enter finds a place for a connection.
func (l *Listener) enter(c net.Conn) {
	if l.reserved.has(c) {
		l.greet(guard(c, l.port.Patience, l.spare.restore), nil)
		return
	}
	if amongTheLast(c) {
		l.turnAway(c, shedDescriptors)
		return
	}
	group := ""
	if from := addressOf(c); l.port.Shared == nil || !l.port.Shared(from) {
		group = Group(from)
	}
	place, why := l.places.take(group)
	if why != admitted {
		l.turnAway(c, why)
		return
	}
	l.greet(guard(c, l.port.Patience, place.leave), place)
}

// amongTheLast reports whether a connection has got one of the last descriptors. Those are for the process's own work, which it could not go on
// with otherwise: files, the database, calls to others and to itself. The kernel gives out the lowest number that is free, so mostly the
// connection's own number tells; where the highest numbers are in use for other things, what is left is tried.
func amongTheLast(c net.Conn) bool {
	kernel, ok := c.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := kernel.SyscallConn()
	if err != nil {
		return false
	}
	have := Descriptors()
	first := have - lastOnes(have)
	last := false
	if err := raw.Control(func(fd uintptr) {
		last = int(fd) >= first || !free(fd, first, 1) && !free(fd, 0, lastOnes(have))
	}); err != nil {
		return false
	}
	return last
}

// free reports whether so many descriptors are left from a number on, by taking and giving back copies of one.
func free(of uintptr, from, count int) bool {
	for range count {
		another, err := unix.FcntlInt(of, unix.F_DUPFD_CLOEXEC, from)
		if err != nil {
			return false
		}
		defer func() { _ = unix.Close(another) }()
	}
	return true
}

// greet gives a connection to the server, after its greeting. p is nil for our own call, which needs no place.
func (l *Listener) greet(c *guarded, p *place) {
	if l.port.Greet == nil {
		l.hand(c)
		return
	}
	go func() {
		out, known := l.port.Greet(c)
		if out == nil {
			_ = c.Close()
			return
		}
		if p != nil {
			if why := p.greeted(known); why != admitted {
				l.count(c, why)
				_ = out.Close()
				return
			}
		}
		l.hand(out)
	}()
}

func (l *Listener) hand(c net.Conn) {
	select {
	case l.ready <- c:
	case <-l.closed:
		_ = c.Close()
	}
}

// turnAway closes a connection that finds no place. What it is told fits into an empty buffer of the kernel's, so that nobody waits.
func (l *Listener) turnAway(c net.Conn, why reason) {
	l.count(c, why)
	if len(l.port.Refusal) > 0 {
		_ = c.SetWriteDeadline(time.Now().Add(time.Second)) // it fails once the other end is gone, and so does Write
		_, _ = c.Write(l.port.Refusal)                      // who does not hear it sees the end of the connection
	}
	_ = c.Close()
}

func (l *Listener) count(c net.Conn, why reason) {
	l.shed[why].Add(1)
	if n, say := l.quiet.say(why, time.Now()); say {
		l.port.Log.Warn("connections are turned away", "port", l.port.Name, "because", why.String(), "from", addressOf(c).String(), "times", n)
	}
}

// moved counts the connections that went one way or the other. While some wait and it stands still, nobody accepts.
func (l *Listener) moved() int64 {
	n := l.handed.Load()
	for i := range l.shed {
		n += l.shed[i].Load()
	}
	return n
}

func addressOf(c net.Conn) netip.Addr {
	if tcp, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		return plain(tcp.AddrPort().Addr())
	}
	return netip.Addr{}
}

// spare keeps a descriptor for the moment in which none is left.
type spare struct {
	mu   sync.Mutex
	file *os.File
	over bool
}

func newSpare() *spare {
	s := &spare{}
	s.restore()
	return s
}

// restore takes a descriptor to keep, if there is one.
func (s *spare) restore() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file != nil || s.over {
		return
	}
	if f, err := os.Open(os.DevNull); err == nil { // else at the next occasion
		s.file = f
	}
}

// lend gives the descriptor back to the kernel; false when there is none.
func (s *spare) lend() bool {
	s.restore()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return false
	}
	_ = s.file.Close()
	s.file = nil
	return true
}

func (s *spare) drop() {
	s.lend()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
}
