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

// TestAnIdleNodeOfManyAccountsIsSmall runs a whole node, lets it hear of 2,000 accounts with the default workflows, and counts what its heap
// has grown by (ops/soak does it with 10,000, and a process). None of the workflows' texts is in the database: nothing of them may be looked
// at before somebody uses them.
func TestAnIdleNodeOfManyAccountsIsSmall(t *testing.T) {
	const accounts = 2_000
	list, err := workflows.Default(1)
	require.NoError(t, err)
	var names []string
	for _, a := range list {
		names = append(names, a.Name)
	}
	plane := planetest.New(t)
	environment := planetest.Environment(dbtest.New(t))
	plane.Say(planetest.Snapshot(1, environment, planetest.Tenants(1, 1, names)))

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
		}, 2*time.Minute, 20*time.Millisecond)
	}
	reached(1)
	small := heap()
	plane.Say(planetest.Snapshot(2, environment, planetest.Tenants(1, accounts, names)))
	reached(2)
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
