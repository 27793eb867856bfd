package door_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
)

// greeted is a port at which connections greet with a byte: m is a process of ours, b is turned away, all others are strangers. Two may be there
// of an address; many clients come from 127.0.0.9, which is a proxy.
func greeted(t *testing.T) (l *door.Listener, come func(from, as string) net.Conn) {
	t.Helper()
	proxies, err := door.ParseProxies("127.0.0.9")
	require.NoError(t, err)
	l = listen(t, door.Port{
		Name: "test", Limits: door.Limits{Connections: 1000, PerAddress: 2}, Shared: door.Proxies{Networks: proxies}.Shared,
		Greet: func(c net.Conn) (net.Conn, bool) {
			var first [1]byte
			if _, err := c.Read(first[:]); err != nil || first[0] == 'b' {
				return nil, false
			}
			return c, first[0] == 'm'
		},
	})
	serve(t, l, door.StandardTimes())
	return l, func(from, as string) net.Conn {
		c := connect(t, l, from)
		_, err := io.WriteString(c, as)
		require.NoError(t, err)
		if as == "" || ask(c) != nil {
			return c
		}
		_, err = c.Read(make([]byte, 1))
		require.Error(t, err)
		require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "it was turned away and left open")
		return nil
	}
}

// TestAddressesAreLimitedAfterTheirGreeting has connections of one address greet one after the other, so that only what is counted after the
// greeting can refuse them, with a proxy configured, whose address is nobody's.
func TestAddressesAreLimitedAfterTheirGreeting(t *testing.T) {
	t.Parallel()
	l, come := greeted(t)
	var silent []net.Conn
	for range 4 { // as many as may come to their greeting beyond the limit
		silent = append(silent, come("127.0.0.1", ""))
	}
	require.Eventually(t, func() bool { return door.Held(l) == 4 }, patience, time.Millisecond)
	first := come("127.0.0.1", "x")
	require.NotNil(t, first)
	require.NotNil(t, come("127.0.0.1", "x"))
	require.Zero(t, door.Shed(l, "address"))
	for i, c := range silent {
		_, err := io.WriteString(c, "x")
		require.NoError(t, err)
		require.Nil(t, ask(c), "it came when there was a place, and greets when there is none")
		require.EqualValues(t, i+1, door.Shed(l, "address"))
	}
	for range 10 {
		require.NotNil(t, come("127.0.0.9", "x"), "many clients come from a proxy's address")
		require.NotNil(t, come("127.0.0.1", "m"), "a process of ours")
	}
	for range 3 {
		require.Nil(t, come("127.0.0.1", "x"), "who was turned away leaves nothing to others")
	}
	require.NoError(t, first.Close())
	require.Eventually(t, func() bool { return come("127.0.0.1", "x") != nil }, patience, time.Millisecond)
	require.Nil(t, come("127.0.0.1", "x"), "one place was left")
	require.Eventually(t, func() bool { return door.Held(l) == 22 }, patience, time.Millisecond)
	require.Equal(t, 1, door.Callers(l), "neither the proxy's nor our own processes' are counted")
}

// TestProcessesOfOursLeaveWhatTheyNeverTook: a process of ours, from an address that is at its limit, goes.
func TestProcessesOfOursLeaveWhatTheyNeverTook(t *testing.T) {
	t.Parallel()
	l, come := greeted(t)
	require.NotNil(t, come("127.0.0.1", "x"))
	require.NotNil(t, come("127.0.0.1", "x"))
	for range 3 {
		require.NoError(t, come("127.0.0.1", "m").Close())
	}
	require.Eventually(t, func() bool { return door.Held(l) == 2 }, patience, time.Millisecond)
	require.Nil(t, come("127.0.0.1", "x"))
}

// TestWhoGreetsWronglyIsGone: his connection, and his place.
func TestWhoGreetsWronglyIsGone(t *testing.T) {
	t.Parallel()
	l, come := greeted(t)
	for range 20 {
		require.Nil(t, come("127.0.0.1", "b"))
	}
	require.Eventually(t, func() bool { return door.Held(l) == 0 && door.Callers(l) == 0 }, patience, time.Millisecond)
	require.NotNil(t, come("127.0.0.1", "x"))
}

// TestWithoutGreetingNobodyIsBeyond: where connections have nothing before them, the limit is the limit.
func TestWithoutGreetingNobodyIsBeyond(t *testing.T) {
	t.Parallel()
	l := listen(t, door.Port{Name: "test", Limits: door.Limits{Connections: 100, PerAddress: 2}})
	for range 5 { // nobody takes them
		connect(t, l, "127.0.0.1")
	}
	c, err := l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	c, err = l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	require.Eventually(t, func() bool { return door.Shed(l, "address") == 3 }, patience, time.Millisecond)
	require.Equal(t, 2, door.Held(l))
}

// TestAListenerThatEndsClosesWhatNobodyTook has a connection wait for somebody to take it.
func TestAListenerThatEndsClosesWhatNobodyTook(t *testing.T) {
	t.Parallel()
	l := listen(t, door.Port{Name: "test"})
	c := connect(t, l, "127.0.0.1")
	require.Eventually(t, func() bool { return door.Held(l) == 1 }, patience, time.Millisecond)
	require.NoError(t, l.Close())
	_, err := c.Read(make([]byte, 1))
	require.Error(t, err)
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded)
	require.Eventually(t, func() bool { return door.Held(l) == 0 }, patience, time.Millisecond)
}

// TestServersOfOurs: what all of them do with what comes before any handler.
func TestServersOfOurs(t *testing.T) {
	t.Parallel()
	l := listen(t, door.Port{Name: "test"})
	server := door.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			w.WriteHeader(http.StatusRequestTimeout)
			return
		}
		w.WriteHeader(http.StatusTeapot)
	}), door.Times{Head: patience, Idle: patience}, true, quietLog())
	go func() { _ = server.Serve(l) }() // ends with Close
	t.Cleanup(func() { _ = server.Close() })
	for raw, status := range map[string]int{
		"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n":                                       http.StatusTeapot, // no answer but the handler's
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody":                 http.StatusTeapot, // the time for a body has a default
		"GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 72<<10) + "\r\n\r\n": http.StatusRequestHeaderFieldsTooLarge,
	} {
		c := connect(t, l, "127.0.0.1")
		_, _ = io.WriteString(c, raw) // what is too long is not taken whole
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, status, answer.StatusCode, "%.60s", raw)
	}
}

// TestWhoHasGoneByTheEndOfItsGreetingHoldsNothing has greetings close their connections and give them back, as one that failed may.
func TestWhoHasGoneByTheEndOfItsGreetingHoldsNothing(t *testing.T) {
	t.Parallel()
	l := listen(t, door.Port{
		Name: "test", Limits: door.Limits{Connections: 100, PerAddress: 2}, Greet: func(c net.Conn) (net.Conn, bool) { _ = c.Close(); return c, false },
	})
	for range 20 {
		connect(t, l, "127.0.0.1")
		c, err := l.Accept()
		require.NoError(t, err)
		_, err = c.Read(make([]byte, 1))
		require.ErrorIs(t, err, net.ErrClosed)
	}
	require.Zero(t, door.Held(l))
	require.Zero(t, door.Callers(l))
}
