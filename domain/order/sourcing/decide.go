package sourcing

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// keep is how many ranked candidates a search looks at.
const keep = 30

// Primary tries the profile's strategies in order and returns the first plan that covers everything; nil when none does. The
// attempts explain the way there. An error is a mistake in the profile.
func Primary(p *Profile, r *Request) (*Plan, []Attempt, error) {
	var attempts []Attempt
	for i := range p.Strategies {
		s := &p.Strategies[i]
		a, ok, err := applies(p, s, r)
		if err != nil {
			return nil, attempts, fmt.Errorf("profile %s, strategy %s: %w", p.Ref, s.Ref, err)
		}
		if !ok {
			attempts = append(attempts, a)
			continue
		}
		found, err := rank(p, s, r, r.Needs)
		if err != nil {
			return nil, attempts, fmt.Errorf("profile %s, strategy %s: %w", p.Ref, s.Ref, err)
		}
		a.Ranking = rankings(found)
		plan := search(s, r, found, a.Limit)
		attempts = append(attempts, a.ended(plan, found))
		if plan != nil {
			return plan, attempts, nil
		}
	}
	return nil, attempts, nil
}

// Fallback applies the first fallback strategy that is active and whose conditions hold. Its plan may leave needs open;
// without such a strategy, or without any stock, the plan is empty and everything remains.
func Fallback(p *Profile, r *Request) (*Plan, []Attempt, error) {
	var attempts []Attempt
	for i := range p.Fallback {
		s := &p.Fallback[i]
		a, ok, err := applies(p, s, r)
		if err != nil {
			return nil, attempts, fmt.Errorf("profile %s, strategy %s: %w", p.Ref, s.Ref, err)
		}
		if ok || a.Outcome == LimitReached {
			plan, ranking, err := best(p, s, r, a.Limit)
			if err != nil {
				return nil, attempts, fmt.Errorf("profile %s, strategy %s: %w", p.Ref, s.Ref, err)
			}
			a.Ranking = ranking
			if a.Outcome == "" {
				a = a.ended(plan, nil)
			}
			return plan, append(attempts, a), nil
		}
		attempts = append(attempts, a)
	}
	return &Plan{Remaining: r.Needs}, attempts, nil
}

func (a Attempt) ended(plan *Plan, found []*candidate) Attempt {
	switch {
	case plan != nil && len(plan.Fulfilments) > 0:
		a.Outcome = Planned
	case len(found) == 0:
		a.Outcome = NoStock
	default:
		a.Outcome = NoCover
	}
	return a
}

// applies says whether a strategy may be used, and if not, why.
func applies(p *Profile, s *Strategy, r *Request) (Attempt, bool, error) {
	a := Attempt{Strategy: s.Ref, Limit: p.maxSplit(s) + 1 - r.Live}
	if s.Status != Active && s.Status != "" {
		a.Outcome = NotActive
		return a, false, nil
	}
	for _, c := range s.Conditions {
		ok, err := c.Holds(r.Context)
		if err != nil {
			return a, false, err
		}
		if !ok {
			a.Outcome = NotMet
			return a, false, nil
		}
	}
	if a.Limit <= 0 {
		a.Outcome = LimitReached
		return a, false, nil
	}
	return a, true, nil
}

// candidate is a rated location that holds at least one needed unit.
type candidate struct {
	location *Location
	ratings  []float64
	units    int      // Σ min(ATS, need)
	products []string // the needed products
	has      []int    // ATS of each
}

// rank rates the strategy's locations against needs and returns those worth looking at, best first.
func rank(p *Profile, s *Strategy, r *Request, needs []Need) ([]*candidate, error) {
	src := p.source(s)
	view := &rating{request: r, needs: needs, stock: r.Stock[src.VirtualCatalogue]}
	for i := range r.Locations {
		if r.Locations[i].In(src.Network) {
			view.candidates = append(view.candidates, &r.Locations[i])
		}
	}
	rated := make([]*candidate, len(view.candidates))
	for i, l := range view.candidates {
		rated[i] = &candidate{location: l}
	}
	for _, c := range s.Criteria {
		rate, ok := criteria[c.kind()]
		if !ok {
			return nil, fmt.Errorf("unknown criterion %q", c.Type)
		}
		values, err := rate(view, c)
		if err != nil {
			return nil, err
		}
		for i, v := range values {
			rated[i].ratings = append(rated[i].ratings, math.Round(v*1e6)/1e6)
		}
	}
	products := productsOf(needs)
	rated = slices.DeleteFunc(rated, func(c *candidate) bool {
		c.count(view, products)
		return c.units == 0 || slices.Contains(c.ratings, Out)
	})
	slices.SortFunc(rated, better)
	return rated[:min(len(rated), keep)], nil
}

func (c *candidate) count(view *rating, products []string) {
	c.units = int(view.covered(c.location, func(Need, Units) float64 { return 1 }))
	c.products, c.has = products, make([]int, len(products))
	for i, ref := range products {
		if u, ok := view.stock.At(c.location.Ref, ref); ok {
			c.has[i] = u.ATS
		}
	}
}

// better orders by rating vectors, higher first, then by ref.
func better(a, b *candidate) int {
	for i := range a.ratings {
		if a.ratings[i] != b.ratings[i] {
			if a.ratings[i] > b.ratings[i] {
				return -1
			}
			return 1
		}
	}
	return strings.Compare(a.location.Ref, b.location.Ref)
}

func rankings(found []*candidate) []Ranking {
	out := make([]Ranking, len(found))
	for i, c := range found {
		out[i] = Ranking{Location: c.location.Ref, Ratings: c.ratings, Units: c.units}
	}
	return out
}

// best takes, up to limit times, the location that is rated best against what remains, with all that it can supply.
func best(p *Profile, s *Strategy, r *Request, limit int) (*Plan, []Ranking, error) {
	plan := &Plan{Strategy: s.Ref, Remaining: slices.Clone(r.Needs)}
	var first []Ranking
	for n := 0; n < limit && len(plan.Remaining) > 0; n++ {
		found, err := rank(p, s, r, plan.Remaining)
		if err != nil {
			return nil, nil, err
		}
		if n == 0 {
			first = rankings(found)
		}
		if !plan.takeBest(found, s.WholeLines) {
			break
		}
	}
	return plan, first, nil
}

// takeBest allots what remains to the best location that can supply something and is not in the plan yet.
func (p *Plan) takeBest(found []*candidate, wholeLines bool) bool {
	for _, c := range found {
		if p.uses(c.location) {
			continue
		}
		before := len(p.Fulfilments)
		p.Remaining = p.allot(c, p.Remaining, wholeLines)
		if len(p.Fulfilments) > before {
			return true
		}
	}
	return false
}

func (p *Plan) uses(l *Location) bool {
	return slices.ContainsFunc(p.Fulfilments, func(a Allocation) bool { return a.Location == l })
}
