package load_test

import (
	"math"
	"testing"
	"unicode/utf8"

	"github.com/fluent-oms/fluent/domain/inventory/load"
)

// FuzzParse: whatever a batch brings, a record either names its problem or is fit for the columns.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"locationRef":"L1","skuRef":"SKU1","qty":12,"type":"LAST_ON_HAND","status":"ACTIVE"}`))
	f.Add([]byte(`{"locationRef":"L1","skuRef":"SKU1","qty":1e99,"asOf":"2026-03-02T00:00:00Z","attributes":{"a":1}}`))
	f.Add([]byte(`{"locationRef":7,"attributes":[{"name":"asOf","type":"STRING","value":"x"}]}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		row := load.Parse(raw)
		if row.Problem != "" {
			return
		}
		if row.LocationRef == "" || row.ProductRef == "" {
			t.Fatalf("%q passed without its refs", raw)
		}
		if row.Quantity > math.MaxInt32 || row.Quantity < math.MinInt32 {
			t.Fatalf("%q passed with quantity %d", raw, row.Quantity)
		}
		if n := utf8.RuneCountInString(row.LocationRef); n > 255 {
			t.Fatalf("%q passed with a ref of %d characters", raw, n)
		}
	})
}
