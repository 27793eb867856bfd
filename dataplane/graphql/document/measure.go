package document

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// size is what a part of a document comes to with its fragments expanded.
type size struct{ fields, values, depth int }

// fragment is a fragment definition while the document is measured.
type fragment struct {
	def     *ast.FragmentDefinition
	size    size
	open    bool // being measured: a spread of it is a cycle
	done    bool
	spreads []*fragment // each once
}

// measurer counts a document without validating it. It visits each definition once, whatever spreads it.
type measurer struct {
	fragments  map[string]*fragment
	operations map[*ast.OperationDefinition][]*fragment // that they spread, each once
	written    int                                      // nodes of the document as it was written
	spreads    []*fragment                              // of the definition that is being measured, each once
	flags      []string                                 // variables that @include and @skip look at, each once
}

// measure refuses a document that is over a limit, or whose fragments are missing, repeated, unused or go round in a circle:
// what validation takes for granted. It makes every spread point at its definition.
func measure(doc *ast.QueryDocument) (*measurer, gqlerror.List) {
	if len(doc.Operations) > maxOperations {
		return nil, gqlerror.List{over(doc.Operations[maxOperations].Position, "the document has more than %d operations", maxOperations)}
	}
	if len(doc.Fragments) > maxFragments {
		return nil, gqlerror.List{over(doc.Fragments[maxFragments].Position, "the document has more than %d fragments", maxFragments)}
	}
	m := &measurer{
		fragments:  make(map[string]*fragment, len(doc.Fragments)),
		operations: make(map[*ast.OperationDefinition][]*fragment, len(doc.Operations)),
	}
	for _, def := range doc.Fragments {
		if m.fragments[def.Name] != nil {
			return nil, gqlerror.List{invalid(def.Position, "There can be only one fragment named %q.", def.Name)}
		}
		m.fragments[def.Name] = &fragment{def: def}
	}
	var total size
	for _, op := range doc.Operations {
		s, err := m.operation(op)
		if err != nil {
			return nil, gqlerror.List{err}
		}
		total = size{fields: total.fields + s.fields, values: total.values + s.values}
		if err := total.check(op.Position); err != nil {
			return nil, gqlerror.List{err}
		}
	}
	return m, m.unused(doc)
}

func (m *measurer) unused(doc *ast.QueryDocument) gqlerror.List {
	var errs gqlerror.List
	for _, def := range doc.Fragments {
		if !m.fragments[def.Name].done && len(errs) < maxErrors {
			errs = append(errs, invalid(def.Position, "Fragment %q is never used.", def.Name))
		}
	}
	return errs
}

func (s size) check(at *ast.Position) *gqlerror.Error {
	switch {
	case s.fields > maxFields:
		return over(at, "the document selects more than %d fields, fragments expanded", maxFields)
	case s.values > maxValues:
		return over(at, "the document has more than %d arguments and literals, fragments expanded", maxValues)
	case s.depth > maxDepth:
		return over(at, "the document is nested more than %d fields deep, fragments expanded", maxDepth)
	}
	return nil
}

func (m *measurer) operation(op *ast.OperationDefinition) (size, *gqlerror.Error) {
	if len(op.VariableDefinitions) > maxVariables {
		return size{}, over(op.VariableDefinitions[maxVariables].Position, "the operation has more than %d variables", maxVariables)
	}
	var total size
	for _, v := range op.VariableDefinitions {
		m.written += 2
		if err := m.literal(&total, v.DefaultValue, 0); err != nil {
			return size{}, err
		}
		if err := m.directives(&total, v.Directives); err != nil {
			return size{}, err
		}
	}
	if err := m.directives(&total, op.Directives); err != nil {
		return size{}, err
	}
	m.spreads = nil
	total, err := m.selections(total, op.SelectionSet)
	m.operations[op] = m.spreads
	return total, err
}

// selections adds what is selected to a size.
func (m *measurer) selections(total size, set ast.SelectionSet) (size, *gqlerror.Error) {
	for _, selection := range set {
		m.written++
		var below size
		var err *gqlerror.Error
		switch s := selection.(type) {
		case *ast.Field:
			below, err = m.field(s)
		case *ast.InlineFragment:
			if err = m.directives(&below, s.Directives); err == nil {
				below, err = m.selections(below, s.SelectionSet)
			}
		case *ast.FragmentSpread:
			below, err = m.spread(s)
		}
		if err != nil {
			return total, err
		}
		total = size{fields: total.fields + 1 + below.fields, values: total.values + below.values, depth: max(total.depth, below.depth)}
		if err := total.check(selection.GetPosition()); err != nil {
			return total, err
		}
	}
	return total, nil
}

func (m *measurer) field(f *ast.Field) (size, *gqlerror.Error) {
	var s size
	if err := m.arguments(&s, f.Arguments, f.Position); err != nil {
		return s, err
	}
	if err := m.directives(&s, f.Directives); err != nil {
		return s, err
	}
	s, err := m.selections(s, f.SelectionSet)
	s.depth++
	return s, err
}

// spread measures a fragment where it is spread first; elsewhere its size is known.
func (m *measurer) spread(s *ast.FragmentSpread) (size, *gqlerror.Error) {
	var own size
	if err := m.directives(&own, s.Directives); err != nil {
		return own, err
	}
	f := m.fragments[s.Name]
	switch {
	case f == nil:
		return own, invalid(s.Position, "Unknown fragment %q.", s.Name)
	case f.open:
		return own, invalid(s.Position, "Cannot spread fragment %q within itself.", s.Name)
	case !f.done:
		if err := m.definition(f); err != nil {
			return own, err
		}
	}
	s.Definition = f.def
	m.note(f)
	return size{fields: f.size.fields, values: own.values + f.size.values, depth: f.size.depth}, nil
}

func (m *measurer) definition(f *fragment) *gqlerror.Error {
	outer := m.spreads
	f.open, m.spreads = true, nil
	err := m.directives(&f.size, f.def.Directives)
	if err == nil {
		f.size, err = m.selections(f.size, f.def.SelectionSet)
	}
	f.open, f.done, f.spreads = false, true, m.spreads
	m.spreads = outer
	return err
}

// note remembers that the definition at hand spreads a fragment.
func (m *measurer) note(f *fragment) {
	for _, known := range m.spreads {
		if known == f {
			return
		}
	}
	m.spreads = append(m.spreads, f)
}

func (m *measurer) directives(s *size, list ast.DirectiveList) *gqlerror.Error {
	if len(list) > maxDirectives {
		return over(list[maxDirectives].Position, "more than %d directives stand in one place", maxDirectives)
	}
	for _, d := range list {
		m.written++
		s.values++
		m.flag(d)
		if err := m.arguments(s, d.Arguments, d.Position); err != nil {
			return err
		}
	}
	return nil
}

// flag remembers the variable that decides whether something is included.
func (m *measurer) flag(d *ast.Directive) {
	if arg := d.Arguments.ForName("if"); arg != nil && arg.Value != nil && arg.Value.Kind == ast.Variable && !slices.Contains(m.flags, arg.Value.Raw) {
		m.flags = append(m.flags, arg.Value.Raw)
	}
}

func (m *measurer) arguments(s *size, list ast.ArgumentList, at *ast.Position) *gqlerror.Error {
	if len(list) > maxArguments {
		return over(at, "more than %d arguments stand in one place", maxArguments)
	}
	for _, a := range list {
		m.written++
		s.values++
		if err := m.literal(s, a.Value, 0); err != nil {
			return err
		}
	}
	return nil
}

func (m *measurer) literal(s *size, v *ast.Value, depth int) *gqlerror.Error {
	if v == nil {
		return nil
	}
	m.written++
	s.values++
	if depth > maxLiteralDepth {
		return over(v.Position, "a literal is nested more than %d levels deep", maxLiteralDepth)
	}
	for _, child := range v.Children {
		if err := m.literal(s, child.Value, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// over is the error of a document that is over a limit.
func over(at *ast.Position, format string, args ...any) *gqlerror.Error {
	return withCode(gqlerror.ErrorPosf(at, format, args...), CodeLimit)
}

// invalid is the error of a document that breaks a rule of the language.
func invalid(at *ast.Position, format string, args ...any) *gqlerror.Error {
	return withCode(gqlerror.ErrorPosf(at, format, args...), CodeValidate)
}
