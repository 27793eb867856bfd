package catalogue

import "strings"

// CompositeLink marks an object that the API shows over values of the entity itself; it holds nothing. It is a pointer to something that need not
// be there, such as an order { ref retailer { id } }, or what belongs together, such as a workflow { ref version }. Its tag says which object (of=),
// which field is behind each member (on=ref:orderRef+retailer.id:orderRetailer), and which input sets it (by=). If that is a key, such as ProductKey,
// what it names must be there when it is set; nothing is looked up when it is read.
type CompositeLink struct{}

// WorkflowLinked is embedded, beside a type and a status of their own, by entities whose API shows their workflow as an object. Read alone, ref and
// version may be null, and are deprecated.
type WorkflowLinked struct {
	Workflow        CompositeLink `oms:"of=WorkflowLink,on=ref:workflowRef+version:workflowVersion" doc:"The workflow that drives it."`
	WorkflowRef     string        `oms:"create=-,update=-" deprecated:"Read workflow { ref }."`
	WorkflowVersion int           `oms:"create=-,update=-,none=0" deprecated:"Read workflow { version }."`
}

// Composite is an object of the API over fields of the type. It is null where all of them are.
type Composite struct {
	Name       string  // GraphQL name: product
	GraphQL    string  // ProductLink
	Object     *Object //
	Argument   string  // its search argument: ProductLinkInput; empty: not searchable
	Members    []CompositeMember
	Doc        string
	Deprecated string // why callers should not read it any more; empty: they may
}

// CompositeMember is a value of a composite: where it stands in the object, and the field that holds it.
type CompositeMember struct {
	Path  []string // catalogue ref
	Field *Field
}

// In finds the member's value in an input object; nil where it is not given.
func (m CompositeMember) In(object map[string]any) any {
	var v any = object
	for _, name := range m.Path {
		inside, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = inside[name]
	}
	return v
}

// Composite finds a composite by its GraphQL name; nil if there is none.
func (t *Type) Composite(name string) *Composite {
	for _, c := range t.Composites {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// newComposite begins a composite; connectComposite finds what it names.
func newComposite(d *declaration) *Composite {
	c := &Composite{Name: or(d.tag.Name, camel(d.goName)), GraphQL: d.tag.Of, Doc: d.doc, Deprecated: d.deprecated}
	if !d.tag.NoSearch {
		c.Argument = d.tag.Of + "Input"
	}
	if d.tag.NonNull {
		c.GraphQL = nonNull(c.GraphQL)
	}
	return c
}

func (b *builder) connectComposite(t *Type, d *declaration) {
	where, c := t.Name+"."+d.goName, d.composite
	if c.Object = b.cat.byObject[d.tag.Of]; c.Object == nil {
		b.fail(where, "no object %s", d.tag.Of)
		return
	}
	for _, pair := range strings.Split(d.tag.On, "+") {
		path, field, _ := strings.Cut(pair, ":")
		m := CompositeMember{Path: strings.Split(path, "."), Field: t.fields[field]}
		if m.Field == nil || m.Field.Kind == JSON {
			b.fail(where, "on=%s: %s has no such field", pair, t.Name)
			return
		}
		leaf := BaseType(b.leaf(c.Object, m.Path))
		if digits, id := m.Field.Digits && leaf == "Int", m.Field.Ref != nil && leaf == "ID"; leaf != BaseType(m.Field.GraphQL) && !digits && !id {
			b.fail(where, "on=%s: %s has %q there, the field is %s", pair, c.Object.Name, leaf, m.Field.GraphQL)
		}
		c.Members = append(c.Members, m)
	}
	if n := b.leaves(c.Object); n != len(c.Members) {
		b.fail(where, "on= names %d of the %d values of %s", len(c.Members), n, c.Object.Name)
	}
}

// leaf is the type text of the value at a path into an object; empty where there is none.
func (b *builder) leaf(o *Object, path []string) string {
	for i, name := range path {
		var found *Arg
		for n := range o.Fields {
			if o.Fields[n].Name == name {
				found = &o.Fields[n]
			}
		}
		if found == nil {
			return ""
		}
		if i == len(path)-1 {
			return found.Type
		}
		if o = b.cat.byObject[BaseType(found.Type)]; o == nil {
			return ""
		}
	}
	return ""
}

// leaves counts the values of an object and of those inside it.
func (b *builder) leaves(o *Object) int {
	n := 0
	for _, f := range o.Fields {
		if inside := b.cat.byObject[BaseType(f.Type)]; inside != nil {
			n += b.leaves(inside)
		} else {
			n++
		}
	}
	return n
}

// checkComposite finds inputs of composites that do not have all its members.
func (b *builder) checkComposite(where string, c *Composite, input string) {
	for _, m := range c.Members {
		in := b.cat.byInput[BaseType(input)]
		for i, name := range m.Path {
			var f *InputField
			if in != nil {
				f = in.Field(name)
			}
			if f == nil {
				b.fail(where, "%s has no %s", BaseType(input), strings.Join(m.Path, "."))
				break
			}
			if i < len(m.Path)-1 {
				in = b.cat.byInput[BaseType(f.Type)]
			}
		}
	}
}
