package sourcing_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fluent-oms/fluent/domain/order/sourcing"
)

// FuzzParseProfile: a profile that is taken decides without a crash, whatever its criteria are given, and never promises too much.
func FuzzParseProfile(f *testing.F) {
	for _, ref := range []string{"HD_DEFAULT", "CC_DEFAULT"} {
		raw, err := json.Marshal(sourcing.Default(ref, 1))
		require.NoError(f, err)
		f.Add(raw)
	}
	f.Add([]byte(`{"ref":"X","virtualCatalogueRef":"BASE:1","networkRef":"NET_HD","maxSplit":-1,"strategies":[{"ref":"S","status":"ACTIVE","conditions":[{"path":"a.b","operator":"in","value":[1]}],` +
		`"criteria":[{"type":"locationDistanceBanded","params":{"value":[[1,2]]}}]}]}`))
	f.Add([]byte(`{`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := sourcing.ParseProfile(raw, nil)
		if err != nil {
			return
		}
		r := request(need("1", "P1", 4, 50), need("2", "P2", 2, 120))
		r.Context = map[string]any{"a": []any{map[string]any{"b": 1.0}}}
		for _, decide := range []func(*sourcing.Profile, *sourcing.Request) (*sourcing.Plan, []sourcing.Attempt, error){sourcing.Primary, sourcing.Fallback} {
			plan, _, err := decide(p, r)
			if err != nil || plan == nil {
				continue
			}
			units := map[string]int{}
			for _, a := range plan.Fulfilments {
				for _, l := range a.Lines {
					units[l.ItemID] += l.Quantity
				}
			}
			require.LessOrEqual(t, units["1"], 4)
			require.LessOrEqual(t, units["2"], 2)
		}
	})
}

// FuzzCondition: a condition holds, does not, or is an error.
func FuzzCondition(f *testing.F) {
	f.Add("items.quantity", "greater_than", `3`, "ANY", `{"items":[{"quantity":4}]}`)
	f.Add("a", "between", `[1,2]`, "", `{"a":1.5}`)
	f.Add("a.0", "contains", `"x"`, "NONE", `{"a":["x"]}`)
	f.Fuzz(func(t *testing.T, path, operator, value, scope, tree string) {
		var want, root any
		if json.Unmarshal([]byte(value), &want) != nil || json.Unmarshal([]byte(tree), &root) != nil {
			return
		}
		if ok, err := (sourcing.Condition{Path: path, Operator: operator, Value: want, Scope: scope}).Holds(root); err != nil {
			require.False(t, ok)
		}
	})
}

// TestTheNearestThatHasEverything: where one location can supply all, the order goes to the nearest such location.
func TestTheNearestThatHasEverything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := drawRequest(t)
		for i := range r.Locations { // each its own distance
			r.Locations[i].Point = &sourcing.Point{Longitude: float64(i+1) / 10}
		}
		needs := map[string]int{}
		for _, n := range r.Needs {
			needs[n.ProductRef] += n.Quantity
		}
		want := ""
		for i := len(r.Locations) - 1; i >= 0; i-- {
			has := true
			for product, n := range needs {
				u, _ := r.Stock["BASE:1"].At(r.Locations[i].Ref, product)
				has = has && u.ATS >= n
			}
			if has {
				want = r.Locations[i].Ref
			}
		}
		plan, _, err := sourcing.Primary(sourcing.Default("HD_DEFAULT", 1), r)
		require.NoError(t, err)
		if want != "" {
			require.Len(t, plan.Fulfilments, 1)
			require.Equal(t, want, plan.Fulfilments[0].Ref)
		}
	})
}
