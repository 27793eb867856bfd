package catalogue

import (
	"slices"
	"strings"

	"github.com/fluent-oms/fluent/domain/fault"
)

// deriveInterfaces gives interfaces their fields and abstract types their members.
func (b *builder) deriveInterfaces() {
	for _, s := range b.spec.Interfaces {
		in := &Interface{Name: s.Name, Doc: s.Doc}
		b.cat.interfaces = append(b.cat.interfaces, in)
		members := b.implementers(s.Name)
		if len(members) == 0 {
			b.fail(s.Name, "nothing implements it")
			continue
		}
		for _, name := range strings.Fields(s.Fields) {
			if f := b.agreed(s.Name, name, members); f != nil {
				in.Fields = append(in.Fields, f)
			}
		}
		if s.Shared {
			b.makeAbstract(b.cat.byName[s.Name], in, members, strings.Fields(s.Search))
		}
	}
}

func (b *builder) implementers(name string) []*Type {
	var out []*Type
	for _, t := range b.cat.types {
		if slices.Contains(t.Interfaces, name) {
			out = append(out, t)
		}
	}
	return out
}

// agreed is the field that all members have alike. Where some promise a value and others do not, the interface does not.
func (b *builder) agreed(where, name string, members []*Type) *Field {
	first := members[0].fields[name]
	for _, m := range members {
		f := m.fields[name]
		if f == nil || first == nil || nullable(f.GraphQL) != nullable(first.GraphQL) || f.Hidden {
			b.fail(where, "%s has no field %s like the others", m.Name, name)
			return nil
		}
		if f.GraphQL != first.GraphQL && f.GraphQL == nullable(f.GraphQL) {
			first = f
		}
	}
	return first
}

// makeAbstract gives an abstract type the fields that its members share; those not in the interface are hidden. Its search filters by some.
func (b *builder) makeAbstract(t *Type, in *Interface, members []*Type, search []string) {
	t.Members, t.Table, t.IDKind, t.EntityType = members, members[0].Table, members[0].IDKind, members[0].EntityType
	t.Workflow, t.FoldsCase = members[0].Workflow, members[0].FoldsCase
	for _, f := range members[0].Fields {
		shared := *f
		shared.constant = ""
		for _, m := range members {
			other := m.fields[f.Name]
			if m.Table != t.Table || m.Discriminator == nil {
				b.fail(t.Name, "%s does not share table %s", m.Name, t.Table)
				return
			}
			if other == nil || other.Column != f.Column || other.Kind != f.Kind {
				shared.Name = ""
			}
		}
		if shared.Name == "" {
			continue
		}
		shared.Hidden = !slices.Contains(in.Fields, f)
		if !slices.Contains(search, f.Name) {
			shared.Argument = ""
		}
		b.addField(t, &shared)
		if f == members[0].Discriminator {
			t.Discriminator = &shared
		}
		if d := members[0].declarationOf(f); d != nil {
			t.declared = append(t.declared, &declaration{tag: d.tag, goName: d.goName, field: &shared})
		}
	}
}

func (t *Type) declarationOf(f *Field) *declaration {
	for _, d := range t.declared {
		if d.field == f {
			return d
		}
	}
	return nil
}

// connect resolves what the tags and specs name: references, connections, lookups, copies, keys, roots.
func (b *builder) connect() {
	all := append(slices.Clone(b.cat.types), b.cat.abstract...)
	for _, t := range all {
		for _, d := range t.declared {
			if d.field != nil && d.tag.Ref != "" {
				d.field.Ref = b.typeNamed(t.Name+"."+d.goName, d.tag.Ref)
			}
		}
	}
	for _, t := range all {
		for _, d := range t.declared {
			if d.field != nil && d.field.Numbered && (d.field.Ref == nil || d.field.Ref.IDKind != Number) {
				b.fail(t.Name+"."+d.goName, "out=Int is for references to what has numbers")
			}
			b.connectField(t, d)
		}
	}
	for _, v := range b.cat.values {
		b.connectConstants(v)
	}
	for _, t := range b.cat.types {
		b.connectType(t, b.specs[t])
		b.connectCreation(t, b.specs[t])
		b.connectForms(t, b.specs[t])
	}
	for _, t := range b.cat.abstract {
		t.Key, t.Root = b.fieldsOf(t, keyNames(t.Members[0].Key)), sameField(t, t.Members[0].Root)
	}
	for _, t := range b.cat.types {
		b.connectOwner(t, strings.Fields(b.specs[t].Owner))
		b.connectParts(t, b.specs[t].Parts)
		b.connectDocument(t, b.specs[t].Document)
	}
	b.connectPlaces()
}

func keyNames(fields []*Field) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	return strings.Join(names, " ")
}

func sameField(t *Type, f *Field) *Field {
	if f == nil {
		return nil
	}
	return t.fields[f.Name]
}

func (b *builder) typeNamed(where, name string) *Type {
	t := b.cat.byName[name]
	if t == nil {
		b.fail(where, "no type %s", name)
	}
	return t
}

func (b *builder) connectField(t *Type, d *declaration) {
	where := t.Name + "." + d.goName
	switch {
	case d.edge != nil:
		b.connectEdge(t, d)
	case d.composite != nil:
		b.connectComposite(t, d)
	case d.precise != nil:
		b.connectPrecise(t, d)
	case d.field == nil && d.tag.Of != "":
		b.connectLookup(t, d)
	case d.field == nil:
		return
	case d.tag.Wrap != "":
		o := b.cat.byObject[d.tag.Wrap]
		if o == nil || len(o.Fields) != 1 {
			b.fail(where, "wrap=%s is no object of one member", d.tag.Wrap)
			return
		}
		d.field.Wrap = o.Fields[0].Name
	}
}

// path follows references by name: fromAddress.location.ref. Behind an abstract type, all members' fields are in reach.
func (b *builder) path(where string, t *Type, text string) []*Field {
	var out []*Field
	for _, name := range strings.Split(text, ".") {
		var f *Field
		if t != nil {
			f = fieldIn(t, name)
		}
		if f == nil {
			b.fail(where, "copy=%s leads nowhere at %s", text, name)
			return nil
		}
		out = append(out, f)
		t = f.Ref
	}
	return out
}

func (b *builder) connectEdge(t *Type, d *declaration) {
	where, e := t.Name+"."+d.goName, d.edge
	e.Target = b.typeNamed(where, d.tag.Of)
	if e.Target == nil {
		return
	}
	if d.tag.Link != "" {
		parts := strings.Split(d.tag.Link, "/")
		if len(parts) != 3 {
			b.fail(where, "link=%s: want table/column/column", d.tag.Link)
			return
		}
		e.Link = &Link{Table: parts[0], OwnerColumn: parts[1], Target: parts[2]}
		return
	}
	e.By = e.Target.fields[d.tag.Via]
	if e.By == nil || (e.By.Ref != t && !(e.By.Ref != nil && slices.Contains(e.By.Ref.Members, t))) {
		b.fail(where, "%s has no reference %q to %s", e.Target.Name, d.tag.Via, t.Name)
	}
}

func (b *builder) connectLookup(t *Type, d *declaration) {
	where, k := t.Name+"."+d.goName, t.KeyRef(or(d.tag.Name, camel(d.goName)))
	k.Target = b.typeNamed(where, d.tag.Of)
	if k.Target == nil {
		return
	}
	for _, pair := range strings.Split(d.tag.On, "+") {
		local, remote, _ := strings.Cut(pair, ":")
		l, r := t.fields[local], k.Target.fields[remote]
		if l == nil || r == nil {
			b.fail(where, "on=%s: no such pair of fields", pair)
			return
		}
		k.Local, k.Remote = append(k.Local, l), append(k.Remote, r)
	}
}

func (b *builder) fieldsOf(t *Type, names string) []*Field {
	var out []*Field
	for _, name := range strings.Fields(names) {
		f := t.fields[name]
		if f == nil {
			b.fail(t.Name, "no field %s", name)
			continue
		}
		out = append(out, f)
	}
	return out
}

// connectType resolves what the spec says of the whole type.
func (b *builder) connectType(t *Type, s *TypeSpec) {
	t.Key = b.fieldsOf(t, s.Key)
	if len(t.Key) > 0 && !s.Loose {
		b.addUnique(t, t.Key, s.Taken)
	}
	if len(t.Key) > 0 && s.Loose {
		t.Indexes = append(t.Indexes, t.Key)
	}
	for _, names := range s.Unique {
		b.addUnique(t, b.fieldsOf(t, names), "")
	}
	for _, names := range s.Indexes {
		t.Indexes = append(t.Indexes, b.fieldsOf(t, names))
	}
	if s.Root != "" {
		t.Root = t.fields[s.Root]
		if t.Root == nil || t.Root.Ref == nil {
			b.fail(t.Name, "root %s is no reference", s.Root)
		}
	}
	b.connectRetailer(t, s.Retailer)
	b.connectVersions(t, s)
	b.connectTotals(t, s)
}

// addUnique adds a unique index; references come first, because reads inside one container use it too.
func (b *builder) addUnique(t *Type, fields []*Field, taken string) {
	ordered := slices.Clone(fields)
	slices.SortStableFunc(ordered, func(x, y *Field) int { return rank(x) - rank(y) })
	var names []string
	for _, f := range fields {
		names = append(names, f.Column)
	}
	t.Uniques = append(t.Uniques, Unique{Name: t.Table + "_" + strings.Join(names, "_") + "_key", Fields: ordered, Taken: or(taken, fault.CodeExists)})
}

func rank(f *Field) int {
	if f.Ref != nil {
		return 0
	}
	return 1
}

func (b *builder) connectRetailer(t *Type, name string) {
	if name == "" {
		return
	}
	if e := t.Edge(name); e != nil {
		t.RetailerEdge = e
		return
	}
	f := t.fields[name]
	switch {
	case f == nil:
		b.fail(t.Name, "no field %s to find the retailer by", name)
	case f.Kind == JSON, name == "id", f.Ref != nil && f.Ref.Name == "Retailer":
		t.Retailer = f
	case f.Ref != nil:
		t.RetailerVia = f
	default:
		b.fail(t.Name, "field %s does not lead to a retailer", name)
	}
}

// connectOwner finds the fields and the types that an owner's words name.
func (b *builder) connectOwner(t *Type, words []string) {
	if len(words) == 0 {
		return
	}
	if len(words) < 2 || t.fields[words[0]] == nil || t.fields[words[1]] == nil {
		b.fail(t.Name, "an owner needs two fields, for kind and id, got %v", words)
		return
	}
	o := &Owner{Kind: t.fields[words[0]], ID: t.fields[words[1]]}
	for _, w := range words[2:] {
		name, typ, _ := strings.Cut(w, "=")
		if target := b.typeNamed(t.Name+".owner", typ); target != nil {
			o.Kinds = append(o.Kinds, OwnerKind{Name: name, Type: target})
		}
	}
	t.Owner = o
	if len(words) == 2 {
		b.ownedByNodes(t)
	}
}

// ownedByNodes lets rows be about whatever is a node and stands for itself, and about nothing else.
func (b *builder) ownedByNodes(t *Type) {
	for _, other := range b.cat.types {
		if !slices.Contains(other.Interfaces, "Node") || b.specs[other].Owner != "" {
			continue
		}
		kind := OwnerKind{Name: or(other.EntityType, strings.ToUpper(snake(other.Name))), Type: other}
		t.Owner.Kinds = append(t.Owner.Kinds, kind)
		if !slices.Contains(t.Owner.Kind.Among, kind.Name) {
			t.Owner.Kind.Among = append(t.Owner.Kind.Among, kind.Name)
		}
	}
}
