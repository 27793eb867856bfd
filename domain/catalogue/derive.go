package catalogue

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// New derives the catalogue from its parts. Errors name the struct and the field; all are reported together.
func New(parts ...Spec) (*Catalogue, error) {
	b := &builder{
		cat: &Catalogue{
			byName: map[string]*Type{}, byGo: map[reflect.Type]*Type{}, byEvent: map[string][]*Type{}, byInput: map[string]*Input{},
			byValue: map[string]*ValueType{}, byEnum: map[string]*Enum{}, byObject: map[string]*Object{},
		},
		specs:  map[*Type]*TypeSpec{},
		values: map[reflect.Type]*ValueType{},
	}
	for _, p := range parts {
		b.spec.merge(p)
	}
	b.declareEnums()
	b.declareNames()
	b.deriveFields()
	b.deriveInterfaces()
	b.connect()
	b.deriveInputs()
	b.deriveOperations()
	b.check()
	if err := errors.Join(b.errs...); err != nil {
		return nil, fmt.Errorf("derive catalogue: %w", err)
	}
	return b.cat, nil
}

func (s *Spec) merge(p Spec) {
	s.Types = append(s.Types, p.Types...)
	s.Values = append(s.Values, p.Values...)
	s.Enums = append(s.Enums, p.Enums...)
	s.Interfaces = append(s.Interfaces, p.Interfaces...)
	s.Inputs = append(s.Inputs, p.Inputs...)
	s.Objects = append(s.Objects, p.Objects...)
	s.Queries = append(s.Queries, p.Queries...)
	s.Mutations = append(s.Mutations, p.Mutations...)
	s.Permissions = append(s.Permissions, p.Permissions...)
}

// builder holds what is only needed while the catalogue is derived.
type builder struct {
	spec   Spec
	cat    *Catalogue
	specs  map[*Type]*TypeSpec
	values map[reflect.Type]*ValueType
	errs   []error
}

// declaration is one tagged struct field on its way to becoming a field, an edge, a lookup or a write-only input.
type declaration struct {
	tag        Tag
	goName     string
	doc        string
	deprecated string
	field      *Field
	edge       *Edge
	composite  *Composite
	precise    *PreciseField
	input      string // type text of a write-only input
}

func (d *declaration) inputName() string {
	switch {
	case d.tag.In != "":
		return d.tag.In
	case d.field != nil:
		return d.field.Name
	case d.edge != nil:
		return d.edge.Name
	case d.composite != nil:
		return d.composite.Name
	case d.precise != nil:
		return d.precise.Name
	}
	return d.tag.Name
}

func (b *builder) fail(where, format string, args ...any) {
	b.errs = append(b.errs, fmt.Errorf(where+": "+format, args...))
}

// declareNames makes the empty types, values and objects, so that everything can point at everything.
func (b *builder) declareNames() {
	for i := range b.spec.Types {
		s := &b.spec.Types[i]
		t := b.newType(s)
		if b.cat.byName[t.Name] != nil {
			b.fail(t.Name, "declared twice")
			continue
		}
		b.cat.types = append(b.cat.types, t)
		b.cat.byName[t.Name], b.cat.byGo[t.Go] = t, t
		b.specs[t] = s
		if t.EntityType != "" {
			b.cat.byEvent[t.EntityType] = append(b.cat.byEvent[t.EntityType], t)
		}
	}
	for _, s := range b.spec.Interfaces {
		if s.Shared {
			t := &Type{Name: s.Name, Plural: s.Plural, Doc: s.Doc, Permission: strings.ToUpper(s.Name), fields: map[string]*Field{}}
			b.cat.abstract = append(b.cat.abstract, t)
			b.cat.byName[s.Name] = t
		}
	}
	for _, s := range b.spec.Values {
		rt := reflect.TypeOf(s.Go)
		v := &ValueType{Name: rt.Name(), Go: rt, Doc: s.Doc, MergeBy: strings.Fields(s.MergeBy), Settles: reflect.PointerTo(rt).Implements(reflect.TypeFor[Settler]())}
		b.values[rt] = v
		b.cat.values = append(b.cat.values, v)
		b.cat.byValue[v.Name] = v
	}
	for _, s := range b.spec.Objects {
		o := &Object{Name: s.Name, Doc: s.Doc}
		for _, f := range s.Fields {
			o.Fields = append(o.Fields, b.arg(s.Name, f))
		}
		b.cat.objects = append(b.cat.objects, o)
		b.cat.byObject[o.Name] = o
	}
}

func (b *builder) newType(s *TypeSpec) *Type {
	rt := reflect.TypeOf(s.Go)
	t := &Type{
		Name: rt.Name(), Plural: s.Plural, EntityType: s.Event, Table: s.Table, IDKind: s.ID, Fires: s.Fires, Doc: s.Doc,
		Provided: s.Provided, AccountWide: s.AccountWide, Secret: s.Secret, Private: s.Private, OwnRoot: s.OwnRoot, Guarded: s.Guarded, Writers: strings.Fields(s.Writers),
		Permission: strings.ToUpper(rt.Name()), Interfaces: strings.Fields(s.Implements), Go: rt, fields: map[string]*Field{},
	}
	t.FoldsCase, t.Remembered, t.Quiet, t.Driven, t.Claims = s.FoldsCase, s.Remembered, s.Quiet, s.Driven, s.Claims
	if t.Plural == "" {
		t.Plural = camel(t.Name) + "s"
	}
	if t.Table == "" {
		t.Table = snake(t.Plural)
	}
	if s.NoSearch {
		t.Plural = ""
	}
	return t
}

// deriveFields reads the struct of each value object and type.
func (b *builder) deriveFields() {
	for _, v := range b.cat.values {
		b.deriveValue(v)
	}
	b.deriveRows()
	for _, t := range b.cat.types {
		if b.specs[t].Shared {
			d := &Field{Name: "kind", Column: "kind", Kind: Text, GraphQL: "String!", Hidden: true, constant: t.Name}
			t.Discriminator = d
			b.addField(t, d)
		}
		b.walk(t, t.Go, nil)
		b.setLengths(t, b.specs[t].Lengths)
		_, t.Workflow = t.Go.FieldByName("WorkflowRef")
	}
}

func (b *builder) addField(t *Type, f *Field) {
	if t.fields[f.Name] != nil {
		b.fail(t.Name, "two fields %s", f.Name)
		return
	}
	for _, other := range t.Fields {
		if other.Column == f.Column {
			b.fail(t.Name, "two columns %s", f.Column)
		}
	}
	t.Fields = append(t.Fields, f)
	t.fields[f.Name] = f
}

// walk visits a struct's fields, embedded structs in their place.
func (b *builder) walk(t *Type, rt reflect.Type, index []int) {
	for i := range rt.NumField() {
		sf := rt.Field(i)
		at := append(append([]int(nil), index...), i)
		text, tagged := sf.Tag.Lookup("oms")
		if sf.Anonymous && !tagged {
			b.walk(t, sf.Type, at)
			continue
		}
		if !tagged || !sf.IsExported() {
			continue
		}
		tag, err := ParseTag(text)
		if err != nil {
			b.fail(t.Name+"."+sf.Name, "%w", err)
			continue
		}
		d := &declaration{tag: tag, goName: sf.Name, doc: sf.Tag.Get("doc"), deprecated: sf.Tag.Get("deprecated")}
		t.declared = append(t.declared, d)
		b.derive(t, d, sf.Type, at)
	}
}

func (b *builder) derive(t *Type, d *declaration, rt reflect.Type, index []int) {
	where := t.Name + "." + d.goName
	switch rt {
	case reflect.TypeFor[Many]():
		d.edge = &Edge{Name: or(d.tag.Name, camel(d.goName)), Plain: d.tag.Plain, Pages: d.tag.NoSearch, Hidden: d.tag.Hidden, Doc: d.doc}
		t.Edges = append(t.Edges, d.edge)
	case reflect.TypeFor[Lookup]():
		k := &KeyRef{Name: or(d.tag.Name, camel(d.goName)), GraphQL: d.tag.Of, Doc: d.doc}
		if d.tag.NonNull {
			k.GraphQL = nonNull(k.GraphQL)
		}
		t.KeyRefs = append(t.KeyRefs, k)
	case reflect.TypeFor[CompositeLink]():
		d.composite = newComposite(d)
		t.Composites = append(t.Composites, d.composite)
	case reflect.TypeFor[Precise]():
		d.precise = &PreciseField{Name: or(d.tag.Name, camel(d.goName)), GraphQL: d.tag.Of, Hidden: d.tag.Hidden, Doc: d.doc}
		t.Precises = append(t.Precises, d.precise)
	case reflect.TypeFor[WriteOnly]():
		d.tag.Name = or(d.tag.Name, camel(d.goName))
		d.input = or(d.tag.Out, "String")
	default:
		f, err := b.newField(d, rt)
		if err != nil {
			b.fail(where, "%w", err)
			return
		}
		f.index = index
		d.field = f
		b.addField(t, f)
	}
}

// newField describes a stored value, but for what it points at.
func (b *builder) newField(d *declaration, rt reflect.Type) (*Field, error) {
	f := &Field{
		Name: d.tag.Name, Column: snake(d.goName), Personal: d.tag.Personal, Hidden: d.tag.Hidden, MaxLen: d.tag.MaxLen, Doc: d.doc,
		Deprecated: d.deprecated, Bounds: d.tag.Bounds, Exact: d.tag.Exact, Rare: d.tag.Rare, Distinct: d.tag.Distinct, MaxItems: d.tag.MaxItems,
	}
	base, err := b.kind(f, d, rt)
	if err != nil {
		return nil, err
	}
	if f.Name == "" {
		f.Name = camel(d.goName)
		if d.tag.Ref != "" {
			f.Name = camel(strings.TrimSuffix(d.goName, "ID"))
		}
	}
	if d.tag.Bounds != (Bounds{}) && f.Kind != Int && f.Kind != Float {
		return nil, errors.New("least= and most= are for numbers")
	}
	if f.Enum = b.enumNamed(d.goName, &d.tag); f.Enum != nil {
		if f.Kind != Text {
			return nil, errors.New("enum= is for texts")
		}
		base, f.Among = f.Enum.Name, f.Enum.Values
	}
	f.GraphQL = base
	switch {
	case d.tag.Out != "":
		f.GraphQL = d.tag.Out
	case d.tag.Wrap != "":
		f.GraphQL = d.tag.Wrap
	}
	if d.tag.NonNull {
		f.GraphQL = nonNull(f.GraphQL)
	}
	f.Digits, f.ShowsID = f.Kind == Int && d.tag.Out == "String", d.tag.Ref != "" && d.tag.Out == "String"
	f.Numbered = d.tag.Ref != "" && d.tag.Out == "Int"
	if err := fits(f, d, rt); err != nil {
		return nil, err
	}
	f.Argument, f.Finds = argument(f, d, base), d.tag.Find != ""
	return f, noneOf(f, d, rt)
}

// mayLack reports whether a text or an id may have no value.
func mayLack(t *Tag) bool {
	wrapped := t.Wrap != "" && strings.HasSuffix(t.Create, "!") // LocationLinkInput!
	return !wrapped && (t.Create == "?" && t.Default == "" || !t.NonNull && t.Create != "!")
}

// kind sets how the value is stored and whether it may be NULL, and returns its nullable GraphQL type text.
func (b *builder) kind(f *Field, d *declaration, rt reflect.Type) (string, error) {
	mayLack := mayLack(&d.tag)
	if rt.Kind() == reflect.Pointer {
		f.Null, rt = true, rt.Elem()
		if d.tag.NonNull {
			return "", errors.New("a pointer cannot be non-null")
		}
	}
	switch rt {
	case reflect.TypeFor[ID]():
		f.Null = mayLack && d.goName != "ID"
		if d.tag.Ref != "" {
			f.Kind = IDValue
			return d.tag.Ref, nil
		}
		if d.goName == "ID" {
			f.Kind = IDValue
		}
		return "ID", nil
	case reflect.TypeFor[time.Time]():
		f.Kind = Time
		return "DateTime", nil
	case reflect.TypeFor[json.RawMessage]():
		f.Kind, f.Null = JSON, true
		return "Json", nil
	case reflect.TypeFor[[]string]():
		f.Kind, f.Null = JSON, true
		return "[String]", nil
	}
	if v, list := b.valueOf(rt); v != nil {
		f.Kind, f.Value, f.Null = JSON, v, f.Null || list
		if list {
			return "[" + v.Name + "]", nil
		}
		return v.Name, nil
	}
	switch rt.Kind() {
	case reflect.String:
		f.Kind, f.Null = Text, mayLack
		return "String", nil
	case reflect.Int:
		f.Kind = Int
		return "Int", nil
	case reflect.Float64:
		f.Kind = Float
		return "Float", nil
	case reflect.Bool:
		f.Kind = Bool
		return "Boolean", nil
	}
	return "", fmt.Errorf("no column for Go type %s", rt)
}

// valueOf finds the value object that a Go type is, or is a list of.
func (b *builder) valueOf(rt reflect.Type) (v *ValueType, list bool) {
	if rt.Kind() == reflect.Slice {
		return b.values[rt.Elem()], true
	}
	return b.values[rt], false
}

// argument is the search argument of a field, by the contract's mechanical rule.
func argument(f *Field, d *declaration, base string) string {
	switch {
	case f.Hidden || d.tag.NoSearch || d.goName == "ID":
		return ""
	case f.Numbered:
		return "[" + f.GraphQL + "]"
	case d.tag.Find != "":
		return d.tag.Find
	case d.tag.Wrap != "":
		return d.tag.Wrap + "Input"
	case d.tag.Ref != "" && !f.ShowsID:
		if d.tag.Search {
			return d.tag.By
		}
		return ""
	case f.Value != nil || base == "Json":
		return ""
	case f.Kind == Time:
		return "DateRange"
	}
	return "[" + f.GraphQL + "]"
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
