package document

import (
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// merge makes sure that selections of one response name can be answered as one: their types have one shape and, unless they
// belong to different object types, they are the same field with the same arguments.
//
// The specification compares all pairs, and the pairs below each pair. Merging instead compares each field with the first of its
// name and then goes down once into what all of them select: each field is visited once where it stands.
func merge(schema *ast.Schema, doc *ast.QueryDocument, fail func(*gqlerror.Error)) {
	m := &merger{schema: schema, fail: fail, calls: map[*ast.Field]string{}, texts: map[string]string{}}
	for _, op := range doc.Operations {
		m.merge([]ast.SelectionSet{op.SelectionSet}, false)
	}
}

type merger struct {
	schema *ast.Schema
	fail   func(*gqlerror.Error)
	steps  int
	calls  map[*ast.Field]string // name and arguments, in one spelling
	texts  map[string]string     // one string for all that are equal, so that comparing them is comparing addresses
}

// maxSteps bounds visits: fields under several object types that meet in an interface are visited once for each of the types.
const maxSteps = 4 * maxFields

// merge checks the fields of selection sets that are answered as one object; apart says that they belong to objects of different
// types, so that only the shape of their answers has to agree.
func (m *merger) merge(sets []ast.SelectionSet, apart bool) {
	for _, group := range m.groups(sets) {
		if len(group) > 1 {
			m.shapes(group)
		}
		if apart || len(group) == 1 {
			m.merge(below(group), apart)
			continue
		}
		m.group(group)
	}
}

// group checks fields of one response name in one object.
func (m *merger) group(fields []*ast.Field) {
	var any []*ast.Field // whose parent is an interface: they may meet each of the others
	types := map[string][]*ast.Field{}
	var order []string
	for _, f := range fields {
		if f.ObjectDefinition.Kind != ast.Object {
			any = append(any, f)
			continue
		}
		name := f.ObjectDefinition.Name
		if types[name] == nil {
			order = append(order, name)
		}
		types[name] = append(types[name], f)
	}
	if len(order) < 2 {
		m.same(fields)
		m.merge(below(fields), false)
		return
	}
	for _, name := range order {
		together := slices.Concat(any, types[name])
		m.same(together)
		m.merge(below(together), false)
	}
	m.merge(below(fields), true)
}

// same refuses fields that are not the same field with the same arguments.
func (m *merger) same(fields []*ast.Field) {
	first := fields[0]
	for _, f := range fields[1:] {
		switch {
		case f == first:
		case f.Name != first.Name:
			m.conflict(first, f, `"%s" and "%s" are different fields`, first.Name, f.Name)
		case m.call(f) != m.call(first):
			m.conflict(first, f, "they have differing arguments")
		}
	}
}

// shapes refuses fields whose answers have different types. Objects agree if their fields do.
func (m *merger) shapes(fields []*ast.Field) {
	first := fields[0]
	for _, f := range fields[1:] {
		if f != first && m.differ(first.Definition.Type, f.Definition.Type) {
			m.conflict(first, f, `they return conflicting types "%s" and "%s"`, first.Definition.Type, f.Definition.Type)
		}
	}
}

func (m *merger) differ(a, b *ast.Type) bool {
	if a.NonNull != b.NonNull || (a.Elem == nil) != (b.Elem == nil) {
		return true
	}
	if a.Elem != nil {
		return m.differ(a.Elem, b.Elem)
	}
	leaf := m.schema.Types[a.NamedType].IsLeafType() || m.schema.Types[b.NamedType].IsLeafType()
	return leaf && a.NamedType != b.NamedType
}

func (m *merger) conflict(first, f *ast.Field, format string, args ...any) {
	e := invalid(f.Position, `Fields "%s" conflict because `+format+". Use different aliases on the fields to fetch both if this was intentional.",
		append([]any{f.Alias}, args...)...)
	e.Locations = append(e.Locations, gqlerror.Location{Line: first.Position.Line, Column: first.Position.Column})
	m.fail(e)
}

func below(fields []*ast.Field) []ast.SelectionSet {
	sets := make([]ast.SelectionSet, 0, len(fields))
	for _, f := range fields {
		if len(f.SelectionSet) > 0 {
			sets = append(sets, f.SelectionSet)
		}
	}
	return sets
}

// groups lists the fields of some sets by response name, in the order of the document, with fragments opened.
func (m *merger) groups(sets []ast.SelectionSet) [][]*ast.Field {
	if len(sets) == 0 {
		return nil
	}
	var out [][]*ast.Field
	index := map[string]int{}
	opened := map[string]bool{}
	var add func(set ast.SelectionSet)
	add = func(set ast.SelectionSet) {
		for _, selection := range set {
			if m.steps++; m.steps > maxSteps {
				m.fail(over(selection.GetPosition(), "fields of several types are merged in more than %d ways", maxSteps))
				panic(enoughErrors{})
			}
			switch s := selection.(type) {
			case *ast.Field:
				i, ok := index[s.Alias]
				if !ok {
					i = len(out)
					index[s.Alias], out = i, append(out, nil)
				}
				out[i] = append(out[i], s)
			case *ast.InlineFragment:
				add(s.SelectionSet)
			case *ast.FragmentSpread:
				if !opened[s.Name] {
					opened[s.Name] = true
					add(s.Definition.SelectionSet)
				}
			}
		}
	}
	for _, set := range sets {
		add(set)
	}
	return out
}

// call spells a field's arguments in one way whatever their order.
func (m *merger) call(f *ast.Field) string {
	if len(f.Arguments) == 0 {
		return ""
	}
	if text, ok := m.calls[f]; ok {
		return text
	}
	list := make(ast.ChildValueList, 0, len(f.Arguments))
	for _, a := range f.Arguments {
		list = append(list, &ast.ChildValue{Name: a.Name, Value: a.Value})
	}
	text := string(spell(nil, &ast.Value{Kind: ast.ObjectValue, Children: list}))
	if known, ok := m.texts[text]; ok {
		text = known
	}
	m.texts[text], m.calls[f] = text, text
	return text
}

// spell appends a literal with the fields of objects in the order of their names.
func spell(to []byte, v *ast.Value) []byte {
	to = strconv.AppendInt(to, int64(v.Kind), 10)
	if v.Kind != ast.ObjectValue && v.Kind != ast.ListValue {
		return strconv.AppendQuote(append(to, ' '), v.Raw)
	}
	children := v.Children
	if v.Kind == ast.ObjectValue {
		children = slices.Clone(children)
		slices.SortStableFunc(children, func(a, b *ast.ChildValue) int { return strings.Compare(a.Name, b.Name) })
	}
	to = append(to, '(')
	for _, child := range children {
		to = append(append(to, child.Name...), ':')
		to = spell(to, child.Value)
	}
	return append(to, ')')
}
