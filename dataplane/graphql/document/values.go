package document

import (
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/core"
)

// values adds the rule that literals fit the types of their places. The library's own rule prints and evaluates a literal anew at
// each of its levels.
func values(events *validator.Events, add validator.AddErrFunc) {
	events.OnValue(func(_ *validator.Walker, v *ast.Value) {
		if v.Definition == nil || v.ExpectedType == nil || v.Kind == ast.Variable {
			return
		}
		fail := func(format string, args ...any) { add(validator.Message(format, args...), core.At(v.Position)) }
		switch {
		case v.Kind == ast.NullValue:
			if v.ExpectedType.NonNull {
				fail(`Expected value of type "%s", found null.`, v.ExpectedType.String())
			}
		case v.Definition.Kind == ast.Scalar:
			scalarLiteral(v, fail)
		case v.Kind == ast.ListValue:
			if v.ExpectedType.Elem == nil {
				fail(`Expected value of type "%s", found a list.`, v.ExpectedType.String())
			}
		case v.Definition.Kind == ast.Enum:
			if v.Kind != ast.EnumValue || v.Definition.EnumValues.ForName(v.Raw) == nil {
				fail(`Value %s does not exist in "%s" enum.`, shown(v), v.Definition.Name)
			}
		case v.Definition.Kind == ast.InputObject:
			objectLiteral(v, fail, add)
		}
	})
}

// kindsOf are the literals that a scalar of the language takes. Other scalars take any; coercion decides about them.
var kindsOf = map[string][]ast.ValueKind{
	"Int": {ast.IntValue}, "Float": {ast.IntValue, ast.FloatValue}, "String": {ast.StringValue, ast.BlockValue},
	"ID": {ast.IntValue, ast.StringValue, ast.BlockValue}, "Boolean": {ast.BooleanValue},
}

func scalarLiteral(v *ast.Value, fail func(string, ...any)) {
	kinds, known := kindsOf[v.Definition.Name]
	if !known || v.Kind == ast.ListValue && v.ExpectedType.Elem != nil {
		return
	}
	for _, k := range kinds {
		if k == v.Kind {
			if _, err := strconv.ParseInt(v.Raw, 10, 32); err != nil && v.Definition.Name == "Int" {
				fail("Int cannot represent non 32-bit signed integer value: %s", shown(v))
			}
			return
		}
	}
	fail("%s cannot represent %s", v.Definition.Name, shown(v))
}

func objectLiteral(v *ast.Value, fail func(string, ...any), add validator.AddErrFunc) {
	if v.Kind != ast.ObjectValue {
		fail(`Expected value of type "%s", found %s.`, v.ExpectedType.String(), shown(v))
		return
	}
	for _, f := range v.Definition.Fields {
		if f.Type.NonNull && f.DefaultValue == nil && v.Children.ForName(f.Name) == nil {
			fail(`Field "%s.%s" of required type "%s" was not provided.`, v.Definition.Name, f.Name, f.Type.String())
		}
	}
	for _, child := range v.Children {
		if v.Definition.Fields.ForName(child.Name) == nil {
			add(validator.Message(`Field "%s" is not defined by type "%s".`, child.Name, v.Definition.Name), core.At(child.Position))
		}
	}
}

// shown prints a literal for a message, cut where it is long.
func shown(v *ast.Value) string {
	const most = 60
	switch {
	case v.Kind == ast.ListValue:
		return "a list"
	case v.Kind == ast.ObjectValue:
		return "an object"
	case len(v.Raw) > most:
		return strconv.Quote(v.Raw[:most]) + "…"
	case v.Kind == ast.StringValue, v.Kind == ast.BlockValue:
		return strconv.Quote(v.Raw)
	default:
		return v.Raw
	}
}
