package operation_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connectproto"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/controlplane/operation"
	"github.com/fluent-oms/fluent/controlplane/presence"
	"github.com/fluent-oms/fluent/controlplane/state"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// answers is a world whose nodes answer the calls of accounts with an error each, until it is nil.
type answers struct {
	*world
	errors chan error
	last   error
}

func (a *answers) PrepareAccount(context.Context, *cpv1.Node, *nodev1.PrepareAccountRequest) (*nodev1.PrepareAccountResponse, error) {
	select {
	case a.last = <-a.errors:
	default:
	}
	return &nodev1.PrepareAccountResponse{}, a.last
}

func TestAnOperationSaysWhatItWaitsFor(t *testing.T) {
	t.Parallel()
	w := &answers{world: newWorld(t), errors: make(chan error, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	deps := w.deps()
	deps.Nodes = asked{w}
	go func() { defer close(ended); _ = operation.Drive(ctx, deps) }()
	t.Cleanup(func() { cancel(); <-ended })
	id := w.Account("ACME", "AU")
	waits := func(reason, resource, detail string) {
		t.Helper()
		require.Eventually(t, func() bool {
			now := w.Operation(id).GetWaitingFor()
			return now.GetReason() == reason && now.GetResource() == resource && now.GetDetail() == detail && now.GetSince() != nil
		}, time.Minute, 5*time.Millisecond, "%v", w.Operation(id))
	}
	waits("NO_ENVIRONMENT", "account/ACME", "No shared environment with a ready node is where the account may be.")

	w.errors <- connect.NewError(connect.CodeUnavailable, "dial tcp 10.0.0.1:80: connection refused")
	w.Node("a1", "au-1")
	waits("NODE_UNREACHABLE", "node/a1", "The node a1 does not answer at a1:80: unavailable: dial tcp 10.0.0.1:80: connection refused")
	w.errors <- connect.NewError(connect.CodeUnauthenticated, "a certificate is needed").WithRemote()
	waits("NODE_REFUSES", "node/a1", "The node a1 does not let this control plane in: unauthenticated: a certificate is needed")
	w.errors <- connect.NewError(connect.CodeInternal, "out of luck").WithRemote()
	waits("NODE_ERROR", "node/a1", "The node a1 failed: internal: out of luck")
	fact, err := connectproto.NewErrorDetail(&cpv1.Problem{Meta: map[string]string{"reason": "DATABASE_UNREACHABLE"}})
	require.NoError(t, err)
	w.errors <- connect.NewError(connect.CodeUnavailable, "the database does not answer").WithRemote().WithDetail(fact)
	waits("DATABASE_UNREACHABLE", "environment/au-1", "The database of au-1 does not answer the node a1.")

	fact, err = connectproto.NewErrorDetail(&cpv1.Problem{Meta: map[string]string{"reason": "DATABASE_FULL"}})
	require.NoError(t, err)
	w.errors <- connect.NewError(connect.CodeUnavailable, "the database's disk is full").WithRemote().WithDetail(fact)
	waits("DATABASE_FULL", "environment/au-1", "The database of au-1 takes no writes: unavailable: the database's disk is full")

	w.Judge("a1", cpv1.NodeState_NODE_STATE_GONE)
	waits("NO_READY_NODE", "environment/au-1", "No node of the environment au-1 is ready: a1 is GONE.")
	w.Heard.Note(presence.NodeKey("a1"), presence.Report{Seen: time.Now(), State: "JOINING", Problem: "DATABASE_UNREACHABLE: no route to host"})
	w.Judge("a1", cpv1.NodeState_NODE_STATE_JOINING)
	waits("DATABASE_UNREACHABLE", "environment/au-1", "No node of the environment au-1 is ready: a1 is JOINING, its database does not answer.")

	w.errors <- nil
	w.Heard.Note(presence.NodeKey("a1"), presence.Report{Seen: time.Now(), State: "READY", AppliedIndex: 1 << 40})
	w.Judge("a1", cpv1.NodeState_NODE_STATE_READY)
	w.done(id)
	require.Nil(t, w.Operation(id).GetWaitingFor())
}

func TestAnOperationSaysWhichIndexANodeLacks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Node("a1", "au-1")
	w.Heard.Note(presence.NodeKey("a1"), presence.Report{Seen: time.Now(), State: "READY", AppliedIndex: 1})
	deps := w.deps()
	var begun atomic.Pointer[time.Time]
	deps.Now = func() time.Time { // the operation waits for a second, and its patience does not end
		if at := begun.Load(); at != nil {
			return at.Add(time.Second)
		}
		return time.Now()
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = operation.Drive(ctx, deps) }()
	t.Cleanup(func() { cancel(); <-ended })
	id := w.Account("ACME", "AU")
	require.Eventually(t, func() bool { return state.CurrentStep(w.Operation(id)).GetName() == state.StepReady }, time.Minute, time.Millisecond)
	at := state.CurrentStep(w.Operation(id)).GetStartTime().AsTime()
	begun.Store(&at)
	require.Eventually(t, func() bool { return w.Operation(id).GetWaitingFor().GetReason() == "NODE_BEHIND" }, time.Minute, 5*time.Millisecond, "%v", w.Operation(id))
	o := w.Operation(id)
	require.Equal(t, "node/a1", o.GetWaitingFor().GetResource())
	require.Equal(t, "The node a1 has not heard of it yet.", o.GetWaitingFor().GetDetail())
	w.Heard.Note(presence.NodeKey("a1"), presence.Report{Seen: time.Now(), State: "READY", AppliedIndex: 1 << 40})
	w.done(id)
}
