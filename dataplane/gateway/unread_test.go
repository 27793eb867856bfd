package gateway_test

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/gateway"
)

// TestWhoLeavesAnAnswerHalfReadLeavesNothingToOthers has a node send half of an answer and its caller hang up. The other half, which comes when
// the next caller has asked, is nobody's.
func TestWhoLeavesAnAnswerHalfReadLeavesNothingToOthers(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	require.NoError(t, l.(*net.TCPListener).SetDeadline(time.Now().Add(time.Minute)))
	b := setUp(t)
	b.peer(t, "a", l.Addr().String(), "READY")
	front := gateway.New(b.state, gateway.Settings{}, slog.New(slog.DiscardHandler))
	s := httptest.NewServer(front)
	t.Cleanup(s.Close)
	// asked is the node's end of a connection on which it has read a request.
	asked := func() net.Conn {
		c, err := l.Accept()
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		require.NoError(t, c.SetDeadline(time.Now().Add(time.Minute)))
		_, err = http.ReadRequest(bufio.NewReader(c))
		require.NoError(t, err)
		return c
	}
	// answers is a caller's end of a connection on which he has asked.
	answers := func() net.Conn {
		c, err := net.Dial("tcp", s.Listener.Addr().String())
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		require.NoError(t, c.SetDeadline(time.Now().Add(time.Minute)))
		_, err = io.WriteString(c, "GET /api/v4.1/event HTTP/1.1\r\nHost: acme.localhost\r\n\r\n")
		require.NoError(t, err)
		return c
	}
	leaves := answers()
	node := asked()
	_, err = io.WriteString(node, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
	require.NoError(t, err)
	res, err := http.ReadResponse(bufio.NewReader(leaves), nil)
	require.NoError(t, err)
	_, err = io.ReadFull(res.Body, make([]byte, 5))
	require.NoError(t, err)
	require.NoError(t, leaves.Close())
	require.Eventually(t, func() bool {
		inFlight, _ := front.Busy(l.Addr().String())
		return inFlight == 0
	}, time.Minute, time.Millisecond, "the gateway has noticed")
	next := answers()
	another := asked()
	_, _ = io.WriteString(node, "5\r\nother\r\n0\r\n\r\n") // fails where the gateway has closed
	_, err = io.WriteString(another, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nown")
	require.NoError(t, err)
	res, err = http.ReadResponse(bufio.NewReader(next), nil)
	require.NoError(t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, "own", string(body))
}
