package policy_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth"
	"github.com/fluent-oms/fluent/auth/policy"
)

func engine(t testing.TB) *policy.Engine {
	t.Helper()
	e, err := policy.New(t.Context())
	require.NoError(t, err)
	return e
}

func operator(roles ...auth.Role) *auth.Principal {
	return &auth.Principal{Kind: auth.OperatorKind, Subject: "ann", Roles: roles}
}

var (
	admin       = operator(auth.Role{Name: auth.PlatformAdministrator})
	regional    = operator(auth.Role{Name: auth.RegionOperator, Regions: []string{"r1", "r2"}})
	support     = operator(auth.Role{Name: auth.SupportReadOnly})
	implementer = operator(auth.Role{Name: auth.Implementer, Accounts: []string{"ACME"}})
	nobody      = operator()
	node        = &auth.Principal{Kind: auth.NodeKind, Subject: "n1", Environment: "shared-1"}
	server      = &auth.Principal{Kind: auth.ControlPlaneKind, Subject: "cp1"}
)

// expected has a line per permission: what administrator, region operator, support, implementer, an operator without roles,
// a node and a server get. a: allow, w: allow where, -: deny.
const expected = `
account.create          aw-----
account.delete          aw-----
account.get             awaw---
account.list            awaw---
account.resume          aw-----
account.suspend         aw-----
account.update          aw-----
audit.get               awaw---
audit.list              awaw---
client.create           aw-----
client.list             awaw---
client.revoke           aw-----
client.update           aw-----
cluster.get             aaaa---
cluster.peer            ------a
cluster.update          a------
configuration.activate  aw-w---
configuration.create    aw-w---
configuration.delete    aw-w---
configuration.get       awaw---
configuration.list      awaw---
configuration.update    aw-w---
environment.create      aw-----
environment.delete      aw-----
environment.get         awa----
environment.list        awa----
environment.update      aw-----
key.create              a------
key.delete              a------
key.list                a-a----
key.rotate              a------
node.create             aw-----
node.delete             aw-----
node.drain              aw-----
node.get                awa----
node.invite             aw-----
node.list               awa----
node.session            -----a-
node.update             aw-----
operation.cancel        aw-----
operation.get           awaw---
operation.list          awaw---
operation.wait          awaw---
operator.create         a------
operator.delete         a------
operator.get            a-a----
operator.list           a-a----
operator.update         a------
policy.get              a-a----
region.create           a------
region.delete           a------
region.get              aaaa---
region.list             aaaa---
region.update           aw-----
release.list            aaaa---
retailer.create         aw-w---
retailer.delete         aw-w---
retailer.get            awaw---
retailer.list           awaw---
retailer.update         aw-w---
rollout.create          aw-w---
rollout.get             awaw---
rollout.list            awaw---
rollout.pause           aw-w---
rollout.resume          aw-w---
rollout.rollback        aw-w---
sandbox.create          aw-w---
sandbox.delete          aw-w---
sandbox.get             awaw---
sandbox.list            awaw---
sandbox.update          aw-w---
session.delete          aaaa---
session.get             aaaa---
session.refresh         aaaa---
session.update          aaaa---
`

func TestEveryPermissionForEveryRole(t *testing.T) {
	t.Parallel()
	e := engine(t)
	columns := []*auth.Principal{admin, regional, support, implementer, nobody, node, server}
	var seen []string
	for line := range strings.Lines(strings.TrimSpace(expected)) {
		cells := strings.Fields(line)
		require.Len(t, cells[1], len(columns), line)
		seen = append(seen, cells[0])
		for i, p := range columns {
			d, err := e.Decide(t.Context(), p, cells[0], nil)
			require.NoError(t, err)
			got := map[policy.Answer]byte{policy.Deny: '-', policy.Allow: 'a', policy.AllowWhere: 'w'}[d.Answer]
			require.Equal(t, string(cells[1][i]), string(got), "%s for column %d", cells[0], i)
			require.NotEmpty(t, d.Reason)
			require.Equal(t, e.Hash(), d.Policy)
		}
	}
	require.Equal(t, e.Permissions(), seen, "the table has every permission that the policy knows")
}

func TestGranted(t *testing.T) {
	t.Parallel()
	e := engine(t)
	got, err := e.Granted(t.Context(), nobody)
	require.NoError(t, err)
	require.Empty(t, got)
	got, err = e.Granted(t.Context(), implementer)
	require.NoError(t, err)
	require.Contains(t, got, "retailer.create")
	require.NotContains(t, got, "account.create")
}

func TestUnknownPermissionsAreDeniedToAll(t *testing.T) {
	t.Parallel()
	e := engine(t)
	for _, name := range []string{"", "account", "account.*", "everything", "ACCOUNT.LIST"} {
		require.False(t, e.Knows(name))
		d, err := e.Decide(t.Context(), admin, name, nil)
		require.NoError(t, err)
		require.Equal(t, policy.Deny, d.Answer)
		require.Equal(t, "UNKNOWN_PERMISSION", d.Reason)
	}
	require.True(t, e.Knows("account.create"))
}

func TestPlacesLimitRoles(t *testing.T) {
	t.Parallel()
	e := engine(t)
	both := operator(regional.Roles[0], implementer.Roles[0])
	cases := []struct {
		p          *auth.Principal
		permission string
		resource   policy.Resource
		want       bool
	}{
		{regional, "account.create", policy.Resource{Region: "r1", Account: "NEW"}, true},
		{regional, "account.create", policy.Resource{Region: "r3", Account: "NEW"}, false},
		{regional, "account.create", policy.Resource{}, false},
		{implementer, "retailer.create", policy.Resource{Region: "r3", Account: "ACME"}, true},
		{implementer, "retailer.create", policy.Resource{Region: "r3", Account: "OTHER"}, false},
		{implementer, "retailer.create", policy.Resource{}, false},
		{both, "retailer.create", policy.Resource{Region: "r2", Account: "OTHER"}, true},
		{both, "account.create", policy.Resource{Region: "r3", Account: "ACME"}, false},
		{admin, "account.create", policy.Resource{}, true},
		{support, "account.get", policy.Resource{Account: "OTHER"}, true},
		{support, "account.update", policy.Resource{Account: "OTHER"}, false},
		{operator(auth.Role{Name: auth.RegionOperator}), "account.get", policy.Resource{}, false},
		{operator(auth.Role{Name: auth.RegionOperator, Regions: []string{""}}), "account.get", policy.Resource{}, false},
		{operator(auth.Role{Name: auth.Implementer, Regions: []string{"r1"}}), "account.get", policy.Resource{Region: "r1"}, false},
		{operator(auth.Role{Name: "emperor"}), "account.get", policy.Resource{Region: "r1"}, false},
	}
	for _, c := range cases {
		d, err := e.Decide(t.Context(), c.p, c.permission, &c.resource)
		require.NoError(t, err)
		require.Equal(t, c.want, d.Answer == policy.Allow, "%+v", c)
		require.NotEqual(t, policy.AllowWhere, d.Answer, "a known resource is decided")
	}
}

// TestFiltersAgreeWithDecisions checks that the filter of a list lets through exactly what a decision on each row allows.
func TestFiltersAgreeWithDecisions(t *testing.T) {
	t.Parallel()
	e := engine(t)
	principals := []*auth.Principal{admin, regional, support, implementer, nobody, node, operator(regional.Roles[0], implementer.Roles[0])}
	for _, p := range principals {
		for _, permission := range e.Permissions() {
			list, err := e.Decide(t.Context(), p, permission, nil)
			require.NoError(t, err)
			for _, row := range []policy.Resource{{}, {Region: "r1", Account: "OTHER"}, {Region: "r3", Account: "ACME"}, {Region: "r3"}} {
				one, err := e.Decide(t.Context(), p, permission, &row)
				require.NoError(t, err)
				require.Equal(t, one.Answer == policy.Allow, list.Covers(row), "%s on %+v by %+v", permission, row, p.Roles)
			}
		}
	}
}

func TestWhereNamesThePlaces(t *testing.T) {
	t.Parallel()
	d, err := engine(t).Decide(t.Context(), operator(regional.Roles[0], implementer.Roles[0]), "account.list", nil)
	require.NoError(t, err)
	require.Equal(t, policy.Where{Regions: []string{"r1", "r2"}, Accounts: []string{"ACME"}}, d.Where)
	require.Equal(t, d, policy.FromContext(policy.NewContext(t.Context(), d)))
	require.Equal(t, policy.Deny, policy.FromContext(t.Context()).Answer)
	require.Equal(t, []string{"deny", "allow", "allow where"}, []string{policy.Deny.String(), policy.Allow.String(), policy.AllowWhere.String()})
}

func TestDecisionsEndWithTheRequest(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d, err := engine(t).Decide(ctx, admin, "account.list", nil)
	if err == nil { // so quick that the end was not noticed: then the answer is the right one
		require.Equal(t, policy.Allow, d.Answer)
		return
	}
	require.Equal(t, policy.Deny, d.Answer)
}
