package operation_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/controlplane/operation"
	"github.com/fluent-oms/fluent/controlplane/reconcile"
	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/controlplane/state/statetest"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// tenants are nodes that answer by method.
type tenants interface {
	PrepareAccount(ctx context.Context, on *cpv1.Node, r *nodev1.PrepareAccountRequest) (*nodev1.PrepareAccountResponse, error)
	PrepareRetailer(ctx context.Context, on *cpv1.Node, r *nodev1.PrepareRetailerRequest) (*nodev1.PrepareRetailerResponse, error)
}

// asked are tenants that are asked by request.
type asked struct{ tenants }

// Ask implements operation.Nodes.
func (a asked) Ask(ctx context.Context, on *cpv1.Node, request proto.Message) (proto.Message, error) {
	switch r := request.(type) {
	case *nodev1.PrepareAccountRequest:
		return a.PrepareAccount(ctx, on, r)
	case *nodev1.PrepareRetailerRequest:
		return a.PrepareRetailer(ctx, on, r)
	}
	return nil, fmt.Errorf("a request that no step makes: %T", request)
}

// world is a state with nodes that can be made to fail.
type world struct {
	*statetest.World
	mu    sync.Mutex
	fails int // tenant calls that fail before one succeeds
	calls int
}

func newWorld(t *testing.T) *world { t.Helper(); return &world{World: statetest.New(t)} }

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

func (w *world) deps() operation.Deps {
	return operation.Deps{Nodes: asked{w}, Deps: reconcile.Deps{
		Store: w.Store, Committer: w, Presence: w.Heard, Logger: slog.New(slog.DiscardHandler), Now: time.Now,
	}}
}

// drive drives operations until the test ends.
func (w *world) drive(deps operation.Deps) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = operation.Drive(ctx, deps)
	}()
	w.T.Cleanup(func() { cancel(); <-ended })
}

// opened is the index that nodes must know of before an operation is done.
func (w *world) opened(id string) state.Index {
	index, err := strconv.ParseUint(w.Operation(id).GetResult()[state.ResultOpenedIndex], 10, 64)
	require.NoError(w.T, err)
	return state.Index(index)
}

func (w *world) done(id string) {
	w.T.Helper()
	require.Eventually(w.T, func() bool { return w.Operation(id).GetState() == cpv1.OperationState_OPERATION_STATE_DONE }, time.Minute, 5*time.Millisecond, "%v", w.Operation(id))
}

func TestPlacementRespectsResidencyThenCapacity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Node("a1", "au-1")
	w.Node("e1", "eu-1")
	w.drive(w.deps())
	home := func(name string) string {
		record, _ := state.Accounts.Get(w.Store.View(), name)
		return record.GetAccount().GetEnvironment()
	}
	for name, wanted := range map[string]string{"EU1": "EU", "EU2": "EU", "AU1": "AU"} {
		w.done(w.Account(name, wanted))
		require.Equal(t, map[string]string{"EU": "eu-1", "AU": "au-1"}[wanted], home(name))
	}
	w.done(w.Account("ANY"))
	require.Equal(t, "au-1", home("ANY"), "the one with fewer accounts")
	nowhere := w.Account("US1", "US")
	require.Eventually(t, func() bool { return w.Operation(nowhere).GetWaitingFor().GetReason() == "NO_ENVIRONMENT" }, time.Minute, 5*time.Millisecond)
}

// TestAnAccountTakesFourCommits counts what making an account costs the servers: it is made and placed, its rows are there, its retailer is and
// everything that follows from it, and it can be used.
func TestAnAccountTakesFourCommits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Node("a1", "au-1")
	w.Do(&statev1.RaiseSchemaFloor{Schema: state.StepsTogether})
	w.drive(w.deps())
	before := w.Store.View().Index()
	made := w.Do(&statev1.CreateAccount{PlaceIn: "au-1", Record: &statev1.AccountRecord{
		Account: &cpv1.Account{Name: "ACME"}, FirstRetailer: &cpv1.Retailer{Ref: "ACME"},
	}})
	w.done(made.(*statev1.AccountCreated).GetOperation().GetId())
	require.Equal(t, before+4, w.Store.View().Index())
}

func TestFailedAttemptsAreCountedAndTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fails = 3
	w.Node("a1", "au-1")
	w.drive(w.deps())
	id := w.Account("ACME")
	w.done(id)
	require.Equal(t, int32(3), w.Operation(id).GetSteps()[1].GetAttempts())
	require.Nil(t, w.Operation(id).GetWaitingFor())
}

// TestEachStepCanBeTaken makes what each step of each kind asks of nodes, and the command that ends it.
func TestEachStepCanBeTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Node("a1", "au-1")
	w.drive(w.deps())
	ids := []string{w.Account("ACME")}
	w.done(ids[0])
	made := w.Do(&statev1.CreateRetailer{Retailer: &cpv1.Retailer{Account: "ACME", Ref: "R2"}}).(*statev1.RetailerCreated)
	ids = append(ids, made.GetOperation().GetId())
	asks := map[string]bool{}
	for _, id := range ids {
		o := w.Operation(id)
		kind, known := state.KindOf(o)
		require.True(t, known, o.GetKind())
		require.Len(t, o.GetSteps(), len(kind.Steps))
		for i, step := range kind.Steps {
			require.Equal(t, o.GetSteps()[i].GetName(), step.Name)
			v := w.Store.View()
			if step.Ask != nil {
				request, err := step.Ask(v, o)
				require.NoError(t, err)
				require.True(t, operation.NodesTake(request), "%s asks nodes for %T", step.Name, request)
				asks[step.Name] = true
			}
			body, blocked := step.End(v, o, nil)
			require.Nil(t, blocked)
			command, err := state.Command(nil, body)
			require.NoError(t, err)
			require.NotEmpty(t, command.GetBody())
		}
	}
	require.Equal(t, map[string]bool{state.StepPrepareAccount: true, state.StepCreateRetailer: true}, asks)
	require.False(t, operation.NodesTake(&statev1.Heartbeat{}))
}
