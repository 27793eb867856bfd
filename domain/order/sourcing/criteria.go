package sourcing

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fluent-oms/fluent/domain/path"
)

// rater rates all candidates of a view at once. What is missing is never read as best: such a candidate is rated as the worst are, and comes
// after them.
type rater func(v *view, out []score) error

// kind is a kind of criterion: the parameters that it knows, and how it is made from them.
type kind struct {
	params string // by blanks
	rater  func(c Criterion) (rater, error)
}

// criteria are the kinds that there are, by the last part of their type. One that an expression rates is made by a Compiler.
var criteria = map[string]kind{
	"locationDistance":               {"", plain(rateDistance)},
	"locationDistanceBanded":         {"value valueUnit", rateDistanceBanded},
	"locationDistanceExclusion":      {"value valueUnit", rateDistanceExclusion},
	"locationTypeExclusion":          {"value", rateTypeExclusion},
	"locationNetworkExclusion":       {"value", rateNetworkExclusion},
	"networkPriority":                {"value", rateNetworkPriority},
	"inventoryAvailability":          {"", plain(rateAvailability)},
	"inventoryAvailabilityBanded":    {"value", rateAvailabilityBanded},
	"inventoryAvailabilityExclusion": {"value", rateAvailabilityExclusion},
	"orderValue":                     {"", plain(rateOrderValue)},
	"locationDailyCapacity":          {"", plain(rateDailyCapacity)},
	"lowestSellThrough":              {"window", rateSellThrough},
	"oldestStock":                    {"", plain(rateOldestStock)},
	"highestMarkdown":                {"", plain(rateMarkdown)},
	"pickupLocationOnly":             {"", plain(ratePickup(Out))},
	"pickupLocationFirst":            {"", plain(ratePickup(0))},
	"replenishmentRoute":             {"", plain(rateReplenishment)},
	"locationExclusionList":          {"value", rateExclusionList},
	"costToServe":                    {"rate valueUnit defaultHandlingCost", rateCost},
}

// Custom is the kind of criterion whose rating is an expression: a number from 0 to 1, higher better, or -1 for a place that is out.
const Custom = "expression"

// Criterion rates locations: its type, of which only the part after the last dot counts, and its parameters.
type Criterion struct {
	Name   string         `json:"name,omitempty"`
	Type   string         `json:"type"`
	Params map[string]any `json:"params,omitempty"`
}

// kind is the criterion's name without a prefix: fc.sourcing.criterion.locationDistance → locationDistance.
func (c Criterion) kind() string { return c.Type[strings.LastIndexByte(c.Type, '.')+1:] }

// rater makes what rates by the criterion; an error says which parameter is missing, wrong or unknown.
func (c Criterion) rater(compile Compiler) (rater, error) {
	if c.kind() == Custom {
		return c.custom(compile)
	}
	k, ok := criteria[c.kind()]
	if !ok {
		return nil, fmt.Errorf("unknown criterion %q", c.Type)
	}
	known := strings.Fields(k.params)
	for name := range c.Params {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("criterion %s: there is no parameter %s", c.Type, name)
		}
	}
	return k.rater(c)
}

// rated makes the strategy's raters, or gives those that were made when the profile was prepared.
func (s *Strategy) rated(compile Compiler) ([]rater, error) {
	if s.raters != nil {
		return s.raters, nil
	}
	if len(s.Criteria) > maxCriteria {
		return nil, fmt.Errorf("%d criteria, at most %d", len(s.Criteria), maxCriteria)
	}
	out := make([]rater, len(s.Criteria))
	for i, c := range s.Criteria {
		var err error
		if out[i], err = c.rater(compile); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// plain is a criterion without parameters.
func plain(rate func(v *view, out []score)) func(Criterion) (rater, error) {
	return func(Criterion) (rater, error) {
		return func(v *view, out []score) error { rate(v, out); return nil }, nil
	}
}

// each rates every candidate by itself.
func each(rate func(v *view, c *candidate) score) (rater, error) {
	return func(v *view, out []score) error {
		for i := range v.candidates {
			out[i] = rate(v, &v.candidates[i])
		}
		return nil
	}, nil
}

func inOrOut(in bool) score {
	if in {
		return score{value: 1}
	}
	return score{value: Out}
}

// number reads a parameter that must be there.
func (c Criterion) number(name string) (float64, error) {
	if v, ok := path.Number(c.Params[name]); ok {
		return v, nil
	}
	return 0, c.wants(name, "a number")
}

// ascending reads a list of numbers in ascending order; there must be at least one.
func (c Criterion) ascending(name string) ([]float64, error) {
	list, _ := c.Params[name].([]any)
	out := make([]float64, 0, len(list))
	for _, x := range list {
		v, ok := path.Number(x)
		if !ok || len(out) > 0 && v <= out[len(out)-1] {
			return nil, c.wants(name, "a list of numbers, each greater than the one before")
		}
		out = append(out, v)
	}
	if len(out) == 0 {
		return nil, c.wants(name, "a list of numbers, each greater than the one before")
	}
	return out, nil
}

// refs reads a list of texts; there must be at least one.
func (c Criterion) refs(name string) ([]string, error) {
	if list := texts(c.Params[name]); len(list) > 0 && !slices.Contains(list, "") {
		return list, nil
	}
	return nil, c.wants(name, "a list of texts")
}

// perKilometre is how many of the criterion's valueUnit a kilometre has.
func (c Criterion) perKilometre() (float64, error) {
	switch unit, given := c.Params["valueUnit"]; {
	case !given || unit == "kilometres":
		return 1, nil
	case unit == "miles":
		return milesPerKilometre, nil
	}
	return 0, c.wants("valueUnit", "kilometres or miles")
}

func (c Criterion) wants(name, what string) error {
	return fmt.Errorf("criterion %s: parameter %s must be %s", c.Type, name, what)
}
