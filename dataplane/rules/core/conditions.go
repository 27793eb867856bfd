package core

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/path"
)

func conditions() []rule.Rule {
	value := rule.Prop{Name: "value", Type: "JSON", Required: true, Doc: "What to compare with."}
	compare := []rule.Prop{jsonPath(), value, eventName()}
	present := []rule.Prop{jsonPath(), eventName()}
	return []rule.Rule{
		{Name: "IfPropertyEquals", Doc: "Forwards if the value at the path equals another.", Props: compare,
			Run: when(func(got any, p rule.Props) (bool, error) {
				want, err := wanted(p, "value")
				return path.Equal(got, want), err
			})},
		{Name: "IfPropertyNotEquals", Doc: "Forwards if there is a value at the path and it differs.", Props: compare,
			Run: when(func(got any, p rule.Props) (bool, error) {
				want, err := wanted(p, "value")
				return !path.Equal(got, want), err
			})},
		{Name: "IfPropertyIsGreaterThan", Doc: "Forwards if the number or date at the path is greater.", Props: compare,
			Run: when(func(got any, p rule.Props) (bool, error) { o, err := against(got, p, "value"); return o > 0, err })},
		{Name: "IfPropertyIsLessThan", Doc: "Forwards if the number or date at the path is less.", Props: compare,
			Run: when(func(got any, p rule.Props) (bool, error) { o, err := against(got, p, "value"); return o < 0, err })},
		{Name: "IfPropertyIsBetween", Doc: "Forwards if the number or date at the path lies between two values, both included.",
			Props: []rule.Prop{jsonPath(), {Name: "value1", Type: "JSON", Required: true}, {Name: "value2", Type: "JSON", Required: true}, eventName()},
			Run:   when(between)},
		{Name: "IfPropertyIsPresent", Doc: "Forwards if there is a value at the path.", Props: present, Run: whenPresent(true)},
		{Name: "IfPropertyIsNotPresent", Doc: "Forwards if there is no value at the path.", Props: present, Run: whenPresent(false)},
		{Name: "RouteByProperty", Doc: "Forwards by the value at the path.",
			Props: []rule.Prop{jsonPath(), {Name: "routes", Type: "JSON", Required: true, Doc: "Value → event name."}, optional("defaultEvent", "STRING", "For all other values, and for none.")},
			Run:   routeByProperty},
		{Name: "SendEventOnVerifyingAttributeValue", Doc: "Forwards if an attribute of the entity has a value.",
			Props: []rule.Prop{eventName(), text("attributeName", "Name of the attribute."), text("attributeValue", "The value it must have.")},
			Run:   onAttributeValue},
	}
}

// when makes a rule that forwards if there is a value at the path and test holds for it.
func when(test func(got any, p rule.Props) (bool, error)) func(context.Context, *rule.Context) error {
	return func(_ context.Context, c *rule.Context) error {
		got, ok, err := at(c)
		if err != nil || !ok {
			return err
		}
		hit, err := test(got, c.Props)
		if err != nil || !hit {
			return err
		}
		return forward(c)
	}
}

func whenPresent(want bool) func(context.Context, *rule.Context) error {
	return func(_ context.Context, c *rule.Context) error {
		_, ok, err := at(c)
		if err != nil || ok != want {
			return err
		}
		return forward(c)
	}
}

func at(c *rule.Context) (any, bool, error) {
	p, err := c.Props.Text("jsonpath")
	if err != nil {
		return nil, false, err
	}
	v, ok := c.Value(p)
	return v, ok, nil
}

func forward(c *rule.Context) error {
	name, err := c.Props.Text("eventName")
	if err == nil {
		rule.Forward(c, name)
	}
	return err
}

func wanted(p rule.Props, name string) (any, error) {
	var v any
	if err := json.Unmarshal(p[name], &v); err != nil {
		return nil, fmt.Errorf("property %s: %w", name, err)
	}
	return v, nil
}

func against(got any, p rule.Props, name string) (int, error) {
	want, err := wanted(p, name)
	if err != nil {
		return 0, err
	}
	order, ok := path.Compare(got, want)
	if !ok {
		return 0, fmt.Errorf("property %s: %v and %v have no order", name, got, want)
	}
	return order, nil
}

func between(got any, p rule.Props) (bool, error) {
	low, err := against(got, p, "value1")
	if err != nil {
		return false, err
	}
	high, err := against(got, p, "value2")
	return low >= 0 && high <= 0, err
}

func routeByProperty(_ context.Context, c *rule.Context) error {
	routes := map[string]string{}
	if err := c.Props.Into("routes", &routes); err != nil {
		return err
	}
	name, err := c.Props.Text("defaultEvent")
	if err != nil {
		return err
	}
	v, ok, err := at(c)
	if err != nil {
		return err
	}
	if to, known := routes[path.Text(v)]; ok && known {
		name = to
	}
	rule.Forward(c, name)
	return nil
}

func onAttributeValue(_ context.Context, c *rule.Context) error {
	name, err := c.Props.Text("attributeName")
	if err != nil {
		return err
	}
	want, err := c.Props.Text("attributeValue")
	if err != nil {
		return err
	}
	if v, ok := c.Value("attributes.byName." + name); ok && path.Equal(v, want) {
		return forward(c)
	}
	return nil
}
