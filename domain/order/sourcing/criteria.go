package sourcing

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/fluent-oms/fluent/domain/path"
)

// Out is the rating that removes a location.
const Out = -1.0

// criteria are the known criteria: each rates all candidates at once, 0…1 with higher better, or Out.
var criteria = map[string]func(r *rating, c Criterion) ([]float64, error){
	"locationDistance":               rateDistance,
	"locationDistanceBanded":         rateDistanceBanded,
	"locationDistanceExclusion":      rateDistanceExclusion,
	"locationTypeExclusion":          rateTypeExclusion,
	"locationNetworkExclusion":       rateNetworkExclusion,
	"networkPriority":                rateNetworkPriority,
	"inventoryAvailability":          rateAvailability,
	"inventoryAvailabilityBanded":    rateAvailabilityBanded,
	"inventoryAvailabilityExclusion": rateAvailabilityExclusion,
	"orderValue":                     rateOrderValue,
	"locationDailyCapacity":          rateDailyCapacity,
	"lowestSellThrough":              rateSellThrough,
	"oldestStock":                    rateOldestStock,
	"highestMarkdown":                rateMarkdown,
	"pickupLocationOnly":             ratePickup(Out),
	"pickupLocationFirst":            ratePickup(0),
	"replenishmentRoute":             rateReplenishment,
	"locationExclusionList":          rateExclusionList,
	"costToServe":                    rateCost,
}

// rating is one strategy's view while its candidates are rated: what is still needed and what each location holds of it.
type rating struct {
	request    *Request
	needs      []Need
	candidates []*Location
	stock      Stock
}

// each rates every candidate by itself.
func (r *rating) each(f func(l *Location) float64) []float64 {
	out := make([]float64, len(r.candidates))
	for i, l := range r.candidates {
		out[i] = f(l)
	}
	return out
}

// covered is Σ min(ATS, need) and Σ need over the products, each unit counted by weight.
func (r *rating) covered(l *Location, weight func(Need, Units) float64) (sum float64) {
	left := map[string]int{}
	for _, n := range r.needs {
		u, ok := r.stock.At(l.Ref, n.ProductRef)
		if !ok {
			continue
		}
		if _, seen := left[n.ProductRef]; !seen {
			left[n.ProductRef] = u.ATS
		}
		take := min(left[n.ProductRef], n.Quantity)
		left[n.ProductRef] -= take
		sum += float64(take) * weight(n, u)
	}
	return sum
}

func (r *rating) units() (sum float64) {
	for _, n := range r.needs {
		sum += float64(n.Quantity)
	}
	return sum
}

func (r *rating) share(l *Location) float64 {
	if total := r.units(); total > 0 {
		return r.covered(l, func(Need, Units) float64 { return 1 }) / total
	}
	return 0
}

// mean is the need-weighted mean of a figure of the positions; missing stands for a position without it.
func (r *rating) mean(l *Location, figure func(Units) *float64, missing float64) float64 {
	var sum float64
	for _, n := range r.needs {
		v := missing
		if u, ok := r.stock.At(l.Ref, n.ProductRef); ok {
			if f := figure(u); f != nil {
				v = *f
			}
		}
		sum += v * float64(n.Quantity)
	}
	if total := r.units(); total > 0 {
		return sum / total
	}
	return missing
}

// distance is in kilometres from the destination; ok is false where one of the two has no coordinates.
func (r *rating) distance(l *Location) (km float64, ok bool) {
	if l.Point == nil || r.request.Destination == nil {
		return 0, false
	}
	return Kilometres(*r.request.Destination, *l.Point), true
}

func rateDistance(r *rating, _ Criterion) ([]float64, error) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, l := range r.candidates {
		if d, ok := r.distance(l); ok {
			low, high = math.Min(low, d), math.Max(high, d)
		}
	}
	return r.each(func(l *Location) float64 {
		d, ok := r.distance(l)
		if !ok || high <= low {
			return 1
		}
		return (high - d) / (high - low)
	}), nil
}

func rateDistanceBanded(r *rating, c Criterion) ([]float64, error) {
	bands, err := c.numbers("value")
	if err != nil || len(bands) == 0 {
		return nil, c.wants("value", "a list of distances", err)
	}
	return r.each(func(l *Location) float64 {
		d, ok := r.distance(l)
		i := 0
		for ok && i < len(bands) && c.unit(d) > bands[i] {
			i++
		}
		return float64(len(bands)-i) / float64(len(bands))
	}), nil
}

func rateDistanceExclusion(r *rating, c Criterion) ([]float64, error) {
	limit, err := c.number("value")
	if err != nil {
		return nil, err
	}
	return r.each(func(l *Location) float64 {
		d, ok := r.distance(l)
		return inOrOut(!ok || c.unit(d) <= limit)
	}), nil
}

func rateTypeExclusion(r *rating, c Criterion) ([]float64, error) {
	types := c.texts("value")
	return r.each(func(l *Location) float64 { return inOrOut(!slices.Contains(types, l.Type)) }), nil
}

func rateNetworkExclusion(r *rating, c Criterion) ([]float64, error) {
	networks := c.texts("value")
	return r.each(func(l *Location) float64 {
		return inOrOut(!slices.ContainsFunc(networks, l.In))
	}), nil
}

func rateNetworkPriority(r *rating, c Criterion) ([]float64, error) {
	networks := c.texts("value")
	return r.each(func(l *Location) float64 {
		if i := slices.IndexFunc(networks, l.In); i >= 0 {
			return float64(len(networks)-i) / float64(len(networks))
		}
		return 0
	}), nil
}

func rateAvailability(r *rating, _ Criterion) ([]float64, error) { return r.each(r.share), nil }

func rateAvailabilityBanded(r *rating, c Criterion) ([]float64, error) {
	bands, err := c.numbers("value")
	if err != nil || len(bands) == 0 {
		return nil, c.wants("value", "a list of percentages", err)
	}
	return r.each(func(l *Location) float64 {
		p, n := 100*r.share(l), 0
		for _, b := range bands {
			if b <= p+1e-9 {
				n++
			}
		}
		return float64(n) / float64(len(bands))
	}), nil
}

func rateAvailabilityExclusion(r *rating, c Criterion) ([]float64, error) {
	limit, err := c.number("value")
	if err != nil {
		return nil, err
	}
	return r.each(func(l *Location) float64 { return inOrOut(100*r.share(l)+1e-9 >= limit) }), nil
}

func rateOrderValue(r *rating, _ Criterion) ([]float64, error) {
	return upToBest(r.each(func(l *Location) float64 {
		return r.covered(l, func(n Need, _ Units) float64 { return n.PaidPrice })
	})), nil
}

func rateDailyCapacity(r *rating, _ Criterion) ([]float64, error) {
	return r.each(func(l *Location) float64 {
		limit, ok := path.Number(l.Attributes["dailyCapacity"])
		switch {
		case !ok:
			return 1
		case float64(l.CreatedToday) >= limit:
			return Out
		}
		return (limit - float64(l.CreatedToday)) / limit
	}), nil
}

func rateSellThrough(r *rating, _ Criterion) ([]float64, error) {
	return r.each(func(l *Location) float64 {
		return 1 - r.mean(l, func(u Units) *float64 { return u.SellThrough }, 0.5)
	}), nil
}

func rateOldestStock(r *rating, _ Criterion) ([]float64, error) {
	now := r.request.Now
	return upToBest(r.each(func(l *Location) float64 {
		return r.mean(l, func(u Units) *float64 {
			if u.ReceivedOn.IsZero() {
				return nil
			}
			days := math.Max(0, now.Sub(u.ReceivedOn).Hours()/float64(24*time.Hour/time.Hour))
			return &days
		}, 0)
	})), nil
}

func rateMarkdown(r *rating, _ Criterion) ([]float64, error) {
	return r.each(func(l *Location) float64 {
		return r.mean(l, func(u Units) *float64 { return u.Markdown }, 0) / 100
	}), nil
}

func ratePickup(other float64) func(*rating, Criterion) ([]float64, error) {
	return func(r *rating, _ Criterion) ([]float64, error) {
		return r.each(func(l *Location) float64 {
			if l.Ref == r.request.PickupLocation {
				return 1
			}
			return other
		}), nil
	}
}

func rateReplenishment(r *rating, _ Criterion) ([]float64, error) {
	return r.each(func(l *Location) float64 {
		routes, _ := l.Attributes["replenishmentRoutes"].([]any)
		for _, to := range routes {
			if path.Text(to) == r.request.PickupLocation {
				return 1
			}
		}
		return 0
	}), nil
}

func rateExclusionList(r *rating, c Criterion) ([]float64, error) {
	refs := c.texts("value")
	return r.each(func(l *Location) float64 { return inOrOut(!slices.Contains(refs, l.Ref)) }), nil
}

func rateCost(r *rating, c Criterion) ([]float64, error) {
	perKm, err := c.number("rate")
	if err != nil {
		return nil, err
	}
	costs := r.each(func(l *Location) float64 {
		handling, _ := path.Number(l.Attributes["handlingCost"])
		d, _ := r.distance(l)
		return handling + perKm*d
	})
	if len(costs) == 0 {
		return costs, nil
	}
	low, high := slices.Min(costs), slices.Max(costs)
	for i, x := range costs {
		if costs[i] = 1; high > low {
			costs[i] = (high - x) / (high - low)
		}
	}
	return costs, nil
}

func inOrOut(in bool) float64 {
	if in {
		return 1
	}
	return Out
}

// upToBest divides by the largest value; all zero stays zero.
func upToBest(values []float64) []float64 {
	var best float64
	for _, v := range values {
		best = math.Max(best, v)
	}
	for i := range values {
		if best > 0 {
			values[i] /= best
		}
	}
	return values
}

// unit converts kilometres to the criterion's valueUnit.
func (c Criterion) unit(km float64) float64 {
	if path.Text(c.Params["valueUnit"]) == "miles" {
		return km * milesPerKilometre
	}
	return km
}

func (c Criterion) number(name string) (float64, error) {
	if v, ok := path.Number(c.Params[name]); ok {
		return v, nil
	}
	return 0, c.wants(name, "a number", nil)
}

func (c Criterion) numbers(name string) ([]float64, error) {
	list, _ := c.Params[name].([]any)
	out := make([]float64, 0, len(list))
	for _, x := range list {
		v, ok := path.Number(x)
		if !ok {
			return nil, c.wants(name, "a list of numbers", nil)
		}
		out = append(out, v)
	}
	return out, nil
}

func (c Criterion) texts(name string) []string {
	switch v := c.Params[name].(type) {
	case []any:
		out := make([]string, len(v))
		for i, x := range v {
			out[i] = path.Text(x)
		}
		return out
	case []string:
		return v
	case string:
		return []string{v}
	}
	return nil
}

func (c Criterion) wants(name, what string, cause error) error {
	if cause != nil {
		return cause
	}
	return fmt.Errorf("criterion %s: parameter %s must be %s", c.Type, name, what)
}
