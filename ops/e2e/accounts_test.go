package e2e_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestAccountsCanBeUsedAtOnce makes 20 accounts at the command line; each must be usable when its command ends. How long that takes is
// printed, not judged, for it depends on what else the machine does.
func TestAccountsCanBeUsedAtOnce(t *testing.T) {
	s := shared(t)
	operator := administrator(t, s.stack)
	var took []time.Duration
	for n := range 20 {
		start := time.Now()
		made := operator.account(t, fmt.Sprintf("QUICK%02d", n+1), "FIRST")
		found := ask[struct {
			Me        struct{ Username string }
			Retailers list[struct{ Ref string }]
		}](t, made.client, `{ me { username } retailers { edges { node { ref } } } }`, nil)
		took = append(took, time.Since(start))
		require.Equal(t, made.credentials.Username, found.Me.Username)
		require.Len(t, found.Retailers.Edges, 1)
		require.Equal(t, "FIRST", found.Retailers.Edges[0].Node.Ref)
	}
	slices.Sort(took)
	t.Logf("from command to first answer of GraphQL: median %v, fastest %v, slowest %v", took[len(took)/2].Round(time.Millisecond),
		took[0].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond))
}
