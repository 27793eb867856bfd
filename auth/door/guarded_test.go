package door_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
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

// counted notes how a connection is told of deadlines and written to.
type counted struct {
	net.Conn
	reads, writes, longest atomic.Int64
}

func (c *counted) SetReadDeadline(t time.Time) error {
	c.reads.Add(1)
	return c.Conn.SetReadDeadline(t)
}

func (c *counted) SetWriteDeadline(t time.Time) error {
	c.writes.Add(1)
	return c.Conn.SetWriteDeadline(t)
}

func (c *counted) Write(b []byte) (int, error) {
	c.longest.Store(max(c.longest.Load(), int64(len(b))))
	return c.Conn.Write(b)
}

// TestALongAnswerMayTakeLong has the other end take each 16 KiB in a little less than the patience for one of them, and then in a little more.
func TestALongAnswerMayTakeLong(t *testing.T) {
	t.Parallel()
	const patience = 30 * time.Second
	for name, c := range map[string]struct {
		pause time.Duration
		taken int64
	}{"in time": {patience - time.Second, 1 << 20}, "too late": {patience + time.Second, 16 << 10}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				inner := &counted{Conn: near}
				outer := door.Guard(inner, patience, func() {})
				written := make(chan error, 1)
				go func() {
					_, err := outer.Write(make([]byte, 1<<20))
					written <- errors.Join(err, outer.Close())
				}()
				part, got := make([]byte, 16<<10), int64(0)
				for {
					n, err := io.ReadFull(far, part)
					got += int64(n)
					if err != nil {
						break
					}
					time.Sleep(c.pause)
				}
				require.Equal(t, c.taken, got)
				require.EqualValues(t, 16<<10, inner.longest.Load())
				if err := <-written; c.taken < 1<<20 {
					require.ErrorIs(t, err, os.ErrDeadlineExceeded)
				} else {
					require.NoError(t, err)
				}
			})
		})
	}
}

// waiting is a read that is under way.
func waiting(c net.Conn) chan error {
	out := make(chan error, 1)
	go func() {
		_, err := c.Read(make([]byte, 10))
		out <- err
	}()
	return out
}

// TestDeadlinesOfReads moves one back and forth while somebody reads, and while nobody does.
func TestDeadlinesOfReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		c := door.Guard(near, time.Minute, func() {})
		began := time.Now()
		in := func(d time.Duration) time.Time { return began.Add(d) }
		ends := func(read chan error, at time.Duration) {
			t.Helper()
			require.ErrorIs(t, <-read, os.ErrDeadlineExceeded)
			require.Equal(t, at, time.Since(began))
		}
		require.NoError(t, c.SetReadDeadline(in(10*time.Second)))
		read := waiting(c)
		synctest.Wait()
		require.NoError(t, c.SetReadDeadline(in(20*time.Second)))
		ends(read, 20*time.Second)
		read = waiting(c)
		ends(read, 20*time.Second)
		require.NoError(t, c.SetDeadline(in(60*time.Second)))
		read = waiting(c)
		synctest.Wait()
		require.NoError(t, c.SetReadDeadline(in(30*time.Second)))
		ends(read, 30*time.Second)
		require.NoError(t, c.SetReadDeadline(time.Time{}))
		read = waiting(c)
		synctest.Wait()
		time.Sleep(time.Hour)
		require.NoError(t, c.SetReadDeadline(time.Unix(1, 0)))
		ends(read, time.Hour+30*time.Second)
		require.NoError(t, c.SetReadDeadline(time.Time{}))
		read = waiting(c)
		time.Sleep(time.Hour)
		_, err := far.Write([]byte("x"))
		require.NoError(t, err)
		require.NoError(t, <-read)
		require.NoError(t, c.Close())
	})
}

// TestAConnectionIsToldOfFewDeadlines sends requests with bodies over one connection. For each a server sets some ten deadlines of reads and two of
// writes; the connection hears of the one that ends the server's watch for a caller who hangs up, and of the first after it.
func TestAConnectionIsToldOfFewDeadlines(t *testing.T) {
	t.Parallel()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	far, err := net.Dial("tcp", inner.Addr().String())
	require.NoError(t, err)
	near, err := inner.Accept()
	require.NoError(t, err)
	c, conns := &counted{Conn: near}, make(chan net.Conn, 1)
	conns <- c
	l := door.New(&onlyOne{inner, conns}, door.Port{Name: "test"})
	bodies := door.NewBodies(door.BodyLimits{})
	server := door.NewServer(bodies.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })), door.StandardTimes(), false, quietLog())
	go func() { _ = server.Serve(l) }() // ends with Close
	t.Cleanup(func() { close(conns); _ = server.Close(); _ = far.Close() })
	const requests = 100
	answers := bufio.NewReader(far)
	for range requests {
		_, err := io.WriteString(far, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
		require.NoError(t, err)
		res, err := http.ReadResponse(answers, nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, res.StatusCode)
	}
	require.LessOrEqual(t, c.reads.Load(), int64(3*requests))
	require.LessOrEqual(t, c.writes.Load(), int64(2))
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
