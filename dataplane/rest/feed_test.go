package rest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/fault"
)

// TestNumbersOfAQuery: what is not given is not a zero, and a zero that is given stays one.
func TestNumbersOfAQuery(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"": 100, "0": 0, "7": 7, "-1": -1} {
		n, err := number(text, "limit", 100)
		require.NoError(t, err)
		require.Equal(t, want, n, text)
	}
	for _, text := range []string{"x", "2.5", "1 "} {
		_, err := number(text, "limit", 100)
		require.True(t, fault.Is(err, fault.Invalid), text)
	}
}
