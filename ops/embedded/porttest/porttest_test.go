package porttest_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/embedded/porttest"
)

func TestAddressesDifferAndCanBeListenedOn(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 100 {
		address := porttest.Address(t)
		require.False(t, seen[address], address)
		seen[address] = true
		l, err := net.Listen("tcp", address)
		require.NoError(t, err)
		t.Cleanup(func() { _ = l.Close() })
		c, err := net.Dial("tcp", address)
		require.NoError(t, err)
		require.NoError(t, c.Close())
	}
}
