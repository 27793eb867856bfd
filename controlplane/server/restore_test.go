package server_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/controlplane/state"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// TestABackupThatIsPutBackIsNoticed: nodes that followed the servers beyond the backup start over, even when the restored servers have gone
// further than they had been then.
func TestABackupThatIsPutBackIsNoticed(t *testing.T) {
	t.Parallel()
	cp := newTrio(t, quick)
	cp.makeEnvironment()
	node := startNode(t, cp, "n1")
	cp.await(cp.create("KEPT").GetOperation().GetId())
	cp.stopAll()
	backup := filepath.Join(t.TempDir(), "backup")
	require.NoError(t, os.CopyFS(backup, os.DirFS(filepath.Join(cp.dir, "cp2"))))

	cp.startAll()
	cp.await(cp.create("UNDONE").GetOperation().GetId())
	require.Eventually(t, func() bool { return node.get("account/UNDONE") != nil }, time.Minute, 10*time.Millisecond)
	cp.stopAll()
	node.mu.Lock()
	seen := node.index
	node.resets = nil
	node.hold = true // it is away until the restored servers have caught up with what it knows
	node.mu.Unlock()
	for _, p := range cp.peers {
		require.NoError(t, os.RemoveAll(filepath.Join(cp.dir, p.ID)))
		require.NoError(t, os.CopyFS(filepath.Join(cp.dir, p.ID), os.DirFS(backup)))
	}
	cp.startAll()
	other := startNode(t, cp, "n2")
	for name := 'A'; ; name++ {
		cp.await(cp.create("OTHER-" + string(name)).GetOperation().GetId())
		other.mu.Lock()
		further := other.index > seen
		other.mu.Unlock()
		if further {
			break
		}
	}
	node.mu.Lock()
	node.hold = false
	node.mu.Unlock()
	require.Eventually(t, func() bool { return node.get("account/OTHER-A") != nil && node.get("account/UNDONE") == nil }, time.Minute, 10*time.Millisecond)
	require.NotNil(t, node.get("account/KEPT"))
}

func (c *trio) stopAll() {
	for _, p := range c.peers {
		c.kill(p.ID)
	}
}

func (c *trio) startAll() {
	for _, p := range c.peers {
		c.start(p.ID)
	}
}

// TestAnUpgradeIsFinalisedByAll: a server that nobody can ask may be of the release before, which would have to stop at what comes then.
func TestAnUpgradeIsFinalisedByAll(t *testing.T) {
	t.Parallel()
	cp := newTrio(t, quick)
	finalise := func() (*cpv1.FinaliseUpgradeResponse, error) {
		return controlplanev1connect.NewClusterServiceClient(cp.operator()).FinaliseUpgrade(t.Context(), &cpv1.FinaliseUpgradeRequest{})
	}
	require.Equal(t, state.Schema, eventually(t, finalise).GetSchemaFloor())
	cp.kill("cp3")
	_, err := finalise()
	require.Equal(t, connect.CodeUnavailable, connect.CodeOf(err), "%v", err)
	cp.start("cp3")
	require.Equal(t, state.Schema, eventually(t, finalise).GetSchemaFloor())
}
