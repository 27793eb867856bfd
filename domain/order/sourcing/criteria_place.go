package sourcing

import (
	"math"
	"slices"
)

// rateDistance rates by how near a place is among those of which that is known.
func rateDistance(v *view, out []score) {
	d := v.distances()
	for i, km := range d.even {
		switch {
		case math.IsNaN(km):
			out[i] = score{unknown: true}
		case d.most <= d.least:
			out[i] = score{value: 1}
		default:
			out[i] = score{value: (d.most - km) / (d.most - d.least)}
		}
	}
}

func rateDistanceBanded(c Criterion) (rater, error) {
	bands, err := c.ascending("value")
	if err != nil {
		return nil, err
	}
	per, err := c.perKilometre()
	return func(v *view, out []score) error {
		for i, km := range v.distances().exact {
			band := 0
			for band < len(bands) && !(km*per <= bands[band]) { // of an unknown distance, nothing is true
				band++
			}
			out[i] = score{value: float64(len(bands)-band) / float64(len(bands)), unknown: math.IsNaN(km)}
		}
		return nil
	}, err
}

// rateDistanceExclusion leaves out what is too far, and what may be.
func rateDistanceExclusion(c Criterion) (rater, error) {
	most, err := c.number("value")
	if err != nil {
		return nil, err
	}
	per, err := c.perKilometre()
	return func(v *view, out []score) error {
		for i, km := range v.distances().exact {
			out[i] = inOrOut(km*per <= most)
			out[i].unknown = math.IsNaN(km)
		}
		return nil
	}, err
}

func rateTypeExclusion(c Criterion) (rater, error) {
	types, err := c.refs("value")
	if err != nil {
		return nil, err
	}
	return each(func(_ *view, c *candidate) score { return inOrOut(!slices.Contains(types, c.location.Type)) })
}

func rateNetworkExclusion(c Criterion) (rater, error) {
	networks, err := c.refs("value")
	if err != nil {
		return nil, err
	}
	return each(func(_ *view, c *candidate) score { return inOrOut(!slices.ContainsFunc(networks, c.location.In)) })
}

func rateNetworkPriority(c Criterion) (rater, error) {
	networks, err := c.refs("value")
	if err != nil {
		return nil, err
	}
	return each(func(_ *view, c *candidate) score {
		if i := slices.IndexFunc(networks, c.location.In); i >= 0 {
			return score{value: float64(len(networks)-i) / float64(len(networks))}
		}
		return score{}
	})
}

// rateDailyCapacity rates by the share of today's capacity that is left. A place that does not say how much it can do may be full.
func rateDailyCapacity(v *view, out []score) {
	for i := range v.candidates {
		switch l := v.candidates[i].location; {
		case l.DailyCapacity == nil:
			out[i] = score{unknown: true}
		case float64(l.CreatedToday) >= *l.DailyCapacity:
			out[i] = score{value: Out}
		default:
			out[i] = score{value: (*l.DailyCapacity - float64(l.CreatedToday)) / *l.DailyCapacity}
		}
	}
}

func ratePickup(other float64) func(v *view, out []score) {
	return func(v *view, out []score) {
		for i := range v.candidates {
			out[i] = score{value: other}
			if v.candidates[i].location.Ref == v.request.PickupLocation {
				out[i].value = 1
			}
		}
	}
}

// rateReplenishment prefers places from which replenishment goes to the pickup location anyway.
func rateReplenishment(v *view, out []score) {
	to := v.request.PickupLocation
	for i := range v.candidates {
		out[i] = score{}
		if to != "" && slices.Contains(v.candidates[i].location.Routes, to) {
			out[i].value = 1
		}
	}
}

func rateExclusionList(c Criterion) (rater, error) {
	refs, err := c.refs("value")
	if err != nil {
		return nil, err
	}
	return each(func(_ *view, c *candidate) score { return inOrOut(!slices.Contains(refs, c.location.Ref)) })
}

// rateCost rates by handling and carriage. Neither a place without coordinates nor one that does not say what handling costs is free: the
// latter costs defaultHandlingCost where the criterion gives it.
func rateCost(c Criterion) (rater, error) {
	rate, err := c.number("rate")
	if err != nil {
		return nil, err
	}
	per, err := c.perKilometre()
	if err != nil {
		return nil, err
	}
	standard := math.NaN()
	if _, given := c.Params["defaultHandlingCost"]; given {
		if standard, err = c.number("defaultHandlingCost"); err != nil {
			return nil, err
		}
	}
	return func(v *view, out []score) error {
		least, most, costs := math.Inf(1), math.Inf(-1), make([]float64, len(out))
		for i, km := range v.distances().even {
			cost := standard
			if h := v.candidates[i].location.HandlingCost; h != nil {
				cost = *h
			}
			if cost += rate * per * km; !math.IsNaN(cost) {
				least, most = min(least, cost), max(most, cost)
			}
			costs[i] = cost
		}
		for i, cost := range costs {
			switch {
			case math.IsNaN(cost):
				out[i] = score{unknown: true}
			case most <= least:
				out[i] = score{value: 1}
			default:
				out[i] = score{value: (most - cost) / (most - least)}
			}
		}
		return nil
	}, nil
}
