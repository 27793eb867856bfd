package engine_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/rules"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/security"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// guarded is an effect that two permissions are needed for.
type guarded struct{ on any }

func (guarded) Apply(context.Context, any) error { return nil }
func (g guarded) Needs() ([]string, any)         { return []string{"ORDER_UPDATE", "FULFILMENT_UPDATE"}, g.on }

// more adds rules that ask for what users may not always do.
func (b *bench) more() {
	prop := func(name string) rules.Prop { return rules.Prop{Name: name, Type: "STRING", Required: true} }
	b.rules = append(b.rules,
		rules.Rule{Plugin: "test", Name: "Remark", Props: []rules.Prop{prop("on"), prop("id")}, Run: func(ctx context.Context, c *rules.Context) error {
			kind, err := c.Props.Text("on")
			require.NoError(b.t, err)
			id, err := c.Props.Text("id")
			require.NoError(b.t, err)
			return c.Turn.Create(ctx, &foundation.Comment{EntityType: kind, EntityID: catalogue.ID(id), Text: "seen"})
		}},
		rules.Rule{Plugin: "test", Name: "Settle", Props: []rules.Prop{prop("retailer")}, Run: func(ctx context.Context, c *rules.Context) error {
			made := &foundation.Setting{Name: "limit", Context: "RETAILER", ValueType: "STRING", Value: "5"}
			_, err := fmt.Sscan(string(c.Props["retailer"][1:2]), &made.ContextID)
			require.NoError(b.t, err)
			return c.Turn.Create(ctx, made)
		}},
		rules.Rule{Plugin: "test", Name: "Hire", Run: func(ctx context.Context, c *rules.Context) error {
			return c.Turn.Create(ctx, &security.Role{Name: "HIRED"})
		}},
		rules.Rule{Plugin: "test", Name: "Tie", Run: func(_ context.Context, c *rules.Context) error {
			parts := c.Root.Parts()
			c.Turn.Link(parts[0], "articles", &order.Article{Node: catalogue.Node{ID: "77"}})
			return nil
		}},
		rules.Rule{Plugin: "test", Name: "Guarded", Run: func(_ context.Context, c *rules.Context) error {
			c.Turn.Effect("guarded", func() rules.Effect { return guarded{c.Entity} })
			return nil
		}})
}

// TestWhatAUserMayNotDoHimselfHisWorkflowMayNot: comments on what he does not see, what is the account's, links, and effects that need more than one permission.
func TestWhatAUserMayNotDoHimselfHisWorkflowMayNot(t *testing.T) {
	t.Parallel()
	b, u, known := callersBench(t)
	b.more()
	b.flow("ACME", on("Take", "ORDER", "", do("Guarded")), on("CREATE", "FULFILMENT", "", do("SetState", "status", "OPEN")))
	e := b.new("n1", known)
	b.run(e)
	here, there := b.orders(b.scope, 1)[0], b.orders(b.scope, 1)[0]
	b.move(there, "2")
	one := []tenancy.RetailerID{1}
	all := []string{"EVENT_CREATE", "ORDER_UPDATE", "COMMENT_CREATE", "SETTING_CREATE", "FULFILMENT_CREATE", "FULFILMENT_UPDATE", "ROLE_CREATE", "PRODUCTCATALOGUE_CREATE"}
	for _, c := range []struct {
		name    string
		lacks   string
		call    workflow.RuleCall
		refused string // "": it may
	}{
		{"a comment on an order of his retailer's", "", do("Remark", "on", "ORDER", "id", string(here.ID)), ""},
		{"on another's", "", do("Remark", "on", "ORDER", "id", string(there.ID)), "not found"},
		{"a setting of his retailer", "", do("Settle", "retailer", "1"), ""},
		{"of another", "", do("Settle", "retailer", "2"), "Permission missing: SETTING_CREATE"},
		{"a comment on something that nobody knows", "", do("Remark", "on", "MOON", "id", "1"), "Permission missing: COMMENT_CREATE"},
		{"a role, which is the account's", "", do("Hire"), "Permission missing: ROLE_CREATE"},
		{"a catalogue that names no retailer, which is the account's", "", do("OpenCatalogue", "retailers", " "), "Permission missing: PRODUCTCATALOGUE_CREATE"},
		{"an effect that needs two permissions", "", do("Guarded"), ""},
		{"without the one", "ORDER_UPDATE", do("Guarded"), "Permission missing: ORDER_UPDATE"},
		{"without the other", "FULFILMENT_UPDATE", do("Guarded"), "Permission missing: FULFILMENT_UPDATE"},
	} {
		var has []string
		for _, p := range all {
			if p != c.lacks {
				has = append(has, p)
			}
		}
		u.may(one, has...)
		res, err := e.RunSync(b.ctx, b.scope, runOnce(here, c.call))
		require.NoError(t, err)
		if c.refused == "" {
			require.Equal(t, store.EventSuccess, res.State, "%s: %s", c.name, res.Error)
			continue
		}
		require.Equal(t, store.EventFailed, res.State, c.name)
		require.Contains(t, res.Error, c.refused, c.name)
	}
}

// TestALinkIsAnUpdate of what it is tied to.
func TestALinkIsAnUpdate(t *testing.T) {
	t.Parallel()
	b, u, known := callersBench(t)
	b.more()
	b.flow("ACME", on("Ship", "ORDER", "", do("Ship")))
	e := b.new("n1", known)
	b.run(e)
	o := b.orders(b.scope, 1)[0]
	_, err := e.RunSync(b.ctx, b.scope, event(o, "Ship"))
	require.NoError(t, err)
	u.may([]tenancy.RetailerID{1}, "FULFILMENT_CREATE", "ORDER_UPDATE")
	res, err := e.RunSync(b.ctx, b.scope, runOnce(o, do("Tie")))
	require.NoError(t, err)
	require.Equal(t, store.EventFailed, res.State)
	require.Contains(t, res.Error, "Permission missing: FULFILMENT_UPDATE")
}

// TestAnEffectThatIsThereIsAskedForAgain by a user whose event comes after the retailer's own in one turn.
func TestAnEffectThatIsThereIsAskedForAgain(t *testing.T) {
	t.Parallel()
	b, u, known := callersBench(t)
	b.more()
	b.flow("ACME", on("Take", "ORDER", "", do("Guarded")))
	u.may([]tenancy.RetailerID{1}, "FULFILMENT_UPDATE")
	e := b.new("n1", known)
	o := b.orders(b.scope, 1)[0]
	ours, theirs := event(o, "Take"), runOnce(o, do("Guarded"))
	require.NoError(t, e.Submit(b.ctx, b.scope, ours, theirs))
	b.run(e)
	b.settled(b.scope, ours, theirs)
	require.Equal(t, store.EventSuccess, b.state(b.scope, ours.ID))
	require.Equal(t, store.EventFailed, b.state(b.scope, theirs.ID))
}

// TestWhatWasDiscardedIsNotAskedFor: a ruleset that met a business failure has done nothing, and what it would have done is no reason to refuse another.
func TestWhatWasDiscardedIsNotAskedFor(t *testing.T) {
	t.Parallel()
	b, u, known := callersBench(t)
	b.more()
	b.rules = append(b.rules, rules.Rule{Plugin: "test", Name: "RefuseAfter", Run: func(ctx context.Context, c *rules.Context) error {
		if err := c.Turn.Create(ctx, &security.Role{Name: "HIRED"}); err != nil {
			return err
		}
		return &rules.BusinessError{Message: "not like this"}
	}})
	e := b.new("n1", known)
	b.run(e)
	o := b.orders(b.scope, 1)[0]
	u.give(tenant.Grant{Role: "STORE", Permissions: []string{"ORDER_UPDATE", "EVENT_CREATE"}, Contexts: []tenant.Context{{Type: tenant.RetailerContext, ID: "1", Retailer: 1}}})
	ev := runOnce(o, do("RefuseAfter"))
	ev.RunOnce.Rulesets = append(ev.RunOnce.Rulesets, on("Fix", "ORDER", "", do("SetState", "status", "FIXED")))
	res, err := e.RunSync(b.ctx, b.scope, ev)
	require.NoError(t, err)
	require.Equal(t, store.EventSuccess, res.State, res.Error)
	require.Equal(t, "FIXED", b.reload(b.scope, o).Status)
}
