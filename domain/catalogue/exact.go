package catalogue

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
)

// Values are named JSON values, as an event's attributes are; decoded like DecodeJSON does.
type Values map[string]any

// UnmarshalJSON reads an object.
func (v *Values) UnmarshalJSON(raw []byte) error {
	value, err := DecodeJSON(raw)
	if err != nil {
		return err
	}
	object, ok := value.(map[string]any)
	if !ok && value != nil {
		return fmt.Errorf("want an object, got %.20s", raw)
	}
	*v = object
	return nil
}

// UnmarshalJSON reads an attribute; its value like DecodeJSON does.
func (a *Attribute) UnmarshalJSON(raw []byte) error {
	var plain struct {
		Name  string          `json:"name"`
		Type  string          `json:"type"`
		Value json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(raw, &plain); err != nil {
		return err
	}
	*a = Attribute{Name: plain.Name, Type: plain.Type}
	if len(plain.Value) == 0 {
		return nil
	}
	value, err := DecodeJSON(plain.Value)
	a.Value = value
	return err
}

// DecodeJSON decodes a value whose numbers must come back as they were: they are float64 where that says the same, and json.Number
// where it would not, such as ids of 17 digits.
func DecodeJSON(raw []byte) (any, error) {
	var v any
	if !hasLongNumber(raw) {
		err := json.Unmarshal(raw, &v)
		return v, err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	return simplified(v), nil
}

// exactDigits is how many decimal digits a float64 always holds.
const exactDigits = 15

// hasLongNumber reports whether there may be a number that a float64 does not hold. Digits in texts count too; that costs time only.
func hasLongNumber(raw []byte) bool {
	run := 0
	for _, c := range raw {
		switch {
		case c >= '0' && c <= '9':
			run++
		case c == '.':
		case (c == 'e' || c == 'E') && run > 0:
			return true
		default:
			run = 0
		}
		if run > exactDigits {
			return true
		}
	}
	return false
}

func simplified(v any) any {
	switch v := v.(type) {
	case json.Number:
		return simpleNumber(v)
	case []any:
		for i := range v {
			v[i] = simplified(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = simplified(v[k])
		}
	}
	return v
}

func simpleNumber(n json.Number) any {
	f, err := n.Float64()
	if err != nil || f == 0 {
		return n // beyond all floats, or too small for them; a plain 0 is as good this way
	}
	shown, ok := new(big.Rat).SetString(strconv.FormatFloat(f, 'g', -1, 64))
	given, fine := new(big.Rat).SetString(n.String())
	if ok && fine && shown.Cmp(given) == 0 {
		return f
	}
	return n
}

// BadEscape finds the first escape in a JSON text that stands for no character that can be stored: NUL, or one half of a surrogate
// pair. It gives the offset, or -1 when there is none.
func BadEscape(raw []byte) int {
	for i := 0; i+1 < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		if raw[i+1] != 'u' {
			i++
			continue
		}
		at, unit := i, codeUnit(raw[i:])
		i += 5
		switch {
		case unit == 0, unit >= 0xDC00 && unit < 0xE000:
			return at
		case unit >= 0xD800 && unit < 0xDC00:
			if low := codeUnit(raw[min(i+1, len(raw)):]); low < 0xDC00 || low >= 0xE000 {
				return at
			}
			i += 6
		}
	}
	return -1
}

// codeUnit reads the escape that raw begins with; -1 if it is none.
func codeUnit(raw []byte) int64 {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(string(raw[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return int64(n)
}
