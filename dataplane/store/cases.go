package store

import (
	"fmt"
	"strings"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

// casesText is the condition that one of some cases holds for the rows t of a type. What a case says of a field that the type has not, or that cannot be
// compared, holds for no row.
func (m *model) casesText(cases []tenancy.Case, next func(cast string) string) string {
	all := make([]string, len(cases))
	for i, c := range cases {
		parts := []string{"true"}
		for _, x := range c {
			parts = append(parts, m.caseText(x, next))
		}
		all[i] = "(" + strings.Join(parts, " AND ") + ")"
	}
	return "(" + strings.Join(all, " OR ") + ")"
}

func (m *model) caseText(x tenancy.Condition, next func(cast string) string) string {
	col, ok := m.compared(x)
	if !ok {
		return "false"
	}
	name, cast := "t."+col.name, col.kind.castType()
	switch x.Op {
	case tenancy.Like:
		return name + " = " + next(cast)
	case tenancy.Unlike:
		return name + " IS DISTINCT FROM " + next(cast)
	default:
		return fmt.Sprintf("%s = ANY (%s)", name, next(cast+"[]"))
	}
}

// casesArguments appends what the parameters of casesText stand for.
func (m *model) casesArguments(args []any, cases []tenancy.Case) []any {
	for _, c := range cases {
		for _, x := range c {
			col, ok := m.compared(x)
			if !ok {
				continue
			}
			list, many := x.Value.([]string)
			if !many {
				args = append(args, operand(col, x.Value))
				continue
			}
			values := make(array, len(list))
			for i, v := range list {
				values[i] = operand(col, v)
			}
			args = append(args, values)
		}
	}
	return args
}

// compared is the column that a condition is about.
func (m *model) compared(x tenancy.Condition) (column, bool) {
	f := m.typ.Field(x.Field)
	if f == nil || f.Hidden {
		return column{}, false
	}
	col, err := m.column(f)
	if err != nil {
		return column{}, false
	}
	switch v := x.Value.(type) {
	case string:
		return col, col.kind == kindText || col.kind == kindNumberID || col.kind == kindUUID
	case []string:
		return col, (col.kind == kindText || col.kind == kindNumberID || col.kind == kindUUID) && x.Op == tenancy.In
	case bool:
		return col, col.kind == kindBool
	case float64:
		return col, col.kind == kindFloat || col.kind == kindInt && v == float64(int64(v))
	}
	return column{}, false
}

// operand is a value as a column's parameter; nil, and like nothing, for an id that no row can have.
func operand(col column, v any) any {
	switch v := v.(type) {
	case string:
		if col.kind == kindText {
			return v
		}
		return idArg(col.kind, catalogue.ID(v))
	case float64:
		if col.kind == kindInt {
			return int64(v)
		}
	}
	return v
}
