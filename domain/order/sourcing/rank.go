package sourcing

import (
	"math"
	"slices"
	"strings"
)

// view is one strategy's candidates while they are rated: what is still needed, and what each holds of it.
type view struct {
	request    *Request
	needs      []Need
	products   []string // needed ones, in order of first appearance: the columns
	need       []int    // units, by column
	total      int      // of all columns
	candidates []candidate
	others     others
	far        *distances // of the candidates; made when a criterion asks
	fault      error      // the first failure of an expression at a place
}

// candidate is a location of the strategy's network.
type candidate struct {
	location *Location
	held     map[string]Units // by product
	has      []int            // ATS by column, at most the need
	units    int              // Σ has
	ratings  []float64        // by criterion
	unknown  uint64           // the criteria for which something is missing, by bit
	out      int              // the criterion that removed it, counted from 1; 0: none did
}

// others counts locations that are not candidates.
type others struct{ network, method, closed int }

// maxCriteria is how many criteria a strategy may have.
const maxCriteria = 64

// score is how one criterion rates one candidate: 0…1 with higher better, or Out. One for which something is missing comes after all others of
// the same rating.
type score struct {
	value   float64
	unknown bool
}

// Out is the rating that removes a location.
const Out = -1.0

// rank rates the strategy's locations against needs. The result has those worth looking at, best first.
func (p *Profile) rank(s *Strategy, r *Request, needs []Need) (*view, []*candidate, error) {
	v := newView(p.source(s), r, needs)
	raters, err := s.rated(nil)
	if err != nil {
		return nil, nil, err
	}
	scores, ratings := make([]score, len(v.candidates)), make([]float64, len(v.candidates)*len(raters))
	for k, rate := range raters {
		if err := rate(v, scores); err != nil {
			return nil, nil, err
		}
		for i := range v.candidates {
			v.candidates[i].note(k, scores[i], ratings[i*len(raters):(i+1)*len(raters):(i+1)*len(raters)])
		}
	}
	found := make([]*candidate, 0, len(v.candidates))
	for i := range v.candidates {
		if c := &v.candidates[i]; c.units > 0 && c.out == 0 {
			found = append(found, c)
		}
	}
	slices.SortFunc(found, better)
	return v, found, nil
}

func newView(from Source, r *Request, needs []Need) *view {
	v := &view{request: r, needs: needs, products: make([]string, 0, len(needs))}
	for _, n := range needs {
		i := slices.Index(v.products, n.ProductRef)
		if i < 0 {
			i, v.products, v.need = len(v.products), append(v.products, n.ProductRef), append(v.need, 0)
		}
		v.need[i] += n.Quantity
		v.total += n.Quantity
	}
	stock := r.Stock[from.VirtualCatalogue]
	v.candidates = make([]candidate, 0, len(r.Locations))
	for i := range r.Locations {
		switch l := &r.Locations[i]; {
		case !l.In(from.Network):
			v.others.network++
		case !l.does(r.Method):
			v.others.method++
		case l.NeverOpens:
			v.others.closed++
		default:
			v.candidates = append(v.candidates, candidate{location: l, held: stock[l.Ref]})
		}
	}
	m := len(v.products)
	has := make([]int, len(v.candidates)*m)
	for i := range v.candidates {
		v.count(&v.candidates[i], has[i*m:(i+1)*m:(i+1)*m])
	}
	return v
}

func (v *view) count(c *candidate, has []int) {
	c.has = has
	if len(c.held) == 0 {
		return
	}
	for p, ref := range v.products {
		if u := c.held[ref]; u.ATS > 0 {
			has[p] = min(u.ATS, v.need[p])
			c.units += has[p]
		}
	}
}

func (c *candidate) note(criterion int, s score, ratings []float64) {
	c.ratings = ratings
	ratings[criterion] = math.Round(s.value*1e6) / 1e6
	if s.unknown {
		c.unknown |= 1 << criterion
	}
	if s.value == Out && c.out == 0 {
		c.out = criterion + 1
	}
}

// better orders by rating vectors, higher first and known before unknown, then by ref.
func better(a, b *candidate) int {
	for i, x := range a.ratings {
		switch y := b.ratings[i]; {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		if a.unknown != b.unknown {
			if d := int(a.unknown>>i&1) - int(b.unknown>>i&1); d != 0 {
				return d
			}
		}
	}
	return strings.Compare(a.location.Ref, b.location.Ref)
}

// nextBest is how many of those that were not chosen an explanation lists.
const nextBest = 10

// explain says of the best candidates how they were rated, and of the others how many were left out and why.
func (v *view) explain(s *Strategy, found []*candidate, plan *Plan) (list []Ranking, left map[string]int) {
	more, lower := nextBest, 0
	list = make([]Ranking, 0, min(len(found), nextBest+4))
	for i, c := range found {
		chosen := plan != nil && plan.uses(c.location)
		if !chosen && more == 0 {
			lower++
			continue
		}
		if !chosen {
			more--
		}
		list = append(list, Ranking{Location: c.location.Ref, Rank: i + 1, Chosen: chosen, Ratings: c.ratings, Unknown: s.missing(c), Units: c.units})
	}
	left = map[string]int{NotInNetwork: v.others.network, MethodNot: v.others.method, NeverOpen: v.others.closed, RankedLower: lower}
	for _, why := range v.request.Excluded {
		left[why]++
	}
	for i := range v.candidates {
		switch c := &v.candidates[i]; {
		case c.units == 0:
			left[NoUnits]++
		case c.out > 0:
			left[s.Criteria[c.out-1].kind()]++
		}
	}
	for reason, n := range left {
		if n == 0 {
			delete(left, reason)
		}
	}
	return list, left
}

// missing names the criteria for which something of the candidate was missing.
func (s *Strategy) missing(c *candidate) (kinds []string) {
	for i := range s.Criteria {
		if c.unknown>>i&1 == 1 {
			kinds = append(kinds, s.Criteria[i].kind())
		}
	}
	return kinds
}
