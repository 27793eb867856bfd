package catalogue

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/fluent-oms/fluent/domain/fault"
)

// Bounds are the least and the greatest number that a value may be, both allowed; nil: no bound but the column's.
type Bounds struct {
	Least, Most *float64
}

// Count reports whether the bounds are those of what counts or measures: 0 or more.
func (b Bounds) Count() bool { return b.Least != nil && *b.Least == 0 && b.Most == nil }

// Check refuses a number beyond the bounds. The error is Invalid, without a place.
func (b Bounds) Check(name string, v float64) error {
	low, high := b.Least != nil && v < *b.Least, b.Most != nil && v > *b.Most
	var want string
	switch {
	case !low && !high:
		return nil
	case b.Count():
		return refusedNumber(name + " must not be negative")
	case b.Most == nil:
		want = decimal(*b.Least) + " or more"
	case b.Least == nil:
		want = decimal(*b.Most) + " or less"
	default:
		want = decimal(*b.Least) + " to " + decimal(*b.Most)
	}
	return refusedNumber(name + " must be " + want + ", not " + decimal(v))
}

func refusedNumber(why string) error {
	return fault.New(fault.Invalid, "%s", why).WithCode(fault.CodeNumber)
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// parseBound reads the number of least= or most=.
func parseBound(option, text string, into **float64) error {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return fmt.Errorf("%s=%s: want a number", option, text)
	}
	*into = &v
	return nil
}

// setLengths gives a type's fields longest texts of their own, beside those of the tags that it shares with others.
func (b *builder) setLengths(t *Type, words string) {
	for _, word := range strings.Fields(words) {
		name, text, _ := strings.Cut(word, "=")
		n, err := strconv.Atoi(text)
		f := t.fields[name]
		if err != nil || n < 1 || f == nil || f.Kind != Text {
			b.fail(t.Name, "lengths: %s: want a text and its length, such as type=50", word)
			continue
		}
		f.MaxLen, t.declarationOf(f).tag.MaxLen = n, n
	}
}
