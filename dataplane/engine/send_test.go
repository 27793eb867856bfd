package engine_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine"
	"github.com/fluent-oms/fluent/dataplane/rule"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/outbox"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// query collects one column of text.
func (b *bench) query(statement string, out *[]string) {
	b.t.Helper()
	conn, err := pgx.Connect(b.ctx, b.dsn)
	require.NoError(b.t, err)
	defer func() { require.NoError(b.t, conn.Close(b.ctx)) }()
	rows, err := conn.Query(b.ctx, statement)
	require.NoError(b.t, err)
	*out, err = pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(b.t, err)
}

// sends adds a rule that sends one event, which the test gives.
func (b *bench) sends(ev *workflow.Event) {
	b.rules = append(b.rules, rule.New("test", "SendThis", "Is for a test.", func(_ context.Context, c *rule.Context, _ rule.None) error {
		c.Turn.Send(*ev)
		return nil
	}))
}

// sentEvents remembers the events that an engine's turns send to others.
type sentEvents struct {
	mu   sync.Mutex
	sent []workflow.Event
}

func (x *sentEvents) watch(e *engine.Engine) {
	e.BeforeCommit(func(o *engine.Outcome) error {
		x.mu.Lock()
		defer x.mu.Unlock()
		for _, ev := range o.Events {
			x.sent = append(x.sent, *ev)
		}
		return nil
	})
}

func (x *sentEvents) only(t *testing.T) *workflow.Event {
	t.Helper()
	x.mu.Lock()
	defer x.mu.Unlock()
	require.Len(t, x.sent, 1)
	return &x.sent[0]
}

// TestAnEventToAnotherRetailerIsARowOfItsOwn, though its root is that of the turn: whoever may see the one retailer's events need not see the other's.
func TestAnEventToAnotherRetailerIsARowOfItsOwn(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var sent workflow.Event
	b.sends(&sent)
	b.flow("ACME", on("Go", "ORDER", "", do("SendThis")), on("Count", "ORDER", "", do("Count")))
	e := b.new("n1")
	var box sentEvents
	box.watch(e)
	b.run(e)
	for _, retailer := range []int32{0, 1, 2} {
		sent = workflow.Event{Name: "Count", RetailerID: retailer}
		o := b.orders(b.scope, 1)[0]
		ev := event(o, "Go")
		_, err := e.RunOnce(b.ctx, b.scope, ev, repeats.Request{})
		require.NoError(t, err)
		if retailer != 2 {
			require.Empty(t, box.sent, "it joins the turn")
			require.Equal(t, 1, b.count(b.scope, o))
			continue
		}
		other := box.only(t)
		b.settled(b.scope, other)
		row, err := eventstore.Get(b.ctx, b.db.Reader(b.scope), other.ID)
		require.NoError(t, err)
		require.EqualValues(t, 2, row.Event.RetailerID)
		require.Equal(t, string(o.ID), row.Event.RootID)
		require.Equal(t, []string{ev.ID}, row.Event.Parents)
		require.Equal(t, "Rubix User", row.Event.GeneratedBy)
		require.Equal(t, 1, b.count(b.scope, o))
	}
}

// TestAnEventForNowIsATurnOfItsOwn: by such events work on much goes step by step, each of which commits and lets others come in between.
func TestAnEventForNowIsATurnOfItsOwn(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.looking(func(_ context.Context, c *rule.Context) error {
		c.Turn.Send(workflow.Event{Name: "Count", ScheduledOn: c.Now})
		return nil
	})
	b.flow("ACME", on("Go", "ORDER", "", do("Look")), on("Count", "ORDER", "", do("Count")))
	e := b.new("n1")
	var box sentEvents
	box.watch(e)
	b.run(e)
	o := b.orders(b.scope, 1)[0]
	_, err := e.RunOnce(b.ctx, b.scope, event(o, "Go"), repeats.Request{})
	require.NoError(t, err)
	b.settled(b.scope, box.only(t))
	require.Equal(t, 1, b.count(b.scope, o))
	b.commits(e, 2)
}

// TestWhatFollowsIsNeverMoreUrgent than what it follows from, but may be less; through an inline event as well.
func TestWhatFollowsIsNeverMoreUrgent(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var sent workflow.Event
	b.sends(&sent)
	b.flow("ACME", on("Go", "ORDER", "", do("Send", "eventName", "Inner")), on("Inner", "ORDER", "", do("SendThis")))
	e := b.new("n1")
	var box sentEvents
	box.watch(e)
	b.run(e)
	for _, c := range []struct{ event, asked, want workflow.Priority }{
		{workflow.Checkout, workflow.Checkout, workflow.Checkout},
		{workflow.Checkout, workflow.Batch, workflow.Batch},
		{workflow.Batch, workflow.Checkout, workflow.Batch},
		{workflow.StoreWork, workflow.Checkout, workflow.StoreWork},
		{workflow.StoreWork, workflow.Batch, workflow.Batch},
	} {
		box.sent, sent = nil, workflow.Event{Name: "Later", Priority: c.asked, ScheduledOn: time.Now().Add(time.Hour)}
		ev := event(b.orders(b.scope, 1)[0], "Go")
		ev.Priority = c.event
		_, err := e.RunOnce(b.ctx, b.scope, ev, repeats.Request{})
		require.NoError(t, err)
		row, err := eventstore.Get(b.ctx, b.db.Reader(b.scope), box.only(t).ID)
		require.NoError(t, err)
		require.Equal(t, eventstore.Scheduled, row.State)
		require.Equal(t, c.want, row.Event.Priority, "%+v", c)
	}
}

// TestAnEventThatNobodyGaveAPriorityIsRefused at each of the engine's doors, before anything runs.
func TestAnEventThatNobodyGaveAPriorityIsRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("ACME", on("Count", "ORDER", "", do("Count")))
	e := b.new("n1")
	b.run(e)
	o := b.orders(b.scope, 1)[0]
	ev := event(o, "Count")
	ev.Priority = 0
	_, err := e.RunOnce(b.ctx, b.scope, ev, repeats.Request{})
	require.ErrorContains(t, err, "has no priority")
	require.ErrorContains(t, e.Submit(b.ctx, b.scope, event(o, "Count"), ev), "has no priority")
	require.Zero(t, b.count(b.scope, o))
}

// TestUrgentEventsAreReadFirst: of many batches and one checkout that came last, a node that reads a few at a time runs the checkout first.
func TestUrgentEventsAreReadFirst(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var mu sync.Mutex
	var ran []string
	b.rules = append(b.rules, rule.New("test", "Note", "Is for a test.", func(_ context.Context, c *rule.Context, _ rule.None) error {
		mu.Lock()
		defer mu.Unlock()
		ran = append(ran, c.Event.EntityID)
		return nil
	}))
	b.flow("ACME", on("Note", "ORDER", "", do("Note")))
	list := b.orders(b.scope, 20)
	priorities := map[int]workflow.Priority{19: workflow.Checkout, 18: workflow.StoreWork}
	var events []*workflow.Event
	for i, o := range list {
		ev := event(o, "Note")
		ev.Priority = workflow.Batch
		if p, ok := priorities[i]; ok {
			ev.Priority = p
		}
		events = append(events, ev)
	}
	writer := b.new("writer")
	require.NoError(t, writer.Submit(b.ctx, b.scope, events...))
	e := b.new("n1", oneWorker, func(_ *engine.Deps, c *engine.Config) {
		c.Window, c.Share, c.Poll, c.Sweep = 4, 1, time.Hour, time.Hour // what the first read leaves is read when memory runs low
	})
	b.run(e)
	b.settled(b.scope, events...)
	want := []string{string(list[19].ID), string(list[18].ID)}
	for _, o := range list[:18] {
		want = append(want, string(o.ID))
	}
	require.Equal(t, want, ran)
}

// TestAnEventThatNamesItsRootByRefQueuesByItsID, with the other events of that root.
func TestAnEventThatNamesItsRootByRefQueuesByItsID(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	list := b.orders(b.scope, 2)
	b.sends(&workflow.Event{Name: "Count", EntityType: "ORDER", EntityRef: list[1].Ref})
	b.flow("ACME", on("Go", "ORDER", "", do("SendThis")), on("Count", "ORDER", "", do("Count")))
	e := b.new("n1")
	var box sentEvents
	box.watch(e)
	b.run(e)
	_, err := e.RunOnce(b.ctx, b.scope, event(list[0], "Go"), repeats.Request{})
	require.NoError(t, err)
	sent := box.only(t)
	b.settled(b.scope, sent)
	require.Equal(t, []string{"ORDER", string(list[1].ID), list[1].Ref, string(list[1].ID)}, []string{sent.RootType, sent.RootID, sent.RootRef, sent.EntityID})
	require.Equal(t, eventstore.Success, b.state(b.scope, sent.ID))
	require.Equal(t, 1, b.count(b.scope, list[1]))
	require.Zero(t, b.count(b.scope, list[0]))
}

// TestAWebhookTellsMoreThanItsEvent: attributes that a rule adds leave with the delivery, win there over the event's, and are not the event's.
func TestAWebhookTellsMoreThanItsEvent(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var after map[string]any
	b.rules = append(b.rules, rule.New("test", "Post", "Posts the event twice.", func(_ context.Context, c *rule.Context, _ rule.None) error {
		c.Turn.Webhook("SEND_EMAIL", "https://mail.test", map[string]any{"template": "SHIPPED", "given": "rule's"})
		c.Turn.Webhook("PLAIN", "https://mail.test", nil)
		after = c.Event.Attributes
		return nil
	}))
	b.flow("ACME", on("Post", "ORDER", "", do("Post")))
	ev := event(b.orders(b.scope, 1)[0], "Post")
	ev.Attributes = map[string]any{"given": "event's"}
	e := b.new("n1")
	b.run(e)
	res, err := e.RunOnce(b.ctx, b.scope, ev, repeats.Request{})
	require.NoError(t, err)
	require.Equal(t, eventstore.Success, res.State, res.Error)
	require.Equal(t, map[string]any{"given": "event's"}, after)
	deliveries, err := outbox.Claim(b.ctx, b.db, time.Minute, 100)
	require.NoError(t, err)
	told := map[string]map[string]any{}
	for _, d := range deliveries {
		told[d.Name] = d.Event.Attributes
	}
	require.Equal(t, map[string]map[string]any{"SEND_EMAIL": {"template": "SHIPPED", "given": "rule's"}, "PLAIN": {"given": "event's"}}, told)
}
