package workflows_test

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine/history"
	"github.com/fluent-oms/fluent/dataplane/modules/ordering"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/inventory/stock"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// stage is a world with orders that were put into it as they stand after whatever came before.
type stage struct {
	*world
	positions map[string]*inventory.InventoryPosition
	made      []any // what has yet to be inserted
}

// scene is one of the orders.
type scene struct {
	kind string // HD or CC
	was  *ordering.Order
	held map[string]string // stock, by the fulfilment's id
}

// ready is the status in which all waits for whoever fetches it.
var ready = map[string]string{"HD": "AWAITING_COURIER_COLLECTION", "CC": "AWAITING_CUSTOMER_COLLECTION"}

// part reads STATUS(filled+rejected)@PLACE!: the units of a fulfilment, or - if it has none; where it is; whether its time is over.
var part = regexp.MustCompile(`^([A-Z_]+)(?:\((\d)\+(\d)\)|(-))?(?:@(\w+))?(!)?$`)

// unit is how many units each fulfilment of a scene has.
const unit = 2

// stand makes an order of two units for each fulfilment, as STATUS/FULFILMENT,…/ARTICLE,…: BOOKED/AWAITING_WAVE,ESCALATED/. Of an order, the place is
// where it is collected, or the city of an address that nobody has located; its articles belong to the first fulfilment.
func (s *stage) stand(kind, product, text string, cancelled int, attributes catalogue.Attributes) *scene {
	s.t.Helper()
	cut := strings.Split(strings.ReplaceAll(text, "READY", ready[kind]), "/")
	require.Len(s.t, cut, 3, text)
	list := func(s string) []string { return strings.FieldsFunc(s, func(r rune) bool { return r == ',' }) }
	fulfilments, units := list(cut[1]), 0
	for _, f := range fulfilments {
		if !strings.Contains(f, "-") {
			units += unit
		}
	}
	sc := &scene{kind: kind, was: &ordering.Order{}, held: map[string]string{}}
	s.order(sc, cut[0], product, max(unit, units), cancelled, attributes)
	for _, f := range fulfilments {
		s.fulfilment(sc, product, f)
	}
	for _, status := range list(cut[2]) {
		s.article(sc.was, status)
	}
	return sc
}

// read takes a word apart.
func (s *stage) read(word string) []string {
	s.t.Helper()
	m := part.FindStringSubmatch(word)
	require.NotNil(s.t, m, word)
	return m
}

func (s *stage) order(sc *scene, text, product string, units, cancelled int, attributes catalogue.Attributes) {
	rows, m := sc.was, s.read(text)
	s.orders++
	fee, price, total, zero := 10.0, prices[product], prices[product]*float64(units-cancelled)+10, 0.0
	home := &foundation.CustomerAddress{AddressFields: foundation.AddressFields{Node: catalogue.Node{ID: s.id("CustomerAddress")}, Ref: "HOME", Latitude: &zero, Longitude: &zero}}
	choice := &order.FulfilmentChoice{Node: catalogue.Node{ID: s.id("FulfilmentChoice")}, DeliveryType: "STANDARD", FulfilmentPrice: &fee, DeliveryAddressID: home.ID}
	switch place := m[5]; {
	case sc.kind == "CC":
		choice.PickupLocationRef = cmp.Or(place, "STORE_A")
	case place != "":
		home.Latitude, home.Longitude, home.City = nil, nil, strings.TrimPrefix(place, "NOWHERE")
	}
	o := &order.Order{Node: catalogue.Node{ID: s.id("Order")}, RetailerID: "1", CustomerID: s.who, FulfilmentChoiceID: choice.ID, TotalPrice: &total, Attributes: attributes}
	o.Ref, o.CreatedOn = fmt.Sprintf("O%d", s.orders), s.db.Now(s.ctx).Add(-48*time.Hour)
	choice.OrderID = o.ID
	flow(&o.Orchestrated, sc.kind, m[1], "ORDER::"+sc.kind)
	item := &order.OrderItem{Node: catalogue.Node{ID: s.id("OrderItem")}, Ref: o.Ref + "-I1", Status: "CREATED", Quantity: units, ProductRef: product,
		ProductCatalogueRef: "MASTER:1", OrderID: o.ID, PaidPrice: &price, Currency: "AUD"}
	if cancelled > 0 {
		item.Attributes = catalogue.Attributes{{Name: "cancelledQuantity", Type: "INTEGER", Value: cancelled}}
	}
	rows.Order, rows.Choice, rows.Address, rows.Items = o, choice, home, []*order.OrderItem{item}
	s.made = append(s.made, home, o, choice, item)
}

// The statuses in which a fulfilment holds units that were promised, and those in which all were picked or none.
var (
	holding = []string{"PROCESSING", "AWAITING_WAVE", "SENT_TO_WMS", "ON_HOLD", "ASSIGNED"}
	picked  = []string{"FULFILLED", "AWAITING_COURIER_COLLECTION", "AWAITING_CUSTOMER_COLLECTION", "IN_TRANSIT", "COMPLETE"}
	refused = []string{"REJECTED", "EXPIRED"}
)

func (s *stage) fulfilment(sc *scene, product, text string) {
	rows, m := sc.was, s.read(text)
	status, n := m[1], len(rows.Fulfilments)
	at := cmp.Or(m[5], map[string]string{"ESCALATED": "REJECTED", "SENT_TO_WMS": "DC1"}[status], []string{"STORE_A", "STORE_B"}[n%2])
	f := &order.Fulfilment{Node: catalogue.Node{ID: s.id("Fulfilment"), CreatedOn: s.db.Now(s.ctx)}, Ref: fmt.Sprintf("%s-%d", rows.Order.Ref, n+1), OrderID: rows.Order.ID,
		FromLocationRef: at, DeliveryType: "STANDARD"}
	kind := cmp.Or(map[string]string{"DC1": sc.kind + "_PFDC", "REJECTED": "REJECTED"}[at], sc.kind+"_PFS")
	if status == "CREATED" && at != "REJECTED" {
		kind = ""
	}
	flow(&f.Orchestrated, kind, status, "")
	until := s.db.Now(s.ctx).Add(time.Hour)
	switch {
	case m[6] != "":
		until = until.Add(-2 * time.Hour)
		f.ExpiryTime = &until
	case status == "AWAITING_WAVE" || status == "ASSIGNED":
		f.ExpiryTime = &until
	case status == "ON_HOLD":
		f.Attributes = catalogue.Attributes{{Name: "expiryMinutesLeft", Type: "INTEGER", Value: 30}}
	}
	rows.Fulfilments = append(rows.Fulfilments, f)
	s.made = append(s.made, f)
	if m[4] != "" {
		return
	}
	requested := unit
	i := &order.FulfilmentItem{Row: catalogue.Row{ID: s.id("FulfilmentItem")}, Ref: f.Ref + "-1", RequestedQuantity: &requested, OrderItemID: rows.Items[0].ID, FulfilmentID: f.ID}
	switch {
	case m[2] != "":
		i.FilledQuantity, i.RejectedQuantity = int(m[2][0]-'0'), int(m[3][0]-'0')
	case slices.Contains(picked, status):
		i.FilledQuantity = unit
	case slices.Contains(refused, status):
		i.RejectedQuantity = unit
	case status == "PARTIALLY_FULFILLED":
		i.FilledQuantity, i.RejectedQuantity = 1, 1
	}
	rows.FulfilmentItems = append(rows.FulfilmentItems, i)
	s.made = append(s.made, i)
	s.hold(sc, f, i, product)
}

// hold gives the fulfilment what it has of its location's stock.
func (s *stage) hold(sc *scene, f *order.Fulfilment, i *order.FulfilmentItem, product string) {
	p := s.positions[product+":"+f.FromLocationRef]
	kind, n := stock.Sale, i.FilledQuantity
	if slices.Contains(holding, f.Status) {
		kind, n = stock.Reserved, unit
	}
	if p == nil || n == 0 {
		return
	}
	q := &inventory.InventoryQuantity{Node: catalogue.Node{ID: s.db.NewUUID()}, Ref: stock.QuantityRef(string(f.ID), kind, p.Ref), Quantity: -n,
		CatalogueID: p.CatalogueID, PositionID: p.ID, AssociationRef: string(f.ID)}
	flow(&q.Orchestrated, kind, "ACTIVE", "INVENTORY_CATALOGUE::DEFAULT")
	sc.held[string(f.ID)] = fmt.Sprintf("%s %d", kind, -n)
	s.made = append(s.made, q)
}

func (s *stage) article(rows *ordering.Order, status string) {
	n := unit
	a := &order.Article{Node: catalogue.Node{ID: s.id("Article")}, Ref: fmt.Sprintf("%s-A%d", rows.Order.Ref, len(rows.Articles)+1), Quantity: &n, OrderID: rows.Order.ID,
		Attributes: catalogue.Attributes{{Name: "fulfilmentId", Type: "STRING", Value: string(rows.Fulfilments[0].ID)}}}
	flow(&a.Orchestrated, "PARCEL", status, "")
	rows.Articles = append(rows.Articles, a)
	s.made = append(s.made, a)
}

// enter inserts what was made, and has the positions counted again.
func (s *stage) enter() {
	s.t.Helper()
	s.insert(s.made...)
	s.made = nil
	for _, p := range s.positions {
		s.must(s.event("CalculateOnHand", "INVENTORY_POSITION", p.ID, "INVENTORY_CATALOGUE", s.roots["DEFAULT:1"], nil))
	}
}

// event is an event for the order, its first fulfilment or its first article.
func (s *scene) event(entity, name string, attributes map[string]any) *workflow.Event {
	o := s.was.Order
	ev := &workflow.Event{Name: name, Type: workflow.Normal, RetailerID: 1, EntityType: entity, EntityID: string(o.ID), RootType: "ORDER", RootID: string(o.ID), RootRef: o.Ref,
		Attributes: attributes}
	switch entity {
	case "FULFILMENT":
		ev.EntityID = string(s.was.Fulfilments[0].ID)
	case "ARTICLE":
		ev.EntityID = string(s.was.Articles[0].ID)
	}
	return ev
}

// status is the one of the order, its first fulfilment or its first article.
func (s *scene) status(entity string) string {
	switch entity {
	case "FULFILMENT":
		return s.was.Fulfilments[0].Status
	case "ARTICLE":
		return s.was.Articles[0].Status
	}
	return s.was.Order.Status
}

// fact is something that can be seen of an order, its item, its fulfilments F1, F2… or its articles A1, A2…
type fact struct{ of, name, is string }

// untold are attributes that say what is seen elsewhere.
var untold = []string{"fulfilmentId", "sourcingProfile", "strategyRef"}

func facts(r *ordering.Order, now time.Time) (out []fact) {
	say := func(of, name, format string, args ...any) {
		out = append(out, fact{of, name, fmt.Sprintf(format, args...)})
	}
	attributes := func(of string, list catalogue.Attributes) {
		for _, a := range list {
			if !slices.Contains(untold, a.Name) {
				say(of, a.Name+" ", "%s", shown(a))
			}
		}
	}
	say("order", "", "%s", r.Order.Status)
	attributes("order", r.Order.Attributes)
	say("order", "total ", "%v", *r.Order.TotalPrice)
	if a := r.Address; a.Latitude != nil {
		say("order", "at ", "%v", *a.Longitude)
	}
	for _, i := range r.Items {
		attributes("item", i.Attributes)
	}
	for n, f := range r.Fulfilments {
		of := fmt.Sprintf("F%d", n+1)
		say(of, "", "%s", f.Status)
		say(of, "at ", "%s %s", f.FromLocationRef, f.Type)
		for _, i := range r.FulfilmentItems {
			if i.FulfilmentID == f.ID {
				say(of, "has ", "%s", strings.TrimSuffix(fmt.Sprintf("%d(%d+%d)", *i.RequestedQuantity, i.FilledQuantity, i.RejectedQuantity), "(0+0)"))
			}
		}
		if f.ExpiryTime != nil {
			say(of, "until ", "%s", about(f.ExpiryTime.Sub(now)))
		}
		attributes(of, f.Attributes)
	}
	for n, a := range r.Articles {
		of := fmt.Sprintf("A%d", n+1)
		say(of, "", "%s", a.Status)
		say(of, "has ", "%d", *a.Quantity)
		attributes(of, a.Attributes)
	}
	return out
}

func shown(a catalogue.Attribute) string {
	switch v := a.Value.(type) {
	case map[string]any, []any:
		return "…"
	case int:
		return shown(catalogue.Attribute{Name: a.Name, Value: float64(v)})
	case float64:
		if a.Name == "expiryMinutesLeft" {
			return about(time.Duration(v) * time.Minute)
		}
		return fmt.Sprint(v)
	default:
		return fmt.Sprint(v)
	}
}

// about is a time to the next ten minutes, so that slow machines tell the same.
func about(d time.Duration) string {
	text := strings.TrimSuffix((d + 9*time.Minute).Truncate(10*time.Minute).String(), "0s")
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// changes lists what differs, all of what is new in one piece; a thing that is gone is told so.
func (sc *scene) changes(is *ordering.Order, now time.Time) (out []string) {
	before, after := facts(sc.was, now), facts(is, now)
	known := func(list []fact, f fact) bool {
		return slices.ContainsFunc(list, func(x fact) bool { return x.of == f.of && x.name == f.name })
	}
	for _, f := range after {
		switch {
		case slices.Contains(before, f):
		case f.name != "" && !known(before, fact{of: f.of}) && f.of != "item":
			out[len(out)-1] += " " + f.name + f.is
		default:
			out = append(out, f.of+" "+f.name+f.is)
		}
	}
	for _, f := range before {
		if !known(after, f) {
			out = append(out, f.of+" no "+strings.TrimSpace(f.name))
		}
	}
	return out
}

// told lists the events that the turn's first one sent, ? where nothing answered; and, of those that these sent, too, what was posted, what is to
// come later, and that an action was refused.
func told(t *history.Trail) (events, posts []string) {
	for n, e := range t.Events {
		if n > 0 && slices.Contains(e.Parents, t.Events[0].ID) {
			mark := map[string]string{string(eventstore.NoMatch): "?", string(eventstore.Failed): "!"}[e.State]
			events = append(events, e.Name+mark)
		}
		for _, rs := range e.Rulesets {
			for _, r := range rs.Rules {
				if r.Failure != nil {
					posts = append(posts, "refused")
				}
				for _, a := range r.Actions {
					at, later := a.Detail["scheduledOn"].(string)
					switch {
					case a.Kind == history.Webhook:
						posts = append(posts, fmt.Sprintf("posts %s to %s", a.Detail["name"], strings.TrimPrefix(a.Target, hooks)))
					case a.Kind == history.Sending && later:
						on, _ := time.Parse(time.RFC3339, at)
						posts = append(posts, fmt.Sprintf("%s in %s", a.Target, about(on.Sub(t.At))))
					}
				}
			}
		}
	}
	return events, posts
}

// hooks is where the world's webhooks go.
const hooks = "http://127.0.0.1:9/"
