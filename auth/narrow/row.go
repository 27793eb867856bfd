package narrow

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

// caseOf reads one way in which a policy allows: comparisons of a row's fields.
func (p *Policy) caseOf(permission string, body ast.Body) (tenancy.Case, error) {
	var out tenancy.Case
	for _, e := range body {
		c, err := conditionOf(e)
		if err == nil {
			err = p.fits(permission, &c)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// The operators that become part of statements, and what they are with their sides exchanged.
var (
	operators = map[string]tenancy.Comparison{
		"eq": tenancy.Like, "equal": tenancy.Like, "neq": tenancy.Unlike, "gt": tenancy.More, "gte": tenancy.Least, "lt": tenancy.Less, "lte": tenancy.Most,
		"startswith": tenancy.Begins, "contains": tenancy.Contains, "internal.member_2": tenancy.In,
	}
	exchanged = map[tenancy.Comparison]tenancy.Comparison{
		tenancy.Like: tenancy.Like, tenancy.Unlike: tenancy.Unlike, tenancy.More: tenancy.Less, tenancy.Least: tenancy.Most, tenancy.Less: tenancy.More, tenancy.Most: tenancy.Least,
		tenancy.In: tenancy.Holds, // "X" in input.row.LIST
	}
)

func conditionOf(e *ast.Expr) (tenancy.Condition, error) {
	cannot := fmt.Errorf("%s cannot become part of a search: compare input.row.NAME with a value by ==, !=, <, <=, > or >=, startswith or contains, "+
		"or ask whether it is in a set of texts, or a text in it", e)
	if t, ok := e.Terms.(*ast.Term); ok { // input.row.promotionOptIn
		field, ok := rowField(t)
		if !ok || len(e.With) > 0 {
			return tenancy.Condition{}, cannot
		}
		return negated(tenancy.Condition{Field: field, Op: tenancy.Like, Value: true}, e.Negated), nil
	}
	op, ok := operators[e.Operator().String()]
	if !ok || len(e.Operands()) != 2 || len(e.With) > 0 {
		return tenancy.Condition{}, cannot
	}
	x, y := e.Operand(0), e.Operand(1)
	field, ok := rowField(x)
	if other := exchanged[op]; !ok && other != "" {
		x, y, op = y, x, other
		field, ok = rowField(x)
	}
	value, known := valueOf(y, op)
	if !ok || !known {
		return tenancy.Condition{}, cannot
	}
	return negated(tenancy.Condition{Field: field, Op: op, Value: value}, e.Negated), nil
}

func negated(c tenancy.Condition, not bool) tenancy.Condition {
	switch {
	case not && c.Op == tenancy.Like:
		c.Op = tenancy.Unlike
	case not:
		c.Not = true
	}
	return c
}

// rowField is the field that input.row.NAME names.
func rowField(t *ast.Term) (string, bool) {
	ref, ok := t.Value.(ast.Ref)
	if !ok || len(ref) != 3 || !ref.HasPrefix(ast.MustParseRef("input.row")) {
		return "", false
	}
	name, ok := ref[2].Value.(ast.String)
	return string(name), ok
}

// valueOf is a text, a number or a truth value; of In a list of texts.
func valueOf(t *ast.Term, op tenancy.Comparison) (any, bool) {
	if op == tenancy.In {
		return textsOf(t)
	}
	switch v := t.Value.(type) {
	case ast.String:
		return string(v), true
	case ast.Boolean:
		return bool(v), true
	case ast.Number:
		n, err := json.Number(v).Float64()
		return n, err == nil
	}
	return nil, false
}

func textsOf(t *ast.Term) (any, bool) {
	var out []string
	all := true
	add := func(x *ast.Term) {
		s, ok := x.Value.(ast.String)
		all = all && ok
		out = append(out, string(s))
	}
	switch v := t.Value.(type) {
	case ast.Set:
		v.Foreach(add)
	case *ast.Array:
		v.Foreach(add)
	default:
		return nil, false
	}
	return out, all
}

// fits reports what is wrong with a condition on rows of the permission's type. A text that a time is compared with it reads.
func (p *Policy) fits(permission string, c *tenancy.Condition) error {
	t := p.types[permission]
	if t == nil {
		return fmt.Errorf("%s is about no rows: input.row.%s says nothing there", permission, c.Field)
	}
	f := t.Field(c.Field)
	if f == nil || f.Hidden {
		return fmt.Errorf("%s has no field %s", t.Name, c.Field)
	}
	text, isText := c.Value.(string)
	number := f.Kind == catalogue.Int || f.Kind == catalogue.Float
	fine := false
	switch c.Op {
	case tenancy.Begins, tenancy.Contains:
		if text == "" {
			return fmt.Errorf("every %s of a %s begins with an empty text, and contains it: say another", c.Field, t.Name)
		}
		fine = isText && f.Kind == catalogue.Text
	case tenancy.Holds:
		fine = isText && f.Texts()
	case tenancy.More, tenancy.Least, tenancy.Less, tenancy.Most:
		if isText && f.Kind == catalogue.Time {
			at, err := time.Parse(time.RFC3339Nano, text)
			if err != nil {
				return fmt.Errorf("the time %s of a %s is compared with %q: write it as 2026-11-28T09:00:00Z", c.Field, t.Name, text)
			}
			c.Value = at.UTC()
			return nil
		}
		_, isNumber := c.Value.(float64)
		fine = isNumber && number
	default:
		fine = same(f.Kind, c.Value)
	}
	if !fine {
		return fmt.Errorf("the field %s of a %s cannot be compared with %v%s", c.Field, t.Name, c.Value, how(f))
	}
	return nil
}

// same reports whether fields of a kind can have a value, or one of a list.
func same(k catalogue.ValueKind, v any) bool {
	switch v.(type) {
	case string, []string:
		return k == catalogue.Text || k == catalogue.IDValue
	case bool:
		return k == catalogue.Bool
	case float64:
		return k == catalogue.Int || k == catalogue.Float
	}
	return false
}

// how says how a field can be compared.
func how(f *catalogue.Field) string {
	switch {
	case f.Kind == catalogue.Text:
		return ": compare it by == or !=, startswith or contains with a text, or ask whether it is in a set of texts"
	case f.Kind == catalogue.IDValue:
		return ": compare it by == or != with an id, as a text, or ask whether it is in a set of them"
	case f.Kind == catalogue.Int, f.Kind == catalogue.Float:
		return ": compare it by ==, !=, <, <=, > or >= with a number"
	case f.Kind == catalogue.Bool:
		return ": compare it by == or != with true or false"
	case f.Kind == catalogue.Time:
		return ": compare it by <, <=, > or >= with a time such as \"2026-11-28T09:00:00Z\""
	case f.Texts():
		return ": ask whether a text is in it"
	}
	return ""
}
