package supervise_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/supervise"
)

func newGroup(t *testing.T) *supervise.Group {
	t.Helper()
	g, err := supervise.NewGroup(t.TempDir(), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(g.Stop)
	return g
}

func shell(script string) func(context.Context) (*exec.Cmd, error) {
	return func(context.Context) (*exec.Cmd, error) { return exec.Command("/bin/sh", "-c", script), nil }
}

func alive(pid int) bool {
	_, err := os.Stat(filepath.Join("/proc", strconv.Itoa(pid), "exe"))
	return err == nil
}

func eventually(t *testing.T, holds func() bool, what string) {
	t.Helper()
	require.Eventually(t, holds, time.Minute, 10*time.Millisecond, what)
}

func TestKilledChildIsStartedAgain(t *testing.T) {
	t.Parallel()
	g := newGroup(t)
	c, err := g.Start(supervise.Spec{Name: "sleeper", Command: shell("echo started; exec sleep 600")})
	require.NoError(t, err)
	first := c.Status().PID
	logged := func(want string) func() bool {
		return func() bool { text, err := os.ReadFile(c.Log()); return err == nil && string(text) == want }
	}
	eventually(t, logged("started\n"), "the first run's output")
	require.NoError(t, syscall.Kill(first, syscall.SIGKILL))
	eventually(t, func() bool { s := c.Status(); return s.Running && s.PID != first && s.Restarts == 1 }, "a second run")
	require.Contains(t, c.Status().Detail, "killed")
	eventually(t, logged("started\nstarted\n"), "the second run's output after the first's")
	g.Stop()
	require.False(t, alive(c.Status().PID))
}

func TestEachStartAsksForItsCommand(t *testing.T) {
	t.Parallel()
	g := newGroup(t)
	var asked atomic.Int64
	began := time.Now()
	c, err := g.Start(supervise.Spec{Name: "short", Command: func(context.Context) (*exec.Cmd, error) {
		if asked.Add(1) == 2 {
			return nil, errors.New("no token now")
		}
		return exec.Command("/bin/true"), nil
	}})
	require.NoError(t, err)
	eventually(t, func() bool { return asked.Load() >= 4 }, "further starts, also after one that failed")
	require.GreaterOrEqual(t, time.Since(began), 700*time.Millisecond, "pauses that grow: 0.1, 0.2 and 0.4 s")
	require.GreaterOrEqual(t, c.Status().Restarts, 2)
}

func TestFirstStartThatFailsIsAnError(t *testing.T) {
	t.Parallel()
	_, err := newGroup(t).Start(supervise.Spec{Name: "absent", Command: func(context.Context) (*exec.Cmd, error) {
		return exec.Command("/no/such/program"), nil
	}})
	require.Error(t, err)
}

func TestStubbornChildIsKilled(t *testing.T) {
	t.Parallel()
	g := newGroup(t)
	c, err := g.Start(supervise.Spec{Name: "stubborn", Grace: 50 * time.Millisecond, Command: shell("trap '' TERM; while :; do sleep 0.05; done")})
	require.NoError(t, err)
	g.Stop()
	require.False(t, alive(c.Status().PID))
	_, err = g.Start(supervise.Spec{Name: "late", Command: shell("true")})
	require.ErrorIs(t, err, supervise.ErrStopped)
}

func TestFolderHasOneOwner(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state")
	lock, err := supervise.LockFolder(dir)
	require.NoError(t, err)
	_, err = supervise.LockFolder(dir)
	require.ErrorIs(t, err, supervise.ErrInUse)
	require.ErrorContains(t, err, strconv.Itoa(os.Getpid()))
	require.NoError(t, lock.Unlock())
	lock, err = supervise.LockFolder(dir)
	require.NoError(t, err)
	require.NoError(t, lock.Unlock())
}

// TestAChildThatLeavesItsOutputOpenIsStartedAgain has it start something that goes on, as daemons do.
func TestAChildThatLeavesItsOutputOpenIsStartedAgain(t *testing.T) {
	t.Parallel()
	left := filepath.Join(t.TempDir(), "left")
	g := newGroup(t)
	c, err := g.Start(supervise.Spec{Name: "forking", Command: shell("sleep 600 & echo $! >> " + left + "; exit 3")})
	require.NoError(t, err)
	t.Cleanup(func() {
		g.Stop()
		text, err := os.ReadFile(left)
		require.NoError(t, err)
		for _, line := range strings.Fields(string(text)) {
			pid, err := strconv.Atoi(line)
			require.NoError(t, err)
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	eventually(t, func() bool { return c.Status().Restarts > 0 }, "a second run")
}

// TestHigherLayersEndFirst has a child look for the one that it needs while it is being stopped.
func TestHigherLayersEndFirst(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	g := newGroup(t)
	below, err := g.Start(supervise.Spec{Name: "below", Command: shell("exec sleep 600")})
	require.NoError(t, err)
	found, ready := filepath.Join(dir, "found"), filepath.Join(dir, "ready")
	script := "trap 'kill -0 " + strconv.Itoa(below.Status().PID) + " && touch " + found + "; exit' TERM; touch " + ready + "; while :; do sleep 0.05; done"
	_, err = g.Start(supervise.Spec{Name: "above", Layer: 1, Command: shell(script)})
	require.NoError(t, err)
	eventually(t, func() bool { _, err := os.Stat(ready); return err == nil }, "the trap")
	g.Stop()
	require.FileExists(t, found)
}

func TestChildrenInheritNoSecrets(t *testing.T) {
	for _, name := range []string{"FLUENT_TOKEN", "FLUENT_JOIN_TOKEN", "FLUENT_ADMIN_PASSWORD", "FLUENT_API_CLIENT_SECRET", "FLUENT_TOKENS", "FLUENT_REGION", "MY_TOKEN"} {
		t.Setenv(name, "x")
	}
	kept := supervise.Environ()
	for _, name := range []string{"FLUENT_TOKEN", "FLUENT_JOIN_TOKEN", "FLUENT_ADMIN_PASSWORD", "FLUENT_API_CLIENT_SECRET"} {
		require.NotContains(t, kept, name+"=x")
	}
	for _, name := range []string{"FLUENT_TOKENS", "FLUENT_REGION", "MY_TOKEN"} {
		require.Contains(t, kept, name+"=x")
	}
}
