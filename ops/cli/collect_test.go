package cli

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAHeapGrowsByItsHeadroom(t *testing.T) {
	t.Parallel()
	for alive, percent := range map[uint64]int{0: collectAt, 1 << 20: collectAt, 24 << 20: 400, 48 << 20: 200, 96 << 20: 100, 1 << 30: leastGrowth} {
		require.Equal(t, percent, growth(alive), "%d MiB alive", alive>>20)
	}
}
