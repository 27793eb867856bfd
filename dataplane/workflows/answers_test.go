package workflows_test

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine/history"
	"github.com/fluent-oms/fluent/dataplane/modules/ordering"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	stockstore "github.com/fluent-oms/fluent/dataplane/store/stock"
	trailstore "github.com/fluent-oms/fluent/dataplane/store/trails"
	"github.com/fluent-oms/fluent/dataplane/workflows"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// answersText says what each event does to an order; how to read it is at its beginning.
//
//go:embed testdata/answers.txt
var answersText string

// answer is a line of it.
type answer struct {
	kind          string // HD or CC
	entity, event string
	stands        string   // the order that the event finds
	with          []string // name=value
	does          string
	line          int
}

func answers(t *testing.T) (out []answer) {
	t.Helper()
	entity, event := "", ""
	for n, line := range strings.Split(answersText, "\n") {
		f := strings.Fields(line)
		switch {
		case len(f) == 0 || f[0] == "#":
		case !strings.HasPrefix(line, " "):
			require.Len(t, f, 2, "line %d", n+1)
			entity, event = f[0], f[1]
		default:
			kinds := []string{"HD", "CC"}
			if slices.Contains(kinds, f[0]) {
				kinds, f = f[:1], f[1:]
			}
			at := slices.Index(f, "→")
			require.Positive(t, at, "line %d", n+1)
			does := strings.TrimPrefix(strings.Join(f[at+1:], " "), "nothing")
			first := slices.IndexFunc(f[:at], func(w string) bool { return strings.Contains(w, "=") })
			if first < 0 {
				first = at
			}
			for _, stands := range f[:first] {
				for _, kind := range kinds {
					out = append(out, answer{kind, entity, event, stands, f[first:at], does, n + 1})
				}
			}
		}
	}
	return out
}

// TestWhatEachEventDoes holds each event in each status that the workflows of orders name against the table: what follows, what becomes of the
// order, its fulfilments, articles and stock, who is told, and what is to come later. All orders are played at once, on one database.
func TestWhatEachEventDoes(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	var plays []*play
	for _, a := range answers(t) {
		plays = append(plays, s.prepare(a))
	}
	complete(t, plays)
	s.enter()
	s.run(plays)
	for _, p := range plays {
		assert.Equal(t, p.a.does, p.seen, "testdata/answers.txt:%d: %s %s finds %s %v", p.a.line, p.a.kind, p.a.event, p.a.stands, p.a.with)
	}
	s.counted()
}

// TestWithoutSettings: an order waits for its payment for an hour, locations have as long as they like, and nobody is told.
func TestWithoutSettings(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	require.Empty(t, w.load("P1,STORE_A,900"))
	s := &stage{world: w, positions: w.positions()}
	plays := []*play{
		s.prepare(answer{kind: "HD", entity: "ORDER", event: "AwaitPayment", stands: "CREATED//", does: "order PENDING_PAYMENT; PaymentTimeout in 1h"}),
		s.prepare(answer{kind: "CC", entity: "ORDER", event: "AwaitPayment", stands: "CREATED//", does: "order PENDING_PAYMENT; PaymentTimeout in 1h"}),
		s.prepare(answer{kind: "HD", entity: "ORDER", event: "ProcessOrder", stands: "RECEIVED//",
			does: "FindAndCreateOrderFulfilment; order BOOKED; F1 AWAITING_WAVE at STORE_A PFS has 2; F1 RESERVED -2"}),
	}
	s.enter()
	s.run(plays)
	for _, p := range plays {
		assert.Equal(t, p.a.does, p.seen, p.a)
	}
}

func newStage(t *testing.T) *stage {
	w := newWorld(t, 1)
	for name, v := range map[string]string{"PAYMENT_TIMEOUT_MINUTES": "30", "PICK_N_PACK_TIME_LIMIT": "4", "webhook.notification": hooks + "notification",
		"webhook.customer-service": hooks + "customer-service", "webhook.wms": hooks + "wms"} {
		w.insert(&foundation.Setting{Row: catalogue.Row{ID: w.id("Setting")}, Name: name, Context: "RETAILER", ContextID: 1, ValueType: "STRING", Value: v})
	}
	require.Empty(t, w.load("P1,STORE_A,900", "P1,STORE_B,900", "P1,DC1,900"))
	return &stage{world: w, positions: w.positions()}
}

// play is an answer that is tried.
type play struct {
	a     answer
	scene *scene
	event *workflow.Event
	turn  *history.Trail
	now   *ordering.Order
	seen  string
}

// prepare makes the order that an answer speaks of, and its event. What the event brings, the order has as attributes, or is about the line, is told by
// its name.
func (s *stage) prepare(a answer) *play {
	product, cancelled := "P1", 0
	attributes, has := map[string]any{}, catalogue.Attributes{}
	for _, w := range a.with {
		name, text, _ := strings.Cut(w, "=")
		var v any = text
		n, err := strconv.ParseFloat(text, 64)
		if err == nil {
			v = n
		}
		switch name {
		case "product":
			product = text
		case "cancelled":
			cancelled = int(n)
		case "paymentStatus", "fraudStatus":
			has = append(has, catalogue.Attribute{Name: name, Type: "STRING", Value: text})
		default:
			attributes[name] = v
		}
	}
	p := &play{a: a, scene: s.stand(a.kind, strings.TrimPrefix(product, "none"), a.stands, cancelled, has)}
	p.event = p.scene.event(a.entity, a.event, p.scene.brings(attributes))
	return p
}

// brings writes attributes as events have them, of which the table says only how many units were found, missed or cancelled, and where an address is.
func (sc *scene) brings(short map[string]any) map[string]any {
	out := map[string]any{}
	for name, v := range short {
		switch name {
		case "found":
			out["items"] = []any{map[string]any{"productRef": "P1", "filledQuantity": v, "rejectReason": "DAMAGED"}}
		case "missed":
			out["shortItems"] = []any{map[string]any{"fulfilmentItemId": string(sc.was.FulfilmentItems[0].ID), "quantity": v}}
		case "cancel":
			out["items"] = []any{map[string]any{"productRef": "P1", "quantity": v}}
		case "moves":
			out["address"] = map[string]any{"latitude": 0.0, "longitude": v}
		default:
			out[name] = v
		}
	}
	return out
}

// run plays all at once, and sees what has become of them.
func (s *stage) run(plays []*play) {
	s.t.Helper()
	events := make([]*workflow.Event, len(plays))
	for i, p := range plays {
		events[i] = p.event
		events[i].Priority = workflow.PriorityOf(workflow.Cause{By: workflow.Person})
	}
	require.NoError(s.t, s.submit(s.engines[0], events...))
	var turns map[string]*history.Trail
	require.Eventually(s.t, func() bool {
		turns = s.turns(s.ctx, len(plays))
		return len(turns) == len(plays)
	}, time.Minute, 50*time.Millisecond)
	held, now := s.held(), s.whole(plays)
	for _, p := range plays {
		p.now = now[p.scene.was.Order.ID]
		p.turn = turns[string(p.now.Order.ID)]
		assert.Equal(s.t, string(eventstore.Success), p.turn.Events[0].State, "%+v: %s", p.a, p.turn.Events[0].Reason)
		for _, f := range p.now.Fulfilments[len(p.scene.was.Fulfilments):] {
			assert.Equal(s.t, p.turn.At.UTC().Truncate(time.Microsecond), f.CreatedOn.UTC(), "a new fulfilment is as old as the turn that made it: %+v", p.a)
			assert.Equal(s.t, f.CreatedOn, f.UpdatedOn)
		}
		p.seen = s.describe(p, held)
	}
}

// turns are the orders' turns, by the order's id.
func (s *stage) turns(ctx context.Context, orders int) map[string]*history.Trail {
	rows, err := trailstore.List(ctx, s.db.Reader(s.scope), trailstore.Query{From: time.Unix(0, 0), To: s.db.Now(ctx).Add(time.Hour), Limit: 2 * orders})
	require.NoError(s.t, err)
	out := map[string]*history.Trail{}
	for n := range rows {
		if rows[n].RootType == "ORDER" {
			require.Nil(s.t, out[rows[n].RootID], "one turn for each order")
			out[rows[n].RootID], err = history.Decode(&rows[n])
			require.NoError(s.t, err)
		}
	}
	return out
}

// whole reads all orders with what hangs on them, which is one statement for each table.
func (s *stage) whole(plays []*play) map[catalogue.ID]*ordering.Order {
	read := s.db.Reader(s.scope).Pipeline()
	all := store.Query{}
	list, items, homes := store.Add[order.Order](read, all), store.Add[order.OrderItem](read, all), store.Add[foundation.CustomerAddress](read, all)
	fulfilments, parts, articles := store.Add[order.Fulfilment](read, all), store.Add[order.FulfilmentItem](read, all), store.Add[order.Article](read, all)
	require.NoError(s.t, read.Run(s.ctx))
	out, of, home := map[catalogue.ID]*ordering.Order{}, map[catalogue.ID]catalogue.ID{}, map[catalogue.ID]*foundation.CustomerAddress{}
	for _, o := range *list {
		out[o.ID] = &ordering.Order{Order: o}
	}
	for _, i := range *items {
		out[i.OrderID].Items = append(out[i.OrderID].Items, i)
	}
	for _, f := range *fulfilments {
		out[f.OrderID].Fulfilments, of[f.ID] = append(out[f.OrderID].Fulfilments, f), f.OrderID
	}
	for _, i := range *parts {
		rows := out[of[i.FulfilmentID]]
		rows.FulfilmentItems = append(rows.FulfilmentItems, i)
	}
	for _, a := range *articles {
		out[a.OrderID].Articles = append(out[a.OrderID].Articles, a)
	}
	for _, a := range *homes {
		home[a.ID] = a
	}
	for _, p := range plays {
		out[p.scene.was.Order.ID].Address = home[p.scene.was.Address.ID]
	}
	return out
}

// held are the quantities of stock that fulfilments have, by the fulfilment's id.
func (s *stage) held() map[string][]string {
	list, err := store.Load[inventory.InventoryQuantity](s.ctx, s.db.Reader(s.scope), store.Query{})
	require.NoError(s.t, err)
	out := map[string][]string{}
	for _, q := range list {
		text := fmt.Sprintf("%s %d", q.Type, q.Quantity)
		if q.Status != "ACTIVE" {
			text += " " + q.Status
		}
		out[q.AssociationRef] = append(out[q.AssociationRef], text)
	}
	return out
}

// words are how the table speaks of what is called otherwise in the two workflows.
var words = map[string]*strings.Replacer{
	"HD": strings.NewReplacer("AWAITING_COURIER_COLLECTION", "READY", "HD_", "", "CheckOrderCoordinates", "CheckPlace",
		"FulfilmentAwaitingCourierCollection", "FulfilmentReady", "OrderAwaitingCourierCollection", "OrderReady"),
	"CC": strings.NewReplacer("AWAITING_CUSTOMER_COLLECTION", "READY", "CC_", "", "CheckPickupLocation", "CheckPlace"),
}

func (s *stage) describe(p *play, held map[string][]string) string {
	events, posts := told(p.turn)
	out := p.scene.changes(p.now, p.turn.At)
	for n, f := range p.now.Fulfilments {
		has := held[string(f.ID)]
		slices.Sort(has)
		if text := strings.Join(has, ", "); text != "" && text != p.scene.held[string(f.ID)] {
			out = append(out, fmt.Sprintf("F%d %s", n+1, text))
		}
	}
	out = append(out, posts...)
	if len(events) > 0 {
		out = append([]string{strings.Join(events, " ")}, out...)
	}
	own := strings.NewReplacer(p.now.Order.Ref+"-", "O-", " "+p.now.Order.Ref, " O")
	return own.Replace(words[p.a.kind].Replace(strings.Join(out, "; ")))
}

// counted wants on hand, and what can be sold, to say what the quantities do. Orders that begin in the middle need not add up.
func (s *stage) counted() {
	s.t.Helper()
	require.EventuallyWithT(s.t, func(t *assertion) {
		found, err := stockstore.Ledger(s.ctx, s.db, s.scope)
		require.NoError(t, err)
		for _, d := range found {
			require.NotRegexp(t, `^(on hand|a base virtual position|an aggregate virtual position) is`, d.Check, d.String())
		}
	}, time.Minute, 50*time.Millisecond)
}

// inAny are events that answer in whatever status.
var inAny = []string{"InformCustomerService", "CalculateOnHand", "LocationStatusChanged", "ProductStatusChanged"}

// state is a status that an event is answered in.
func state(event, status string) string {
	if slices.Contains(inAny, event) {
		return "any"
	}
	return status
}

// named lists the events of the workflows of orders, or of those of other roots, in the statuses that they name.
func named(t *testing.T, ofOrders bool) (out []string) {
	t.Helper()
	list, err := workflows.Default(1)
	require.NoError(t, err)
	for _, a := range list {
		if ofOrders != (a.Flow.EntityType == "ORDER") {
			continue
		}
		for _, r := range a.Flow.Rulesets {
			key := a.Flow.EntitySubtype + " " + r.Type + " " + r.Name + " "
			if len(r.Triggers) == 0 {
				out = append(out, key+"any")
			}
			for _, trigger := range r.Triggers {
				out = append(out, key+trigger.Status)
			}
		}
	}
	return out
}

// complete wants a line for each event in each status that the workflows name, and none for others.
func complete(t *testing.T, plays []*play) {
	t.Helper()
	var have []string
	for _, p := range plays {
		key := strings.Join([]string{p.a.kind, p.a.entity, p.a.event, state(p.a.event, p.scene.status(p.a.entity))}, " ")
		if !slices.Contains(have, key) {
			have = append(have, key)
		}
	}
	require.ElementsMatch(t, named(t, true), have)
}
