package sourcing

import (
	"slices"

	"github.com/fluent-oms/fluent/domain/path"
)

// share is how much of what is needed a candidate holds.
func (v *view) share(c *candidate) float64 {
	if v.total == 0 {
		return 0
	}
	return float64(c.units) / float64(v.total)
}

func rateAvailability(v *view, out []score) {
	for i := range v.candidates {
		out[i] = score{value: v.share(&v.candidates[i])}
	}
}

// sliver is what a share may be short of a bound for the sake of binary fractions.
const sliver = 1e-9

func rateAvailabilityBanded(c Criterion) (rater, error) {
	bands, err := c.ascending("value")
	if err != nil {
		return nil, err
	}
	return each(func(v *view, c *candidate) score {
		reached := 0
		for _, b := range bands {
			if b <= 100*v.share(c)+sliver {
				reached++
			}
		}
		return score{value: float64(reached) / float64(len(bands))}
	})
}

func rateAvailabilityExclusion(c Criterion) (rater, error) {
	least, err := c.number("value")
	if err != nil {
		return nil, err
	}
	return each(func(v *view, c *candidate) score { return inOrOut(100*v.share(c)+sliver >= least) })
}

// rateOrderValue rates by the value of what a place can supply. Units of a line without a price add nothing.
func rateOrderValue(v *view, out []score) {
	columns := make([]int, len(v.needs))
	for i, n := range v.needs {
		columns[i] = slices.Index(v.products, n.ProductRef)
	}
	left := make([]int, len(v.products))
	for i := range v.candidates {
		out[i] = score{}
		copy(left, v.candidates[i].has)
		for k, n := range v.needs {
			units := min(left[columns[k]], n.Quantity)
			left[columns[k]] -= units
			out[i].value += float64(units) * n.PaidPrice
		}
	}
	upToBest(out)
}

// mean is the need-weighted mean of a figure of the needed positions, higher better. What a place does not hold, and a figure that is not known,
// counts as nothing; a place of which none is known comes last.
func (v *view) mean(c *candidate, figure func(Units) (float64, bool)) score {
	out := score{unknown: true}
	for p, ref := range v.products {
		if c.has[p] == 0 {
			continue
		}
		if f, ok := figure(c.held[ref]); ok {
			out.unknown = false
			out.value += f * float64(v.need[p])
		}
	}
	if v.total > 0 {
		out.value /= float64(v.total)
	}
	return out
}

// rateSellThrough prefers places where the goods sell badly; window is over how many days.
func rateSellThrough(c Criterion) (rater, error) {
	window := ""
	if days, given := c.Params["window"]; given {
		if _, err := c.number("window"); err != nil {
			return nil, err
		}
		window = path.Text(days)
	}
	return each(func(v *view, c *candidate) score {
		return v.mean(c, func(u Units) (float64, bool) {
			share := u.SellThrough
			if window != "" {
				share = u.SellThroughBy[window]
			}
			if share == nil {
				return 0, false
			}
			return 1 - *share, true
		})
	})
}

// rateOldestStock prefers places whose goods have been there longest, by days.
func rateOldestStock(v *view, out []score) {
	now := v.request.Now
	for i := range v.candidates {
		out[i] = v.mean(&v.candidates[i], func(u Units) (float64, bool) {
			return max(0, now.Sub(u.ReceivedOn).Hours()/24), !u.ReceivedOn.IsZero()
		})
	}
	upToBest(out)
}

func rateMarkdown(v *view, out []score) {
	for i := range v.candidates {
		out[i] = v.mean(&v.candidates[i], func(u Units) (float64, bool) {
			if u.Markdown == nil {
				return 0, false
			}
			return *u.Markdown / 100, true
		})
	}
}

// upToBest divides by the largest value; all zero stays zero.
func upToBest(list []score) {
	best := 0.0
	for _, s := range list {
		best = max(best, s.value)
	}
	for i := range list {
		if best > 0 {
			list[i].value /= best
		}
	}
}
