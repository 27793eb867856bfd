package availability_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/rule/ruletest"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/setting"
)

// What follows, up to the next test, is the worked example of docs/how-to/add-a-setting.md.

var MaxPlans = setting.Whole(setting.About{Name: "MAX_FULFILMENT_PLANS", From: setting.Retailer,
	Doc: "How many plans an option has for each type."}, setting.Range{Default: 3, Least: 1, Most: 20})

var createPlans = rule.New("order", "CreateFulfilmentPlans", "Makes plans.", plan).Reads(MaxPlans)

func plan(ctx context.Context, c *rule.Context, _ rule.None) error {
	most, err := availability.Setting(ctx, c, MaxPlans, "")
	if err != nil {
		return err
	}
	c.Turn.Log(fmt.Sprintf("%d plans at most", most), nil)
	return nil
}

// TestTheWorkedExampleOfASetting: the page shows the code above, word for word, and a rule reads the setting so.
func TestTheWorkedExampleOfASetting(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{"": "3 plans at most", "20": "20 plans at most", "21": `setting MAX_FULFILMENT_PLANS of RETAILER 1: "21" is no whole number from 1 to 20`} {
		kept := []*foundation.Setting{{Name: "MAX_FULFILMENT_PLANS", Context: "RETAILER", ContextID: 1, Value: value}, {Name: "MAX_FULFILMENT_PLANS", Context: "RETAILER", ContextID: 2, Value: "9"}}
		turn := ruletest.New(&foundation.Customer{}).With(availability.NewFixed(ruletest.Account, &store.PlaceRows{Settings: kept}))
		err := turn.Run([]rule.Rule{createPlans}, "CreateFulfilmentPlans", turn.Entity(), nil, nil)
		if err != nil {
			require.EqualError(t, err, want)
			require.Empty(t, turn.Logs)
			continue
		}
		require.Equal(t, []string{want}, turn.Logs)
	}
}
