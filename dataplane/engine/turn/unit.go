package turn

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"sort"
	"time"

	"github.com/fluent-oms/fluent/dataplane/engine/history"
	"github.com/fluent-oms/fluent/dataplane/entity"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// unit is the unit of work of one try of a turn: which entities are in memory, what changed, what is to be sent. One goroutine uses it.
type unit struct {
	r     *Runner
	in    Input
	read  *store.Reader
	id    string // the turn's
	now   time.Time
	began time.Time
	under uint64 // what stood for the configuration then; of a root's first turn
	trail *history.Trail

	// the root and the workflow that it follows
	ref  reference
	root any
	typ  *catalogue.Type
	flow *workflow.Workflow

	// entities by identity
	entities map[identity]*row
	byPtr    map[any]*row
	order    []*row // as they came to be known
	byType   map[*catalogue.Type][]*row
	parts    map[*catalogue.Type][]any // the root's dependants of types that rules have asked for
	links    []LinkRow
	changes  []*entity.Draft // by the rule that runs

	// what is to be sent and done
	out       []*workflow.Event
	webhooks  []Delivery
	effects   map[string]rule.Effect
	journal   []func() // undoes, newest last
	inlineIDs int
	waits     int // of out, those that try the root's first turn again

	// where the turn is
	ev      *workflow.Event
	rec     *history.Event
	ruleRec *history.Rule
	depth   int
	ran     int
	queue   []queued
	cause   error                      // why an event failed
	top     *workflow.Event            // from which the one that runs follows
	apart   func(why string)           // hears of what is refused of one record of many; nil: the event is no record
	refused map[*workflow.Event]string // events some of whose rulesets lost their actions, and why
	auth    authority
	paths   relatives
}

type queued struct {
	ev    *workflow.Event
	rec   *history.Event
	depth int
}

// reference names the root before it is loaded.
type reference struct {
	typeName string
	id       string
	ref      string
	retailer tenancy.RetailerID
}

type identity struct {
	typ *catalogue.Type
	id  catalogue.ID
}

// row is what the unit knows of one struct.
type row struct {
	typ     *catalogue.Type
	id      catalogue.ID
	ptr     any
	created bool
	gone    bool // its creation was undone
	part    bool // hangs on the root
	was     time.Time
	changed map[*catalogue.Field]bool
}

func (r *Runner) newUnit(ctx context.Context, in Input) *unit {
	now := r.d.DB.Now(ctx)
	first := in.Events[0]
	u := &unit{r: r, in: in, read: r.d.DB.Reader(in.Scope), now: now, began: time.Now(), id: history.TurnOf(string(r.d.DB.NewUUID())),
		ref:      reference{typeName: first.RootType, id: first.RootID, ref: first.RootRef, retailer: tenancy.RetailerID(first.RetailerID)},
		entities: map[identity]*row{}, byPtr: map[any]*row{}, byType: map[*catalogue.Type][]*row{}, parts: map[*catalogue.Type][]any{}, effects: map[string]rule.Effect{}}
	u.trail = &history.Trail{TurnID: u.id, RetailerID: u.ref.retailer, At: now, RootType: u.ref.typeName, RootID: u.ref.id, RootRef: u.ref.ref,
		Node: r.d.Node, Tries: in.Try}
	if first.Name == entity.CreateEvent && r.d.Under != nil {
		u.under = r.d.Under(in.Scope.Account(), u.ref.retailer)
	}
	return u
}

// elapsed is the time since the turn began, in microseconds.
func (u *unit) elapsed() int64 { return time.Since(u.began).Microseconds() }

// load brings the root into memory, with its parts.
func (u *unit) load(ctx context.Context, ev *workflow.Event) error {
	if ev.RootID == "" {
		return nil
	}
	root, parts, err := u.rootAndParts(ctx, ev)
	if err != nil {
		return fmt.Errorf("load %s %s: %w", ev.RootType, ev.RootID, err)
	}
	if root == nil {
		return nil
	}
	e := u.adopt(root)
	if e == nil {
		return fmt.Errorf("load %s %s: %T is no entity", ev.RootType, ev.RootID, root)
	}
	u.root, u.typ = e.ptr, e.typ
	for _, p := range parts {
		if e := u.adopt(p); e != nil {
			u.join(e)
		}
	}
	u.trail.RootRef = textOf(u.typ, u.root, "ref")
	return u.loadFlow(ctx)
}

// rootAndParts loads the root, or takes the one that the turn's commit creates.
func (u *unit) rootAndParts(ctx context.Context, ev *workflow.Event) (root any, parts []any, err error) {
	if n := u.in.Fresh; n != nil {
		for _, ptr := range append([]any{n.Root}, n.Parts...) {
			if e := u.adopt(ptr); e != nil {
				e.created = true
			}
		}
		return n.Root, slices.Concat(n.Parts, n.Loaded), nil
	}
	return u.r.stored(ctx, u.read, ev.RootType, catalogue.ID(ev.RootID))
}

// workflowName is the workflow that the root follows: the one it was created under, else the one for its type and subtype.
func (u *unit) workflowName() string {
	if name := textOf(u.typ, u.root, "workflowRef"); name != "" {
		return name
	}
	return workflow.WorkflowName(u.ref.typeName, textOf(u.typ, u.root, "type"))
}

// self names the root that was loaded, as all that decide by it do.
func (u *unit) self() workflow.Root {
	return workflow.Root{Type: u.typ.EntityType, ID: string(idOf(u.typ, u.root))}
}

func (u *unit) loadFlow(ctx context.Context) error {
	retailer := u.ref.retailer
	if own := retailerOf(u.typ, u.root); own != 0 {
		retailer = own
	}
	u.trail.RetailerID = retailer
	flow, under, err := u.r.d.Workflows.Get(ctx, u.in.Scope.Account(), retailer,
		workflow.Following{Name: u.workflowName(), Version: intOf(u.typ, u.root, "workflowVersion"), Root: u.self()})
	if err != nil {
		return fmt.Errorf("load workflow %s: %w", u.workflowName(), err)
	}
	u.flow, u.trail.Configuration = flow, under
	if u.flow != nil {
		u.trail.Workflow, u.trail.Version = u.flow.Name, u.flow.Version
	}
	return nil
}

// flowOf is the workflow that answers an event: its own, if it brings one.
func (u *unit) flowOf(ev *workflow.Event) *workflow.Workflow {
	if ev.RunOnce != nil {
		return ev.RunOnce
	}
	return u.flow
}

// adopt makes the unit's own struct of a loaded entity known, or finds the one that it has for the same row already.
func (u *unit) adopt(ptr any) *row {
	if ptr == nil || reflect.ValueOf(ptr).IsNil() {
		return nil
	}
	if e := u.byPtr[ptr]; e != nil {
		return e
	}
	t := u.r.types.typeOf(ptr)
	if t == nil {
		return nil
	}
	id := idOf(t, ptr)
	if e := u.entities[identity{t, id}]; e != nil {
		return e
	}
	e := &row{typ: t, id: id, ptr: ptr, was: timeOf(t, ptr, "updatedOn"), changed: map[*catalogue.Field]bool{}}
	u.entities[identity{t, id}] = e
	u.byPtr[ptr] = e
	u.order = append(u.order, e)
	u.byType[t] = append(u.byType[t], e)
	return e
}

// rowsOf lists what the unit knows of a type, or of the members of an abstract one, as they came to be known.
func (u *unit) rowsOf(t *catalogue.Type) []*row {
	if !t.Abstract() {
		return u.byType[t]
	}
	var out []*row
	for _, e := range u.order {
		if t.Holds(e.typ) {
			out = append(out, e)
		}
	}
	return out
}

// address finds the entity that an event speaks of; nil, nil when it speaks of none that exists.
func (u *unit) address(ctx context.Context, ev *workflow.Event) (any, *catalogue.Type, error) {
	if u.root == nil {
		return nil, nil, nil
	}
	if ev.EntityType == u.ref.typeName && (ev.EntityID == u.ref.id || ev.EntityID == "" && (ev.EntityRef == "" || ev.EntityRef == u.trail.RootRef)) {
		return u.root, u.typ, nil
	}
	if found := u.Find(ev.EntityType, ev.EntityID, ev.EntityRef); found != nil {
		return found, u.byPtr[found].typ, nil
	}
	if ev.EntityID == "" && ev.EntityRef == "" {
		return nil, nil, nil
	}
	e, err := u.r.find(ctx, u.read, ev, u.ref.id)
	if err != nil || e == nil {
		return nil, nil, err
	}
	known := u.adopt(e)
	return known.ptr, known.typ, nil
}

func (u *unit) subject(ev *workflow.Event, typ *catalogue.Type, ptr any) workflow.Subject {
	s := workflow.Subject{EventName: ev.Name, EventType: ev.Type, EntityType: ev.EntityType, Subtype: ev.EntitySubtype, Status: ev.EntityStatus}
	if ptr != nil {
		s.Subtype, s.Status = textOf(typ, ptr, "type"), textOf(typ, ptr, "status")
	}
	return s
}

// snapshot prints an entity as it is, without what the API hides.
func (u *unit) snapshot(typ *catalogue.Type, ptr any) json.RawMessage {
	if ptr == nil {
		return nil
	}
	m := make(map[string]any, len(typ.Fields))
	for _, f := range typ.Fields {
		if !f.Hidden {
			m[f.Name] = f.Get(ptr)
		}
	}
	text, err := json.Marshal(m)
	if err != nil {
		return nil // a value that cannot be printed is no reason to stop the turn
	}
	return text
}

// record starts the trail's entry of an event. What has no time yet is there from the turn's commit on.
func (u *unit) record(ev *workflow.Event, inline bool) *history.Event {
	rec := &history.Event{ID: ev.ID, Inline: inline, Parents: ev.Parents, Name: ev.Name, Type: ev.Type, EntityType: ev.EntityType, EntityID: ev.EntityID,
		EntityRef: ev.EntityRef, Attributes: ev.Attributes, Source: ev.Source, GeneratedBy: ev.GeneratedBy, GeneratedOn: ev.GeneratedOn}
	if rec.GeneratedOn.IsZero() {
		rec.GeneratedOn, rec.New = u.now, true
	}
	u.trail.Events = append(u.trail.Events, rec)
	return rec
}

// outcome collects what the turn wants committed.
func (u *unit) outcome(ctx context.Context, events []*workflow.Event) (*Outcome, error) {
	if err := u.settleOut(ctx); err != nil {
		return nil, err
	}
	u.trail.Took = u.elapsed()
	o := &Outcome{TurnID: u.id, Trail: u.trail, Settled: len(events), Linked: u.links, Events: u.out, Blocked: u.waits, Webhooks: u.webhooks}
	for _, rec := range u.trail.Events {
		if !rec.Inline {
			o.Marks = append(o.Marks, eventstore.Mark{ID: rec.ID, State: eventstore.State(rec.State), Error: rec.Reason})
		}
	}
	claims := false
	for _, e := range u.order {
		switch {
		case e.gone:
		case e.created:
			o.Created = append(o.Created, e.ptr)
			claims = claims || e.typ.Claims
		case len(e.changed) > 0:
			c := Change{Type: e.typ, Entity: e.ptr, Was: store.Version{ID: idOf(e.typ, e.ptr), UpdatedOn: e.was}}
			for _, f := range e.typ.Fields {
				if e.changed[f] {
					c.Fields = append(c.Fields, f)
				}
			}
			o.Changed = append(o.Changed, c)
		}
	}
	if root := u.byPtr[u.root]; claims && root != nil && !root.created && len(root.changed) == 0 {
		o.Rests = &Rest{Type: root.typ, Was: store.Version{ID: root.id, UpdatedOn: root.was}}
	}
	for _, key := range sortedKeys(u.effects) {
		o.Effects = append(o.Effects, u.effects[key])
	}
	for i, m := range o.Marks {
		end := rule.End{Event: events[i], State: string(m.State), Why: cmp.Or(m.Error, u.refused[events[i]]), Sent: o.Events}
		o.Effects = append(o.Effects, u.r.d.Modules.Ended(end)...)
	}
	return o, nil
}

// Fail is the outcome that settles the first event as FAILED for a cause that showed only when its outcome was to be committed.
func (r *Runner) Fail(ctx context.Context, in Input, cause error) *Outcome {
	u := r.newUnit(ctx, in)
	u.cause = cause
	u.record(in.Events[0], false)
	return u.failure(in.Events[0])
}

// failure is the outcome of a turn whose first event failed: nothing but the record of it.
func (u *unit) failure(ev *workflow.Event) *Outcome {
	for _, rec := range u.trail.Events {
		rec.State = string(eventstore.Failed)
	}
	u.trail.Events[0].Reason = u.cause.Error()
	u.trail.Took = u.elapsed()
	o := &Outcome{TurnID: u.id, Trail: u.trail, Settled: 1,
		Marks:   []eventstore.Mark{{ID: ev.ID, State: eventstore.Failed, Error: u.cause.Error()}},
		Effects: u.r.d.Modules.Ended(rule.End{Event: ev, State: string(eventstore.Failed), Why: u.cause.Error()})}
	o.blocked(u.again(ev, u.cause.Error()))
	return o
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
