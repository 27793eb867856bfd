package catalogue

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Default is the value of a field of a new entity for which nothing is given: Before, what Path leads to, After. Without a Path it is Before.
type Default struct {
	Field  *Field
	Before string
	Path   []*Field
	After  string
}

// Unserved is a field, or an attribute, that means something to clients and of which nothing would come yet: whoever gives it is refused, rather
// than surprised.
type Unserved struct {
	Field     *Field
	Attribute string   // of Field, the attributes; empty: Field itself
	Harmless  []string // values of the attribute that ask for nothing more than what comes anyway
	Why       string
}

// Agreement is a pair of paths along references that lead to the same entity: what an item is of, and what the item's parent is of. With Over,
// the other one begins at each of what is joined along that connection.
type Agreement struct {
	One, Other []*Field
	Over       *Edge
}

// connectConstants resolves what members of a value object name.
func (b *builder) connectConstants(v *ValueType) {
	for _, f := range v.Fields {
		if f.names == "" {
			continue
		}
		if f.Constants = b.cat.byValue[f.names]; f.Constants == nil || len(f.Constants.Rows) == 0 || BaseType(f.GraphQL) != "String" {
			b.fail(v.Name+"."+f.Name, "names=%s: want a text, and a value type that has rows", f.names)
		}
	}
}

// connectCreation resolves what the tags and the spec say of new entities.
func (b *builder) connectCreation(t *Type, s *TypeSpec) {
	for _, d := range t.declared {
		if d.field == nil {
			continue
		}
		where := t.Name + "." + d.goName
		if d.tag.Copy != "" {
			b.connectCopy(where, t, d)
		}
		if d.tag.Default != "" {
			b.addDefault(where, t, d.field, d.tag.Default)
		}
		if v := b.cat.byValue[d.tag.Names]; v != nil && len(v.Rows) > 0 {
			d.field.Constants = v
		} else if d.tag.Names != "" {
			d.field.Names = b.typeNamed(where, d.tag.Names)
		}
		if d.tag.Among != "" {
			d.field.Among = strings.Split(d.tag.Among, "|")
		}
		if (d.tag.Among != "" || d.tag.Names != "") && d.field.Kind != Text {
			b.fail(where, "among= and names= are for texts")
		}
	}
	for _, word := range strings.Fields(s.Defaults) {
		name, text, _ := strings.Cut(word, "=")
		if f := t.fields[name]; f != nil {
			b.addDefault(t.Name+"."+name, t, f, text)
		} else {
			b.fail(t.Name, "no field %s to have a default", name)
		}
	}
	b.connectUnserved(t, s.Unserved)
	for _, text := range s.Agrees {
		one, other, _ := strings.Cut(text, " = ")
		a := Agreement{One: b.path(t.Name, t, one)}
		a.Over, a.Other = b.pathOver(t.Name, t, other)
		if len(a.One) == 0 || len(a.Other) == 0 || a.One[len(a.One)-1].Ref == nil || a.One[len(a.One)-1].Ref != a.Other[len(a.Other)-1].Ref {
			b.fail(t.Name, "%s: want two paths to references to the same type", text)
			continue
		}
		t.Agrees = append(t.Agrees, a)
	}
}

func (b *builder) connectUnserved(t *Type, list map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(list)) {
		u := Unserved{Why: list[name]}
		field, attribute, _ := strings.Cut(name, ".")
		attribute, harmless, _ := strings.Cut(attribute, "=")
		if harmless != "" {
			u.Harmless = strings.Split(harmless, "|")
		}
		u.Field, u.Attribute = t.fields[field], attribute
		if u.Field == nil || (attribute != "") != (u.Field.Value != nil && u.Field.Value.Go == reflect.TypeFor[Attribute]()) || u.Why == "" {
			b.fail(t.Name, "unserved: %s: want a field, or one of the attributes, and why it is refused", name)
			continue
		}
		t.Unserved = append(t.Unserved, u)
	}
}

// connectCopy resolves a path such as customer.ref, or fulfilments.order where fulfilments is a connection.
func (b *builder) connectCopy(where string, t *Type, d *declaration) {
	over, path := b.pathOver(where, t, d.tag.Copy)
	if d.field.CopyOver = over; len(path) == 0 {
		return
	}
	if last := path[len(path)-1]; last.Kind != d.field.Kind {
		b.fail(where, "copy=%s leads to a field of another kind", d.tag.Copy)
		return
	}
	d.field.Copy = path
	t.Copies = append(t.Copies, d.field)
}

// pathOver is a path of references that may begin with a connection.
func (b *builder) pathOver(where string, t *Type, text string) (over *Edge, path []*Field) {
	if first, rest, more := strings.Cut(text, "."); more && t.fields[first] == nil && t.Edge(first) != nil {
		over = t.Edge(first)
		return over, b.path(where, over.Target, rest)
	}
	return nil, b.path(where, t, text)
}

func (b *builder) addDefault(where string, t *Type, f *Field, text string) {
	if f.Kind != Text {
		b.fail(where, "only texts have defaults")
		return
	}
	d := Default{Field: f, Before: text}
	if before, rest, found := strings.Cut(text, "{"); found {
		path, after, closed := strings.Cut(rest, "}")
		if !closed {
			b.fail(where, "default=%s: a brace is not closed", text)
		}
		d.Before, d.Path, d.After = before, b.path(where, t, path), after
	}
	t.Defaults = append(t.Defaults, d)
}

// ID is the id of an entity of the type.
func (t *Type) ID(entity any) ID {
	return t.fields["id"].id(entity)
}

// id reads a field that holds an id, without boxing it: loads ask for those of thousands of entities. Empty where it holds something else.
func (f *Field) id(entity any) ID {
	if f == nil || f.index == nil {
		return ""
	}
	if id, ok := f.Pointer(entity).(*ID); ok {
		return *id
	}
	return ""
}

// Get reads a field of an entity of the type by its GraphQL name; nil where the type has no such field.
func (t *Type) Get(entity any, name string) any {
	f := t.fields[name]
	if f == nil {
		return nil
	}
	return f.Get(entity)
}

// Text reads a text or an id of an entity of the type; empty where the type has no such field, or it holds something else.
func (t *Type) Text(entity any, name string) string {
	f := t.fields[name]
	switch {
	case f == nil:
		return ""
	case f.index == nil:
		return f.constant
	}
	switch v := f.Pointer(entity).(type) {
	case *string:
		return *v
	case *ID:
		return string(*v)
	}
	return ""
}

// Empty reports whether the field has its zero value: nothing was given for it.
func (f *Field) Empty(entity any) bool {
	return f.index != nil && reflect.ValueOf(entity).Elem().FieldByIndex(f.index).IsZero()
}

// Set writes the field of an entity; the value is of the field's Go type.
func (f *Field) Set(entity, value any) {
	if f.index != nil {
		reflect.ValueOf(entity).Elem().FieldByIndex(f.index).Set(reflect.ValueOf(value))
	}
}

// Concrete lists the types that rows of the type may be of: itself, or the members of an abstract one.
func (t *Type) Concrete() []*Type {
	if t.Abstract() {
		return t.Members
	}
	return []*Type{t}
}

// Holds reports whether a field's value may be of this entity: of the type, or of one of its members.
func (t *Type) Holds(other *Type) bool {
	if t == other {
		return true
	}
	for _, m := range t.Members {
		if m == other {
			return true
		}
	}
	return false
}

// Above is the reference by which an entity hangs on what is nearer to the root, and the id there; nil: it is the root itself. The id is empty where
// what must lead to the root does not.
func (t *Type) Above(entity any) (*Field, ID) {
	if t.Root == nil {
		return nil, ""
	}
	id := t.Root.id(entity)
	if id == "" && t.OwnRoot {
		return nil, ""
	}
	return t.Root, id
}
