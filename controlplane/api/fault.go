package api

import (
	"context"
	"crypto/rand"
	"errors"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connectproto"

	"github.com/fluent-oms/fluent/auth/interceptor"
	"github.com/fluent-oms/fluent/domain/fault"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// mapErrors is the outermost interceptor: faults become Connect errors, and what is no fault is hidden behind an id that the log has too.
func (a *API) mapErrors(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
		err := next(ctx, spec, stream)
		if err == nil {
			return nil
		}
		var known *connect.Error
		if errors.As(err, &known) && !known.IsRemote() {
			return err
		}
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			return connect.NewError(connect.CodeCanceled, "The call was ended.").WithCause(err)
		}
		return a.connectError(ctx, spec.Procedure, err)
	}
}

func (a *API) connectError(ctx context.Context, procedure string, err error) error {
	f := fault.Of(err)
	problem := &cpv1.Problem{Code: f.Code, Field: f.Field, Meta: f.Meta}
	text := f.Detail
	if f.Kind == fault.Internal {
		problem.SupportId = rand.Text()
		a.Logger.ErrorContext(ctx, "call failed", "procedure", procedure, "support_id", problem.GetSupportId(), "error", err)
		text = "Internal error; support id " + problem.GetSupportId() + "."
	}
	if f.Field != "" {
		text = f.Field + ": " + text
	}
	out := connect.NewError(interceptor.CodeOf(f.Kind), text).WithCause(err)
	if detail, detailErr := connectproto.NewErrorDetail(problem); detailErr == nil {
		out = out.WithDetail(detail)
	}
	return out
}
