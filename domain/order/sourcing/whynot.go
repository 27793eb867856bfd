package sourcing

import (
	"fmt"
	"slices"
)

// Reason is what one strategy made of one place.
type Reason struct {
	Strategy string    `json:"strategy"`
	Why      string    `json:"why"`               // an outcome, a reason, CHOSEN, or a criterion that removed the place
	Because  string    `json:"because,omitempty"` // the condition that did not hold
	Missing  []string  `json:"missing,omitempty"` // criteria for which something of the place was missing
	Units    int       `json:"units,omitempty"`   // of those needed that it holds
	Ratings  []float64 `json:"ratings,omitempty"`
	Rank     int       `json:"rank,omitempty"` // among so many
	Of       int       `json:"of,omitempty"`
	Needs    int       `json:"needs,omitempty"` // the smallest set with the place, in places; 0: none within the limit
	Chosen   []string  `json:"chosen,omitempty"`
}

// Why a ranked place was or was not chosen.
const (
	Chosen     = "CHOSEN"
	MorePlaces = "NEEDS_MORE_PLACES" // with it, more places are needed than were chosen
	NoSetWith  = "NO_SET_WITH_IT"    // no set within the limit has it and covers everything
	UnknownRef = "NO_SUCH_PLACE"     // neither among the locations nor among those left out before
)

// WhyNot decides again and says of one place what each strategy that was looked at made of it, the fallback's last. It looks no further than the
// strategy that found a plan.
func WhyNot(p *Profile, r *Request, ref string) ([]Reason, error) {
	plan, attempts, err := Primary(p, r)
	if err != nil {
		return nil, err
	}
	out := make([]Reason, 0, len(attempts)+1)
	for i := range attempts {
		reason, err := p.whyNot(&p.Strategies[i], r, attempts[i], plan, ref)
		if err != nil {
			return nil, err
		}
		out = append(out, reason)
	}
	if plan != nil {
		return out, nil
	}
	plan, attempts, err = Fallback(p, r)
	if err != nil {
		return nil, err
	}
	for i := range attempts {
		reason, err := p.whyNot(&p.Fallback[i], r, attempts[i], plan, ref)
		if err != nil {
			return nil, err
		}
		out = append(out, reason)
	}
	return out, nil
}

func (p *Profile) whyNot(s *Strategy, r *Request, a Attempt, plan *Plan, ref string) (Reason, error) {
	out := Reason{Strategy: s.Ref, Why: a.Outcome, Because: a.Because}
	if a.Others == nil { // it was not tried
		return out, nil
	}
	if why := leftOut(p.source(s), r, ref); why != "" {
		out.Why = why
		return out, nil
	}
	v, found, err := p.rank(s, r, r.Needs)
	if err != nil {
		return out, fmt.Errorf("profile %s, strategy %s: %w", p.Ref, s.Ref, err)
	}
	c := &v.candidates[slices.IndexFunc(v.candidates, func(c candidate) bool { return c.location.Ref == ref })]
	out.Units, out.Ratings, out.Missing = c.units, c.ratings, s.missing(c)
	switch {
	case c.units == 0:
		out.Why = NoUnits
		return out, nil
	case c.out > 0:
		out.Why = s.Criteria[c.out-1].kind()
		return out, nil
	}
	out.Rank, out.Of = slices.Index(found, c)+1, len(found)
	if a.Outcome == Planned {
		for _, f := range plan.Fulfilments {
			out.Chosen = append(out.Chosen, f.Ref)
		}
	}
	out.Why, out.Needs = v.compare(s, found, c, a, out.Chosen)
	return out, nil
}

// leftOut says why a location is no candidate at all; empty: it is one.
func leftOut(from Source, r *Request, ref string) string {
	if why, ok := r.Excluded[ref]; ok {
		return why
	}
	i := slices.IndexFunc(r.Locations, func(l Location) bool { return l.Ref == ref })
	switch {
	case i < 0:
		return UnknownRef
	case !r.Locations[i].In(from.Network):
		return NotInNetwork
	case !r.Locations[i].does(r.Method):
		return MethodNot
	case r.Locations[i].NeverOpens:
		return NeverOpen
	}
	return ""
}

// compare holds the best set with a candidate against what was chosen. Where a strategy goes by rank, or takes lines whole, or is a fallback,
// its rank is the reason.
func (v *view) compare(s *Strategy, found []*candidate, c *candidate, a Attempt, chosen []string) (why string, needs int) {
	if slices.Contains(chosen, c.location.Ref) {
		return Chosen, len(chosen)
	}
	if a.Search == "" || a.Search == ByRank || s.whole() {
		return RankedLower, 0
	}
	rest := &coverage{rows: len(found)}
	var columns []int
	for p, n := range v.need {
		if n > c.has[p] {
			rest.need, columns = append(rest.need, n-c.has[p]), append(columns, p)
		}
	}
	for _, other := range found {
		for k, p := range columns {
			units := min(other.has[p], rest.need[k])
			if other == c {
				units = 0
			}
			rest.has = append(rest.has, units)
		}
	}
	needs = 1
	if len(columns) > 0 {
		set := rest.fewest(a.Limit - 1).set
		if set == nil {
			return NoSetWith, 0
		}
		needs += len(set)
	}
	if len(chosen) > 0 && needs > len(chosen) {
		return MorePlaces, needs
	}
	return RankedLower, needs
}
