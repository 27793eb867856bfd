package sourcing

import (
	"encoding/json"
	"fmt"
	"slices"
)

// MaxRecord is how many bytes a stored decision has at most.
const MaxRecord = 2048

// Decision is what is kept of a decision, small enough to be kept for each. Of a place that it does not name, WhyNot says why from the same
// inputs, which the hash helps to recognise.
type Decision struct {
	Profile string         `json:"profile"` // ref:version
	Hash    string         `json:"hash"`    // of the profile's content
	Tried   []Tried        `json:"tried"`   // each strategy, in order
	More    int            `json:"more,omitempty"`
	Places  []Placed       `json:"places,omitempty"` // of the last strategy that ranked any: those chosen, and the ten next best
	Others  map[string]int `json:"others,omitempty"` // how many more were left out, by reason
	Open    int            `json:"open,omitempty"`   // units that the plan leaves open
	Fault   string         `json:"fault,omitempty"`  // the first failure of an expression
}

// Tried is what became of a strategy.
type Tried struct {
	Strategy string `json:"strategy"`
	Outcome  string `json:"outcome"`
	Because  string `json:"because,omitempty"`
	Limit    int    `json:"limit,omitempty"`
	Search   string `json:"search,omitempty"`
}

// Placed is a place with how it was rated, and how many units it is to supply; 0: it was not chosen.
type Placed struct {
	Ranking
	Takes int
}

// Explain makes the record of a decision.
func Explain(p *Profile, attempts []Attempt, plan *Plan) *Decision {
	d := &Decision{Profile: fmt.Sprintf("%s:%d", p.Ref, p.Version), Hash: p.Hash(), Tried: make([]Tried, len(attempts))}
	takes := map[string]int{}
	if plan != nil {
		for _, a := range plan.Fulfilments {
			for _, l := range a.Lines {
				takes[a.Ref] += l.Quantity
			}
		}
		for _, n := range plan.Remaining {
			d.Open += n.Quantity
		}
	}
	for i, a := range attempts {
		d.Tried[i] = Tried{a.Strategy, a.Outcome, a.Because, a.Limit, a.Search}
		if a.Others != nil {
			d.Places, d.Others, d.Fault = make([]Placed, len(a.Ranking)), a.Others, a.Fault
			for k, r := range a.Ranking {
				d.Places[k] = Placed{r, takes[r.Location]}
			}
		}
	}
	return d
}

// MarshalJSON gives the record in at most MaxRecord bytes. What does not fit is counted: first the worst of the places that were not chosen,
// then strategies that came to nothing, then the ratings and at last the names of places.
func (d *Decision) MarshalJSON() ([]byte, error) {
	type plain Decision
	small := plain(*d)
	small.Places, small.Tried = slices.Clone(d.Places), slices.Clone(d.Tried)
	for {
		raw, err := json.Marshal(small)
		if err != nil || len(raw) <= MaxRecord || !(*Decision)(&small).shed() {
			return raw, err
		}
	}
}

// shed drops what matters least; false: there is nothing more to drop.
func (d *Decision) shed() bool {
	last := len(d.Places) - 1
	for last >= 0 && d.Places[last].Takes > 0 {
		last--
	}
	switch {
	case last >= 0:
		d.Places = slices.Delete(d.Places, last, last+1)
		d.countOther()
	case len(d.Tried) > 1:
		d.Tried = d.Tried[1:]
		d.More++
	case d.Fault != "":
		d.Fault = ""
	case len(d.Places) > 0 && d.Places[0].Ratings != nil:
		for i := range d.Places {
			d.Places[i].Ratings, d.Places[i].Unknown = nil, nil
		}
	case len(d.Places) > 0:
		d.Places = d.Places[:len(d.Places)-1]
		d.countOther()
	default:
		return false
	}
	return true
}

func (d *Decision) countOther() {
	others := map[string]int{RankedLower: 1}
	for reason, n := range d.Others {
		others[reason] += n
	}
	d.Others = others
}

// MarshalJSON writes a place as a list: ref, rank, units that it could supply, ratings, units that it is to supply, criteria for which something
// was missing. The last two are left out where they are nothing.
func (p Placed) MarshalJSON() ([]byte, error) {
	list := []any{p.Location, p.Rank, p.Units, p.Ratings}
	if p.Takes > 0 || p.Unknown != nil {
		list = append(list, p.Takes)
	}
	if p.Unknown != nil {
		list = append(list, p.Unknown)
	}
	return json.Marshal(list)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (p *Placed) UnmarshalJSON(raw []byte) error {
	*p = Placed{}
	list := []any{&p.Location, &p.Rank, &p.Units, &p.Ratings, &p.Takes, &p.Unknown}
	if err := json.Unmarshal(raw, &list); err != nil {
		return fmt.Errorf("place of a sourcing decision: %w", err)
	}
	p.Chosen = p.Takes > 0
	return nil
}
