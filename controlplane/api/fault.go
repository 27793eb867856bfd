package api

import (
	"context"
	"crypto/rand"
	"errors"

	"connectrpc.com/connect/v2"

	"github.com/fluent-oms/fluent/auth/wire"
	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/domain/fault"
)

// mapErrors is the outermost interceptor of our own: faults become Connect errors, and what is no fault is hidden behind an id that the log
// has too. What another process answered stays as it is.
func (a *API) mapErrors(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
		err := next(ctx, spec, stream)
		call, known := wire.Verdict(err)
		switch {
		case err == nil || call != nil:
			return err
		case known != nil && known.Kind != fault.Internal:
			return wire.FromFault(known, "").WithCause(err)
		case ctx.Err() != nil && errors.Is(context.Cause(ctx), context.DeadlineExceeded):
			return connect.NewError(connect.CodeDeadlineExceeded, "The call was not done in its time; repeat it with the same request id.").WithCause(err)
		case ctx.Err() != nil && errors.Is(err, ctx.Err()):
			return connect.NewError(connect.CodeCanceled, "The call was ended.").WithCause(err)
		}
		return a.internalError(ctx, spec.Procedure, err)
	}
}

// readable makes an error of the panic of a read that the state's tables refuse, so that the caller hears of it.
func readable(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) (err error) {
		defer state.Readable(&err)
		return next(ctx, spec, stream)
	}
}

func (a *API) internalError(ctx context.Context, procedure string, err error) error {
	id := rand.Text()
	a.Logger.ErrorContext(ctx, "call failed", "procedure", procedure, "support_id", id, "error", err)
	return wire.FromFault(fault.Of(err), "Internal error; support id "+id+".", id).WithCause(err)
}
