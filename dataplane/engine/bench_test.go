package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine"
	"github.com/fluent-oms/fluent/dataplane/engine/enginetest"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
	"github.com/fluent-oms/fluent/tenancy"
)

// bench is a database with orders of an account, and engines on it.
type bench struct {
	t     testing.TB
	ctx   context.Context
	dsn   string
	db    *store.DB
	shelf *enginetest.Shelf
	rules []rule.Rule
	scope tenancy.Scope
}

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{t: t, ctx: t.Context(), dsn: dbtest.Template(t, "engine", storetest.MigrateOnTripwire), shelf: enginetest.NewShelf(), scope: scopeOf(t, "ACME")}
	b.db = b.open(b.dsn)
	b.rules = testRules()
	return b
}

func scopeOf(t testing.TB, account tenancy.AccountID) tenancy.Scope {
	s, err := tenancy.NewScope(account)
	require.NoError(t, err)
	return s
}

func (b *bench) open(dsn string) *store.DB { return storetest.Open(b.t, dsn, store.Options{}) }

// flow stores a workflow ORDER::HD of retailer 1 made of rulesets written as name/type/status: rule prop=value, …. It is put together from
// parts, as it is in a node.
func (b *bench) flow(account tenancy.AccountID, rulesets ...*workflow.Ruleset) {
	b.flowOf(account, "ORDER", rulesets...)
}

// flowOf is flow for another type than orders.
func (b *bench) flowOf(account tenancy.AccountID, entityType string, rulesets ...*workflow.Ruleset) {
	w := &workflow.Workflow{Name: entityType + "::HD", EntityType: entityType, EntitySubtype: "HD", Version: "1.0", Rulesets: rulesets}
	parts, err := workflow.Parts(w, string(account))
	require.NoError(b.t, err)
	require.NoError(b.t, b.shelf.Put(account, 1, workflow.Assemble(w, parts)))
}

func on(name, entityType, status string, calls ...workflow.RuleCall) *workflow.Ruleset {
	rs := &workflow.Ruleset{Name: name, Type: entityType, EventType: workflow.Normal, Rules: calls}
	if status != "" {
		rs.Triggers = []workflow.Trigger{{Status: status}}
	}
	return rs
}

func do(rule string, props ...string) workflow.RuleCall {
	c := workflow.RuleCall{Name: "ACME.test." + rule, Props: map[string]json.RawMessage{}}
	for i := 0; i+1 < len(props); i += 2 {
		text, _ := json.Marshal(props[i+1])
		c.Props[props[i]] = text
	}
	return c
}

// orders inserts n orders of an account in status CREATED.
func (b *bench) orders(scope tenancy.Scope, n int) []*order.Order {
	b.t.Helper()
	typ := domain.Catalogue().Type("Order")
	ids, err := b.db.NewIDs(b.ctx, scope, typ, n)
	require.NoError(b.t, err)
	out := make([]*order.Order, n)
	require.NoError(b.t, b.db.Write(b.ctx, scope, func(tx *store.Tx) error {
		for i := range out {
			o := &order.Order{Ref: fmt.Sprintf("O-%s", ids[i]), RetailerID: "1", CustomerID: "1"}
			o.ID, o.Type, o.Status, o.WorkflowRef, o.WorkflowVersion = ids[i], "HD", "CREATED", "ORDER::HD", 10000
			out[i] = o
			tx.Insert(o)
		}
		return nil
	}))
	return out
}

func event(o *order.Order, name string) *workflow.Event {
	return &workflow.Event{Name: name, RetailerID: 1, EntityType: "ORDER", EntityID: string(o.ID), EntityRef: o.Ref, RootType: "ORDER", RootID: string(o.ID), RootRef: o.Ref,
		Priority: workflow.StoreWork}
}

// reload reads an order as it is stored now.
func (b *bench) reload(scope tenancy.Scope, o *order.Order) *order.Order {
	b.t.Helper()
	found, err := store.Get[order.Order](b.ctx, b.db.Reader(scope), o.ID)
	require.NoError(b.t, err)
	require.NotNil(b.t, found[0])
	return found[0]
}

func (b *bench) new(node string, change ...func(*engine.Deps, *engine.Config)) *engine.Engine {
	b.t.Helper()
	d := engine.Deps{DB: b.db, Library: rule.NewLibrary(b.rules), Workflows: b.shelf, Logger: slog.New(slog.NewTextHandler(b.t.Output(), nil))}
	c := engine.Config{Node: node, Poll: 20 * time.Millisecond, Schedule: 50 * time.Millisecond}
	for _, f := range change {
		f(&d, &c)
	}
	e, err := engine.New(d, c)
	require.NoError(b.t, err)
	return e
}

// run runs an engine until the test ends or stop is called; it returns once the engine holds slots.
func (b *bench) run(e *engine.Engine) (stop func()) {
	b.t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(b.ctx))
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	done := false
	stop = func() {
		if !done {
			done = true
			cancel()
			require.NoError(b.t, <-ended)
		}
	}
	b.t.Cleanup(stop)
	require.Eventually(b.t, func() bool { return len(e.Ranges()) > 0 }, time.Minute, 5*time.Millisecond)
	return stop
}

// commits waits until an engine has counted its commits; others may see what it committed a moment earlier.
func (b *bench) commits(e *engine.Engine, want int64) {
	b.t.Helper()
	require.Eventually(b.t, func() bool { return e.Stats().Commits.Load() >= want }, time.Minute, time.Millisecond)
	require.Equal(b.t, want, e.Stats().Commits.Load())
}

// testRules are what the workflows of these tests name.
func testRules() []rule.Rule {
	return []rule.Rule{
		rule.New("test", "SetState", "Sets the status.", func(_ context.Context, c *rule.Context, p newState) error {
			c.Turn.Set(c.Entity, map[string]any{"status": p.Status})
			return nil
		}),
		rule.New("test", "Send", "Sends an event.", send),
		rule.New("test", "Ship", "Makes a fulfilment.", func(ctx context.Context, c *rule.Context, _ rule.None) error {
			o := c.Root.Entity().(*order.Order)
			f := &order.Fulfilment{Ref: o.Ref + "-F", OrderID: o.ID}
			f.Type = "HD_PFS"
			return c.Turn.Create(ctx, f)
		}),
		rule.New("test", "Count", "Adds one.", func(_ context.Context, c *rule.Context, _ rule.None) error {
			n := 0.0
			if v, ok := c.Entity.(*order.Order).Attributes.Get("count"); ok {
				n = v.(float64)
			}
			c.Turn.Set(c.Entity, map[string]any{"attributes": catalogue.Attributes{{Name: "count", Type: "INTEGER", Value: n + 1}}})
			return nil
		}),
		rule.New("test", "Fail", "Fails.", func(context.Context, *rule.Context, rule.None) error {
			return fmt.Errorf("no such thing as a free lunch")
		}),
		rule.New("test", "Panic", "Panics.", func(context.Context, *rule.Context, rule.None) error { panic("boom") }),
		rule.New("test", "Refuse", "Refuses.", func(context.Context, *rule.Context, rule.None) error {
			return &rule.BusinessError{Message: "not like this"}
		}),
	}
}

type newState struct {
	Status string `prop:"status,required" doc:"The new status."`
}

type sending struct {
	EventName rule.EventName `prop:"eventName" doc:"The event."`
	To        string         `prop:"to" doc:"Where or when."`
}

// send sends an event to the current entity, to the order (to=ORDER), to all fulfilments (to=FULFILMENT), or in some milliseconds (to=500).
func send(_ context.Context, c *rule.Context, p sending) error {
	name := string(p.EventName)
	switch p.To {
	case "":
		c.Turn.Send(workflow.Event{Name: name})
	case "ORDER":
		o := c.Root.Entity().(*order.Order)
		c.Turn.Send(workflow.Event{Name: name, EntityType: "ORDER", EntityID: string(o.ID)})
	case "FULFILMENT":
		for _, p := range c.Root.Parts() {
			if f, ok := p.(*order.Fulfilment); ok {
				c.Turn.Send(workflow.Event{Name: name, EntityType: "FULFILMENT", EntityID: string(f.ID), EntityRef: f.Ref})
			}
		}
	default:
		wait, err := time.ParseDuration(p.To)
		if err != nil {
			return err
		}
		c.Turn.Send(workflow.Event{Name: name, ScheduledOn: c.Now.Add(wait)})
	}
	return nil
}

// count is how often the Count rule ran on an order in commits.
func (b *bench) count(scope tenancy.Scope, o *order.Order) int {
	v, ok := b.reload(scope, o).Attributes.Get("count")
	if !ok {
		return 0
	}
	return int(v.(float64))
}

// state reads what became of an event.
func (b *bench) state(scope tenancy.Scope, id string) eventstore.State {
	row, err := eventstore.Get(b.ctx, b.db.Reader(scope), id)
	require.NoError(b.t, err)
	if row == nil {
		return ""
	}
	return row.State
}

func (b *bench) settled(scope tenancy.Scope, events ...*workflow.Event) {
	b.t.Helper()
	require.Eventually(b.t, func() bool {
		for _, ev := range events {
			if !b.state(scope, ev.ID).Final() {
				return false
			}
		}
		return true
	}, time.Minute, 20*time.Millisecond)
}
