package entity

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/form"
	"github.com/fluent-oms/fluent/domain/words"
)

const (
	// defaultLength is the longest text, in characters, of fields that name no limit.
	defaultLength = 255
	// composedLength is the longest ref of what the platform makes by itself: it is put together of others' refs, such as a position's of those of
	// product and location, and no limit for callers may keep it from being made.
	composedLength = 1024
)

// Values refuses values that the fields of drafts cannot hold: texts that are too long, none of those allowed or not of the form that they must have,
// numbers beyond their bounds. Of entities that change, only what changes is looked at. The error is a fault at the place of the value. It changes
// nothing. Loads of thousands of rows pass here: which fields there is something to check about is worked out once per type, and what is right costs
// no text of a place.
func (m *Making) Values(drafts ...*Draft) error {
	for _, x := range drafts {
		for _, f := range x.Type.Checked {
			if !x.New && !x.touches(f) {
				continue
			}
			if err := m.value(x, f); err != nil {
				return within(x.at(x.source(f)), err)
			}
		}
		for _, u := range x.Type.Unserved {
			if err := x.unserved(u); err != nil {
				return err
			}
		}
	}
	return nil
}

// source is the field that has a value from the maker: that which another one of the same entity is a copy of.
func (x *Draft) source(f *catalogue.Field) *catalogue.Field {
	if len(f.Copy) == 1 && f.CopyOver == nil && !x.touches(f) {
		return f.Copy[0]
	}
	return f
}

// unserved refuses what nothing would come of.
func (x *Draft) unserved(u catalogue.Unserved) error {
	if !x.gives(u.Field) {
		return nil
	}
	place, name := x.at(u.Field), x.name(u.Field)
	if u.Attribute != "" {
		name = "the attribute " + u.Attribute
		given, merged := x.Given[u.Field]
		if !merged {
			given = u.Field.Get(x.Entity)
		}
		list, _ := given.(catalogue.Attributes)
		i := slices.IndexFunc(list, func(a catalogue.Attribute) bool {
			return a.Name == u.Attribute && !slices.Contains(u.Harmless, fmt.Sprint(a.Value))
		})
		if i < 0 {
			return nil
		}
		place = fmt.Sprintf("%s[%d]", place, i)
	}
	return fault.New(fault.Unprocessable, "%s is not served yet: %s; leave it out", name, u.Why).WithCode(fault.CodeUnserved).At(place)
}

// within has a refusal that stands somewhere inside a place say where it stands as a whole.
func within(place string, err error) error {
	f := fault.Of(err)
	if f.Field != "" && f.Field[0] != '[' {
		place += "."
	}
	return f.At(place + f.Field)
}

func (m *Making) value(x *Draft, f *catalogue.Field) error {
	switch p := f.Pointer(x.Entity).(type) {
	case *string:
		return m.text(x, f, *p)
	case *int:
		if *p == 0 && !x.touches(f) { // nobody gave it
			return nil
		}
		return number(x, f, *p)
	case **int:
		if *p == nil {
			return nil
		}
		return number(x, f, **p)
	case *float64:
		if math.Abs(*p) > exact && !m.By.Composes {
			return inexact(*p)
		}
	case **float64:
		if *p != nil && math.Abs(**p) > exact && !m.By.Composes {
			return inexact(**p)
		}
	case *catalogue.ID:
		if f.Ref == nil {
			return CheckLength(string(*p), 0)
		}
		if f.Ref.Provided && *p != "" && Retailers(*p) == nil { // of a link, which nobody has looked up
			return Need{Type: f.Ref, ID: *p}.Missing()
		}
		return nil
	default:
		if f.Kind == catalogue.JSON {
			return x.element(f, p)
		}
	}
	if f.Empty(x.Entity) {
		return nil
	}
	return bounded(f.Bounds, reflect.Indirect(reflect.ValueOf(f.Get(x.Entity))), x.name(f))
}

// number checks an integer, of which the API shows 32 bits.
func number(x *Draft, f *catalogue.Field, n int) error {
	if n != int(int32(n)) && !f.Digits { //nolint:gosec // that is the question
		return beyond(n)
	}
	if f.Form != nil {
		if err := f.Form.Number(n); err != nil {
			return err
		}
	}
	return f.Bounds.Check(x.name(f), float64(n))
}

func beyond(n int) error {
	return fault.New(fault.Invalid, "%d is beyond the integers of 32 bits: want %d to %d", n, math.MinInt32, math.MaxInt32).WithCode(fault.CodeNumber)
}

func (m *Making) text(x *Draft, f *catalogue.Field, text string) error {
	switch {
	case text == "" && f.Keyed:
		return fault.Invalidf("", "%s must not be empty", x.name(f)).WithCode(fault.CodeMissing)
	case text == "" && (!f.Worded() || !x.touches(f)): // an empty text that somebody gave is none of those that are allowed
		return nil
	case len(f.Among) > 0:
		return among(f, text)
	case f.Constants != nil && f.Constants.Constant(text) == nil:
		return constant(f.Constants, text)
	case f.Words != nil:
		if err := misspelt(text, f.Words); err != nil {
			return err
		}
	}
	limit := f.MaxLen
	if x.New && m.By.Composes && (f.Keyed || f.Name == "ref") {
		limit = composedLength
	}
	return m.formed(f.Form, text, limit)
}

// constant refuses a text that is not the key of a row of a value type, such as a currency's code.
func constant(of *catalogue.ValueType, text string) error {
	if of.Constant(text) != nil {
		return nil
	}
	return fault.NotFoundf("%s not found: %s %.80s%s", of.Name, of.Key, text, words.Hint(text, of.Keys()))
}

// formed checks the length and the form of a text. What the platform puts together of refs that are stored may have the form that those had.
func (m *Making) formed(f *form.Form, text string, limit int) error {
	if err := CheckLength(text, limit); err != nil || f == nil || m.By.Composes && f == form.Ref {
		return err
	}
	return f.Text(text)
}

// misspelt refuses what is nearly one of the words that the platform knows, and blanks: nothing would ever go by it. What is near none is the caller's own.
func misspelt(text string, known []string) error {
	if slices.Contains(known, text) {
		return nil
	}
	if near := words.Nearest(text, known); near != "" || strings.TrimSpace(text) == "" {
		return words.Unknown(text, known)
	}
	return nil
}

// CheckLength refuses a text with more characters than the limit; 0 stands for that of fields that name none. The caller knows where it stands.
func CheckLength(text string, limit int) error {
	if limit == 0 {
		limit = defaultLength
	}
	if len(text) <= limit {
		return nil
	}
	if n := utf8.RuneCountInString(text); n > limit {
		return fault.Invalidf("", "the text has %d characters, at most %d are allowed", n, limit).WithCode(fault.CodeTooLong)
	}
	return nil
}

// among refuses a text that is none of those that a field may have.
func among(f *catalogue.Field, text string) error {
	if len(f.Among) == 0 || slices.Contains(f.Among, text) {
		return nil
	}
	return words.Unknown(text, f.Among)
}

// at is where the value of a field stands in the input.
func (x *Draft) at(f *catalogue.Field) string { return strings.TrimPrefix(x.Place+"."+x.name(f), ".") }

// name is what the maker's input calls a field.
func (x *Draft) name(f *catalogue.Field) string {
	if name, other := x.Names[f]; other {
		return name
	}
	return f.Name
}
