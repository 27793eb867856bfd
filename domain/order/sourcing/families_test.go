package sourcing_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/order/sourcing"
)

// TestConditionsByName: each family goes to its path, with the operator that its name ends in.
func TestConditionsByName(t *testing.T) {
	t.Parallel()
	const prefix = "fc.sourcing.condition."
	for kind, want := range map[string]sourcing.Condition{
		"orderTotalPriceGreaterThanOrEquals": {Path: "totalPrice", Operator: "greater_than_or_equals", Value: 5.0},
		"orderTotalPriceGreaterThan":         {Path: "totalPrice", Operator: "greater_than", Value: 5.0},
		"orderCreationDateBetween":           {Path: "createdOn", Operator: "between", Value: 5.0},
		"orderTypeNotIn":                     {Path: "type", Operator: "not_in", Value: 5.0},
		"orderAttributeEquals":               {Path: "attributes.byName.colour", Operator: "equals", Value: 5.0},
		"customerTierIn":                     {Path: "customer.attributes.byName.tier", Operator: "in", Value: 5.0},
		"deliveryTypeNotEquals":              {Path: "fulfilmentChoice.deliveryType", Operator: "not_equals", Value: 5.0},
		"deliveryCountryEquals":              {Path: "fulfilmentChoice.deliveryAddress.country", Operator: "equals", Value: 5.0},
		"deliveryStateExists":                {Path: "fulfilmentChoice.deliveryAddress.state", Operator: "exists", Value: 5.0},
		"deliveryPostcodeContains":           {Path: "fulfilmentChoice.deliveryAddress.postcode", Operator: "contains", Value: 5.0},
		"itemCountLessThan":                  {Path: "unfulfilledItems.length", Operator: "less_than", Value: 5.0},
		"unitCountLessThanOrEquals":          {Path: "unfulfilledUnits", Operator: "less_than_or_equals", Value: 5.0},
	} {
		var got sourcing.Condition
		require.NoError(t, json.Unmarshal(fmt.Appendf(nil, `{"name":"n","type":%q,"params":{"value":5,"attribute":"colour"}}`, prefix+kind), &got), kind)
		want.Name = "n"
		require.Equal(t, want, got, kind)
	}
	for kind, path := range map[string]string{"productRefIn": "items.product.ref", "productCategoryEquals": "items.product.categories.ref",
		"productAttributeContains": "items.product.attributes.byName.colour"} {
		var got sourcing.Condition
		require.NoError(t, json.Unmarshal(fmt.Appendf(nil, `{"type":%q,"params":{"value":5,"attribute":"colour","conditionScope":"ANY"}}`, prefix+kind), &got), kind)
		require.Equal(t, []string{path, "ANY"}, []string{got.Path, got.Scope})
	}
	var got sourcing.Condition
	require.NoError(t, json.Unmarshal([]byte(`{"type":"fc.sourcing.condition.path","params":{"path":"a.b","operator":"in","value":["x"],"conditionScope":"NONE"}}`), &got))
	require.Equal(t, sourcing.Condition{Path: "a.b", Operator: "in", Value: []any{"x"}, Scope: "NONE"}, got)
	require.Equal(t, `a.b in [x] (NONE)`, got.String())
}

func TestConditionsThatAreRefused(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`{"type":"fc.sourcing.condition.luck","params":{}}`:                                                        "unknown sourcing condition",
		`{"type":"fc.sourcing.condition.orderTypeResembles","params":{}}`:                                          "unknown sourcing condition",
		`{"type":"fc.sourcing.condition.orderAttributeEquals","params":{"value":1}}`:                               "parameter attribute must be",
		`{"type":"fc.sourcing.condition.productRefEquals","params":{"value":1}}`:                                   "parameter conditionScope must be",
		`{"type":"fc.sourcing.condition.path","params":{"operator":"equals","value":1}}`:                           "there is no path",
		`{"type":"fc.sourcing.condition.path","params":{"path":"a"}}`:                                              "unknown operator",
		`{"path":"a","operator":"equals","conditionScope":"SOME"}`:                                                 "unknown conditionScope",
		`{"type":"fc.sourcing.condition.path"}`:                                                                    "unknown operator",
		`{"type":"fc.sourcing.condition.path","params":{"path":3}}`:                                                "cannot unmarshal",
		`{"type":"fc.sourcing.condition.path","params":{"path":"a","operator":"in","conditionScope":""},"name":7}`: "cannot unmarshal",
	} {
		_, err := sourcing.ParseProfile([]byte(`{"ref":"P","sourcingStrategies":[{"ref":"S","sourcingConditions":[`+raw+`]}]}`), nil)
		require.ErrorContains(t, err, want, raw)
	}
}

// loyalty is the published example of a profile whose limits go by customer and value, with a campaign before them all.
const loyalty = `{"ref":"LOYALTY","defaultVirtualCatalogue":"BASE:1","defaultNetwork":"NET_HD","defaultMaxSplit":5,"sourcingStrategies":[
 {"ref":"CAMPAIGN","sourcingConditions":[{"type":"fc.sourcing.condition.orderCreationDateBetween","params":{"value":["2026-11-27","2026-11-30T23:59:59Z"]}}],
  "sourcingCriteria":[{"type":"fc.sourcing.criterion.locationDistance"}]},
 {"ref":"GOLD","sourcingConditions":[{"type":"fc.sourcing.condition.customerTierEquals","params":{"value":"GOLD"}}],"sourcingCriteria":[{"type":"locationDistance"}]},
 {"ref":"SILVER_BIG","maxSplit":3,"sourcingConditions":[{"type":"fc.sourcing.condition.customerTierEquals","params":{"value":"SILVER"}},
   {"type":"fc.sourcing.condition.orderTotalPriceGreaterThanOrEquals","params":{"value":1000}}],
  "sourcingCriteria":[{"type":"locationDistanceBanded","params":{"value":[10,50,200]}},{"type":"locationDailyCapacity"}]},
 {"ref":"SILVER_SMALL","maxSplit":1,"sourcingConditions":[{"type":"fc.sourcing.condition.customerTierEquals","params":{"value":"SILVER"}},
   {"type":"fc.sourcing.condition.orderTotalPriceLessThan","params":{"value":1000}}],
  "sourcingCriteria":[{"type":"locationDistanceExclusion","params":{"value":50}},{"type":"inventoryAvailabilityBanded","params":{"value":[50,100]}},{"type":"locationDailyCapacity"}]},
 {"ref":"BRONZE","maxSplit":0,"sourcingConditions":[{"type":"fc.sourcing.condition.customerTierEquals","params":{"value":"BRONZE"}}],
  "sourcingCriteria":[{"type":"locationDistanceExclusion","params":{"value":500}},{"type":"locationTypeExclusion","params":{"value":["STORE"]}},{"type":"inventoryAvailability"}]}]}`

// TestTheLimitGoesByLoyaltyAndValue, at the bounds of value and date; what each strategy was left for is in the attempts.
func TestTheLimitGoesByLoyaltyAndValue(t *testing.T) {
	t.Parallel()
	p, err := sourcing.ParseProfile([]byte(loyalty), nil)
	require.NoError(t, err)
	for _, c := range []struct {
		tier, on string
		value    float64
		last     string
		limit    int
	}{
		{"BRONZE", "2026-11-28T10:00:00Z", 10, "CAMPAIGN", 6}, {"BRONZE", "2026-11-27", 10, "CAMPAIGN", 6}, {"BRONZE", "2026-12-01", 10, "BRONZE", 1},
		{"GOLD", "2026-12-01", 10, "GOLD", 6}, {"SILVER", "2026-12-01", 1000, "SILVER_BIG", 4}, {"SILVER", "2026-12-01", 999.99, "SILVER_SMALL", 2}, {"", "2026-12-01", 10, "BRONZE", 0},
	} {
		r := request(need("1", "P3", 9, 30), need("2", "P2", 3, 30))
		attributes := map[string]any{}
		if c.tier != "" {
			attributes["tier"] = c.tier
		}
		r.Context = map[string]any{"createdOn": c.on, "totalPrice": c.value, "customer": map[string]any{"attributes": map[string]any{"byName": attributes}}}
		_, attempts, err := sourcing.Primary(p, r)
		require.NoError(t, err)
		last := attempts[len(attempts)-1]
		require.Equal(t, c.last, last.Strategy, "%+v", c)
		if c.limit == 0 {
			require.Equal(t, []string{sourcing.NotMet, "customer.attributes.byName.tier equals BRONZE"}, []string{last.Outcome, last.Because})
			continue
		}
		require.Equal(t, c.limit, last.Limit)
		require.NotEqual(t, sourcing.NotMet, last.Outcome)
	}
}
