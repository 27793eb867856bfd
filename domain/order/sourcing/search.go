package sourcing

import "slices"

// search looks for the plan that covers everything with the fewest locations, best ranked first; nil when there is none
// within the limit.
func search(s *Strategy, r *Request, found []*candidate, limit int) *Plan {
	limit = min(limit, len(found))
	if s.RankFirst {
		return cover(s, r, found[:limit])
	}
	need := totals(r.Needs)
	for k := 1; k <= limit; k++ {
		f := finder{s: s, r: r, found: found, k: k}
		f.bound(len(need))
		if plan := f.extend(0, need, nil); plan != nil {
			return plan
		}
	}
	return nil
}

// finder walks the k-sets of ranked candidates in lexicographic order, so that the first hit is the best ranked.
type finder struct {
	s     *Strategy
	r     *Request
	found []*candidate
	k     int
	most  [][]int // most[i][p]: largest stock of product p among candidates from i on
}

func (f *finder) bound(products int) {
	f.most = make([][]int, len(f.found)+1)
	f.most[len(f.found)] = make([]int, products)
	for i := len(f.found) - 1; i >= 0; i-- {
		f.most[i] = slices.Clone(f.most[i+1])
		for p, n := range f.found[i].has {
			f.most[i][p] = max(f.most[i][p], n)
		}
	}
}

// extend adds candidates from index i on to a set that leaves need uncovered.
func (f *finder) extend(i int, need []int, set []*candidate) *Plan {
	left := f.k - len(set)
	if left == 0 {
		if slices.Max(need) > 0 {
			return nil
		}
		return cover(f.s, f.r, set)
	}
	for ; i+left <= len(f.found); i++ {
		for p, n := range need {
			if n > left*f.most[i][p] {
				return nil // not even the fullest of the rest would do, here or further on
			}
		}
		rest := slices.Clone(need)
		for p := range rest {
			rest[p] = max(0, rest[p]-f.found[i].has[p])
		}
		if plan := f.extend(i+1, rest, append(set[:len(set):len(set)], f.found[i])); plan != nil {
			return plan
		}
	}
	return nil
}

// cover allots the needs to a set of locations in rank order; nil if something remains.
func cover(s *Strategy, r *Request, set []*candidate) *Plan {
	plan := &Plan{Strategy: s.Ref}
	remaining := r.Needs
	for _, c := range set {
		remaining = plan.allot(c, remaining, s.WholeLines)
	}
	if len(remaining) > 0 {
		return nil
	}
	return plan
}

// allot takes from one location all that it can supply of the needs, line by line, and returns what remains. A location that
// supplies nothing is left out of the plan.
func (p *Plan) allot(c *candidate, needs []Need, wholeLines bool) (remaining []Need) {
	has := slices.Clone(c.has)
	products := c.products
	a := Allocation{Location: c.location, Ref: c.location.Ref}
	for _, n := range needs {
		i := slices.Index(products, n.ProductRef)
		take := min(has[i], n.Quantity)
		if take <= 0 || wholeLines && take < n.Quantity {
			remaining = append(remaining, n)
			continue
		}
		has[i] -= take
		line := n
		line.Quantity = take
		a.Lines = append(a.Lines, line)
		if n.Quantity -= take; n.Quantity > 0 {
			remaining = append(remaining, n)
		}
	}
	if len(a.Lines) > 0 {
		p.Fulfilments = append(p.Fulfilments, a)
	}
	return remaining
}

// productsOf lists the needed products in order of first appearance.
func productsOf(needs []Need) []string {
	out := make([]string, 0, len(needs))
	for _, n := range needs {
		if !slices.Contains(out, n.ProductRef) {
			out = append(out, n.ProductRef)
		}
	}
	return out
}

// totals sums the needed units by product, in the order of productsOf.
func totals(needs []Need) []int {
	products := productsOf(needs)
	out := make([]int, len(products))
	for _, n := range needs {
		out[slices.Index(products, n.ProductRef)] += n.Quantity
	}
	return out
}
