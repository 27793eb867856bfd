package debug_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/debug"
)

func TestNothingIsServedUnlessAskedFor(t *testing.T) {
	t.Setenv(debug.Variable, "")
	require.NoError(t, debug.Serve(t.Context(), "node"))
}

func TestProfilesAreServedOnASocket(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "dbg") // a socket's path has to be short
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	t.Setenv(debug.Variable, dir)
	require.NoError(t, debug.Serve(t.Context(), "node"))
	sockets, err := filepath.Glob(filepath.Join(dir, "node-*.sock"))
	require.NoError(t, err)
	require.Len(t, sockets, 1)
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", sockets[0])
	}}}
	res, err := client.Get("http://process/debug/pprof/goroutine?debug=1")
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusOK, res.StatusCode)
}
