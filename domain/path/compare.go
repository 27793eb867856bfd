package path

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Equal compares two JSON values as workflows mean it: numbers by value, also when one of them is text, times as instants,
// anything else by its text.
func Equal(a, b any) bool {
	if c, ok := Compare(a, b); ok {
		return c == 0
	}
	return Text(a) == Text(b)
}

// Compare orders two values that are both numbers or both times; ok is false for any other pair.
func Compare(a, b any) (order int, ok bool) {
	if x, okx := Number(a); okx {
		if y, oky := Number(b); oky {
			return cmp.Compare(x, y), true
		}
	}
	if x, okx := instant(a); okx {
		if y, oky := instant(b); oky {
			return x.Compare(y), true
		}
	}
	return 0, false
}

// Number reads a number, also from text. What a parser of floats takes for infinite or for no number is a text like any other: a Mr Nan.
func Number(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case json.Number:
		f, err := n.Float64()
		return f, err == nil
	case int:
		return float64(n), true
	case int64:
		return float64(n), true
	case int32:
		return float64(n), true
	case *float64:
		if n != nil {
			return *n, true
		}
	case *int:
		if n != nil {
			return float64(*n), true
		}
	case string:
		f, err := strconv.ParseFloat(strings.TrimSpace(n), 64)
		return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
	}
	return 0, false
}

// Text prints a scalar as workflows write it.
func Text(v any) string {
	switch t := v.(type) {
	case nil:
		return ""
	case string:
		return t
	case float64:
		return strconv.FormatFloat(t, 'f', -1, 64)
	case time.Time:
		return t.UTC().Format(time.RFC3339Nano)
	case *string:
		if t == nil {
			return ""
		}
		return *t
	}
	return fmt.Sprint(v)
}

func instant(v any) (time.Time, bool) {
	switch t := v.(type) {
	case time.Time:
		return t, true
	case *time.Time:
		if t != nil {
			return *t, true
		}
	case string:
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02"} {
			if p, err := time.Parse(layout, t); err == nil {
				return p, true
			}
		}
	}
	return time.Time{}, false
}
