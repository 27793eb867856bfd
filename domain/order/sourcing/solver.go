package sourcing

import (
	"math"
	"slices"
)

// MaxFigures bounds the search for sets of three and more places: so many figures are looked at, those of a place for each thing needed each
// time that it is tried. That is some milliseconds. One place and two places that cover everything are found whatever it takes, which is at
// most the square of the number of places. Beyond the bound the search is greedy and the decision says so.
const MaxFigures = 1_500_000

// bestRanked is how many places a search that has become greedy still looks at exactly: the contract's thirty.
const bestRanked = 30

// coverage is what ranked places hold of what is needed, as numbers: a row for each place, best first, a column for each thing needed.
type coverage struct {
	need []int // by column, > 0
	has  []int // by row, then column; at most the need
	rows int
	// fits says whether a set of rows that has enough in every column can really supply; nil: it can. A set with more rows can, too.
	fits func(set []int) bool
}

func (c *coverage) row(i int) []int {
	m := len(c.need)
	return c.has[i*m : i*m+m : i*m+m]
}

// solution is the rows that were chosen, ascending; none: no set was found. Exact means that no smaller set covers the needs, that of those
// of its size none has better ranks, and, where there is none, that there is none.
type solution struct {
	set   []int
	exact bool
}

// fewest finds the smallest set of at most limit rows that covers the needs, and of those the one whose sorted ranks come first.
func (c *coverage) fewest(limit int) solution {
	limit = min(limit, c.rows)
	if limit <= 0 {
		return solution{exact: true}
	}
	for i := range c.rows {
		if holds(c.row(i), c.need) && c.fit([]int{i}) {
			return solution{[]int{i}, true}
		}
	}
	if limit == 1 {
		return solution{exact: true}
	}
	s := newSolver(*c, nil, math.MaxInt)
	if !s.enough(limit) {
		return solution{exact: true}
	}
	for k := 2; k <= limit; k++ {
		if k == 3 {
			s = s.reduced(limit)
		}
		set, done := s.smallest(k)
		switch {
		case set != nil:
			return solution{set, done}
		case !done:
			return solution{c.greedy(limit), false}
		}
	}
	return solution{exact: true}
}

// steps is how many times a row may be tried.
func (c *coverage) steps() int { return MaxFigures / max(1, len(c.need)) }

func (c *coverage) fit(set []int) bool { return c.fits == nil || c.fits(set) }

// holds says whether a row has all of a need.
func holds(row, need []int) bool {
	for p, n := range need {
		if n > row[p] {
			return false
		}
	}
	return true
}

// left is how many units a row leaves of a need.
func left(row, need []int) (units int) {
	for p, n := range need {
		if n > row[p] {
			units += n - row[p]
		}
	}
	return units
}

// greedy is for what is too large to be searched: it takes row after row that covers most of what is left, drops those that turned out not
// to be needed, and beside that searches the best ranked as far as its own bound goes. The smaller set is taken.
func (c *coverage) greedy(limit int) []int {
	best := c.fullest(limit)
	few := coverage{need: c.need, has: c.has, rows: min(c.rows, bestRanked), fits: c.fits}
	s := newSolver(few, nil, c.steps())
	for k := 3; k <= limit; k++ {
		if best != nil && k > len(best) {
			break
		}
		if set, _ := s.smallest(k); set != nil {
			if best == nil || k < len(best) || slices.Compare(set, best) < 0 {
				best = set
			}
			break
		}
	}
	return best
}

func (c *coverage) fullest(limit int) []int {
	rest, set := slices.Clone(c.need), []int{}
	for open := sum(rest); open > 0; open = sum(rest) {
		best, least := -1, open
		for i := range c.rows {
			if l := left(c.row(i), rest); l < least {
				best, least = i, l
			}
		}
		if best < 0 || len(set) == limit {
			return nil
		}
		set = append(set, best)
		take(rest, rest, c.row(best))
	}
	slices.Sort(set)
	for i := len(set) - 1; i >= 0; i-- {
		if without := slices.Delete(slices.Clone(set), i, i+1); c.covers(without) {
			set = without
		}
	}
	if !c.fit(set) {
		return nil
	}
	return set
}

func (c *coverage) covers(set []int) bool {
	rest := slices.Clone(c.need)
	for _, i := range set {
		take(rest, rest, c.row(i))
	}
	return sum(rest) == 0 && c.fit(set)
}

// take sets out to what a row leaves of a need.
func take(out, need, row []int) {
	for p, n := range need {
		out[p] = max(0, n-row[p])
	}
}

func sum(values []int) (total int) {
	for _, v := range values {
		total += v
	}
	return total
}

// classes is into how many classes a column's figures are told apart at most.
const classes = 256

// solver searches sets of rows by what is hardest to get: of any set of n rows that covers a need, one must hold at least an n-th of what is
// needed of each thing. So it branches over those rows only, for the thing that the fewest rows have in that quantity.
type solver struct {
	coverage
	rank     []int   // of each row in the whole ranking; nil: the row itself
	holders  [][]int // by column: the rows that hold some, fullest first
	atLeast  [][]int // by column and class: how many rows hold at least that much
	weight   []int   // by row: units in all columns
	heaviest int
	all      []int  // rows, where any may help; made when asked for
	barred   []bool // rows that are in the set, or whose sets have all been looked at
	bars     []int  // which, in the order in which they were barred
	set      []int
	found    []int
	rest     [][]int // what is still needed, by size of the set
	allowed  int     // how many times more a row may be tried
}

func newSolver(c coverage, rank []int, allowed int) *solver {
	s := &solver{coverage: c, rank: rank, allowed: allowed, weight: make([]int, c.rows), barred: make([]bool, c.rows),
		holders: make([][]int, len(c.need)), atLeast: make([][]int, len(c.need))}
	for i := range c.rows {
		s.weight[i] = sum(c.row(i))
		s.heaviest = max(s.heaviest, s.weight[i])
	}
	for p := range c.need {
		s.index(p)
	}
	return s
}

// class puts figures of a column in order; larger needs are told apart roughly, so that a class may hold some rows too many.
func (s *solver) class(p, units int) int {
	if n := s.need[p]; n >= classes {
		return units * (classes - 1) / n
	}
	return units
}

// index sorts a column's rows by class, fullest first and equals by rank.
func (s *solver) index(p int) {
	m, count := len(s.need), make([]int, s.class(p, s.need[p])+2)
	for i := range s.rows {
		if n := s.has[i*m+p]; n > 0 {
			count[s.class(p, n)]++
		}
	}
	for k := len(count) - 2; k >= 0; k-- {
		count[k] += count[k+1]
	}
	next, list := slices.Clone(count), make([]int, count[0])
	for i := range s.rows {
		if n := s.has[i*m+p]; n > 0 {
			k := s.class(p, n) + 1
			list[next[k]] = i
			next[k]++
		}
	}
	s.holders[p], s.atLeast[p] = list, count
}

// enough says whether the fullest rows of each column by itself would do: without that no set does.
func (s *solver) enough(limit int) bool {
	for p, n := range s.need {
		have := 0
		for _, i := range s.holders[p][:min(limit, len(s.holders[p]))] {
			have += s.row(i)[p]
		}
		if have < n && s.need[p] < classes { // in larger columns the order within a class is not that of the figures
			return false
		}
	}
	return true
}

// reduced leaves out each row to which limit better ranked ones are at least equal in every column: the best set would have one of those
// instead. It looks at pairs of rows as long as that is cheap.
func (s *solver) reduced(limit int) *solver {
	s.allowed = s.steps()
	if s.fits != nil {
		return s
	}
	kept, pairs := make([]int, 0, s.rows), s.allowed
	for i := range s.rows {
		better := 0
		for _, j := range kept {
			if pairs--; pairs < 0 || better == limit {
				break
			}
			if s.weight[j] >= s.weight[i] && holds(s.row(j), s.row(i)) {
				better++
			}
		}
		if better < limit {
			kept = append(kept, i)
		}
	}
	few := coverage{need: s.need, has: make([]int, 0, len(kept)*len(s.need)), rows: len(kept)}
	for _, i := range kept {
		few.has = append(few.has, s.row(i)...)
	}
	return newSolver(few, kept, few.steps())
}

// smallest finds the k-set of the best ranks that covers the needs, given that no smaller set does. Done is false where the steps did not
// suffice to say that there is none, or that there is no better one.
func (s *solver) smallest(k int) (set []int, done bool) {
	if !s.exists(s.need, k, 0) {
		return nil, s.allowed >= 0
	}
	best, done := sorted(s.found), true
	need := slices.Clone(s.need)
	s.set = s.set[:0]
	for at := 0; at < len(best); at++ {
		from := 0
		if at > 0 {
			from = best[at-1] + 1
		}
		for c := from; c < best[at] && done; c++ {
			next := s.scratch(k + 1 + at)
			take(next, need, s.row(c))
			s.set = append(s.set, c)
			if s.exists(next, k-at-1, c+1) {
				best = sorted(s.found)
			}
			s.set = s.set[:at]
			done = s.allowed >= 0
		}
		s.set = append(s.set, best[at])
		take(need, need, s.row(best[at]))
	}
	s.set = s.set[:0]
	if s.rank != nil {
		for i, row := range best {
			best[i] = s.rank[row]
		}
	}
	return best, done
}

func sorted(set []int) []int {
	out := slices.Clone(set)
	slices.Sort(out)
	return out
}

func (s *solver) scratch(depth int) []int {
	for len(s.rest) <= depth {
		s.rest = append(s.rest, make([]int, len(s.need)))
	}
	return s.rest[depth]
}

// exists says whether the set can be filled up with at most n rows from a rank on so that it covers what it leaves of the needs; found is
// then one that does.
func (s *solver) exists(need []int, n, from int) bool {
	open := sum(need)
	if open == 0 && s.fit(s.set) {
		s.found = append(s.found[:0], s.set...)
		return true
	}
	if n == 0 || open > n*s.heaviest {
		return false
	}
	next, mark, hit := s.scratch(n), len(s.bars), false
	for _, c := range s.hardest(need, n) {
		if hit {
			break
		}
		if c < from || s.barred[c] || open-s.weight[c] > (n-1)*s.heaviest {
			continue
		}
		if s.allowed--; s.allowed < 0 {
			break
		}
		if n == 1 && !holds(s.row(c), need) {
			continue
		}
		take(next, need, s.row(c))
		s.barred[c] = true
		s.bars = append(s.bars, c)
		s.set = append(s.set, c)
		hit = s.exists(next, n-1, from)
		s.set = s.set[:len(s.set)-1]
	}
	for _, c := range s.bars[mark:] {
		s.barred[c] = false
	}
	s.bars = s.bars[:mark]
	return hit
}

// hardest lists the rows of which a set that covers the need has one: those that come into question for the column where they are fewest. Where
// all columns have enough and yet the set does not fit, any row may help.
func (s *solver) hardest(need []int, n int) []int {
	column, fewest := -1, 0
	for p, units := range need {
		if units == 0 {
			continue
		}
		if count := s.atLeast[p][s.class(p, (units+n-1)/n)]; column < 0 || count < fewest {
			column, fewest = p, count
		}
	}
	if column >= 0 {
		return s.holders[column][:fewest]
	}
	if s.all == nil {
		s.all = make([]int, s.rows)
		for i := range s.all {
			s.all[i] = i
		}
	}
	return s.all
}
