package trust_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/auth/trust/trusttest"
)

// TestProcessesOfTheClusterDoNotCountForTheirAddress fills the places of the loopback's address with strangers, and comes from there with and
// without a certificate of the cluster.
func TestProcessesOfTheClusterDoNotCountForTheirAddress(t *testing.T) {
	t.Parallel()
	cluster, other := trusttest.New(t, "one"), trusttest.New(t, "two")
	server := cluster.Server("cp1")
	port := trust.Listen(trusttest.Listen(t), server.Open(nil), door.Port{Name: "test", Limits: door.Limits{Connections: 1000, PerAddress: 2}})
	web := &http.Server{Handler: http.HandlerFunc(whoami), ReadHeaderTimeout: time.Minute}
	t.Cleanup(func() { _ = web.Close() })
	go func() { _ = web.Serve(port) }()
	// come says whether a connection, which stays open, is answered.
	come := func(config *tls.Config) bool {
		raw, err := net.Dial("tcp", port.Addr().String())
		require.NoError(t, err)
		t.Cleanup(func() { _ = raw.Close() })
		require.NoError(t, raw.SetDeadline(time.Now().Add(time.Minute)))
		c := raw
		if config != nil {
			c = tls.Client(raw, config)
		}
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		n, _ := c.Read(make([]byte, 1))
		return n == 1
	}
	node := cluster.Party(cluster.Identity(trust.NodeKind, "n1")).Client(trust.Anybody)
	stranger := &tls.Config{InsecureSkipVerify: true}
	foreign := other.Join(t.TempDir(), other.Identity(trust.NodeKind, "n1"), time.Now()).Party()
	foreign.Cluster, foreign.Roots = server.Cluster, server.Roots // it would trust the server

	require.True(t, come(nil))
	require.True(t, come(stranger))
	require.False(t, come(nil), "a third one in the clear")
	require.False(t, come(stranger), "a third one by TLS, without a certificate")
	require.False(t, come(foreign.Client(trust.Anybody)), "with a certificate of another cluster")
	for range 10 {
		require.True(t, come(node), "with a certificate of the cluster")
	}
	require.False(t, come(nil))
}

// watching notes the last deadline that was set for a connection.
type watching struct {
	net.Conn
	mu   sync.Mutex
	last time.Time
	set  int
}

func (w *watching) SetDeadline(at time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last, w.set = at, w.set+1
	return w.Conn.SetDeadline(at)
}

type watchedListener struct {
	net.Listener
	came chan *watching
}

func (l *watchedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	w := &watching{Conn: c}
	l.came <- w
	return w, nil
}

// TestTheGreetingsTimeEndsWithTheGreeting looks at connections that have greeted: whatever comes later has other bounds.
func TestTheGreetingsTimeEndsWithTheGreeting(t *testing.T) {
	t.Parallel()
	cluster := trusttest.New(t, "one")
	server := cluster.Server("cp1")
	inner := &watchedListener{Listener: trusttest.Listen(t), came: make(chan *watching, 1)}
	port := trust.Listen(inner, server.Open(nil), door.Port{Name: "test"})
	t.Cleanup(func() { _ = port.Close() })
	for _, secure := range []bool{false, true} {
		raw, err := net.Dial("tcp", port.Addr().String())
		require.NoError(t, err)
		t.Cleanup(func() { _ = raw.Close() })
		if secure {
			go func() { _ = tls.Client(raw, &tls.Config{InsecureSkipVerify: true}).HandshakeContext(t.Context()) }()
		} else {
			_, err = io.WriteString(raw, "G")
			require.NoError(t, err)
		}
		_, err = port.Accept()
		require.NoError(t, err)
		w := <-inner.came
		w.mu.Lock()
		require.GreaterOrEqual(t, w.set, 2)
		require.Zero(t, w.last, "by TLS: %v", secure)
		w.mu.Unlock()
	}
}
