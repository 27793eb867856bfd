package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/apiclient"
	"github.com/fluent-oms/fluent/ops/debug"
	"github.com/fluent-oms/fluent/ops/stack"
)

// faults is a platform that tests do bad things to, one after another, while orders are placed.
type faults struct {
	fragile
	debug    string          // folder in which processes are held
	operator *connect.Client // good for the stack's life
	console  *console
	shop     *tenant
	nodes    []*apiclient.Client // of the shop, past the gateway
}

// TestFaults: nothing that is worse than a kill loses or doubles anything. The parts share one platform, since starting it takes longer than
// most of them; each leaves it whole. At the end every order that was acknowledged is there once and the books agree.
func TestFaults(t *testing.T) {
	f := startFaults(t)
	t.Run("an account is made once though the leader dies at each step", f.leaderDiesAtEachStep)
	t.Run("an account is made once though its node dies", f.nodeDiesDuringAStep)
	ctx, stop := context.WithCancel(context.Background())
	var loading sync.WaitGroup
	loading.Go(func() { f.loader.run(ctx, 4) })
	t.Cleanup(func() { stop(); loading.Wait() })
	f.loader.awaitMore(t, 20)
	t.Run("a leader hangs", f.leaderHangs)
	t.Run("the control plane hangs", f.controlPlaneHangs)
	t.Run("a node cannot write its folder", f.folderIsLost)
	t.Run("a node and the leader run out of descriptors", f.descriptorsRunOut)
	t.Run("a node hangs for longer than its lease", f.nodeHangs)
	t.Run("the database hangs", f.databaseHangs)
	t.Run("an account is made once though the database dies", f.databaseDiesDuringAStep)
	f.loader.awaitMore(t, 20)
	stop()
	loading.Wait()
	t.Logf("%d orders acknowledged; refused or lost answers on the way: %v", f.loader.done(), f.loader.trouble)
	f.audit(t)
}

// skus is how many products the orders are spread over.
const skus = 20

func startFaults(t *testing.T) *faults {
	t.Helper()
	if testing.Short() {
		t.Skip("the end-to-end tests start the whole platform")
	}
	f := &faults{debug: filepath.Join(workspace, "debug")}
	require.NoError(t, os.MkdirAll(filepath.Join(f.debug, "hold"), 0o700))
	running, err := stack.Start(context.Background(), stack.Options{
		Binary: binary, Dir: filepath.Join(workspace, "faults"), Args: []string{"--demo=false"}, Env: []string{debug.Variable + "=" + f.debug},
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		if err := running.Stop(); err != nil {
			t.Log(err)
		}
	})
	f.stack, f.operator, f.console = running, operator(t, running), administrator(t, running)
	f.shop = f.console.account(t, "SHOP", "SHOP")
	f.account, f.client = f.shop.account, f.shop.client
	var rows []apiclient.StockRow
	for n := range skus {
		rows = append(rows, apiclient.StockRow{LocationRef: "SHOP", SkuRef: fmt.Sprintf("CUP%02d", n), Qty: 100_000})
	}
	f.shop.stock(t, rows...)
	customer := f.shop.shopper(t, "fay")
	f.loader = newLoader(f.client, func(n int64, ref string) map[string]any {
		return f.shop.newOrder(ref, customer, rows[n%skus].SkuRef, 1+int(n%2))
	})
	f.nodes = (&system{stack: running}).nodes(t, f.shop)
	return f
}

// hold makes servers stop before they commit a kind of command. held waits until one has done so and gives its pid; release lets go.
func (f *faults) hold(t *testing.T, kind string) {
	t.Helper()
	require.NoError(t, os.WriteFile(f.holdFile(kind), nil, 0o600))
}

func (f *faults) held(t *testing.T, kind string) (pid int) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		content, err := os.ReadFile(f.holdFile(kind))
		require.NoError(c, err)
		first, _, whole := strings.Cut(string(content), "\n")
		require.True(c, whole, "nobody is held")
		pid, err = strconv.Atoi(first)
		require.NoError(c, err)
	}, time.Minute, 5*time.Millisecond, "%s", kind)
	return pid
}

func (f *faults) release(t *testing.T, kind string) {
	t.Helper()
	require.NoError(t, os.Remove(f.holdFile(kind)))
}

func (f *faults) holdFile(kind string) string { return filepath.Join(f.debug, "hold", kind) }

// awaitServers waits until all control-plane servers know a leader, so that the loss of one more loses nothing.
func (f *faults) awaitServers(t *testing.T) {
	t.Helper()
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		for _, server := range f.stack.Ready.ControlPlane {
			answer, err := client.Get(server + "/readyz")
			require.NoError(c, err)
			require.NoError(c, answer.Body.Close())
			require.Equal(c, http.StatusOK, answer.StatusCode, server)
		}
	}, time.Minute, 20*time.Millisecond)
}

// awaitNodes waits until both nodes and their database take requests.
func (f *faults) awaitNodes(t *testing.T) {
	t.Helper()
	(&system{stack: f.stack}).awaitNodes(t)
	f.answers(t, f.shop.credentials)
}

// answers waits until every node signs a user in.
func (f *faults) answers(t *testing.T, who apiclient.Credentials) {
	t.Helper()
	for _, node := range (&system{stack: f.stack}).nodes(t, &tenant{credentials: who}) {
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			_, err := node.Token(context.Background())
			require.NoError(c, err)
		}, time.Minute, 20*time.Millisecond)
	}
}

// process finds one of the stack's processes by an argument of its.
func (f *faults) process(t *testing.T, role, argument string) int {
	t.Helper()
	all, err := f.stack.Processes(role)
	require.NoError(t, err)
	for _, p := range all {
		if slices.Contains(p.Command, argument) {
			return p.Pid
		}
	}
	require.Fail(t, "no process "+role+" "+argument)
	return 0
}

// freeze stops processes with all below them, without their knowing; the function that it returns lets them go on.
func freeze(t *testing.T, pids ...int) (thaw func()) {
	t.Helper()
	var all []int
	for _, pid := range pids {
		tree, err := stack.Tree(pid)
		require.NoError(t, err)
		all = append(all, tree...)
	}
	for _, pid := range all {
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			require.ErrorIs(t, err, syscall.ESRCH, "a child that ended meanwhile")
		}
	}
	thaw = sync.OnceFunc(func() {
		for _, pid := range all {
			_ = syscall.Kill(pid, syscall.SIGCONT) // gone already, or a child that was replaced
		}
	})
	t.Cleanup(thaw)
	return thaw
}
