package sourcing

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/fluent-oms/fluent/domain/path"
)

// Condition compares what is at a path of the sourcing context with a value. Scope says how a list counts: ALL, ANY or NONE.
type Condition struct {
	Name     string `json:"name,omitempty"`
	Path     string `json:"path"`
	Operator string `json:"operator"`
	Value    any    `json:"value"`
	Scope    string `json:"conditionScope,omitempty"`
}

// Family is conditions of one subject: the name of each is that of the family and its operator, such as orderTotalPriceGreaterThan.
type Family struct {
	Name string
	Path string // in the sourcing context; {x} stands for the parameter attribute
	Tag  string // Order, Customer, Delivery or Product: where an editor shows it
	List bool   // the path goes through a list, so that a conditionScope is needed
}

// Families are the conditions that have names.
func Families() []Family {
	return []Family{
		{"orderCreationDate", "createdOn", "Order", false}, {"orderType", "type", "Order", false}, {"orderTotalPrice", "totalPrice", "Order", false},
		{"orderAttribute", "attributes.byName.{x}", "Order", false}, {"itemCount", "unfulfilledItems.length", "Order", false},
		{"unitCount", "unfulfilledUnits", "Order", false}, {"customerTier", "customer.attributes.byName.tier", "Customer", false},
		{"deliveryType", "fulfilmentChoice.deliveryType", "Delivery", false}, {"deliveryCountry", "fulfilmentChoice.deliveryAddress.country", "Delivery", false},
		{"deliveryState", "fulfilmentChoice.deliveryAddress.state", "Delivery", false}, {"deliveryPostcode", "fulfilmentChoice.deliveryAddress.postcode", "Delivery", false},
		{"productRef", "items.product.ref", "Product", true}, {"productCategory", "items.product.categories.ref", "Product", true},
		{"productAttribute", "items.product.attributes.byName.{x}", "Product", true},
	}
}

// operatorOf finds the operator that stands in the name of a condition: LessThanOrEquals is less_than_or_equals.
func operatorOf(name string) (string, bool) {
	for operator := range operators {
		if strings.EqualFold(strings.ReplaceAll(operator, "_", ""), name) {
			return operator, true
		}
	}
	return "", false
}

// UnmarshalJSON reads a condition, flat or as a type with parameters: fc.sourcing.condition.path with path and operator, or the name of a
// family and an operator, such as fc.sourcing.condition.orderTotalPriceGreaterThan.
func (c *Condition) UnmarshalJSON(raw []byte) error {
	type plain Condition
	var s struct {
		plain
		Type   string
		Params *struct {
			plain
			Attribute string
		}
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return fmt.Errorf("sourcing condition: %w", err)
	}
	*c = Condition(s.plain)
	if s.Params == nil {
		return nil
	}
	*c = Condition(s.Params.plain)
	c.Name = s.Name
	kind := s.Type[strings.LastIndexByte(s.Type, '.')+1:]
	if kind == "path" {
		return nil
	}
	for _, f := range Families() {
		rest, found := strings.CutPrefix(kind, f.Name)
		operator, known := operatorOf(rest)
		if !found || !known {
			continue
		}
		if strings.Contains(f.Path, "{x}") && s.Params.Attribute == "" {
			return fmt.Errorf("sourcing condition %s: parameter attribute must be the name of an attribute", s.Type)
		}
		if f.List && c.Scope == "" {
			return fmt.Errorf("sourcing condition %s: parameter conditionScope must be ALL, ANY or NONE", s.Type)
		}
		c.Path, c.Operator = strings.ReplaceAll(f.Path, "{x}", s.Params.Attribute), operator
		return nil
	}
	return fmt.Errorf("unknown sourcing condition %q", s.Type)
}

// check reports what is wrong with the condition whatever it is held against.
func (c Condition) check() error {
	if _, ok := operators[c.Operator]; !ok {
		return fmt.Errorf("condition on %s: unknown operator %q", c.Path, c.Operator)
	}
	if c.Path == "" {
		return fmt.Errorf("condition %s: there is no path", c.Operator)
	}
	if c.Scope != "" && !slices.Contains([]string{"ALL", "ANY", "NONE"}, c.Scope) {
		return fmt.Errorf("condition on %s: unknown conditionScope %q: ALL, ANY or NONE", c.Path, c.Scope)
	}
	return nil
}

// String is the condition as an explanation says it.
func (c Condition) String() string {
	text := c.Path + " " + c.Operator
	if c.Value != nil {
		text += " " + path.Text(c.Value)
	}
	if c.Scope != "" {
		text += " (" + c.Scope + ")"
	}
	return text
}
