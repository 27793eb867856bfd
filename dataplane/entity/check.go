package entity

import (
	"reflect"
	"slices"
	"strings"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// check refuses an entity that contradicts itself or points at nothing. Of one that changes, only what changes is looked at.
func (d *decision) check(x *Draft) error {
	for _, f := range x.Type.Fields {
		if (f.Least != nil || f.Most != nil) && x.gives(f) {
			if err := x.bounded(f); err != nil {
				return err
			}
		}
		if (len(f.Among) > 0 || f.Names != nil) && x.gives(f) {
			if err := d.checkText(x, f); err != nil {
				return err
			}
		}
	}
	for _, k := range x.Type.KeyRefs {
		if err := d.checkKey(x, k); err != nil {
			return err
		}
	}
	if check := d.Checks[x.Type]; check != nil {
		if err := check(x.Entity); err != nil {
			f := fault.Of(err)
			return f.At(strings.TrimPrefix(x.Place+"."+f.Field, "."))
		}
	}
	if !x.New {
		return nil
	}
	for _, f := range x.Type.Key {
		if f.Kind == catalogue.Text && f.Empty(x.Entity) {
			return fault.Invalidf(x.at(f), "%s must not be empty", f.Name).WithCode(fault.CodeMissing)
		}
	}
	for _, a := range x.Type.Agrees {
		if err := d.agree(x, a); err != nil {
			return err
		}
	}
	return nil
}

// gives reports whether a field has a value that comes with the draft.
func (x *Draft) gives(f *catalogue.Field) bool { return (x.New || x.touches(f)) && !f.Empty(x.Entity) }

// at is where the value of a field stands in the input.
func (x *Draft) at(f *catalogue.Field) string { return strings.TrimPrefix(x.Place+"."+f.Name, ".") }

// bounded refuses a number beyond the field's bounds.
func (x *Draft) bounded(f *catalogue.Field) error {
	number := reflect.Indirect(reflect.ValueOf(f.Get(x.Entity)))
	v := 0.0
	switch {
	case number.CanInt():
		v = float64(number.Int())
	case number.CanFloat():
		v = number.Float()
	}
	if err := f.Check(f.Name, v); err != nil {
		return fault.Of(err).At(x.at(f))
	}
	return nil
}

func (d *decision) checkText(x *Draft, f *catalogue.Field) error {
	text, _ := f.Get(x.Entity).(string)
	if err := among(f, text, x.at(f)); err != nil {
		return err
	}
	if f.Names == nil || !d.By.Limited {
		return nil
	}
	n := Need{Type: f.Names, By: f.Names.Key, Values: []any{text}, Place: x.at(f)}
	if id, known := d.exists(n); known && id == "" {
		return n.missing()
	}
	return nil
}

// among refuses a text that is none of those that a field may have.
func among(f *catalogue.Field, text, place string) error {
	if len(f.Among) == 0 || slices.Contains(f.Among, text) {
		return nil
	}
	return fault.Invalidf(place, "%q is unknown: want %s", text, strings.Join(f.Among, ", ")).WithCode(fault.CodeInvalid)
}

// checkKey looks for what an entity points at by values of its own, such as an item's product, where the schema promises that there is one.
func (d *decision) checkKey(x *Draft, k *catalogue.KeyRef) error {
	if !k.Required() || !x.New && !slices.ContainsFunc(k.Local, x.touches) {
		return nil
	}
	n := Need{Type: k.Target, By: k.Remote, Values: make([]any, len(k.Local)), Place: x.at(k.Local[0])}
	for i, local := range k.Local {
		if local.Empty(x.Entity) {
			return nil
		}
		n.Values[i] = local.Get(x.Entity)
	}
	if id, known := d.exists(n); known && id == "" {
		return n.missing()
	}
	return nil
}

// agree refuses an entity two of whose references lead to different wholes: a line of one order in a fulfilment of another.
func (d *decision) agree(x *Draft, a catalogue.Agreement) error {
	one, ok := d.along(x.Entity, a.One)
	other, also := d.along(x.Entity, a.Other)
	if !ok || !also || one == other {
		return nil
	}
	whole := article(a.One[len(a.One)-1].Ref)
	_, whole, _ = strings.Cut(whole, " ")
	return fault.NotFoundf("%s not found in the %s: id %s", a.One[0].Ref.Name, whole, a.One[0].Get(x.Entity)).At(x.at(a.One[0]))
}
