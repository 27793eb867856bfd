package interceptor

import (
	"context"

	"github.com/fluent-oms/fluent/auth"
	"github.com/fluent-oms/fluent/auth/token"
	"github.com/fluent-oms/fluent/auth/trust"
)

// RolesOf tells the roles that the operator of a token has now. Its error is Unauthenticated: the operator was disabled or removed, or the
// token's session has ended.
type RolesOf func(ctx context.Context, o token.Operator) ([]auth.Role, error)

// Tokens makes an authenticator of operators' tokens. With roles, an operator's roles are those of this moment and not those of its
// token, so that a revocation holds at once; roles may be nil.
func Tokens(v *token.Verifier, roles RolesOf) func(ctx context.Context, raw string) (*auth.Principal, error) {
	return func(ctx context.Context, raw string) (*auth.Principal, error) {
		o, err := v.Operator(raw)
		if err != nil {
			return nil, err
		}
		p := &auth.Principal{Kind: auth.OperatorKind, Subject: o.Username, Roles: o.Roles, TokenID: o.ID}
		if roles == nil {
			return p, nil
		}
		p.Roles, err = roles(ctx, o)
		if err != nil {
			return nil, err
		}
		return p, nil
	}
}

// Machine is the caller that the certificate of a node, a gateway or a host names.
func Machine(id trust.Identity) *auth.Principal {
	return &auth.Principal{Kind: auth.NodeKind, Subject: id.ID, Environment: id.Environment, NodeKind: id.Kind}
}
