package expression_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/order/sourcing"
	"github.com/fluent-oms/fluent/domain/order/sourcing/expression"
)

// profile has one strategy, whose only criterion is the expression.
func profile(text string, inputs map[string]any) *sourcing.Profile {
	params := map[string]any{"expression": text}
	if inputs != nil {
		params["inputs"] = inputs
	}
	return &sourcing.Profile{Ref: "PROFILE", VirtualCatalogue: "VC", Network: "N", MaxSplit: 9, Strategies: []sourcing.Strategy{
		{Ref: "STRATEGY", Criteria: []sourcing.Criterion{{Name: "our own", Type: "fc.sourcing.criterion.expression", Params: params}}}}}
}

// three places, 1, 2 and 3 degrees away, that hold 1, 2 and 3 of the 2 that are needed.
func request() *sourcing.Request {
	r := &sourcing.Request{Needs: []sourcing.Need{{ItemID: "1", ProductRef: "P", Quantity: 2}}, Destination: &sourcing.Point{}, PickupLocation: "B",
		Stock: map[string]sourcing.Stock{"VC": {}}, Context: map[string]any{"type": "HD", "totalPrice": 540.0, "createdOn": time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC),
			"customer": map[string]any{"attributes": map[string]any{"byName": map[string]any{"tier": "GOLD"}}}}}
	for i, ref := range []string{"A", "B", "C"} {
		l := sourcing.Location{Ref: ref, Type: "STORE", Networks: []string{"N"}, Point: &sourcing.Point{Longitude: float64(i + 1)}, CreatedToday: i}
		l.Describe(map[string]any{"dailyCapacity": 4.0, "floors": float64(i), "tags": []any{"big", "new"}, "replenishmentRoutes": []any{"B"}})
		r.Locations = append(r.Locations, l)
		r.Stock["VC"].Put(ref, "P", sourcing.Units{ATS: i + 1})
	}
	return r
}

func decide(t *testing.T, p *sourcing.Profile, r *sourcing.Request) (refs string, a sourcing.Attempt, err error) {
	t.Helper()
	require.NoError(t, p.Prepare(expression.Compile))
	_, attempts, err := sourcing.Primary(p, r)
	if err != nil {
		return "", a, err
	}
	for _, x := range attempts[0].Ranking {
		refs += fmt.Sprintf("%s:%g ", x.Location, x.Ratings[0])
	}
	return strings.TrimSpace(refs), attempts[0], nil
}

func TestExpressionsRatePlaces(t *testing.T) {
	t.Parallel()
	inputs := map[string]any{"tier": "customer.attributes.byName.tier", "value": "totalPrice", "nothing": "attributes.byName.none", "on": "createdOn"}
	for text, want := range map[string]string{
		`place.ref == "B" ? 1 : 0`: "B:1 A:0 C:0",
		`place.kilometres < 300.0 ? 1.0 - place.kilometres / 1000.0 : -1.0`:          "A:0.888805 B:0.77761",
		`(place.dailyCapacity - place.createdToday) / place.dailyCapacity`:           "A:1 B:0.75 C:0.5",
		`place.attributes.floors / 2.0`:                                              "C:1 B:0.5 A:0",
		`inputs.tier == "GOLD" && inputs.value > 500 ? place.share : 0.0`:            "B:1 C:1 A:0.5",
		`has(inputs.nothing) ? 1 : (place.pickup ? 1 : 0)`:                           "B:1 A:0 C:0",
		`"big" in place.attributes.tags && "N" in place.networks ? 1u : 0u`:          "A:1 B:1 C:1",
		`has(place.handlingCost) ? 1.0 : place.units / (place.unitsNeeded * 2.0)`:    "B:0.5 C:0.5 A:0.25",
		`place.attributes.tags.exists(t, t.startsWith("n")) ? 0.25 : 0.0`:            "A:0.25 B:0.25 C:0.25",
		`inputs.on < timestamp("2026-04-01T00:00:00Z") && "B" in place.routes ? 1:0`: "A:1 B:1 C:1",
	} {
		got, a, err := decide(t, profile(text, inputs), request())
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
		require.Empty(t, a.Fault, text)
	}
}

// TestAPlaceWhoseDataAreMissingIsLeftOut, and the explanation says why; it does not keep the order from being sourced elsewhere.
func TestAPlaceWhoseDataAreMissingIsLeftOut(t *testing.T) {
	t.Parallel()
	r := request()
	r.Locations[1].Point = nil
	delete(r.Locations[2].Attributes, "floors")
	got, a, err := decide(t, profile(`place.attributes.floors + (place.kilometres > 0.0 ? 1.0 : 0.0)`, nil), r)
	require.NoError(t, err)
	require.Equal(t, "A:1", got)
	require.Equal(t, map[string]int{"expression": 2}, a.Others)
	require.Contains(t, a.Fault, "our own at B: expression: no such key: kilometres")

	r.Locations = r.Locations[1:]
	_, _, err = decide(t, profile(`place.attributes.floors + (place.kilometres > 0.0 ? 1.0 : 0.0)`, nil), r)
	require.EqualError(t, err, "profile PROFILE, strategy STRATEGY: criterion our own at B: expression: no such key: kilometres", "at every place: then it is the expression's fault")
}

// TestWhatIsNoRatingIsAMistake of the profile, whose place in it the error names.
func TestWhatIsNoRatingIsAMistake(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`place.units`: "profile PROFILE, strategy STRATEGY: criterion our own at B: 2 is no rating", `-0.5`: "at A: -0.5 is no rating", `0.0 / 0.0`: "at A: NaN is no rating",
		`place.ref`: "at A: expression: it gives a string, not a number",
		`[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, [1,2,3,4,5,6,7,8,9,10].all(c, a + b + c + int(place.units) > 0))) ? 1 : 0`: "at A: expression: operation cancelled: actual cost limit exceeded",
	} {
		_, _, err := decide(t, profile(text, nil), request())
		require.ErrorContains(t, err, want, text)
	}
}

func TestExpressionsThatAreRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`place.ref ==`: "Syntax error", `place.floor`: "there is no place.floor", `inputs.tier == "x" ? 1 : 0`: "there is no inputs.tier", `"high"`: "it gives a string, not a number",
		`has(place.colour) ? 1 : 0`: "there is no place.colour", `order.total`: "undeclared reference", strings.Repeat("1 + ", 600) + "1": "size",
	} {
		require.ErrorContains(t, profile(text, map[string]any{"value": "totalPrice"}).Prepare(expression.Compile), want, text)
		err := profile(text, nil).Prepare(expression.Compile)
		require.ErrorContains(t, err, "sourcing profile PROFILE, strategy STRATEGY: criterion our own: expression: ", text)
	}
	for want, params := range map[string]map[string]any{"expression must be": {}, "inputs must be": {"expression": "1", "inputs": map[string]any{"a": 1}}, "no parameter rate": {"expression": "1", "rate": 1}} {
		p := profile("", nil)
		p.Strategies[0].Criteria[0].Params = params
		require.ErrorContains(t, p.Prepare(expression.Compile), want)
	}
	require.ErrorContains(t, profile("1", nil).Prepare(nil), "nothing here compiles expressions")
}

// TestAPreparedProfileServesSeveralAtOnce: it is compiled once, and run by all.
func TestAPreparedProfileServesSeveralAtOnce(t *testing.T) {
	t.Parallel()
	compiled := 0
	p := profile(`place.ref == "C" ? 1 : 0`, nil)
	require.NoError(t, p.Prepare(func(text string, inputs []string) (sourcing.Program, error) {
		compiled++
		return expression.Compile(text, inputs)
	}))
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for range 20 {
				plan, _, err := sourcing.Primary(p, request())
				if err != nil || plan.Fulfilments[0].Ref != "C" {
					t.Errorf("%v %v", plan, err)
				}
			}
		})
	}
	wait.Wait()
	require.Equal(t, 1, compiled)
}
