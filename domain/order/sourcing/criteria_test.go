package sourcing_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/order/sourcing"
)

// figures is what the criteria of TestCriteria look at, on the request of P1×4 and P3×10.
func figures() *sourcing.Request {
	r := request(need("1", "P1", 4, 50), need("2", "P3", 10, 30))
	r.PickupLocation = "STORE_B"
	base, share := r.Stock["BASE:1"], func(v float64) *float64 { return &v }
	day := 24 * time.Hour
	base.Put("STORE_A", "P1", sourcing.Units{ATS: 5, SellThrough: share(0.9), Markdown: share(35), ReceivedOn: r.Now.Add(-14 * day)})
	base.Put("STORE_A", "P3", sourcing.Units{ATS: 4, SellThrough: share(0.2)})
	base.Put("STORE_B", "P3", sourcing.Units{ATS: 10, SellThroughBy: map[string]*float64{"7": share(0)}, ReceivedOn: r.Now.Add(-7 * day)})
	base.Put("STORE_C", "P1", sourcing.Units{ATS: 0, SellThrough: share(0), Markdown: share(90), ReceivedOn: r.Now.Add(-900 * day)})
	base.Put("STORE_C", "P3", sourcing.Units{ATS: 6, SellThrough: share(0.1)})
	base.Put("DC1", "P1", sourcing.Units{ATS: 100, SellThrough: share(1), ReceivedOn: r.Now.Add(10 * day)})
	for i := range r.Locations {
		switch l := &r.Locations[i]; l.Ref {
		case "STORE_A":
			l.CreatedToday = 4
			l.Describe(map[string]any{"dailyCapacity": 10.0, "handlingCost": 111.194926644558})
		case "STORE_B":
			l.CreatedToday = 3
			l.Describe(map[string]any{"dailyCapacity": 3.0})
		case "STORE_C":
			l.CreatedToday = 1000
		case "DC1":
			l.CreatedToday = 3
			l.Describe(map[string]any{"dailyCapacity": 4.0, "replenishmentRoutes": []any{"STORE_Z", "STORE_B"}})
		}
	}
	return r
}

const out = sourcing.Out

// TestCriteria: how each criterion rates STORE_A, STORE_B, STORE_C and DC1, which are 5.56, 11.12, 22.24 and 100.1 km away and hold 4+4, 4+10,
// 0+6 and 4+0 of the 4+10 units that are needed.
func TestCriteria(t *testing.T) {
	t.Parallel()
	type params = map[string]any
	list := func(v ...any) params { return params{"value": v} }
	for _, c := range []struct {
		kind   string
		params params
		want   [4]float64
	}{
		{"locationDistance", nil, [4]float64{1, 0.941176, 0.823529, 0}},
		{"locationDistanceBanded", list(11.12, 50), [4]float64{1, 1, 0.5, 0}},
		{"locationDistanceBanded", list(11.11, 50, 200), [4]float64{1, 0.666667, 0.666667, 0.333333}},
		{"locationDistanceBanded", params{"value": []any{6.91, 13.82}, "valueUnit": "miles"}, [4]float64{1, 1, 0.5, 0}},
		{"locationDistanceExclusion", params{"value": 22.24}, [4]float64{1, 1, 1, out}},
		{"locationDistanceExclusion", params{"value": 22.23}, [4]float64{1, 1, out, out}},
		{"locationDistanceExclusion", params{"value": 13.82, "valueUnit": "miles"}, [4]float64{1, 1, 1, out}},
		{"locationDistanceExclusion", params{"value": 13.81, "valueUnit": "miles"}, [4]float64{1, 1, out, out}},
		{"locationTypeExclusion", list("VENDOR", "WAREHOUSE"), [4]float64{1, 1, 1, out}},
		{"locationNetworkExclusion", list("NET_X", "NET_CC"), [4]float64{out, out, out, 1}},
		{"networkPriority", list("NET_CC", "NET_ALL"), [4]float64{1, 1, 1, 0.5}},
		{"networkPriority", list("NET_X", "NET_CC"), [4]float64{0.5, 0.5, 0.5, 0}},
		{"networkPriority", params{"value": "NET_HD"}, [4]float64{1, 1, 1, 1}},
		{"inventoryAvailability", nil, [4]float64{0.571429, 1, 0.428571, 0.285714}},
		{"inventoryAvailabilityBanded", list(40, 50, 100), [4]float64{0.666667, 1, 0.333333, 0}},
		{"inventoryAvailabilityExclusion", params{"value": 42}, [4]float64{1, 1, 1, out}},
		{"inventoryAvailabilityExclusion", params{"value": 43}, [4]float64{1, 1, out, out}},
		{"orderValue", nil, [4]float64{0.64, 1, 0.36, 0.4}},
		{"locationDailyCapacity", nil, [4]float64{0.6, out, 0, 0.25}},
		{"lowestSellThrough", nil, [4]float64{0.6, 0, 0.642857, 0}},
		{"lowestSellThrough", params{"window": 7}, [4]float64{0, 0.714286, 0, 0}},
		{"oldestStock", nil, [4]float64{0.8, 1, 0, 0}},
		{"highestMarkdown", nil, [4]float64{0.1, 0, 0, 0}},
		{"pickupLocationOnly", nil, [4]float64{out, 1, out, out}},
		{"pickupLocationFirst", nil, [4]float64{0, 1, 0, 0}},
		{"replenishmentRoute", nil, [4]float64{0, 0, 0, 1}},
		{"locationExclusionList", list("STORE_A", "DC1"), [4]float64{out, 1, 1, out}},
		{"costToServe", params{"rate": 1}, [4]float64{1, 0, 0, 0}},
		{"costToServe", params{"rate": 1, "defaultHandlingCost": 0}, [4]float64{0, 1, 0.894737, 0.157895}},
		{"costToServe", params{"rate": 0, "defaultHandlingCost": 0}, [4]float64{0, 1, 1, 1}},
		{"costToServe", params{"rate": 10, "valueUnit": "miles", "defaultHandlingCost": 1}, [4]float64{0.863141, 1, 0.875, 0}},
	} {
		name := fmt.Sprint(c.kind, c.params)
		p := &sourcing.Profile{VirtualCatalogue: "BASE:1", Network: "NET_ALL", MaxSplit: 9,
			Strategies: []sourcing.Strategy{{Ref: "S", Criteria: []sourcing.Criterion{{Type: "fc.sourcing." + c.kind, Params: c.params}}}}}
		_, attempts, err := sourcing.Primary(p, figures())
		require.NoError(t, err, name)
		got, last := map[string]float64{"STORE_A": out, "STORE_B": out, "STORE_C": out, "DC1": out}, math.Inf(1)
		for _, x := range attempts[0].Ranking {
			require.NotEqual(t, out, x.Ratings[0], name)
			require.LessOrEqual(t, x.Ratings[0], last, "%s: best first", name)
			got[x.Location], last = x.Ratings[0], x.Ratings[0]
		}
		require.Len(t, got, 4, name)
		for i, ref := range []string{"STORE_A", "STORE_B", "STORE_C", "DC1"} {
			require.InDelta(t, c.want[i], got[ref], 2e-6, "%s of %s", name, ref)
		}
	}
}

// TestBoundsOfAvailability: of eight units STORE_A holds exactly half, STORE_C three quarters.
func TestBoundsOfAvailability(t *testing.T) {
	t.Parallel()
	for value, want := range map[float64][]string{50: {"STORE_A", "STORE_B", "STORE_C"}, 50.1: {"STORE_B", "STORE_C"}, 75: {"STORE_B", "STORE_C"}, 100: {"STORE_B"}} {
		p := &sourcing.Profile{VirtualCatalogue: "BASE:1", Network: "NET_HD", MaxSplit: 9, Strategies: []sourcing.Strategy{{
			Criteria: []sourcing.Criterion{{Type: "inventoryAvailabilityExclusion", Params: map[string]any{"value": value}}}}}}
		_, attempts, err := sourcing.Primary(p, request(need("1", "P3", 8, 30)))
		require.NoError(t, err)
		var refs []string
		for _, x := range attempts[0].Ranking {
			refs = append(refs, x.Location)
		}
		require.Equal(t, want, refs, "at least %v percent; equals go by ref", value)
	}
	p := &sourcing.Profile{VirtualCatalogue: "BASE:1", Network: "NET_HD", MaxSplit: 9, Strategies: []sourcing.Strategy{{
		Criteria: []sourcing.Criterion{{Type: "inventoryAvailabilityBanded", Params: map[string]any{"value": []any{50, 75, 100}}}}}}}
	_, attempts, err := sourcing.Primary(p, request(need("1", "P3", 8, 30)))
	require.NoError(t, err)
	for i, want := range []float64{1, 0.666667, 0.333333} {
		require.InDelta(t, want, attempts[0].Ranking[i].Ratings[0], 1e-9)
	}
}

// TestUnitsAreCountedOnce: two lines of one product do not count its stock twice, in no rating and not in the explanation.
func TestUnitsAreCountedOnce(t *testing.T) {
	t.Parallel()
	p := &sourcing.Profile{VirtualCatalogue: "BASE:1", Network: "NET_CC", Strategies: []sourcing.Strategy{{
		Criteria: []sourcing.Criterion{{Type: "inventoryAvailability"}, {Type: "orderValue"}}}}}
	_, attempts, err := sourcing.Primary(p, request(need("1", "P1", 3, 10), need("2", "P1", 7, 20)))
	require.NoError(t, err)
	require.Equal(t, []sourcing.Ranking{{Location: "STORE_B", Ratings: []float64{0.8, 1}, Units: 8, Rank: 1}, {Location: "STORE_A", Rank: 2, Ratings: []float64{0.5, 0.538462}, Units: 5}},
		attempts[0].Ranking)
}

func TestCriteriaSayWhatTheyMiss(t *testing.T) {
	t.Parallel()
	for kind, params := range map[string]map[string]any{
		"locationDistanceBanded": {"value": []any{}}, "locationDistanceExclusion": nil, "inventoryAvailabilityBanded": {"value": []any{"many"}},
		"inventoryAvailabilityExclusion": {"value": "all"}, "costToServe": {"rate": "much"},
	} {
		p := &sourcing.Profile{Ref: "PROFILE", VirtualCatalogue: "BASE:1", Network: "NET_HD"}
		p.Strategies = []sourcing.Strategy{{Ref: "STRATEGY", Criteria: []sourcing.Criterion{{Type: kind, Params: params}}}}
		p.Fallback = p.Strategies
		for _, decide := range []func(*sourcing.Profile, *sourcing.Request) (*sourcing.Plan, []sourcing.Attempt, error){sourcing.Primary, sourcing.Fallback} {
			plan, _, err := decide(p, request(need("1", "P1", 1, 50)))
			require.Nil(t, plan, kind)
			for _, word := range []string{"PROFILE", "STRATEGY", kind, "must be"} {
				require.ErrorContains(t, err, word)
			}
		}
	}
}

// TestAPlaceWithoutCoordinatesDoesNotShiftTheOthers: how far they are is measured among those that are somewhere.
func TestAPlaceWithoutCoordinatesDoesNotShiftTheOthers(t *testing.T) {
	t.Parallel()
	p := sourcing.Default("HD_DEFAULT", 1)
	ratings := func(r *sourcing.Request) map[string]float64 {
		_, attempts, err := sourcing.Primary(p, r)
		require.NoError(t, err)
		out := map[string]float64{}
		for _, x := range attempts[0].Ranking {
			out[x.Location] = x.Ratings[0]
		}
		return out
	}
	want := ratings(request(need("1", "P1", 2, 50)))
	require.Len(t, want, 3)
	r := request(need("1", "P1", 2, 50))
	r.Locations = append(r.Locations, sourcing.Location{Ref: "NOWHERE", Networks: []string{"NET_HD"}})
	r.Stock["BASE:1"].Put("NOWHERE", "P1", sourcing.Units{ATS: 1})
	got := ratings(r)
	delete(got, "NOWHERE")
	require.Equal(t, want, got)
}

// TestWhereAllAreEquallyFarNobodyIsFarther: one location alone, or several in one place, are as near as can be.
func TestWhereAllAreEquallyFarNobodyIsFarther(t *testing.T) {
	t.Parallel()
	r := request(need("1", "P1", 2, 50))
	for i := range r.Locations {
		r.Locations[i].Point = &sourcing.Point{Longitude: 3}
	}
	_, attempts, err := sourcing.Primary(sourcing.Default("HD_DEFAULT", 1), r)
	require.NoError(t, err)
	require.Len(t, attempts[0].Ranking, 3)
	for _, x := range attempts[0].Ranking {
		require.Equal(t, []float64{1}, x.Ratings, x.Location)
	}
	sydney, melbourne := sourcing.Point{Latitude: -33.8688, Longitude: 151.2093}, sourcing.Point{Latitude: -37.8136, Longitude: 144.9631}
	require.InDelta(t, 713.4, sourcing.Kilometres(sydney, melbourne), 0.5, "degrees of longitude are shorter away from the equator")
	require.InDelta(t, 713.4, sourcing.Kilometres(melbourne, sydney), 0.5)
}
