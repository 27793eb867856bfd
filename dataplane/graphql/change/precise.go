package change

import (
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// setPrecise puts a number that is given as digits and scale into the field that has it. The plain number may be given beside it, if it is the same.
func (d *draft) setPrecise(in *catalogue.InputField, v any) error {
	place, f := d.Place+"."+in.Name, in.Precise.Field
	plain, also := d.given(f).(float64)
	object, given := v.(map[string]any)
	switch {
	case !given && also:
		return fault.Invalidf(place, "null is not the %v of %s: give one of the two", plain, inputFor(d.input, f).Name).WithCode(fault.CodeInvalid)
	case !given:
		return d.clear(f, place)
	}
	number, err := catalogue.PreciseValue(object)
	if err != nil {
		e := fault.Of(err)
		return e.At(place + "." + e.Field)
	}
	if also && plain != number {
		return fault.Invalidf(place, "%v is not the %v of %s: give one of the two", number, plain, inputFor(d.input, f).Name).WithCode(fault.CodeInvalid)
	}
	d.Touch(f)
	d.name(f, in.Name)
	return assign(f.Pointer(d.Entity), number, place)
}
