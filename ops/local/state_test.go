package local

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// White box: what is kept is nobody's API, but has to outlive releases.

func TestSecondRunKeepsAddressesAndSecrets(t *testing.T) {
	t.Parallel()
	config := Config{Dir: t.TempDir(), Listen: "127.0.0.1:0", ControlPlanes: 3}
	first, err := openState(config)
	require.NoError(t, err)
	require.Len(t, first.Servers, 3)
	again, err := openState(config)
	require.NoError(t, err)
	require.Equal(t, first, again)

	st, err := os.Stat(filepath.Join(config.Dir, "installation.json"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), st.Mode().Perm())
}

func TestTakenAddressIsRefused(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	_, err = openState(Config{Dir: t.TempDir(), Listen: l.Addr().String(), ControlPlanes: 1})
	require.ErrorContains(t, err, "--listen")
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	require.NoError(t, Config{Listen: "127.0.0.1:0", ControlPlanes: 3, Nodes: 2}.Validate())
	err := Config{Listen: "nowhere", ControlPlanes: 0, Nodes: 0}.Validate()
	for _, option := range []string{"--listen", "--control-planes", "--nodes"} {
		require.ErrorContains(t, err, option)
	}
}
