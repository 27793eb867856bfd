// Package ruletest runs single rules in memory, for tests: a root with its parts, and a turn that remembers what was asked for.
package ruletest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// Now is the clock of every turn: a Monday at ten.
var Now = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

// Account is whose turns these are.
const Account tenancy.AccountID = "ACME"

var (
	_ rule.Root      = (*Turn)(nil)
	_ rule.Relations = (*Turn)(nil)
)

// Turn is a turn in memory. What rules ask for is in its fields, in order.
type Turn struct {
	Sent     []workflow.Event
	Created  []any
	Webhooks []string         // name → endpoint
	Posted   []map[string]any // attributes that were added to each of Webhooks
	Logs     []string
	Facts    []map[string]any // what was logged with each of Logs
	Linked   []string
	root     any
	parts    []any
	modules  []any
	effects  map[string]rule.Effect
	event    *workflow.Event
	ids      int
}

// New makes a turn over a root and what hangs on it.
func New(root any, parts ...any) *Turn {
	return &Turn{root: root, parts: parts, effects: map[string]rule.Effect{}, ids: 1000}
}

// With gives the turn a module.
func (t *Turn) With(module any) *Turn { t.modules = append(t.modules, module); return t }

// Run runs a rule of a list by name, on an entity, with properties given as JSON values, for an event with attributes.
func (t *Turn) Run(list []rule.Rule, name string, entity any, props, attributes map[string]any) error {
	for i := range list {
		if list[i].Name != name {
			continue
		}
		given := map[string]json.RawMessage{}
		for k, v := range props {
			raw, err := json.Marshal(v)
			if err != nil {
				return err
			}
			given[k] = raw
		}
		step, err := list[i].Bind(given)
		if err != nil {
			return err
		}
		scope, err := tenancy.NewScope(Account)
		if err != nil {
			return err
		}
		ev := rule.Address(domain.Catalogue(), entity)
		ev.ID, ev.Name, ev.RetailerID, ev.Attributes = "00000000-0000-8000-8000-000000000001", "Test", 1, attributes
		t.event = &ev
		return step(context.Background(), &rule.Context{Scope: scope, Now: Now, Event: &ev, Entity: entity, Type: domain.Catalogue().TypeOf(entity),
			Root: t, Read: t, Turn: t, Types: domain.Catalogue()})
	}
	return fmt.Errorf("no rule %s", name)
}

// Names prints what was sent, as Name>ENTITY/id, and forgets it.
func (t *Turn) Names() string {
	out := make([]string, len(t.Sent))
	for i, e := range t.Sent {
		out[i] = e.Name + ">" + e.EntityType + "/" + e.EntityID
	}
	t.Sent = nil
	return strings.Join(out, " ")
}

// Entity is the root.
func (t *Turn) Entity() any { return t.root }

// Parts lists what hangs on the root.
func (t *Turn) Parts() []any { return t.parts }

// PartsOf lists the parts of a struct.
func (t *Turn) PartsOf(of reflect.Type) (out []any) {
	for _, p := range t.parts {
		if reflect.TypeOf(p).Elem() == of {
			out = append(out, p)
		}
	}
	return out
}

// Related follows references and connections among the root and its parts. Objects found by key and connections with a link table lead nowhere.
func (t *Turn) Related(entity any, name string) (any, bool) {
	typ := domain.Catalogue().TypeOf(entity)
	if typ == nil {
		return nil, false
	}
	id := typ.ID(entity)
	if f := typ.Field(name); f != nil && f.Ref != nil {
		to := f.Get(entity)
		if to == catalogue.ID("") {
			return nil, false
		}
		return t.first(func(at *catalogue.Type, p any) bool { return f.Ref.Holds(at) && at.ID(p) == to })
	}
	edge := typ.Connection(name)
	if edge == nil || edge.By == nil {
		return nil, false
	}
	list := []any{}
	for _, p := range t.parts {
		if at := domain.Catalogue().TypeOf(p); edge.Target.Holds(at) && at.Get(p, edge.By.Name) == id {
			list = append(list, p)
		}
	}
	return list, true
}

func (t *Turn) first(fits func(at *catalogue.Type, p any) bool) (any, bool) {
	for _, p := range append([]any{t.root}, t.parts...) {
		if fits(domain.Catalogue().TypeOf(p), p) {
			return p, true
		}
	}
	return nil, false
}

// Add adds a part.
func (t *Turn) Add(entity any) { t.parts = append(t.parts, entity) }

// Find finds a part by type and id or ref.
func (t *Turn) Find(entityType, id, ref string) any {
	for _, p := range append([]any{t.root}, t.parts...) {
		a := rule.Address(domain.Catalogue(), p)
		if a.EntityType == entityType && (id != "" && a.EntityID == id || id == "" && a.EntityRef == ref) {
			return p
		}
	}
	return nil
}

// Set changes fields at once.
func (t *Turn) Set(entity any, changes map[string]any) {
	typ := domain.Catalogue().TypeOf(entity)
	for name, v := range changes {
		f := typ.Field(name)
		if f == nil {
			panic(fmt.Sprintf("%s has no field %s", typ.Name, name))
		}
		to := reflect.ValueOf(f.Pointer(entity)).Elem()
		value := reflect.ValueOf(v)
		if !value.Type().AssignableTo(to.Type()) {
			value = value.Convert(to.Type())
		}
		to.Set(value)
	}
}

// Create gives the entity an id and adds it.
func (t *Turn) Create(_ context.Context, entity any) error {
	typ := domain.Catalogue().TypeOf(entity)
	if typ == nil {
		return fmt.Errorf("%T is no entity", entity)
	}
	t.ids++
	*typ.Field("id").Pointer(entity).(*catalogue.ID) = catalogue.ID(strconv.Itoa(t.ids))
	t.Created = append(t.Created, entity)
	t.parts = append(t.parts, entity)
	return nil
}

// Link remembers a link.
func (t *Turn) Link(owner any, edge string, targets ...any) {
	for _, x := range targets {
		t.Linked = append(t.Linked, fmt.Sprintf("%s.%s=%s", rule.Address(domain.Catalogue(), owner).EntityID, edge, rule.Address(domain.Catalogue(), x).EntityID))
	}
}

// Send remembers an event; an empty address is filled from the current one.
func (t *Turn) Send(ev workflow.Event) {
	if ev.EntityType == "" {
		ev.EntityType, ev.EntityID = t.event.EntityType, t.event.EntityID
	}
	t.Sent = append(t.Sent, ev)
}

// Webhook remembers a delivery.
func (t *Turn) Webhook(name, endpoint string, with map[string]any) {
	t.Webhooks, t.Posted = append(t.Webhooks, name+" → "+endpoint), append(t.Posted, with)
}

// Log remembers a record.
func (t *Turn) Log(message string, facts map[string]any) {
	t.Logs, t.Facts = append(t.Logs, message), append(t.Facts, facts)
}

// Effect finds or makes an effect.
func (t *Turn) Effect(key string, make func() rule.Effect) rule.Effect {
	if t.effects[key] == nil {
		t.effects[key] = make()
	}
	return t.effects[key]
}

// Effects lists the keys of effects that were asked for, in order.
func (t *Turn) Effects() []string { return slices.Sorted(maps.Keys(t.effects)) }

// Get finds a part by id.
func (t *Turn) Get(_ context.Context, typ *catalogue.Type, id catalogue.ID) (any, error) {
	for _, p := range t.parts {
		if domain.Catalogue().TypeOf(p) == typ && rule.Address(domain.Catalogue(), p).EntityID == string(id) {
			return p, nil
		}
	}
	return nil, nil
}

// ByKey finds nothing.
func (t *Turn) ByKey(context.Context, *catalogue.Type, ...any) (any, error) { return nil, nil }

// List lists the parts of a type whose field has one of the values.
func (t *Turn) List(_ context.Context, typ *catalogue.Type, field string, values []any, _ int) ([]any, error) {
	var out []any
	for _, p := range t.parts {
		if domain.Catalogue().TypeOf(p) != typ {
			continue
		}
		for _, v := range values {
			if fmt.Sprint(typ.Field(field).Get(p)) == fmt.Sprint(v) {
				out = append(out, p)
			}
		}
	}
	return out, nil
}

// Modules are what With gave, the latest of each type.
func (t *Turn) Modules() rule.Modules { return rule.NewModules(t.modules...) }
