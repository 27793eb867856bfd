package sourcing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/order/sourcing"
)

// places are two that hold one P each; what else they are is set by the test. The first in the alphabet is the one of which nothing is known.
func places(known func(l *sourcing.Location), worst sourcing.Units) *sourcing.Request {
	r := &sourcing.Request{Now: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC), Needs: []sourcing.Need{need("1", "P", 1, 10)}, Destination: &sourcing.Point{},
		Stock: map[string]sourcing.Stock{"VC": {}}, Locations: []sourcing.Location{{Ref: "A_UNKNOWN", Networks: []string{"N"}}, {Ref: "KNOWN", Networks: []string{"N"}}}}
	known(&r.Locations[1])
	worst.ATS = 1
	r.Stock["VC"].Put("A_UNKNOWN", "P", sourcing.Units{ATS: 1})
	r.Stock["VC"].Put("KNOWN", "P", worst)
	return r
}

// ranked is the refs of a strategy's ranking with the criteria for which each misses something.
func ranked(t *testing.T, r *sourcing.Request, list ...sourcing.Criterion) (refs []string, unknown map[string][]string, others map[string]int) {
	t.Helper()
	p := &sourcing.Profile{VirtualCatalogue: "VC", Network: "N", MaxSplit: 9, Strategies: []sourcing.Strategy{{Criteria: list}}}
	_, attempts, err := sourcing.Primary(p, r)
	require.NoError(t, err)
	unknown = map[string][]string{}
	for _, x := range attempts[0].Ranking {
		refs = append(refs, x.Location)
		if x.Unknown != nil {
			unknown[x.Location] = x.Unknown
		}
	}
	return refs, unknown, attempts[0].Others
}

// TestUnknownIsNeverBest: of two places, that of which nothing is known comes after the other one, as bad as that is by the criterion, or is
// left out; and the explanation says what was missing.
func TestUnknownIsNeverBest(t *testing.T) {
	t.Parallel()
	figure := func(v float64) *float64 { return &v }
	nothing, far := func(*sourcing.Location) {}, func(l *sourcing.Location) { l.Point = &sourcing.Point{Longitude: 180} }
	type params = map[string]any
	for _, c := range []struct {
		kind   string
		params params
		known  func(l *sourcing.Location)
		worst  sourcing.Units
	}{
		{"locationDistance", nil, far, sourcing.Units{}},
		{"locationDistanceBanded", params{"value": []any{1, 2}}, far, sourcing.Units{}},
		{"locationDailyCapacity", nil, func(l *sourcing.Location) { l.DailyCapacity, l.CreatedToday = figure(1e9), 1e9-1 }, sourcing.Units{}},
		{"costToServe", params{"rate": 5}, func(l *sourcing.Location) { far(l); l.HandlingCost = figure(1e9) }, sourcing.Units{}},
		{"lowestSellThrough", nil, nothing, sourcing.Units{SellThrough: figure(1)}},
		{"lowestSellThrough", params{"window": "28"}, nothing, sourcing.Units{SellThroughBy: map[string]*float64{"28": figure(1)}}},
		{"oldestStock", nil, nothing, sourcing.Units{ReceivedOn: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)}},
		{"highestMarkdown", nil, nothing, sourcing.Units{Markdown: figure(0)}},
	} {
		refs, unknown, _ := ranked(t, places(c.known, c.worst), sourcing.Criterion{Type: c.kind, Params: c.params}, sourcing.Criterion{Type: "locationExclusionList", Params: params{"value": "X"}})
		require.Equal(t, []string{"KNOWN", "A_UNKNOWN"}, refs, c.kind)
		require.Equal(t, map[string][]string{"A_UNKNOWN": {c.kind}}, unknown)
	}
	refs, _, others := ranked(t, places(far, sourcing.Units{}), sourcing.Criterion{Type: "locationDistanceExclusion", Params: params{"value": 1e6}})
	require.Equal(t, []string{"KNOWN"}, refs, "whether it is within the radius nobody knows")
	require.Equal(t, map[string]int{"locationDistanceExclusion": 1}, others)
	free := sourcing.Criterion{Type: "costToServe", Params: params{"rate": 0, "defaultHandlingCost": 3}}
	refs, unknown, _ := ranked(t, places(func(l *sourcing.Location) { far(l); l.HandlingCost = figure(4) }, sourcing.Units{}), free)
	require.Equal(t, []string{"KNOWN", "A_UNKNOWN"}, refs, "what costs nothing by the kilometre costs something by the parcel, but from where?")
	require.Equal(t, map[string][]string{"A_UNKNOWN": {"costToServe"}}, unknown)
}

// TestWithoutADestinationNobodyIsNear: where the customer is, is not known: distance says nothing, and the next criterion decides.
func TestWithoutADestinationNobodyIsNear(t *testing.T) {
	t.Parallel()
	r := request(need("1", "P1", 8, 50))
	r.Destination = nil
	p := sourcing.Default("HD_DEFAULT", 1)
	p.Strategies[0].Criteria = criteria("locationDistance", "inventoryAvailability")
	plan, attempts, err := sourcing.Primary(p, r)
	require.NoError(t, err)
	require.Equal(t, "DC1[P1×8]", text(plan))
	for _, x := range attempts[0].Ranking {
		require.Equal(t, []any{0.0, []string{"locationDistance"}}, []any{x.Ratings[0], x.Unknown})
	}
}

// TestDistancesThatDifferByLessThanAMetreAreEqual for each criterion that compares them, so that the next criterion decides.
func TestDistancesThatDifferByLessThanAMetreAreEqual(t *testing.T) {
	t.Parallel()
	const metre = 1 / 111_194.926644558 // in degrees of the equator
	for _, kind := range []sourcing.Criterion{{Type: "locationDistance"}, {Type: "costToServe", Params: map[string]any{"rate": 1, "defaultHandlingCost": 0}}} {
		for apart, want := range map[float64][]string{0: {"B", "A", "C"}, 0.9: {"B", "A", "C"}, 1.1: {"A", "B", "C"}, 5: {"A", "B", "C"}} {
			r := &sourcing.Request{Needs: []sourcing.Need{need("1", "P", 2, 10)}, Destination: &sourcing.Point{}, Stock: map[string]sourcing.Stock{"VC": {}}}
			for i, ref := range []string{"A", "B", "C"} {
				r.Locations = append(r.Locations, sourcing.Location{Ref: ref, Networks: []string{"N"}, Point: &sourcing.Point{Longitude: []float64{0.01, 0.01 + apart*metre, 0.02}[i]}})
				r.Stock["VC"].Put(ref, "P", sourcing.Units{ATS: []int{1, 2, 2}[i]})
			}
			refs, _, _ := ranked(t, r, kind, sourcing.Criterion{Type: "inventoryAvailability"})
			require.Equal(t, want, refs, "%s, %v m apart", kind.Type, apart)
		}
	}
}

// TestUnitsOfDistances: a mile is 1.609344 km, and other units are refused.
func TestUnitsOfDistances(t *testing.T) {
	t.Parallel()
	at := func(value float64, unit any) sourcing.Criterion {
		return sourcing.Criterion{Type: "locationDistanceExclusion", Params: map[string]any{"value": value, "valueUnit": unit}}
	}
	r := places(func(l *sourcing.Location) { l.Point = &sourcing.Point{Longitude: 160.9344 / 111.194926644558} }, sourcing.Units{})
	for _, c := range []struct {
		value float64
		unit  string
		want  int
	}{{160.94, "kilometres", 1}, {160.93, "kilometres", 0}, {100.001, "miles", 1}, {99.999, "miles", 0}} {
		refs, _, _ := ranked(t, r, at(c.value, c.unit))
		require.Len(t, refs, c.want, "%v %s", c.value, c.unit)
	}
	for _, unit := range []any{"furlongs", "Miles", 3.0} {
		p := &sourcing.Profile{Ref: "P", Strategies: []sourcing.Strategy{{Ref: "S", Criteria: []sourcing.Criterion{at(1, unit)}}}}
		require.ErrorContains(t, p.Prepare(nil), "kilometres or miles")
	}
}

// TestWhatAPlaceDoes: methods that it does not offer, and hours that it does not have, keep it out; the explanation counts them.
func TestWhatAPlaceDoes(t *testing.T) {
	t.Parallel()
	r := places(func(*sourcing.Location) {}, sourcing.Units{})
	r.Locations[0].Describe(map[string]any{"fulfilmentMethods": []any{"CC", "ST"}})
	r.Locations = append(r.Locations, sourcing.Location{Ref: "SHUT", Networks: []string{"N"}, NeverOpens: true}, sourcing.Location{Ref: "ELSEWHERE"}, sourcing.Location{Ref: "EMPTY", Networks: []string{"N"}})
	r.Stock["VC"].Put("SHUT", "P", sourcing.Units{ATS: 1})
	r.Excluded = map[string]string{"OFF": sourcing.Inactive, "LATE": sourcing.Excluded, "LATER": sourcing.Excluded}
	count := map[string]int{sourcing.NeverOpen: 1, sourcing.NotInNetwork: 1, sourcing.NoUnits: 1, sourcing.Inactive: 1, sourcing.Excluded: 2}
	for method, want := range map[string][]string{"": {"A_UNKNOWN", "KNOWN"}, "CC": {"A_UNKNOWN", "KNOWN"}, "HD": {"KNOWN"}} {
		r.Method = method
		refs, _, others := ranked(t, r)
		require.Equal(t, want, refs, method)
		if delete(count, sourcing.MethodNot); method == "HD" {
			count[sourcing.MethodNot] = 1
		}
		require.Equal(t, count, others)
	}
}

// TestWhatAttributesSay of positions and places; what is no figure, or out of its range, is not known.
func TestWhatAttributesSay(t *testing.T) {
	t.Parallel()
	u := sourcing.Measure(7, func(name string) any {
		return map[string]any{"sellThrough": map[string]any{"7": 0.5, "28": 1.5}, "markdownPercent": "30", "receivedOn": "2026-02-01"}[name]
	})
	require.Equal(t, []any{7, 0.5, (*float64)(nil), 30.0, time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)}, []any{u.ATS, *u.SellThroughBy["7"], u.SellThroughBy["28"], *u.Markdown, u.ReceivedOn})
	u = sourcing.Measure(0, func(name string) any {
		return map[string]any{"sellThrough": 0.25, "markdownPercent": -1, "receivedOn": "2026-02-01T10:00:00+01:00"}[name]
	})
	require.Equal(t, []any{0.25, (*float64)(nil), true}, []any{*u.SellThrough, u.Markdown, u.ReceivedOn.Equal(time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC))})
	u = sourcing.Measure(1, func(name string) any { return "long ago" })
	require.Equal(t, sourcing.Units{ATS: 1}, u)

	var l sourcing.Location
	l.Describe(map[string]any{"dailyCapacity": "12", "handlingCost": -3, "replenishmentRoutes": "S1", "fulfilmentMethods": []string{"HD"}, "colour": "red"})
	require.Equal(t, []any{12.0, (*float64)(nil), []string{"S1"}, []string{"HD"}, "red"}, []any{*l.DailyCapacity, l.HandlingCost, l.Routes, l.Methods, l.Attributes["colour"]})
}
