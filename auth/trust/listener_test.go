package trust_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
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
