package turn

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

// types finds catalogue types by Go struct and by the entity type of events.
type types struct {
	byGo    map[reflect.Type]*catalogue.Type
	byEvent map[string][]*catalogue.Type
}

func newTypes(c *catalogue.Catalogue) *types {
	t := &types{byGo: map[reflect.Type]*catalogue.Type{}, byEvent: map[string][]*catalogue.Type{}}
	for _, x := range c.Types() {
		t.byGo[x.Go] = x
		if x.EntityType != "" {
			t.byEvent[x.EntityType] = nil
		}
	}
	for name := range t.byEvent {
		for _, x := range c.EntityTypes(name) {
			if x.Abstract() {
				t.byEvent[name] = append(t.byEvent[name], x.Members...)
				continue
			}
			t.byEvent[name] = append(t.byEvent[name], x)
		}
	}
	for _, x := range c.Abstract() {
		if x.EntityType != "" && len(t.byEvent[x.EntityType]) == 0 {
			t.byEvent[x.EntityType] = x.Members
		}
	}
	return t
}

func (t *types) of(entityType string) []*catalogue.Type { return t.byEvent[entityType] }

// names are those by which events name entity types, sorted.
func (t *types) names() []string { return slices.Sorted(maps.Keys(t.byEvent)) }

// typeOf is the type of a pointer to an entity; nil if it is none.
func (t *types) typeOf(ptr any) *catalogue.Type {
	rt := reflect.TypeOf(ptr)
	if rt == nil || rt.Kind() != reflect.Pointer {
		return nil
	}
	return t.byGo[rt.Elem()]
}

func field(t *catalogue.Type, ptr any, name string) *catalogue.Field {
	if t == nil || ptr == nil {
		return nil
	}
	return t.Field(name)
}

func idOf(t *catalogue.Type, ptr any) catalogue.ID {
	f := field(t, ptr, "id")
	if f == nil {
		return ""
	}
	id, _ := f.Get(ptr).(catalogue.ID)
	return id
}

// textOf is a text field's value; "" where the type has no such field.
func textOf(t *catalogue.Type, ptr any, name string) string {
	f := field(t, ptr, name)
	if f == nil {
		return ""
	}
	switch v := f.Get(ptr).(type) {
	case string:
		return v
	case *string:
		if v != nil {
			return *v
		}
	}
	return ""
}

func intOf(t *catalogue.Type, ptr any, name string) int {
	f := field(t, ptr, name)
	if f == nil {
		return 0
	}
	v := reflect.ValueOf(f.Get(ptr))
	if v.CanInt() {
		return int(v.Int())
	}
	return 0
}

func timeOf(t *catalogue.Type, ptr any, name string) time.Time {
	f := field(t, ptr, name)
	if f == nil {
		return time.Time{}
	}
	at, _ := f.Get(ptr).(time.Time)
	return at
}

// retailerOf is the retailer that an entity names; 0 where it names none.
func retailerOf(t *catalogue.Type, ptr any) tenancy.RetailerID {
	if t == nil || ptr == nil || t.Retailer == nil {
		return 0
	}
	id, _ := t.Retailer.Get(ptr).(catalogue.ID)
	n, err := strconv.ParseInt(string(id), 10, 32)
	if err != nil {
		return 0
	}
	return tenancy.RetailerID(n)
}

// fit makes a value of the field's Go type: attributes merge with those that are there; nil empties; values and pointers stand for each other;
// anything else goes through JSON.
func fit(at reflect.Value, value any) (reflect.Value, error) {
	t := at.Type()
	if value == nil {
		return reflect.Zero(t), nil
	}
	if old, ok := at.Interface().(catalogue.Attributes); ok {
		if with, ok := value.(catalogue.Attributes); ok {
			return reflect.ValueOf(old.Merge(with)), nil
		}
	}
	v := reflect.ValueOf(value)
	switch {
	case v.Type().AssignableTo(t):
		return v, nil
	case t.Kind() == reflect.Pointer && v.Type().AssignableTo(t.Elem()):
		p := reflect.New(t.Elem())
		p.Elem().Set(v)
		return p, nil
	case v.Kind() == t.Kind() && v.Type().ConvertibleTo(t), v.CanInt() && (t.Kind() == reflect.Float64 || t.Kind() == reflect.Int64 || t.Kind() == reflect.Int):
		return v.Convert(t), nil
	}
	text, err := json.Marshal(value)
	if err != nil {
		return reflect.Value{}, fmt.Errorf("a %T cannot be stored: %w", value, err)
	}
	p := reflect.New(t)
	if err := json.Unmarshal(text, p.Interface()); err != nil {
		return reflect.Value{}, fmt.Errorf("a %T is no %s: %w", value, t, err)
	}
	return p.Elem(), nil
}
