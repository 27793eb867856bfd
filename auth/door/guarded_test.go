package door_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
)

// TestWhoDoesNotReadLosesHisPlace: a client sends requests on and on and takes no answer, or one answer that is longer than the kernel holds.
func TestWhoDoesNotReadLosesHisPlace(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		requests, answer int
	}{"many small answers": {20_000, 2 << 10}, "a long one": {1, 64 << 20}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := listen(t, door.Port{Name: "test", Patience: 50 * time.Millisecond})
			var begun, ended atomic.Int64
			text := strings.Repeat("x", c.answer)
			server := door.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				begun.Add(1)
				defer ended.Add(1)
				_, _ = io.WriteString(w, text) // who does not hear it is the subject
			}), door.StandardTimes(), false, quietLog())
			go func() { _ = server.Serve(l) }() // ends with Close
			t.Cleanup(func() { _ = server.Close() })

			client := connect(t, l, "127.0.0.1")
			_, _ = io.WriteString(client, strings.Repeat("GET / HTTP/1.1\r\nHost: x\r\n\r\n", c.requests)) // breaks off where the server gives up
			require.Eventually(t, func() bool { return begun.Load() > 0 && door.Held(l) == 0 && begun.Load() == ended.Load() }, patience, time.Millisecond)
		})
	}
}

// counted notes how a connection is written to.
type counted struct {
	net.Conn
	deadlines, longest atomic.Int64
}

func (c *counted) SetWriteDeadline(t time.Time) error {
	c.deadlines.Add(1)
	return c.Conn.SetWriteDeadline(t)
}

func (c *counted) Write(b []byte) (int, error) {
	c.longest.Store(max(c.longest.Load(), int64(len(b))))
	return c.Conn.Write(b)
}

// onlyOne gives out one connection.
type onlyOne struct {
	net.Listener
	conns chan net.Conn
}

func (o *onlyOne) Accept() (net.Conn, error) {
	c, ok := <-o.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

// TestALongAnswerMayTakeLong: each 16 KiB have a deadline of their own.
func TestALongAnswerMayTakeLong(t *testing.T) {
	t.Parallel()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	near, far := net.Pipe()
	c, conns := &counted{Conn: near}, make(chan net.Conn, 1)
	conns <- c
	l := door.New(&onlyOne{inner, conns}, door.Port{Name: "test"})
	t.Cleanup(func() { close(conns); _ = l.Close() })
	accepted, err := l.Accept()
	require.NoError(t, err)
	go func() { // ends with the pipe
		_, _ = accepted.Write(make([]byte, 1<<20))
		_ = accepted.Close()
	}()
	got, err := io.Copy(io.Discard, far)
	require.NoError(t, err)
	require.EqualValues(t, 1<<20, got)
	require.EqualValues(t, 64, c.deadlines.Load())
	require.EqualValues(t, 16<<10, c.longest.Load())
}
