package reconcile_test

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/controlplane/presence"
	"github.com/fluent-oms/fluent/controlplane/reconcile"
	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// overtaken has something else happen to a node between the look at it and the command that judges it, for the first time.
type overtaken struct {
	*world
	first   sync.Once
	instead func()
	mu      sync.Mutex
	refused int
}

// Apply implements reconcile.Committer.
func (o *overtaken) Apply(ctx context.Context, command *statev1.Command) (state.Result, error) {
	if command.GetKind() == statev1.Kind_KIND_JUDGE_NODE {
		o.first.Do(o.instead)
	}
	result, err := o.world.Apply(ctx, command)
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil {
		o.refused++
	}
	return result, err
}

// TestAMachineThatChangedWhileItWasJudgedIsJudgedAnew, at once, and nobody is warned of it: while a cluster starts, all its machines change.
func TestAMachineThatChangedWhileItWasJudgedIsJudgedAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Node("a1", "au-1")
	w.Node("a2", "au-1")
	o := &overtaken{world: w, instead: func() {
		w.Do(&statev1.DrainNode{Id: "a1"})
		w.Do(&statev1.JudgeNode{Id: "a2", State: cpv1.NodeState_NODE_STATE_GONE})
		w.Do(&statev1.DeleteNode{Id: "a2"})
	}}
	var log bytes.Buffer
	deps := w.deps()
	deps.Committer, deps.Logger = o, slog.New(slog.NewTextHandler(&log, nil))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = reconcile.Machines(ctx, deps)
	}()
	require.Eventually(t, func() bool {
		for _, id := range []string{"a1", "a2"} {
			w.Heard.Note(presence.NodeKey(id), presence.Report{Seen: time.Now(), State: "DRAINING"})
		}
		n, _ := state.Nodes.Get(w.Store.View(), "a1")
		return n.GetState() == cpv1.NodeState_NODE_STATE_DRAINING
	}, time.Minute, 5*time.Millisecond)
	cancel()
	<-ended
	require.Equal(t, 2, o.refused, "one had changed, the other was gone")
	require.Empty(t, log.String())
}
