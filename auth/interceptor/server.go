// Package interceptor stands in front of the control plane's Connect handlers: it learns who calls, asks the policy, and
// lets handlers see only calls that are allowed. Its client half adds the caller's token.
package interceptor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"connectrpc.com/connect/v2"

	"github.com/fluent-oms/fluent/auth"
	"github.com/fluent-oms/fluent/auth/policy"
	"github.com/fluent-oms/fluent/auth/token"
	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/domain/fault"
)

// Public is the permission of methods that anybody may call, without a token: login, join, health.
const Public = "public"

// Decider is the policy.
type Decider interface {
	Decide(ctx context.Context, p *auth.Principal, permission string, resource *policy.Resource) (policy.Decision, error)
}

// Deps is what the server interceptor works with.
type Deps struct {
	// Authenticate proves a bearer token. Its error is Unauthenticated.
	Authenticate func(ctx context.Context, raw string) (*auth.Principal, error)
	// PermissionOf tells which permission a procedure ("/package.Service/Method") needs; false refuses every call of it.
	PermissionOf func(procedure string) (string, bool)
	// Facts tells where the thing is that a decoded request is about; false when the request names no single thing (a
	// list), in which case the handler filters by policy.FromContext. May be nil. It is asked only for callers whose role
	// is limited to places.
	Facts  func(ctx context.Context, procedure string, request any) (policy.Resource, bool, error)
	Policy Decider
	Logger *slog.Logger
}

// Server makes the interceptor. All of Deps but Facts is required.
func Server(d Deps) (connect.ServerInterceptor, error) {
	if d.Authenticate == nil || d.PermissionOf == nil || d.Policy == nil || d.Logger == nil {
		return nil, errors.New("interceptor: Authenticate, PermissionOf, Policy and Logger are required")
	}
	return func(next connect.ServerFunc) connect.ServerFunc {
		return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
			permission, known := d.PermissionOf(spec.Procedure)
			if !known {
				d.Logger.ErrorContext(ctx, "procedure without a permission was called", "procedure", spec.Procedure)
				return connect.Errorf(connect.CodePermissionDenied, "%s declares no permission", spec.Procedure)
			}
			if permission == Public {
				return next(ctx, spec, stream)
			}
			return d.guard(ctx, call{spec: spec, stream: stream, permission: permission}, next)
		}
	}, nil
}

// call is one call on its way to its handler.
type call struct {
	spec       connect.Spec
	stream     connect.ServerStream
	permission string
}

// guard authenticates and decides before the request is read; a limited role is decided again once its resource is known.
func (d Deps) guard(ctx context.Context, c call, next connect.ServerFunc) error {
	p, err := d.authenticate(ctx)
	if err != nil {
		return err
	}
	ctx = auth.NewContext(ctx, p)
	decision, err := d.Policy.Decide(ctx, p, c.permission, nil)
	if err != nil {
		return d.undecided(ctx, c.permission, err)
	}
	if decision.Answer == policy.Deny {
		return d.denied(ctx, p, c.permission, decision)
	}
	ctx = policy.NewContext(ctx, decision)
	if decision.Answer == policy.AllowWhere && d.Facts != nil {
		c.stream = &checked{ServerStream: c.stream, check: func(request any) error { return d.check(ctx, p, c, request) }}
	}
	return next(ctx, c.spec, c.stream)
}

func (d Deps) authenticate(ctx context.Context) (*auth.Principal, error) {
	info, ok := connect.CallInfoForServerContext(ctx)
	if !ok {
		return nil, connect.NewError(connect.CodeInternal, "the call carries no header")
	}
	raw, ok := token.Bearer(info.RequestHeader().Get("Authorization"))
	if id, shown := trust.Caller(ctx); shown && !ok && id.Kind != trust.ServerKind {
		return Machine(id), nil
	}
	if !ok {
		return nil, connect.NewError(connect.CodeUnauthenticated, "Log in first: the call carries no bearer token, and shows no certificate.")
	}
	p, err := d.Authenticate(ctx, raw)
	if err != nil {
		f := fault.Of(err)
		if f.Kind == fault.Unauthenticated {
			return nil, connect.NewError(connect.CodeUnauthenticated, f.Detail).WithCause(err)
		}
		return nil, d.undecided(ctx, "authentication", err)
	}
	return p, nil
}

// check decides on the resource of one decoded request.
func (d Deps) check(ctx context.Context, p *auth.Principal, c call, request any) error {
	resource, single, err := d.Facts(ctx, c.spec.Procedure, request)
	if err != nil {
		return d.undecided(ctx, c.permission, fmt.Errorf("find the place of the request: %w", err))
	}
	if !single {
		return nil
	}
	decision, err := d.Policy.Decide(ctx, p, c.permission, &resource)
	if err != nil {
		return d.undecided(ctx, c.permission, err)
	}
	if decision.Answer != policy.Allow {
		return d.denied(ctx, p, c.permission, decision)
	}
	return nil
}

func (d Deps) denied(ctx context.Context, p *auth.Principal, permission string, decision policy.Decision) error {
	d.Logger.InfoContext(ctx, "call denied", "subject", p.Subject, "kind", string(p.Kind), "permission", permission, "reason", decision.Reason)
	text := map[string]string{
		"ROLE_MISSING":       "None of your roles gives %s.",
		"OUTSIDE_OF_ROLE":    "Your roles give %s, but not here.",
		"UNKNOWN_PERMISSION": "Nobody may %s: the policy doesn't know it.",
	}[decision.Reason]
	if text == "" {
		text = "You may not %s."
	}
	return connect.Errorf(connect.CodePermissionDenied, text, permission)
}

// undecided turns a failure to decide into an error that tells no more than it should, and never into a permission.
func (d Deps) undecided(ctx context.Context, what string, err error) error {
	level := slog.LevelError
	if ctx.Err() != nil {
		level = slog.LevelDebug // the caller has gone, and nobody waits for it
	}
	d.Logger.Log(ctx, level, "no decision", "on", what, "error", err)
	if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return connect.NewError(connect.CodeDeadlineExceeded, "The call was not decided on in its time, and nothing was done; allow more.").WithCause(err)
	}
	if f := fault.Of(err); f.Kind == fault.Unavailable {
		return connect.NewError(connect.CodeUnavailable, f.Detail).WithCause(err)
	}
	return connect.NewError(connect.CodeInternal, "The call could not be decided on.").WithCause(err)
}

// checked is a stream whose every request passes a check before the handler sees it.
type checked struct {
	connect.ServerStream
	check func(request any) error
}

// Receive reads and checks the next request.
func (s *checked) Receive(request any) error {
	if err := s.ServerStream.Receive(request); err != nil {
		return err
	}
	return s.check(request)
}
