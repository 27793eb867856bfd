package graphql_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/security"
	"github.com/fluent-oms/fluent/tenancy"
)

func TestPermissionsAndScopes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.retailer("ACME", "2", "OTHER")
	customer := w.shop("P1", "P2")
	w.data(createOrder, orderInput("O-1", customer))
	clerk := principal("ACME", "9", tenant.Grant{
		Role: "CLERK", Permissions: []string{"ORDER_VIEW", "NETWORK_CREATE"}, Contexts: []tenant.Context{{Type: tenant.RetailerContext, ID: "2", Retailer: 2}},
	})
	const read = `{ orders { edges { node { ref customer { firstName } retailer { id } } } } }`
	res := w.run(clerk, read, "")
	require.Empty(t, messages(res))
	require.Equal(t, `{"orders":{"edges":[]}}`, string(res.Data), "retailer 1's order is not for retailer 2's clerk")

	viewer := principal("ACME", "9", tenant.Grant{Role: "V", Permissions: []string{"ORDER_VIEW"}, Contexts: []tenant.Context{{Type: tenant.AccountContext}}})
	res = w.run(viewer, read, "")
	require.Equal(t, `{"orders":{"edges":[{"node":{"ref":"O-1","customer":null,"retailer":{"id":"1"}}}]}}`, string(res.Data))
	require.Equal(t, []string{"C0020E Permission missing: CUSTOMER_VIEW"}, messages(res))
	require.Equal(t, []any{"orders", "edges", 0, "node", "customer"}, res.Errors[0].Path)

	res = w.run(viewer, `{ networks { edges { node { id } } } }`, "")
	require.Equal(t, `{"networks":null}`, string(res.Data))
	require.Equal(t, []string{"C0020E Permission missing: NETWORK_VIEW"}, messages(res))

	res = w.run(viewer, createOrder, orderInput("O-2", customer))
	require.Equal(t, `{"createOrder":null}`, string(res.Data))
	require.Equal(t, "C0020E", res.Errors[0].Extensions.Code)
	res = w.run(clerk, `mutation { createNetwork(input: {name: "N", retailers: {id: 1}}) { id } }`, "")
	require.Equal(t, "C0120E", res.Errors[0].Extensions.Code, "a retailer out of reach does not exist")
	res = w.run(clerk, `mutation { createNetwork(input: {name: "N", retailers: {id: 2}}) { ref } }`, "")
	require.Equal(t, `{"createNetwork":{"ref":"N"}}`, string(res.Data))

	stranger := principal("OTHER", "1", tenant.Grant{Role: tenant.AdminRole, Contexts: []tenant.Context{{Type: tenant.AccountContext}}})
	res = w.run(stranger, read, "")
	require.Equal(t, `{"orders":{"edges":[]}}`, string(res.Data))
}

// TestNobodyGivesRightsThatHeHasNot: who keeps users and roles makes no administrator, neither of another nor of himself, in no place, not even in
// one that is not there yet.
func TestNobodyGivesRightsThatHeHasNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := func(kind, id string) tenant.Context {
		c := tenant.Context{Type: tenant.ContextType(kind), ID: id}
		if kind == "RETAILER" {
			c.Retailer = 1
		}
		return c
	}
	keeper := func(c tenant.Context) *tenant.Principal {
		keeps := tenant.Grant{Role: "KEEPER", Permissions: []string{"USER_CREATE", "USER_UPDATE", "ROLE_CREATE", "ROLE_UPDATE", "USER_VIEW", "ROLE_VIEW"}, Contexts: []tenant.Context{at("ACCOUNT", "0")}}
		return principal("ACME", "7", keeps, tenant.Grant{Role: "LOOKER", Permissions: []string{"ORDER_VIEW"}, Contexts: []tenant.Context{c}})
	}
	w.data(`mutation { a: createRole(input: {name: "ADMIN"}) { id } b: createRole(input: {name: "LOOKER", permissions: {name: "ORDER_VIEW"}}) { id }
		c: createRole(input: {name: "WRITER", permissions: {name: "ORDER_UPDATE"}}) { id } }`, "")
	w.data(`mutation { createUser(input: {ref: "u", username: "u", password: "p", type: "ADMIN", firstName: "U", primaryEmail: "u@b.c", timezone: "UTC"}) { id } }`, "")
	user := w.data(`{ user(username: "u") { id } }`, "")["user"].(map[string]any)["id"].(string)
	location := w.place("S")

	everywhere, shop := at("ACCOUNT", "0"), at("RETAILER", "1")
	n := 0
	for _, c := range []struct {
		who        *tenant.Principal
		role       string
		kind, id   string
		permission string // that is missing; empty: it is given
	}{
		{w.admin, "ADMIN", "ACCOUNT", "0", ""},
		{w.admin, "ADMIN", "AGENT", "4711", ""},
		{keeper(everywhere), "LOOKER", "ACCOUNT", "0", ""},
		{keeper(everywhere), "LOOKER", "AGENT", location, ""},
		{keeper(everywhere), "ADMIN", "ACCOUNT", "0", "ADMIN"},
		{keeper(everywhere), "ADMIN", "RETAILER", "1", "ADMIN"},
		{keeper(everywhere), "ADMIN", "AGENT", location, "ADMIN"},
		{keeper(everywhere), "ADMIN", "AGENT", "4711", "ADMIN"},
		{keeper(everywhere), "WRITER", "AGENT", "4711", "ORDER_UPDATE"},
		{keeper(everywhere), "WRITER", "RETAILER", "99", "ORDER_UPDATE"},
		{keeper(shop), "LOOKER", "RETAILER", "1", ""},
		{keeper(shop), "LOOKER", "AGENT", location, ""},
		{keeper(shop), "LOOKER", "AGENT", "4711", "ORDER_VIEW"},
		{keeper(shop), "LOOKER", "RETAILER", "2", "ORDER_VIEW"},
		{keeper(shop), "LOOKER", "ACCOUNT", "0", "ORDER_VIEW"},
	} {
		n++
		roles := fmt.Sprintf(`roles: [{role: {name: %q}, contexts: [{contextType: %q, contextId: %s}]}]`, c.role, c.kind, c.id)
		name := fmt.Sprintf("made%d", n)
		made := w.run(c.who, `mutation { createUser(input: {ref: "`+name+`", username: "`+name+`", password: "p", type: "ADMIN", firstName: "U", primaryEmail: "u@b.c", timezone: "UTC", `+roles+`}) { id } }`, "")
		changed := w.run(c.who, `mutation { updateUser(input: {id: `+user+`, `+roles+`}) { id } }`, "")
		want := []string(nil)
		if c.permission != "" {
			want = []string{"C0020E Permission missing: " + c.permission}
		}
		require.Equal(t, want, messages(made), "made: %s at %s %s", c.role, c.kind, c.id)
		if c.permission == "" {
			w.data(`mutation { removeUserRolesFromUser(input: {user: {id: `+user+`}, `+roles+`}) { status } }`, "")
		}
		require.Equal(t, want, messages(changed), "changed: %s at %s %s", c.role, c.kind, c.id)
	}

	for mutation, want := range map[string][]string{
		`createRole(input: {name: "MORE", permissions: [{name: "ORDER_VIEW"}, {name: "ORDER_UPDATE"}]}) { id }`: {"C0020E Permission missing: ORDER_UPDATE"},
		`updateRole(input: {name: "LOOKER", permissions: {name: "ORDER_UPDATE"}}) { id }`:                       {"C0020E Permission missing: ORDER_UPDATE"},
		`updateRole(input: {name: "WRITER", permissions: {name: "ORDER_VIEW"}}) { id }`:                         nil,
		`createRole(input: {name: "SAME", permissions: {name: "USER_UPDATE"}}) { id }`:                          nil,
	} {
		require.Equal(t, want, messages(w.run(keeper(everywhere), `mutation { `+mutation+` }`, "")), mutation)
	}
	require.Equal(t, []string{"C0020E Permission missing: ORDER_VIEW"},
		messages(w.run(keeper(shop), `mutation { createRole(input: {name: "WIDE", permissions: {name: "ORDER_VIEW"}}) { id } }`, "")), "a role holds wherever it is given")
}

// TestNobodyShutsOutWhoMayMore has who keeps users and roles close an administrator, give him another key, and take roles and permissions away.
func TestNobodyShutsOutWhoMayMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	everywhere := []tenant.Context{{Type: tenant.AccountContext, ID: "0"}}
	keeper := principal("ACME", "7", tenant.Grant{Role: "KEEPER", Permissions: []string{"USER_UPDATE", "ROLE_UPDATE", "USER_VIEW", "ROLE_VIEW", "ORDER_VIEW"}, Contexts: everywhere})
	w.data(`mutation { a: createRole(input: {name: "ADMIN"}) { id } b: createRole(input: {name: "LOOKER", permissions: {name: "ORDER_VIEW"}}) { id }
		c: createRole(input: {name: "WRITER", permissions: [{name: "ORDER_VIEW"}, {name: "ORDER_UPDATE"}]}) { id } }`, "")
	for user, roles := range map[string]string{
		"admin": `{role: {name: "ADMIN"}, contexts: {contextType: "RETAILER", contextId: 1}}`, "looker": `{role: {name: "LOOKER"}, contexts: {contextType: "RETAILER", contextId: 1}}`, "nobody": ``,
	} {
		id := at(w.data(`mutation { createUser(input: {ref: "`+user+`", username: "`+user+`", password: "p", type: "ADMIN", firstName: "U", primaryEmail: "u@b.c", timezone: "UTC", roles: [`+roles+`]}) { id } }`, ""), "createUser.id").(string)
		var want []string
		if user == "admin" {
			want = []string{"C0020E Permission missing: ADMIN"}
		}
		for _, mutation := range []string{
			`updateUser(input: {id: ` + id + `, status: "INACTIVE"}) { id }`,
			`removeUserRolesFromUser(input: {user: {username: "` + user + `"}, roles: {role: {name: "LOOKER"}, contexts: {contextType: "RETAILER", contextId: 1}}}) { status }`,
		} {
			require.Equal(t, want, messages(w.run(keeper, `mutation { `+mutation+` }`, "")), mutation)
		}
		require.Empty(t, messages(w.run(keeper, `mutation { updateUser(input: {id: `+id+`, lastName: "X"}) { id } }`, "")), "his name is nobody's right")
	}
	take := func(permission string) []string {
		return messages(w.run(keeper, `mutation { removePermissionsFromRole(input: {role: {name: "WRITER"}, permissions: {name: "`+permission+`"}}) { status } }`, ""))
	}
	require.Equal(t, []string{"C0020E Permission missing: ORDER_UPDATE"}, take("ORDER_UPDATE"))
	require.Empty(t, take("ORDER_VIEW"))
	require.Equal(t, `{"users":{"edges":[{"node":{"username":"admin"}}]},"role":{"permissions":[{"name":"ORDER_UPDATE"}]}}`,
		w.raw(`{ users(status: "ACTIVE") { edges { node { username } } } role(name: "WRITER") { permissions { name } } }`, ""))
}

func TestUsersAndRoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.data(`mutation { createRole(input: {name: "CLERK", permissions: {name: "ORDER_VIEW"}}) { id permissions { name } } }`, "")
	require.Equal(t, "C0120E", w.failure(`mutation { updateRole(input: {name: "CLERK", permissions: [{name: "FLY"}]}) { id } }`, "").Extensions.Code)
	require.Equal(t, `{"updateRole":{"permissions":[{"name":"ORDER_VIEW"},{"name":"ORDER_UPDATE"}]}}`,
		w.raw(`mutation { updateRole(input: {name: "CLERK", permissions: [{name: "ORDER_UPDATE"}, {name: "ORDER_VIEW"}]}) { permissions { name } } }`, ""))
	made := w.data(`mutation($i: CreateUserInput) { createUser(input: $i) { id username status roles { role { id name permissions { name } } contexts { contextType contextId } } primaryRetailer { ref } } }`,
		`{"i":{"ref":"u","username":"u","type":"ADMIN","firstName":"U","primaryEmail":"u@x","timezone":"UTC","password":"secret123","primaryRetailer":{"id":1},
		"roles":[{"role":{"name":"CLERK"},"contexts":[{"contextType":"RETAILER","contextId":1}]}]}}`)
	require.Equal(t, "CLERK", at(made, "createUser.roles.0.role.name"))
	w.data(`mutation { createRole(input: {name: "ADMIN", permissions: {name: "ORDER_VIEW"}}) { id } }`, "")
	refused := w.failure(`mutation { removePermissionsFromRole(input: {role: {name: "ADMIN"}, permissions: {name: "ORDER_VIEW"}}) { status } }`, "")
	require.Contains(t, refused.Message, "holds every permission")
	require.Equal(t, "1", at(made, "createUser.roles.0.contexts.0.contextId"))
	scope, err := tenancy.NewScope("ACME")
	require.NoError(t, err)
	users, err := store.Load[security.User](context.Background(), w.db.Reader(scope), store.Query{})
	require.NoError(t, err)
	require.Equal(t, "hashed:secret123", users[0].PasswordHash)

	id := at(made, "createUser.id").(string)
	w.data(`mutation($i: UpdateUserInput) { updateUser(input: $i) { id } }`, fmt.Sprintf(`{"i":{"id":%q,"lastName":"Two","roles":[{"role":{"name":"CLERK"},"contexts":[{"contextType":"ACCOUNT","contextId":0}]}]}}`, id))
	require.Equal(t, "hashed:secret123", func() string {
		users, err := store.Load[security.User](context.Background(), w.db.Reader(scope), store.Query{})
		require.NoError(t, err)
		return users[0].PasswordHash
	}())
	w.data(`mutation { removeUserRolesFromUser(input: {user: {username: "u"}, roles: {role: {name: "CLERK"}, contexts: {contextType: "RETAILER", contextId: 1}}}) { status } }`, "")
	require.Equal(t, `{"user":{"lastName":"Two","roles":[{"role":{"name":"CLERK"},"contexts":[{"contextType":"ACCOUNT"}]}]}}`,
		w.raw(`{ user(username: "u") { lastName roles { role { name } contexts { contextType } } } }`, ""))
	require.Equal(t, `{"permission":{"name":"ORDER_VIEW"},"nothing":null}`, w.raw(`{ permission(name: "ORDER_VIEW") { name } nothing: permission(name: "x") { name } }`, ""))

	// The connection tester's query, as the user itself.
	res := w.run(principal("ACME", tenantUser(id), tenant.Grant{Role: tenant.AdminRole, Contexts: []tenant.Context{{Type: tenant.AccountContext}}}), meQuery, "")
	require.Empty(t, messages(res))
	require.Contains(t, string(res.Data), `"username":"u"`)
}

func tenantUser(id string) string { return id }

const meQuery = `query { me { id ref username title firstName lastName primaryEmail primaryPhone type status department country timezone promotionOptIn createdOn updatedOn
	roles { role { id name permissions { name } } contexts { contextType contextId } }
	primaryRetailer { id createdOn updatedOn status ref summary websiteUrl websiteUrlName primaryEmail supportContactName supportEmail supportPhone tradingName }
	language { value label }
	primaryLocation { id ref createdOn updatedOn type status name supportPhoneNumber defaultCarrier defaultCarrierName workflowRef workflowVersion retailer { id ref } } } }`
