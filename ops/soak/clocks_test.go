//go:build soak

package soak_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/apiclient"
	"github.com/fluent-oms/fluent/ops/embedded"
	"github.com/fluent-oms/fluent/ops/stack"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// clocks is a platform whose processes have wall clocks that can be set, each by itself, while they run.
type clocks struct {
	disks
	folder string
}

// TestClockJumps sets the clock of a node, of the leader, of everything, and of the database's machine an hour forward and an hour back under a load
// of orders. None is lost, none is there twice; new accounts are made, tokens work, processes trust each other, before and after.
func TestClockJumps(t *testing.T) {
	c := startClocks(t, "auto")
	c.load(t)
	before := c.processes(t)
	for _, part := range []struct {
		name string
		who  func(t *testing.T) []string
	}{
		{"a node", func(*testing.T) []string { return []string{"shared-1"} }},
		{"the gateway", func(*testing.T) []string { return []string{"gateway"} }},
		{"the leader", func(t *testing.T) []string { return []string{c.status(t).GetLeaderId()} }},
		{"a follower", func(t *testing.T) []string { return []string{c.follower(t)} }},
	} {
		t.Run(part.name, func(t *testing.T) {
			who := part.who(t)
			for _, by := range []time.Duration{time.Hour, 0, -time.Hour, 0} {
				for _, id := range who {
					c.set(t, id, by)
				}
				c.works(t, part.name+" at "+by.String())
				time.Sleep(dwell)
				c.works(t, part.name+" at "+by.String()+", later")
			}
		})
	}
	require.Equal(t, before, c.processes(t), "no process was started again")
	t.Run("a node that starts", c.starts)
	c.sh.audit(t)
}

// dwell is longer than a lease, so that all that is renewed is renewed by a clock that is off.
const dwell = 8 * time.Second

// starts kills a node whose clock is an hour off, either way: it makes all its connections anew, by certificates that were signed by other clocks.
func (c *clocks) starts(t *testing.T) {
	for _, by := range []time.Duration{time.Hour, -time.Hour, 0} {
		c.set(t, "shared-1", by)
		nodes, err := c.stack.Processes("node")
		require.NoError(t, err)
		i := slices.IndexFunc(nodes, func(p stack.Process) bool { return slices.Contains(p.Command, "shared-1") })
		require.GreaterOrEqual(t, i, 0)
		_, err = c.stack.Kill("node", i)
		require.NoError(t, err)
		time.Sleep(dwell) // its leases have gone to the other one, or back to it
		require.Eventually(t, func() bool { state, _ := c.node(t, "shared-1"); return state == cpv1.NodeState_NODE_STATE_READY }, patience, 100*time.Millisecond)
		c.works(t, "a node that starts at "+by.String())
	}
}

// TestTheDatabasesClockJumps does the same to PostgreSQL, by libfaketime.
func TestTheDatabasesClockJumps(t *testing.T) {
	library := faketime(t)
	dir, err := os.MkdirTemp("/tmp", "fluent-time-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755))
	offset := filepath.Join(dir, "offset")
	set := func(value string) {
		require.NoError(t, os.WriteFile(offset+".new", []byte(value+"\n"), 0o644))
		require.NoError(t, os.Rename(offset+".new", offset))
	}
	set("+0")
	server, err := embedded.Start(t.Context(), embedded.Config{Engine: disguised(t, dir, library, offset), Dir: filepath.Join(dir, "db"), Volatile: true})
	require.NoError(t, err)
	t.Cleanup(server.Stop)
	require.NoError(t, server.CreateDatabase(t.Context(), "fluent"))
	c := startClocks(t, server.DSN("fluent"))
	c.load(t)
	conn, err := pgx.Connect(t.Context(), server.DSN("fluent"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	for _, by := range []string{"+3600", "+0", "-3600", "+0"} {
		set(by)
		seconds, err := strconv.Atoi(by)
		require.NoError(t, err)
		require.Eventually(t, func() bool {
			var off float64
			require.NoError(t, conn.QueryRow(t.Context(), `SELECT extract(epoch FROM clock_timestamp() - $1::TIMESTAMPTZ)::FLOAT8`, time.Now()).Scan(&off))
			return math.Abs(off-float64(seconds)) < 30
		}, patience, time.Second, "the database's clock does not jump to %s", by)
		c.works(t, "the database at "+by)
		time.Sleep(70 * time.Second) // until all nodes have asked it for its time
		c.works(t, "the database at "+by+", later")
	}
	c.sh.audit(t)
}

// works: orders flow, also from a client that logs in anew, an account can be made and used, and every machine is READY.
func (c *clocks) works(t *testing.T, when string) {
	t.Helper()
	began := time.Now()
	c.sh.flow(t, 20)
	name := "A" + strings.ToUpper(time.Now().Format("150405"))
	require.Eventually(t, func() bool {
		err := c.create(t.Context(), name)
		return err == nil || strings.Contains(err.Error(), "already_exists")
	}, patience, time.Second, "an account can be made with %s", when)
	require.Eventually(t, func() bool { return c.use(t.Context(), name) == nil }, patience, 100*time.Millisecond, "its token works with %s", when)
	fresh := c.stack.Client()
	require.Eventually(t, func() bool {
		return fresh.GraphQL(t.Context(), `{ orders(first: 1) { edges { node { id } } } }`, nil, nil) == nil
	}, patience, 100*time.Millisecond)
	t.Logf("%s: works after %v; %d orders", when, time.Since(began).Round(100*time.Millisecond), c.sh.soFar())
}

func startClocks(t *testing.T, database string) *clocks {
	c := &clocks{folder: t.TempDir()}
	for _, id := range []string{"cp1", "cp2", "cp3", "shared-1", "shared-2", "gateway"} {
		c.set(t, id, 0)
	}
	s, err := stack.Start(context.Background(), stack.Options{
		Binary: jumping(t), Dir: filepath.Join(t.TempDir(), "up"), Database: database, Env: []string{"FLUENT_TEST_CLOCKS=" + c.folder},
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop()) })
	c.crowd = crowd{t: t, stack: s, clients: map[string]*apiclient.Client{}, accounts: controlplanev1connect.NewAccountServiceClient(signIn(t, s))}
	return c
}

// set sets the wall clock of a process off by so much.
func (c *clocks) set(t *testing.T, id string, by time.Duration) {
	file, err := os.OpenFile(filepath.Join(c.folder, id), os.O_CREATE|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	_, err = file.WriteAt(binary.NativeEndian.AppendUint64(nil, uint64(int64(by/time.Second))), 0)
	require.NoError(t, err)
	require.NoError(t, file.Close())
}

// jumping builds the program with a wall clock that jumps: the time package of the Go distribution, as a build overlay, adds to what it reads what
// a file says (jump/clock.go.txt). So every use of the wall clock jumps, those in libraries among them, and no seam is in the program itself.
func jumping(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	require.NoError(t, err)
	source := filepath.Join(strings.TrimSpace(string(root)), "src", "time", "time.go")
	text, err := os.ReadFile(source)
	require.NoError(t, err)
	const reads = "func Now() Time {\n\tsec, nsec, mono := runtimeNow()\n"
	require.Equal(t, 1, strings.Count(string(text), reads), "time.Now of this Go reads the clock in another way: mend the overlay")
	changed := filepath.Join(dir, "time.go")
	require.NoError(t, os.WriteFile(changed, []byte(strings.Replace(string(text), reads, reads+"\tsec += jump()\n", 1)), 0o600))
	added, err := filepath.Abs("jump/clock.go.txt")
	require.NoError(t, err)
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{source: changed, filepath.Join(filepath.Dir(source), "jump.go"): added}})
	require.NoError(t, err)
	list := filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(list, overlay, 0o600))
	program := filepath.Join(dir, "fluent")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-overlay", list, "-o", program, "github.com/fluent-oms/fluent")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return program
}

// faketime finds the library, or skips the test.
func faketime(t *testing.T) string {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/*/faketime/libfaketime.so.1")
	require.NoError(t, err)
	if len(found) == 0 {
		t.Skip("libfaketime is not installed: apt-get install faketime")
	}
	return found[0]
}

// disguised is PostgreSQL whose server starts with a clock that a file says: a folder of links to its programs, and a script for the server itself.
func disguised(t *testing.T, dir, library, offset string) embedded.Engine {
	t.Helper()
	engine, err := embedded.FindKind(embedded.Postgres)
	require.NoError(t, err)
	program, err := filepath.EvalSymlinks(engine.Program)
	require.NoError(t, err)
	folder := filepath.Join(dir, "bin")
	require.NoError(t, os.MkdirAll(folder, 0o755))
	entries, err := os.ReadDir(filepath.Dir(program))
	require.NoError(t, err)
	for _, e := range entries {
		if e.Name() != filepath.Base(program) {
			require.NoError(t, os.Symlink(filepath.Join(filepath.Dir(program), e.Name()), filepath.Join(folder, e.Name())))
		}
	}
	script := "#!/bin/sh\nexport LD_PRELOAD=" + library + " FAKETIME_TIMESTAMP_FILE=" + offset + " FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1\nexec " + program + " \"$@\"\n"
	engine.Program = filepath.Join(folder, filepath.Base(program))
	require.NoError(t, os.WriteFile(engine.Program, []byte(script), 0o755))
	return engine
}
