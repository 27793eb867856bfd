package document

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/form"
)

// InputError says that a value does not fit its type.
type InputError struct {
	Code   string
	Place  string // input.items[2].quantity
	Detail string
}

// Error prints place and detail.
func (e *InputError) Error() string {
	if e.Place == "" {
		return e.Detail
	}
	return e.Place + ": " + e.Detail
}

func badInput(at *spot, format string, args ...any) *InputError {
	return &InputError{Code: CodeInput, Place: at.String(), Detail: cut(fmt.Sprintf(format, args...), maxMessage)}
}

// coercer turns JSON values and literals into Go values of their GraphQL types: Int int, Float float64, String, ID and
// enums string, Boolean bool, DateTime time.Time in UTC, Json any JSON value with numbers as json.Number; lists []any, input objects
// map[string]any with absent fields left out.
type coercer struct {
	schema *ast.Schema
	vars   map[string]any // coerced variables, for literals; nil while variables themselves are coerced
}

// fromJSON coerces a decoded JSON value.
func (c *coercer) fromJSON(t *ast.Type, v any, at *spot) (any, error) {
	if v == nil {
		if t.NonNull {
			return nil, &InputError{Code: CodeMissing, Place: at.String(), Detail: fmt.Sprintf("a value of type %s is required", t)}
		}
		return nil, nil
	}
	if t.Elem != nil {
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		out := make([]any, len(list))
		for i, x := range list {
			var err error
			if out[i], err = c.fromJSON(t.Elem, x, at.element(i, ok)); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	def := c.schema.Types[t.NamedType]
	switch def.Kind {
	case ast.InputObject:
		object, ok := v.(map[string]any)
		if !ok {
			return nil, badInput(at, "want an object of type %s, got %s", def.Name, kindOf(v))
		}
		return c.objectFromJSON(def, object, at)
	case ast.Enum:
		s, ok := v.(string)
		if !ok || def.EnumValues.ForName(s) == nil {
			return nil, badInput(at, "%v is not a value of %s", v, def.Name)
		}
		return s, nil
	default:
		return scalar(def.Name, v, at)
	}
}

func (c *coercer) objectFromJSON(def *ast.Definition, object map[string]any, at *spot) (any, error) {
	for name := range object {
		if def.Fields.ForName(name) == nil {
			return nil, badInput(at.member(name), "%s has no such field", def.Name)
		}
	}
	out := make(map[string]any, len(object))
	for _, f := range def.Fields {
		v, ok := object[f.Name]
		if !ok {
			if err := c.absent(out, f, at); err != nil {
				return nil, err
			}
			continue
		}
		var err error
		if out[f.Name], err = c.fromJSON(f.Type, v, at.member(f.Name)); err != nil {
			return nil, err
		}
	}
	return out, only(def, at, out, 0)
}

// absent gives a field that was not sent its default, or complains if it has to be there.
func (c *coercer) absent(out map[string]any, f *ast.FieldDefinition, at *spot) error {
	if f.DefaultValue != nil {
		v, err := c.fromLiteral(f.Type, f.DefaultValue, at.member(f.Name))
		if err != nil {
			return err
		}
		out[f.Name] = v
		return nil
	}
	if f.Type.NonNull {
		return &InputError{Code: CodeMissing, Place: at.member(f.Name).String(), Detail: fmt.Sprintf("a value of type %s is required", f.Type)}
	}
	return nil
}

// fromLiteral coerces a literal, in which variables may stand anywhere.
func (c *coercer) fromLiteral(t *ast.Type, v *ast.Value, at *spot) (any, error) {
	if v.Kind == ast.Variable {
		value := c.vars[v.Raw]
		if value == nil && t.NonNull {
			return nil, &InputError{Code: CodeMissing, Place: at.String(), Detail: fmt.Sprintf("a value of type %s is required", t)}
		}
		return value, nil
	}
	if v.Kind == ast.NullValue {
		return c.fromJSON(t, nil, at)
	}
	if t.Elem != nil {
		return c.listFromLiteral(t, v, at)
	}
	def := c.schema.Types[t.NamedType]
	switch {
	case def.Kind == ast.InputObject && v.Kind == ast.ObjectValue:
		return c.objectFromLiteral(def, v, at)
	case def.Kind == ast.InputObject:
		return nil, badInput(at, "want an object of type %s", def.Name)
	case def.Kind == ast.Enum:
		return v.Raw, nil
	case def.Name == "Json":
		value, err := c.jsonLiteral(v)
		if err != nil {
			return nil, badInput(at, "%s is not a Json value", v)
		}
		return value, storable(value, at)
	}
	plain, err := plainLiteral(v)
	if err != nil {
		return nil, badInput(at, "%s is not a %s", v.Raw, def.Name)
	}
	return scalar(def.Name, plain, at)
}

func (c *coercer) listFromLiteral(t *ast.Type, v *ast.Value, at *spot) (any, error) {
	if v.Kind != ast.ListValue {
		one, err := c.fromLiteral(t.Elem, v, at)
		if err != nil {
			return nil, err
		}
		return []any{one}, nil
	}
	out := make([]any, len(v.Children))
	for i, child := range v.Children {
		var err error
		if out[i], err = c.fromLiteral(t.Elem, child.Value, at.element(i, true)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (c *coercer) objectFromLiteral(def *ast.Definition, v *ast.Value, at *spot) (any, error) {
	out := make(map[string]any, len(v.Children))
	for _, f := range def.Fields {
		child := v.Children.ForName(f.Name)
		if child == nil || c.unset(child) {
			if err := c.absent(out, f, at); err != nil {
				return nil, err
			}
			continue
		}
		var err error
		if out[f.Name], err = c.fromLiteral(f.Type, child, at.member(f.Name)); err != nil {
			return nil, err
		}
	}
	return out, c.onlyLiteral(def, v, at, out)
}

// unset says whether a literal is a variable that the request left out: that means the field is absent, not null.
func (c *coercer) unset(v *ast.Value) bool {
	if v.Kind != ast.Variable {
		return false
	}
	_, ok := c.vars[v.Raw]
	return !ok
}

func (c *coercer) jsonLiteral(v *ast.Value) (any, error) {
	switch v.Kind {
	case ast.Variable:
		return c.vars[v.Raw], nil
	case ast.ListValue:
		out := make([]any, len(v.Children))
		for i, child := range v.Children {
			var err error
			if out[i], err = c.jsonLiteral(child.Value); err != nil {
				return nil, err
			}
		}
		return out, nil
	case ast.ObjectValue:
		out := make(map[string]any, len(v.Children))
		for _, child := range v.Children {
			var err error
			if out[child.Name], err = c.jsonLiteral(child.Value); err != nil {
				return nil, err
			}
		}
		return out, nil
	default:
		return plainLiteral(v)
	}
}

func plainLiteral(v *ast.Value) (any, error) {
	switch v.Kind {
	case ast.IntValue, ast.FloatValue:
		return json.Number(v.Raw), nil
	case ast.StringValue, ast.BlockValue:
		return v.Raw, nil
	case ast.BooleanValue:
		return v.Raw == "true", nil
	case ast.NullValue:
		return nil, nil
	default:
		return nil, fmt.Errorf("no plain value: %s", v)
	}
}

func scalar(name string, v any, at *spot) (any, error) {
	switch name {
	case "Int":
		return integer(v, at)
	case "Float":
		if n, ok := v.(json.Number); ok {
			if f, err := n.Float64(); err == nil && !math.IsInf(f, 0) {
				return f, nil
			}
		}
	case "BigDecimal":
		return decimal(v, at)
	case "Boolean":
		if b, ok := v.(bool); ok {
			return b, nil
		}
	case "String":
		if s, ok := v.(string); ok {
			return text(v, s, at)
		}
	case "ID":
		return identifier(v, at)
	case "DateTime":
		return moment(v, at)
	case "Json":
		return v, storable(v, at)
	}
	return nil, badInput(at, "want a value of type %s, got %s", name, kindOf(v))
}

func identifier(v any, at *spot) (any, error) {
	switch x := v.(type) {
	case string:
		return text(v, x, at)
	case json.Number:
		if _, err := strconv.ParseInt(x.String(), 10, 64); err == nil {
			return x.String(), nil
		}
	}
	return nil, badInput(at, "want a value of type ID, got %s", kindOf(v))
}

// text gives back v, whose text is s, for to make a value of it again would take memory. It refuses NUL, which no column can hold.
func text(v any, s string, at *spot) (any, error) {
	if wrong := withoutNUL(s); wrong != nil {
		return nil, wrong.in(at.String())
	}
	return v, nil
}

func withoutNUL(s string) *InputError {
	if strings.ContainsRune(s, 0) {
		return badInput(nil, "the text contains a NUL character")
	}
	return nil
}

// maxJSONDepth is how deep a Json value may be nested.
const maxJSONDepth = 100

// storable refuses Json values that no column can hold: NUL characters, numbers beyond all bounds, bottomless nesting.
func storable(v any, at *spot) error {
	wrong := unstorable(v, 0)
	if wrong == nil {
		return nil
	}
	wrong.Place = cut(at.String()+wrong.Place, maxSpot)
	return wrong
}

// unstorable says what cannot be stored, with a place that is told on the way back from there.
func unstorable(v any, depth int) *InputError {
	if depth > maxJSONDepth {
		return badInput(nil, "the value is nested more than %d levels deep", maxJSONDepth)
	}
	switch v := v.(type) {
	case string:
		return withoutNUL(v)
	case json.Number:
		if err := catalogue.CheckNumber(v.String()); err != nil {
			return badInput(nil, "%s", fault.Of(err).Detail)
		}
	case []any:
		for i, x := range v {
			if wrong := unstorable(x, depth+1); wrong != nil {
				return wrong.in("[" + strconv.Itoa(i) + "]")
			}
		}
	case map[string]any:
		for k, x := range v {
			if wrong := withoutNUL(k); wrong != nil {
				return wrong
			}
			if wrong := unstorable(x, depth+1); wrong != nil {
				return wrong.in("." + cut(k, maxSpot))
			}
		}
	}
	return nil
}

// in says that the place is inside another.
func (e *InputError) in(outer string) *InputError {
	e.Place = cut(outer+e.Place, maxSpot)
	return e
}

func moment(v any, at *spot) (any, error) {
	if s, ok := v.(string); ok {
		if t, err := form.Moment(s); err == nil {
			return t, nil
		}
	}
	wrong := badInput(at, "%v is not a date such as 2026-01-31T10:00:00.000Z", v)
	wrong.Code = fault.CodeDate
	return nil, wrong
}

func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case json.Number:
		return "a number"
	case []any:
		return "a list"
	default:
		return "an object"
	}
}

// spot is a place in a value. It becomes text only when something is wrong there: long names around large values would
// otherwise be copied for each element.
type spot struct {
	up    *spot
	name  string
	index int    // of an element, where name is empty
	sign  string // before the name
}

// maxSpot is how many bytes a place's text may have.
const maxSpot = 200

func named(name string) *spot { return &spot{name: name} }

func variable(name string) *spot { return &spot{name: name, sign: "$"} }

func (s *spot) member(name string) *spot { return &spot{up: s, name: name} }

// element is a list's element; a single value that stands for a list keeps the list's own place.
func (s *spot) element(i int, list bool) *spot {
	if !list {
		return s
	}
	return &spot{up: s, index: i}
}

// String prints a place as input.items[2].quantity.
func (s *spot) String() string {
	var parts []string
	for ; s != nil; s = s.up {
		switch {
		case s.name == "":
			parts = append(parts, "["+strconv.Itoa(s.index)+"]")
		case s.up == nil:
			parts = append(parts, cut(s.sign+s.name, maxSpot))
		default:
			parts = append(parts, "."+cut(s.name, maxSpot))
		}
	}
	slices.Reverse(parts)
	return cut(strings.Join(parts, ""), maxSpot)
}
