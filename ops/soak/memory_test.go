//go:build soak

package soak_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/uplink/planetest"
	"github.com/fluent-oms/fluent/dataplane/workflows"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
)

// TestTenThousandIdleAccountsFit: a node's process and a gateway's hear of 10,000 accounts with the default workflows, and once they are at
// rest hold less than 400 MB each. The node's file then takes one change in one small write.
func TestTenThousandIdleAccountsFit(t *testing.T) {
	const accounts, most = 10_000, 400 << 20
	list, err := workflows.Default(1)
	require.NoError(t, err)
	var names []string
	for _, a := range list {
		names = append(names, a.Name)
	}
	plane := planetest.New(t)
	index := uint64(1000)
	plane.Say(planetest.Snapshot(index, planetest.Environment(dbtest.New(t)), planetest.Tenants(1, accounts, names)))
	dirs, pids := map[string]string{}, map[string]int{}
	for _, kind := range []string{"node", "gateway"} {
		dirs[kind] = t.TempDir()
		pids[kind] = machine(t, plane, kind, dirs[kind])
	}
	for kind := range pids {
		require.Eventually(t, func() bool {
			r := plane.LastReport(kind)
			return r.GetAppliedIndex() == index && (kind != "node" || r.GetState() == "READY")
		}, 5*time.Minute, 100*time.Millisecond, kind)
	}
	for kind, pid := range pids {
		t.Logf("%s: %d MB resident when it has heard of all", kind, resident(t, pid)>>20)
	}
	// The runtime collects at least every two minutes, and gives what it does not need back within some more.
	for kind, pid := range pids {
		require.Eventually(t, func() bool { return resident(t, pid) < most }, 6*time.Minute, time.Second, kind)
	}
	time.Sleep(3 * time.Minute)
	for kind, pid := range pids {
		now := resident(t, pid)
		t.Logf("%s: %d MB resident at rest", kind, now>>20)
		require.Less(t, now, most, kind)
	}

	size := func(kind string) int64 {
		info, err := os.Stat(filepath.Join(dirs[kind], "desired"))
		require.NoError(t, err)
		return info.Size()
	}
	before := size("node")
	plane.Say(planetest.Changes(index, planetest.Tenants(accounts+1, 1, names)))
	require.Eventually(t, func() bool { return plane.LastReport("node").GetAppliedIndex() == index+2 }, time.Minute, 20*time.Millisecond)
	t.Logf("the file has %d bytes; an account and its retailer took %d", before, size("node")-before)
	require.InDelta(t, 1<<10, size("node")-before, 1<<10)
}

// machine runs a node or gateway, built from this tree, until the test ends. Its name is its kind.
func machine(t *testing.T, plane *planetest.Plane, kind, dir string) (pid int) {
	t.Helper()
	binary, err := filepath.Abs("../../bin/fluent")
	require.NoError(t, err)
	cmd := exec.Command(binary, kind, "--id", kind, "--dir", dir, "--listen", "127.0.0.1:0", "--servers", plane.URL)
	cmd.Env = append(os.Environ(), "FLUENT_JOIN_TOKEN="+plane.Token)
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		require.NoError(t, cmd.Process.Signal(os.Interrupt))
		require.NoError(t, cmd.Wait())
	})
	return cmd.Process.Pid
}
