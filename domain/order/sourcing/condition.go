package sourcing

import (
	"fmt"
	"strings"

	"github.com/fluent-oms/fluent/domain/path"
)

// operators compare one value found at the path with the condition's value. A wrong type of value is an error.
var operators = map[string]func(got, want any) (bool, error){
	"equals":                 func(g, w any) (bool, error) { return path.Equal(g, w), nil },
	"not_equals":             func(g, w any) (bool, error) { return !path.Equal(g, w), nil },
	"greater_than":           ordered(func(c int) bool { return c > 0 }),
	"greater_than_or_equals": ordered(func(c int) bool { return c >= 0 }),
	"less_than":              ordered(func(c int) bool { return c < 0 }),
	"less_than_or_equals":    ordered(func(c int) bool { return c <= 0 }),
	"between":                between,
	"in":                     member,
	"not_in":                 func(g, w any) (bool, error) { ok, err := member(g, w); return !ok, err },
	"exists":                 func(any, any) (bool, error) { return true, nil },
	"not_exists":             func(any, any) (bool, error) { return false, nil },
	"contains":               contains,
}

// Holds evaluates the condition in a context. It fails on a configuration error: an unknown operator, a list without a scope, or
// values that cannot be compared.
func (c Condition) Holds(context any) (bool, error) {
	if err := c.check(); err != nil {
		return false, err
	}
	op := operators[c.Operator]
	values, list := path.All(context, c.Path)
	if len(values) == 0 {
		return c.Operator == "not_exists" || c.Operator == "not_in" || c.Scope == "NONE", nil
	}
	if list && c.Scope != "ALL" && c.Scope != "ANY" && c.Scope != "NONE" {
		return false, fmt.Errorf("condition on %s: the path gives a list, so conditionScope must be ALL, ANY or NONE", c.Path)
	}
	hits := 0
	for _, v := range values {
		hit, err := op(v, c.Value)
		if err != nil {
			return false, fmt.Errorf("condition on %s: %w", c.Path, err)
		}
		if hit {
			hits++
		}
	}
	switch c.Scope {
	case "ANY":
		return hits > 0, nil
	case "NONE":
		return hits == 0, nil
	}
	return hits == len(values), nil
}

func ordered(test func(int) bool) func(got, want any) (bool, error) {
	return func(got, want any) (bool, error) {
		c, ok := path.Compare(got, want)
		if !ok {
			return false, fmt.Errorf("%v and %v have no order", got, want)
		}
		return test(c), nil
	}
}

func between(got, want any) (bool, error) {
	bounds, ok := want.([]any)
	if !ok || len(bounds) != 2 {
		return false, fmt.Errorf("between wants a list of two values, not %v", want)
	}
	low, ok1 := path.Compare(got, bounds[0])
	high, ok2 := path.Compare(got, bounds[1])
	if !ok1 || !ok2 {
		return false, fmt.Errorf("%v and %v have no order", got, want)
	}
	return low >= 0 && high <= 0, nil
}

func member(got, want any) (bool, error) {
	list, ok := want.([]any)
	if !ok {
		return false, fmt.Errorf("want a list of values, not %v", want)
	}
	for _, w := range list {
		if path.Equal(got, w) {
			return true, nil
		}
	}
	return false, nil
}

func contains(got, want any) (bool, error) {
	return strings.Contains(path.Text(got), path.Text(want)), nil
}
