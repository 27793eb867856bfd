package node_test

import (
	"context"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/node"
	"github.com/fluent-oms/fluent/dataplane/uplink/planetest"
	"github.com/fluent-oms/fluent/dataplane/workflows"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
)

// TestAnIdleNodeOfTenThousandAccountsIsSmall runs a whole node, lets it hear of 10,000 accounts with the default workflows, and counts what
// its heap has grown by. None of the workflows' texts is in the database: nothing of them may be looked at before somebody uses them.
func TestAnIdleNodeOfTenThousandAccountsIsSmall(t *testing.T) {
	const accounts = 10_000
	list, err := workflows.Default(1)
	require.NoError(t, err)
	var names []string
	for _, a := range list {
		names = append(names, a.Name)
	}
	plane := planetest.New(t)
	plane.Say(planetest.Snapshot(1, dbtest.New(t)))
	plane.Say(planetest.Tenants(1, 1, 1, names))

	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- node.Run(ctx, node.Config{ID: "n1", Dir: t.TempDir(), Listen: "127.0.0.1:0", Servers: []string{plane.URL}, JoinToken: plane.Token},
			slog.New(slog.DiscardHandler), func(string) {})
	}()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
	})
	reached := func(index uint64) {
		t.Helper()
		require.Eventually(t, func() bool {
			r := plane.LastReport("n1")
			return r.GetState() == "READY" && r.GetAppliedIndex() == index
		}, 2*time.Minute, 20*time.Millisecond, "%v", plane.LastReport("n1"))
	}
	reached(3)
	small := heap()
	plane.Say(planetest.Tenants(3, 2, accounts-1, names))
	reached(3 + 2*(accounts-1))
	large := heap()
	t.Logf("heap after a collection: %d bytes with one account, %d with %d; %d for each", small, large, accounts, (large-small)/accounts)
	require.Less(t, (large-small)/accounts, uint64(3000))
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
