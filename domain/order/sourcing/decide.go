package sourcing

import (
	"fmt"
	"slices"
)

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
		v, found, err := p.rank(s, r, r.Needs)
		if err != nil {
			return nil, attempts, fmt.Errorf("profile %s, strategy %s: %w", p.Ref, s.Ref, err)
		}
		plan, how := v.search(s, found, a.Limit)
		a.Search = how
		attempts = append(attempts, a.ended(plan, v, s, found))
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
		if a.Outcome == LimitReached {
			return &Plan{Strategy: s.Ref, Remaining: r.Needs}, append(attempts, a), nil
		}
		if ok {
			plan, a, err := best(p, s, r, a)
			if err != nil {
				return nil, attempts, fmt.Errorf("profile %s, strategy %s: %w", p.Ref, s.Ref, err)
			}
			return plan, append(attempts, a), nil
		}
		attempts = append(attempts, a)
	}
	return &Plan{Remaining: r.Needs}, attempts, nil
}

// ended completes the explanation of a strategy that was tried.
func (a Attempt) ended(plan *Plan, v *view, s *Strategy, found []*candidate) Attempt {
	switch {
	case plan != nil && len(plan.Fulfilments) > 0:
		a.Outcome = Planned
	case len(found) == 0:
		a.Outcome = NoStock
	default:
		a.Outcome = NoCover
	}
	a.Ranking, a.Others = v.explain(s, found, plan)
	if v.fault != nil {
		a.Fault = v.fault.Error()
	}
	if s.ConsolidateAt != "" && plan != nil && len(plan.Fulfilments) > 1 {
		together, err := Consolidate(plan, s.ConsolidateAt, v.request)
		if plan.Consolidation = together; err != nil {
			a.Fault = err.Error()
		}
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
			a.Outcome, a.Because = NotMet, c.String()
			return a, false, nil
		}
	}
	if a.Limit <= 0 {
		a.Outcome = LimitReached
		return a, false, nil
	}
	return a, true, nil
}

// best takes, up to the limit, the location that is rated best against what remains, with all that it can supply. The explanation has the
// ranking of the first round.
func best(p *Profile, s *Strategy, r *Request, a Attempt) (*Plan, Attempt, error) {
	plan := &Plan{Strategy: s.Ref, Remaining: slices.Clone(r.Needs)}
	var first *view
	var ranking []*candidate
	for n := 0; n < a.Limit && len(plan.Remaining) > 0; n++ {
		v, found, err := p.rank(s, r, plan.Remaining)
		if err != nil {
			return nil, a, err
		}
		if n == 0 {
			first, ranking = v, found
		}
		if !plan.takeBest(v, found, s.whole()) {
			break
		}
	}
	if first == nil { // nothing was needed
		a.Outcome = NoStock
		return plan, a, nil
	}
	return plan, a.ended(plan, first, s, ranking), nil
}

// takeBest allots what remains to the best location that can supply something and is not in the plan yet.
func (p *Plan) takeBest(v *view, found []*candidate, wholeLines bool) bool {
	for _, c := range found {
		if p.uses(c.location) {
			continue
		}
		before := len(p.Fulfilments)
		p.Remaining = v.allot(p, c, p.Remaining, wholeLines)
		if len(p.Fulfilments) > before {
			return true
		}
	}
	return false
}

func (p *Plan) uses(l *Location) bool {
	return slices.ContainsFunc(p.Fulfilments, func(a Allocation) bool { return a.Location == l })
}
