package catalogue_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// TestNumbersOutOfAllProportionAreRefused: eight bytes that a database writes out as 131,001 digits, two megabytes of digits that take seconds to
// compare with a float64, and what no column holds at all. Numbers in texts, and those that people use, pass.
func TestNumbersOutOfAllProportionAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		at   int
		kind fault.Kind
	}{
		{`{"a":1e131000}`, 5, fault.Invalid},
		{`{"a":[0,-1E+401]}`, 8, fault.Invalid},
		{`{"a":1e-20000}`, 5, fault.Invalid},
		{`{"a":1e99999999999999999999}`, 5, fault.Invalid},
		{`{"a":1e-99999999999999999999}`, 5, fault.Invalid},
		{`1e309`, 0, fault.Invalid},
		{`[` + strings.Repeat("9", 310) + `]`, 1, fault.Invalid},
		{`{"a":1.` + strings.Repeat("0", 1<<20) + `1}`, 5, fault.Invalid},
		{`[` + strings.Repeat("1e300,", 5000) + `1]`, 1 + 6*3495, fault.TooLarge},
	} {
		at, err := catalogue.CheckJSON([]byte(c.text))
		require.True(t, fault.Is(err, c.kind), "%.30s: %v", c.text, err)
		require.Equal(t, c.at, at, "%.30s", c.text)
		require.Less(t, len(err.Error()), 200)
	}
	for _, text := range []string{
		`{"a":[0,-0,1.5,1e30,-2.5E-10,12345678901234567890.123456789,1e308,5e-324,1e-400],"b":"1e131000","1e131000":2}`,
		`[0.` + strings.Repeat("1", 390) + `]`,
		`[` + strings.Repeat("1e30,", 30_000) + `1]`,
		`[-,--,1e,1e+,e5,1.2.3,0x10,1-1]`, // no JSON: the decoder says so
	} {
		at, err := catalogue.CheckJSON([]byte(text))
		require.NoError(t, err, "%.60s", text)
		require.Zero(t, at)
	}
}
