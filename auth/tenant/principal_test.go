package tenant_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/tenancy"
)

var identity = tenant.Identity{Account: "ACME", UserID: "7", Username: "ann", RetailerID: 2}

func grant(role string, permissions []string, contexts ...tenant.Context) tenant.Grant {
	return tenant.Grant{Role: role, Permissions: permissions, Contexts: contexts}
}

var (
	inAccount   = tenant.Context{Type: tenant.AccountContext, ID: "0"}
	inRetailer2 = tenant.Context{Type: tenant.RetailerContext, ID: "2", Retailer: 2}
	inRetailer3 = tenant.Context{Type: tenant.RetailerContext, ID: "3", Retailer: 3}
	atLocation9 = tenant.Context{Type: tenant.AgentContext, ID: "9", Ref: "L9", Retailer: 5}
)

func TestCan(t *testing.T) {
	t.Parallel()
	view := []string{"ORDER_VIEW"}
	cases := []struct {
		name       string
		grants     []tenant.Grant
		permission string
		retailer   tenancy.RetailerID
		want       bool
	}{
		{"account role covers any retailer", []tenant.Grant{grant("CLERK", view, inAccount)}, "ORDER_VIEW", 44, true},
		{"account role covers the account", []tenant.Grant{grant("CLERK", view, inAccount)}, "ORDER_VIEW", 0, true},
		{"another permission is not implied", []tenant.Grant{grant("CLERK", view, inAccount)}, "ORDER_UPDATE", 2, false},
		{"retailer role covers its retailer", []tenant.Grant{grant("CLERK", view, inRetailer2)}, "ORDER_VIEW", 2, true},
		{"retailer role stops there", []tenant.Grant{grant("CLERK", view, inRetailer2)}, "ORDER_VIEW", 3, false},
		{"retailer role is not the account's", []tenant.Grant{grant("CLERK", view, inRetailer2)}, "ORDER_VIEW", 0, false},
		{"location role does not cover its retailer", []tenant.Grant{grant("STORE", view, atLocation9)}, "ORDER_VIEW", 5, false},
		{"admin has all", []tenant.Grant{grant(tenant.AdminRole, nil, inAccount)}, "ANYTHING_AT_ALL", 1, true},
		{"admin of a retailer", []tenant.Grant{grant(tenant.AdminRole, nil, inRetailer2)}, "ORDER_UPDATE", 2, true},
		{"admin of another retailer", []tenant.Grant{grant(tenant.AdminRole, nil, inRetailer2)}, "ORDER_UPDATE", 3, false},
		{"contexts don't mix", []tenant.Grant{grant("A", view, inRetailer2), grant("B", []string{"ORDER_UPDATE"}, inRetailer3)}, "ORDER_UPDATE", 2, false},
		{"a role without context gives nothing", []tenant.Grant{grant("CLERK", view)}, "ORDER_VIEW", 2, false},
		{"an unknown context gives nothing", []tenant.Grant{grant("CLERK", view, tenant.Context{Type: "GALAXY", Retailer: 2})}, "ORDER_VIEW", 2, false},
		{"no roles, no rights", nil, "ORDER_VIEW", 0, false},
		{"a retailer that cannot be read is not the account", []tenant.Grant{grant("CLERK", view, tenant.Context{Type: tenant.RetailerContext, ID: "one"})}, "ORDER_VIEW", 0, false},
		{"nor is an administrator of one the account's", []tenant.Grant{grant(tenant.AdminRole, nil, tenant.Context{Type: tenant.RetailerContext, ID: "one"})}, "ORDER_VIEW", 0, false},
		{"nor of a location that is not there", []tenant.Grant{grant(tenant.AdminRole, nil, tenant.Context{Type: tenant.AgentContext, ID: "9"})}, "ORDER_VIEW", 0, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := tenant.New(identity, c.grants...).Can(c.permission, c.retailer)
			if c.want {
				require.NoError(t, err)
				return
			}
			require.True(t, fault.Is(err, fault.Forbidden))
			require.Equal(t, "C0020E", fault.Of(err).Code)
			require.Contains(t, err.Error(), c.permission)
		})
	}
}

func TestScope(t *testing.T) {
	t.Parallel()
	all := tenant.New(identity, grant("CLERK", nil, inAccount, inRetailer2))
	require.Nil(t, all.Scope().Retailers())
	require.Equal(t, tenancy.AccountID("ACME"), all.Scope().Account())

	some := tenant.New(identity, grant("CLERK", []string{"ORDER_VIEW"}, inRetailer3), grant("STORE", []string{"LOCATION_VIEW"}, atLocation9))
	require.Equal(t, []tenancy.RetailerID{3, 5}, some.Scope().Retailers())
	require.Equal(t, []tenancy.RetailerID{3}, some.ScopeFor("ORDER_VIEW").Retailers())
	require.False(t, some.ScopeFor("USER_VIEW").Allows(3))
	require.NoError(t, some.CanSomewhere("LOCATION_VIEW"))
	require.Error(t, some.CanSomewhere("USER_VIEW"))

	none := tenant.New(identity)
	require.NotEmpty(t, none.Scope().Retailers(), "an empty list would mean every retailer")
	require.False(t, none.Scope().Allows(1))
	require.False(t, none.Scope().Allows(0))

	require.Equal(t, tenancy.Scope{}, tenant.New(tenant.Identity{}, grant("CLERK", nil, inAccount)).Scope())
}

// TestLocations: a role at a location reaches what is there, and a wider one beside it the rest of its place.
func TestLocations(t *testing.T) {
	t.Parallel()
	l9 := tenancy.Location{ID: "9", Ref: "L9", Retailer: 5}
	only := tenant.New(identity, grant("STORE", nil, atLocation9)).Scope()
	require.Equal(t, []tenancy.Location{l9}, only.Locations())
	require.Empty(t, only.Whole())
	require.True(t, only.Allows(5))
	require.False(t, only.AllowsAll(5))
	both := tenant.New(identity, grant("STORE", nil, atLocation9, inRetailer2)).Scope()
	require.Equal(t, []tenancy.Location{l9}, both.Locations())
	require.Equal(t, []tenancy.RetailerID{2}, both.Whole())
	require.Equal(t, []tenancy.RetailerID{2, 5}, both.Retailers())
	require.True(t, both.AllowsAll(2))
	require.False(t, both.Same(only))
	require.Empty(t, tenant.New(identity, grant("STORE", nil, atLocation9, inAccount)).Scope().Locations(), "the account holds them all")
	inRetailer5 := tenant.Context{Type: tenant.RetailerContext, ID: "5", Retailer: 5}
	all := tenant.New(identity, grant("STORE", nil, atLocation9, inRetailer5)).Scope()
	require.Empty(t, all.Locations(), "so does its retailer")
	require.True(t, all.AllowsAll(5))
}

// TestCanAt tells who may do something in all of a retailer from who may at locations of it.
func TestCanAt(t *testing.T) {
	t.Parallel()
	p := tenant.New(identity, grant("STORE", []string{"WAVE_UPDATE"}, atLocation9), grant("CLERK", []string{"WAVE_UPDATE"}, inRetailer2))
	for retailer, want := range map[tenancy.RetailerID]bool{2: true, 5: false} {
		whole, err := p.CanAt("WAVE_UPDATE", retailer)
		require.NoError(t, err)
		require.Equal(t, want, whole)
	}
	for _, retailer := range []tenancy.RetailerID{0, 3} {
		_, err := p.CanAt("WAVE_UPDATE", retailer)
		require.True(t, fault.Is(err, fault.Forbidden))
	}
	_, err := p.CanAt("ORDER_UPDATE", 5)
	require.True(t, fault.Is(err, fault.Forbidden))
}

// TestInCharge: who may act for another one has the permission and all rights of the other, wherever the other has them. One who has no place anywhere is the account's.
func TestInCharge(t *testing.T) {
	t.Parallel()
	keep, view := []string{"USER_UPDATE"}, []string{"ORDER_VIEW"}
	both := []string{"USER_UPDATE", "ORDER_VIEW"}
	cases := []struct {
		name    string
		has, of []tenant.Grant
		missing string // the permission; empty: he is in charge
	}{
		{"without roles, the account's", []tenant.Grant{grant("KEEPER", keep, inAccount)}, nil, ""},
		{"without roles, not a retailer's", []tenant.Grant{grant("KEEPER", keep, inRetailer2)}, nil, "USER_UPDATE"},
		{"nor with a role that holds nowhere", []tenant.Grant{grant("KEEPER", both, inRetailer2)}, []tenant.Grant{grant("CLERK", view)}, "USER_UPDATE"},
		{"nor an administrator of a retailer's", []tenant.Grant{grant(tenant.AdminRole, nil, inRetailer2)}, nil, "USER_UPDATE"},
		{"a retailer's", []tenant.Grant{grant("KEEPER", both, inRetailer2)}, []tenant.Grant{grant("CLERK", view, inRetailer2)}, ""},
		{"another retailer's", []tenant.Grant{grant("KEEPER", both, inRetailer2)}, []tenant.Grant{grant("CLERK", view, inRetailer2, inRetailer3)}, "USER_UPDATE"},
		{"the account's", []tenant.Grant{grant("KEEPER", both, inRetailer2)}, []tenant.Grant{grant("CLERK", view, inAccount)}, "USER_UPDATE"},
		{"rights that he has not", []tenant.Grant{grant("KEEPER", keep, inRetailer2)}, []tenant.Grant{grant("CLERK", view, inRetailer2)}, "ORDER_VIEW"},
		{"rights that he has elsewhere", []tenant.Grant{grant("KEEPER", keep, inRetailer2), grant("CLERK", view, inRetailer3)}, []tenant.Grant{grant("CLERK", view, inRetailer2)}, "ORDER_VIEW"},
		{"an administrator", []tenant.Grant{grant("KEEPER", both, inAccount)}, []tenant.Grant{grant(tenant.AdminRole, nil, inRetailer2)}, tenant.AdminRole},
		{"an administrator elsewhere", []tenant.Grant{grant("KEEPER", both, inAccount), grant(tenant.AdminRole, nil, inRetailer3)}, []tenant.Grant{grant(tenant.AdminRole, nil, inRetailer2)}, tenant.AdminRole},
		{"an administrator of the same", []tenant.Grant{grant(tenant.AdminRole, nil, inRetailer2)}, []tenant.Grant{grant(tenant.AdminRole, nil, inRetailer2)}, ""},
		{"a location's", []tenant.Grant{grant("KEEPER", both, atLocation9)}, []tenant.Grant{grant("STORE", view, atLocation9)}, ""},
		{"a retailer's, over its location's", []tenant.Grant{grant("KEEPER", both, tenant.Context{Type: tenant.RetailerContext, ID: "5", Retailer: 5})}, []tenant.Grant{grant("STORE", view, atLocation9)}, ""},
		{"a location's, over its retailer's", []tenant.Grant{grant("KEEPER", both, atLocation9)}, []tenant.Grant{grant("CLERK", view, tenant.Context{Type: tenant.RetailerContext, ID: "5", Retailer: 5})}, "USER_UPDATE"},
		{"another location's", []tenant.Grant{grant("KEEPER", both, atLocation9)}, []tenant.Grant{grant("STORE", view, tenant.Context{Type: tenant.AgentContext, ID: "8", Ref: "L8", Retailer: 5})}, "USER_UPDATE"},
		{"a place that is not known", []tenant.Grant{grant("KEEPER", both, inRetailer2)}, []tenant.Grant{grant("STORE", view, tenant.Context{Type: tenant.AgentContext, ID: "4711"})}, "USER_UPDATE"},
	}
	for _, c := range cases {
		err := tenant.New(identity, c.has...).InCharge(tenant.New(identity, c.of...), "USER_UPDATE")
		if c.missing == "" {
			require.NoError(t, err, c.name)
			continue
		}
		require.True(t, fault.Is(err, fault.Forbidden), c.name)
		require.Equal(t, c.missing, fault.Of(err).Meta["permission"], c.name)
	}
}

func TestRolesAreListedOnce(t *testing.T) {
	t.Parallel()
	p := tenant.New(identity, grant("STORE", nil, atLocation9), grant("CLERK", nil), grant("STORE", nil, inAccount))
	require.Equal(t, []string{"CLERK", "STORE"}, p.Roles())
}

func TestContext(t *testing.T) {
	t.Parallel()
	_, ok := tenant.FromContext(t.Context())
	require.False(t, ok)
	p := tenant.New(identity)
	got, ok := tenant.FromContext(tenant.NewContext(context.Background(), p))
	require.True(t, ok)
	require.Same(t, p, got)
}
