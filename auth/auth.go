// Package auth says who a caller of the control plane is and which roles it has. Its sub-packages prove it (token,
// password), decide (policy), and stand in front of handlers (interceptor). Tenants' users are in auth/tenant.
package auth

import (
	"context"
	"slices"
)

// The roles of operators.
const (
	PlatformAdministrator = "platform-administrator" // everything, everywhere
	RegionOperator        = "region-operator"        // runs the regions that the grant names
	SupportReadOnly       = "support-read-only"      // sees everything, changes nothing
	Implementer           = "implementer"            // sets up the accounts that the grant names
)

// RoleNames lists the roles of operators.
func RoleNames() []string {
	return []string{PlatformAdministrator, RegionOperator, SupportReadOnly, Implementer}
}

// Role is one role of an operator with the places that limit it. A role that is limited by its kind (region operator,
// implementer) and names no place gives nothing.
type Role struct {
	Name     string   `json:"role"`
	Regions  []string `json:"regions,omitempty"`  // for RegionOperator
	Accounts []string `json:"accounts,omitempty"` // for Implementer
}

// Kind says what sort of caller a Principal is.
type Kind string

// The kinds of callers of a control-plane server.
const (
	OperatorKind     Kind = "operator"      // a person or a script with an operator's token
	NodeKind         Kind = "node"          // a data-plane node or a gateway
	ControlPlaneKind Kind = "control-plane" // another server of the control plane, or one calling a node
)

// Principal is a verified caller. It never changes once it is in a context.
type Principal struct {
	Kind        Kind
	Subject     string // username, node id, or server id
	Roles       []Role // of operators
	Environment string // of nodes: where they serve; empty for all
	NodeKind    string // of nodes: node or gateway
	TokenID     string // jti, for the audit
}

// HasRole reports whether the principal has a role, whatever its limits.
func (p *Principal) HasRole(name string) bool {
	return slices.ContainsFunc(p.Roles, func(r Role) bool { return r.Name == name })
}

type contextKey struct{}

// NewContext returns a context that carries the caller of a request.
func NewContext(ctx context.Context, p *Principal) context.Context {
	return context.WithValue(ctx, contextKey{}, p)
}

// FromContext gives the caller of a request; false when it carried no verified token.
func FromContext(ctx context.Context) (*Principal, bool) {
	p, ok := ctx.Value(contextKey{}).(*Principal)
	return p, ok && p != nil
}
