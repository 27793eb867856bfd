package catalogue

import (
	"slices"
	"strings"
)

// EnumSpec declares an enumeration: values that the API checks, unlike the words that a field's description names. Fields and members of value
// objects have it by the tag enum=, arguments and listed inputs by its name.
type EnumSpec struct {
	Name   string // AppType
	Values string // words separated by spaces: CUSTOM REFERENCE
	Doc    string
}

// Enum is an enumeration. Its values are stored as text.
type Enum struct {
	Name   string
	Values []string
	Doc    string
}

// Has reports whether a text is one of the values.
func (e *Enum) Has(text string) bool { return slices.Contains(e.Values, text) }

// Enums lists the enumerations.
func (c *Catalogue) Enums() []*Enum { return c.enums }

// Enum finds an enumeration by name; nil if there is none.
func (c *Catalogue) Enum(name string) *Enum { return c.byEnum[name] }

func (b *builder) declareEnums() {
	for _, s := range b.spec.Enums {
		e := &Enum{Name: s.Name, Values: strings.Fields(s.Values), Doc: s.Doc}
		if len(e.Values) == 0 {
			b.fail(s.Name, "an enumeration without values")
		}
		if b.cat.byEnum[s.Name] != nil {
			b.fail(s.Name, "declared twice")
		}
		b.cat.enums = append(b.cat.enums, e)
		b.cat.byEnum[e.Name] = e
	}
}

// enumNamed is the enumeration of a tag; nil where the tag names none.
func (b *builder) enumNamed(where string, t *Tag) *Enum {
	if t.Enum == "" {
		return nil
	}
	e := b.cat.byEnum[t.Enum]
	if e == nil {
		b.fail(where, "no enumeration %s", t.Enum)
	}
	return e
}
