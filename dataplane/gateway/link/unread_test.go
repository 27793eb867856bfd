package link_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/gateway/link"
)

// rawNode is a node that answers byte for byte, on connections that the test sees.
type rawNode struct {
	t     *testing.T
	url   string
	conns chan *rawConn // as they come
}

// rawConn is a connection of a raw node.
type rawConn struct {
	net.Conn
	t *testing.T
	r *bufio.Reader
}

func newRawNode(t *testing.T) *rawNode {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	n := &rawNode{t: t, url: "http://" + l.Addr().String(), conns: make(chan *rawConn, 1000)}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = c.Close() })
			_ = c.SetDeadline(time.Now().Add(time.Minute))
			n.conns <- &rawConn{Conn: c, t: t, r: bufio.NewReader(c)}
		}
	}()
	return n
}

// hears reads a request on a connection and tells its path.
func (c *rawConn) hears() string {
	c.t.Helper()
	req, err := http.ReadRequest(c.r)
	require.NoError(c.t, err)
	_, err = io.Copy(io.Discard, req.Body)
	require.NoError(c.t, err)
	return req.URL.Path
}

func (c *rawConn) says(text string) {
	c.t.Helper()
	_, err := io.WriteString(c, text)
	require.NoError(c.t, err)
}

// ends waits until the other side has closed the connection.
func (c *rawConn) ends() {
	c.t.Helper()
	_, err := c.r.ReadByte()
	require.Error(c.t, err)
	require.NotErrorIs(c.t, err, os.ErrDeadlineExceeded, "nobody closed the connection")
}

// next tells what comes next on a connection: nothing but its end, or a request (then the error is nil).
func (c *rawConn) next() chan error {
	out := make(chan error, 1)
	go func() {
		_, err := http.ReadRequest(c.r)
		out <- err
	}()
	return out
}

// answer is what a request got.
type answer struct {
	res *http.Response
	err error
}

// get sends a request on its way.
func (n *rawNode) get(ctx context.Context, p *link.Pool, path string) chan answer {
	n.t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, n.url+path, nil)
	require.NoError(n.t, err)
	out := make(chan answer, 1)
	go func() {
		res, err := send(p, req)
		out <- answer{res, err}
	}()
	return out
}

// TestAConnectionWithAnUnreadAnswerIsNotUsedAgain has callers leave before the end of an answer, or at its end but with something behind it. What
// comes of that answer later would be the next caller's, who may be of another account.
func TestAConnectionWithAnUnreadAnswerIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		head, later string
		read        int  // so much the caller reads before he closes
		gives       bool // he gives up first
	}{
		"half of it has come":                 {head: "Content-Length: 10\r\n\r\nfirst", later: "other", read: 4},
		"half of it has come, all of it read": {head: "Content-Length: 10\r\n\r\nfirst", later: "other", read: 5, gives: true},
		"half of its chunks have come":        {head: "Transfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n", later: "5\r\nother\r\n0\r\n\r\n", read: 4},
		"all of it, and he gave up":           {head: "Content-Length: 5\r\n\r\nfirst", read: 5, gives: true},
		"all of it, and the node ends there":  {head: "Connection: close\r\nContent-Length: 5\r\n\r\nfirst", read: 5},
		"something behind it":                 {head: "Content-Length: 5\r\n\r\nfirstHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother", read: 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, p := newRawNode(t), link.New(time.Minute)
			ctx, give := context.WithCancel(t.Context())
			defer give()
			first := n.get(ctx, p, "/left")
			one := <-n.conns
			require.Equal(t, "/left", one.hears())
			one.says("HTTP/1.1 200 OK\r\n" + c.head)
			left := <-first
			require.NoError(t, left.err)
			_, err := io.ReadFull(left.res.Body, make([]byte, c.read))
			require.NoError(t, err)
			if c.gives {
				give()
			}
			_ = left.res.Body.Close() // says what closing the connection says
			ended := one.next()
			second := n.get(t.Context(), p, "/own")
			require.Error(t, <-ended, "it is used again")
			two := <-n.conns
			_, _ = io.WriteString(one, c.later) // nobody hears it
			require.Equal(t, "/own", two.hears())
			two.says("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nown")
			own := <-second
			require.NoError(t, own.err)
			body, err := io.ReadAll(own.res.Body)
			require.NoError(t, err)
			require.Equal(t, "own", string(body))
			require.NoError(t, own.res.Body.Close())
		})
	}
}

// TestClosingAnAnswerWaitsForNobody has a node stop in the middle of its answer, and the caller close it without giving up.
func TestClosingAnAnswerWaitsForNobody(t *testing.T) {
	t.Parallel()
	n, p := newRawNode(t), link.New(time.Hour)
	first := n.get(t.Context(), p, "/")
	c := <-n.conns
	c.hears()
	c.says("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
	got := <-first
	require.NoError(t, got.err)
	_, err := io.ReadFull(got.res.Body, make([]byte, 5))
	require.NoError(t, err)
	require.NoError(t, got.res.Body.Close())
	c.ends()
}

// TestAnswersWithoutABodyKeepTheirConnection: nobody reads them, so only their end tells that nothing comes.
func TestAnswersWithoutABodyKeepTheirConnection(t *testing.T) {
	t.Parallel()
	n, p := newRawNode(t), link.New(time.Minute)
	var c *rawConn
	for _, head := range []string{"204 No Content\r\n\r\n", "200 OK\r\nContent-Length: 0\r\n\r\n", "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "204 No Content\r\n\r\n"} {
		got := n.get(t.Context(), p, "/")
		if c == nil {
			c = <-n.conns
		}
		c.hears()
		c.says("HTTP/1.1 " + head)
		a := <-got
		require.NoError(t, a.err)
		require.NoError(t, a.res.Body.Close())
		require.NoError(t, a.res.Body.Close(), "once more: it is given back once only")
	}
	require.Empty(t, n.conns)
	one, other := n.get(t.Context(), p, "/"), n.get(t.Context(), p, "/")
	c.hears()
	(<-n.conns).says("HTTP/1.1 204 No Content\r\n\r\n")
	c.says("HTTP/1.1 204 No Content\r\n\r\n")
	require.NoError(t, (<-one).err)
	require.NoError(t, (<-other).err)
}

// TestHintsAreNoAnswers has a node say first that it goes on, and take longer for its answer than what is early may.
func TestHintsAreNoAnswers(t *testing.T) {
	t.Parallel()
	n, p := newRawNode(t), link.New(time.Minute)
	got := n.get(t.Context(), p, "/")
	c := <-n.conns
	c.hears()
	c.says("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")
	time.Sleep(2 * link.EarlyTime) // this is the node's work
	c.says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	a := <-got
	require.NoError(t, a.err)
	require.Equal(t, http.StatusOK, a.res.StatusCode)
}

// TestConnectionsThatFailedAreClosed: nonsense, silence, and a caller who gives up.
func TestConnectionsThatFailedAreClosed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		patience time.Duration
		says     string
		gives    bool
	}{
		"nonsense": {patience: time.Hour, says: "nonsense\r\n\r\n"}, "silence": {patience: 20 * time.Millisecond}, "given up": {patience: time.Hour, gives: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, p := newRawNode(t), link.New(c.patience)
			ctx, give := context.WithCancel(t.Context())
			defer give()
			got := n.get(ctx, p, "/")
			conn := <-n.conns
			conn.hears()
			if c.gives {
				give()
			}
			conn.says(c.says)
			require.Error(t, (<-got).err)
			conn.ends()
		})
	}
}
