package answer

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestTimesAreWrittenWithMilliseconds compares with what a layout says, between the years 0 and 9999.
func TestTimesAreWrittenWithMilliseconds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-62167219200, 253402300799).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds"))
		require.Equal(t, at.UTC().Format("2006-01-02T15:04:05.000Z"), string(appendTime(nil, at.UTC())))
	})
	require.Equal(t, "2026-02-28T23:59:59.009Z", string(appendTime(nil, time.Date(2026, 2, 28, 23, 59, 59, 9_999_999, time.UTC))))
}

func BenchmarkTime(b *testing.B) {
	at, buf := time.Date(2026, 11, 28, 10, 20, 30, 123_000_000, time.UTC), make([]byte, 0, 64)
	b.Run("seconds by RFC 3339", func(b *testing.B) {
		for b.Loop() {
			buf = appendTime(buf[:0], at)
		}
	})
	b.Run("layout", func(b *testing.B) {
		for b.Loop() {
			buf = at.AppendFormat(buf[:0], "2006-01-02T15:04:05.000Z")
		}
	})
}
