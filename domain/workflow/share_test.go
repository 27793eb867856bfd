package workflow

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAShareThatGrowsTakesFurtherRootsAndGivesNoneBack looks at the same ten thousand roots in shares from nothing to all.
func TestAShareThatGrowsTakesFurtherRootsAndGivesNoneBack(t *testing.T) {
	t.Parallel()
	const roots = 10_000
	taken := map[Root]bool{}
	for _, s := range []Share{0, 1, 10, 100, 1000, 2500, 5000, 7500, 9999, WholeShare} {
		count := 0
		for i := range roots {
			r := Root{"ORDER", fmt.Sprint(i + 1)}
			if s.Takes(r) {
				count, taken[r] = count+1, true
				continue
			}
			require.False(t, taken[r], "%v was in a smaller share than %d", r, s)
		}
		want := float64(s) / float64(WholeShare) * roots
		require.InDelta(t, want, count, 4*50, "share %d", s) // four standard deviations of the widest
		if s == 0 || s == WholeShare {
			require.EqualValues(t, want, count)
		}
	}
}

// TestPlacesOfRootsNeverChange: nodes of different releases must agree, so these are written down.
func TestPlacesOfRootsNeverChange(t *testing.T) {
	t.Parallel()
	for r, want := range map[Root]Share{
		{"ORDER", "1"}: 4425, {"ORDER", "2"}: 5180, {"LOCATION", "1"}: 595, {"INVENTORY_CATALOGUE", "7d0f9f3e-5b7e-4f0e-9d0a-2f6c1d3b5a71"}: 2240,
	} {
		require.Equal(t, want, r.place(), "%v", r)
		require.Equal(t, []bool{false, true}, []bool{want.Takes(r), (want + 1).Takes(r)}, "%v", r)
	}
}

// TestNoRootIsInNoShare: what asks for no root gets what is stable, whatever the share.
func TestNoRootIsInNoShare(t *testing.T) {
	t.Parallel()
	require.False(t, WholeShare.Takes(Root{}))
	require.False(t, WholeShare.Takes(Root{Type: "ORDER"}))
}
