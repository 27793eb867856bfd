package engine_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// looking is a rule Look that runs f.
func (b *bench) looking(f func(ctx context.Context, c *rule.Context) error) {
	b.rules = append(b.rules, rule.New("test", "Look", "Is for a test.", func(ctx context.Context, c *rule.Context, _ rule.None) error { return f(ctx, c) }))
}

// fulfilment inserts a fulfilment of an order.
func (b *bench) fulfilment(o *order.Order, ref, status string) *order.Fulfilment {
	b.t.Helper()
	id, err := b.db.NewID(b.ctx, b.scope, domain.Catalogue().Type("Fulfilment"))
	require.NoError(b.t, err)
	f := &order.Fulfilment{Ref: ref, OrderID: o.ID}
	f.ID, f.Type, f.Status = id, "HD_PFS", status
	require.NoError(b.t, b.db.Write(b.ctx, b.scope, func(tx *store.Tx) error { tx.Insert(f); return nil }))
	return f
}

// TestARefMeansTheRootsOwn, though the turn knows another root's entity of the same ref by then.
func TestARefMeansTheRootsOwn(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	list := b.orders(b.scope, 2)
	other := b.fulfilment(list[1], "SAME", "OTHER")
	own := &order.Fulfilment{Ref: "SAME", OrderID: list[0].ID}
	own.Type = "HD_PFS"
	b.looking(func(ctx context.Context, c *rule.Context) error {
		found, err := c.Read.Get(ctx, domain.Catalogue().Type("Fulfilment"), other.ID)
		if err != nil || found == nil {
			return fmt.Errorf("the other: %w", err)
		}
		require.Nil(t, c.Root.Find("FULFILMENT", "", "SAME"), "it is none of the root's")
		if err := c.Turn.Create(ctx, own); err != nil {
			return err
		}
		require.Equal(t, own.ID, c.Root.Find("FULFILMENT", "", "SAME").(*order.Fulfilment).ID)
		c.Turn.Send(workflow.Event{Name: "Mark", EntityType: "FULFILMENT", EntityRef: "SAME"})
		return nil
	})
	b.flow("ACME", on("Go", "ORDER", "", do("Look")), on("Mark", "FULFILMENT", "", do("SetState", "status", "MARKED")))
	e := b.new("n1")
	b.run(e)
	res, err := e.RunOnce(b.ctx, b.scope, event(list[0], "Go"), repeats.Request{})
	require.NoError(t, err)
	require.Equal(t, eventstore.Success, res.State, res.Error)
	found, err := store.Get[order.Fulfilment](b.ctx, b.db.Reader(b.scope), own.ID, other.ID)
	require.NoError(t, err)
	require.Equal(t, []string{"MARKED", "OTHER"}, []string{found[0].Status, found[1].Status})
}

// TestAKeyFindsWhatTheTurnMadeAndKept: not what was discarded, and not by a part of a key.
func TestAKeyFindsWhatTheTurnMadeAndKept(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var seen []string
	b.looking(func(ctx context.Context, c *rule.Context) error {
		o := c.Root.Entity().(*order.Order)
		found, err := c.Read.ByKey(ctx, domain.Catalogue().Type("Fulfilment"), o.Ref+"-F")
		if err != nil {
			return err
		}
		seen = append(seen, fmt.Sprint(found != nil))
		return nil
	})
	failed := on("Go", "ORDER", "", do("Look"), do("Ship"), do("Look"))
	failed.EventType = workflow.Exception
	b.flow("ACME", on("Go", "ORDER", "", do("Ship"), do("Look"), do("Refuse")), failed)
	e := b.new("n1")
	b.run(e)
	res, err := e.RunOnce(b.ctx, b.scope, event(b.orders(b.scope, 1)[0], "Go"), repeats.Request{})
	require.NoError(t, err)
	require.Equal(t, eventstore.Success, res.State, res.Error)
	require.Equal(t, []string{"true", "false", "true"}, seen)
}

// TestNothingRestsOnWhatWasDiscarded: a line may name a product that its turn has made, but not one whose ruleset was thrown away.
func TestNothingRestsOnWhatWasDiscarded(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.plant(nil, &inventory.ProductCatalogue{Node: catalogue.Node{ID: "1"}, Ref: "MASTER", Name: "Master"})
	b.rules = append(b.rules, rule.New("test", "Product", "Is for a test.", func(ctx context.Context, c *rule.Context, _ rule.None) error {
		return c.Turn.Create(ctx, &inventory.StandardProduct{ProductFields: inventory.ProductFields{Ref: "P", Name: "P", CatalogueID: "1", CatalogueRef: "MASTER"}, GTIN: "P"})
	}), rule.New("test", "Line", "Is for a test.", func(ctx context.Context, c *rule.Context, _ rule.None) error {
		return c.Turn.Create(ctx, &order.OrderItem{Ref: "L", Quantity: 1, ProductRef: "P", ProductCatalogueRef: "MASTER", OrderID: c.Root.Entity().(*order.Order).ID})
	}))
	discarded := on("Discarded", "ORDER", "", do("Line"))
	discarded.EventType = workflow.Exception
	b.flow("ACME", on("Discarded", "ORDER", "", do("Product"), do("Refuse")), discarded, on("Kept", "ORDER", "", do("Product"), do("Line")))
	e := b.new("n1")
	b.run(e)
	o := b.orders(b.scope, 1)[0]
	res, err := e.RunOnce(b.ctx, b.scope, event(o, "Discarded"), repeats.Request{})
	require.NoError(t, err)
	require.Equal(t, eventstore.Failed, res.State)
	require.Contains(t, res.Error, "Product not found: ref P, catalogueRef MASTER")
	res, err = e.RunOnce(b.ctx, b.scope, event(o, "Kept"), repeats.Request{})
	require.NoError(t, err)
	require.Equal(t, eventstore.Success, res.State, res.Error)
}

// TestWhatADiscardedRulesetChangedAgainIsStillChanged: an earlier ruleset had changed it.
func TestWhatADiscardedRulesetChangedAgainIsStillChanged(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("ACME", on("Go", "ORDER", "", do("SetState", "status", "KEPT"), do("Count")), on("Go", "ORDER", "", do("SetState", "status", "LOST"), do("Count"), do("Refuse")))
	e := b.new("n1")
	b.run(e)
	o := b.orders(b.scope, 1)[0]
	res, err := e.RunOnce(b.ctx, b.scope, event(o, "Go"), repeats.Request{})
	require.NoError(t, err)
	require.Equal(t, eventstore.Success, res.State, res.Error)
	require.Equal(t, "KEPT", b.reload(b.scope, o).Status)
	require.Equal(t, 1, b.count(b.scope, o))
}

// TestARootFollowsTheWorkflowItWasMadeUnder, of its own retailer, whatever type it has and whichever retailer an event names.
func TestARootFollowsTheWorkflowItWasMadeUnder(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, c := range []struct {
		retailer      tenancy.RetailerID
		name, version string
	}{{1, "ORDER::HD", "1.0"}, {1, "ORDER::OLD", "1.0"}, {1, "ORDER::OLD", "1.1"}, {1, "ORDER::OLD", "2.0"}, {2, "ORDER::OLD", "1.0"}} {
		w := &workflow.Workflow{Name: c.name, EntityType: "ORDER", Version: c.version,
			Rulesets: []*workflow.Ruleset{on("Go", "ORDER", "", do("SetState", "status", fmt.Sprintf("%s %s of %d", c.name, c.version, c.retailer)), do("Ship"))}}
		require.NoError(t, b.shelf.Put("ACME", c.retailer, w))
	}
	e := b.new("n1")
	b.run(e)
	for _, c := range []struct {
		retailer catalogue.ID
		follows  string
		want     string
	}{{"1", "ORDER::OLD", "ORDER::OLD 1.1 of 1"}, {"1", "", "ORDER::HD 1.0 of 1"}, {"2", "ORDER::OLD", "ORDER::OLD 1.0 of 2"}} {
		o := b.orders(b.scope, 1)[0]
		b.move(o, c.retailer)
		o.WorkflowRef = c.follows
		require.NoError(t, b.db.Write(b.ctx, b.scope, func(tx *store.Tx) error {
			tx.Update(o, domain.Catalogue().Type("Order").Field("workflowRef"))
			return nil
		}))
		ev := event(o, "Go") // of retailer 1
		res, err := e.RunOnce(b.ctx, b.scope, ev, repeats.Request{})
		require.NoError(t, err)
		require.Equal(t, eventstore.Success, res.State, res.Error)
		require.Equal(t, c.want, b.reload(b.scope, o).Status)
	}
}

// TestWhatIsMadeIsStamped with the times of its turn and the workflow of its root; a status that it has it keeps.
func TestWhatIsMadeIsStamped(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.looking(func(ctx context.Context, c *rule.Context) error {
		o := c.Root.Entity().(*order.Order)
		f := &order.Fulfilment{Ref: o.Ref + "-F", OrderID: o.ID}
		f.Type, f.Status, f.CreatedOn = "HD_PFS", "HELD", c.Now.Add(-time.Hour)
		return c.Turn.Create(ctx, f)
	})
	b.flow("ACME", on("Ship", "ORDER", "", do("Ship")), on("Go", "ORDER", "", do("Look")), on("CREATE", "FULFILMENT", "HELD", do("Send", "eventName", "Nothing")))
	e := b.new("n1")
	b.run(e)
	before := b.db.Now(b.ctx).Add(-time.Second)
	for name, want := range map[string]struct {
		status string
		ago    time.Duration
	}{"Ship": {"CREATED", 0}, "Go": {"HELD", time.Hour}} {
		o := b.orders(b.scope, 1)[0]
		res, err := e.RunOnce(b.ctx, b.scope, event(o, name), repeats.Request{})
		require.NoError(t, err)
		require.Equal(t, eventstore.Success, res.State, res.Error)
		found, err := store.Load[order.Fulfilment](b.ctx, b.db.Reader(b.scope), store.Query{Where: []store.Condition{store.Match(domain.Catalogue().Type("Fulfilment").Field("ref"), o.Ref+"-F")}})
		require.NoError(t, err)
		require.Len(t, found, 1)
		require.Equal(t, want.status, found[0].Status)
		require.Equal(t, "ORDER::HD", found[0].WorkflowRef)
		require.Equal(t, 10000, found[0].WorkflowVersion)
		require.WithinRange(t, found[0].CreatedOn.Add(want.ago), before, b.db.Now(b.ctx).Add(time.Second), name)
	}
}

// TestAnotherTypesRootIsAnotherRoot, though numbers are the same; and the turn's own is meant by its ref, too. What is sent comes from where its cause came from.
func TestAnotherTypesRootIsAnotherRoot(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var sent workflow.Event
	b.sends(&sent)
	b.flow("ACME", on("Go", "ORDER", "", do("SendThis")), on("Count", "ORDER", "", do("Count")))
	e := b.new("n1")
	var box sentEvents
	box.watch(e)
	b.run(e)
	o := b.orders(b.scope, 1)[0]
	sent = workflow.Event{Name: "Count", EntityType: "LOCATION", EntityID: string(o.ID), RootType: "LOCATION", RootID: string(o.ID)}
	ev := event(o, "Go")
	ev.Source = "Fluent-API"
	_, err := e.RunOnce(b.ctx, b.scope, ev, repeats.Request{})
	require.NoError(t, err)
	other := box.only(t)
	require.Equal(t, []string{"LOCATION", string(o.ID), "Fluent-API"}, []string{other.RootType, other.RootID, other.Source})
	b.settled(b.scope, other)
	require.Zero(t, b.count(b.scope, o))

	box.sent, sent = nil, workflow.Event{Name: "Count", EntityType: "ORDER", EntityRef: o.Ref, RootType: "ORDER", RootRef: o.Ref, Source: "own"}
	ev = event(o, "Go")
	_, err = e.RunOnce(b.ctx, b.scope, ev, repeats.Request{})
	require.NoError(t, err)
	require.Empty(t, box.sent, "it joins the turn")
	require.Equal(t, 1, b.count(b.scope, o))
}

// TestWhatIsOnlyTooMuchNowIsTriedAgain: a rule that asks for more than there may be at this moment fails no event.
func TestWhatIsOnlyTooMuchNowIsTriedAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var runs atomic.Int32
	b.looking(func(context.Context, *rule.Context) error {
		if runs.Add(1) == 1 {
			return fault.New(fault.Limited, "not so many at once")
		}
		return nil
	})
	b.flow("ACME", on("Go", "ORDER", "", do("Count"), do("Look")))
	e := b.new("n1")
	b.run(e)
	o := b.orders(b.scope, 1)[0]
	ev := event(o, "Go")
	require.NoError(t, e.Submit(b.ctx, b.scope, ev))
	b.settled(b.scope, ev)
	require.Equal(t, eventstore.Success, b.state(b.scope, ev.ID))
	require.Equal(t, 1, b.count(b.scope, o))
}
