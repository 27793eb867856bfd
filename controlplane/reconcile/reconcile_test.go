package reconcile_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fluent-oms/fluent/controlplane/presence"
	"github.com/fluent-oms/fluent/controlplane/reconcile"
	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/controlplane/state/statetest"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// world is a state that reconcilers work on.
type world struct{ *statetest.World }

func newWorld(t *testing.T) *world { t.Helper(); return &world{statetest.New(t)} }

func (w *world) deps() reconcile.Deps {
	return reconcile.Deps{Store: w.Store, Committer: w, Presence: w.Heard, Logger: slog.New(slog.DiscardHandler), Now: time.Now}
}

// run runs a reconciler until the test ends.
func (w *world) run(duty func(context.Context, reconcile.Deps) error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = duty(ctx, w.deps())
	}()
	w.T.Cleanup(func() { cancel(); <-ended })
}

func TestOldKeysAreReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t) // its key is 40 days old
	w.run(reconcile.Housekeep)
	require.Eventually(t, func() bool {
		keys, _ := state.SigningKeys.List(w.Store.View(), state.Page{})
		return len(keys) == 2
	}, time.Minute, 5*time.Millisecond)
	signs, _ := state.CurrentKey(w.Store.View(), timestamppb.Now())
	require.Equal(t, "k", signs.GetKeyId(), "the new key waits until everybody knows it")
}

func TestSilentMachinesAreGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Node("a1", "au-1")
	deps := w.deps()
	started := time.Now()
	deps.Now = func() time.Time { return started.Add(10 * time.Duration(time.Since(started))) } // ten times as quick
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = reconcile.Machines(ctx, deps) }()
	t.Cleanup(func() { cancel(); <-ended })
	state1 := func() cpv1.NodeState {
		n, _ := state.Nodes.Get(w.Store.View(), "a1")
		return n.GetState()
	}
	require.Eventually(t, func() bool { return state1() == cpv1.NodeState_NODE_STATE_GONE }, time.Minute, 5*time.Millisecond)
	w.Heard.Note(presence.NodeKey("a1"), presence.Report{Seen: deps.Now(), State: "READY"})
	require.Eventually(t, func() bool { return state1() == cpv1.NodeState_NODE_STATE_READY }, time.Minute, 5*time.Millisecond)
}
