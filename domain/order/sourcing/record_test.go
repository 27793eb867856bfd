package sourcing_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/order/sourcing"
)

// TestADecisionOf500PlacesIsKeptInTwoKilobytes with those chosen, the ten next best and their ratings, however long the refs are.
func TestADecisionOf500PlacesIsKeptInTwoKilobytes(t *testing.T) {
	t.Parallel()
	p := sourcing.Default("HD_DEFAULT", 1)
	p.Strategies[0].Criteria = criteria("locationDistance", "inventoryAvailability", "orderValue", "locationDailyCapacity", "oldestStock")
	missed := sourcing.Strategy{Ref: "GOLD_CUSTOMERS_FIRST", Conditions: []sourcing.Condition{{Path: "customer.attributes.byName.tier", Operator: "equals", Value: "GOLD"}}}
	p.Strategies = append([]sourcing.Strategy{missed, missed, missed}, p.Strategies...)
	r := world(10, 500, 12, 3, 2)
	require.NoError(t, p.Prepare(nil))
	plan, attempts, err := sourcing.Primary(p, r)
	require.NoError(t, err)
	raw, err := json.Marshal(sourcing.Explain(p, attempts, plan))
	require.NoError(t, err)
	require.LessOrEqual(t, len(raw), sourcing.MaxRecord)
	var d sourcing.Decision
	require.NoError(t, json.Unmarshal(raw, &d))
	require.Equal(t, []any{"HD_DEFAULT:1", p.Hash(), 4, 0}, []any{d.Profile, d.Hash, len(d.Tried), d.More})
	require.Equal(t, sourcing.Tried{Strategy: "GOLD_CUSTOMERS_FIRST", Outcome: sourcing.NotMet, Because: "customer.attributes.byName.tier equals GOLD", Limit: 3}, d.Tried[0])
	require.Equal(t, sourcing.Tried{Strategy: "CLOSEST", Outcome: sourcing.Planned, Limit: 3, Search: sourcing.Exact}, d.Tried[3])
	require.Len(t, d.Places, 13)
	takes, last := 0, attempts[3].Ranking
	for i, x := range d.Places {
		require.Equal(t, last[i], x.Ranking)
		require.Equal(t, []string{"locationDailyCapacity", "oldestStock"}, x.Unknown)
		takes += x.Takes
	}
	needed := 0
	for _, n := range r.Needs {
		needed += n.Quantity
	}
	require.Equal(t, needed, takes)
	all := len(d.Places)
	for _, n := range d.Others {
		all += n
	}
	require.Equal(t, 500, all, "who is not named is counted")

	for i := range r.Locations { // each ref as long as a ref may be
		was := r.Locations[i].Ref
		r.Locations[i].Ref = was + strings.Repeat("x", 100-len(was))
		r.Stock["BASE:1"][r.Locations[i].Ref] = r.Stock["BASE:1"][was]
	}
	p.Strategies, p.MaxSplit = append(make([]sourcing.Strategy, 40), p.Strategies...), 20
	for i := range 40 {
		p.Strategies[i] = missed
	}
	plan, attempts, err = sourcing.Primary(p, r)
	require.NoError(t, err)
	raw, err = json.Marshal(sourcing.Explain(p, attempts, plan))
	require.NoError(t, err)
	require.LessOrEqual(t, len(raw), sourcing.MaxRecord)
	d = sourcing.Decision{}
	require.NoError(t, json.Unmarshal(raw, &d))
	require.Equal(t, 44, len(d.Tried)+d.More)
	all = len(d.Places)
	for _, n := range d.Others {
		all += n
	}
	require.Equal(t, 500, all)
	chosen := 0
	for _, x := range d.Places {
		if x.Chosen {
			chosen++
		}
	}
	require.Equal(t, len(plan.Fulfilments), chosen, "what was chosen is dropped last")
}

// TestTheRecordSaysWhatIsLeftOpen by a fallback, whose ranking is the first round's.
func TestTheRecordSaysWhatIsLeftOpen(t *testing.T) {
	t.Parallel()
	p := sourcing.Default("HD_DEFAULT", 1)
	plan, attempts, err := sourcing.Fallback(p, request(need("1", "P3", 25, 30)))
	require.NoError(t, err)
	raw, err := json.Marshal(sourcing.Explain(p, attempts, plan))
	require.NoError(t, err)
	require.JSONEq(t, fmt.Sprintf(`{"profile":"HD_DEFAULT:1","hash":%q,"tried":[{"strategy":"BEST_VALUE","outcome":"PLANNED","limit":3}],"open":5,
		"places":[["STORE_B",1,10,[1,0.941176],10],["STORE_C",2,6,[0.6,0.823529],6],["STORE_A",3,4,[0.4,1],4]],"others":{"NO_NEEDED_UNIT":1,"NOT_IN_NETWORK":1}}`, p.Hash()), string(raw))
}

// TestTheHashIsTheContents: profiles that differ anywhere differ in it, prepared or not.
func TestTheHashIsTheContents(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, change := range []func(p *sourcing.Profile){
		func(*sourcing.Profile) {}, func(p *sourcing.Profile) { p.MaxSplit++ }, func(p *sourcing.Profile) { p.Strategies[0].Status = "INACTIVE" },
		func(p *sourcing.Profile) { p.Fallback[0].Criteria = p.Fallback[0].Criteria[1:] }, func(p *sourcing.Profile) { p.Strategies[0].SplitLines = new(bool) },
		func(p *sourcing.Profile) {
			p.Strategies[0].Conditions = []sourcing.Condition{{Path: "a", Operator: "exists"}}
		},
		func(p *sourcing.Profile) { p.Strategies[0].Criteria[0].Params = map[string]any{} },
	} {
		p := sourcing.Default("HD_DEFAULT", 1)
		change(p)
		hash := p.Hash()
		require.NoError(t, p.Prepare(nil))
		require.Equal(t, hash, p.Hash())
		require.Len(t, hash, 16)
		seen[hash] = true
	}
	require.Len(t, seen, 6, "no parameters and none given are the same")
}

// TestWhyNot says of each place what kept it out, by the same inputs.
func TestWhyNot(t *testing.T) {
	t.Parallel()
	p, err := sourcing.ParseProfile([]byte(tiered), nil)
	require.NoError(t, err)
	r := request(need("1", "P1", 1, 50), need("2", "P2", 1, 120), need("3", "P3", 12, 30))
	r.Context = map[string]any{"totalPrice": 540.0, "customer": map[string]any{"attributes": map[string]any{"byName": map[string]any{"tier": "SILVER"}}}}
	r.Locations = append(r.Locations, sourcing.Location{Ref: "PICK_ONLY", Networks: []string{"NET_HD"}, Methods: []string{"CC"}}, sourcing.Location{Ref: "EMPTY", Networks: []string{"NET_HD"}, Point: &sourcing.Point{}},
		sourcing.Location{Ref: "SHUT", Networks: []string{"NET_HD"}, NeverOpens: true})
	r.Method, r.Excluded = "HD", map[string]string{"LATE": sourcing.Excluded}
	why := func(p *sourcing.Profile, ref string) (out []sourcing.Reason) {
		reasons, err := sourcing.WhyNot(p, r, ref)
		require.NoError(t, err)
		return reasons
	}
	last := func(ref string) sourcing.Reason {
		out := why(p, ref)
		require.Len(t, out, 3)
		require.Equal(t, sourcing.Reason{Strategy: "GOLD", Why: sourcing.NotMet, Because: "customer.attributes.byName.tier equals GOLD"}, out[0])
		require.Equal(t, "SILVER_SMALL", out[2].Strategy)
		return out[2]
	}
	for ref, want := range map[string]string{"LATE": sourcing.Excluded, "ATLANTIS": sourcing.UnknownRef, "DEPOT": sourcing.NotInNetwork, "PICK_ONLY": sourcing.MethodNot,
		"SHUT": sourcing.NeverOpen, "EMPTY": sourcing.NoUnits, "DC1": "locationDistanceExclusion", "STORE_B": sourcing.Chosen, "STORE_C": sourcing.Chosen, "STORE_A": sourcing.RankedLower} {
		require.Equal(t, want, last(ref).Why, ref)
	}
	require.Equal(t, sourcing.Reason{Strategy: "SILVER_SMALL", Why: sourcing.RankedLower, Units: 6, Ratings: []float64{1, 0}, Rank: 3, Of: 3, Needs: 2, Chosen: []string{"STORE_B", "STORE_C"}}, last("STORE_A"))

	r.Needs = []sourcing.Need{need("1", "P1", 12, 50)}
	closest := sourcing.Default("HD_DEFAULT", 1)
	require.Equal(t, []any{sourcing.MorePlaces, 2, []string{"DC1"}}, []any{why(closest, "STORE_A")[0].Why, why(closest, "STORE_A")[0].Needs, why(closest, "STORE_A")[0].Chosen})
	closest.MaxSplit = 0
	require.Equal(t, sourcing.NoSetWith, why(closest, "STORE_A")[0].Why)

	r.Needs = []sourcing.Need{need("1", "P3", 25, 30)}
	out := why(sourcing.Default("HD_DEFAULT", 1), "STORE_C")
	require.Equal(t, []string{sourcing.NoSetWith, sourcing.Chosen}, []string{out[0].Why, out[1].Why}, "the fallback, where no strategy found a plan")
	closest = sourcing.Default("HD_DEFAULT", 1)
	closest.MaxSplit = 1
	out = why(closest, "STORE_A")
	require.Equal(t, []any{sourcing.RankedLower, 3}, []any{out[1].Why, out[1].Rank})
	lonely := request(need("1", "P3", 8, 30))
	lonely.Locations = slices.DeleteFunc(lonely.Locations, func(l sourcing.Location) bool { return l.Ref == "STORE_B" || l.Ref == "STORE_C" })
	out, err = sourcing.WhyNot(closest, lonely, "STORE_A")
	require.NoError(t, err)
	require.Equal(t, sourcing.NoSetWith, out[0].Why, "it holds half of it, and is no second place beside itself")
	r.Live = 2
	require.Equal(t, []string{sourcing.LimitReached, sourcing.LimitReached}, []string{why(closest, "STORE_A")[0].Why, why(closest, "STORE_A")[1].Why})
}
