package store

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

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
	text := comparison("t."+col.name, col.kind.castType(), x.Op, next)
	if x.Not {
		return "(" + text + ") IS NOT TRUE"
	}
	return text
}

// comparison compares a column with a parameter.
func comparison(name, cast string, op tenancy.Comparison, next func(cast string) string) string {
	switch op {
	case tenancy.Like:
		return name + " = " + next(cast)
	case tenancy.Unlike:
		return name + " IS DISTINCT FROM " + next(cast)
	case tenancy.More, tenancy.Least, tenancy.Less, tenancy.Most:
		if cast != kindTime.castType() {
			cast = kindFloat.castType() // integers are compared with 2.5, too
		}
		return fmt.Sprintf("%s %s %s", name, op, next(cast))
	case tenancy.Begins:
		return fmt.Sprintf("strpos(%s, %s) = 1", name, next(cast))
	case tenancy.Contains:
		return fmt.Sprintf("strpos(%s, %s) > 0", name, next(cast))
	case tenancy.Holds:
		return fmt.Sprintf("%s @> %s::JSONB", name, next(cast))
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
			args = append(args, argument(col, x))
		}
	}
	return args
}

// argument is what a condition's parameter stands for.
func argument(col column, x tenancy.Condition) any {
	switch v := x.Value.(type) {
	case []string:
		values := make(array, len(v))
		for i, text := range v {
			values[i] = operand(col, text)
		}
		return values
	case string:
		if x.Op == tenancy.Holds {
			list, _ := json.Marshal([]string{v}) // texts can be written
			return string(list)
		}
	case float64:
		if x.Op != tenancy.Like && x.Op != tenancy.Unlike {
			return v
		}
	}
	return operand(col, x.Value)
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
	_, many := x.Value.([]string)
	switch x.Op {
	case tenancy.Like, tenancy.Unlike:
		return col, !many && equal(col, x.Value)
	case tenancy.In:
		return col, many && equal(col, x.Value)
	case tenancy.More, tenancy.Least, tenancy.Less, tenancy.Most:
		return col, ordered(col, x.Value)
	case tenancy.Begins, tenancy.Contains:
		_, text := x.Value.(string)
		return col, text && col.kind == kindText
	case tenancy.Holds:
		_, text := x.Value.(string)
		return col, text && f.Texts()
	}
	return column{}, false
}

// equal reports whether values of a column can be the same as a value, or as one of a list.
func equal(col column, v any) bool {
	switch v := v.(type) {
	case string, []string:
		return col.kind == kindText || col.kind == kindNumberID || col.kind == kindUUID
	case bool:
		return col.kind == kindBool
	case float64:
		return col.kind == kindFloat || col.kind == kindInt && v == float64(int64(v))
	}
	return false
}

// ordered reports whether values of a column can be more or less than a value.
func ordered(col column, v any) bool {
	switch v.(type) {
	case float64:
		return col.kind == kindFloat || col.kind == kindInt
	case time.Time:
		return col.kind == kindTime
	}
	return false
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
