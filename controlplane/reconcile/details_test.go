package reconcile_test

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fluent-oms/fluent/auth/guess"
	"github.com/fluent-oms/fluent/controlplane/reconcile"
	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// TestFailedLoginsWaitForTheUpgrade: servers of before there were records of them could not go on; and none are no record.
func TestFailedLoginsWaitForTheUpgrade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	book := guess.NewBook(100)
	deps := w.deps()
	deps.Failures = book
	w.do(&statev1.RaiseSchemaFloor{Schema: 3})
	index := w.store.View().Index()
	for i := range 25 {
		book.Note("rita", string(rune('a'+i)))
	}
	require.NoError(t, reconcile.NoteLoginsOnce(t.Context(), deps))
	require.Equal(t, index, w.store.View().Index())
	w.do(&statev1.RaiseSchemaFloor{Schema: 4})
	require.NoError(t, reconcile.NoteLoginsOnce(t.Context(), deps))
	require.Equal(t, index+2, w.store.View().Index(), "they have waited")
	records, _ := state.Audit.List(w.store.View(), state.Page{Reverse: true, Limit: 1})
	require.Contains(t, records[0].GetDetail(), "; others: 5", "twenty are listed")
	require.NoError(t, reconcile.NoteLoginsOnce(t.Context(), deps))
	require.Equal(t, index+2, w.store.View().Index(), "nothing to say is no command")
}

// TestAGatewayIsNoNodeToWaitFor: it prepares nobody, whatever state it is in; and a node may refuse in two ways.
func TestAGatewayIsNoNodeToWaitFor(t *testing.T) {
	t.Parallel()
	w := &answers{world: newWorld(t), errors: make(chan error, 1)}
	w.do(&statev1.CreateJoinToken{Token: &statev1.JoinToken{
		Hash: []byte("g"), Kind: cpv1.MachineKind_MACHINE_KIND_GATEWAY, Environment: "au-1", ExpireTime: timestamppb.New(time.Now().Add(time.Hour)),
	}})
	w.do(&statev1.JoinNode{TokenHash: []byte("g"), Node: &cpv1.Node{Id: "g1", Kind: cpv1.MachineKind_MACHINE_KIND_GATEWAY, Address: "g1:80"}})
	w.judge("g1", cpv1.NodeState_NODE_STATE_READY)
	id := w.in("ACME", "", "au-1")
	deps := w.deps()
	deps.Tenants = w
	w.runWith(deps, reconcile.Provision)
	waits := func(reason, detail string) {
		t.Helper()
		require.Eventually(t, func() bool {
			now := w.operation(id).GetWaitingFor()
			return now.GetReason() == reason && now.GetDetail() == detail
		}, time.Minute, 5*time.Millisecond, "%v", w.operation(id))
	}
	waits("NO_READY_NODE", "No node of the environment au-1 is ready: it has none.")
	w.errors <- connect.NewError(connect.CodePermissionDenied, "not you").WithRemote()
	w.node("a1", "au-1")
	waits("NODE_REFUSES", "The node a1 does not let this control plane in: permission_denied: not you")
	w.errors <- nil
	w.done(id)
}

// TestANewTermForgetsWhatWasHeard: a report of an earlier term is no sign of life in this one.
func TestANewTermForgetsWhatWasHeard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.node("a1", "au-1")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, reconcile.Machines(ctx, w.deps()))
	_, known := w.heard.Last("node/a1")
	require.False(t, known)
}

// TestANodeIsReplacedOnlyWithItsHost: one that is gone is started again where it was, and one that answers is there, whatever its host says.
func TestANodeIsReplacedOnlyWithItsHost(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.host("h1", "au", 0)
	f.host("h2", "au", 0)
	f.host("e1", "eu", 0)
	e, _ := state.Environments.Get(f.store.View(), "eu-1")
	f.do(&statev1.PutEnvironment{Etag: e.GetEtag(), Environment: &cpv1.Environment{
		Name: "eu-1", Region: "eu", Driver: cpv1.NodeDriver_NODE_DRIVER_STATIC, NodeCount: 3, // whose nodes are somebody else's to start
	}})
	f.wants(1)
	f.look(0)
	f.do(&statev1.JudgeNode{Id: "au-1-1", State: isReady})
	n, _ := state.Nodes.Get(f.store.View(), "au-1-1")
	looks := func(wanted map[string]cpv1.NodeState) {
		t.Helper()
		for range 3 { // what one look finds the next one acts on
			f.look(2 * time.Hour)
		}
		require.Equal(t, wanted, f.nodes())
	}
	for _, id := range []string{"h1", "h2", "e1"} {
		f.says("host/"+id, "READY", 2*time.Hour)
	}
	f.says("node/au-1-1", "READY", time.Hour)
	looks(map[string]cpv1.NodeState{"au-1-1": gone})
	f.says("node/au-1-1", "READY", 2*time.Hour)
	f.says("host/"+n.GetHost(), "READY", time.Hour)
	looks(map[string]cpv1.NodeState{"au-1-1": isReady})
	f.says("node/au-1-1", "READY", time.Hour)
	looks(map[string]cpv1.NodeState{"au-1-1": gone, "au-1-2": planned})
	replaced, _ := state.Nodes.Get(f.store.View(), "au-1-2")
	require.NotEqual(t, n.GetHost(), replaced.GetHost())
}

// TestOperationsAreKeptForNinetyDays, to the moment, and go five hundred at once.
func TestOperationsAreKeptForNinetyDays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do(&statev1.RaiseSchemaFloor{Schema: state.Schema})
	last := ""
	for i := range 501 {
		last = w.account("A" + strconv.Itoa(i))
		w.do(&statev1.FinishOperation{Operation: last, Error: &cpv1.OperationError{Code: "REFUSED"}})
	}
	index := w.store.View().Index()
	keep := func(after time.Duration) {
		deps := w.deps()
		deps.Now = func() time.Time { return w.operation(last).GetEndTime().AsTime().Add(after) }
		require.NoError(t, reconcile.ForgetOperations(t.Context(), deps))
	}
	keep(90 * 24 * time.Hour)
	require.NotNil(t, w.operation(last))
	require.Equal(t, index+1, w.store.View().Index(), "the 500 before it are a moment older")
	keep(90*24*time.Hour + 1)
	require.Nil(t, w.operation(last))

	w = newWorld(t)
	w.do(&statev1.RaiseSchemaFloor{Schema: state.Schema})
	for i := range 501 {
		last = w.account("A" + strconv.Itoa(i))
		w.do(&statev1.FinishOperation{Operation: last, Error: &cpv1.OperationError{Code: "REFUSED"}})
	}
	index = w.store.View().Index()
	keep(100 * 24 * time.Hour)
	require.Equal(t, index+2, w.store.View().Index(), "501 take two commands")
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
	s.node("a1", "au-1")
	deps := s.deps()
	deps.Tenants = s
	s.runWith(deps, reconcile.Provision)
	id := s.account("ACME")
	require.Eventually(t, func() bool { return s.operation(id).GetEndTime() != nil }, time.Minute, time.Millisecond)
	require.Equal(t, cpv1.OperationState_OPERATION_STATE_DONE, s.operation(id).GetState(), "%v", s.operation(id))
	require.EqualValues(t, 5, s.operation(id).GetSteps()[1].GetAttempts())
	require.EqualValues(t, 1, s.operation(id).GetSteps()[2].GetAttempts())
}
