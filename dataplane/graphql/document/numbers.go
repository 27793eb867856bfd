package document

import (
	"encoding/json"
	"math"
	"strconv"

	"github.com/fluent-oms/fluent/domain/money"
)

func integer(v any, at *spot) (any, error) {
	n, ok := v.(json.Number)
	if !ok {
		return nil, badInput(at, "want a value of type Int, got %s", kindOf(v))
	}
	if i, err := strconv.ParseInt(n.String(), 10, 32); err == nil {
		return int(i), nil
	}
	f, err := n.Float64()
	if err != nil || f != math.Trunc(f) || f < math.MinInt32 || f > math.MaxInt32 {
		return nil, badInput(at, "%s is not an integer of 32 bits", n)
	}
	return int(f), nil
}

// decimal takes numbers, and texts that are numbers, as they are written.
func decimal(v any, at *spot) (any, error) {
	if s, ok := v.(string); ok {
		v = json.Number(s)
	}
	n, ok := v.(json.Number)
	if !ok {
		return nil, badInput(at, "want a value of type BigDecimal, got %s", kindOf(v))
	}
	if _, err := money.Parse(n.String()); err != nil {
		return nil, badInput(at, "%s", err)
	}
	return n, nil
}
