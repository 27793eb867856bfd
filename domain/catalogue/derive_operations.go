package catalogue

import (
	"sort"
	"strings"
)

// Scalars are the scalar types of the API.
func Scalars() []string {
	return []string{"ID", "String", "Int", "Float", "Boolean", "DateTime", "Json", "BigDecimal"}
}

// deriveOperations makes each type's reads and mutations, and the operations that follow no pattern.
func (b *builder) deriveOperations() {
	for _, t := range b.cat.types {
		s := b.specs[t]
		for _, text := range s.Gets {
			b.addGet(t, text)
		}
		if s.Create {
			t.Create = &Mutation{Name: "create" + t.Name, Input: b.cat.byInput[operationInput(t, Create)], Await: b.await(t, s.Awaits)}
		}
		if s.Update != "" {
			t.Update = &Mutation{Name: "update" + t.Name, Input: b.cat.byInput[operationInput(t, Update)]}
		}
		b.deriveActivation(t)
		for _, r := range s.Removes {
			b.addRemoval(t, r)
		}
		for _, s := range s.Bulk {
			b.addBulk(t, s)
		}
	}
	b.deriveKinds()
	for _, s := range b.spec.Queries {
		b.cat.queries = append(b.cat.queries, b.operation(s))
	}
	for _, s := range b.spec.Mutations {
		op := b.operation(s)
		op.Makes = b.making(op)
		b.cat.mutations = append(b.cat.mutations, op)
	}
	b.cat.extra = b.spec.Permissions
	b.sortInputs()
}

// await parses the argument by which callers of a create mutation ask that the answer waits for the workflow.
func (b *builder) await(t *Type, text string) *Arg {
	if text == "" {
		return nil
	}
	a := b.arg(t.Name, text)
	if !t.Fires || b.cat.byEnum[a.Type] == nil {
		b.fail(t.Name, "awaits: %s: want an enumeration, and a type whose creation sends an event", text)
	}
	return &a
}

// operation parses "name(a: T, b: U): Result".
func (b *builder) operation(s OperationSpec) *Operation {
	head, result, ok := cutLast(s.Field, ":")
	name, args, hasArgs := strings.Cut(head, "(")
	op := &Operation{Name: strings.TrimSpace(name), Type: strings.TrimSpace(result), Paged: s.Paged, Doc: s.Doc}
	if !ok || op.Type == "" {
		b.fail(op.Name, "%q: want name(arguments): Type", s.Field)
	}
	if hasArgs {
		for _, a := range strings.Split(strings.TrimSuffix(strings.TrimSpace(args), ")"), ",") {
			op.Args = append(op.Args, b.arg(op.Name, a))
		}
	}
	if s.Entity != "" {
		op.Entity = b.typeNamed(op.Name, s.Entity)
	}
	if s.Of != "" {
		of, name, _ := strings.Cut(s.Of, ".")
		if op.Entity = b.typeNamed(op.Name, of); op.Entity != nil {
			op.Of = op.Entity.fields[name]
		}
		if op.Of == nil || op.Of.Value == nil || !op.Paged {
			b.fail(op.Name, "of %s: want a field of a type that holds value objects, and paging", s.Of)
		}
	}
	return op
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func (b *builder) addGet(t *Type, text string) {
	op := b.operation(OperationSpec{Field: text + ": " + t.Name})
	g := Get{Name: op.Name}
	for _, a := range op.Args {
		arg := GetArg{Name: a.Name, Field: t.fields[a.Name], Type: a.Type}
		if d := t.declaredAs(a.Name); arg.Field == nil && d != nil {
			arg.Field = d.field
		}
		if arg.Field == nil {
			b.fail(op.Name, "%s has no field %s", t.Name, a.Name)
			continue
		}
		if isKey(BaseType(a.Type)) {
			arg.Key = b.keyInput(op.Name+"."+a.Name, a.Type)
		}
		g.Args = append(g.Args, arg)
	}
	t.Gets = append(t.Gets, g)
}

func (b *builder) addRemoval(t *Type, s RemovalSpec) {
	r := &Removal{Name: s.Name, Edge: t.Edge(s.From), Field: t.fields[s.From], Output: title(s.Name) + "Output"}
	if r.Edge == nil && (r.Field == nil || r.Field.Value == nil) {
		b.fail(s.Name, "%s has no connection or list %s", t.Name, s.From)
	}
	r.Input = b.newInput(title(s.Name)+"Input", nil, s.Doc)
	for _, text := range []string{s.Owner, s.Items} {
		a := b.arg(s.Name, text)
		r.Input.Fields = append(r.Input.Fields, &InputField{
			Name: a.Name, Type: a.Type, Required: strings.HasSuffix(a.Type, "!"), Key: b.keyInput(s.Name+"."+a.Name, a.Type),
		})
	}
	r.Owner, r.Items = r.Input.Fields[0], r.Input.Fields[1]
	o := &Object{Name: r.Output, Fields: []Arg{{Name: "status", Type: "String"}}}
	b.cat.objects = append(b.cat.objects, o)
	b.cat.byObject[o.Name] = o
	t.Removes = append(t.Removes, r)
}

// making is the input from which a mutation makes an entity of the type that it returns; nil if it makes none.
func (b *builder) making(op *Operation) *Input {
	if len(op.Args) != 1 || b.cat.byName[op.Type] == nil {
		return nil
	}
	in := b.cat.byInput[BaseType(op.Args[0].Type)]
	if in == nil || in.Of != b.cat.byName[op.Type] || isKey(in.Name) || op.Args[0].Name != "input" {
		return nil
	}
	return in
}

// addBulk makes a bulk mutation; the input of its filter was made from its declaration.
func (b *builder) addBulk(t *Type, s BulkSpec) {
	if t.Guarded {
		b.fail(t.Name, "it is guarded: each row is looked at by itself, and %s changes many at once", s.Name)
	}
	m := &Bulk{Name: s.Name, Filter: b.cat.byInput[s.Filter], Set: b.keyInput(s.Name, s.Set), Output: s.Output, Doc: s.Doc}
	if o := b.cat.byObject[s.Output]; o == nil || len(o.Fields) != 1 || o.Fields[0].Name != "count" {
		b.fail(s.Name, "%s is no output type { count }", s.Output)
	}
	if m.Filter == nil || m.Set == nil {
		return
	}
	m.Filter, m.Set = b.inputOn(t, m.Filter), b.inputOn(t, m.Set)
	t.Bulk = append(t.Bulk, m)
}

// inputOn is an input, which may be many types', as it lands in the fields of one type.
func (b *builder) inputOn(t *Type, in *Input) *Input {
	on := *in
	on.Fields = make([]*InputField, len(in.Fields))
	for i, f := range in.Fields {
		own := *f
		if own.Field = t.fields[f.Name]; own.Field == nil {
			b.fail(in.Name, "%s has no field %s", t.Name, f.Name)
		}
		on.Fields[i] = &own
	}
	return &on
}

// Permissions lists the names of all permissions, sorted: three for each type, and those that no entity stands for.
func (c *Catalogue) Permissions() []string {
	out := append([]string(nil), c.extra...)
	for _, t := range append(append([]*Type(nil), c.types...), c.abstract...) {
		for _, action := range []string{"_VIEW", "_CREATE", "_UPDATE"} {
			out = append(out, t.Permission+action)
		}
	}
	sort.Strings(out)
	return out
}

// check finds names that nothing bears and tables whose columns disagree.
func (b *builder) check() {
	known := b.knownOutputs()
	for _, t := range b.cat.types {
		if t.fields["id"] == nil {
			b.fail(t.Name, "embeds neither Node nor Row")
		}
		for _, f := range t.Fields {
			if !known[BaseType(f.GraphQL)] {
				b.fail(t.Name+"."+f.Name, "no output type %s", f.GraphQL)
			}
			if f.Argument != "" && !b.takes(f.Argument) {
				b.fail(t.Name+"."+f.Name, "no input type %s to search by", f.Argument)
			}
		}
	}
	for _, t := range b.cat.types {
		for _, c := range t.Composites {
			if c.Argument != "" {
				b.checkComposite(t.Name+"."+c.Name, c, c.Argument)
			}
		}
	}
	for _, v := range b.cat.values {
		for _, f := range v.Fields {
			if !known[BaseType(f.GraphQL)] {
				b.fail(v.Name+"."+f.Name, "no output type %s", f.GraphQL)
			}
		}
	}
	for _, in := range b.cat.inputs {
		for _, f := range in.Fields {
			if !b.takes(f.Type) {
				b.fail(in.Name+"."+f.Name, "no input type %s", f.Type)
			}
			if f.Composite != nil {
				b.checkComposite(in.Name+"."+f.Name, f.Composite, f.Type)
			}
		}
	}
	b.checkOperations(known)
	b.checkTables()
}

func (b *builder) checkOperations(known map[string]bool) {
	for _, op := range append(append([]*Operation(nil), b.cat.queries...), b.cat.mutations...) {
		if !known[strings.TrimSuffix(BaseType(op.Type), "Connection")] {
			b.fail(op.Name, "no output type %s", op.Type)
		}
		for _, a := range op.Args {
			if !b.takes(a.Type) {
				b.fail(op.Name+"."+a.Name, "no input type %s", a.Type)
			}
		}
	}
}

func (b *builder) knownOutputs() map[string]bool {
	known := map[string]bool{}
	for _, s := range Scalars() {
		known[s] = true
	}
	for name := range b.cat.byName {
		known[name] = true
	}
	for name := range b.cat.byValue {
		known[name] = true
	}
	for name := range b.cat.byObject {
		known[name] = true
	}
	for name := range b.cat.byEnum {
		known[name] = true
	}
	return known
}

// takes reports whether a type text is one that arguments and inputs may have.
func (b *builder) takes(text string) bool {
	base := BaseType(text)
	for _, s := range Scalars() {
		if s == base {
			return true
		}
	}
	return b.cat.byInput[base] != nil || b.cat.byEnum[base] != nil
}

// checkTables finds shared tables whose types disagree about a column, and names that two types bear.
func (b *builder) checkTables() {
	columns, owners := map[string]*Field{}, map[string]*Type{}
	plurals := map[string]string{}
	for _, t := range b.cat.types {
		if other := plurals[t.Plural]; other != "" && t.Plural != "" {
			b.fail(t.Name, "plural %s is that of %s", t.Plural, other)
		}
		plurals[t.Plural] = t.Name
		if o := owners[t.Table]; o != nil && (o.Discriminator == nil || t.Discriminator == nil) {
			b.fail(t.Name, "table %s is that of %s, and not marked as shared", t.Table, o.Name)
		}
		owners[t.Table] = t
		for _, f := range t.Fields {
			at := t.Table + "." + f.Column
			if o := columns[at]; o != nil && o.Kind != f.Kind {
				b.fail(t.Name+"."+f.Name, "column %s has another kind elsewhere", at)
			}
			columns[at] = f
		}
	}
}
