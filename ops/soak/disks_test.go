//go:build soak

package soak_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/ops/apiclient"
	"github.com/fluent-oms/fluent/ops/cli/remote"
	"github.com/fluent-oms/fluent/ops/stack"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// patience is how long anything may take that has to come about.
const patience = 2 * time.Minute

// disks is a platform each of whose processes keeps its folder on a small disk of its own.
type disks struct {
	crowd
	dir string
	sh  *orders
}

// TestFullDisksOfProcesses fills the disk of a node, of the gateway, of a follower and of the leader under a load of orders. Orders go on through
// all of it; what each process learnt meanwhile is there once there is space again, and none is started again.
func TestFullDisksOfProcesses(t *testing.T) {
	d := startOnDisks(t)
	d.load(t)
	before := d.processes(t)
	t.Run("a node's folder", func(t *testing.T) { d.machine(t, "host/nodes/shared-1", "shared-1", "NODEDISK") })
	t.Run("the gateway's folder", func(t *testing.T) { d.machine(t, "gateway", "gateway", "GATEDISK") })
	t.Run("a follower's log", func(t *testing.T) { d.server(t, d.follower(t), "FOLLOWERDISK") })
	t.Run("the leader's log", func(t *testing.T) {
		leader := d.status(t).GetLeaderId()
		d.server(t, leader, "LEADERDISK")
	})
	require.Equal(t, before, d.processes(t), "no process was started again")
	d.sh.flow(t, 20)
	d.sh.audit(t)
}

func startOnDisks(t *testing.T) *disks {
	binary, err := filepath.Abs("../../bin/fluent")
	require.NoError(t, err)
	d := &disks{dir: filepath.Join(t.TempDir(), "up")}
	for _, folder := range []string{"host/nodes/shared-1", "gateway", "controlplane/cp1", "controlplane/cp2", "controlplane/cp3"} {
		mount(t, filepath.Join(d.dir, folder), "48m")
	}
	s, err := stack.Start(context.Background(), stack.Options{Binary: binary, Dir: d.dir})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop()) })
	d.crowd = crowd{t: t, stack: s, clients: map[string]*apiclient.Client{}, accounts: controlplanev1connect.NewAccountServiceClient(signIn(t, s))}
	return d
}

func (d *disks) load(t *testing.T) {
	d.sh = placeOrders(t, d.stack, 4)
	d.sh.flow(t, 20)
}

// mount gives a folder a file system of its own. It takes the right to mount one.
func mount(t *testing.T, folder, size string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(folder, 0o700))
	err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "mode=0700,size="+size)
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
		t.Skip("a small disk cannot be mounted: " + err.Error() + " (it takes root with CAP_SYS_ADMIN)")
	}
	require.NoError(t, err)
	t.Cleanup(func() { _ = syscall.Unmount(folder, syscall.MNT_DETACH) })
}

// fill takes all the space that is left until free is called.
func fill(t *testing.T, folder string) (free func()) {
	t.Helper()
	path := filepath.Join(folder, "filler")
	file, err := os.Create(path)
	require.NoError(t, err)
	for size := 1 << 20; size >= 1; size /= 2 {
		for err = nil; err == nil; {
			_, err = file.Write(make([]byte, size))
		}
		require.ErrorIs(t, err, syscall.ENOSPC)
	}
	require.NoError(t, file.Close())
	free = sync.OnceFunc(func() { require.NoError(t, os.Remove(path)) })
	t.Cleanup(free)
	return free
}

// processes are all of the platform's own, by pid and command.
func (d *disks) processes(t *testing.T) (all []stack.Process) {
	for _, role := range []string{"server", "host", "node", "gateway"} {
		list, err := d.stack.Processes(role)
		require.NoError(t, err)
		all = append(all, list...)
	}
	return all
}

// TestADatabaseWithoutSpaceForItsLog fills the whole disk of the database, its log's too: PostgreSQL cannot run without that and stops, again each
// time that it is started. Once there is space it comes back by itself, and so does all else; what was acknowledged is there, once.
func TestADatabaseWithoutSpaceForItsLog(t *testing.T) {
	binary, err := filepath.Abs("../../bin/fluent")
	require.NoError(t, err)
	d := &disks{dir: filepath.Join(t.TempDir(), "up")}
	disk := filepath.Join(d.dir, "database")
	mount(t, disk, "640m")
	s, err := stack.Start(context.Background(), stack.Options{Binary: binary, Dir: d.dir})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop()) })
	d.crowd = crowd{t: t, stack: s, clients: map[string]*apiclient.Client{}}
	d.load(t)
	before := d.processes(t)
	server, err := s.Processes("postgres")
	require.NoError(t, err)
	free := fill(t, disk)
	state, err := desired.Open(filepath.Join(d.dir, "host", "nodes", "shared-1", "desired"))
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		if c, err := pgx.Connect(t.Context(), state.View().Environment().GetDatabaseUrl()); err == nil {
			_, _ = c.Exec(t.Context(), `SELECT pg_switch_wal()`) // else the log's present file would last for minutes
			_ = c.Close(t.Context())
		}
		now, err := s.Processes("postgres") // its own log is on that disk, and may not say
		require.NoError(t, err)
		return len(now) == 0 || now[0].Pid != server[0].Pid
	}, patience, 100*time.Millisecond, "the server stops for want of space")
	time.Sleep(10 * time.Second) // it is started in vain
	free()
	d.sh.flow(t, 20)
	require.Equal(t, before, d.processes(t), "none of ours was started again")
	d.sh.audit(t)
}

// machine fills a node's or the gateway's folder: it learns on in memory, says so, and writes what it learnt when there is space.
func (d *disks) machine(t *testing.T, folder, id, account string) {
	free := fill(t, filepath.Join(d.dir, folder))
	state, problem := d.node(t, id)
	for n := 0; !strings.Contains(problem, "is not on disk"); n++ { // the first ones may find room at the end of a block
		require.Less(t, n, 30, "it never says so: %q", problem)
		name := fmt.Sprintf("%s%d", account, n)
		require.NoError(t, d.create(t.Context(), name))
		require.Eventually(t, func() bool { return d.use(t.Context(), name) == nil }, patience, 50*time.Millisecond, "the new account can be used")
		time.Sleep(time.Second) // a report
		state, problem = d.node(t, id)
	}
	d.sh.flow(t, 20)
	require.Equal(t, cpv1.NodeState_NODE_STATE_READY, state)
	t.Logf("%s says: %s", id, problem)
	free()
	require.Eventually(t, func() bool { _, problem = d.node(t, id); return problem == "" }, patience, 100*time.Millisecond, "it is over: %s", problem)
}

func (d *disks) node(t *testing.T, id string) (cpv1.NodeState, string) {
	answer, err := controlplanev1connect.NewNodeAdminServiceClient(signIn(t, d.stack)).GetNode(t.Context(), &cpv1.GetNodeRequest{Id: id})
	require.NoError(t, err)
	return answer.GetNode().GetState(), answer.GetNode().GetProblem()
}

// server fills the folder of a control-plane server: the others go on, another one leads if it led, and it catches up when there is space.
func (d *disks) server(t *testing.T, id, account string) {
	free := fill(t, filepath.Join(d.dir, "controlplane", id))
	for n := 0; n < 3 || !d.logged(t, id, "no space left on device"); n++ { // the first ones may find room in the log
		require.Less(t, n, 60, "the server %s does not meet its full disk", id)
		name := fmt.Sprintf("%s%d", account, n)
		require.Eventually(t, func() bool {
			err := d.create(t.Context(), name)
			if err != nil {
				t.Logf("create %s: %v", name, err)
			}
			return err == nil || strings.Contains(err.Error(), "already_exists")
		}, patience, time.Second, "accounts are made without it")
	}
	require.NotEqual(t, id, d.status(t).GetLeaderId(), "one without space does not lead")
	d.sh.flow(t, 20)
	free()
	goal := d.status(t).GetAppliedIndex()
	require.Eventually(t, func() bool { return d.applied(t, id) >= goal }, patience, 200*time.Millisecond, "it has caught up: %d of %d", d.applied(t, id), goal)
}

// logged reports whether a process has said something in its log.
func (d *disks) logged(t *testing.T, id, text string) bool {
	files, err := filepath.Glob(filepath.Join(d.dir, "logs", id+"*"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		content, err := os.ReadFile(f)
		require.NoError(t, err)
		if strings.Contains(string(content), text) {
			return true
		}
	}
	return false
}

// applied is the index that a server itself says it has applied; 0 if it says nothing.
func (d *disks) applied(t *testing.T, id string) uint64 {
	var address string
	for _, m := range d.status(t).GetMembers() {
		if m.GetId() == id {
			address = m.GetApiAddress()
		}
	}
	for _, url := range d.stack.Ready.ControlPlane {
		if address != "" && strings.HasSuffix(url, address[strings.LastIndexByte(address, ':'):]) {
			address = url
		}
	}
	token := d.token(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+"/fluent.controlplane.v1.ClusterService/GetStatus", strings.NewReader("{}"))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Fluent-Consistency", "any")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	var status struct {
		AppliedIndex uint64 `json:"appliedIndex,string"`
	}
	if json.NewDecoder(res.Body).Decode(&status) != nil {
		return 0
	}
	return status.AppliedIndex
}

func (d *disks) token(t *testing.T) string {
	transport := remote.NewTransport(remote.HTTPClient(), d.stack.Ready.ControlPlane)
	answer, err := controlplanev1connect.NewAuthServiceClient(connect.NewClient(transport)).
		Login(context.Background(), &cpv1.LoginRequest{Username: d.stack.Ready.Operator.Username, Password: d.stack.Ready.Operator.Password})
	require.NoError(t, err)
	return answer.GetAccessToken()
}

// status asks until somebody leads.
func (d *disks) status(t *testing.T) (status *cpv1.GetStatusResponse) {
	t.Helper()
	require.Eventually(t, func() bool {
		var err error
		status, err = controlplanev1connect.NewClusterServiceClient(signIn(t, d.stack)).GetStatus(t.Context(), &cpv1.GetStatusRequest{})
		return err == nil && status.GetLeaderId() != ""
	}, patience, 100*time.Millisecond)
	return status
}

func (d *disks) follower(t *testing.T) string {
	leader := d.status(t).GetLeaderId()
	return []string{"cp1", "cp2", "cp3"}[slices.IndexFunc([]string{"cp1", "cp2", "cp3"}, func(id string) bool { return id != leader })]
}
