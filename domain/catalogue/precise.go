package catalogue

import (
	"encoding/json"

	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/money"
)

// Precise marks an object of the API that shows a number of the entity exactly, as digits and a scale; it holds nothing. Its tag says which field
// has the number (on=), which object it is shown as (of=), and which input sets the same field (by=). A hidden one is for inputs alone.
type Precise struct{}

// The members of what a Precise is shown as, and of its input.
const (
	PreciseNumber   = "preciseAmount"
	PreciseScale    = "scale"
	PreciseUnscaled = "unscaledValue"
)

// PreciseMembers are the members of an object, or of an input, of a Precise.
func PreciseMembers() []string {
	return []string{PreciseNumber + ": BigDecimal", PreciseScale + ": Int", PreciseUnscaled + ": BigDecimal"}
}

// PreciseField is a number of a type that the API shows exactly. It is null where the number is.
type PreciseField struct {
	Name    string // GraphQL name: preciseTotalPrice
	GraphQL string // PreciseAmountType
	Field   *Field // the number: totalPrice
	Hidden  bool   // only inputs have it
	Doc     string
}

// Precise finds a number that is shown exactly by its GraphQL name; nil if there is none.
func (t *Type) Precise(name string) *PreciseField {
	for _, p := range t.Precises {
		if p.Name == name && !p.Hidden {
			return p
		}
	}
	return nil
}

// PreciseValue reads an object of PreciseMembers, whose numbers are json.Numbers. All that is given must agree. The error is a fault whose field is
// a member: of a number that a float64 does not hold, too, for that is what it is kept as.
func PreciseValue(object map[string]any) (float64, error) {
	d, err := preciseDecimal(object)
	if err != nil {
		return 0, err
	}
	v, exact := d.Float()
	if !exact {
		return 0, fault.Invalidf(PreciseNumber, "%.40s has more digits than can be kept exactly: give 15 or fewer", d).WithCode(fault.CodeNumber)
	}
	return v, nil
}

func preciseDecimal(object map[string]any) (money.Decimal, error) {
	number, hasNumber := object[PreciseNumber].(json.Number)
	unscaled, hasUnscaled := object[PreciseUnscaled].(json.Number)
	scale, hasScale := object[PreciseScale].(int)
	switch {
	case hasUnscaled && !hasScale:
		return money.Decimal{}, fault.Invalidf(PreciseScale, "an unscaledValue needs a scale").WithCode(fault.CodeMissing)
	case !hasUnscaled && !hasNumber:
		return money.Decimal{}, fault.Invalidf(PreciseNumber, "a precise amount needs preciseAmount, or unscaledValue and scale").WithCode(fault.CodeMissing)
	}
	var d, shifted money.Decimal
	var err error
	if hasNumber {
		if d, err = money.Parse(number.String()); err != nil {
			return d, fault.Invalidf(PreciseNumber, "%v", err).WithCode(fault.CodeNumber)
		}
		if _, fits := d.At(scale); hasScale && !fits {
			return d, fault.Invalidf(PreciseScale, "%.40s has other decimals than %d", d, scale).WithCode(fault.CodeInvalid)
		}
	}
	if !hasUnscaled {
		return d, nil
	}
	if shifted, err = money.Shifted(unscaled.String(), scale); err != nil {
		return d, fault.Invalidf(PreciseUnscaled, "%v", err).WithCode(fault.CodeNumber)
	}
	if hasNumber && !shifted.Equal(d) {
		return d, fault.Invalidf(PreciseNumber, "%.40s is not unscaledValue %.40s with scale %d: give one of the two", d, unscaled, scale).WithCode(fault.CodeInvalid)
	}
	return shifted, nil
}

// connectPrecise finds what a Precise names.
func (b *builder) connectPrecise(t *Type, d *declaration) {
	where, p := t.Name+"."+d.goName, d.precise
	if p.Field = t.fields[d.tag.On]; p.Field == nil || p.Field.Kind != Float {
		b.fail(where, "on=%s is no number with decimals", d.tag.On)
		return
	}
	if p.Hidden {
		return
	}
	o := b.cat.byObject[d.tag.Of]
	if o == nil || len(o.Fields) != len(PreciseMembers()) {
		b.fail(where, "of=%s is no object of %v", d.tag.Of, PreciseMembers())
		return
	}
	for i, m := range PreciseMembers() {
		if o.Fields[i] != b.arg(where, m) {
			b.fail(where, "of=%s is no object of %v", d.tag.Of, PreciseMembers())
		}
	}
}
