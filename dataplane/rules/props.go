package rules

import (
	"encoding/json"
	"fmt"
)

// Props are the properties of one rule call, by name. The accessors return an error that names the property when it has another
// type than asked for; a missing optional property gives the zero value.
type Props map[string]json.RawMessage

// Has reports whether the property is given and not null.
func (p Props) Has(name string) bool {
	raw, ok := p[name]
	return ok && string(raw) != "null"
}

// Text returns a string property; numbers and booleans are taken as written.
func (p Props) Text(name string) (string, error) {
	if !p.Has(name) {
		return "", nil
	}
	var v any
	if err := json.Unmarshal(p[name], &v); err != nil {
		return "", fmt.Errorf("property %s: %w", name, err)
	}
	switch v := v.(type) {
	case string:
		return v, nil
	case float64, bool:
		return string(p[name]), nil
	}
	return "", fmt.Errorf("property %s: want a string, got %s", name, p[name])
}

// Int returns an integer property.
func (p Props) Int(name string) (int, error) { return decode[int](p, name) }

// Bool returns a boolean property.
func (p Props) Bool(name string) (bool, error) { return decode[bool](p, name) }

// Texts returns a property that is an array of strings; a single string counts as an array of one.
func (p Props) Texts(name string) ([]string, error) {
	if s, err := decode[string](p, name); err == nil && p.Has(name) {
		return []string{s}, nil
	}
	return decode[[]string](p, name)
}

// Into decodes a property of any shape into v.
func (p Props) Into(name string, v any) error {
	if !p.Has(name) {
		return nil
	}
	if err := json.Unmarshal(p[name], v); err != nil {
		return fmt.Errorf("property %s: %w", name, err)
	}
	return nil
}

func decode[T any](p Props, name string) (v T, err error) {
	return v, p.Into(name, &v)
}
