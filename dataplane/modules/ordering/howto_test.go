package ordering

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/rule/ruletest"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// What follows, up to the next test, is the worked example of docs/how-to/add-a-rule.md.

var forwardIfWorthMore = rule.New(plugin, "ForwardIfWorthMore", "Forwards if the order's total is above a limit.", onOrder(ifWorthMore)).On(typeOrder)

type worth struct {
	rule.Sends
	Limit float64 `prop:"limit" default:"1000" doc:"The limit, in the order's currency."`
}

func ifWorthMore(_ context.Context, c *rule.Context, o *Order, p worth) error {
	if o.TotalPrice != nil && *o.TotalPrice > p.Limit {
		rule.Forward(c, p.EventName)
	}
	return nil
}

// TestTheWorkedExampleOfARule: the page shows the code above, word for word, and that code is a rule that runs, and that uploads are checked for.
func TestTheWorkedExampleOfARule(t *testing.T) {
	t.Parallel()
	total := 1500.0
	o := &order.Order{Node: catalogue.Node{ID: "7"}, TotalPrice: &total}
	list := []rule.Rule{forwardIfWorthMore}
	for limit, want := range map[any]string{nil: "Check>ORDER/7", 1499: "Check>ORDER/7", 1500: ""} {
		turn := ruletest.New(o)
		require.NoError(t, turn.Run(list, "ForwardIfWorthMore", o, map[string]any{"eventName": "Check", "limit": limit}, nil))
		require.Equal(t, want, turn.Names(), limit)
	}
	flow, err := workflow.Parse([]byte(`{"retailerId": "1", "entityType": "ORDER", "entitySubtype": "HD", "statuses": [], "rulesets": [{"name": "CREATE", "type": "ORDER",
		"rules": [{"name": "ACME.order.ForwardIfWorthMore", "props": {"eventName": "Check", "limit": "much"}}]}]}`))
	require.NoError(t, err)
	var found []string
	for _, p := range flow.Validate(rule.NewLibrary(list).Names()) {
		if strings.Contains(p.Place, "props") {
			found = append(found, p.String())
		}
	}
	require.Equal(t, []string{`rulesets[0].rules[0].props.limit: want FLOAT, got "much"`, "rulesets[0].rules[0].props.eventName: no ruleset of the workflow answers event Check"}, found)
}
