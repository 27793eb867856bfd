package identity_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/domain/fault"
)

// TestPoliciesOfAccounts: an administrator writes versions, the newest is in force here at once and at other nodes once they hear of it, for users of
// this account only; what cannot decide is refused, and an empty one takes nothing away.
func TestPoliciesOfAccounts(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2)
	here, there := s.nodes[0], s.nodes[1]
	who := func(node int, account string) *tenant.Principal {
		t.Helper()
		p, err := s.nodes[node].Principal(t.Context(), scope(t, "ACME").Account(), "1")
		if account == "OTHER" {
			p, err = s.nodes[node].Principal(t.Context(), "OTHER", "1")
		}
		require.NoError(t, err)
		require.NotNil(t, p)
		return p
	}
	first, err := here.PutPolicy(t.Context(), who(0, "ACME"), "package account\nallow if input.action == \"VIEW\"", "nothing changes")
	require.NoError(t, err)
	require.Equal(t, 1, first.Version)
	kept, err := here.Policies(t.Context(), who(0, "ACME"))
	require.NoError(t, err)
	require.Len(t, kept, 1)
	require.True(t, first.CreatedOn.Equal(kept[0].CreatedOn), "the time that was answered, %s, is the one that is kept, %s", first.CreatedOn, kept[0].CreatedOn)
	require.ErrorContains(t, who(0, "ACME").Can("ORDER_UPDATE", 0), "version 1 of the account's policy does not allow it")
	require.NoError(t, who(0, "ACME").Can("ORDER_VIEW", 0))
	require.NoError(t, who(1, "ACME").Can("ORDER_UPDATE", 0), "the other node has not heard of it")
	require.NoError(t, there.ReadPolicies(t.Context()))
	require.Error(t, who(1, "ACME").Can("ORDER_UPDATE", 0))
	require.NoError(t, who(1, "OTHER").Can("ORDER_UPDATE", 0), "another account's users")
	s.node()
	require.Error(t, who(2, "ACME").Can("ORDER_UPDATE", 0), "a node that starts knows it")

	for _, wrong := range []string{"package account\nallow if", "package account\nallow if input.row.nosuch == 1", "allow := true"} {
		_, err := here.PutPolicy(t.Context(), who(0, "ACME"), wrong, "")
		require.True(t, fault.Is(err, fault.Invalid), "%v", err)
	}
	_, err = here.PutPolicy(t.Context(), tenant.New(tenant.Identity{Account: "ACME"}), "", "")
	require.True(t, fault.Is(err, fault.Forbidden))
	second, err := there.PutPolicy(t.Context(), who(1, "ACME"), "", "as before")
	require.NoError(t, err)
	require.Equal(t, 2, second.Version)
	require.NoError(t, who(1, "ACME").Can("ORDER_UPDATE", 0))
	require.NoError(t, here.ReadPolicies(t.Context()))
	require.NoError(t, who(0, "ACME").Can("ORDER_UPDATE", 0))
	versions, err := here.Policies(t.Context(), who(0, "ACME"))
	require.NoError(t, err)
	require.Len(t, versions, 2)
	require.Equal(t, []any{2, "as before", 1, "nothing changes"}, []any{versions[0].Version, versions[0].Comment, versions[1].Version, versions[1].Comment})
}
