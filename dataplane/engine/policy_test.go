package engine_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/narrow"
	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/engine/history"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// TestAPolicyHidesRowsFromEventsToo: of an order that a policy of the account hides nobody sends an event, or reads the log, which shows it as it was; nor
// of what the order would own. Who has a role for events alone is hidden no more than the policy hides.
func TestAPolicyHidesRowsFromEventsToo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.cascade()
	e := b.new("n1")
	b.run(e)
	orders := b.orders(b.scope, 2)
	shown, hidden := orders[0], orders[1]
	part := b.fulfilment(hidden, "PART", "CREATED")
	policy, err := narrow.Compile(t.Context(), domain.Catalogue(), 1, `package account
allow if input.entity != "Order"
allow if input.row.ref != "`+hidden.Ref+`"`)
	require.NoError(t, err)
	for _, ev := range []*workflow.Event{
		{Name: "Look", EntityType: "ORDER", EntityID: string(shown.ID), RetailerID: 1, Priority: workflow.StoreWork},
		{Name: "Look", EntityType: "ORDER", EntityID: string(hidden.ID), RetailerID: 1, Priority: workflow.StoreWork},
		{Name: "Look", EntityType: "FULFILMENT", EntityID: string(part.ID), RetailerID: 1, Priority: workflow.StoreWork},
	} {
		require.NoError(t, e.Resolve(b.ctx, b.scope, ev))
		_, err := e.RunOnce(b.ctx, b.scope, ev, repeats.Request{})
		require.NoError(t, err)
	}
	for name, grant := range map[string]tenant.Grant{
		"an administrator": {Role: tenant.AdminRole, Contexts: []tenant.Context{{Type: tenant.AccountContext}}},
		"events alone":     {Role: "EVENTS", Permissions: []string{"EVENT_CREATE", "EVENT_VIEW"}, Contexts: []tenant.Context{{Type: tenant.RetailerContext, ID: "1", Retailer: 1}}},
	} {
		who := tenant.New(tenant.Identity{Account: b.scope.Account(), UserID: "1"}, grant).Under(policy)
		ctx := tenant.NewContext(b.ctx, who)
		acting := who.ScopeFor("EVENT_CREATE").Acting()
		require.NoError(t, e.Resolve(ctx, acting, &workflow.Event{EntityType: "ORDER", EntityID: string(shown.ID), RetailerID: 1}), name)
		for _, ev := range []workflow.Event{
			{EntityType: "ORDER", EntityID: string(hidden.ID), RetailerID: 1}, {EntityType: "ORDER", EntityRef: hidden.Ref, RetailerID: 1},
			{EntityType: "FULFILMENT", EntityRef: "new", RetailerID: 1, RootType: "ORDER", RootID: string(hidden.ID)},
		} {
			require.True(t, fault.Is(e.Resolve(ctx, acting, &ev), fault.NotFound), "%s: %+v", name, ev)
		}
		about := func(scope tenancy.Scope) map[string]bool {
			page, err := e.History().Search(ctx, scope, history.Query{Count: 1000})
			require.NoError(t, err)
			out := map[string]bool{}
			for _, it := range page.Results {
				out[it.Context.RootEntityID] = true
				_, err := e.History().Get(ctx, scope, it.ID)
				require.NoError(t, err, "%s, by its id", it.Name)
			}
			return out
		}
		roots := about(who.ScopeFor("EVENT_VIEW"))
		require.Equal(t, []bool{true, false}, []bool{roots[string(shown.ID)], roots[string(hidden.ID)]}, name)
		whole, err := e.History().Search(b.ctx, b.scope, history.Query{Count: 1000, RootEntityID: string(hidden.ID)})
		require.NoError(t, err)
		require.NotEmpty(t, whole.Results)
		_, err = e.History().Get(ctx, who.ScopeFor("EVENT_VIEW"), whole.Results[0].ID)
		require.True(t, fault.Is(err, fault.NotFound), name)
	}
}
