package entity

import (
	"fmt"
	"math"
	"reflect"
	"slices"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/form"
	"github.com/fluent-oms/fluent/domain/words"
)

// element checks a value object, or a list of them or of texts, to which a pointer is given. Of a list that was merged with what is stored, only what
// was given is looked at.
func (x *Draft) element(f *catalogue.Field, pointer any) error {
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
	if list, ok := pointer.(*[]string); ok && f.Refs() {
		return refs(*list)
	}
	return elements(f.Value, reflect.Indirect(reflect.ValueOf(pointer)))
}

// refs checks a list of refs.
func refs(list []string) error {
	for i, ref := range list {
		err := CheckLength(ref, 0)
		if err == nil {
			err = form.Ref.Text(ref)
		}
		if err != nil {
			return within(fmt.Sprintf("[%d]", i), err)
		}
	}
	return nil
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
		return words.Unknown(v.String(), m.Enum.Values)
	case v.Kind() == reflect.String && m.Constants != nil && v.Len() > 0:
		return constant(m.Constants, v.String())
	case v.Kind() == reflect.String:
		if err := CheckLength(v.String(), m.MaxLen); err != nil || m.Form == nil {
			return err
		}
		return m.Form.Text(v.String())
	case v.CanInt() && v.Int() != int64(int32(v.Int())): //nolint:gosec // that is the question
		return beyond(int(v.Int()))
	case v.CanFloat() && math.Abs(v.Float()) > exact:
		return inexact(v.Float())
	}
	return bounded(m.Bounds, v, m.Name)
}

// exact is up to where callers' Floats are taken: fifteen digits are all kept. Sums and shares of larger amounts are wrong, or none at all, so that
// what works them out would fail; the platform itself may come beyond by adding up.
const exact = 1e15

func inexact(v float64) error {
	return fault.New(fault.Invalid, "%g has more digits than are kept: want -%g to %[2]g", v, exact).WithCode(fault.CodeNumber)
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

// settle has the value objects of a draft fill in what follows from what was given. They refuse what contradicts itself.
func (x *Draft) settle() error {
	for _, f := range x.Type.Settled {
		if !x.New && !x.touches(f) {
			continue
		}
		if err := settled(reflect.ValueOf(f.Pointer(x.Entity))); err != nil {
			return within(x.at(f), err)
		}
	}
	return nil
}

func settled(v reflect.Value) error {
	for v.Kind() == reflect.Pointer && !v.IsNil() && v.Elem().Kind() != reflect.Struct {
		v = v.Elem()
	}
	switch {
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			if err := settled(v.Index(i).Addr()); err != nil {
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
