package catalogue_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

func TestNumbersOfAttributesComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]any{
		`1`: 1.0, `0.1`: 0.1, `-2.50`: -2.5, `1e30`: 1e30, `0.30000000000000004`: 0.30000000000000004, `"12345678901234567890"`: "12345678901234567890", `null`: nil,
		`9007199254740993`: json.Number("9007199254740993"), `12345678901234567890.123`: json.Number("12345678901234567890.123"), `1e999`: json.Number("1e999"),
		`[{"a":900719925474099267, "b": 1e2}]`: []any{map[string]any{"a": json.Number("900719925474099267"), "b": 100.0}},
	} {
		var list catalogue.Attributes
		require.NoError(t, json.Unmarshal([]byte(`[{"name":"n","type":"JSON","value":`+text+`}]`), &list))
		require.Equal(t, want, list[0].Value, text)
		var values catalogue.Values
		require.NoError(t, json.Unmarshal([]byte(`{"v":`+text+`}`), &values))
		require.Equal(t, want, values["v"], text)
	}
	var values catalogue.Values
	require.Error(t, json.Unmarshal([]byte(`[1]`), &values))
	require.NoError(t, json.Unmarshal([]byte(`null`), &values))
}

func TestEscapesThatNoTextCanHold(t *testing.T) {
	t.Parallel()
	for text, at := range map[string]int{
		`{"a":"\u00e9 \ud83d\ude00 \\u0000 \n"}`: -1, `"\u0000"`: 1, `"ab\ud800"`: 3, `"\ud800\u0041"`: 1, `"\udc00"`: 1, `"\\\ud83d"`: 3, `"\u12`: -1, `\`: -1, `"\uzzzz"`: -1,
	} {
		require.Equal(t, at, catalogue.BadEscape([]byte(text)), text)
	}
}
