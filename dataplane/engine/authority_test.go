package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/security"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// TestWhereARunOnceWorkflowNeedsItsSendersRights has a user who sees the whole account, and may change things in one retailer, send a workflow that
// makes something which belongs to another retailer by way of something else, to several, to the account, or to nobody in particular.
func TestWhereARunOnceWorkflowNeedsItsSendersRights(t *testing.T) {
	t.Parallel()
	b, u, known := callersBench(t)
	var next any
	b.rules = append(b.rules, rule.New("test", "Make", "Is for a test.", func(ctx context.Context, c *rule.Context, _ rule.None) error { return c.Turn.Create(ctx, next) }))
	b.flow("ACME", on("CREATE", "FULFILMENT", ""))
	e := b.new("n1", known)
	b.run(e)
	here, there := b.orders(b.scope, 1)[0], b.orders(b.scope, 1)[0]
	b.move(there, "2")
	parcel := &order.Fulfilment{Ref: "F", OrderID: there.ID}
	parcel.ID, parcel.Type, parcel.Status = "900", "HD_PFS", "CREATED"
	shop := &foundation.Location{Ref: "L2", Type: "STORE", Name: "Two", RetailerID: "2"}
	shop.ID = "900"
	second := &foundation.Retailer{Ref: "SHOP2"}
	second.ID = "2"
	buyer := &foundation.Customer{Ref: "buyer", Username: "buyer", FirstName: "B", LastName: "B", PrimaryEmail: "b@example.com", Timezone: "UTC", RetailerID: "2"}
	buyer.ID = "900"
	clerk := &security.User{Ref: "clerk", Username: "clerk", Type: "ADMIN", FirstName: "C", PrimaryEmail: "c@example.com", Timezone: "UTC"}
	clerk.ID = "900"
	require.NoError(t, b.db.Write(b.ctx, b.scope, func(tx *store.Tx) error { tx.Insert(parcel, shop, second, buyer, clerk); return nil }))

	everything := []tenant.Context{{Type: tenant.AccountContext, ID: "0"}}
	in := func(r tenancy.RetailerID) []tenant.Context {
		return []tenant.Context{{Type: tenant.RetailerContext, Retailer: r}}
	}
	note := func(kind string, about string) any {
		return &foundation.Comment{EntityType: kind, EntityID: catalogue.ID(about), Text: "x"}
	}
	setting := func(at string, id int) any {
		return &foundation.Setting{Name: "n" + at, Context: at, ContextID: id, ValueType: "STRING", Value: "v"}
	}
	catalogueOf := func(refs ...string) any {
		c := &inventory.ProductCatalogue{Ref: "C" + strings.Join(refs, ""), Name: "C", RetailerRefs: refs}
		c.Type = "DEFAULT"
		return c
	}
	const nowhere = -1
	for name, c := range map[string]struct {
		make       func() any
		permission string
		enough     tenancy.RetailerID // where the permission is needed; 0: in the account; nowhere: anywhere
	}{
		"a fulfilment of an order":            {func() any { return &order.Fulfilment{Ref: "F2", OrderID: there.ID} }, "FULFILMENT_CREATE", 2},
		"an article of an order":              {func() any { return &order.Article{Ref: "A", OrderID: there.ID} }, "ARTICLE_CREATE", 2},
		"a comment on an order":               {func() any { return note("ORDER", string(there.ID)) }, "COMMENT_CREATE", 2},
		"a comment on a fulfilment":           {func() any { return note("FULFILMENT", string(parcel.ID)) }, "COMMENT_CREATE", 2},
		"a comment on his own order":          {func() any { return note("ORDER", string(here.ID)) }, "COMMENT_CREATE", 1},
		"a comment on a customer":             {func() any { return note("CUSTOMER", string(buyer.ID)) }, "COMMENT_CREATE", 2},
		"a comment on a user":                 {func() any { return note("USER", string(clerk.ID)) }, "COMMENT_CREATE", 0},
		"a setting of a retailer":             {func() any { return setting("RETAILER", 2) }, "SETTING_CREATE", 2},
		"a setting of a location":             {func() any { return setting("AGENT", 900) }, "SETTING_CREATE", 2},
		"a setting of the account":            {func() any { return setting("ACCOUNT", 0) }, "SETTING_CREATE", 0},
		"a catalogue of a retailer, by name":  {func() any { return catalogueOf("SHOP2") }, "PRODUCTCATALOGUE_CREATE", 2},
		"a catalogue of all retailers":        {func() any { return catalogueOf() }, "PRODUCTCATALOGUE_CREATE", 0},
		"a role, which is the account's":      {func() any { return &security.Role{Name: "R"} }, "ROLE_CREATE", 0},
		"a network, which is nobody's so far": {func() any { return &foundation.Network{Ref: "N"} }, "NETWORK_CREATE", nowhere},
	} {
		run := func(at []tenant.Context, permission string) *engineResult {
			t.Helper()
			next = c.make()
			u.give(tenant.Grant{Role: "SEES", Permissions: []string{"ORDER_VIEW"}, Contexts: everything},
				tenant.Grant{Role: "SENDS", Permissions: []string{"EVENT_CREATE"}, Contexts: everything},
				tenant.Grant{Role: "WORKS", Permissions: []string{permission}, Contexts: at})
			res, err := e.RunOnce(b.ctx, b.scope, runOnce(here, do("Make")), repeats.Request{})
			require.NoError(t, err, name)
			return &engineResult{res.State, res.Error}
		}
		refused := "Permission missing: " + c.permission
		for _, r := range []tenancy.RetailerID{1, 2} {
			if c.enough == r || c.enough == nowhere {
				continue
			}
			got := run(in(r), c.permission)
			require.Equal(t, eventstore.Failed, got.state, "%s, by the rights in retailer %d", name, r)
			require.Contains(t, got.why, refused, name)
		}
		got := run(everything, "ANOTHER_PERMISSION")
		require.Equal(t, eventstore.Failed, got.state, name)
		require.Contains(t, got.why, refused, name)
		at := everything
		if c.enough > 0 {
			at = in(c.enough)
		} else if c.enough == nowhere {
			at = in(1)
		}
		got = run(at, c.permission)
		require.Equal(t, eventstore.Success, got.state, "%s: %s", name, got.why)
	}
	next = note("ORDER", "123456")
	u.give(tenant.Grant{Role: "ALL", Permissions: []string{"COMMENT_CREATE", "EVENT_CREATE", "ORDER_VIEW"}, Contexts: everything})
	res, err := e.RunOnce(b.ctx, b.scope, runOnce(here, do("Make")), repeats.Request{})
	require.NoError(t, err)
	require.Contains(t, res.Error, "ORDER not found: id 123456", "of what is not there nobody knows whose it is")
}

// engineResult is what became of an event.
type engineResult struct {
	state eventstore.State
	why   string
}

// TestTheRetailersOwnRulesGoOnAfterAUsers has events wait for one order: a user's, with a workflow of its own, and one of the retailer's, whose rules do
// what the user might not.
func TestTheRetailersOwnRulesGoOnAfterAUsers(t *testing.T) {
	t.Parallel()
	b, u, known := callersBench(t)
	u.may([]tenancy.RetailerID{1}, "EVENT_CREATE", "ORDER_UPDATE")
	here, there := b.orders(b.scope, 1)[0], b.orders(b.scope, 1)[0]
	b.move(there, "2")
	b.flow("ACME", on("Own", "ORDER", "", do("SetState", "status", "OWN"), do("SetOther", "order", string(there.ID))))
	first, second := runOnce(here, do("SetState", "status", "FIXED")), event(here, "Own")
	e := b.new("n1", known)
	require.NoError(t, e.Submit(b.ctx, b.scope, first))
	require.NoError(t, e.Submit(b.ctx, b.scope, second))
	b.run(e)
	b.settled(b.scope, first, second)
	for _, ev := range []*workflow.Event{first, second} {
		row, err := eventstore.Get(b.ctx, b.db.Reader(b.scope), ev.ID)
		require.NoError(t, err)
		require.Equal(t, eventstore.Success, row.State, row.Error)
	}
	require.Equal(t, "OWN", b.reload(b.scope, here).Status)
	require.Equal(t, "STOLEN", b.reload(b.scope, there).Status, "the retailer's own rules see the account and may do what rules can do")
}
