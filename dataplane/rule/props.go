package rule

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/fluent-oms/fluent/domain/workflow"
)

// Prop declares a property of a rule.
type Prop struct {
	workflow.PropSpec
	Doc     string // one sentence
	Setting bool   // it names a setting of the tenant's
}

// EventName is the type of properties that name an event which the rule sends, alone or as the values of a map. An empty one sends nothing.
type EventName string

// SettingName is the type of properties that name a setting which the rule reads: see setting.Families.
type SettingName string

// Sends is the property of rules that send one event.
type Sends struct {
	EventName EventName `prop:"eventName,required" doc:"Name of the event to send."`
}

// field is a field of a property struct.
type field struct {
	Prop
	index []int // nil: without effect
	read  func(raw json.RawMessage, to reflect.Value) error
	unset reflect.Value // what stands for an empty value; not valid: nothing does
}

// fieldsOf reads the declarations of a property struct that is found at a place of another.
func fieldsOf(t reflect.Type, at []int) ([]field, error) {
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("properties are a struct, not %s", t)
	}
	var out []field
	for i := range t.NumField() {
		sf := t.Field(i)
		index := append(at[:len(at):len(at)], i)
		if sf.Anonymous {
			inner, err := fieldsOf(sf.Type, index)
			if err != nil {
				return nil, err
			}
			out = append(out, inner...)
			continue
		}
		f, err := fieldOf(sf, index)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", sf.Name, err)
		}
		out = append(out, f)
	}
	return out, nil
}

func fieldOf(sf reflect.StructField, index []int) (field, error) {
	name, more, _ := strings.Cut(sf.Tag.Get("prop"), ",")
	f := field{index: index}
	f.Name, f.Required, f.Doc, f.Default = name, more == "required", sf.Tag.Get("doc"), sf.Tag.Get("default")
	f.Type, f.Multiple, f.Event, f.read = kindOf(sf.Type)
	f.Setting = sf.Type == reflect.TypeFor[SettingName]()
	switch {
	case name == "" || f.Doc == "" || more != "" && more != "required":
		return f, fmt.Errorf("want tags prop:\"name\" or prop:\"name,required\", and doc")
	case sf.Name == "_" && (f.Required || f.Default != ""):
		return f, fmt.Errorf("a property without effect is neither required nor has it a default")
	case sf.Name == "_":
		f.Unused, f.index = true, nil
		return f, nil
	case !sf.IsExported():
		return f, fmt.Errorf("want an exported field")
	case f.Default == "":
		return f, nil
	case f.Required || f.Type == "JSON":
		return f, fmt.Errorf("neither required properties nor JSON have defaults")
	}
	f.unset = reflect.New(sf.Type).Elem()
	return f, f.read(defaultJSON(f.Prop), f.unset)
}

// defaultJSON is a default as a workflow would write it.
func defaultJSON(p Prop) json.RawMessage {
	var v any = p.Default
	switch {
	case p.Multiple:
		v = strings.Split(p.Default, ",")
	case p.Type != "STRING":
		return json.RawMessage(p.Default)
	}
	raw, _ := json.Marshal(v) // texts always have a JSON form
	return raw
}

// kindOf says how properties of a Go type are declared and read.
func kindOf(t reflect.Type) (kind string, multiple, event bool, read func(json.RawMessage, reflect.Value) error) {
	name := reflect.TypeFor[EventName]()
	switch {
	case t == name:
		return "STRING", false, true, text
	case t.Kind() == reflect.String:
		return "STRING", false, false, text
	case t.Kind() == reflect.Int:
		return "INTEGER", false, false, said(integer)
	case t.Kind() == reflect.Float64:
		return "FLOAT", false, false, said(asJSON)
	case t.Kind() == reflect.Bool:
		return "BOOLEAN", false, false, said(asJSON)
	case t == reflect.TypeFor[[]string]():
		return "STRING", true, false, texts
	}
	return "JSON", false, t.Kind() == reflect.Map && t.Elem() == name, asJSON
}

// read fills the property struct of a rule from the properties of a call.
func read(rule string, fields []field, given map[string]json.RawMessage, to reflect.Value) error {
	for i := range fields {
		f := &fields[i]
		raw, ok := given[f.Name]
		ok = ok && string(raw) != "null"
		switch {
		case !ok && f.Required:
			return fmt.Errorf("PropertyNotFoundException: rule %s needs the property %s", rule, f.Name)
		case f.index == nil:
			continue
		}
		at := to.FieldByIndex(f.index)
		if ok {
			if err := f.read(raw, at); err != nil {
				return fmt.Errorf("property %s: %w", f.Name, err)
			}
		}
		if f.unset.IsValid() && (at.IsZero() || at.Kind() == reflect.Slice && at.Len() == 0) {
			at.Set(f.unset)
		}
	}
	return nil
}

// text reads a string; numbers and booleans are taken as written.
func text(raw json.RawMessage, to reflect.Value) error {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return err
	}
	switch v := v.(type) {
	case string:
		to.SetString(v)
		return nil
	case float64, bool:
		to.SetString(string(raw))
		return nil
	}
	return fmt.Errorf("want a string, got %s", raw)
}

// said lets a text stand for the number or the truth value that it says.
func said(read func(json.RawMessage, reflect.Value) error) func(json.RawMessage, reflect.Value) error {
	return func(raw json.RawMessage, to reflect.Value) error {
		var s string
		if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
			return read(raw, to)
		}
		if v, ok := workflow.Said(s); ok {
			return read(v, to)
		}
		return read(raw, to)
	}
}

// integer reads a whole number, which may be written as 2.0 or 1e2 as well.
func integer(raw json.RawMessage, to reflect.Value) error {
	err := asJSON(raw, to)
	if err == nil {
		return nil
	}
	var f float64
	if bad := json.Unmarshal(raw, &f); bad == nil && f == float64(int64(f)) {
		to.SetInt(int64(f))
		return nil
	}
	return err
}

// texts reads an array of strings; a single string counts as an array of one. Here nothing but a string is one.
func texts(raw json.RawMessage, to reflect.Value) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		to.Set(reflect.ValueOf([]string{one}))
		return nil
	}
	var list []*string
	if err := json.Unmarshal(raw, &list); err != nil {
		return err
	}
	out := make([]string, len(list))
	for i, s := range list {
		if s == nil {
			return fmt.Errorf("want strings, got %s", raw)
		}
		out[i] = *s
	}
	to.Set(reflect.ValueOf(out))
	return nil
}

// asJSON reads a value of any shape.
func asJSON(raw json.RawMessage, to reflect.Value) error {
	return json.Unmarshal(raw, to.Addr().Interface())
}

// Copy gives JSON that a rule was given as a property to others, who may change it.
func Copy(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, x := range v {
			out[name] = Copy(x)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = Copy(x)
		}
		return out
	}
	return v
}
