package catalogue

import "github.com/fluent-oms/fluent/domain/fault"

// Limits of a JSON text that is decoded into trees: a value of two bytes becomes fifty and more.
const (
	MaxJSONValues = 200_000
	MaxJSONDepth  = 128
)

// CheckJSON refuses a JSON text of too many values or levels before it is decoded, in one pass without a copy. Texts that are no
// JSON pass: the decoder says better what is wrong with them. The error is a fault of kind TooLarge without a place, and at is the
// offset where the limit was passed.
func CheckJSON(raw []byte) (at int, err error) {
	values, depth := 1, 0
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
		}
		if values > MaxJSONValues {
			return i, fault.New(fault.TooLarge, "JSON has more than %d values", MaxJSONValues)
		}
	}
	return 0, nil
}
