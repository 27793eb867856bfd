package api

import (
	"context"
	"time"

	"github.com/fluent-oms/fluent/auth/policy"
	"github.com/fluent-oms/fluent/controlplane/state"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

type operations struct{ *API }

// defaultWait is how long WaitOperation waits when the caller does not say.
const defaultWait = 30 * time.Second

// turnInterval is how often a watcher of an operation that waits for others hears for how many.
const turnInterval = time.Second

// GetOperation reads one operation.
func (a operations) GetOperation(_ context.Context, r *cpv1.GetOperationRequest) (*cpv1.GetOperationResponse, error) {
	v := a.Store.View()
	o, found := state.Operations.Get(v, r.GetId())
	if !found {
		return nil, absent("operation", r.GetId())
	}
	return &cpv1.GetOperationResponse{Operation: state.WithTurn(v, o)}, nil
}

// ListOperations reads the operations that the caller may see, newest first.
func (a operations) ListOperations(ctx context.Context, r *cpv1.ListOperationsRequest) (*cpv1.ListOperationsResponse, error) {
	p, err := page(r, "")
	if err != nil {
		return nil, err
	}
	p.Reverse = true
	v, decision := a.Store.View(), policy.FromContext(ctx)
	list, next := state.Operations.Filter(v, p, func(o *cpv1.Operation) bool {
		return (r.GetAccount() == "" || r.GetAccount() == o.GetAccount()) &&
			(r.GetState() == cpv1.OperationState_OPERATION_STATE_UNSPECIFIED || r.GetState() == o.GetState()) &&
			decision.Covers(accountPlace(v, o.GetAccount()))
	})
	for i := range list {
		list[i] = state.WithTurn(v, list[i])
	}
	return &cpv1.ListOperationsResponse{Operations: list, NextPageToken: pageToken(r, next)}, nil
}

// WaitOperation answers when the operation has ended or the time is up.
func (a operations) WaitOperation(ctx context.Context, r *cpv1.WaitOperationRequest) (*cpv1.WaitOperationResponse, error) {
	wait := defaultWait
	if r.GetTimeout() != nil {
		wait = r.GetTimeout().AsDuration()
	}
	last, err := a.wait(ctx, r.GetId(), wait)
	if err != nil {
		return nil, err
	}
	return &cpv1.WaitOperationResponse{Operation: last}, nil
}

// wait gives an operation as it is when it has ended or the time is up.
func (a operations) wait(ctx context.Context, id string, most time.Duration) (*cpv1.Operation, error) {
	enough := time.NewTimer(most)
	defer enough.Stop()
	for {
		view := a.Store.View()
		o, found, changed := state.Operations.Watch(view, id)
		if !found {
			return nil, absent("operation", id)
		}
		if o.GetState() != cpv1.OperationState_OPERATION_STATE_RUNNING {
			return o, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-enough.C:
			return state.WithTurn(view, o), nil // only here: for how many it waits is counted among all that run, and hundreds may wait
		case <-changed:
		case <-view.Abandoned():
		}
	}
}

// WatchOperation sends the operation now and after each change.
func (a operations) WatchOperation(ctx context.Context, r *cpv1.WatchOperationRequest, stream controlplanev1connect.OperationServiceWatchOperationServerStream) error {
	return a.follow(ctx, r.GetId(), func(o *cpv1.Operation) error {
		return stream.Send(&cpv1.WatchOperationResponse{Operation: o})
	})
}

// follow shows an operation now and after each change until it has ended.
func (a operations) follow(ctx context.Context, id string, show func(*cpv1.Operation) error) error {
	shown := ""
	for {
		view := a.Store.View()
		o, found, changed := state.Operations.Watch(view, id)
		if !found {
			return absent("operation", id)
		}
		o = state.WithTurn(view, o)
		var turn <-chan time.Time // how many are before it changes without a change of its own
		if o.GetWaitingFor().GetReason() == state.Queued {
			turn = time.After(turnInterval)
		}
		if mark := o.String(); mark != shown {
			if err := show(o); err != nil {
				return err
			}
			shown = mark
		}
		if o.GetState() != cpv1.OperationState_OPERATION_STATE_RUNNING {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		case <-turn:
		case <-view.Abandoned():
		}
	}
}
