package turn

import (
	"context"
	"fmt"
	"reflect"

	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
)

// Get loads an entity by id. See rule.Reader. An entity that the turn knows is answered from memory, with the turn's changes.
func (u *unit) Get(ctx context.Context, typ *catalogue.Type, id catalogue.ID) (any, error) {
	if e := u.entities[identity{typ, id}]; e != nil {
		return e.ptr, nil
	}
	found, err := u.read.ByID(ctx, typ, id)
	if err != nil {
		return nil, fmt.Errorf("read %s %s: %w", typ.Name, id, err)
	}
	return u.known(found[0]), nil
}

// known is the unit's own struct for a loaded entity; nil for none.
func (u *unit) known(loaded any) any {
	if loaded == nil {
		return nil
	}
	if e := u.adopt(loaded); e != nil {
		return e.ptr
	}
	return loaded
}

// ByKey loads an entity by its natural key. See rule.Reader.
func (u *unit) ByKey(ctx context.Context, typ *catalogue.Type, key ...any) (any, error) {
	for _, e := range u.byType[typ] {
		if !e.gone && hasKey(e, key) {
			return e.ptr, nil
		}
	}
	found, err := u.read.ByKey(ctx, typ, store.Key(key))
	if err != nil {
		return nil, fmt.Errorf("read %s by key: %w", typ.Name, err)
	}
	return u.known(found[0]), nil
}

func hasKey(e *row, key []any) bool {
	if len(e.typ.Key) != len(key) || len(key) == 0 {
		return false
	}
	for i, f := range e.typ.Key {
		if fmt.Sprint(f.Get(e.ptr)) != fmt.Sprint(key[i]) {
			return false
		}
	}
	return true
}

// List loads entities by the values of a field. See rule.Reader. Entities that the turn created and that fit come last.
func (u *unit) List(ctx context.Context, typ *catalogue.Type, name string, values []any, limit int) ([]any, error) {
	f := typ.Field(name)
	if f == nil {
		return nil, fmt.Errorf("list %s: no field %s", typ.Name, name)
	}
	loaded, err := u.read.Entities(ctx, store.Query{Type: typ, Where: []store.Condition{{Field: f, Op: store.In, Values: values}}, Page: store.Page{First: limit}})
	if err != nil {
		return nil, fmt.Errorf("list %s by %s: %w", typ.Name, name, err)
	}
	out := make([]any, 0, len(loaded))
	for _, x := range loaded {
		out = append(out, u.known(x))
	}
	for _, e := range u.byType[typ] {
		if e.created && !e.gone && len(out) < limit && among(f.Get(e.ptr), values) {
			out = append(out, e.ptr)
		}
	}
	return out, nil
}

func among(v any, values []any) bool {
	for _, x := range values {
		if fmt.Sprint(x) == fmt.Sprint(v) {
			return true
		}
	}
	return false
}

// Modules are the node's business modules. See rule.Reader.
func (u *unit) Modules() rule.Modules { return u.r.d.Modules }

// rootView is the root as rules see it; nil where it does not exist.
func (u *unit) rootView() rule.Root {
	if u.root == nil {
		return nil
	}
	return u
}

// Entity is the root entity. See rule.Root.
func (u *unit) Entity() any { return u.root }

// Find is a loaded dependant of the root. See rule.Root.
func (u *unit) Find(entityType, id, ref string) any {
	for _, t := range u.r.types.of(entityType) {
		if id != "" {
			if e := u.entities[identity{t, catalogue.ID(id)}]; e != nil {
				return e.ptr
			}
		}
	}
	if id != "" || ref == "" {
		return nil
	}
	for _, e := range u.order {
		if e.part && !e.gone && e.typ.EntityType == entityType && textOf(e.typ, e.ptr, "ref") == ref {
			return e.ptr
		}
	}
	return nil
}

// Add makes a dependant known that a rule created or loaded by itself. See rule.Root.
func (u *unit) Add(ptr any) {
	if e := u.adopt(ptr); e != nil {
		u.join(e)
	}
}

// PartsOf lists the root's dependants of a struct. Rules ask again and again, so the list is kept until one joins or leaves. See rule.Root.
func (u *unit) PartsOf(of reflect.Type) []any {
	t := u.r.types.byGo[of]
	if list, known := u.parts[t]; known {
		return list
	}
	n := 0
	for _, e := range u.byType[t] {
		if u.isPart(e) {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	list := make([]any, 0, n)
	for _, e := range u.byType[t] {
		if u.isPart(e) {
			list = append(list, e.ptr)
		}
	}
	u.parts[t] = list
	return list
}

func (u *unit) isPart(e *row) bool { return e.part && !e.gone && e.ptr != u.root }

// join makes an entity a dependant of the root.
func (u *unit) join(e *row) {
	e.part = true
	delete(u.parts, e.typ)
}

// Parts lists the root's dependants. See rule.Root.
func (u *unit) Parts() []any {
	var out []any
	for _, e := range u.order {
		if u.isPart(e) {
			out = append(out, e.ptr)
		}
	}
	return out
}
