package rule

import (
	"encoding/json"
	"reflect"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/path"
)

// Relations is what a Root may implement to let paths go from one entity to others, up and down: order → items, fulfilment → order.
type Relations interface {
	// Related is what an entity's reference, connection or object found by key leads to, by its GraphQL name: a pointer to an entity, or
	// a []any of them. False where the entity has no such relation, or it leads to nothing that the turn's retailer may see.
	Related(entity any, name string) (any, bool)
}

// Value reads the first value at a path of the context, as workflows write them: status, attributes.byName.x,
// fulfilmentChoice.deliveryType, items.0.currency, event.name, event.x or event.attributes.x. ok is false where nothing is.
func (c *Context) Value(p string) (value any, ok bool) { return path.First(contextNode{c}, p) }

// View gives the entity of the context as a tree that paths can be read from.
func (c *Context) View() path.Node { return contextNode{c} }

// EntityView gives any entity (a pointer to its struct) as a tree that paths can be read from; root may be nil.
func EntityView(types *catalogue.Catalogue, root Root, entity any) path.Node {
	return entityNode{types: types, root: root, entity: entity}
}

type contextNode struct{ c *Context }

// Member finds the event's parts under event, and else the entity's.
func (n contextNode) Member(name string) (any, bool) {
	if name == "event" {
		return eventNode(n), true
	}
	if n.c.Entity == nil {
		return nil, false
	}
	return entityNode{types: n.c.Types, root: n.c.Root, entity: n.c.Entity}.Member(name)
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
	types  *catalogue.Catalogue
	root   Root
	entity any
}

// Member finds a stored field, the attributes, or a related entity.
func (n entityNode) Member(name string) (any, bool) {
	typ := n.types.TypeOf(n.entity)
	if typ == nil {
		return nil, false
	}
	if name == "entityType" {
		return typ.EntityType, true
	}
	f := typ.Field(name)
	if c := typ.Composite(name); c != nil {
		return compositeNode{n.entity, c.Members, 0}.here()
	}
	switch {
	case f == nil:
		return n.related(name)
	case f.Hidden && f.Personal: // what a password is kept as
		return nil, false
	case f.Ref != nil:
		id, _ := f.Get(n.entity).(catalogue.ID)
		return referenceNode{entityNode: n, field: f, id: id}, id != ""
	}
	return value(f, n.entity), true
}

// Scalar is the entity's id.
func (n entityNode) Scalar() any {
	if typ := n.types.TypeOf(n.entity); typ != nil && typ.Field("id") != nil {
		return value(typ.Field("id"), n.entity)
	}
	return nil
}

func (n entityNode) related(name string) (any, bool) {
	r, ok := n.root.(Relations)
	if !ok {
		return nil, false
	}
	v, ok := r.Related(n.entity, name)
	if !ok {
		return nil, false
	}
	if list, ok := v.([]any); ok {
		out := make([]any, len(list))
		for i, e := range list {
			out[i] = entityNode{types: n.types, root: n.root, entity: e}
		}
		return out, true
	}
	return entityNode{types: n.types, root: n.root, entity: v}, true
}

// referenceNode is a reference that has not been followed: a path that ends here wants the id alone.
type referenceNode struct {
	entityNode // that has the reference
	field      *catalogue.Field
	id         catalogue.ID
}

// Member follows the reference, but for the id where the API shows that alone: retailer { id }.
func (n referenceNode) Member(name string) (any, bool) {
	if name == n.field.Wrap {
		return string(n.id), true
	}
	v, ok := n.related(n.field.Name)
	if to, one := v.(entityNode); ok && one {
		return to.Member(name)
	}
	return nil, false
}

// Scalar is the id that is referred to.
func (n referenceNode) Scalar() any { return string(n.id) }

// value is a stored field as paths see it; nil where it is empty.
func value(f *catalogue.Field, entity any) any {
	v := f.Get(entity)
	switch t := v.(type) {
	case catalogue.Attributes:
		return attributesNode(t)
	case catalogue.ID:
		if t == "" {
			return nil
		}
		return string(t)
	case string:
		switch {
		case t == "":
			return nil
		case f.Wrap != "":
			return wrapped{f.Wrap, t}
		}
		return v
	}
	if r := reflect.ValueOf(v); r.Kind() == reflect.Pointer {
		if r.IsNil() {
			return nil
		}
		v = r.Elem().Interface()
	}
	if f.Kind == catalogue.JSON {
		return document(v)
	}
	return v
}

// document is a value object, or a list of them, by the names that the API gives its members.
func document(v any) any {
	if raw, ok := v.(json.RawMessage); ok {
		return raw
	}
	text, err := json.Marshal(v)
	if err != nil {
		return nil // it came from JSON
	}
	return json.RawMessage(text)
}

// compositeNode is an object that the API shows over fields of its entity, or one inside it: order { ref retailer { id } }.
type compositeNode struct {
	entity  any
	members []catalogue.CompositeMember // what is inside
	depth   int                         // how far their paths have been followed
}

// here is the node, where the entity has any of its values.
func (n compositeNode) here() (any, bool) {
	for _, m := range n.members {
		if !m.Field.Empty(n.entity) {
			return n, true
		}
	}
	return nil, false
}

// Member finds a value, or an object inside.
func (n compositeNode) Member(name string) (any, bool) {
	inside := compositeNode{entity: n.entity, depth: n.depth + 1}
	for _, m := range n.members {
		switch {
		case m.Path[n.depth] != name:
		case len(m.Path) == inside.depth:
			return value(m.Field, n.entity), true
		default:
			inside.members = append(inside.members, m)
		}
	}
	return inside.here()
}

// Scalar is its first value: the ref of what is linked.
func (n compositeNode) Scalar() any { return value(n.members[0].Field, n.entity) }

// wrapped is a text that the API shows as an object of one member: fromLocation { ref }.
type wrapped struct{ member, text string }

// Member is the text, under its name.
func (w wrapped) Member(name string) (any, bool) { return w.text, name == w.member }

// Scalar is the text.
func (w wrapped) Scalar() any { return w.text }

type attributesNode catalogue.Attributes

// Member finds byName, or an attribute by name.
func (a attributesNode) Member(name string) (any, bool) {
	if name == "byName" {
		return a, true
	}
	return catalogue.Attributes(a).Get(name)
}
