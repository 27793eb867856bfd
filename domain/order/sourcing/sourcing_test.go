package sourcing_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fluent-oms/fluent/domain/order/sourcing"
)

// request is the fixture that the scenarios share: four locations on the equator, three products, a customer at 0, 0. DEPOT, which is nearer than
// all of them and holds everything, is in none of the default networks; another retailer's catalogue, BASE:2, holds everything everywhere.
func request(needs ...sourcing.Need) *sourcing.Request {
	r := &sourcing.Request{Now: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC), Needs: needs,
		Destination: &sourcing.Point{}, Stock: map[string]sourcing.Stock{"BASE:1": {}, "BASE:2": {}}}
	stock := map[string][3]int{"DC1": {100, 20, 0}, "STORE_A": {5, 2, 4}, "STORE_B": {8, 0, 10}, "STORE_C": {0, 1, 6}, "DEPOT": {90, 90, 90}}
	for _, l := range []struct {
		ref, kind string
		longitude float64
		networks  []string
	}{
		{"STORE_C", "STORE", 0.20, []string{"NET_HD", "NET_ALL", "NET_CC"}}, {"DEPOT", "WAREHOUSE", 0.01, []string{"NET_B2B"}},
		{"DC1", "WAREHOUSE", 0.90, []string{"NET_HD", "NET_ALL"}}, {"STORE_B", "STORE", 0.10, []string{"NET_HD", "NET_ALL", "NET_CC"}},
		{"STORE_A", "STORE", 0.05, []string{"NET_HD", "NET_ALL", "NET_CC"}},
	} {
		r.Locations = append(r.Locations, sourcing.Location{Ref: l.ref, Type: l.kind, Networks: l.networks, Point: &sourcing.Point{Longitude: l.longitude}})
		for p, n := range stock[l.ref] {
			r.Stock["BASE:1"].Put(l.ref, fmt.Sprintf("P%d", p+1), sourcing.Units{ATS: n})
			r.Stock["BASE:2"].Put(l.ref, fmt.Sprintf("P%d", p+1), sourcing.Units{ATS: 99})
		}
	}
	return r
}

func need(item, product string, n int, price float64) sourcing.Need {
	return sourcing.Need{ItemID: item, ProductRef: product, Quantity: n, PaidPrice: price}
}

// text prints a plan as STORE_A[P2×2 P3×4] STORE_B[P3×1] rest[…].
func text(p *sourcing.Plan) string {
	if p == nil {
		return "none"
	}
	var out []string
	lines := func(needs []sourcing.Need) string {
		var s []string
		for _, n := range needs {
			s = append(s, fmt.Sprintf("%s×%d", n.ProductRef, n.Quantity))
		}
		return "[" + strings.Join(s, " ") + "]"
	}
	for _, f := range p.Fulfilments {
		out = append(out, f.Ref+lines(f.Lines))
	}
	if len(p.Remaining) > 0 {
		out = append(out, "rest"+lines(p.Remaining))
	}
	return strings.Join(out, " ")
}

func TestDistancesOfTheFixture(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ from, to, want float64 }{
		{0, 0.05, 5.560}, {0, 0.10, 11.119}, {0, 0.20, 22.239}, {0, 0.90, 100.075}, {0.20, 0.90, 77.836},
	} {
		got := sourcing.Kilometres(sourcing.Point{Longitude: c.from}, sourcing.Point{Longitude: c.to})
		require.InDelta(t, c.want, got, 0.001)
	}
}

func TestClosestLocationThatCoversEverything(t *testing.T) {
	t.Parallel()
	p := sourcing.Default("HD_DEFAULT", 1)
	for _, c := range []struct {
		name  string
		needs []sourcing.Need
		want  string
	}{
		{"one location", []sourcing.Need{need("1", "P1", 2, 50)}, "STORE_A[P1×2]"},
		{"two-way split", []sourcing.Need{need("1", "P2", 2, 120), need("2", "P3", 5, 30)}, "STORE_A[P2×2 P3×4] STORE_B[P3×1]"},
		{"far warehouse alone beats two near stores", []sourcing.Need{need("1", "P1", 12, 50)}, "DC1[P1×12]"},
		{"three locations at most", []sourcing.Need{need("1", "P3", 20, 30)}, "STORE_A[P3×4] STORE_B[P3×10] STORE_C[P3×6]"},
		{"not enough anywhere", []sourcing.Need{need("1", "P3", 25, 30)}, "none"},
		{"two lines of one product share its stock", []sourcing.Need{need("1", "P1", 3, 50), need("2", "P1", 4, 50)}, "STORE_B[P1×3 P1×4]"},
	} {
		plan, attempts, err := sourcing.Primary(p, request(c.needs...))
		require.NoError(t, err, c.name)
		require.Equal(t, c.want, text(plan), c.name)
		require.Len(t, attempts, 1, c.name)
		require.NotEmpty(t, attempts[0].Ranking, c.name)
	}
}

func TestFallbackTakesTheBestValueFirst(t *testing.T) {
	t.Parallel()
	plan, _, err := sourcing.Fallback(sourcing.Default("HD_DEFAULT", 1), request(need("1", "P3", 25, 30)))
	require.NoError(t, err)
	require.Equal(t, "STORE_B[P3×10] STORE_C[P3×6] STORE_A[P3×4] rest[P3×5]", text(plan))
	require.Equal(t, "BEST_VALUE", plan.Strategy)
}

func TestLiveFulfilmentsUseUpTheLimit(t *testing.T) {
	t.Parallel()
	r := request(need("1", "P3", 12, 30))
	r.Live = 2
	plan, attempts, err := sourcing.Primary(sourcing.Default("HD_DEFAULT", 1), r)
	require.NoError(t, err)
	require.Nil(t, plan)
	require.Equal(t, sourcing.NoCover, attempts[0].Outcome)
	r.Live = 3
	_, attempts, err = sourcing.Primary(sourcing.Default("HD_DEFAULT", 1), r)
	require.NoError(t, err)
	require.Equal(t, sourcing.LimitReached, attempts[0].Outcome)
	plan, _, err = sourcing.Fallback(sourcing.Default("HD_DEFAULT", 1), r)
	require.NoError(t, err)
	require.Equal(t, "rest[P3×12]", text(plan))
}

// tiered is the reference profile whose split limit depends on loyalty and value.
const tiered = `{"ref":"TIERED","defaultVirtualCatalogue":"BASE:1","defaultNetwork":"NET_HD","defaultMaxSplit":5,
"sourcingStrategies":[
 {"ref":"GOLD","status":"ACTIVE","sourcingConditions":[{"path":"customer.attributes.byName.tier","operator":"equals","value":"GOLD"}],
  "sourcingCriteria":[{"type":"fc.sourcing.criterion.locationDistance"}]},
 {"ref":"SILVER_BIG","status":"ACTIVE","maxSplit":3,"sourcingConditions":[
   {"path":"customer.attributes.byName.tier","operator":"equals","value":"SILVER"},
   {"path":"totalPrice","operator":"greater_than_or_equals","value":1000}],"sourcingCriteria":[{"type":"locationDistance"}]},
 {"ref":"SILVER_SMALL","status":"ACTIVE","maxSplit":1,"sourcingConditions":[
   {"path":"customer.attributes.byName.tier","operator":"equals","value":"SILVER"},
   {"path":"totalPrice","operator":"less_than","value":1000}],
  "sourcingCriteria":[{"type":"locationDistanceExclusion","params":{"value":50,"valueUnit":"kilometres"}},
   {"type":"inventoryAvailabilityBanded","params":{"value":[50,100]}}]},
 {"ref":"BRONZE","status":"ACTIVE","maxSplit":0,"sourcingConditions":[
   {"path":"customer.attributes.byName.tier","operator":"equals","value":"BRONZE"}],
  "sourcingCriteria":[{"type":"locationDistanceExclusion","params":{"value":500}},
   {"type":"locationTypeExclusion","params":{"value":["STORE"]}},{"type":"inventoryAvailability"}]}],
"sourcingFallbackStrategies":[{"ref":"BEST_VALUE","status":"ACTIVE","maxSplit":0,
  "sourcingCriteria":[{"type":"orderValue"},{"type":"locationDistance"}]}]}`

func TestSplitLimitByLoyaltyAndValue(t *testing.T) {
	t.Parallel()
	p, err := sourcing.ParseProfile([]byte(tiered), nil)
	require.NoError(t, err)
	for _, c := range []struct{ tier, strategy, want, fallback string }{
		{"GOLD", "GOLD", "STORE_A[P1×1 P2×1 P3×4] STORE_B[P3×8]", ""},
		{"SILVER", "SILVER_SMALL", "STORE_B[P1×1 P3×10] STORE_C[P2×1 P3×2]", ""},
		{"BRONZE", "", "none", "STORE_B[P1×1 P3×10] rest[P2×1 P3×2]"},
	} {
		r := request(need("1", "P1", 1, 50), need("2", "P2", 1, 120), need("3", "P3", 12, 30))
		r.Context = map[string]any{"totalPrice": 540.0,
			"customer": map[string]any{"attributes": map[string]any{"byName": map[string]any{"tier": c.tier}}}}
		plan, attempts, err := sourcing.Primary(p, r)
		require.NoError(t, err, c.tier)
		require.Equal(t, c.want, text(plan), c.tier)
		if plan != nil {
			require.Equal(t, c.strategy, plan.Strategy)
			continue
		}
		require.Equal(t, sourcing.NotMet, attempts[0].Outcome)
		plan, _, err = sourcing.Fallback(p, r)
		require.NoError(t, err)
		require.Equal(t, c.fallback, text(plan), c.tier)
	}
}

func TestCollectionPrefersThePickupStore(t *testing.T) {
	t.Parallel()
	p := sourcing.Default("CC_DEFAULT", 1)
	r := request(need("1", "P3", 2, 30))
	r.PickupLocation, r.Destination = "STORE_B", &sourcing.Point{Longitude: 0.10}
	plan, _, err := sourcing.Primary(p, r)
	require.NoError(t, err)
	require.Equal(t, "STORE_B[P3×2]", text(plan))

	r = request(need("1", "P1", 2, 50))
	r.PickupLocation, r.Destination = "STORE_C", &sourcing.Point{Longitude: 0.20}
	plan, attempts, err := sourcing.Primary(p, r)
	require.NoError(t, err)
	require.Equal(t, "STORE_B[P1×2]", text(plan))
	var order []string
	for _, x := range attempts[1].Ranking {
		order = append(order, x.Location)
	}
	require.Equal(t, []string{"STORE_B", "STORE_A", "DC1"}, order)
}

func TestWholeLinesAndRankFirst(t *testing.T) {
	t.Parallel()
	p := sourcing.Default("HD_DEFAULT", 1)
	p.Strategies[0].SplitLines = new(bool)
	plan, _, err := sourcing.Primary(p, request(need("1", "P3", 12, 30)))
	require.NoError(t, err)
	require.Equal(t, "none", text(plan))
	plan, _, err = sourcing.Primary(p, request(need("1", "P3", 9, 30), need("2", "P3", 6, 30)))
	require.NoError(t, err)
	require.Equal(t, "STORE_B[P3×9] STORE_C[P3×6]", text(plan))

	p.Strategies[0].SplitLines, p.Strategies[0].SplitPreference = nil, sourcing.ByRank
	plan, _, err = sourcing.Primary(p, request(need("1", "P1", 12, 50)))
	require.NoError(t, err)
	require.Equal(t, "STORE_A[P1×5] STORE_B[P1×7]", text(plan))
}

func TestUnknownCriterionAndOperatorAreRefused(t *testing.T) {
	t.Parallel()
	_, err := sourcing.ParseProfile([]byte(`{"ref":"X","sourcingStrategies":[{"ref":"S","sourcingCriteria":[{"type":"luck"}]}]}`), nil)
	require.ErrorContains(t, err, "luck")
	_, err = sourcing.ParseProfile([]byte(`{"ref":"X","sourcingStrategies":[{"ref":"S","sourcingConditions":[{"path":"a","operator":"is"}]}]}`), nil)
	require.ErrorContains(t, err, "is")
}

func TestConditions(t *testing.T) {
	t.Parallel()
	context := map[string]any{"type": "HD", "totalPrice": 540.0, "createdOn": "2026-03-02T10:00:00Z",
		"items": []any{map[string]any{"ref": "P1"}, map[string]any{"ref": "P2"}}}
	for _, c := range []struct {
		condition sourcing.Condition
		want      bool
		fails     bool
	}{
		{condition: sourcing.Condition{Path: "type", Operator: "equals", Value: "HD"}, want: true},
		{condition: sourcing.Condition{Path: "totalPrice", Operator: "between", Value: []any{500.0, 600.0}}, want: true},
		{condition: sourcing.Condition{Path: "createdOn", Operator: "greater_than", Value: "2026-03-01"}, want: true},
		{condition: sourcing.Condition{Path: "items.ref", Operator: "equals", Value: "P2", Scope: "ANY"}, want: true},
		{condition: sourcing.Condition{Path: "items.ref", Operator: "equals", Value: "P2", Scope: "ALL"}},
		{condition: sourcing.Condition{Path: "items.ref", Operator: "in", Value: []any{"P8"}, Scope: "NONE"}, want: true},
		{condition: sourcing.Condition{Path: "items.ref", Operator: "equals", Value: "P2"}, fails: true},
		{condition: sourcing.Condition{Path: "missing", Operator: "equals", Value: "x"}},
		{condition: sourcing.Condition{Path: "missing", Operator: "not_equals", Value: "x"}},
		{condition: sourcing.Condition{Path: "missing", Operator: "not_exists"}, want: true},
		{condition: sourcing.Condition{Path: "missing", Operator: "not_in", Value: []any{"x"}}, want: true},
		{condition: sourcing.Condition{Path: "missing", Operator: "exists"}},
		{condition: sourcing.Condition{Path: "missing", Operator: "equals", Value: "x", Scope: "NONE"}, want: true},
		{condition: sourcing.Condition{Path: "type", Operator: "exists"}, want: true},
		{condition: sourcing.Condition{Path: "type", Operator: "not_exists"}},
		{condition: sourcing.Condition{Path: "type", Operator: "not_equals", Value: "CC"}, want: true},
		{condition: sourcing.Condition{Path: "type", Operator: "not_equals", Value: "HD"}},
		{condition: sourcing.Condition{Path: "type", Operator: "in", Value: []any{"CC", "HD"}}, want: true},
		{condition: sourcing.Condition{Path: "type", Operator: "in", Value: []any{"CC"}}},
		{condition: sourcing.Condition{Path: "type", Operator: "not_in", Value: []any{"CC", "HD"}}},
		{condition: sourcing.Condition{Path: "type", Operator: "not_in", Value: []any{"CC"}}, want: true},
		{condition: sourcing.Condition{Path: "type", Operator: "not_in", Value: "CC"}, fails: true},
		{condition: sourcing.Condition{Path: "type", Operator: "contains", Value: "C"}},
		{condition: sourcing.Condition{Path: "totalPrice", Operator: "greater_than", Value: 540.0}},
		{condition: sourcing.Condition{Path: "totalPrice", Operator: "greater_than_or_equals", Value: 540.0}, want: true},
		{condition: sourcing.Condition{Path: "totalPrice", Operator: "greater_than_or_equals", Value: 541.0}},
		{condition: sourcing.Condition{Path: "totalPrice", Operator: "less_than", Value: 540.0}},
		{condition: sourcing.Condition{Path: "totalPrice", Operator: "less_than", Value: 541.0}, want: true},
		{condition: sourcing.Condition{Path: "totalPrice", Operator: "less_than_or_equals", Value: 540.0}, want: true},
		{condition: sourcing.Condition{Path: "totalPrice", Operator: "between", Value: []any{540.0, 600.0}}, want: true},
		{condition: sourcing.Condition{Path: "totalPrice", Operator: "between", Value: []any{500.0, 540.0}}, want: true},
		{condition: sourcing.Condition{Path: "totalPrice", Operator: "between", Value: []any{541.0, 600.0}}},
		{condition: sourcing.Condition{Path: "totalPrice", Operator: "between", Value: []any{500.0, 539.0}}},
		{condition: sourcing.Condition{Path: "totalPrice", Operator: "between", Value: []any{500.0}}, fails: true},
		{condition: sourcing.Condition{Path: "totalPrice", Operator: "between", Value: []any{500.0, "dear"}}, fails: true},
		{condition: sourcing.Condition{Path: "items.ref", Operator: "contains", Value: "P", Scope: "ALL"}, want: true},
		{condition: sourcing.Condition{Path: "items.ref", Operator: "equals", Value: "P8", Scope: "ANY"}},
		{condition: sourcing.Condition{Path: "items.ref", Operator: "equals", Value: "P2", Scope: "NONE"}},
		{condition: sourcing.Condition{Path: "items.ref", Operator: "equals", Value: "P2", Scope: "MOST"}, fails: true},
		{condition: sourcing.Condition{Path: "type", Operator: "contains", Value: "D"}, want: true},
		{condition: sourcing.Condition{Path: "type", Operator: "less_than", Value: 3.0}, fails: true},
		{condition: sourcing.Condition{Path: "type", Operator: "resembles", Value: 3.0}, fails: true},
	} {
		got, err := c.condition.Holds(context)
		require.Equal(t, c.fails, err != nil, "%+v: %v", c.condition, err)
		require.Equal(t, c.want, got, "%+v", c.condition)
	}
}

// TestPlansAddUp: whatever the stock and the needs, a plan and what it leaves open are exactly the needs, no location gives
// more than it has, and the limit holds. A primary plan leaves nothing open, and no smaller set of locations would have done.
func TestPlansAddUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := drawRequest(t)
		p := sourcing.Default("HD_DEFAULT", 1)
		p.MaxSplit = rapid.IntRange(0, 3).Draw(t, "maxSplit")
		plan, _, err := sourcing.Primary(p, r)
		require.NoError(t, err)
		if plan != nil {
			checkSums(t, r, plan, p.MaxSplit+1)
			require.Empty(t, plan.Remaining)
		}
		require.Equal(t, fewest(r, p.MaxSplit+1), size(plan), "fewest locations that cover everything")
		plan, _, err = sourcing.Fallback(p, r)
		require.NoError(t, err)
		checkSums(t, r, plan, p.MaxSplit+1)
	})
}

func drawRequest(t *rapid.T) *sourcing.Request {
	r := &sourcing.Request{Destination: &sourcing.Point{}, Stock: map[string]sourcing.Stock{"BASE:1": {}}}
	for i := range rapid.IntRange(0, 6).Draw(t, "locations") {
		ref := fmt.Sprintf("L%d", i)
		l := sourcing.Location{Ref: ref, Networks: []string{"NET_HD"}}
		if rapid.Bool().Draw(t, "has coordinates") {
			l.Point = &sourcing.Point{Longitude: float64(rapid.IntRange(0, 5).Draw(t, "longitude"))}
		}
		r.Locations = append(r.Locations, l)
		for p := range 3 {
			r.Stock["BASE:1"].Put(ref, fmt.Sprintf("P%d", p), sourcing.Units{ATS: rapid.IntRange(0, 5).Draw(t, "ats")})
		}
	}
	for i := range rapid.IntRange(1, 4).Draw(t, "lines") {
		r.Needs = append(r.Needs, need(fmt.Sprint(i), fmt.Sprintf("P%d", rapid.IntRange(0, 2).Draw(t, "product")),
			rapid.IntRange(1, 8).Draw(t, "quantity"), float64(rapid.IntRange(0, 9).Draw(t, "price"))))
	}
	return r
}

func checkSums(t *rapid.T, r *sourcing.Request, plan *sourcing.Plan, limit int) {
	require.LessOrEqual(t, len(plan.Fulfilments), max(limit, 0))
	want, got := map[string]int{}, map[string]int{}
	for _, n := range r.Needs {
		want[n.ItemID] = n.Quantity
	}
	seen := map[string]bool{}
	for _, f := range plan.Fulfilments {
		require.False(t, seen[f.Ref], "a location appears once")
		seen[f.Ref] = true
		require.NotEmpty(t, f.Lines)
		used := map[string]int{}
		for _, l := range f.Lines {
			require.Positive(t, l.Quantity)
			got[l.ItemID] += l.Quantity
			used[l.ProductRef] += l.Quantity
		}
		for product, n := range used {
			u, _ := r.Stock["BASE:1"].At(f.Ref, product)
			require.LessOrEqual(t, n, u.ATS)
		}
	}
	for _, n := range plan.Remaining {
		got[n.ItemID] += n.Quantity
	}
	require.Equal(t, want, got)
}

func size(p *sourcing.Plan) int {
	if p == nil {
		return 0
	}
	return len(p.Fulfilments)
}

// fewest tries all subsets of locations; 0: none within the limit covers the needs.
func fewest(r *sourcing.Request, limit int) int {
	want := map[string]int{}
	for _, n := range r.Needs {
		want[n.ProductRef] += n.Quantity
	}
	best := 0
	for set := 1; set < 1<<len(r.Locations); set++ {
		n, has := 0, map[string]int{}
		for i, l := range r.Locations {
			if set&(1<<i) != 0 {
				n++
				for p := range want {
					u, _ := r.Stock["BASE:1"].At(l.Ref, p)
					has[p] += u.ATS
				}
			}
		}
		ok := n <= limit
		for p, q := range want {
			ok = ok && has[p] >= q
		}
		if ok && (best == 0 || n < best) {
			best = n
		}
	}
	return best
}
