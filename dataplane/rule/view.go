package rule

import (
	"reflect"
	"sync"

	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/path"
)

// Relations is what a Root may implement to let paths go from one entity to others: order → items, fulfilment → order.
type Relations interface {
	// Related returns a pointer to an entity, or a []any of them, for a GraphQL field name; false when the root doesn't know it.
	Related(entity any, name string) (any, bool)
}

// Value reads the first value at a path of the context, as workflows write them: status, attributes.byName.x,
// fulfilmentChoice.deliveryType, items.0.currency, event.name, event.x or event.attributes.x. ok is false where nothing is.
func (c *Context) Value(p string) (value any, ok bool) { return path.First(contextNode{c}, p) }

// View gives the entity of the context as a tree that paths can be read from.
func (c *Context) View() path.Node { return contextNode{c} }

// EntityView gives any entity (a pointer to its struct) as a tree that paths can be read from; root may be nil.
func EntityView(root Root, entity any) path.Node { return entityNode{root: root, entity: entity} }

type contextNode struct{ c *Context }

// Member finds the event's parts under event, and else the entity's.
func (n contextNode) Member(name string) (any, bool) {
	if name == "event" {
		return eventNode(n), true
	}
	if n.c.Entity == nil {
		return nil, false
	}
	return entityNode{root: n.c.Root, entity: n.c.Entity}.Member(name)
}

type eventNode struct{ c *Context }

// Member finds an attribute of the event, or one of its own members.
func (n eventNode) Member(name string) (any, bool) {
	e := n.c.Event
	if v, ok := e.Attributes[name]; ok {
		return v, true
	}
	members := map[string]any{"attributes": map[string]any(e.Attributes), "name": e.Name, "entityId": e.EntityID, "entityRef": e.EntityRef,
		"entityType": e.EntityType, "entitySubtype": e.EntitySubtype, "rootEntityId": e.RootID, "rootEntityRef": e.RootRef, "id": e.ID}
	v, ok := members[name]
	return v, ok
}

type entityNode struct {
	root   Root
	entity any
}

// Member finds a stored field, the attributes, or a related entity.
func (n entityNode) Member(name string) (any, bool) {
	typ := TypeOf(n.entity)
	if typ == nil {
		return nil, false
	}
	if name == "entityType" {
		return typ.EntityType, true
	}
	if r, ok := n.root.(Relations); ok {
		if v, ok := r.Related(n.entity, name); ok {
			return n.wrap(v), true
		}
	}
	f := typ.Field(name)
	if f == nil {
		return nil, false
	}
	return n.field(f), true
}

func (n entityNode) wrap(v any) any {
	if list, ok := v.([]any); ok {
		out := make([]any, len(list))
		for i, e := range list {
			out[i] = entityNode{root: n.root, entity: e}
		}
		return out
	}
	return entityNode{root: n.root, entity: v}
}

func (n entityNode) field(f *catalogue.Field) any {
	v := f.Get(n.entity)
	switch t := v.(type) {
	case catalogue.Attributes:
		return attributesNode(t)
	case catalogue.ID:
		if t == "" {
			return nil
		}
		return string(t)
	case string:
		if t == "" {
			return nil
		}
	}
	if r := reflect.ValueOf(v); r.Kind() == reflect.Pointer {
		if r.IsNil() {
			return nil
		}
		return r.Elem().Interface()
	}
	return v
}

type attributesNode catalogue.Attributes

// Member finds byName, or an attribute by name.
func (a attributesNode) Member(name string) (any, bool) {
	if name == "byName" {
		return a, true
	}
	return catalogue.Attributes(a).Get(name)
}

var typesByGo = sync.OnceValue(func() map[reflect.Type]*catalogue.Type {
	out := map[reflect.Type]*catalogue.Type{}
	for _, t := range domain.Catalogue().Types() {
		out[t.Go] = t
	}
	return out
})

// TypeOf is the catalogue type of an entity (a pointer to its struct); nil for anything else.
func TypeOf(entity any) *catalogue.Type {
	r := reflect.TypeOf(entity)
	if r == nil || r.Kind() != reflect.Pointer {
		return nil
	}
	return typesByGo()[r.Elem()]
}

// TypeNamed is the catalogue type of a GraphQL name; it panics for a name that doesn't exist, which is a programmer's error.
func TypeNamed(name string) *catalogue.Type {
	t := domain.Catalogue().Type(name)
	if t == nil {
		panic("no entity type " + name)
	}
	return t
}
