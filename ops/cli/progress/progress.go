// Package progress follows an operation to its end and shows how far it is: a bar on a terminal, a line per step elsewhere.
package progress

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/schollz/progressbar/v3"

	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// View is shown each state of an operation, the last one included.
type View interface {
	Show(op *cpv1.Operation)
	// End closes the display; nothing is shown after it.
	End()
}

// FailedError says that an operation ended without success.
type FailedError struct{ Operation *cpv1.Operation }

func (e FailedError) Error() string {
	err := e.Operation.GetError()
	if err == nil {
		return fmt.Sprintf("operation %s failed", e.Operation.GetId())
	}
	return fmt.Sprintf("operation %s failed: %s (%s)", e.Operation.GetId(), err.GetDetail(), err.GetCode())
}

// UnfinishedError says that waiting ended before the operation did, which goes on.
type UnfinishedError struct {
	ID    string
	Last  *cpv1.Operation // last state seen
	Cause error           // why waiting ended
}

func (e UnfinishedError) Error() string {
	text := "operation " + e.ID + " has not ended yet"
	if w := waitingFor(e.Last); w != "" {
		text += " (" + w + ")"
	}
	return text + "; it goes on, wait for it with: fluent operation wait " + e.ID
}

func (e UnfinishedError) Unwrap() error { return e.Cause }

// again is how long Follow waits before it asks again after a stream broke.
const again = 300 * time.Millisecond

// Follow watches an operation until it has ended and returns its last state; a FailedError if it failed. A watch that breaks,
// because a server ended, is taken up again until ctx ends; the error is then an UnfinishedError.
func Follow(ctx context.Context, client controlplanev1connect.OperationServiceClient, id string, view View) (*cpv1.Operation, error) {
	defer view.End()
	var last *cpv1.Operation
	for {
		op, err := watch(ctx, client, id, view)
		if op != nil {
			last = op
		}
		switch {
		case op.GetState() == cpv1.OperationState_OPERATION_STATE_FAILED:
			return op, FailedError{Operation: op}
		case ended(op):
			return op, nil
		case ctx.Err() != nil && last != nil:
			return last, UnfinishedError{ID: id, Last: last, Cause: context.Cause(ctx)}
		case err != nil && (ctx.Err() != nil || !passing(err)):
			return last, err
		}
		timer := time.NewTimer(again)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

// passing reports whether an error of a watch may be gone the next time: the server went away or changed its role.
func passing(err error) bool {
	switch connect.CodeOf(err) {
	case connect.CodeNotFound, connect.CodePermissionDenied, connect.CodeUnauthenticated, connect.CodeInvalidArgument, connect.CodeUnimplemented:
		return false
	}
	return true
}

// watch shows states from one stream until it ends; it returns the last state seen.
func watch(ctx context.Context, client controlplanev1connect.OperationServiceClient, id string, view View) (*cpv1.Operation, error) {
	stream, err := client.WatchOperation(ctx, &cpv1.WatchOperationRequest{Id: id})
	if err != nil {
		return nil, fmt.Errorf("watch operation %s: %w", id, err)
	}
	defer stream.Close()
	var op *cpv1.Operation
	for {
		res, err := stream.Receive()
		if errors.Is(err, io.EOF) {
			return op, nil
		}
		if err != nil {
			return op, fmt.Errorf("watch operation %s: %w", id, err)
		}
		op = res.GetOperation()
		view.Show(op)
		if ended(op) {
			return op, nil
		}
	}
}

func ended(op *cpv1.Operation) bool {
	return op.GetState() == cpv1.OperationState_OPERATION_STATE_DONE || op.GetState() == cpv1.OperationState_OPERATION_STATE_FAILED
}

// NewView makes the display that suits w: a bar when w is a terminal, else lines.
func NewView(w io.Writer, terminal bool) View {
	if terminal {
		return newBar(w)
	}
	return &lines{w: w, seen: map[string]cpv1.StepState{}}
}

// Silent shows nothing.
type Silent struct{}

// Show does nothing.
func (Silent) Show(*cpv1.Operation) {}

// End does nothing.
func (Silent) End() {}

// lines prints a line when a step has ended, and when the reason to wait changes.
type lines struct {
	w       io.Writer
	seen    map[string]cpv1.StepState
	waiting string
}

func (l *lines) Show(op *cpv1.Operation) {
	for _, step := range op.GetSteps() {
		state := step.GetState()
		if state == l.seen[step.GetName()] {
			continue
		}
		l.seen[step.GetName()] = state
		switch state {
		case cpv1.StepState_STEP_STATE_DONE:
			fmt.Fprintf(l.w, "done    %s%s\n", title(step), took(step))
		case cpv1.StepState_STEP_STATE_FAILED:
			fmt.Fprintf(l.w, "failed  %s%s\n", title(step), took(step))
		}
	}
	if text := waitingFor(op); text != l.waiting {
		l.waiting = text
		if text != "" {
			fmt.Fprintf(l.w, "waits   %s\n", text)
		}
	}
}

func (l *lines) End() {}

// bar draws one bar that names the step in work.
type bar struct {
	w   io.Writer
	bar *progressbar.ProgressBar
}

// whole is the bar's length; an operation's progress is a share of it.
const whole = 1000

func newBar(w io.Writer) *bar {
	return &bar{w: w, bar: progressbar.NewOptions(whole,
		progressbar.OptionSetWriter(w), progressbar.OptionSetWidth(30), progressbar.OptionSetPredictTime(false),
		progressbar.OptionClearOnFinish(), progressbar.OptionShowDescriptionAtLineEnd(), progressbar.OptionUseANSICodes(true))}
}

func (b *bar) Show(op *cpv1.Operation) {
	text := waitingFor(op)
	for _, step := range op.GetSteps() {
		if text == "" && step.GetState() == cpv1.StepState_STEP_STATE_RUNNING {
			text = title(step)
		}
	}
	b.bar.Describe(text)
	// The bar's only errors are those of writing to the terminal, about which nothing can be done.
	_ = b.bar.Set(min(whole-1, int(op.GetProgress()*whole)))
	if ended(op) {
		_ = b.bar.Clear()
		l := &lines{w: b.w, seen: map[string]cpv1.StepState{}}
		l.Show(op)
	}
}

func (b *bar) End() { _ = b.bar.Clear() }

func title(step *cpv1.OperationStep) string {
	if step.GetTitle() != "" {
		return step.GetTitle()
	}
	return step.GetName()
}

func took(step *cpv1.OperationStep) string {
	if step.GetStartTime() == nil || step.GetEndTime() == nil {
		return ""
	}
	d := step.GetEndTime().AsTime().Sub(step.GetStartTime().AsTime())
	return " (" + max(0, d).Round(time.Millisecond).String() + ")"
}

func waitingFor(op *cpv1.Operation) string {
	wait := op.GetWaitingFor()
	if wait == nil {
		return ""
	}
	if wait.GetDetail() != "" {
		return wait.GetDetail()
	}
	return wait.GetReason() + " " + wait.GetResource()
}
