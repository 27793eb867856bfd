package node

import (
	"context"
	"slices"

	"github.com/fluent-oms/fluent/domain/setting"
	"github.com/fluent-oms/fluent/tenancy"
)

// accounts are those of the environment.
func (s *services) accounts() (out []tenancy.AccountID) {
	for _, a := range s.node.state.View().Accounts() {
		out = append(out, tenancy.AccountID(a.GetName()))
	}
	return out
}

// first reports whether this node leases the first range of slots: one node at a time does, and it is the one that cleans up.
func (s *services) first() bool { return slices.Contains(s.engine.Ranges(), 0) }

// settings reads an account's own settings.
func (s *services) settings(ctx context.Context, scope tenancy.Scope, list ...setting.Reading) (setting.Held, error) {
	return s.db.Reader(scope).Settings(ctx, setting.Place{}, list...)
}
