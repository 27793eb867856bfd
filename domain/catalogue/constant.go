package catalogue

import (
	"reflect"
	"slices"
	"strings"
)

// Constant is a value object that is the same for every account, such as a currency: it comes with the platform and is stored nowhere. Values are
// by GraphQL name: string, int or bool; nil: none.
type Constant struct {
	Key    string
	Values map[string]any
}

// Constant finds one of a value type's rows by its key; nil if there is none.
func (v *ValueType) Constant(key string) *Constant {
	i, found := slices.BinarySearchFunc(v.Rows, key, func(c *Constant, key string) int { return strings.Compare(c.Key, key) })
	if !found {
		return nil
	}
	return v.Rows[i]
}

// Keys lists those of a value type's rows, sorted.
func (v *ValueType) Keys() []string {
	out := make([]string, len(v.Rows))
	for i, c := range v.Rows {
		out[i] = c.Key
	}
	return out
}

// Settler is a value object that fills in what follows from what was given, and refuses what contradicts itself. The error is a fault whose field is
// a member. Settling what is settled changes nothing.
type Settler interface{ Settle() error }

// deriveRows reads the rows of value types that have some.
func (b *builder) deriveRows() {
	for _, s := range b.spec.Values {
		v := b.values[reflect.TypeOf(s.Go)]
		v.Key = s.Key
		for _, row := range s.Rows {
			c := &Constant{Values: map[string]any{}}
			for i, f := range v.Fields {
				if x := reflect.ValueOf(row).Field(i); x.Kind() != reflect.Pointer {
					c.Values[f.Name] = x.Interface()
				} else if !x.IsNil() {
					c.Values[f.Name] = x.Elem().Interface()
				}
			}
			if c.Key, _ = c.Values[s.Key].(string); c.Key == "" {
				b.fail(v.Name, "a row without its key %q", s.Key)
			}
			v.Rows = append(v.Rows, c)
		}
		slices.SortFunc(v.Rows, func(x, y *Constant) int { return strings.Compare(x.Key, y.Key) })
		for i := 1; i < len(v.Rows); i++ {
			if v.Rows[i-1].Key == v.Rows[i].Key {
				b.fail(v.Name, "two rows %s", v.Rows[i].Key)
			}
		}
	}
}
