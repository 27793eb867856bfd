package catalogue_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

// FuzzDecodeJSON: what was decoded can be written, and says the same each time that it is read and written from then on. Zeros lose their
// sign and their places behind the point at the first.
func FuzzDecodeJSON(f *testing.F) {
	for _, s := range []string{`12345678901234567`, `{"a":[1.10,1e400,-0,1e-400]}`, `"\ud800"`, `0.1234567890123456789`, `null`, `[`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		v, err := catalogue.DecodeJSON(raw)
		if err != nil {
			return
		}
		var texts [4]string
		for i := range texts {
			raw, err := json.Marshal(v)
			require.NoError(t, err)
			texts[i] = string(raw)
			v, err = catalogue.DecodeJSON(raw)
			require.NoError(t, err)
		}
		require.Equal(t, texts[2], texts[3])
	})
}
