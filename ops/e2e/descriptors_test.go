package e2e_test

import (
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/stack"
)

// descriptorsRunOut takes a node's and the leader's last descriptors, by connections, while orders flow. New connections are turned away, both
// stay the processes that they are, and once the connections are gone both serve as before.
func (f *faults) descriptorsRunOut(t *testing.T) {
	node := f.processOf(t, "node", "shared-1")
	leader := f.processes(t, "server")[leaderIndex(t, f.stack)]
	for _, victim := range []struct {
		process stack.Process
		address string
	}{
		{node, argument(t, node, "--listen")}, {leader, f.apiOf(t, leader)},
	} {
		f.starve(t, victim.process, victim.address)
	}
	f.awaitNodes(t)
	f.awaitServers(t)
	f.loader.awaitMore(t, 20)
	require.Equal(t, node.Pid, f.process(t, "node", "shared-1"), "the node is no other process")
	require.Equal(t, leader.Pid, f.process(t, "server", argument(t, leader, "--id")), "nor the server")
}

func (f *faults) starve(t *testing.T, p stack.Process, address string) {
	t.Helper()
	kept, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer func() { _ = kept.Close() }()
	_, _, err = stack.Ask(kept, "/healthz")
	require.NoError(t, err)
	end, err := stack.Starve(p.Pid, 5)
	require.NoError(t, err)
	flood := stack.NewFlood(address)
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		_, page, err := stack.Ask(kept, "/metrics")
		require.NoError(c, err)
		require.Contains(c, page, `reason="descriptors"}`)
		require.NotRegexp(c, `fluent_connections_shed_total\{port="(api|node)",reason="descriptors"\} 0`, page)
		_, turnedAway := flood.Counts()
		require.Greater(c, turnedAway, 50)
	}, patience, 100*time.Millisecond, "descriptors do not run out")
	f.loader.awaitMore(t, 20)
	held, turnedAway := flood.Counts()
	t.Logf("%s %s out of descriptors: %d connections held, %d turned away, orders flowed", p.Role(), address, held, turnedAway)
	flood.Stop()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		again, err := net.Dial("tcp", address)
		require.NoError(c, err)
		defer func() { _ = again.Close() }()
		status, _, err := stack.Ask(again, "/readyz")
		require.NoError(c, err)
		require.Equal(c, http.StatusOK, status)
	}, patience, 20*time.Millisecond, "it does not serve again, though descriptors are free")
	require.NoError(t, end())
}

func (f *faults) processes(t *testing.T, role string) []stack.Process {
	t.Helper()
	all, err := f.stack.Processes(role)
	require.NoError(t, err)
	return all
}

func (f *faults) processOf(t *testing.T, role, word string) stack.Process {
	t.Helper()
	all := f.processes(t, role)
	i := slices.IndexFunc(all, func(p stack.Process) bool { return slices.Contains(p.Command, word) })
	require.GreaterOrEqual(t, i, 0, "no process %s %s", role, word)
	return all[i]
}

// argument is the value of an option that a process was started with.
func argument(t *testing.T, p stack.Process, option string) string {
	t.Helper()
	i := slices.Index(p.Command, option)
	require.GreaterOrEqual(t, i, 0, "%v has no %s", p.Command, option)
	return p.Command[i+1]
}

// apiOf is the address of a server's API, which is among its peers: id=raft=api,…
func (f *faults) apiOf(t *testing.T, server stack.Process) string {
	t.Helper()
	for peer := range strings.SplitSeq(argument(t, server, "--peers"), ",") {
		if parts := strings.Split(peer, "="); parts[0] == argument(t, server, "--id") {
			return parts[2]
		}
	}
	require.Fail(t, "the server is not among its peers")
	return ""
}
