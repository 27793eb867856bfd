package sourcing

import (
	"fmt"
	"math"
	"time"

	"github.com/fluent-oms/fluent/domain/path"
)

// Compiler makes a program of an expression, given the names that it may use beside place; an error says where the expression is wrong.
type Compiler func(expression string, inputs []string) (Program, error)

// Program is a compiled expression. It may be run by several goroutines at once.
type Program interface {
	// Rate runs the expression for one place. Inputs are what the criterion reads from the request; one that has no value is missing.
	Rate(place, inputs map[string]any) (float64, error)
}

// custom makes the rater of an expression. Parameters: expression, and inputs, which names paths of the sourcing context that the expression
// reads as inputs.NAME.
func (c Criterion) custom(compile Compiler) (rater, error) {
	text, ok := c.Params["expression"].(string)
	if !ok {
		return nil, c.wants("expression", "a text")
	}
	paths, _ := c.Params["inputs"].(map[string]any)
	names := make([]string, 0, len(paths))
	for name, at := range paths {
		if _, ok := at.(string); !ok {
			return nil, c.wants("inputs", "paths by name")
		}
		names = append(names, name)
	}
	for name := range c.Params {
		if name != "expression" && name != "inputs" {
			return nil, fmt.Errorf("criterion %s: there is no parameter %s", c.Type, name)
		}
	}
	if compile == nil {
		return nil, fmt.Errorf("criterion %s: nothing here compiles expressions", c.label())
	}
	program, err := compile(text, names)
	if err != nil {
		return nil, fmt.Errorf("criterion %s: %w", c.label(), err)
	}
	return func(v *view, out []score) error { return c.run(v, program, paths, out) }, nil
}

// label is how errors name the criterion.
func (c Criterion) label() string {
	if c.Name != "" {
		return c.Name
	}
	return c.Type
}

// run rates each candidate. One at which the expression fails, most likely for want of data, is left out, so that it does not keep the order
// from being sourced elsewhere; where it fails at all of them, or gives what is no rating, the profile is wrong.
func (c Criterion) run(v *view, p Program, paths map[string]any, out []score) error {
	inputs := make(map[string]any, len(paths))
	for name, at := range paths {
		value, _ := path.First(v.request.Context, at.(string))
		if value = scalar(value); value != nil {
			inputs[name] = value
		}
	}
	failed := 0
	for i := range v.candidates {
		l := v.candidates[i].location
		value, err := p.Rate(v.facts(i), inputs)
		switch {
		case err != nil:
			out[i] = score{value: Out, unknown: true}
			if failed++; v.fault == nil {
				v.fault = fmt.Errorf("criterion %s at %s: %w", c.label(), l.Ref, err)
			}
		case value != Out && !(value >= 0 && value <= 1):
			return fmt.Errorf("criterion %s at %s: %v is no rating: from 0 to 1, or -1 for a place that is out", c.label(), l.Ref, value)
		default:
			out[i] = score{value: value}
		}
	}
	if failed > 0 && failed == len(v.candidates) {
		return v.fault
	}
	return nil
}

// PlaceFacts are the members of place that expressions may read. Figures are decimals. What is not known of a place is not there: has(place.x)
// asks.
func PlaceFacts() []string {
	return []string{"ref", "type", "networks", "routes", "pickup", "attributes", "units", "unitsNeeded", "share", "createdToday", "kilometres", "dailyCapacity",
		"handlingCost", "hoursUntilOpen"}
}

// facts is what is known of a candidate, by PlaceFacts.
func (v *view) facts(i int) map[string]any {
	c := &v.candidates[i]
	l := c.location
	out := map[string]any{"ref": l.Ref, "type": l.Type, "networks": l.Networks, "routes": l.Routes, "pickup": l.Ref == v.request.PickupLocation, "attributes": l.Attributes,
		"units": float64(c.units), "unitsNeeded": float64(v.total), "share": v.share(c), "createdToday": float64(l.CreatedToday)}
	if l.Attributes == nil {
		out["attributes"] = map[string]any{}
	}
	if km := v.distances().exact[i]; !math.IsNaN(km) {
		out["kilometres"] = km
	}
	for name, figure := range map[string]*float64{"dailyCapacity": l.DailyCapacity, "handlingCost": l.HandlingCost, "hoursUntilOpen": l.HoursUntilOpen} {
		if figure != nil {
			out[name] = *figure
		}
	}
	return out
}

// scalar makes of a value of the context what an expression can read: numbers are decimals.
func scalar(v any) any {
	switch v := v.(type) {
	case nil, string, bool, time.Time, []any, map[string]any:
		return v
	case *time.Time:
		if v != nil {
			return *v
		}
		return nil
	}
	if n, ok := path.Number(v); ok {
		return n
	}
	return path.Text(v)
}
