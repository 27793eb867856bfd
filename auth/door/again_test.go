package door_test

import (
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
)

func TestAProcessListensWhereItListenedBefore(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "port")
	open := func() net.Listener {
		l, err := door.ListenAgain("127.0.0.1:0", file, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		return l
	}
	first := open()
	address := first.Addr().String()
	other := open()
	require.NotEqual(t, address, other.Addr().String(), "what is taken is left to whoever has it")
	address = other.Addr().String()
	require.NoError(t, other.Close())
	kept := 0
	for range 20 { // a port that is free may be taken by any process of the machine, but hardly each time
		again := open()
		if again.Addr().String() == address {
			kept++
		}
		address = again.Addr().String()
		require.NoError(t, again.Close())
	}
	require.Greater(t, kept, 10)
	require.NoError(t, first.Close())
	for _, spoilt := range []string{"", "0", "-1", "70000", "http"} {
		require.NoError(t, os.WriteFile(file, []byte(spoilt), 0o600))
		require.NoError(t, open().Close())
	}
	_, err := door.ListenAgain("127.0.0.1:0", filepath.Join(file, "x"), slog.New(slog.DiscardHandler))
	require.ErrorContains(t, err, "keep the port")
}
