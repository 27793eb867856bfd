package operation_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/controlplane/presence"
	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// in makes an account in a region or environment.
func (w *world) in(name, region, environment string) string {
	made := w.Do(&statev1.CreateAccount{Record: &statev1.AccountRecord{
		Account: &cpv1.Account{Name: name, Region: region, Environment: environment}, FirstRetailer: &cpv1.Retailer{Ref: name},
	}})
	return made.(*statev1.AccountCreated).GetOperation().GetId()
}

func (w *world) home(name string) string {
	record, _ := state.Accounts.Get(w.Store.View(), name)
	return record.GetAccount().GetEnvironment()
}

// TestPlacementKeepsToWhatWasAskedFor asks for a region without naming a jurisdiction, where another region has nothing to do; and for an
// environment that is nobody's choice otherwise.
func TestPlacementKeepsToWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Do(&statev1.PutEnvironment{Environment: &cpv1.Environment{
		Name: "alone", Region: "au", Kind: cpv1.EnvironmentKind_ENVIRONMENT_KIND_DEDICATED,
	}})
	w.Node("a1", "au-1")
	w.Node("e1", "eu-1")
	w.Node("d1", "alone")
	w.drive(w.deps())
	for _, name := range []string{"EU1", "EU2", "EU3"} {
		w.done(w.in(name, "eu", ""))
		require.Equal(t, "eu-1", w.home(name))
	}
	w.done(w.in("AU1", "au", ""))
	require.Equal(t, "au-1", w.home("AU1"), "a dedicated environment is nobody's by chance, however empty it is")
	w.done(w.in("OWN", "", "alone"))
	require.Equal(t, "alone", w.home("OWN"))
}

// TestAnEnvironmentWithMoreNodesTakesMore has one with two nodes and three accounts, and one with a node and two.
func TestAnEnvironmentWithMoreNodesTakesMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Node("a1", "au-1")
	w.Node("a2", "au-1")
	w.Node("e1", "eu-1")
	w.drive(w.deps())
	for _, name := range []string{"A1", "A2", "A3"} {
		w.done(w.in(name, "", "au-1"))
	}
	for _, name := range []string{"E1", "E2"} {
		w.done(w.in(name, "", "eu-1"))
	}
	w.done(w.in("NEXT", "", ""))
	require.Equal(t, "au-1", w.home("NEXT"))
	w.done(w.in("EQUAL", "", "")) // 2 each: the first by name
	require.Equal(t, "au-1", w.home("EQUAL"))
	w.done(w.in("LAST", "", ""))
	require.Equal(t, "eu-1", w.home("LAST"))
}

// TestDoneMeansThatEveryReadyNodeKnows holds a node's reports back.
func TestDoneMeansThatEveryReadyNodeKnows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Node("a1", "au-1")
	w.Node("a2", "au-1")
	w.Heard.Clear()
	started := time.Now()
	var late atomic.Int64 // what the leader's clock is ahead
	deps := w.deps()
	deps.Now = func() time.Time { return started.Add(time.Duration(late.Load())) }
	w.drive(deps)
	id := w.Account("ACME")
	require.Eventually(t, func() bool { return state.CurrentStep(w.Operation(id)).GetName() == state.StepReady }, time.Minute, time.Millisecond)
	require.Nil(t, w.Operation(id).GetWaitingFor(), "what has only begun is not worth a commit")
	late.Store(int64(time.Second))
	behind := func(node string) {
		t.Helper()
		require.Eventually(t, func() bool {
			now := w.Operation(id).GetWaitingFor()
			return now.GetReason() == "NODE_BEHIND" && now.GetResource() == "node/"+node
		}, time.Minute, time.Millisecond, "%v", w.Operation(id))
	}
	says := func(node string, index state.Index) {
		w.Heard.Note(presence.NodeKey(node), presence.Report{Seen: time.Now(), State: "READY", AppliedIndex: uint64(index)})
	}
	behind("a1") // of which nothing was heard
	opened := w.opened(id)
	says("a2", opened)
	says("a1", opened-1)
	behind("a1")
	says("a1", opened)
	w.done(id)

	w.Heard.Clear()
	id = w.Account("BETA")
	require.Eventually(t, func() bool { return state.CurrentStep(w.Operation(id)).GetName() == state.StepReady }, time.Minute, time.Millisecond)
	late.Store(int64(2 * time.Second))
	behind("a1")
	late.Store(int64(3*time.Second - 1))
	says("a2", 1)
	says("a1", w.opened(id))
	behind("a2")
	late.Store(int64(3 * time.Second))
	says("a2", 2) // wakes it
	w.done(id)
}

// refusing is a world whose nodes answer the calls of accounts with an error for so many times.
type refusing struct {
	*world
	code  connect.Code
	times int32
	asked atomic.Int32
}

func (r *refusing) PrepareAccount(context.Context, *cpv1.Node, *nodev1.PrepareAccountRequest) (*nodev1.PrepareAccountResponse, error) {
	if r.asked.Add(1) <= r.times {
		return nil, connect.NewError(r.code, "no").WithRemote()
	}
	return &nodev1.PrepareAccountResponse{}, nil
}

// TestWhatANodeRefusesForGoodEnds: what is invalid at once; what exists already may be an attempt whose node was lost, and is tried five times again.
func TestWhatANodeRefusesForGoodEnds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		code  connect.Code
		times int32 // it is refused
		asked int32
		fails bool
	}{
		"invalid":           {connect.CodeInvalidArgument, 1, 1, true},
		"exists":            {connect.CodeAlreadyExists, 100, 6, true},
		"exists for a time": {connect.CodeAlreadyExists, 5, 6, false},
		"lost":              {connect.CodeInternal, 3, 4, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &refusing{world: newWorld(t), code: c.code, times: c.times}
			r.Node("a1", "au-1")
			deps := r.deps()
			deps.Nodes = asked{r}
			r.drive(deps)
			id := r.Account("ACME")
			require.Eventually(t, func() bool { return r.Operation(id).GetEndTime() != nil }, time.Minute, time.Millisecond)
			require.Equal(t, c.asked, r.asked.Load())
			if !c.fails {
				require.Equal(t, cpv1.OperationState_OPERATION_STATE_DONE, r.Operation(id).GetState())
				return
			}
			require.Equal(t, cpv1.OperationState_OPERATION_STATE_FAILED, r.Operation(id).GetState())
			require.Equal(t, "NODE_REFUSED", r.Operation(id).GetError().GetCode())
			require.Equal(t, connect.Code(c.code).String()+": no", r.Operation(id).GetError().GetDetail())
		})
	}
}
