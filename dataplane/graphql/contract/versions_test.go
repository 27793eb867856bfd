package contract

import (
	"encoding/json"
	"reflect"
	"slices"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

// What the contract notes of types that have versions, and of values whose elements differ.

func statusOf(status string) note {
	return func(c *catalogue.Catalogue, f fact, value string) string {
		if t, _ := mutation(c, f.name); t == nil || t.Versions == nil || value != status {
			return "it is " + status
		}
		return ""
	}
}

func latest(c *catalogue.Catalogue, f fact, _ string) string {
	for _, t := range c.Types() {
		if slices.ContainsFunc(t.Gets, func(g catalogue.Get) bool { return g.Name == f.name }) && t.Versions != nil {
			return ""
		}
	}
	return "any may come"
}

// valueOf is the value object that an input makes; nil if it makes none.
func valueOf(c *catalogue.Catalogue, input string) *catalogue.ValueType {
	for _, v := range c.Values() {
		if v.Input != nil && v.Input.Name == input {
			return v
		}
	}
	return nil
}

func distinct(c *catalogue.Catalogue, f fact, _ string) string {
	v := valueOf(c, f.owner)
	for _, t := range c.Types() {
		for _, field := range t.Fields {
			if field.Value == v && field.Distinct && slices.Contains(v.MergeBy, f.name) {
				return ""
			}
		}
	}
	return "elements of the list may have it in common"
}

func uniqueWith(c *catalogue.Catalogue, f fact, value string) string {
	t := c.Type(f.owner)
	for _, u := range t.Uniques {
		if slices.Contains(u.Fields, t.Field(f.name)) && slices.Contains(u.Fields, t.Field(value)) {
			return ""
		}
	}
	return "no unique index has both"
}

func immutable(c *catalogue.Catalogue, f fact, _ string) string {
	t := c.Type(f.owner)
	if t == nil {
		t = c.Input(f.owner).Of
	}
	if t.Update != nil && slices.ContainsFunc(t.Update.Input.Fields, func(in *catalogue.InputField) bool { return in.Field == t.Field(f.name) }) {
		return "updates change it"
	}
	return ""
}

// valueDefault reads a value object of which nothing is given.
func valueDefault(c *catalogue.Catalogue, f fact, value string) string {
	v := valueOf(c, f.owner)
	if v == nil {
		return "it makes no value"
	}
	empty := reflect.New(v.Go).Interface()
	if err := json.Unmarshal([]byte("{}"), empty); err != nil {
		return err.Error()
	}
	raw, err := json.Marshal(empty)
	var members map[string]any
	if err == nil {
		err = json.Unmarshal(raw, &members)
	}
	if err != nil || members[f.name] != value {
		return "it is something else by itself"
	}
	return ""
}
