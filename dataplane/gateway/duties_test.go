package gateway_test

import (
	"context"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/gateway"
	"github.com/fluent-oms/fluent/dataplane/uplink/planetest"
)

// TestARunningGatewayLooksAfterItself: it calls its own ports, and looks how much memory it takes, from its start on.
func TestARunningGatewayLooksAfterItself(t *testing.T) {
	t.Parallel()
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(1 << 50) // a limit that nothing is near
	}
	plane, dir := planetest.New(t), t.TempDir()
	ctx, stop := context.WithCancel(context.Background())
	ended, ready := make(chan error, 1), make(chan struct{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	operators := l.Addr().String()
	require.NoError(t, l.Close())
	go func() {
		ended <- gateway.Run(ctx, gateway.Config{
			Listen: "127.0.0.1:0", Operators: operators, Dir: dir, ID: "g1", Servers: []string{plane.URL}, JoinToken: plane.Token, DrainTime: time.Minute,
		}, slog.New(slog.DiscardHandler), func(string) { close(ready) })
	}()
	defer func() {
		stop()
		require.NoError(t, <-ended)
	}()
	<-ready
	for _, name := range []string{"fluent_self_calls_total", "fluent_memory_used_bytes"} {
		require.Eventually(t, func() bool { return published(t, "http://"+operators+"/metrics", name) > 0 }, time.Minute, 10*time.Millisecond, name)
	}
}

// published reads a figure of those that a process tells Prometheus.
func published(t *testing.T, url, name string) float64 {
	res, err := http.Get(url)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	sum := 0.0
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			n, err := strconv.ParseFloat(strings.TrimSpace(rest), 64)
			require.NoError(t, err)
			sum += n
		}
	}
	return sum
}
