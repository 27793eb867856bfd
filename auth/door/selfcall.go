package door

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// deafAfter failures in a row a process is not ready, and no leader.
	deafAfter = 3
	// stuckAfter failures in a row in which nobody was accepted, though descriptors were free, only a new process helps.
	stuckAfter = 6
)

// ErrStuck says that a process accepts no connections though it could. It should end, so that whoever supervises it starts it anew.
var ErrStuck = errors.New("the process takes no connections though descriptors are free")

// SelfCall calls a process's own ports as others do, over the loopback and through the loops that accept. Limits of connections let its calls
// in: being full is no failure.
type SelfCall struct {
	times Times
	ports []*calledPort
	log   *slog.Logger
	after func(why string, changed bool)

	deaf   atomic.Pointer[string]
	called atomic.Int64
	failed atomic.Int64
}

// Speak talks to a port over a new connection, and fails when it gets no answer.
type Speak func(ctx context.Context, c net.Conn) error

type calledPort struct {
	listener *Listener
	speak    Speak
	spare    *spare // for the caller's side
	judgement
}

// NewSelfCall makes one that calls nothing yet. after hears after each round what Deaf says, and whether that is new; it may be nil.
func NewSelfCall(times Times, log *slog.Logger, after func(why string, changed bool)) *SelfCall {
	return &SelfCall{times: times, log: log, after: after}
}

// Add has a port called; it is for the time before Run. speak nil: HTTP, GET /healthz, to which any answer will do: it is the door that is tried, not the house.
func (s *SelfCall) Add(l *Listener, speak Speak) *SelfCall {
	if speak == nil {
		speak = speakHTTP
	}
	s.ports = append(s.ports, &calledPort{listener: l, speak: speak, spare: newSpare()})
	return s
}

// Deaf says why the process cannot be reached on a port of its own; empty if it can, as far as is known.
func (s *SelfCall) Deaf() string {
	if why := s.deaf.Load(); why != nil {
		return *why
	}
	return ""
}

// Run calls now and then until ctx ends (then it returns nil) or only a new process helps, with an error that wraps ErrStuck.
func (s *SelfCall) Run(ctx context.Context) error {
	defer func() {
		for _, p := range s.ports {
			p.spare.drop()
		}
	}()
	tick := time.NewTicker(s.times.Call)
	defer tick.Stop()
	for {
		if err := s.Round(ctx, s.times.Answer); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Round calls each port once. Its error wraps ErrStuck.
func (s *SelfCall) Round(ctx context.Context, patience time.Duration) error {
	outcomes := make([]outcome, len(s.ports))
	var calls sync.WaitGroup
	for i, p := range s.ports {
		calls.Go(func() { outcomes[i] = p.call(ctx, patience) })
	}
	calls.Wait()
	if ctx.Err() != nil {
		return nil
	}
	why, stuck := "", error(nil)
	for i, p := range s.ports {
		p.hear(outcomes[i])
		s.called.Add(1)
		if outcomes[i].err != nil {
			s.failed.Add(1)
		}
		if p.deaf() {
			why = fmt.Sprintf("the process does not reach its own port %s: %v", p.listener.port.Name, outcomes[i].err)
		}
		if p.lost() {
			stuck = fmt.Errorf("port %s on %s: %w: %w", p.listener.port.Name, p.listener.Addr(), ErrStuck, outcomes[i].err)
		}
	}
	s.tell(why)
	return stuck
}

func (s *SelfCall) tell(why string) {
	before := s.Deaf()
	if why == "" {
		s.deaf.Store(nil)
	} else {
		s.deaf.Store(&why)
	}
	changed := (before == "") != (why == "")
	switch {
	case changed && why != "":
		s.log.Error("not ready until it is over: "+why, "failures", deafAfter)
	case changed:
		s.log.Info("the process reaches its own ports again")
	}
	if s.after != nil {
		s.after(why, changed)
	}
}

// outcome is what came of one call.
type outcome struct {
	err   error
	moved bool // the loop took somebody, or turned somebody away, while it lasted
	free  bool // descriptors were left
}

// judgement is what follows from outcomes.
type judgement struct{ failures, still int }

func (j *judgement) hear(o outcome) {
	switch {
	case o.err == nil:
		*j = judgement{}
	case o.moved || !o.free:
		j.failures, j.still = j.failures+1, 0
	default:
		j.failures, j.still = j.failures+1, j.still+1
	}
}

func (j *judgement) deaf() bool { return j.failures >= deafAfter }

func (j *judgement) lost() bool { return j.still >= stuckAfter }

func (p *calledPort) call(ctx context.Context, patience time.Duration) outcome {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	defer p.spare.restore()
	before := p.listener.moved()
	c, err := p.dial(ctx)
	if err == nil {
		defer p.listener.reserved.forget(c.LocalAddr())
		err = p.talk(ctx, c)
	}
	out := outcome{err: err, moved: p.listener.moved() != before, free: true}
	if err != nil {
		out.free = p.free(err)
	}
	return out
}

func (p *calledPort) talk(ctx context.Context, c net.Conn) error {
	defer func() { _ = c.Close() }()
	deadline, _ := ctx.Deadline() // call has set one
	if err := c.SetDeadline(deadline); err != nil {
		return fmt.Errorf("call this process: %w", err)
	}
	return p.speak(ctx, c)
}

// free reports whether a failed call could have come through: descriptors are left, and its own end of the connection was not what failed.
func (p *calledPort) free(err error) bool {
	var own *os.SyscallError
	if errors.As(err, &own) && (own.Syscall == "socket" || own.Syscall == "bind" || own.Syscall == "getsockname") || exhausted(err) {
		return false
	}
	f, openErr := os.Open(os.DevNull)
	if openErr != nil {
		return false
	}
	_ = f.Close()
	return !p.listener.starved.Load()
}

// dial connects from a port that the listener knows for ours before the connection is there.
func (p *calledPort) dial(ctx context.Context) (net.Conn, error) {
	target, ok := p.listener.Addr().(*net.TCPAddr)
	if !ok {
		return nil, fmt.Errorf("call this process: %s is no TCP address", p.listener.Addr())
	}
	to := plain(target.AddrPort().Addr())
	if to.IsUnspecified() {
		to = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	var mine netip.AddrPort
	dialer := net.Dialer{KeepAlive: -1, Control: func(_, _ string, raw syscall.RawConn) error {
		var bindErr error
		if err := raw.Control(func(fd uintptr) {
			if mine, bindErr = bindTo(int(fd), to); bindErr == nil {
				p.listener.reserved.expect(mine)
			}
		}); err != nil {
			return err
		}
		return bindErr
	}}
	p.spare.lend()
	c, err := dialer.DialContext(ctx, "tcp", netip.AddrPortFrom(to, uint16(target.Port)).String())
	if err != nil {
		p.listener.reserved.forgetPort(mine)
		return nil, fmt.Errorf("call this process: %w", err)
	}
	return c, nil
}

// bindTo gives a socket a port of its own on an address, and tells which.
func bindTo(fd int, a netip.Addr) (netip.AddrPort, error) {
	var local syscall.Sockaddr = &syscall.SockaddrInet6{Addr: a.As16()}
	if a.Is4() {
		local = &syscall.SockaddrInet4{Addr: a.As4()}
	}
	if err := syscall.Bind(fd, local); err != nil {
		return netip.AddrPort{}, os.NewSyscallError("bind", err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		return netip.AddrPort{}, os.NewSyscallError("getsockname", err)
	}
	switch n := name.(type) {
	case *syscall.SockaddrInet4:
		return netip.AddrPortFrom(a, uint16(n.Port)), nil
	case *syscall.SockaddrInet6:
		return netip.AddrPortFrom(a, uint16(n.Port)), nil
	}
	return netip.AddrPort{}, fmt.Errorf("a socket of the address %s has a name of type %T", a, name)
}

// speakHTTP asks for what every process of ours answers on its HTTP ports.
func speakHTTP(_ context.Context, c net.Conn) error {
	if _, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: self\r\nConnection: close\r\n\r\n"); err != nil {
		return fmt.Errorf("call this process: %w", err)
	}
	answer, err := http.ReadResponse(bufio.NewReaderSize(c, 512), nil)
	if err != nil {
		return fmt.Errorf("hear this process: %w", err)
	}
	return answer.Body.Close()
}

// reserved are the addresses that our own calls come from. Nobody else can have one while we do.
type reserved struct {
	mu   sync.Mutex
	from map[netip.AddrPort]bool
}

func (r *reserved) expect(a netip.AddrPort) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.from == nil {
		r.from = map[netip.AddrPort]bool{}
	}
	r.from[a] = true
}

func (r *reserved) forgetPort(a netip.AddrPort) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.from, a)
}

func (r *reserved) forget(a net.Addr) { r.forgetPort(portOf(a)) }

func (r *reserved) has(c net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.from[portOf(c.RemoteAddr())]
}

func portOf(a net.Addr) netip.AddrPort {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return netip.AddrPortFrom(plain(tcp.AddrPort().Addr()), uint16(tcp.Port))
	}
	return netip.AddrPort{}
}
