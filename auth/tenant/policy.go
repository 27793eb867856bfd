package tenant

import (
	"reflect"

	"github.com/fluent-oms/fluent/tenancy"
)

// The permissions to see and to write an account's policy.
const (
	ViewPolicy   = "POLICY_VIEW"
	UpdatePolicy = "POLICY_UPDATE"
)

// Policy narrows what roles allow.
type Policy interface {
	// For is what is left of permissions to who holds roles, whose names are sorted.
	For(roles []string) func(permission string) Left
}

// Left is what a policy leaves of a permission; the zero Left is all of it.
type Left struct {
	Cases []tenancy.Case // the rows for which one of them holds; none: all
	Rule  string         // tells different Cases apart
	Err   error          // nothing; Forbidden, and says why
}

// Under is the principal with what a policy leaves of its rights; nil leaves all.
func (p *Principal) Under(policy Policy) *Principal {
	if policy == nil {
		return p
	}
	under := *p
	under.policy, under.narrow = policy, policy.For(p.Roles())
	return &under
}

// Leaves is what a policy leaves, by a permission, of a scope that the principal has by another one.
func (p *Principal) Leaves(permission string, of tenancy.Scope) tenancy.Scope {
	left := p.left(permission)
	switch {
	case left.Err != nil:
		return reach{}.scope(p.Account)
	case len(left.Cases) > 0:
		return of.Common(reach{account: true}.scope(p.Account).Narrowed(&tenancy.Limits{Where: left.Cases, Rule: left.Rule}))
	}
	return of
}

// Narrowed reports whether a policy is in force for the principal.
func (p *Principal) Narrowed() bool { return p.narrow != nil }

// Withheld reports whether a policy takes all, or some rows, of what roles give of a permission: Leaves says what is left.
func (p *Principal) Withheld(permission string) bool {
	l := p.left(permission)
	return l.Err != nil || len(l.Cases) > 0
}

func (p *Principal) left(permission string) Left {
	if p.narrow == nil {
		return Left{}
	}
	return p.narrow(permission)
}

// keeps reports whether the policy leaves the principal as much of a permission as it leaves another one.
func (p *Principal) keeps(permission string, of *Principal) error {
	if p.policy == nil {
		return nil
	}
	mine, theirs := p.left(permission), p.policy.For(of.Roles())(permission)
	switch {
	case theirs.Err != nil || mine.Err == nil && (len(mine.Cases) == 0 || reflect.DeepEqual(mine.Cases, theirs.Cases)):
		return nil
	case mine.Err != nil:
		return mine.Err
	}
	return missing(permission)
}
