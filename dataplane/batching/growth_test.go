package batching

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestStatisticsAreRefreshedEachTimeThatWhatWasLoadedHasDoubled, of each type by itself.
func TestStatisticsAreRefreshedEachTimeThatWhatWasLoadedHasDoubled(t *testing.T) {
	t.Parallel()
	var g growth
	for _, c := range []struct {
		entityType string
		more       int
		due        bool
	}{{"A", 400, false}, {"B", 400, false}, {"A", 100, true}, {"A", 499, false}, {"A", 1, true}, {"A", 999, false}, {"B", 100, true}, {"A", 1, true}} {
		require.Equal(t, c.due, g.due(c.entityType, c.more), "%+v", c)
	}
}
