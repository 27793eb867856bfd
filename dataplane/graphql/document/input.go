package document

import (
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"
)

// Input coerces a decoded JSON value, whose numbers are json.Number, to an input type of the schema, as a variable of that type would be. The error is
// an InputError at a place below the one that is given.
func Input(schema *ast.Schema, name string, value any, place string) (map[string]any, error) {
	if schema.Types[name] == nil {
		return nil, fmt.Errorf("the schema has no input %s", name)
	}
	c := &coercer{schema: schema}
	v, err := c.fromJSON(ast.NonNullNamedType(name, nil), value, named(place))
	if err != nil {
		return nil, err
	}
	object, _ := v.(map[string]any)
	return object, nil
}
