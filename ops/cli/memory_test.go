package cli

import (
	"log/slog"
	"math"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/memory"
)

// TestAHostAndItsNodesTakeOneShare: the agent and as many nodes as the host is for, four where nobody says, are no more than a host's share. It sets
// this process's limit, so it runs alone.
func TestAHostAndItsNodesTakeOneShare(t *testing.T) {
	before := memory.Limit()
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
	t.Setenv("GOMEMLIMIT", "")
	total, err := memory.Total()
	require.NoError(t, err)
	log := slog.New(slog.DiscardHandler)
	for _, c := range []struct {
		option   string
		capacity int32
		nodes    int64
		limit    float64
	}{{"", 0, 4, memory.HostShare * float64(total)}, {"", 1, 1, memory.HostShare * float64(total)}, {"2GiB", 6, 6, 2 << 30}, {"", 2, 2, memory.HostShare * float64(total)}} {
		m := &memoryLimit{}
		if c.option != "" {
			require.NoError(t, m.option.Set(c.option))
		}
		each, err := strconv.ParseInt(strings.TrimSuffix(m.divide(log, c.capacity), "B"), 10, 64)
		require.NoError(t, err)
		together := float64(memory.Limit() + c.nodes*each)
		require.LessOrEqual(t, together, c.limit+1, "%+v", c)
		require.Greater(t, together, 0.98*c.limit, "%+v", c)
		require.Greater(t, each, memory.Limit(), "a node takes more than its agent")
		require.NoError(t, new(memory.Option).Set(memory.Bytes(each)), "the nodes understand it")
	}
	t.Setenv("GOMEMLIMIT", "1GiB")
	debug.SetMemoryLimit(1 << 30)
	require.Empty(t, (&memoryLimit{}).divide(log, 2), "each reads it by itself")
	require.Equal(t, int64(1<<30), memory.Limit())
}

// TestEachProcessTakesItsShare: what a process says of itself is what holds for it, and what its option says goes before.
func TestEachProcessTakesItsShare(t *testing.T) {
	before := memory.Limit()
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
	t.Setenv("GOMEMLIMIT", "")
	total, err := memory.Total()
	require.NoError(t, err)
	log := slog.New(slog.DiscardHandler)
	(&memoryLimit{}).apply(log, memory.GatewayShare)
	require.InDelta(t, memory.GatewayShare*float64(total), memory.Limit(), 1)
	m := &memoryLimit{}
	require.NoError(t, m.option.Set("512MiB"))
	m.apply(log, memory.GatewayShare)
	require.Equal(t, int64(512<<20), memory.Limit())
	t.Setenv("GOMEMLIMIT", "off")
	debug.SetMemoryLimit(math.MaxInt64)
	(&memoryLimit{}).apply(log, memory.GatewayShare)
	require.Equal(t, int64(math.MaxInt64), memory.Limit(), "whoever turned it off meant it")
}
