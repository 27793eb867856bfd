// Package money holds exact decimal numbers, as amounts of money are. Nothing here is ever rounded: what cannot be shown exactly is said to be
// so. The package is pure.
package money

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// Decimal is a decimal number: an unscaled integer, divided by ten to the power of a scale that is 0 or more. The zero value is 0.
type Decimal struct {
	unscaled *big.Int // nil: 0
	scale    int
}

// maxDigits bounds the digits that a text may stand for, those of its exponent included.
const maxDigits = 400

// Shifted is an integer, written in decimal, divided by ten to the power of scale: 405 with scale 1 is 40.5.
func Shifted(unscaled string, scale int) (Decimal, error) {
	d, err := Parse(unscaled)
	switch {
	case err != nil:
		return d, err
	case scale < 0 || scale > maxDigits:
		return d, fmt.Errorf("a scale is 0 to %d, not %d", maxDigits, scale)
	}
	whole, fits := d.At(0)
	if !fits {
		return d, fmt.Errorf("%.40s is no integer", d)
	}
	return Decimal{whole.integer(), scale}, nil
}

// OfFloat is the shortest decimal that is read as this float64: what was written, if it had 15 significant digits or fewer. NaN and the infinities
// are errors.
func OfFloat(v float64) (Decimal, error) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return Decimal{}, fmt.Errorf("%v is no decimal number", v)
	}
	return Parse(strconv.FormatFloat(v, 'f', -1, 64))
}

// Parse reads a number as JSON writes them: -12.50, 4e3. The scale is that of the text: 12.50 has two decimals.
func Parse(text string) (Decimal, error) {
	wrong := fmt.Errorf("%.40q is no decimal number of at most %d digits", text, maxDigits)
	mantissa, exponent, _ := strings.Cut(strings.ToLower(text), "e")
	shift := 0
	if len(mantissa) < len(text) {
		n, err := strconv.Atoi(exponent)
		if err != nil || n > maxDigits || n < -maxDigits {
			return Decimal{}, wrong
		}
		shift = n
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits, scale := whole+fraction, len(fraction)-shift
	unsigned := strings.TrimPrefix(digits, "-")
	if len(mantissa) > maxDigits || whole == "" || whole == "-" || strings.HasSuffix(mantissa, ".") || strings.Trim(unsigned, "0123456789") != "" {
		return Decimal{}, wrong
	}
	if scale < 0 {
		digits, scale = digits+strings.Repeat("0", -scale), 0
	}
	unscaled, ok := new(big.Int).SetString(digits, 10)
	if !ok || scale > maxDigits {
		return Decimal{}, wrong
	}
	return Decimal{unscaled, scale}, nil
}

func (d Decimal) integer() *big.Int {
	if d.unscaled == nil {
		return new(big.Int)
	}
	return d.unscaled
}

// Scale is how many decimals the number has.
func (d Decimal) Scale() int { return d.scale }

// Unscaled is the number's digits without the point, with a minus sign if it is negative: -1250 for -12.50.
func (d Decimal) Unscaled() string { return d.integer().String() }

// Unscaled32 is the unscaled integer, if it has 32 bits.
func (d Decimal) Unscaled32() (n int, ok bool) {
	u := d.integer()
	if !u.IsInt64() || u.Int64() < math.MinInt32 || u.Int64() > math.MaxInt32 {
		return 0, false
	}
	return int(u.Int64()), true
}

// String writes the number plainly, with all its decimals: -12.50.
func (d Decimal) String() string {
	sign, digits := "", d.Unscaled()
	if rest, negative := strings.CutPrefix(digits, "-"); negative {
		sign, digits = "-", rest
	}
	if d.scale == 0 {
		return sign + digits
	}
	if missing := d.scale + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	point := len(digits) - d.scale
	return sign + digits[:point] + "." + digits[point:]
}

// At is the same number with so many decimals; false if it has more that are not 0.
func (d Decimal) At(scale int) (Decimal, bool) {
	if scale < 0 || scale > maxDigits {
		return Decimal{}, false
	}
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(scale-d.scale, d.scale-scale))), nil)
	if scale >= d.scale {
		return Decimal{new(big.Int).Mul(d.integer(), power), scale}, true
	}
	shorter, rest := new(big.Int).QuoRem(d.integer(), power, new(big.Int))
	return Decimal{shorter, scale}, rest.Sign() == 0
}

// Equal reports whether two numbers are the same, whatever their scales: 1.5 and 1.50 are.
func (d Decimal) Equal(other Decimal) bool {
	scale := max(d.scale, other.scale)
	a, _ := d.At(scale)
	b, _ := other.At(scale)
	return a.integer().Cmp(b.integer()) == 0
}

// Float is the nearest float64, and whether it stands for this number and no other: OfFloat gives the number back.
func (d Decimal) Float() (v float64, exact bool) {
	v, err := strconv.ParseFloat(d.String(), 64)
	if err != nil {
		return v, false
	}
	back, err := OfFloat(v)
	return v, err == nil && back.Equal(d)
}
