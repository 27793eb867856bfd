package narrow

import (
	"encoding/json"
	"fmt"
	"slices"

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
			err = p.fits(permission, c)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// The operators that become part of statements.
var operators = map[string]tenancy.Comparison{"eq": tenancy.Like, "equal": tenancy.Like, "neq": tenancy.Unlike, "internal.member_2": tenancy.In}

func conditionOf(e *ast.Expr) (tenancy.Condition, error) {
	cannot := fmt.Errorf("%s cannot become part of a search: compare input.row.NAME with a value by == or !=, or ask whether it is in a set of texts", e)
	if t, ok := e.Terms.(*ast.Term); ok { // input.row.promotionOptIn
		field, ok := rowField(t)
		if !ok || len(e.With) > 0 {
			return tenancy.Condition{}, cannot
		}
		return negated(tenancy.Condition{Field: field, Op: tenancy.Like, Value: true}, e.Negated, cannot)
	}
	op, ok := operators[e.Operator().String()]
	if !ok || len(e.Operands()) != 2 || len(e.With) > 0 {
		return tenancy.Condition{}, cannot
	}
	x, y := e.Operand(0), e.Operand(1)
	field, ok := rowField(x)
	if !ok && op != tenancy.In {
		x, y = y, x
		field, ok = rowField(x)
	}
	value, known := valueOf(y, op)
	if !ok || !known {
		return tenancy.Condition{}, cannot
	}
	return negated(tenancy.Condition{Field: field, Op: op, Value: value}, e.Negated, cannot)
}

func negated(c tenancy.Condition, not bool, cannot error) (tenancy.Condition, error) {
	switch {
	case !not:
		return c, nil
	case c.Op == tenancy.Like:
		c.Op = tenancy.Unlike
		return c, nil
	}
	return c, cannot
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

// fits reports what is wrong with a condition on rows of the permission's type.
func (p *Policy) fits(permission string, c tenancy.Condition) error {
	t := p.types[permission]
	if t == nil {
		return fmt.Errorf("%s is about no rows: input.row.%s says nothing there", permission, c.Field)
	}
	f := t.Field(c.Field)
	if f == nil || f.Hidden {
		return fmt.Errorf("a %s has no field %s", t.Name, c.Field)
	}
	kinds := []catalogue.ValueKind{}
	switch c.Value.(type) {
	case string, []string:
		kinds = append(kinds, catalogue.Text, catalogue.IDValue)
	case bool:
		kinds = append(kinds, catalogue.Bool)
	case float64:
		kinds = append(kinds, catalogue.Int, catalogue.Float)
	}
	if !slices.Contains(kinds, f.Kind) {
		return fmt.Errorf("the field %s of a %s cannot be compared with %v", c.Field, t.Name, c.Value)
	}
	return nil
}
