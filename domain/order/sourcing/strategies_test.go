package sourcing_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/order/sourcing"
)

func criteria(kinds ...string) (out []sourcing.Criterion) {
	for _, k := range kinds {
		out = append(out, sourcing.Criterion{Type: k})
	}
	return out
}

// outcomes says how each strategy that was looked at ended.
func outcomes(attempts []sourcing.Attempt) map[string]string {
	out := map[string]string{}
	for _, a := range attempts {
		out[a.Strategy] = a.Outcome
	}
	return out
}

// TestAStrategyDrawsFromItsOwnCatalogueAndNetwork: what the strategy leaves out is the profile's.
func TestAStrategyDrawsFromItsOwnCatalogueAndNetwork(t *testing.T) {
	t.Parallel()
	none, five := 0, 5
	for _, c := range []struct {
		name     string
		strategy sourcing.Strategy
		want     string
	}{
		{"the profile's", sourcing.Strategy{}, "STORE_A[P3×4] STORE_B[P3×8]"},
		{"its own network", sourcing.Strategy{Network: "NET_B2B"}, "DEPOT[P3×12]"},
		{"its own catalogue", sourcing.Strategy{VirtualCatalogue: "BASE:2"}, "STORE_A[P3×12]"},
		{"a network that is not there", sourcing.Strategy{Network: "NET_X"}, "none"},
		{"a catalogue that is not there", sourcing.Strategy{VirtualCatalogue: "BASE:3"}, "none"},
		{"its own limit, lower", sourcing.Strategy{MaxSplit: &none}, "none"},
		{"its own limit, higher", sourcing.Strategy{MaxSplit: &five}, "STORE_A[P3×4] STORE_B[P3×8]"},
	} {
		c.strategy.Criteria = criteria("locationDistance")
		p := &sourcing.Profile{VirtualCatalogue: "BASE:1", Network: "NET_HD", MaxSplit: 1, Strategies: []sourcing.Strategy{c.strategy}}
		plan, _, err := sourcing.Primary(p, request(need("1", "P3", 12, 30)))
		require.NoError(t, err, c.name)
		require.Equal(t, c.want, text(plan), c.name)
		source := sourcing.Source{VirtualCatalogue: "BASE:1", Network: "NET_HD"}
		if c.strategy.Network != "" {
			source.Network = c.strategy.Network
		}
		if c.strategy.VirtualCatalogue != "" {
			source.VirtualCatalogue = c.strategy.VirtualCatalogue
		}
		require.Equal(t, []sourcing.Source{source}, p.Sources(), c.name)
	}
	p := &sourcing.Profile{VirtualCatalogue: "A", Network: "N", Strategies: []sourcing.Strategy{{}, {Network: "M"}, {Network: "N"}},
		Fallback: []sourcing.Strategy{{VirtualCatalogue: "B"}, {}}}
	require.Equal(t, []sourcing.Source{{VirtualCatalogue: "A", Network: "N"}, {VirtualCatalogue: "A", Network: "M"}, {VirtualCatalogue: "B", Network: "N"}}, p.Sources(),
		"those of both halves, each once")
}

// TestTheFirstStrategyThatAppliesAndCovers: the others are passed over, and the attempts say why.
func TestTheFirstStrategyThatAppliesAndCovers(t *testing.T) {
	t.Parallel()
	when := func(value string) []sourcing.Condition {
		return []sourcing.Condition{{Path: "type", Operator: "equals", Value: "HD"}, {Path: "tier", Operator: "equals", Value: value}}
	}
	closest := criteria("locationDistance")
	none := 0
	p := &sourcing.Profile{VirtualCatalogue: "BASE:1", Network: "NET_HD", MaxSplit: 2, Strategies: []sourcing.Strategy{
		{Ref: "OFF", Status: "INACTIVE", Criteria: closest}, {Ref: "GOLD", Status: sourcing.Active, Conditions: when("GOLD"), Criteria: closest},
		{Ref: "ALONE", MaxSplit: &none, Criteria: closest}, {Ref: "NOWHERE", Network: "NET_X", Criteria: closest}, {Ref: "SPLIT", Criteria: closest}, {Ref: "NEVER", Criteria: closest}}}
	r := request(need("1", "P3", 12, 30))
	r.Context = map[string]any{"type": "HD", "tier": "SILVER"}
	plan, attempts, err := sourcing.Primary(p, r)
	require.NoError(t, err)
	require.Equal(t, "SPLIT", plan.Strategy)
	require.Equal(t, map[string]string{"OFF": sourcing.NotActive, "GOLD": sourcing.NotMet, "ALONE": sourcing.NoCover, "NOWHERE": sourcing.NoStock, "SPLIT": sourcing.Planned},
		outcomes(attempts), "what comes after the first plan is not tried")
	require.Equal(t, []int{3, 3, 1, 3, 3}, []int{attempts[0].Limit, attempts[1].Limit, attempts[2].Limit, attempts[3].Limit, attempts[4].Limit})

	r.Context = map[string]any{"type": "HD", "tier": "GOLD"}
	plan, _, err = sourcing.Primary(p, r)
	require.NoError(t, err)
	require.Equal(t, "GOLD", plan.Strategy)
	r.Context = map[string]any{"type": "CC", "tier": "GOLD"}
	plan, _, err = sourcing.Primary(p, r)
	require.NoError(t, err)
	require.Equal(t, "SPLIT", plan.Strategy, "all conditions must hold, not the last one")

	p.Strategies[1].Conditions[0].Operator = "resembles"
	_, _, err = sourcing.Primary(p, r)
	require.ErrorContains(t, err, "GOLD")
}

func TestTheFallbackIsTheFirstThatApplies(t *testing.T) {
	t.Parallel()
	closest, never := criteria("locationDistance"), []sourcing.Condition{{Path: "missing", Operator: "exists"}}
	p := &sourcing.Profile{VirtualCatalogue: "BASE:1", Network: "NET_HD", MaxSplit: 1, Fallback: []sourcing.Strategy{
		{Ref: "OFF", Status: "DRAFT", Criteria: closest}, {Ref: "NEVER", Conditions: never, Criteria: closest}, {Ref: "THIRD", Criteria: closest}, {Ref: "FOURTH", Criteria: closest}}}
	plan, attempts, err := sourcing.Fallback(p, request(need("1", "P3", 30, 30)))
	require.NoError(t, err)
	require.Equal(t, "STORE_A[P3×4] STORE_B[P3×10] rest[P3×16]", text(plan), "two locations, the nearest, each with all that it has")
	require.Equal(t, "THIRD", plan.Strategy)
	require.Equal(t, map[string]string{"OFF": sourcing.NotActive, "NEVER": sourcing.NotMet, "THIRD": sourcing.Planned}, outcomes(attempts))
	require.Len(t, attempts[2].Ranking, 3, "the first round's")

	plan, attempts, err = sourcing.Fallback(p, request(need("1", "P9", 3, 30)))
	require.NoError(t, err)
	require.Equal(t, "rest[P9×3]", text(plan))
	require.Equal(t, sourcing.NoStock, outcomes(attempts)["THIRD"])

	p.Fallback[2].SplitLines = new(bool)
	plan, _, err = sourcing.Fallback(p, request(need("1", "P3", 5, 30), need("2", "P3", 4, 30), need("3", "P3", 20, 30)))
	require.NoError(t, err)
	require.Equal(t, "STORE_A[P3×4] STORE_B[P3×5] rest[P3×20]", text(plan), "a line is not taken apart")

	p.Fallback = p.Fallback[:2]
	plan, attempts, err = sourcing.Fallback(p, request(need("1", "P3", 30, 30)))
	require.NoError(t, err)
	require.Equal(t, "rest[P3×30]", text(plan), "nothing applies")
	require.Len(t, attempts, 2)
	p.Fallback = []sourcing.Strategy{{Ref: "BAD", Conditions: []sourcing.Condition{{Path: "a", Operator: "resembles"}}}}
	_, _, err = sourcing.Fallback(p, request(need("1", "P3", 30, 30)))
	require.ErrorContains(t, err, "BAD")
}

// TestTheFallbackRatesWhatIsStillOpen: DC1 is second best for the whole order, and has nothing of what STORE_B leaves open.
func TestTheFallbackRatesWhatIsStillOpen(t *testing.T) {
	t.Parallel()
	p := &sourcing.Profile{VirtualCatalogue: "BASE:1", Network: "NET_HD", MaxSplit: 1, Fallback: []sourcing.Strategy{{Ref: "S", Criteria: criteria("orderValue")}}}
	plan, attempts, err := sourcing.Fallback(p, request(need("1", "P1", 8, 50), need("2", "P3", 20, 30)))
	require.NoError(t, err)
	require.Equal(t, "DC1", attempts[0].Ranking[1].Location)
	require.Equal(t, "STORE_B[P1×8 P3×10] STORE_C[P3×6] rest[P3×4]", text(plan))

	r := request(need("1", "P3", 20, 30))
	r.Live = 2
	nine := 9
	p.Fallback = append(p.Fallback, sourcing.Strategy{Ref: "GENEROUS", MaxSplit: &nine, Criteria: criteria("orderValue")})
	plan, attempts, err = sourcing.Fallback(p, r)
	require.NoError(t, err)
	require.Equal(t, "rest[P3×20]", text(plan), "the first that applies decides, and it is at its limit")
	require.Equal(t, map[string]string{"S": sourcing.LimitReached}, outcomes(attempts))
}

// TestLiveFulfilmentsCountAgainstEachLimit: of three fulfilments two are there already.
func TestLiveFulfilmentsCountAgainstEachLimit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		live, units int
		want        string
	}{{0, 18, "STORE_A[P3×4] STORE_B[P3×10] STORE_C[P3×4]"}, {1, 18, "none"}, {1, 16, "STORE_B[P3×10] STORE_C[P3×6]"}, {2, 16, "none"}, {2, 10, "STORE_B[P3×10]"}, {3, 1, "none"}} {
		r := request(need("1", "P3", c.units, 30))
		r.Live = c.live
		plan, attempts, err := sourcing.Primary(sourcing.Default("HD_DEFAULT", 1), r)
		require.NoError(t, err)
		require.Equal(t, c.want, text(plan), "%d units, %d live", c.units, c.live)
		require.Equal(t, 3-c.live, attempts[0].Limit)
	}
	r := request(need("1", "P3", 16, 30))
	r.Live = 2
	plan, _, err := sourcing.Fallback(sourcing.Default("HD_DEFAULT", 1), r)
	require.NoError(t, err)
	require.Equal(t, "STORE_B[P3×10] rest[P3×6]", text(plan))
}

// TestTiesGoByRef: ratings that agree to six decimals are equal; the next criterion decides, and at last the ref.
func TestTiesGoByRef(t *testing.T) {
	t.Parallel()
	r := request(need("1", "P1", 2, 50))
	for i := range r.Locations {
		switch l := &r.Locations[i]; l.Ref {
		case "STORE_A":
			l.Point.Longitude = 0.1 + 1e-9 // a tenth of a millimetre further
		case "STORE_C":
			l.Point.Longitude = 0.1
		}
	}
	r.Stock["BASE:1"].Put("STORE_C", "P1", sourcing.Units{ATS: 1})
	plan, _, err := sourcing.Primary(sourcing.Default("HD_DEFAULT", 1), r)
	require.NoError(t, err)
	require.Equal(t, "STORE_A[P1×2]", text(plan))
	p := sourcing.Default("HD_DEFAULT", 1)
	p.Strategies[0].Criteria = criteria("locationDistance", "inventoryAvailability")
	_, attempts, err := sourcing.Primary(p, r)
	require.NoError(t, err)
	var refs []string
	for _, x := range attempts[0].Ranking {
		refs = append(refs, x.Location)
	}
	require.Equal(t, []string{"STORE_A", "STORE_B", "STORE_C", "DC1"}, refs)
}

// TestWhatACriterionRemovesStaysOut: an exclusion counts whatever the other criteria say, and wherever it stands in the list.
func TestWhatACriterionRemovesStaysOut(t *testing.T) {
	t.Parallel()
	exclude := sourcing.Criterion{Type: "locationExclusionList", Params: map[string]any{"value": []any{"STORE_A", "STORE_B"}}}
	near := sourcing.Criterion{Type: "locationDistance"}
	for _, list := range [][]sourcing.Criterion{{exclude, near}, {near, exclude}} {
		p := &sourcing.Profile{VirtualCatalogue: "BASE:1", Network: "NET_HD", Strategies: []sourcing.Strategy{{Criteria: list}}, Fallback: []sourcing.Strategy{{Criteria: list}}}
		plan, attempts, err := sourcing.Primary(p, request(need("1", "P1", 2, 50)))
		require.NoError(t, err)
		require.Equal(t, "DC1[P1×2]", text(plan))
		require.Len(t, attempts[0].Ranking, 1)
		plan, _, err = sourcing.Fallback(p, request(need("1", "P1", 2, 50)))
		require.NoError(t, err)
		require.Equal(t, "DC1[P1×2]", text(plan))
	}
}

// TestDefaultProfilesOfARetailer: each retailer's draws from its own catalogue; another ref has none.
func TestDefaultProfilesOfARetailer(t *testing.T) {
	t.Parallel()
	require.Nil(t, sourcing.Default("HD", 1))
	for _, ref := range []string{"HD_DEFAULT", "CC_DEFAULT"} {
		p := sourcing.Default(ref, 2)
		require.NoError(t, p.Prepare(nil))
		for _, s := range p.Sources() {
			require.Equal(t, "BASE:2", s.VirtualCatalogue)
		}
	}
	r := request(need("1", "P1", 101, 50))
	r.PickupLocation = "STORE_C"
	plan, _, err := sourcing.Primary(sourcing.Default("CC_DEFAULT", 1), r)
	require.NoError(t, err)
	require.Equal(t, "STORE_A[P1×5] DC1[P1×96]", text(plan), "two locations may send to the pickup store, warehouses among them")
	r = request(need("1", "P1", 109, 50))
	r.PickupLocation = "STORE_C"
	plan, _, err = sourcing.Primary(sourcing.Default("CC_DEFAULT", 1), r)
	require.NoError(t, err)
	require.Nil(t, plan, "three may not")
	plan, _, err = sourcing.Fallback(sourcing.Default("CC_DEFAULT", 1), r)
	require.NoError(t, err)
	require.Equal(t, "DC1[P1×100] STORE_B[P1×8] rest[P1×1]", text(plan))
}

// TestWholeLinesPassOverWhatIsTooSmall: a location that cannot give a whole line gives none of it, and the next line may still have its stock.
func TestWholeLinesPassOverWhatIsTooSmall(t *testing.T) {
	t.Parallel()
	p := sourcing.Default("HD_DEFAULT", 1)
	p.Strategies[0].SplitLines, p.Strategies[0].SplitPreference = new(bool), sourcing.ByRank
	plan, _, err := sourcing.Primary(p, request(need("1", "P1", 6, 50), need("2", "P1", 5, 50)))
	require.NoError(t, err)
	require.Equal(t, "STORE_A[P1×5] STORE_B[P1×6]", text(plan))
	require.Equal(t, []string{"2", "1"}, []string{plan.Fulfilments[0].Lines[0].ItemID, plan.Fulfilments[1].Lines[0].ItemID})
	require.InDelta(t, 50, plan.Fulfilments[0].Lines[0].PaidPrice, 1e-9, "a line keeps what it is")
}
