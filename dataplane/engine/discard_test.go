package engine_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine/history"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/rule/ruletest"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/outbox"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// taken is an effect that collects what rules asked for, and can forget it again.
type taken struct {
	mu      *sync.Mutex
	commits *[]string
	name    string
	asked   []string
}

func (x *taken) Apply(context.Context, *store.Tx) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	*x.commits = append(*x.commits, fmt.Sprintf("%s%v", x.name, x.asked))
	return nil
}

func (x *taken) Mark() any       { return len(x.asked) }
func (x *taken) Rewind(mark any) { x.asked = x.asked[:mark.(int)] }

// everything is a rule that asks for all that there is to ask for: its property says in whose name.
func everything(other *order.Order, mu *sync.Mutex, commits *[]string) rule.Rule {
	type naming struct {
		Who string `prop:"who,required" doc:"In whose name."`
	}
	return rule.New("test", "All", "Asks for everything.", func(ctx context.Context, c *rule.Context, p naming) error {
		who := p.Who
		o := c.Root.Entity().(*order.Order)
		before := o.Status
		c.Turn.Set(o, map[string]any{"status": "on the way"})
		c.Turn.Set(o, map[string]any{"status": before + "," + who})
		f := &order.Fulfilment{Ref: "F-" + who, OrderID: o.ID}
		f.Type = "HD_PFS"
		a := &order.Article{Ref: "A-" + who, OrderID: o.ID}
		for _, made := range []any{f, a} {
			if err := c.Turn.Create(ctx, made); err != nil {
				return err
			}
		}
		c.Turn.Link(a, "fulfilments", f)
		c.Turn.Send(workflow.Event{Name: "Inline-" + who})
		c.Turn.Send(workflow.Event{Name: "Later-" + who, ScheduledOn: c.Now.Add(time.Hour)})
		c.Turn.Send(workflow.Event{Name: "There-" + who, EntityType: "ORDER", EntityID: string(other.ID), ScheduledOn: c.Now.Add(2 * time.Hour)})
		c.Turn.Webhook("W-"+who, "https://"+who+".test", nil)
		for _, key := range []string{"shared", "own-" + who} {
			c.Turn.Effect(key, func() rule.Effect { return &taken{mu: mu, commits: commits, name: key} }).(*taken).ask(who)
		}
		return nil
	})
}

func (x *taken) ask(who string) { x.asked = append(x.asked, who) }

// TestADiscardedRulesetLeavesNothing: of three rulesets that answer an event and ask for everything, the second meets a business failure. What it
// asked for is gone, to the last webhook, and what the others asked for is there, each once. The event of the failure follows.
func TestADiscardedRulesetLeavesNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	list := b.orders(b.scope, 2)
	var mu sync.Mutex
	var commits []string
	b.rules = append(b.rules, everything(list[1], &mu, &commits))
	failed := on("Go", "ORDER", "")
	failed.EventType = workflow.Exception
	failed.Rules = []workflow.RuleCall{do("All", "who", "third")}
	b.flow("ACME", on("Go", "ORDER", "", do("All", "who", "first")),
		on("Go", "ORDER", "", do("All", "who", "second"), do("Refuse"), do("All", "who", "never")),
		failed)
	e := b.new("n1")
	b.run(e)
	ev := event(list[0], "Go")
	ev.Attributes = map[string]any{"given": "x"}
	res, err := e.RunOnce(b.ctx, b.scope, ev, repeats.Request{})
	require.NoError(t, err)
	require.Equal(t, eventstore.Success, res.State, res.Error)
	b.commits(e, 1)

	require.Equal(t, "CREATED,first,third", b.reload(b.scope, list[0]).Status)
	var made []string
	fulfilments, err := store.Load[order.Fulfilment](b.ctx, b.db.Reader(b.scope), store.Query{})
	require.NoError(t, err)
	for _, f := range fulfilments {
		made = append(made, f.Ref)
	}
	articles, err := store.Load[order.Article](b.ctx, b.db.Reader(b.scope), store.Query{})
	require.NoError(t, err)
	for _, a := range articles {
		made = append(made, a.Ref)
	}
	require.Equal(t, []string{"F-first", "F-third", "A-first", "A-third"}, made)
	_, parts, err := b.db.Reader(b.scope).Aggregate(b.ctx, domain.Catalogue().Type("Order"), list[0].ID)
	require.NoError(t, err)
	require.Len(t, rule.Parts[order.Fulfilment](ruletest.New(nil, parts...)), 2)
	require.Len(t, b.linked(), 2)

	var sent []string
	waiting, err := eventstore.Waiting(b.ctx, b.db.Reader(b.scope), eventstore.Scheduled, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), 100)
	require.NoError(t, err)
	for _, r := range waiting {
		sent = append(sent, r.Event.Name)
		if r.Event.Name == "There-first" {
			require.Equal(t, string(list[1].ID), r.Event.RootID)
		}
	}
	require.ElementsMatch(t, []string{"Later-first", "There-first", "Later-third", "There-third"}, sent)
	deliveries, err := outbox.Claim(b.ctx, b.db, time.Minute, 100)
	require.NoError(t, err)
	var posted []string
	for _, d := range deliveries {
		require.Equal(t, "Go", d.Event.Name)
		posted = append(posted, d.Name+" "+d.Endpoint+" "+d.Event.Type)
	}
	require.ElementsMatch(t, []string{"W-first https://first.test NORMAL", "W-third https://third.test EXCEPTION"}, posted)
	require.Equal(t, []string{"own-first[first]", "own-third[third]", "shared[first third]"}, commits)

	page, err := e.History().Search(b.ctx, b.scope, history.Query{RootEntityType: "ORDER", RootEntityID: string(list[0].ID), EventType: "ORCHESTRATION", Count: 50})
	require.NoError(t, err)
	var ran []string
	for _, it := range page.Results {
		if it.EventStatus == "NO_MATCH" && it.Name[:6] == "Inline" {
			ran = append(ran, it.Name)
		}
	}
	require.ElementsMatch(t, []string{"Inline-first", "Inline-third"}, ran)
}

// linked lists the rows that tie articles to fulfilments.
func (b *bench) linked() []string {
	b.t.Helper()
	var out []string
	b.query(`SELECT article_id::text || '-' || fulfilment_id::text FROM article_fulfilments WHERE account_id = 'ACME' ORDER BY 1`, &out)
	return out
}

// TestAFailureOfAFailureEndsThere: the event of a business failure fails in the same way, and sends none.
func TestAFailureOfAFailureEndsThere(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	failed := on("Refuse", "ORDER", "", do("SetState", "status", "LOST"), do("Refuse"))
	failed.EventType = workflow.Exception
	b.flow("ACME", on("Refuse", "ORDER", "", do("Refuse")), failed)
	e := b.new("n1")
	b.run(e)
	o := b.orders(b.scope, 1)[0]
	ev := event(o, "Refuse")
	ev.Attributes = map[string]any{"given": "x", "message": "theirs"}
	res, err := e.RunOnce(b.ctx, b.scope, ev, repeats.Request{})
	require.NoError(t, err)
	require.Equal(t, eventstore.Success, res.State, res.Error)
	require.Equal(t, "CREATED", b.reload(b.scope, o).Status)
	page, err := e.History().Search(b.ctx, b.scope, history.Query{RootEntityType: "ORDER", RootEntityID: string(o.ID), EventType: "ORCHESTRATION"})
	require.NoError(t, err)
	require.Len(t, page.Results, 2)
	for _, it := range page.Results {
		if it.ID == ev.ID {
			continue
		}
		attrs := map[string]any{}
		for _, a := range it.Attributes {
			attrs[a.Name] = a.Value
		}
		require.Equal(t, map[string]any{"given": "x", "message": "not like this", "cause": "not like this", "ruleSet": "Refuse", "rule": "ACME.test.Refuse"}, attrs)
		require.Equal(t, []string{ev.ID}, it.Context.SourceEvents)
	}
}

// TestTheFailureOfAnEventThatCameDueFollowsAtOnce: it is a copy of that event, but not another appointment.
func TestTheFailureOfAnEventThatCameDueFollowsAtOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	failed := on("Refuse", "ORDER", "", do("SetState", "status", "REFUSED"))
	failed.EventType = workflow.Exception
	b.flow("ACME", on("Refuse", "ORDER", "", do("Refuse")), failed)
	e := b.new("n1")
	b.run(e)
	o := b.orders(b.scope, 1)[0]
	ev := event(o, "Refuse")
	ev.ScheduledOn = b.db.Now(b.ctx).Add(time.Second) // longer than a busy machine takes to look
	require.NoError(t, e.Submit(b.ctx, b.scope, ev))
	require.Equal(t, eventstore.Scheduled, b.state(b.scope, ev.ID))
	b.settled(b.scope, ev)
	require.Equal(t, "REFUSED", b.reload(b.scope, o).Status)
	b.commits(e, 1)
}
