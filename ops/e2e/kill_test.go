package e2e_test

import (
	"context"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestNothingIsLost kills each kind of process with SIGKILL, one after another, under a load of orders; then it counts. While all
// control-plane servers are down, orders must flow.
func TestNothingIsLost(t *testing.T) {
	f := startFragile(t)
	ctx, stop := context.WithCancel(context.Background())
	var loading sync.WaitGroup
	loading.Go(func() { f.loader.run(ctx, 4) })
	t.Cleanup(func() { stop(); loading.Wait() })
	f.loader.awaitMore(t, 50)

	for _, victim := range []struct{ name, role string }{
		{"a node", "node"}, {"the database", "postgres"}, {"the other node", "node"}, {"the gateway", "gateway"},
	} {
		pid, err := f.stack.Kill(victim.role, 0)
		require.NoError(t, err)
		t.Logf("killed %s (pid %d) after %d orders", victim.name, pid, f.loader.done())
		f.loader.awaitMore(t, 100)
	}
	f.killLeader(t)
	f.loader.awaitMore(t, 100)
	f.withoutControlPlane(t, 5*time.Second)

	stop()
	loading.Wait()
	t.Logf("%d orders acknowledged; refused or lost answers on the way: %v", f.loader.done(), f.loader.trouble)
	f.audit(t)
}

// killLeader kills the leader of the control plane.
func (f *fragile) killLeader(t *testing.T) {
	t.Helper()
	leader := leaderIndex(t, f.stack)
	pid, err := f.stack.Kill("server", leader)
	require.NoError(t, err)
	t.Logf("killed the control-plane leader (pid %d)", pid)
}

// withoutControlPlane keeps all control-plane servers dead for a while, and demands that orders flow meanwhile.
func (f *fragile) withoutControlPlane(t *testing.T, long time.Duration) {
	t.Helper()
	before := f.loader.done()
	began, flowed, killed := time.Now(), 0, 0
	for time.Since(began) < long || flowed <= 20 {
		require.Less(t, time.Since(began), patience, "orders must flow without a control plane")
		servers, err := f.stack.Processes("server")
		require.NoError(t, err)
		for _, s := range servers {
			if syscall.Kill(s.Pid, syscall.SIGKILL) == nil {
				killed++
			}
		}
		time.Sleep(10 * time.Millisecond)
		flowed = f.loader.done() - before
	}
	t.Logf("all control-plane servers were down for %v (%d kills): %d orders flowed", time.Since(began), killed, flowed)
}
