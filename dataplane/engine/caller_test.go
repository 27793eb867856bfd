package engine_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/engine"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// users are what engine.Callers looks up, with rights that a test changes.
type users struct {
	mu   sync.Mutex
	byID map[string]*tenant.Principal
}

func (u *users) Principal(_ context.Context, _ tenancy.AccountID, id string) (*tenant.Principal, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.byID[id], nil
}

// may gives user 7 permissions in some retailers, and no others any more.
func (u *users) may(retailers []tenancy.RetailerID, permissions ...string) {
	var contexts []tenant.Context
	for _, r := range retailers {
		contexts = append(contexts, tenant.Context{Type: tenant.RetailerContext, ID: fmt.Sprint(r), Retailer: r})
	}
	u.give(tenant.Grant{Role: "STORE", Permissions: permissions, Contexts: contexts})
}

func (u *users) give(grants ...tenant.Grant) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.byID = map[string]*tenant.Principal{"7": tenant.New(tenant.Identity{Account: "ACME", UserID: "7", Username: "ann"}, grants...)}
}

// callersBench is a bench whose engines know users, with rules that reach beyond their entity.
func callersBench(t *testing.T) (*bench, *users, func(*engine.Deps, *engine.Config)) {
	b := newBench(t)
	u := &users{}
	type toOrder struct {
		Order string `prop:"order,required" doc:"Its id."`
	}
	type toOther struct {
		toOrder
		Retailer string `prop:"retailer,required" doc:"Its retailer."`
	}
	type shared struct {
		Retailers string `prop:"retailers,required" doc:"Their refs."`
	}
	b.rules = append(b.rules,
		rule.New("test", "SendOther", "Is for a test.", func(_ context.Context, c *rule.Context, p toOther) error {
			var retailer int32
			_, err := fmt.Sscan(p.Retailer, &retailer)
			c.Turn.Send(workflow.Event{Name: "Poke", RetailerID: retailer, EntityType: "ORDER", EntityID: p.Order, RootType: "ORDER", RootID: p.Order, RunOnce: c.Event.RunOnce})
			return err
		}),
		rule.New("test", "SetOther", "Is for a test.", func(ctx context.Context, c *rule.Context, p toOrder) error {
			other, err := c.Read.Get(ctx, domain.Catalogue().Type("Order"), catalogue.ID(p.Order))
			if err != nil || other == nil {
				return fmt.Errorf("no such order: %w", err)
			}
			c.Turn.Set(other, map[string]any{"status": "STOLEN"})
			return nil
		}),

		rule.New("test", "SetBoth", "Is for a test.", func(ctx context.Context, c *rule.Context, p toOrder) error {
			c.Turn.Set(c.Entity, map[string]any{"status": "MINE"})
			other, err := c.Read.Get(ctx, domain.Catalogue().Type("Order"), catalogue.ID(p.Order))
			if err != nil || other == nil {
				return fmt.Errorf("no such order: %w", err)
			}
			c.Turn.Set(other, map[string]any{"status": "STOLEN"})
			return nil
		}),

		rule.New("test", "OpenCatalogue", "Is for a test.", func(ctx context.Context, c *rule.Context, p shared) error {
			made := &inventory.ProductCatalogue{Ref: "shared", Name: "shared", RetailerRefs: strings.Fields(p.Retailers)}
			made.Type = "DEFAULT"
			return c.Turn.Create(ctx, made)
		}),

		rule.New("test", "Effect", "Is for a test.", func(_ context.Context, c *rule.Context, _ rule.None) error {
			c.Turn.Effect("mine", func() rule.Effect { return silent{} })
			return nil
		}),
	)
	return b, u, func(d *engine.Deps, _ *engine.Config) { d.Callers = u }
}

// silent is an effect that does not say what it needs.
type silent struct{}

func (silent) Apply(context.Context, *store.Tx) error { return nil }

// runOnce is an event of user 7 that brings its own workflow.
func runOnce(o *order.Order, calls ...workflow.RuleCall) *workflow.Event {
	ev := event(o, "Fix")
	ev.Caller, ev.GeneratedBy = "7", "ann"
	ev.RunOnce = &workflow.Workflow{Name: "ORDER::", EntityType: "ORDER", Version: "1.0", Rulesets: []*workflow.Ruleset{on("Fix", "ORDER", "", calls...)}}
	return ev
}

func TestARunOnceWorkflowMayDoWhatItsSenderMay(t *testing.T) {
	t.Parallel()
	b, u, known := callersBench(t)
	b.flow("ACME", on("Wrap", "FULFILMENT", "", do("SetState", "status", "WRAPPED")), on("CREATE", "FULFILMENT", "", do("Send", "eventName", "Wrap")))
	e := b.new("n1", known)
	b.run(e)
	here, there := b.orders(b.scope, 1)[0], b.orders(b.scope, 1)[0]
	b.move(there, "2")
	one := []tenancy.RetailerID{1}
	all := []string{"EVENT_CREATE", "ORDER_UPDATE", "FULFILMENT_CREATE", "FULFILMENT_UPDATE"}
	without := func(name string) []string {
		var out []string
		for _, p := range all {
			if p != name {
				out = append(out, p)
			}
		}
		return out
	}
	refused := func(why string, calls ...workflow.RuleCall) {
		t.Helper()
		res, err := e.RunOnce(b.ctx, b.scope, runOnce(here, calls...), repeats.Request{})
		require.NoError(t, err)
		require.Equal(t, eventstore.Failed, res.State)
		require.Contains(t, res.Error, why)
		require.Equal(t, "CREATED", b.reload(b.scope, here).Status, "nothing of a refused turn is kept")
		require.Equal(t, "CREATED", b.reload(b.scope, there).Status)
	}
	set := do("SetState", "status", "FIXED")
	u.may(one, without("ORDER_UPDATE")...)
	refused("Permission missing: ORDER_UPDATE", set)
	u.may(one, without("FULFILMENT_CREATE")...)
	refused("Permission missing: FULFILMENT_CREATE", set, do("Ship"))
	u.may(one, without("FULFILMENT_UPDATE")...) // the fulfilment's CREATE and Wrap run rules of the active workflow, for ann
	refused("Permission missing: FULFILMENT_UPDATE", set, do("Ship"))
	u.may(one, without("EVENT_CREATE")...)
	refused("Permission missing: EVENT_CREATE", do("Send", "eventName", "Other"))

	u.may(one, all...)
	refused("no such order", set, do("SetOther", "order", string(there.ID)))
	refused("Permission missing: EVENT_CREATE", set, do("SendOther", "order", string(there.ID), "retailer", "2"))
	refused("Permission missing: the effect mine", set, do("Effect"))
	in := func(r tenancy.RetailerID) tenant.Context {
		return tenant.Context{Type: tenant.RetailerContext, ID: fmt.Sprint(r), Retailer: r}
	}
	u.give(tenant.Grant{Role: "SEES", Permissions: []string{"ORDER_VIEW"}, Contexts: []tenant.Context{in(1), in(2)}},
		tenant.Grant{Role: "WORKS", Permissions: all, Contexts: []tenant.Context{in(1)}})
	refused("Permission missing: ORDER_UPDATE", set, do("SetOther", "order", string(there.ID)))
	refused("Permission missing: ORDER_UPDATE", do("SetBoth", "order", string(there.ID)))
	u.may(one, append(all, "PRODUCTCATALOGUE_CREATE", "PRODUCTCATALOGUE_UPDATE")...)
	refused("Permission missing: PRODUCTCATALOGUE_CREATE", set, do("OpenCatalogue", "retailers", "1 2"))
	refused("Permission missing: PRODUCTCATALOGUE_CREATE", set, do("OpenCatalogue", "retailers", "2"))
	u.give()
	u.byID = nil
	refused("user ann, who sent the event, may not work here any more", set)

	u.may(one, all...)
	res, err := e.RunOnce(b.ctx, b.scope, runOnce(here, set, do("Ship")), repeats.Request{})
	require.NoError(t, err)
	require.Equal(t, eventstore.Success, res.State, res.Error)
	require.Equal(t, "FIXED", b.reload(b.scope, here).Status)
	parts, err := b.db.Reader(b.scope).Entities(b.ctx, store.Query{Type: domain.Catalogue().Type("Fulfilment"), Page: store.Page{First: 5}})
	require.NoError(t, err)
	require.Len(t, parts, 1)
	require.Equal(t, "WRAPPED", parts[0].(*order.Fulfilment).Status)
}

// TestWhatARunOnceWorkflowSendsIsItsSenders has a node die after the commit that sent an event: another one, which knows the event
// from its row alone, runs it for the user who sent the first, with the rights that the user has by then.
func TestWhatARunOnceWorkflowSendsIsItsSenders(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rights []string
		state  eventstore.State
		why    string
		status string
	}{
		{[]string{"EVENT_CREATE", "ORDER_UPDATE"}, eventstore.Success, "", "POKED"},
		{[]string{"EVENT_CREATE"}, eventstore.Failed, "Permission missing: ORDER_UPDATE", "CREATED"},
	} {
		b, u, known := callersBench(t)
		b.flow("ACME", on("Poke", "ORDER", "", do("SetState", "status", "POKED")))
		u.may([]tenancy.RetailerID{1}, "EVENT_CREATE")
		here, there := b.orders(b.scope, 1)[0], b.orders(b.scope, 1)[0]
		died := b.crashing("n1", func(e *engine.Engine, die func(*engine.Outcome) error) { e.AfterCommit(die) }, known)
		other := b.new("n2", known)
		first := runOnce(here, do("SendOther", "order", string(there.ID), "retailer", "1"))
		require.NoError(t, other.Submit(b.ctx, b.scope, first))
		<-died
		require.Equal(t, eventstore.Success, b.state(b.scope, first.ID))
		rows, err := eventstore.PendingOfRoot(b.ctx, b.db.Reader(b.scope), "ORDER", string(there.ID), 10)
		require.NoError(t, err)
		require.Len(t, rows, 1)
		sent := rows[0].Event
		require.Equal(t, "7", sent.Caller)
		require.Equal(t, "ann", sent.GeneratedBy, "history shows who it was")
		require.Nil(t, sent.RunOnce)

		u.may([]tenancy.RetailerID{1}, c.rights...)
		b.run(other)
		b.settled(b.scope, &sent)
		row, err := eventstore.Get(b.ctx, b.db.Reader(b.scope), sent.ID)
		require.NoError(t, err)
		require.Equal(t, c.state, row.State, row.Error)
		require.Contains(t, row.Error, c.why)
		require.Equal(t, c.status, b.reload(b.scope, there).Status)
	}
}

func TestRunOnceWorkflowsNeedTheirSender(t *testing.T) {
	t.Parallel()
	b, _, known := callersBench(t)
	e := b.new("n1", known)
	b.run(e)
	ev := runOnce(b.orders(b.scope, 1)[0], do("SetState", "status", "FIXED"))
	ev.Caller = ""
	res, err := e.RunOnce(b.ctx, b.scope, ev, repeats.Request{})
	require.NoError(t, err)
	require.Equal(t, eventstore.Failed, res.State)
	require.Contains(t, res.Error, "nobody answers for the workflow")
}

// move gives an order to another retailer.
func (b *bench) move(o *order.Order, retailer catalogue.ID) {
	b.t.Helper()
	o.RetailerID = retailer
	require.NoError(b.t, b.db.Write(b.ctx, b.scope, func(tx *store.Tx) error {
		tx.Update(o, domain.Catalogue().Type("Order").Field("retailer"))
		return nil
	}))
}
