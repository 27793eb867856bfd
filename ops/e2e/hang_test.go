package e2e_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/ops/apiclient"
)

// remark uploads the shop's order workflow as it is, which makes a new version of it.
func (f *faults) remark(t *testing.T) error {
	t.Helper()
	flow := f.shop.workflow(t, f.client)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	begin := time.Now()
	err := f.client.Do(ctx, http.MethodPut, "/api/v4.1/workflow", flow, nil)
	t.Logf("the upload of a workflow was answered after %v: %v", time.Since(begin).Round(time.Millisecond), err)
	return err
}

// leaderHangs: a leader that is stopped, and not dead, is left by its fellows, by nodes and by operators.
func (f *faults) leaderHangs(t *testing.T) {
	servers, err := f.stack.Processes("server")
	require.NoError(t, err)
	thaw := freeze(t, servers[leaderIndex(t, f.stack)].Pid)
	require.NoError(t, f.remark(t))
	begin := time.Now()
	made := f.console.account(t, "HANGING", "FIRST")
	t.Logf("an account was made after %v", time.Since(begin).Round(time.Millisecond))
	f.answers(t, made.credentials)
	thaw()
	f.awaitServers(t)
}

// controlPlaneHangs: orders flow, what needs the control plane is refused with a reason, and all is well when it goes on.
func (f *faults) controlPlaneHangs(t *testing.T) {
	servers, err := f.stack.Processes("server")
	require.NoError(t, err)
	var pids []int
	for _, s := range servers {
		pids = append(pids, s.Pid)
	}
	thaw := freeze(t, pids...)
	f.loader.awaitMore(t, 20)
	err = f.remark(t)
	var refused *apiclient.StatusError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, http.StatusServiceUnavailable, refused.Status)
	require.ErrorContains(t, err, "the control plane does not answer")
	f.loader.awaitMore(t, 20)
	thaw()
	f.awaitServers(t)
	require.EventuallyWithT(t, func(c *assert.CollectT) { require.NoError(c, f.remark(t)) }, time.Minute, 100*time.Millisecond)
	f.awaitNodes(t)
}

// folderIsLost: a node that can write nothing learns on, in memory, and says so until its folder is back.
func (f *faults) folderIsLost(t *testing.T) {
	folder := filepath.Join(f.stack.Options.Dir, "host", "nodes", "shared-1")
	require.NoError(t, os.Rename(folder, folder+".away"))
	back := func() error { return os.Rename(folder+".away", folder) }
	t.Cleanup(func() { _ = back() }) // unless it is back
	made := f.console.account(t, "DISKLESS", "FIRST")
	f.problem(t, "shared-1", "is not on disk")
	require.NoError(t, back())
	f.answers(t, made.credentials) // their addresses are in the folder
	f.problem(t, "shared-1", "")
	state, err := desired.Open(filepath.Join(folder, "desired"))
	require.NoError(t, err)
	require.NotNil(t, state.View().Account("DISKLESS"))
}

// nodeHangs: the other node takes the stopped one's slots over, and the stopped one, when it goes on, changes nothing that is not its any more.
func (f *faults) nodeHangs(t *testing.T) {
	conn := (&system{dsn: f.dsn(t)}).connect(t)
	owned := func(node string) (n int) {
		require.NoError(t, conn.QueryRow(context.Background(), `SELECT count(*) FROM slot_epochs WHERE owner = $1`, node).Scan(&n))
		return n
	}
	require.Eventually(t, func() bool { return owned("shared-1") > 0 && owned("shared-2") > 0 }, time.Minute, 50*time.Millisecond)
	thaw := freeze(t, f.process(t, "node", "shared-1"))
	require.Eventually(t, func() bool { return owned("shared-1") == 0 }, time.Minute, 50*time.Millisecond, "nobody takes its slots over")
	f.loader.awaitMore(t, 40)
	thaw()
	f.awaitNodes(t)
	require.Eventually(t, func() bool { return owned("shared-1") > 0 }, time.Minute, 50*time.Millisecond, "it gets no slots again")
	f.loader.awaitMore(t, 20)
}

// databaseHangs stops the database for longer than nodes renew their leases.
func (f *faults) databaseHangs(t *testing.T) {
	servers, err := f.stack.Processes("postgres")
	require.NoError(t, err)
	thaw := freeze(t, servers[0].Pid)
	time.Sleep(5 * time.Second) // the fault itself, not a wait for something
	thaw()
	f.loader.awaitMore(t, 40)
	f.awaitNodes(t)
}

// problem waits until operators see what a node says is wrong with it.
func (f *faults) problem(t *testing.T, node, says string) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		var now struct{ Problem string }
		require.NoError(c, json.Unmarshal([]byte(f.console.run(t, "", "node", "get", node, "-o", "json")), &now))
		if says == "" {
			require.Empty(c, now.Problem)
		}
		require.Contains(c, now.Problem, says)
	}, time.Minute, 50*time.Millisecond)
}
