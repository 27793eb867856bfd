package document

import (
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"
)

// only checks an input object of which one field alone may be given, and not null. The library does not.
func only(def *ast.Definition, at *spot, given map[string]any, absent int) error {
	if def.Directives.ForName("oneOf") == nil {
		return nil
	}
	if n := len(given) + absent; n != 1 {
		return &InputError{Code: CodeInput, Place: at.String(), Detail: fmt.Sprintf("%s wants exactly one of its fields, got %d", def.Name, n)}
	}
	for name, v := range given {
		if v == nil {
			return badInput(at.member(name), "the one field of %s that is given cannot be null", def.Name)
		}
	}
	return nil
}

// onlyLiteral counts what a literal gives: a variable that the request left out stands for no field at all, which makes it none of one.
func (c *coercer) onlyLiteral(def *ast.Definition, v *ast.Value, at *spot, out map[string]any) error {
	if def.Directives.ForName("oneOf") == nil {
		return nil
	}
	unset := 0
	for _, child := range v.Children {
		if c.unset(child.Value) {
			unset++
		}
	}
	if unset > 0 && len(v.Children) == 1 {
		return badInput(at, "%s wants exactly one of its fields: the variable for it was left out", def.Name)
	}
	return only(def, at, out, unset)
}
