package reconcile_test

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fluent-oms/fluent/controlplane/presence"
	"github.com/fluent-oms/fluent/controlplane/reconcile"
	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// world is a store with one committer and nodes that can be made to fail.
type world struct {
	t     *testing.T
	mu    sync.Mutex
	store *state.Store
	heard *presence.Tracker
	fails int // tenant calls that fail before one succeeds
	calls int
}

// Apply commits as raft would.
func (w *world) Apply(_ context.Context, command *statev1.Command) (state.Result, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	encoded, err := proto.Marshal(command)
	if err != nil {
		return state.Result{}, err
	}
	result, err := w.store.Apply(w.store.View().Index()+1, encoded)
	return result, errors.Join(err, result.Err)
}

// PrepareAccount fails as often as it was told to.
func (w *world) PrepareAccount(context.Context, *cpv1.Node, *nodev1.PrepareAccountRequest) (*nodev1.PrepareAccountResponse, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls++
	if w.calls <= w.fails {
		return nil, errors.New("connection refused")
	}
	return &nodev1.PrepareAccountResponse{}, nil
}

// PrepareRetailer succeeds.
func (w *world) PrepareRetailer(context.Context, *cpv1.Node, *nodev1.PrepareRetailerRequest) (*nodev1.PrepareRetailerResponse, error) {
	return &nodev1.PrepareRetailerResponse{Artefacts: map[string]string{"a": "b"}}, nil
}

func newWorld(t *testing.T) *world {
	t.Helper()
	store, err := state.New()
	require.NoError(t, err)
	w := &world{t: t, store: store, heard: presence.New()}
	w.do(&statev1.Initialise{ClusterId: "c", Key: &statev1.SigningKey{KeyId: "k", ActiveTime: timestamppb.New(time.Now().Add(-40 * 24 * time.Hour))}})
	for _, region := range []string{"au", "eu"} {
		w.do(&statev1.PutRegion{Region: &cpv1.Region{Name: region, Jurisdictions: []string{map[string]string{"au": "AU", "eu": "EU"}[region]}}})
		w.do(&statev1.PutEnvironment{Environment: &cpv1.Environment{Name: region + "-1", Region: region, Kind: cpv1.EnvironmentKind_ENVIRONMENT_KIND_SHARED}})
	}
	return w
}

func (w *world) deps() reconcile.Deps {
	return reconcile.Deps{Store: w.store, Committer: w, Presence: w.heard, Tenants: w, Logger: slog.New(slog.DiscardHandler), Now: time.Now}
}

func (w *world) do(body proto.Message) proto.Message {
	w.t.Helper()
	command, err := state.Command(&statev1.Meta{Time: timestamppb.Now(), Actor: "test"}, body)
	require.NoError(w.t, err)
	result, err := w.Apply(context.Background(), command)
	require.NoError(w.t, err)
	return result.Message
}

func (w *world) node(id, environment string) {
	hash := []byte(id)
	w.do(&statev1.CreateJoinToken{Token: &statev1.JoinToken{
		Hash: hash, Kind: cpv1.MachineKind_MACHINE_KIND_NODE, Environment: environment, ExpireTime: timestamppb.New(time.Now().Add(time.Hour)),
	}})
	w.do(&statev1.JoinNode{TokenHash: hash, Node: &cpv1.Node{Id: id, Kind: cpv1.MachineKind_MACHINE_KIND_NODE, Address: id + ":80"}})
	w.do(&statev1.JudgeNode{Id: id, State: cpv1.NodeState_NODE_STATE_READY})
	w.heard.Note(presence.NodeKey(id), presence.Report{Seen: time.Now(), State: "READY", AppliedIndex: 1 << 40})
}

func (w *world) account(name string, jurisdictions ...string) string {
	made := w.do(&statev1.CreateAccount{Record: &statev1.AccountRecord{
		Account: &cpv1.Account{Name: name, Jurisdictions: jurisdictions}, FirstRetailer: &cpv1.Retailer{Ref: name},
	}})
	return made.(*statev1.AccountCreated).GetOperation().GetId()
}

// run runs a reconciler until the test ends.
func (w *world) run(duty func(context.Context, reconcile.Deps) error) {
	w.runWith(w.deps(), duty)
}

func (w *world) runWith(deps reconcile.Deps, duty func(context.Context, reconcile.Deps) error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = duty(ctx, deps)
	}()
	w.t.Cleanup(func() { cancel(); <-ended })
}

func (w *world) operation(id string) *cpv1.Operation {
	o, _ := state.Operations.Get(w.store.View(), id)
	return o
}

// opened is the index that nodes must know of before an operation is done.
func (w *world) opened(id string) state.Index {
	index, err := strconv.ParseUint(w.operation(id).GetResult()[state.ResultOpenedIndex], 10, 64)
	require.NoError(w.t, err)
	return state.Index(index)
}

func (w *world) done(id string) {
	w.t.Helper()
	require.Eventually(w.t, func() bool { return w.operation(id).GetState() == cpv1.OperationState_OPERATION_STATE_DONE }, time.Minute, 5*time.Millisecond, "%v", w.operation(id))
}

func TestPlacementRespectsResidencyThenCapacity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.node("a1", "au-1")
	w.node("e1", "eu-1")
	w.run(reconcile.Provision)
	home := func(name string) string {
		record, _ := state.Accounts.Get(w.store.View(), name)
		return record.GetAccount().GetEnvironment()
	}
	for name, wanted := range map[string]string{"EU1": "EU", "EU2": "EU", "AU1": "AU"} {
		w.done(w.account(name, wanted))
		require.Equal(t, map[string]string{"EU": "eu-1", "AU": "au-1"}[wanted], home(name))
	}
	w.done(w.account("ANY"))
	require.Equal(t, "au-1", home("ANY"), "the one with fewer accounts")
	nowhere := w.account("US1", "US")
	require.Eventually(t, func() bool { return w.operation(nowhere).GetWaitingFor().GetReason() == "NO_ENVIRONMENT" }, time.Minute, 5*time.Millisecond)
}

// TestAnAccountTakesFourCommits counts what making an account costs the servers: it is made and placed, its rows are there, its retailer is and
// everything that follows from it, and it can be used.
func TestAnAccountTakesFourCommits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.node("a1", "au-1")
	w.do(&statev1.RaiseSchemaFloor{Schema: state.StepsTogether})
	w.run(reconcile.Provision)
	before := w.store.View().Index()
	made := w.do(&statev1.CreateAccount{PlaceIn: "au-1", Record: &statev1.AccountRecord{
		Account: &cpv1.Account{Name: "ACME"}, FirstRetailer: &cpv1.Retailer{Ref: "ACME"},
	}})
	w.done(made.(*statev1.AccountCreated).GetOperation().GetId())
	require.Equal(t, before+4, w.store.View().Index())
}

func TestFailedAttemptsAreCountedAndTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fails = 3
	w.node("a1", "au-1")
	w.run(reconcile.Provision)
	id := w.account("ACME")
	w.done(id)
	require.Equal(t, int32(3), w.operation(id).GetSteps()[1].GetAttempts())
	require.Nil(t, w.operation(id).GetWaitingFor())
}

func TestOldKeysAreReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t) // its key is 40 days old
	w.run(reconcile.Housekeep)
	require.Eventually(t, func() bool {
		keys, _ := state.SigningKeys.List(w.store.View(), state.Page{})
		return len(keys) == 2
	}, time.Minute, 5*time.Millisecond)
	signs, _ := state.CurrentKey(w.store.View(), timestamppb.Now())
	require.Equal(t, "k", signs.GetKeyId(), "the new key waits until everybody knows it")
}

func TestSilentMachinesAreGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.node("a1", "au-1")
	deps := w.deps()
	started := time.Now()
	deps.Now = func() time.Time { return started.Add(10 * time.Duration(time.Since(started))) } // ten times as quick
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = reconcile.Machines(ctx, deps) }()
	t.Cleanup(func() { cancel(); <-ended })
	state1 := func() cpv1.NodeState {
		n, _ := state.Nodes.Get(w.store.View(), "a1")
		return n.GetState()
	}
	require.Eventually(t, func() bool { return state1() == cpv1.NodeState_NODE_STATE_GONE }, time.Minute, 5*time.Millisecond)
	w.heard.Note(presence.NodeKey("a1"), presence.Report{Seen: deps.Now(), State: "READY"})
	require.Eventually(t, func() bool { return state1() == cpv1.NodeState_NODE_STATE_READY }, time.Minute, 5*time.Millisecond)
}
