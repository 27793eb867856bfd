package turn

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/fluent-oms/fluent/dataplane/engine/history"
	"github.com/fluent-oms/fluent/dataplane/entity"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/catalogue"
)

var (
	_ rule.Turn   = (*unit)(nil)
	_ rule.Reader = (*unit)(nil)
)

// mark names the present state of the unit, for rewind.
type mark struct {
	journal, out, webhooks, links, queue int
	effects                              map[string]any
}

func (u *unit) mark() mark {
	m := mark{journal: len(u.journal), out: len(u.out), webhooks: len(u.webhooks), links: len(u.links), queue: len(u.queue), effects: map[string]any{}}
	for key, e := range u.effects {
		if r, ok := e.(rule.Rewinder); ok {
			m.effects[key] = r.Mark()
		}
	}
	return m
}

// rewind undoes everything that was asked for since the mark.
func (u *unit) rewind(m mark) {
	for i := len(u.journal) - 1; i >= m.journal; i-- {
		u.journal[i]()
	}
	u.journal = u.journal[:m.journal]
	u.out, u.webhooks, u.links, u.queue = u.out[:m.out], u.webhooks[:m.webhooks], u.links[:m.links], u.queue[:m.queue]
	for key, e := range u.effects {
		r, ok := e.(rule.Rewinder)
		if !ok {
			continue
		}
		if at, known := m.effects[key]; known {
			r.Rewind(at)
		} else {
			delete(u.effects, key)
		}
	}
}

func (u *unit) act(kind, target string, detail map[string]any) {
	if u.ruleRec != nil {
		u.ruleRec.Actions = append(u.ruleRec.Actions, history.Action{Kind: kind, Target: target, Detail: detail})
	}
}

func targetOf(t *catalogue.Type, ptr any) string {
	name := t.EntityType
	if name == "" {
		name = t.Name
	}
	return name + "/" + string(idOf(t, ptr))
}

// Set changes fields of a loaded or created entity. See rule.Turn.
func (u *unit) Set(ptr any, changes map[string]any) {
	e := u.byPtr[ptr]
	if e == nil {
		if e = u.adopt(ptr); e == nil || e.ptr != ptr {
			panic(fmt.Sprintf("set: %T is not an entity that the turn has loaded or created", ptr))
		}
	}
	u.askMutation(e.typ, ptr, "_UPDATE")
	did := map[string]any{}
	for _, name := range sortedKeys(changes) {
		f := e.typ.Field(name)
		if f == nil {
			panic(fmt.Sprintf("set: %s has no field %s", e.typ.Name, name))
		}
		before := f.Get(ptr)
		if u.assign(e, f, changes[name]) {
			did[name] = changes[name]
			u.changing(e).Touch(f)
			u.give(e, f, before)
		}
	}
	if len(did) > 0 {
		u.act(history.Mutation, targetOf(e.typ, ptr), did)
	}
}

// give notes which attributes are new or have new values: those that are as they were stored may be older than what a field allows now.
func (u *unit) give(e *row, f *catalogue.Field, before any) {
	old, is := before.(catalogue.Attributes)
	if !is {
		return
	}
	x := u.changing(e)
	if x.Given == nil {
		x.Given = map[*catalogue.Field]any{}
	}
	given, _ := x.Given[f].(catalogue.Attributes)
	now, _ := f.Get(e.ptr).(catalogue.Attributes)
	for _, a := range now {
		if !slices.ContainsFunc(old, func(was catalogue.Attribute) bool { return reflect.DeepEqual(was, a) }) {
			given = append(given, a)
		}
	}
	x.Given[f] = given
}

// changing is the draft of an entity that the present rule changes.
func (u *unit) changing(e *row) *entity.Draft {
	for _, x := range u.changes {
		if x.Entity == e.ptr {
			return x
		}
	}
	x := &entity.Draft{Type: e.typ, Entity: e.ptr, Place: targetOf(e.typ, e.ptr)}
	u.changes = append(u.changes, x)
	return x
}

// checked has what the present rule changed pass the door of entities. What it created has passed already.
func (u *unit) checked(ctx context.Context) error {
	if len(u.changes) == 0 {
		return nil
	}
	if err := u.making(u.changes...).Complete(ctx, finder{u}); err != nil {
		return fmt.Errorf("change: %w", err)
	}
	return nil
}

// assign stores a value and remembers how to undo that; false: the field had it already.
func (u *unit) assign(e *row, f *catalogue.Field, value any) bool {
	at := reflect.ValueOf(f.Pointer(e.ptr)).Elem()
	next, err := fit(at, value)
	if err != nil {
		panic(fmt.Sprintf("set %s.%s: %v", e.typ.Name, f.Name, err))
	}
	if reflect.DeepEqual(at.Interface(), next.Interface()) {
		return false
	}
	old, before := reflect.New(at.Type()).Elem(), e.changed[f]
	old.Set(at)
	at.Set(next)
	e.changed[f] = true
	u.journal = append(u.journal, func() {
		at.Set(old)
		if !before {
			delete(e.changed, f)
		}
	})
	return true
}

// Create adds an entity to the unit of work. See rule.Turn.
func (u *unit) Create(ctx context.Context, ptr any) error {
	t := u.r.types.typeOf(ptr)
	if t == nil {
		return fmt.Errorf("create: %T is no entity", ptr)
	}
	if u.byPtr[ptr] != nil {
		return fmt.Errorf("create: %s is known to the turn already", targetOf(t, ptr))
	}
	if idOf(t, ptr) == "" {
		id, err := u.r.d.DB.NewID(ctx, u.in.Scope, t)
		if err != nil {
			return fmt.Errorf("create %s: %w", t.Name, err)
		}
		*t.Field("id").Pointer(ptr).(*catalogue.ID) = id
	}
	m := u.making(&entity.Draft{Type: t, Entity: ptr, New: true})
	if err := m.Complete(ctx, finder{u}); err != nil {
		return fmt.Errorf("create %s: %w", t.Name, err)
	}
	e := u.adopt(ptr)
	if e.ptr != ptr {
		return fmt.Errorf("create %s: it exists already", targetOf(t, ptr))
	}
	root := m.Drafts[0].Root()
	e.created = true
	if root == nil || root == u.root {
		u.join(e)
	}
	u.askMutation(t, ptr, "_CREATE")
	key := identity{t, idOf(t, ptr)}
	u.journal = append(u.journal, func() {
		e.gone = true
		delete(u.parts, t)
		delete(u.entities, key)
		delete(u.byPtr, ptr)
	})
	u.act(history.Creation, targetOf(t, ptr), map[string]any{"ref": textOf(t, ptr, "ref")})
	for _, ev := range m.Created(func() catalogue.ID { return "" }) { // Send gives it its id
		u.Send(*ev)
	}
	return nil
}

// Link ties entities along an edge. See rule.Turn.
func (u *unit) Link(owner any, edge string, targets ...any) {
	t := u.r.types.typeOf(owner)
	if t == nil {
		panic(fmt.Sprintf("link: %T is no entity", owner))
	}
	e := t.Edge(edge)
	if e == nil || e.Link == nil {
		panic(fmt.Sprintf("link: %s has no connection %s with a link table", t.Name, edge))
	}
	u.askMutation(t, owner, "_UPDATE")
	x := u.changing(&row{typ: t, ptr: owner})
	for _, target := range targets {
		x.Joins = append(x.Joins, entity.Join{Edge: e, Entity: target, Place: edge})
		id := idOf(u.r.types.typeOf(target), target)
		u.links = append(u.links, LinkRow{Edge: e, Owner: idOf(t, owner), Target: id})
		u.act(history.Linking, targetOf(t, owner), map[string]any{edge: string(id)})
	}
}

// Webhook queues a delivery of the current event. See rule.Turn.
func (u *unit) Webhook(name, endpoint string, with map[string]any) {
	ev := *u.ev
	if len(with) > 0 {
		ev.Attributes = maps.Clone(ev.Attributes)
		if ev.Attributes == nil {
			ev.Attributes = map[string]any{}
		}
		maps.Copy(ev.Attributes, with)
	}
	u.webhooks = append(u.webhooks, Delivery{ID: string(u.r.d.DB.NewUUID()), Name: name, Endpoint: endpoint, Event: ev})
	u.act(history.Webhook, endpoint, map[string]any{"name": name})
}

// Log leaves an audit record. See rule.Turn.
func (u *unit) Log(message string, attributes map[string]any) {
	u.act(history.Logging, message, attributes)
}

// Effect finds or makes the effect of a key. See rule.Turn.
func (u *unit) Effect(key string, make func() rule.Effect) rule.Effect {
	if e := u.effects[key]; e != nil {
		u.askEffect(key, e)
		return e
	}
	e := make()
	if l, ok := e.(rule.LastTrier); ok && u.in.Last {
		l.LastTry()
	}
	u.effects[key] = e
	u.askEffect(key, e)
	return e
}
