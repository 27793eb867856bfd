package rule

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

// Int returns an integer property, which may be written as 2.0 or 1e2 as well: it is a whole number.
func (p Props) Int(name string) (int, error) {
	n, err := decode[int](p, name)
	if err == nil {
		return n, nil
	}
	if f, bad := decode[float64](p, name); bad == nil && f == float64(int64(f)) {
		return int(f), nil
	}
	return 0, err
}

// Bool returns a boolean property.
func (p Props) Bool(name string) (bool, error) { return decode[bool](p, name) }

// Texts returns a property that is an array of strings; a single string counts as an array of one. Here nothing but a string is one.
func (p Props) Texts(name string) ([]string, error) {
	if s, err := decode[string](p, name); err == nil && p.Has(name) {
		return []string{s}, nil
	}
	list, err := decode[[]*string](p, name)
	out := make([]string, len(list))
	for i, s := range list {
		if s == nil {
			return nil, fmt.Errorf("property %s: want strings, got %s", name, p[name])
		}
		out[i] = *s
	}
	return out, err
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
