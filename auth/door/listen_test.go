package door_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
)

// patience is for what must happen on a busy machine at last.
const patience = time.Minute

// serve answers every request, on the connections that a listener takes.
func serve(t *testing.T, l net.Listener, times door.Times) {
	t.Helper()
	server := door.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }), times, true, quietLog())
	go func() { _ = server.Serve(l) }() // ends with Close
	t.Cleanup(func() { _ = server.Close() })
}

func listen(t *testing.T, port door.Port) *door.Listener {
	t.Helper()
	l, err := door.Listen("127.0.0.1:0", port)
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// connect opens a connection, from an address of the loopback.
func connect(t *testing.T, l net.Listener, from string) net.Conn {
	t.Helper()
	dialer := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(from), 0))}
	c, err := dialer.DialContext(t.Context(), "tcp", l.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	return c
}

// ask sends a request on a connection and reads the answer; nil when the connection has ended instead.
func ask(c net.Conn) *http.Response {
	_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return nil
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	return answer
}

// broken fails to accept with each error once before it works.
type broken struct {
	net.Listener
	errs chan error
}

func (b *broken) Accept() (net.Conn, error) {
	select {
	case err := <-b.errs:
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", err)}
	default:
		return b.Listener.Accept()
	}
}

func TestEveryErrorOfAcceptingIsOutlived(t *testing.T) {
	t.Parallel()
	errs := []error{
		syscall.ECONNABORTED, syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EPROTO, syscall.EPERM, syscall.EHOSTUNREACH,
		syscall.EINTR, os.ErrDeadlineExceeded,
	}
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	bad := &broken{Listener: inner, errs: make(chan error, len(errs))}
	for _, e := range errs {
		bad.errs <- e
	}
	l := door.New(bad, door.Port{Name: "test"})
	serve(t, l, door.StandardTimes())
	require.Equal(t, http.StatusOK, ask(connect(t, l, "127.0.0.1")).StatusCode)
	require.Empty(t, bad.errs)
	require.NoError(t, l.Close())
	_, err = l.Accept()
	require.ErrorIs(t, err, net.ErrClosed)
}

func TestAListenerEndsWithItsSocket(t *testing.T) {
	t.Parallel()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := door.New(inner, door.Port{Name: "test"})
	require.NoError(t, inner.Close())
	_, err = l.Accept()
	require.ErrorIs(t, err, net.ErrClosed)
	_, err = l.Accept()
	require.ErrorIs(t, err, net.ErrClosed, "and says so again")
}

func TestAFullPortTurnsTheNewestAway(t *testing.T) {
	t.Parallel()
	l := listen(t, door.Port{Name: "test", Limits: door.Limits{Connections: 3}, Refusal: door.Refusal(503, `{"code":"full"}`, "X-Full", "1")})
	serve(t, l, door.StandardTimes())
	var held []net.Conn
	for range 3 {
		c := connect(t, l, "127.0.0.1")
		require.Equal(t, http.StatusOK, ask(c).StatusCode)
		held = append(held, c)
	}
	for range 5 {
		refused := ask(connect(t, l, "127.0.0.1"))
		require.NotNil(t, refused)
		require.Equal(t, http.StatusServiceUnavailable, refused.StatusCode)
		require.Equal(t, "1", refused.Header.Get("X-Full"))
	}
	require.Equal(t, http.StatusOK, ask(held[0]).StatusCode, "who was there first is served")
	require.Equal(t, 3, door.Held(l))
	require.NoError(t, held[1].Close())
	require.Eventually(t, func() bool {
		answer := ask(connect(t, l, "127.0.0.1"))
		return answer != nil && answer.StatusCode == http.StatusOK
	}, patience, time.Millisecond, "a place that was left is given again")
	require.GreaterOrEqual(t, door.Shed(l, "full"), int64(5))
}

func TestOneAddressDoesNotGetAll(t *testing.T) {
	t.Parallel()
	proxies, err := door.ParseProxies("127.0.0.9")
	require.NoError(t, err)
	l := listen(t, door.Port{
		Name: "test", Limits: door.Limits{Connections: 100, PerAddress: 2}, Shared: door.Proxies{Networks: proxies}.Shared,
	})
	serve(t, l, door.StandardTimes())
	hold := func(from string) net.Conn {
		c := connect(t, l, from)
		if answer := ask(c); answer == nil {
			return nil
		}
		return c
	}
	first := hold("127.0.0.1")
	require.NotNil(t, first)
	require.NotNil(t, hold("127.0.0.1"))
	require.Nil(t, hold("127.0.0.1"), "a third one of the same address")
	require.NotNil(t, hold("127.0.0.2"), "another address")
	for range 5 {
		require.NotNil(t, hold("127.0.0.9"), "many clients come from a proxy's address")
	}
	require.NoError(t, first.Close())
	require.Eventually(t, func() bool { return hold("127.0.0.1") != nil }, patience, time.Millisecond)
	require.Positive(t, door.Shed(l, "address"))
	require.Zero(t, door.Shed(l, "full"))
}

func TestNothingIsRememberedOfAddressesThatHaveGone(t *testing.T) {
	t.Parallel()
	l := listen(t, door.Port{Name: "test", Limits: door.Limits{Connections: 100, PerAddress: 1}})
	serve(t, l, door.StandardTimes())
	var held []net.Conn
	for i := range 20 {
		from := fmt.Sprintf("127.0.1.%d", i+1)
		c := connect(t, l, from)
		require.NotNil(t, ask(c))
		require.Nil(t, ask(connect(t, l, from)))
		held = append(held, c)
	}
	require.Equal(t, 20, door.Callers(l))
	for _, c := range held {
		require.NoError(t, c.Close())
	}
	require.Eventually(t, func() bool { return door.Callers(l) == 0 }, patience, time.Millisecond)
	require.Zero(t, door.Held(l))
}

func TestPeersThatProveThemselvesDoNotCountForTheirAddress(t *testing.T) {
	t.Parallel()
	// A greeting of one byte: m is a peer of ours, anything else a stranger.
	greet := func(c net.Conn) (net.Conn, bool) {
		var first [1]byte
		if _, err := c.Read(first[:]); err != nil {
			return nil, false
		}
		return c, first[0] == 'm'
	}
	l := listen(t, door.Port{Name: "test", Limits: door.Limits{Connections: 1000, PerAddress: 2}, Greet: greet})
	serve(t, l, door.StandardTimes())
	come := func(as string) net.Conn {
		c := connect(t, l, "127.0.0.1")
		_, err := io.WriteString(c, as)
		require.NoError(t, err)
		if ask(c) == nil {
			_, err := c.Read(make([]byte, 1))
			require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "it was turned away and left open")
			return nil
		}
		return c
	}
	require.NotNil(t, come("x"))
	require.NotNil(t, come("x"))
	require.Nil(t, come("x"))
	for range 20 {
		require.NotNil(t, come("m"), "a peer from the address that is at its limit")
	}
	require.Nil(t, come("x"))

	// Who says nothing fills neither the port nor, for others, the room before it.
	for range 100 {
		connect(t, l, "127.0.0.1")
	}
	require.Eventually(t, func() bool { return door.Shed(l, "address") >= 90 }, patience, time.Millisecond)
	c := connect(t, l, "127.0.0.2")
	_, err := io.WriteString(c, "x")
	require.NoError(t, err)
	require.NotNil(t, ask(c), "another address is served")
}

func TestSilenceBeforeTheGreetingIsBounded(t *testing.T) {
	t.Parallel()
	greet := func(c net.Conn) (net.Conn, bool) {
		var first [1]byte
		if _, err := c.Read(first[:]); err != nil {
			return nil, false
		}
		return c, false
	}
	l := listen(t, door.Port{Name: "test", Limits: door.Limits{Connections: 80}, Greet: greet})
	serve(t, l, door.StandardTimes())
	for range 60 {
		connect(t, l, "127.0.0.1")
	}
	require.Eventually(t, func() bool { return door.Shed(l, "greeting") == 40 }, patience, time.Millisecond)
	require.Equal(t, 20, door.Held(l), "a quarter of the port, each with a goroutine that waits")
}

func TestIdleConnectionsAreClosed(t *testing.T) {
	t.Parallel()
	times := door.Times{Head: time.Second, Idle: 500 * time.Millisecond, Ping: time.Minute} // long enough for a request on a busy machine
	l := listen(t, door.Port{Name: "test"})
	serve(t, l, times)
	ended := func(c net.Conn) {
		_, err := io.Copy(io.Discard, c)
		require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "nobody closed the connection")
	}
	used := connect(t, l, "127.0.0.1")
	require.NotNil(t, ask(used))
	ended(used)
	ended(connect(t, l, "127.0.0.1")) // never said a word
	slow := connect(t, l, "127.0.0.1")
	_, err := io.WriteString(slow, "GET / HT")
	require.NoError(t, err)
	ended(slow)
	preface := connect(t, l, "127.0.0.1")
	_, err = io.WriteString(preface, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00") // and empty settings
	require.NoError(t, err)
	ended(preface)
	require.Eventually(t, func() bool { return door.Held(l) == 0 }, patience, time.Millisecond)
}

func TestStreamsUnderWayAreNotIdle(t *testing.T) {
	t.Parallel()
	l := listen(t, door.Port{Name: "test"})
	release := make(chan struct{})
	server := door.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).Flush()
		<-release
		_, _ = io.WriteString(w, "late")
	}), door.Times{Head: 400 * time.Millisecond, Idle: 400 * time.Millisecond, Ping: 400 * time.Millisecond}, true, quietLog())
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	for _, http2 := range []bool{false, true} {
		protocols := new(http.Protocols)
		protocols.SetHTTP1(!http2)
		protocols.SetUnencryptedHTTP2(http2)
		client := &http.Client{Transport: &http.Transport{Protocols: protocols}}
		answer, err := client.Get("http://" + l.Addr().String())
		require.NoError(t, err)
		if http2 {
			require.Equal(t, 2, answer.ProtoMajor)
		}
		// Idle connections that were opened after it and are gone by now show that more than the idle time has passed.
		for range 3 {
			c := connect(t, l, "127.0.0.1")
			_, _ = io.Copy(io.Discard, c)
		}
		release <- struct{}{}
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.Equal(t, "late", string(body))
		require.NoError(t, answer.Body.Close())
	}
}

// The child process of TestDescriptorsThatRanOutComeBack.
const childVariable = "FLUENT_DOOR_CHILD"

// TestMain lets the test binary be its own child.
func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		os.Exit(child())
	}
	os.Exit(m.Run())
}

// child serves with few descriptors and a port that would take many more, until its input ends. It is called by itself 200 times a second, and
// prints each change of what it thinks of that.
func child() int {
	few := syscall.Rlimit{Cur: 40, Max: 40}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
		fmt.Println(err)
		return 1
	}
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	l := door.New(inner, door.Port{Name: "test", Limits: door.Limits{Connections: 1000}})
	server := door.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hold" {
			fmt.Fprint(w, "held")
			return
		}
		fmt.Fprintf(w, "%d %d", door.Shed(l, "descriptors"), door.Faults(l))
	}), door.StandardTimes(), true, quietLog())
	go func() { _ = server.Serve(l) }()
	var rounds atomic.Int64
	self := door.NewSelfCall(door.StandardTimes(), quietLog(), func(string, bool) { rounds.Add(1) }).Add(l, nil)
	go func() {
		for {
			if err := self.Round(context.Background(), time.Second); err != nil {
				fmt.Println("stuck", err)
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	fmt.Println(l.Addr())
	in := bufio.NewScanner(os.Stdin)
	var eaten []*os.File
	for in.Scan() { // each line asks for the judgement after four more rounds
		switch in.Text() {
		case "eat": // what is left of the descriptors
			for f, err := os.Open(os.DevNull); err == nil; f, err = os.Open(os.DevNull) {
				eaten = append(eaten, f)
			}
		case "spit":
			for _, f := range eaten {
				_ = f.Close()
			}
		}
		for until := rounds.Load() + 4; rounds.Load() < until; time.Sleep(time.Millisecond) {
		}
		fmt.Printf("deaf %q\n", self.Deaf())
	}
	return 0
}

// TestDescriptorsThatRanOutComeBack fills a real process of 40 descriptors. Meanwhile who comes is turned away at once, the process still reaches
// itself and does not end; afterwards it serves as before.
func TestDescriptorsThatRanOutComeBack(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"=1")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	lines := bufio.NewScanner(out)
	line := func() string {
		require.True(t, lines.Scan(), "the process ended")
		return lines.Text()
	}
	judged := func(after string) string {
		_, err := io.WriteString(in, after+"\n")
		require.NoError(t, err)
		return line()
	}
	at := line()
	dial := func() net.Conn {
		c, err := net.Dial("tcp", at)
		require.NoError(t, err)
		require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
		return c
	}
	var held []net.Conn
	turnedAway := 0
	for turnedAway < 20 {
		c := dial()
		if ask(c) == nil {
			turnedAway++
			require.NoError(t, c.Close())
			continue
		}
		held = append(held, c)
		require.Less(t, len(held), 40)
	}
	require.Greater(t, len(held), 15)
	require.Equal(t, `deaf ""`, judged(""), "the last descriptors are for the process itself")
	require.Equal(t, `deaf ""`, judged("eat"), "and when it has used them, one for each side of its own calls is left")
	for range 20 {
		c := dial()
		require.Nil(t, ask(c), "turned away, and at once")
		require.NoError(t, c.Close())
	}
	require.NotNil(t, ask(held[0]), "who was there first is served")
	for _, c := range held {
		require.NoError(t, c.Close())
	}
	require.Eventually(t, func() bool {
		c := dial()
		defer func() { _ = c.Close() }()
		return ask(c) != nil
	}, patience, time.Millisecond, "it serves again")
	require.Equal(t, `deaf ""`, judged("spit"))
	answer, err := http.Get("http://" + at + "/")
	require.NoError(t, err)
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	figures := strings.Fields(string(body))
	require.Len(t, figures, 2)
	shed, err := strconv.Atoi(figures[0])
	require.NoError(t, err)
	require.GreaterOrEqual(t, shed, 40, "connections were turned away for want of descriptors")
	require.NotEqual(t, "0", figures[1], "accepting failed, too")
}
