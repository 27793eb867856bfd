package progress_test

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connectinprocess"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fluent-oms/fluent/ops/cli/progress"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// script answers each watch with the next list of states, then with an error if there is one.
type script struct {
	controlplanev1connect.UnimplementedOperationServiceHandler
	mu      sync.Mutex
	watches []watch
}

type watch struct {
	states []*cpv1.Operation
	err    error
}

func (s *script) next() watch {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.watches) == 0 {
		return watch{err: connect.NewError(connect.CodeUnavailable, "gone")}
	}
	w := s.watches[0]
	s.watches = s.watches[1:]
	return w
}

func (s *script) WatchOperation(_ context.Context, _ *cpv1.WatchOperationRequest, stream controlplanev1connect.OperationServiceWatchOperationServerStream) error {
	w := s.next()
	for _, op := range w.states {
		if err := stream.Send(&cpv1.WatchOperationResponse{Operation: op}); err != nil {
			return err
		}
	}
	return w.err
}

func client(watches ...watch) controlplanev1connect.OperationServiceClient {
	server := connect.NewServer()
	controlplanev1connect.RegisterOperationServiceHandler(server, &script{watches: watches})
	return controlplanev1connect.NewOperationServiceClient(connect.NewClient(connectinprocess.New(server)))
}

var start = time.Unix(1_800_000_000, 0)

// state makes an operation of two steps of which done have ended.
func state(done int) *cpv1.Operation {
	op := &cpv1.Operation{Id: "op1", State: cpv1.OperationState_OPERATION_STATE_RUNNING, Progress: float64(done) / 2}
	for i, name := range []string{"Place the account", "Prepare its rows"} {
		step := &cpv1.OperationStep{Name: name, Title: name, State: cpv1.StepState_STEP_STATE_RUNNING, StartTime: timestamppb.New(start)}
		if i < done {
			step.State, step.EndTime = cpv1.StepState_STEP_STATE_DONE, timestamppb.New(start.Add(120*time.Millisecond))
		}
		op.Steps = append(op.Steps, step)
	}
	if done == 2 {
		op.State = cpv1.OperationState_OPERATION_STATE_DONE
	}
	return op
}

const story = "done    Place the account (120ms)\ndone    Prepare its rows (120ms)\n"

func TestLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	op, err := progress.Follow(t.Context(), client(watch{states: []*cpv1.Operation{state(0), state(1), state(2)}}), "op1", progress.NewView(&out, false))
	require.NoError(t, err)
	require.Equal(t, cpv1.OperationState_OPERATION_STATE_DONE, op.GetState())
	require.Equal(t, story, out.String())
}

func TestABrokenWatchIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	broken := watch{states: []*cpv1.Operation{state(1)}, err: connect.NewError(connect.CodeUnavailable, "stopping")}
	ended := watch{states: []*cpv1.Operation{state(1)}}
	_, err := progress.Follow(t.Context(), client(broken, ended, watch{states: []*cpv1.Operation{state(2)}}), "op1", progress.NewView(&out, false))
	require.NoError(t, err)
	require.Equal(t, story, out.String(), "each step is told once")
}

func TestFailuresAndReasonsToWait(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	waits := state(0)
	waits.WaitingFor = &cpv1.WaitingFor{Reason: "NO_READY_NODE", Resource: "environment/shared"}
	failed := state(1)
	failed.State = cpv1.OperationState_OPERATION_STATE_FAILED
	failed.Steps[1].State = cpv1.StepState_STEP_STATE_FAILED
	failed.Error = &cpv1.OperationError{Code: "NODE_ERROR", Detail: "the node refused"}
	_, err := progress.Follow(t.Context(), client(watch{states: []*cpv1.Operation{waits, failed}}), "op1", progress.NewView(&out, false))
	require.ErrorContains(t, err, "the node refused (NODE_ERROR)")
	require.Equal(t, "waits   NO_READY_NODE environment/shared\ndone    Place the account (120ms)\nfailed  Prepare its rows\n", out.String())
}

func TestFinalErrors(t *testing.T) {
	t.Parallel()
	_, err := progress.Follow(t.Context(), client(watch{err: connect.NewError(connect.CodeNotFound, "none")}), "op1", progress.Silent{})
	require.Equal(t, connect.CodeNotFound, connect.CodeOf(err))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = progress.Follow(ctx, client(), "op1", progress.Silent{})
	require.Error(t, err)
}

// impatient ends the wait when it has seen a state.
type impatient struct {
	progress.Silent
	end context.CancelCauseFunc
}

func (v impatient) Show(*cpv1.Operation) { v.end(context.DeadlineExceeded) }

func TestWaitingMayEndBeforeTheOperation(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	waits := state(0)
	waits.WaitingFor = &cpv1.WaitingFor{Reason: "NO_READY_NODE", Detail: "No node is ready."}
	op, err := progress.Follow(ctx, client(watch{states: []*cpv1.Operation{waits}}), "op1", impatient{end: cancel})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.EqualError(t, err, "operation op1 has not ended yet (No node is ready.); it goes on, wait for it with: fluent operation wait op1")
	require.Equal(t, "op1", op.GetId())
}

func TestBar(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	_, err := progress.Follow(t.Context(), client(watch{states: []*cpv1.Operation{state(0), state(1), state(2)}}), "op1", progress.NewView(&out, true))
	require.NoError(t, err)
	require.Contains(t, out.String(), story)
	require.Contains(t, out.String(), "Place the account")
}
