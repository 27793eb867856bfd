package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/interceptor"
	"github.com/fluent-oms/fluent/ops/cli/remote"
	"github.com/fluent-oms/fluent/ops/embedded"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// TestAFullDatabaseDiskStopsWritesAlone fills the disk of a database under a load of orders: writes are answered with 503 and the reason, reads
// go on, nodes stay ready and say what is wrong, and once there is space all goes on without a restart. Nothing acknowledged is lost.
func TestAFullDatabaseDiskStopsWritesAlone(t *testing.T) {
	if testing.Short() {
		t.Skip("the end-to-end tests start the whole platform")
	}
	disk := smallDisk(t, "384m")
	database := startOn(t, disk)
	require.NoError(t, database.CreateDatabase(t.Context(), "fluent"))
	f := startFragileOn(t, database.DSN("fluent"))
	nodes, err := f.stack.Processes("node")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	var loading sync.WaitGroup
	loading.Go(func() { f.loader.run(ctx, 4) })
	t.Cleanup(func() { stop(); loading.Wait() })
	f.loader.awaitMore(t, 20)

	free := fill(t, disk)
	f.requireWriteRefused(t, "DATABASE_FULL")
	require.Eventually(t, func() bool { return f.problems(t) == 2 }, patience, 50*time.Millisecond, "both nodes are READY, and say what is wrong")
	var found struct{ Orders list[struct{ ID string }] }
	require.NoError(t, f.client.GraphQL(t.Context(), `{ orders(first: 5) { edges { node { id } } } }`, nil, &found), "reads go on")
	require.Len(t, found.Orders.nodes(), 5)

	free()
	f.loader.awaitMore(t, 20)
	require.Eventually(t, func() bool { return f.problems(t) == 0 }, patience, 50*time.Millisecond, "the nodes know that it is over")
	stop()
	loading.Wait()
	now, err := f.stack.Processes("node")
	require.NoError(t, err)
	require.Equal(t, nodes, now, "no node was started again")
	t.Logf("%d orders acknowledged; refused on the way: %v", f.loader.done(), f.loader.trouble)
	f.audit(t)
}

// smallDisk is a file system of its own, of a given size. It takes the right to mount one.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "fluent-disk-") // short, for the path of the database's socket
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755))
	err = syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=0755,size="+size)
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
		t.Skip("a small disk cannot be mounted: " + err.Error() + " (it takes root with CAP_SYS_ADMIN)")
	}
	require.NoError(t, err)
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// startOn starts a database whose tables lie on the small disk and whose log lies elsewhere: a server without space for its log stops, which is
// another story (docs/runbooks.md).
func startOn(t *testing.T, disk string) *embedded.Server {
	t.Helper()
	engine, err := embedded.FindKind(embedded.Postgres)
	require.NoError(t, err)
	config := embedded.Config{Engine: engine, Dir: filepath.Join(disk, "db"), Volatile: true, Settings: map[string]string{"autovacuum": "on"}}
	server, err := embedded.Start(t.Context(), config)
	require.NoError(t, err)
	server.Stop()
	elsewhere, err := os.MkdirTemp("/tmp", "fluent-wal-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(elsewhere) })
	require.NoError(t, os.Chmod(elsewhere, 0o755))
	log, data := filepath.Join(elsewhere, "wal"), filepath.Join(disk, "db", "data", "pg_wal")
	require.NoError(t, os.CopyFS(log, os.DirFS(data)))
	info, err := os.Stat(data)
	require.NoError(t, err)
	owner := info.Sys().(*syscall.Stat_t)
	require.NoError(t, filepath.Walk(log, func(path string, entry os.FileInfo, err error) error {
		mode := os.FileMode(0o600)
		if err == nil && entry.IsDir() {
			mode = 0o700
		}
		return errors.Join(err, os.Chmod(path, mode), os.Chown(path, int(owner.Uid), int(owner.Gid)))
	}))
	require.NoError(t, os.RemoveAll(data))
	require.NoError(t, os.Symlink(log, data))
	server, err = embedded.Start(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(server.Stop)
	return server
}

// fill takes all the space that is left on a disk until free is called.
func fill(t *testing.T, disk string) (free func()) {
	t.Helper()
	path := filepath.Join(disk, "filler")
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

// requireWriteRefused places orders by bare HTTP until one is refused, and looks at the answer.
func (f *fragile) requireWriteRefused(t *testing.T, reason string) {
	t.Helper()
	token, err := f.client.Token(t.Context())
	require.NoError(t, err)
	n := int64(1 << 30)
	var status int
	var answer []byte
	require.Eventually(t, func() bool {
		n++
		body, err := json.Marshal(map[string]any{"query": placeOrder, "variables": map[string]any{"input": f.loader.order(n, "F-"+time.Now().Format("150405.000000"))}})
		require.NoError(t, err)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.stack.Ready.Gateway+"/graphql", bytes.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer res.Body.Close()
		answer, err = io.ReadAll(res.Body)
		require.NoError(t, err)
		status = res.StatusCode
		return bytes.Contains(answer, []byte("errors"))
	}, patience, 10*time.Millisecond)
	require.Equal(t, http.StatusServiceUnavailable, status, "%s", answer)
	var problem struct {
		Errors []struct {
			Message    string
			Extensions struct {
				Code string
				Meta map[string]string
			}
		}
	}
	require.NoError(t, json.Unmarshal(answer, &problem), "%s", answer)
	require.Len(t, problem.Errors, 1)
	require.Equal(t, "S0002E", problem.Errors[0].Extensions.Code, "%s", answer)
	require.Equal(t, reason, problem.Errors[0].Extensions.Meta["reason"], "%s", answer)
	require.Contains(t, problem.Errors[0].Message, "disk is full")
}

// problems is how many nodes are READY and say that their database is full; -1 if one is not READY.
func (f *fragile) problems(t *testing.T) (n int) {
	t.Helper()
	transport := remote.NewTransport(remote.HTTPClient(), f.stack.Ready.ControlPlane)
	session, err := controlplanev1connect.NewAuthServiceClient(connect.NewClient(transport)).
		Login(t.Context(), &cpv1.LoginRequest{Username: f.stack.Ready.Operator.Username, Password: f.stack.Ready.Operator.Password})
	require.NoError(t, err)
	bearer := func(context.Context) (string, error) { return session.GetAccessToken(), nil }
	list, err := controlplanev1connect.NewNodeAdminServiceClient(connect.NewClient(transport, interceptor.Bearer(bearer))).ListNodes(t.Context(), &cpv1.ListNodesRequest{})
	require.NoError(t, err)
	for _, node := range list.GetNodes() {
		if node.GetState() != cpv1.NodeState_NODE_STATE_READY {
			return -1
		}
		if strings.HasPrefix(node.GetProblem(), "DATABASE_FULL: ") {
			n++
		}
	}
	return n
}
