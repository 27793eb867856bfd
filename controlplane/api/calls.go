package api

import (
	"context"
	"strconv"

	"connectrpc.com/connect/v2"

	"github.com/fluent-oms/fluent/auth"
	"github.com/fluent-oms/fluent/controlplane/state"
)

// The headers of consistency. A read asks with ConsistencyHeader: "leader" (the default: what was committed last), "at-least=N" (this
// server once it has applied index N) or "any" (this server as it is). Every answer says with IndexHeader which index it had at least.
const (
	ConsistencyHeader = "Fluent-Consistency"
	IndexHeader       = "Fluent-Index"
)

// nameIndex puts the index into the answer. Reads look at the state after this, so the index is a lower bound; writes replace it by theirs.
func (a *API) nameIndex(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
		sayIndex(ctx, a.Store.View().Index())
		return next(ctx, spec, stream)
	}
}

func sayIndex(ctx context.Context, index state.Index) {
	if info, ok := connect.CallInfoForServerContext(ctx); ok {
		info.ResponseHeader().Set(IndexHeader, strconv.FormatUint(uint64(index), 10))
	}
}

// logCalls notes who called what. What changed is in the audit trail, which the state itself keeps.
func (a *API) logCalls(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
		begin := a.Now()
		err := next(ctx, spec, stream)
		subject := ""
		if p, ok := auth.FromContext(ctx); ok {
			subject = p.Subject
		}
		a.Logger.DebugContext(ctx, "call", "procedure", spec.Procedure, "subject", subject, "took", a.Now().Sub(begin), "error", err)
		return err
	}
}
