package interceptor

import (
	"context"
	"fmt"

	"connectrpc.com/connect/v2"
)

// Bearer makes a client interceptor that adds a token to each call. The token is asked for per call, so that it may be
// renewed; an empty one sends the call without.
func Bearer(tokenOf func(ctx context.Context) (string, error)) connect.ClientInterceptor {
	return func(next connect.ClientFunc) connect.ClientFunc {
		return func(ctx context.Context, spec connect.Spec) (connect.ClientStream, error) {
			raw, err := tokenOf(ctx)
			if err != nil {
				return nil, fmt.Errorf("token for %s: %w", spec.Procedure, err)
			}
			info, ok := connect.CallInfoForClientContext(ctx)
			if raw != "" && ok {
				info.RequestHeader().Set("Authorization", "Bearer "+raw)
			}
			return next(ctx, spec)
		}
	}
}

// StaticBearer makes a client interceptor that adds one token to each call.
func StaticBearer(raw string) connect.ClientInterceptor {
	return Bearer(func(context.Context) (string, error) { return raw, nil })
}
