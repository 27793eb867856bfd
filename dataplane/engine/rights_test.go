package engine_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/security"
	"github.com/fluent-oms/fluent/tenancy"
)

// guarded is an effect that two permissions are needed for.
type guarded struct{ on any }

func (guarded) Apply(context.Context, *store.Tx) error { return nil }
func (g guarded) Needs() ([]string, any)               { return []string{"ORDER_UPDATE", "FULFILMENT_UPDATE"}, g.on }

// more adds rules that ask for what users may not always do.
func (b *bench) more() {
	b.rules = append(b.rules,
		rule.New("test", "Tie", "Is for a test.", func(_ context.Context, c *rule.Context, _ rule.None) error {
			parts := c.Root.Parts()
			c.Turn.Link(parts[0], "articles", &order.Article{Node: catalogue.Node{ID: "77"}})
			return nil
		}),
		rule.New("test", "Guarded", "Is for a test.", func(_ context.Context, c *rule.Context, _ rule.None) error {
			c.Turn.Effect("guarded", func() rule.Effect { return guarded{c.Entity} })
			return nil
		}))
}

// TestAnEffectMayNeedMoreThanOnePermission, and a user whose workflow asks for it has to have each.
func TestAnEffectMayNeedMoreThanOnePermission(t *testing.T) {
	t.Parallel()
	b, u, known := callersBench(t)
	b.more()
	e := b.new("n1", known)
	b.run(e)
	o := b.orders(b.scope, 1)[0]
	for _, c := range []struct {
		has   []string
		lacks string
	}{{[]string{"ORDER_UPDATE", "FULFILMENT_UPDATE"}, ""}, {[]string{"ORDER_UPDATE"}, "FULFILMENT_UPDATE"}, {[]string{"FULFILMENT_UPDATE"}, "ORDER_UPDATE"}} {
		u.may([]tenancy.RetailerID{1}, c.has...)
		res, err := e.RunOnce(b.ctx, b.scope, runOnce(o, do("Guarded")), repeats.Request{})
		require.NoError(t, err)
		if c.lacks == "" {
			require.Equal(t, eventstore.Success, res.State, res.Error)
			continue
		}
		require.Equal(t, eventstore.Failed, res.State)
		require.Contains(t, res.Error, "Permission missing: "+c.lacks)
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
	_, err := e.RunOnce(b.ctx, b.scope, event(o, "Ship"), repeats.Request{})
	require.NoError(t, err)
	u.may([]tenancy.RetailerID{1}, "FULFILMENT_CREATE", "ORDER_UPDATE")
	res, err := e.RunOnce(b.ctx, b.scope, runOnce(o, do("Tie")), repeats.Request{})
	require.NoError(t, err)
	require.Equal(t, eventstore.Failed, res.State)
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
	require.Equal(t, eventstore.Success, b.state(b.scope, ours.ID))
	require.Equal(t, eventstore.Failed, b.state(b.scope, theirs.ID))
}

// TestWhatWasDiscardedIsNotAskedFor: a ruleset that met a business failure has done nothing, and what it would have done is no reason to refuse another.
func TestWhatWasDiscardedIsNotAskedFor(t *testing.T) {
	t.Parallel()
	b, u, known := callersBench(t)
	b.more()
	b.rules = append(b.rules, rule.New("test", "RefuseAfter", "Is for a test.", func(ctx context.Context, c *rule.Context, _ rule.None) error {
		if err := c.Turn.Create(ctx, &security.Role{Name: "HIRED"}); err != nil {
			return err
		}
		return &rule.BusinessError{Message: "not like this"}
	}))
	e := b.new("n1", known)
	b.run(e)
	o := b.orders(b.scope, 1)[0]
	u.give(tenant.Grant{Role: "STORE", Permissions: []string{"ORDER_UPDATE", "EVENT_CREATE"}, Contexts: []tenant.Context{{Type: tenant.RetailerContext, ID: "1", Retailer: 1}}})
	ev := runOnce(o, do("RefuseAfter"))
	ev.RunOnce.Rulesets = append(ev.RunOnce.Rulesets, on("Fix", "ORDER", "", do("SetState", "status", "FIXED")))
	res, err := e.RunOnce(b.ctx, b.scope, ev, repeats.Request{})
	require.NoError(t, err)
	require.Equal(t, eventstore.Success, res.State, res.Error)
	require.Equal(t, "FIXED", b.reload(b.scope, o).Status)
}
