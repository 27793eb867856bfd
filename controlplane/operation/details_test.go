package operation_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// TestAGatewayIsNoNodeToWaitFor: it prepares nobody, whatever state it is in; and a node may refuse in two ways.
func TestAGatewayIsNoNodeToWaitFor(t *testing.T) {
	t.Parallel()
	w := &answers{world: newWorld(t), errors: make(chan error, 1)}
	w.Do(&statev1.CreateJoinToken{Token: &statev1.JoinToken{
		Hash: []byte("g"), Kind: cpv1.MachineKind_MACHINE_KIND_GATEWAY, Environment: "au-1", ExpireTime: timestamppb.New(time.Now().Add(time.Hour)),
	}})
	w.Do(&statev1.JoinNode{TokenHash: []byte("g"), Node: &cpv1.Node{Id: "g1", Kind: cpv1.MachineKind_MACHINE_KIND_GATEWAY, Address: "g1:80"}})
	w.Judge("g1", cpv1.NodeState_NODE_STATE_READY)
	id := w.in("ACME", "", "au-1")
	deps := w.deps()
	deps.Nodes = asked{w}
	w.drive(deps)
	waits := func(reason, detail string) {
		t.Helper()
		require.Eventually(t, func() bool {
			now := w.Operation(id).GetWaitingFor()
			return now.GetReason() == reason && now.GetDetail() == detail
		}, time.Minute, 5*time.Millisecond, "%v", w.Operation(id))
	}
	waits("NO_READY_NODE", "No node of the environment au-1 is ready: it has none.")
	w.errors <- connect.NewError(connect.CodePermissionDenied, "not you").WithRemote()
	w.Node("a1", "au-1")
	waits("NODE_REFUSES", "The node a1 does not let this control plane in: permission_denied: not you")
	w.errors <- nil
	w.done(id)
}

// shy is a world whose nodes know an account for the first five times, and its retailer for the first.
type shy struct {
	refusing
	retailers atomic.Int32
}

func (s *shy) PrepareRetailer(ctx context.Context, on *cpv1.Node, r *nodev1.PrepareRetailerRequest) (*nodev1.PrepareRetailerResponse, error) {
	if s.retailers.Add(1) == 1 {
		return nil, connect.NewError(connect.CodeAlreadyExists, "no").WithRemote()
	}
	return s.world.PrepareRetailer(ctx, on, r)
}

// TestEachStepHasItsOwnAttempts: what one step has tried does not count for the next.
func TestEachStepHasItsOwnAttempts(t *testing.T) {
	t.Parallel()
	s := &shy{refusing: refusing{world: newWorld(t), code: connect.CodeAlreadyExists, times: 5}}
	s.Node("a1", "au-1")
	deps := s.deps()
	deps.Nodes = asked{s}
	s.drive(deps)
	id := s.Account("ACME")
	require.Eventually(t, func() bool { return s.Operation(id).GetEndTime() != nil }, time.Minute, time.Millisecond)
	require.Equal(t, cpv1.OperationState_OPERATION_STATE_DONE, s.Operation(id).GetState(), "%v", s.Operation(id))
	require.EqualValues(t, 5, s.Operation(id).GetSteps()[1].GetAttempts())
	require.EqualValues(t, 1, s.Operation(id).GetSteps()[2].GetAttempts())
}
