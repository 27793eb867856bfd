package sourcing_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/order/sourcing"
)

// row puts places on a line, nearest first, with what each holds.
func row(needs []sourcing.Need, n int, holds func(i int, product string) int) *sourcing.Request {
	r := &sourcing.Request{Needs: needs, Destination: &sourcing.Point{}, Stock: map[string]sourcing.Stock{"BASE:1": {}}}
	for i := range n {
		l := sourcing.Location{Ref: fmt.Sprintf("L%04d", i), Networks: []string{"NET_HD"}, Point: &sourcing.Point{Longitude: float64(i+1) / 100}}
		r.Locations = append(r.Locations, l)
		for _, need := range needs {
			r.Stock["BASE:1"].Put(l.Ref, need.ProductRef, sourcing.Units{ATS: holds(i, need.ProductRef)})
		}
	}
	return r
}

func decided(t *testing.T, maxSplit int, r *sourcing.Request, change func(s *sourcing.Strategy)) (string, sourcing.Attempt) {
	t.Helper()
	p := sourcing.Default("HD_DEFAULT", 1)
	p.MaxSplit = maxSplit
	if change != nil {
		change(&p.Strategies[0])
	}
	plan, attempts, err := sourcing.Primary(p, r)
	require.NoError(t, err)
	return text(plan), attempts[0]
}

// TestTheOnlyPlacesThatCanServeAreFound, alone, as a pair and as three, however far down the ranking they are: hundreds of nearer ones that
// hold something do not hide them.
func TestTheOnlyPlacesThatCanServeAreFound(t *testing.T) {
	t.Parallel()
	needs := []sourcing.Need{need("1", "P", 2, 10), need("2", "Q", 2, 10)}
	some := func(special map[int]map[string]int) func(int, string) int {
		return func(i int, product string) int {
			if s, ok := special[i]; ok {
				return s[product]
			}
			return map[string]int{"P": 1 - i%2, "Q": 0}[product]
		}
	}
	for _, c := range []struct {
		special map[int]map[string]int
		want    string
	}{
		{map[int]map[string]int{499: {"P": 2, "Q": 2}}, "L0499[P×2 Q×2]"},
		{map[int]map[string]int{300: {"P": 2, "Q": 1}, 499: {"Q": 1}}, "L0300[P×2 Q×1] L0499[Q×1]"},
		{map[int]map[string]int{300: {"P": 1, "Q": 1}, 499: {"P": 1, "Q": 1}}, "L0300[P×1 Q×1] L0499[P×1 Q×1]"},
		{map[int]map[string]int{300: {"Q": 1}, 499: {"P": 1, "Q": 1}}, "L0000[P×1] L0300[Q×1] L0499[P×1 Q×1]"},
	} {
		got, a := decided(t, 2, row(needs, 500, some(c.special)), nil)
		require.Equal(t, c.want, got)
		require.Equal(t, sourcing.Exact, a.Search)
		chosen := 0
		for _, x := range a.Ranking {
			if x.Chosen {
				chosen++
			}
		}
		require.Equal(t, len(a.Ranking)-10, chosen, "those chosen and the ten next best")
		require.Equal(t, 500, len(a.Ranking)+a.Others[sourcing.RankedLower]+a.Others[sourcing.NoUnits])
	}
}

// TestByRankOnlyThoseThatAddCount: a place that adds nothing takes no part of the limit, and the best of what remains goes on.
func TestByRankOnlyThoseThatAddCount(t *testing.T) {
	t.Parallel()
	byRank := func(s *sourcing.Strategy) { s.SplitPreference = sourcing.ByRank }
	needs := []sourcing.Need{need("1", "P", 3, 10), need("2", "Q", 1, 10)}
	holds := func(i int, product string) int {
		return map[string][]int{"P": {3, 3, 3, 0, 1}, "Q": {0, 0, 0, 1, 1}}[product][i]
	}
	got, a := decided(t, 1, row(needs, 5, holds), byRank)
	require.Equal(t, "L0000[P×3] L0003[Q×1]", got)
	require.Equal(t, sourcing.ByRank, a.Search)
	got, _ = decided(t, 0, row(needs, 5, holds), byRank)
	require.Equal(t, "none", got)
	got, _ = decided(t, 9, row(needs, 3, holds), byRank)
	require.Equal(t, "none", got)
}

// TestLinesOfOneProductArePackedWhole: what fits by its sum must also fit line by line, in the order that does.
func TestLinesOfOneProductArePackedWhole(t *testing.T) {
	t.Parallel()
	whole := func(s *sourcing.Strategy) { s.SplitLines = new(bool) }
	of := func(stock ...int) func(int, string) int { return func(i int, _ string) int { return stock[i] } }
	three := []sourcing.Need{need("1", "P", 2, 10), need("2", "P", 3, 10), need("3", "P", 3, 10)}
	for _, c := range []struct {
		stock []int
		want  string
	}{
		{[]int{4, 4}, "none"}, {[]int{3, 5}, "L0000[P×3] L0001[P×2 P×3]"}, {[]int{5, 3}, "L0000[P×2 P×3] L0001[P×3]"},
		{[]int{4, 4, 4}, "L0000[P×2] L0001[P×3] L0002[P×3]"}, {[]int{4, 4, 8}, "L0002[P×2 P×3 P×3]"}, {[]int{1, 2, 6}, "L0001[P×2] L0002[P×3 P×3]"},
	} {
		got, a := decided(t, 5, row(three, len(c.stock), of(c.stock...)), whole)
		require.Equal(t, c.want, got, "%v", c.stock)
		require.Equal(t, sourcing.Exact, a.Search)
	}
}

// TestBeyondTheBoundTheSearchIsGreedyAndSaysSo: a set is found for what cannot be searched to its end, it covers everything, and it is no
// larger than the limit. Where none is found, nobody says that there is none.
func TestBeyondTheBoundTheSearchIsGreedyAndSaysSo(t *testing.T) {
	t.Parallel()
	r := world(30, 400, 15, 4, 3)
	for i := range r.Locations {
		r.Locations[i].Networks = []string{"NET_HD"}
	}
	got, a := decided(t, 11, r, nil)
	require.Equal(t, []any{sourcing.Greedy, sourcing.Planned}, []any{a.Search, a.Outcome}, got)
	p := sourcing.Default("HD_DEFAULT", 1)
	p.MaxSplit = 11
	plan, _, err := sourcing.Primary(p, r)
	require.NoError(t, err)
	require.LessOrEqual(t, len(plan.Fulfilments), 12)
	sum := map[string]int{}
	for _, f := range plan.Fulfilments {
		for _, l := range f.Lines {
			sum[l.ItemID] += l.Quantity
			u, _ := r.Stock["BASE:1"].At(f.Ref, l.ProductRef)
			require.LessOrEqual(t, l.Quantity, u.ATS)
		}
	}
	for _, n := range r.Needs {
		require.Equal(t, n.Quantity, sum[n.ItemID])
	}
	_, a = decided(t, 4, r, nil)
	require.Equal(t, []any{sourcing.Greedy, sourcing.NoCover}, []any{a.Search, a.Outcome})
	_, a = decided(t, 3, r, nil)
	require.Equal(t, []any{sourcing.Exact, sourcing.NoCover}, []any{a.Search, a.Outcome}, "that no four places do, is certain")
}
