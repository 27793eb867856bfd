package catalogue

import (
	"errors"
	"strconv"
	"strings"

	"github.com/fluent-oms/fluent/domain/fault"
)

// Limits of a JSON text that is decoded into trees: a value of two bytes becomes fifty and more.
const (
	MaxJSONValues = 200_000
	MaxJSONDepth  = 128
	// MaxNumber is the most characters of a number, and the most digits that an exponent may stand for: databases write numbers out, and it takes
	// time that grows with the square of the digits to tell whether a number is one that a float64 holds.
	MaxNumber = 400
	// maxGrowth is how many digits the exponents of all numbers of a text may stand for.
	maxGrowth = 1 << 20
)

// CheckJSON refuses a JSON text of too many values or levels, and numbers that cannot be stored, before it is decoded, in one pass without a copy.
// Texts that are no JSON pass: the decoder says better what is wrong with them. The error is a fault of kind TooLarge, or of kind Invalid about a
// number, without a place, and at is the offset where the limit was passed.
func CheckJSON(raw []byte) (at int, err error) {
	values, depth, growth := 1, 0, 0
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			for i++; i < len(raw) && raw[i] != '"'; i++ {
				if raw[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			values++
			if depth++; depth > MaxJSONDepth {
				return i, fault.New(fault.TooLarge, "JSON is nested more than %d levels deep", MaxJSONDepth)
			}
		case '}', ']':
			depth--
		case ',':
			values++
		case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
			end := numberEnd(raw, i)
			if end-i > plainNumber || end-i > 2 && hasExponent(raw[i:end]) {
				digits, err := checkNumber(string(raw[i:min(end, i+MaxNumber+1)]))
				if growth += digits; err == nil && growth > maxGrowth {
					err = fault.New(fault.TooLarge, "the exponents of the numbers of this JSON stand for more than %d digits", maxGrowth)
				}
				if err != nil {
					return i, err
				}
			}
			i = end - 1
		}
		if values > MaxJSONValues {
			return i, fault.New(fault.TooLarge, "JSON has more than %d values", MaxJSONValues)
		}
	}
	return 0, nil
}

// plainNumber is the length up to which a number without an exponent is within all bounds.
const plainNumber = 300

// numberEnd is the offset behind the number that begins at i.
func numberEnd(raw []byte, i int) int {
	for i++; i < len(raw); i++ {
		switch c := raw[i]; {
		case c >= '0' && c <= '9', c == '.', c == '-', c == '+', c == 'e', c == 'E':
		default:
			return i
		}
	}
	return i
}

func hasExponent(number []byte) bool {
	for _, c := range number {
		if c == 'e' || c == 'E' {
			return true
		}
	}
	return false
}

// CheckNumber refuses a JSON number that no column can hold, or only in a form out of all proportion: longer than MaxNumber characters, with an
// exponent that stands for more digits than that, or beyond all float64s. What is no number passes. The error is Invalid.
func CheckNumber(number string) error {
	_, err := checkNumber(number)
	return err
}

// checkNumber also tells for how many digits the exponent stands.
func checkNumber(number string) (digits int, err error) {
	refused := func(why string) error {
		return fault.New(fault.Invalid, "%.20s… is not a number that can be stored: "+why, number).WithCode(fault.CodeNumber)
	}
	if len(number) > MaxNumber {
		return 0, refused("it is longer than " + strconv.Itoa(MaxNumber) + " characters")
	}
	if at := strings.IndexAny(number, "eE"); at >= 0 {
		exponent, err := strconv.Atoi(number[at+1:])
		if digits = max(exponent, -exponent); errors.Is(err, strconv.ErrRange) || digits > MaxNumber {
			return 0, refused("its exponent stands for more than " + strconv.Itoa(MaxNumber) + " digits")
		}
	}
	if _, err := strconv.ParseFloat(number, 64); errors.Is(err, strconv.ErrRange) {
		return 0, refused("it is beyond 1.8e308")
	}
	return digits, nil
}
