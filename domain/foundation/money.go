package foundation

import (
	_ "embed" // the list of currencies
	"fmt"
	"strconv"
	"strings"

	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/money"
)

// AmountType is an amount of money, told in two ways that agree: amount, and unscaledValue divided by ten to the power of scale.
type AmountType struct {
	Amount        *float64 `json:"amount,omitempty" oms:""`
	Scale         *int     `json:"scale,omitempty" oms:"least=0,most=15" doc:"Decimals of the unscaled value."`
	UnscaledValue *int     `json:"unscaledValue,omitempty" oms:"" doc:"The amount without its point. It and the scale are null where an Int cannot hold it."`
}

// maxScale is how many decimals an unscaled value may have.
const maxScale = 15

// Settle fills in what was not given, and refuses what contradicts itself: which of two amounts is meant, nobody can tell. The error is a fault
// at a member.
func (a *AmountType) Settle() error {
	switch {
	case a.UnscaledValue != nil && a.Scale == nil:
		return fault.Invalidf("scale", "an unscaledValue needs a scale").WithCode(fault.CodeMissing)
	case a.UnscaledValue == nil && a.Amount == nil:
		return fault.Invalidf("amount", "an amount of money needs amount, or unscaledValue and scale").WithCode(fault.CodeMissing)
	case a.Scale != nil && (*a.Scale < 0 || *a.Scale > maxScale):
		return fault.Invalidf("scale", "scale must be 0 to %d, not %d", maxScale, *a.Scale).WithCode(fault.CodeNumber)
	case a.UnscaledValue == nil:
		return a.unscale()
	}
	told, err := money.Shifted(strconv.Itoa(*a.UnscaledValue), *a.Scale)
	if err != nil {
		return fault.Invalidf("unscaledValue", "%s", err)
	}
	exact, _ := told.Float()
	if a.Amount != nil && *a.Amount != exact {
		return fault.Invalidf("amount", "amount %v is not unscaledValue %d with scale %d: give one of the two", *a.Amount, *a.UnscaledValue, *a.Scale)
	}
	a.Amount = &exact
	return nil
}

// unscale works out the unscaled value, with the decimals that the amount has or with those that were asked for.
func (a *AmountType) unscale() error {
	d, err := money.OfFloat(*a.Amount)
	if err != nil {
		return fault.Invalidf("amount", "%s", err)
	}
	if a.Scale == nil {
		n := d.Scale()
		a.Scale = &n
	}
	told, fits := d.At(*a.Scale)
	if !fits {
		return fault.Invalidf("scale", "amount %v has more than %d decimals", *a.Amount, *a.Scale)
	}
	n, holds := told.Unscaled32()
	if !holds || *a.Scale > maxScale {
		a.Scale = nil
		return nil
	}
	a.UnscaledValue = &n
	return nil
}

// QuantityType is how many, and of what unit.
type QuantityType struct {
	Quantity int    `json:"quantity" oms:"create=!,least=0"`
	Unit     string `json:"unit,omitempty" oms:""`
}

// Currency is what money is counted in. All accounts have the same.
type Currency struct {
	ID             string `json:"id" oms:"!,out=ID" doc:"The alphabetic code."`
	AlphabeticCode string `json:"alphabeticCode" oms:"" doc:"As in ISO 4217: EUR."`
	NumericCode    string `json:"numericCode" oms:"" doc:"As in ISO 4217, three digits: 978."`
	Name           string `json:"name" oms:""`
	MinorUnits     *int   `json:"minorUnits" oms:"" doc:"Decimals of its smallest unit; null where it has none, as gold."`
	IsISO4217      bool   `json:"isISO4217" oms:"" doc:"Whether it is still in ISO 4217. What was withdrawn stays, for old books."`
}

//go:embed currencies.txt
var currencyList string

// currencies reads the list, which comes with this package. It panics on a line that it cannot read: a programmer's error, which the tests of every
// package find.
func currencies() []any {
	var out []any
	for _, line := range strings.Split(strings.TrimSpace(currencyList), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		words := strings.SplitN(line, " ", 5)
		if len(words) != 5 {
			panic(fmt.Sprintf("currencies.txt: %q: want code, number, decimals, yes or no, name", line))
		}
		c := Currency{ID: words[0], AlphabeticCode: words[0], NumericCode: words[1], Name: words[4], IsISO4217: words[3] == "yes"}
		if n, err := strconv.Atoi(words[2]); err == nil {
			c.MinorUnits = &n
		}
		out = append(out, c)
	}
	return out
}
