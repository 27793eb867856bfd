package core

import (
	"context"
	"fmt"

	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/path"
)

func conditions() []rule.Rule {
	return []rule.Rule{
		rule.New(plugin, "IfPropertyEquals", "Forwards if the value at the path equals another.",
			compared(func(got, want any) (bool, error) { return path.Equal(got, want), nil })),
		rule.New(plugin, "IfPropertyNotEquals", "Forwards if there is a value at the path and it differs.",
			compared(func(got, want any) (bool, error) { return !path.Equal(got, want), nil })),
		rule.New(plugin, "IfPropertyIsGreaterThan", "Forwards if the number or date at the path is greater.",
			compared(func(got, want any) (bool, error) { o, err := against(got, want); return o > 0, err })),
		rule.New(plugin, "IfPropertyIsLessThan", "Forwards if the number or date at the path is less.",
			compared(func(got, want any) (bool, error) { o, err := against(got, want); return o < 0, err })),
		rule.New(plugin, "IfPropertyIsBetween", "Forwards if the number or date at the path lies between two values, both included.", ifBetween),
		rule.New(plugin, "IfPropertyIsPresent", "Forwards if there is a value at the path.", ifPresent(true)),
		rule.New(plugin, "IfPropertyIsNotPresent", "Forwards if there is no value at the path.", ifPresent(false)),
		rule.New(plugin, "RouteByProperty", "Forwards by the value at the path.", routeByProperty),
		rule.New(plugin, "SendEventOnVerifyingAttributeValue", "Forwards if an attribute of the entity has a value.", onAttributeValue),
	}
}

type subject struct {
	Path string `prop:"jsonpath,required" doc:"Path in the entity, or below event: status, attributes.byName.x, event.x."`
}

type comparison struct {
	subject
	Value any `prop:"value,required" doc:"What to compare with."`
	rule.Sends
}

// compared makes a rule that forwards if there is a value at the path and test holds for it.
func compared(test func(got, want any) (bool, error)) func(context.Context, *rule.Context, comparison) error {
	return func(_ context.Context, c *rule.Context, p comparison) error {
		got, ok := c.Value(p.Path)
		if !ok {
			return nil
		}
		hit, err := test(got, p.Value)
		if err == nil && hit {
			rule.Forward(c, p.EventName)
		}
		return err
	}
}

type span struct {
	subject
	Low  any `prop:"value1,required" doc:"The lowest value."`
	High any `prop:"value2,required" doc:"The highest value."`
	rule.Sends
}

func ifBetween(_ context.Context, c *rule.Context, p span) error {
	got, ok := c.Value(p.Path)
	if !ok {
		return nil
	}
	low, err := against(got, p.Low)
	if err != nil {
		return err
	}
	high, err := against(got, p.High)
	if err == nil && low >= 0 && high <= 0 {
		rule.Forward(c, p.EventName)
	}
	return err
}

// against compares two values that have an order.
func against(got, want any) (int, error) {
	order, ok := path.Compare(got, want)
	if !ok {
		return 0, fmt.Errorf("%v and %v have no order", got, want)
	}
	return order, nil
}

type presence struct {
	subject
	rule.Sends
}

func ifPresent(want bool) func(context.Context, *rule.Context, presence) error {
	return func(_ context.Context, c *rule.Context, p presence) error {
		if _, ok := c.Value(p.Path); ok == want {
			rule.Forward(c, p.EventName)
		}
		return nil
	}
}

type routing struct {
	subject
	Routes  map[string]rule.EventName `prop:"routes,required" doc:"Value → event name."`
	Default rule.EventName            `prop:"defaultEvent" doc:"For all other values, and for none."`
}

func routeByProperty(_ context.Context, c *rule.Context, p routing) error {
	name := p.Default
	v, ok := c.Value(p.Path)
	if to, known := p.Routes[path.Text(v)]; ok && known {
		name = to
	}
	rule.Forward(c, name)
	return nil
}

type attributeIs struct {
	rule.Sends
	Name  string `prop:"attributeName,required" doc:"Name of the attribute."`
	Value string `prop:"attributeValue,required" doc:"The value it must have."`
}

func onAttributeValue(_ context.Context, c *rule.Context, p attributeIs) error {
	if v, ok := c.Value("attributes.byName." + p.Name); ok && path.Equal(v, p.Value) {
		rule.Forward(c, p.EventName)
	}
	return nil
}
