package interceptor

import (
	"context"

	"github.com/fluent-oms/fluent/auth"
	"github.com/fluent-oms/fluent/auth/token"
	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/domain/fault"
)

// RolesOf tells the roles that an operator has now; false when the operator was disabled or removed.
type RolesOf func(ctx context.Context, username string) ([]auth.Role, bool)

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
		now, ok := roles(ctx, o.Username)
		if !ok {
			return nil, fault.New(fault.Unauthenticated, "The operator %s was disabled or removed.", o.Username).With("reason", "OPERATOR_GONE")
		}
		p.Roles = now
		return p, nil
	}
}

// Machine is the caller that the certificate of a node, a gateway or a host names.
func Machine(id trust.Identity) *auth.Principal {
	return &auth.Principal{Kind: auth.NodeKind, Subject: id.ID, Environment: id.Environment, NodeKind: id.Kind}
}
