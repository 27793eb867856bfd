package entity

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

const (
	// defaultLength is the longest text, in characters, of fields that name no limit.
	defaultLength = 255
	// composedLength is the longest ref of what the platform makes by itself: it is put together of others' refs, such as a position's of those of
	// product and location, and no limit for callers may keep it from being made.
	composedLength = 1024
)

// Values refuses values that the fields of drafts cannot hold: texts that are too long or none of those allowed, numbers beyond their bounds. Of
// entities that change, only what changes is looked at. The error is a fault at the place of the value. Loads of thousands of rows pass here: what is
// right costs no text of a place.
func (m *Making) Values(drafts ...*Draft) error {
	for _, x := range drafts {
		for _, f := range x.Type.Fields {
			if !x.New && !x.touches(f) {
				continue
			}
			if err := m.value(x, f); err != nil {
				return within(x.at(f), err)
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
		i := slices.IndexFunc(list, func(a catalogue.Attribute) bool { return a.Name == u.Attribute })
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
	case *catalogue.ID:
		if f.Ref == nil {
			return CheckLength(string(*p), 0)
		}
		if f.Ref.Provided && *p != "" && numbered(*p) == nil { // of a link, which nobody has looked up
			return Need{Type: f.Ref, ID: *p}.Missing()
		}
		return nil
	default:
		if f.Kind == catalogue.JSON {
			return x.element(f, p)
		}
	}
	if f.Least == nil && f.Most == nil || f.Empty(x.Entity) {
		return nil
	}
	return bounded(f.Bounds, reflect.Indirect(reflect.ValueOf(f.Get(x.Entity))), x.name(f))
}

func (m *Making) text(x *Draft, f *catalogue.Field, text string) error {
	key := slices.Contains(x.Type.Key, f)
	switch {
	case text == "" && key:
		return fault.Invalidf("", "%s must not be empty", x.name(f)).WithCode(fault.CodeMissing)
	case text == "" && (len(f.Among) == 0 || !x.touches(f)): // an empty text that somebody gave is none of those that are allowed
		return nil
	case len(f.Among) > 0:
		return among(f, text)
	case f.Constants != nil && f.Constants.Constant(text) == nil:
		return fault.NotFoundf("%s not found: %s %s", f.Constants.Name, f.Constants.Key, text)
	}
	limit := f.MaxLen
	if x.New && m.By.Composes && (key || f.Name == "ref") {
		limit = composedLength
	}
	return CheckLength(text, limit)
}

// element checks a value object, or a list of them or of texts, to which a pointer is given. Of a list that was merged with what is stored, only what
// was given is looked at.
func (x *Draft) element(f *catalogue.Field, pointer any) error {
	if f.Value != nil && f.Value.Settles {
		if err := settle(reflect.ValueOf(pointer)); err != nil {
			return err
		}
	}
	if given, merged := x.Given[f]; merged {
		pointer = given
	}
	if f.MaxItems > 0 {
		if n := reflect.ValueOf(f.Get(x.Entity)).Len(); n > f.MaxItems {
			return fault.Invalidf("", "the list has %d elements, at most %d are allowed", n, f.MaxItems).WithCode(fault.CodeTooLong)
		}
	}
	if err := x.distinct(f); err != nil {
		return err
	}
	return elements(f.Value, reflect.Indirect(reflect.ValueOf(pointer)))
}

// distinct refuses a list of which two elements have the members in common that tell elements apart.
func (x *Draft) distinct(f *catalogue.Field) error {
	if !f.Distinct {
		return nil
	}
	list, seen := reflect.ValueOf(f.Get(x.Entity)), map[string]bool{}
	for i := range list.Len() {
		id := ""
		for n, m := range f.Value.Fields {
			if slices.Contains(f.Value.MergeBy, m.Name) {
				id += fmt.Sprintf("%q", fmt.Sprint(list.Index(i).Field(n)))
			}
		}
		if seen[id] {
			place := fmt.Sprintf("[%d].%s", i, f.Value.MergeBy[0])
			return fault.Invalidf(place, "another element of the list has it too").WithCode(fault.CodeExists)
		}
		seen[id] = true
	}
	return nil
}

// elements checks what a JSON column holds: of, a list of those, or texts. Of other values, such as documents, nothing is promised.
func elements(of *catalogue.ValueType, v reflect.Value) error {
	switch {
	case !v.IsValid(): // nothing was given
	case v.Kind() == reflect.String:
		return CheckLength(v.String(), 0)
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8:
		for i := range v.Len() {
			if err := elements(of, v.Index(i)); err != nil {
				return within(fmt.Sprintf("[%d]", i), err)
			}
		}
	case v.Kind() == reflect.Pointer && !v.IsNil():
		return elements(of, v.Elem())
	case of != nil && v.Type() == of.Go:
		for i, m := range of.Fields {
			if err := member(m, v.Field(i)); err != nil {
				return within(m.Name, err)
			}
		}
	}
	return nil
}

// settle has value objects, or a list of them, fill in what follows from what was given.
func settle(v reflect.Value) error {
	for v.Kind() == reflect.Pointer && !v.IsNil() && v.Elem().Kind() != reflect.Struct {
		v = v.Elem()
	}
	switch {
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			if err := settle(v.Index(i).Addr()); err != nil {
				return within(fmt.Sprintf("[%d]", i), err)
			}
		}
	case v.Kind() == reflect.Pointer && !v.IsNil():
		if s, ok := v.Interface().(catalogue.Settler); ok {
			return s.Settle()
		}
	}
	return nil
}

// member checks one member of a value object.
func member(m *catalogue.ValueField, v reflect.Value) error {
	switch {
	case m.Value != nil:
		return elements(m.Value, v)
	case m.Ref != nil:
		return nil
	case v.Kind() == reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return member(m, v.Elem())
	case v.Kind() == reflect.String && m.Enum != nil && v.Len() > 0 && !m.Enum.Has(v.String()):
		return unknown(v.String(), m.Enum.Values)
	case v.Kind() == reflect.String:
		return CheckLength(v.String(), m.MaxLen)
	}
	return bounded(m.Bounds, v, m.Name)
}

// bounded refuses a number beyond bounds.
func bounded(b catalogue.Bounds, number reflect.Value, name string) error {
	if b.Least == nil && b.Most == nil {
		return nil
	}
	v := 0.0
	switch {
	case number.CanInt():
		v = float64(number.Int())
	case number.CanFloat():
		v = number.Float()
	}
	if err := b.Check(name, v); err != nil {
		return fault.Of(err).At("")
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
	return unknown(text, f.Among)
}

func unknown(text string, want []string) error {
	return fault.Invalidf("", "%q is unknown: want %s", text, strings.Join(want, ", ")).WithCode(fault.CodeInvalid)
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
