package sourcing

import "slices"

// search looks for the set of candidates to take everything from, by the strategy's preference; nil when there is none within the limit.
// It says how it searched.
func (v *view) search(s *Strategy, found []*candidate, limit int) (plan *Plan, how string) {
	if s.SplitPreference == ByRank {
		return v.walk(s, found, limit), ByRank
	}
	c := v.coverage(found)
	unsure := false
	if s.whole() {
		c = v.lines(found, &unsure)
	}
	solved := c.fewest(limit)
	if how = Exact; !solved.exact || unsure {
		how = Greedy
	}
	if solved.set == nil {
		return nil, how
	}
	set := make([]*candidate, len(solved.set))
	for i, row := range solved.set {
		set[i] = found[row]
	}
	return v.take(s, set), how
}

// walk goes down the ranking and takes from each candidate all that it can supply; one that adds nothing does not count.
func (v *view) walk(s *Strategy, found []*candidate, limit int) *Plan {
	plan := &Plan{Strategy: s.Ref}
	remaining := v.needs
	for _, c := range found {
		if len(plan.Fulfilments) >= limit || len(remaining) == 0 {
			break
		}
		remaining = v.allot(plan, c, remaining, s.whole())
	}
	if len(remaining) > 0 {
		return nil
	}
	return plan
}

// coverage is what the candidates hold of each product.
func (v *view) coverage(found []*candidate) *coverage {
	out := &coverage{need: v.need, has: make([]int, 0, len(found)*len(v.need)), rows: len(found)}
	for _, c := range found {
		out.has = append(out.has, c.has...)
	}
	return out
}

// lines is the coverage where no line may come from two places: a column for each line, which a candidate that holds enough for it has once,
// and one for each product of several lines. These share the product's stock, so that a set must also be packed.
func (v *view) lines(found []*candidate, unsure *bool) *coverage {
	shared := v.shared()
	out := &coverage{need: make([]int, len(v.needs), len(v.needs)+len(shared)), rows: len(found)}
	columns := make([]int, len(v.needs))
	for i, n := range v.needs {
		out.need[i], columns[i] = 1, slices.Index(v.products, n.ProductRef)
	}
	for _, p := range shared {
		out.need = append(out.need, v.need[p])
	}
	for _, c := range found {
		for i, n := range v.needs {
			enough := 0
			if c.has[columns[i]] >= n.Quantity {
				enough = 1
			}
			out.has = append(out.has, enough)
		}
		for _, p := range shared {
			out.has = append(out.has, c.has[p])
		}
	}
	if len(shared) > 0 {
		out.fits = func(set []int) bool {
			list := make([]*candidate, len(set))
			for i, row := range sorted(set) {
				list[i] = found[row]
			}
			at, sure := v.pack(list)
			*unsure = *unsure || !sure
			return at != nil
		}
	}
	return out
}

// shared lists the columns of the products that several lines need.
func (v *view) shared() (columns []int) {
	for p, ref := range v.products {
		lines := 0
		for _, n := range v.needs {
			if n.ProductRef == ref {
				lines++
			}
		}
		if lines > 1 {
			columns = append(columns, p)
		}
	}
	return columns
}

// take allots the needs to a set of candidates in rank order that can supply them all; one that is left with nothing is dropped.
func (v *view) take(s *Strategy, set []*candidate) *Plan {
	plan := &Plan{Strategy: s.Ref}
	if !s.whole() {
		remaining := v.needs
		for _, c := range set {
			remaining = v.allot(plan, c, remaining, false)
		}
		return plan
	}
	at, _ := v.pack(set)
	for i, c := range set {
		a := Allocation{Location: c.location, Ref: c.location.Ref}
		for line, n := range v.needs {
			if at[line] == i {
				a.Lines = append(a.Lines, n)
			}
		}
		if len(a.Lines) > 0 {
			plan.Fulfilments = append(plan.Fulfilments, a)
		}
	}
	return plan
}

// allot takes from one candidate all that it can supply of the needs, line by line, and returns what remains. A candidate that
// supplies nothing is left out of the plan.
func (v *view) allot(plan *Plan, c *candidate, needs []Need, wholeLines bool) (remaining []Need) {
	var room [8]int
	has := append(room[:0], c.has...)
	a := Allocation{Location: c.location, Ref: c.location.Ref}
	for _, n := range needs {
		i := slices.Index(v.products, n.ProductRef)
		units := min(has[i], n.Quantity)
		if units <= 0 || wholeLines && units < n.Quantity {
			remaining = append(remaining, n)
			continue
		}
		has[i] -= units
		line := n
		line.Quantity = units
		a.Lines = append(a.Lines, line)
		if n.Quantity -= units; n.Quantity > 0 {
			remaining = append(remaining, n)
		}
	}
	if len(a.Lines) > 0 {
		plan.Fulfilments = append(plan.Fulfilments, a)
	}
	return remaining
}

// packSteps bounds the search for a way to put the lines of one product into a set's stocks.
const packSteps = 10_000

// packing puts lines of one product into the stocks of a set, each whole.
type packing struct {
	needs []Need
	lines []int // of the needs
	room  []int // by place of the set
	at    []int // by need: the place
	steps int
}

// pack finds for each need a place of the set that supplies it whole: of all ways the first, lines and places in order. At is nil where there
// is none; sure is false where the steps did not suffice to say so.
func (v *view) pack(set []*candidate) (at []int, sure bool) {
	k := packing{needs: v.needs, at: make([]int, len(v.needs)), room: make([]int, len(set))}
	for p, ref := range v.products {
		k.lines, k.steps = k.lines[:0], packSteps
		for i, n := range v.needs {
			if n.ProductRef == ref {
				k.lines = append(k.lines, i)
			}
		}
		for i, c := range set {
			k.room[i] = c.has[p]
		}
		if !k.put(0) {
			return nil, k.steps >= 0
		}
	}
	return k.at, true
}

func (k *packing) put(line int) bool {
	if line == len(k.lines) {
		return true
	}
	i := k.lines[line]
	units := k.needs[i].Quantity
	for place, room := range k.room {
		if room < units {
			continue
		}
		if k.steps--; k.steps < 0 {
			return false
		}
		k.at[i] = place
		k.room[place] -= units
		if k.put(line + 1) {
			return true
		}
		k.room[place] += units
	}
	return false
}
