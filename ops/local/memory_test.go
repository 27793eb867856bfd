package local

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/memory"
)

func TestTheProcessesOfAMachineShareItsMemory(t *testing.T) {
	t.Parallel()
	machine := float64(8 << 30)
	for _, c := range []struct{ servers, nodes int }{{3, 2}, {1, 1}, {7, 8}} {
		s := shares(int64(memory.Together*machine), c.servers, c.nodes)
		sum := s["up"] + s["gateway"] + int64(c.servers)*s["server"] + int64(c.nodes)*s["node"]
		require.LessOrEqual(t, sum, int64(memory.Together*machine), c)
		require.Greater(t, sum, int64(0.59*machine), c)
		require.Greater(t, s["node"], s["gateway"])
	}
	i := &Installation{memory: shares(4<<30, 3, 2)}
	args := i.limited([]string{"gateway", "--id", "gateway"})
	require.Equal(t, []string{"--memory-limit", memory.Bytes(i.memory["gateway"])}, args[3:])
	require.Equal(t, []string{"node"}, (&Installation{}).limited([]string{"node"}), "GOMEMLIMIT is the process's own affair")
}
