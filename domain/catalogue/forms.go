package catalogue

import (
	"reflect"
	"slices"
	"strings"

	"github.com/fluent-oms/fluent/domain/form"
)

// connectForms says of a type's fields how their values must look, and which of them the door of entities has to look at.
func (b *builder) connectForms(t *Type, s *TypeSpec) {
	for _, f := range t.Key {
		f.Keyed = true
	}
	for _, d := range t.declared {
		if d.field == nil {
			continue
		}
		where, kind := t.Name+"."+d.goName, d.field.Kind
		if d.field.Form = b.formOf(where, &d.tag, d.field.Name, kind); d.field.Keyed && kind == Text {
			d.field.Form = form.Ref
		}
		if d.tag.In == "ref" && kind == Text {
			d.field.Form = form.Ref
		}
		if d.tag.Words != "" {
			d.field.Words = strings.Split(d.tag.Words, "|")
		}
	}
	for _, word := range strings.Fields(s.Words) {
		name, list, _ := strings.Cut(word, "=")
		f := t.fields[name]
		if f == nil || f.Kind != Text || list == "" {
			b.fail(t.Name, "words: %s: want a text and what the platform knows of it, such as type=BASE|AGGREGATE", word)
			continue
		}
		f.Words = strings.Split(list, "|")
	}
	for _, f := range t.Fields {
		if f.Value != nil && f.Value.Settles {
			t.Settled = append(t.Settled, f)
		}
		if f.checked() {
			t.Checked = append(t.Checked, f)
		}
	}
}

// formOf is the form of a value: that of its tag, or that of a ref by its name.
func (b *builder) formOf(where string, t *Tag, name string, kind ValueKind) *form.Form {
	if t.Form == "" {
		if kind == Text && (name == "ref" || strings.HasSuffix(name, "Ref")) {
			return form.Ref
		}
		return nil
	}
	f := form.Named(t.Form)
	if f == nil || (kind == Text) != (f.Text != nil) || kind != Text && kind != Int {
		b.fail(where, "form=%s: want a form of texts for a text, or one of integers", t.Form)
	}
	return f
}

// kindOf is the kind of value that a member of a value object holds, as far as forms go.
func kindOf(rt reflect.Type) ValueKind {
	switch rt.Kind() {
	case reflect.String:
		return Text
	case reflect.Int:
		return Int
	}
	return JSON
}

// checked reports whether there are values of the field's Go type that it cannot hold.
func (f *Field) checked() bool {
	switch f.Kind {
	case Text:
		return f.index != nil
	case Int, Float, JSON:
		return true
	case IDValue:
		return f.Ref != nil && f.Ref.Provided
	}
	return false
}

// Texts reports whether a value is a list of texts.
func (f *Field) Texts() bool {
	return f.Kind == JSON && f.Value == nil && slices.Contains([]string{"[String]", "[String]!"}, f.GraphQL)
}

// Refs reports whether a list of texts holds refs.
func (f *Field) Refs() bool { return f.Texts() && strings.HasSuffix(f.Name, "Refs") }
