package document

import (
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"
)

// uses are the variables that each operation and fragment names in its own text.
type uses struct {
	ops       map[*ast.OperationDefinition][]*ast.Value
	fragments map[string][]*ast.Value
	open      []*ast.Value // of the definition that is being walked
}

// collectUses fills uses while a document is walked.
func collectUses(events *validator.Events) *uses {
	u := &uses{ops: map[*ast.OperationDefinition][]*ast.Value{}, fragments: map[string][]*ast.Value{}}
	events.OnValue(func(_ *validator.Walker, v *ast.Value) {
		if v.Kind == ast.Variable {
			u.open = append(u.open, v)
		}
	})
	events.OnOperation(func(_ *validator.Walker, op *ast.OperationDefinition) { u.ops[op], u.open = u.open, nil })
	events.OnFragment(func(_ *validator.Walker, f *ast.FragmentDefinition) { u.fragments[f.Name], u.open = u.open, nil })
	return u
}

// check makes sure that an operation defines each variable that it uses, itself or in fragments, with a type that fits, and
// uses each that it defines.
func (u *uses) check(op *ast.OperationDefinition, m *measurer, fail func(*gqlerror.Error)) {
	defined := make(map[string]*ast.VariableDefinition, len(op.VariableDefinitions))
	for _, def := range op.VariableDefinitions {
		defined[def.Variable] = def
	}
	used := make(map[string]bool, len(defined))
	each := func(list []*ast.Value) {
		for _, v := range list {
			used[v.Raw] = true
			if e := misuse(op, defined[v.Raw], v); e != nil {
				fail(e)
			}
		}
	}
	each(u.ops[op])
	for _, name := range m.reached(op) {
		each(u.fragments[name])
	}
	for _, def := range op.VariableDefinitions {
		if !used[def.Variable] {
			fail(invalid(def.Position, "Variable \"$%s\" is never used%s.", def.Variable, inOperation(op)))
		}
	}
}

func inOperation(op *ast.OperationDefinition) string {
	if op.Name == "" {
		return ""
	}
	return ` in operation "` + op.Name + `"`
}

// misuse says what is wrong with a variable in its place, if anything.
func misuse(op *ast.OperationDefinition, def *ast.VariableDefinition, v *ast.Value) *gqlerror.Error {
	if def == nil {
		return invalid(v.Position, "Variable \"$%s\" is not defined%s.", v.Raw, inOperation(op))
	}
	if v.ExpectedType == nil {
		return nil
	}
	expected := *v.ExpectedType
	if v.ExpectedTypeHasDefault || def.DefaultValue != nil && def.DefaultValue.Kind != ast.NullValue {
		expected.NonNull = false // the default stands in for null
	}
	if def.Type.IsCompatible(&expected) {
		return nil
	}
	return invalid(v.Position, "Variable \"$%s\" of type %q used in position expecting type %q.", v.Raw, def.Type.String(), v.ExpectedType.String())
}

// reached lists the fragments that an operation spreads, directly or through others.
func (m *measurer) reached(op *ast.OperationDefinition) []string {
	var names []string
	seen := map[*fragment]bool{}
	var visit func(list []*fragment)
	visit = func(list []*fragment) {
		for _, f := range list {
			if !seen[f] {
				seen[f] = true
				names = append(names, f.def.Name)
				visit(f.spreads)
			}
		}
	}
	visit(m.operations[op])
	return names
}
