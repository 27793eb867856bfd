package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/stack"
)

// TestChildrenAreToldSecretsInConfidence reads what /proc shows of every process of a first start, when all of them join, and of the node of
// a host of its own: no token, no password, neither in arguments nor in the environment, though the parents have some in theirs.
func TestChildrenAreToldSecretsInConfidence(t *testing.T) {
	if testing.Short() {
		t.Skip("the end-to-end tests start the whole platform")
	}
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc")
	}
	const inherited = "fluent1.inherited"
	dir := filepath.Join(t.TempDir(), "state")
	up, err := stack.Start(context.Background(), stack.Options{Binary: binary, Dir: dir, Args: []string{"--demo=false"},
		Env: []string{"FLUENT_JOIN_TOKEN=" + inherited, "FLUENT_TOKEN=" + inherited}})
	require.NoError(t, err)
	t.Cleanup(func() {
		if err := up.Stop(); err != nil {
			t.Log(err)
		}
	})
	secrets := []string{"fluent1.", "_TOKEN=", up.Ready.Operator.Password}
	processes := readJSON[map[string]int](t, filepath.Join(dir, "processes.json"))
	require.GreaterOrEqual(t, len(processes), 7, "three servers, two nodes, a gateway and the database: %v", processes)
	for name, pid := range processes {
		for _, child := range append(childrenOf(t, pid), pid) {
			showsNone(t, fmt.Sprintf("%s (%d)", name, child), child, secrets)
		}
	}

	console := administrator(t, up)
	var invited struct{ Token string }
	require.NoError(t, json.Unmarshal([]byte(console.run(t, "", "node", "invite", "--kind", "host", "--region", "local", "--output", "json")), &invited))
	host := exec.Command(binary, "host", "--id", "second", "--dir", filepath.Join(dir, "second"), "--servers", strings.Join(up.Ready.ControlPlane, ","))
	host.Env = append(os.Environ(), "FLUENT_JOIN_TOKEN="+invited.Token)
	host.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(t, host.Start())
	t.Cleanup(func() {
		_ = host.Process.Signal(syscall.SIGTERM)
		_ = host.Wait() // it was told to end
	})
	require.Eventually(t, func() bool { return strings.Contains(console.run(t, "", "node", "hosts"), "second") }, time.Minute, 50*time.Millisecond, "the host did not join")
	console.run(t, "", "environment", "update", "shared", "--nodes", "3")
	nodes := func() (pids []int) { // a process is a copy of the host until it has become a node
		for _, child := range childrenOf(t, host.Process.Pid) {
			if raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", child)); err == nil && strings.HasPrefix(string(raw), binary+"\x00node\x00") {
				pids = append(pids, child)
			}
		}
		return pids
	}
	require.Eventually(t, func() bool { return len(nodes()) > 0 }, 2*time.Minute, 50*time.Millisecond, "the host starts no node")
	for _, child := range nodes() {
		showsNone(t, "the host's node", child, secrets)
	}
	require.Eventually(t, func() bool {
		var shared struct{ ReadyNodes int }
		return json.Unmarshal([]byte(console.run(t, "", "environment", "get", "shared", "--output", "json")), &shared) == nil && shared.ReadyNodes == 3
	}, 2*time.Minute, 200*time.Millisecond, "the token did not reach the node")
}

// showsNone reads a process's arguments and environment.
func showsNone(t *testing.T, name string, pid int, secrets []string) {
	t.Helper()
	for _, file := range []string{"cmdline", "environ"} {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
		if os.IsNotExist(err) {
			continue // a database's worker that has ended
		}
		require.NoError(t, err)
		shown := strings.ReplaceAll(string(raw), "\x00", "\n")
		for _, secret := range secrets {
			require.False(t, strings.Contains(shown, secret), "%s shows %.8s… in its %s", name, secret, file)
		}
	}
}

// childrenOf lists the processes that a process has started.
func childrenOf(t *testing.T, parent int) []int {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(t, err)
	var children []int
	for _, path := range all {
		raw, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(raw), ") ")
		fields := strings.Fields(rest)
		if len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			require.NoError(t, err)
			children = append(children, pid)
		}
	}
	slices.Sort(children)
	return children
}
