package workflows_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine/turn"
	"github.com/fluent-oms/fluent/dataplane/rules/library"
	"github.com/fluent-oms/fluent/dataplane/workflows"
	"github.com/fluent-oms/fluent/domain/workflow"
)

func TestDefaultWorkflowsNameOnlyRulesThatExist(t *testing.T) {
	t.Parallel()
	list, err := workflows.Default(7)
	require.NoError(t, err)
	names := turn.NewLibrary(library.All()).Names()
	var found []string
	for _, a := range list {
		found = append(found, a.Name)
		require.Equal(t, "7", a.Flow.RetailerID)
		require.NotContains(t, string(a.Body), "${")
		for _, p := range a.Flow.Validate(names) {
			t.Errorf("%s: %s", a.Name, p)
		}
	}
	require.ElementsMatch(t, []string{"ORDER::HD", "ORDER::CC", "INVENTORY_CATALOGUE::DEFAULT", "VIRTUAL_CATALOGUE::BASE", "VIRTUAL_CATALOGUE::AGGREGATE",
		"PRODUCT_CATALOGUE::MASTER", "LOCATION::STORE", "LOCATION::WAREHOUSE"}, found)
}

// TestEverySentEventIsAnswered: an event that a default workflow's rule names is the name of one of its rulesets.
func TestEverySentEventIsAnswered(t *testing.T) {
	t.Parallel()
	list, err := workflows.Default(1)
	require.NoError(t, err)
	for _, a := range list {
		answered := map[string]bool{}
		for _, r := range a.Flow.Rulesets {
			answered[r.Name] = true
		}
		for _, r := range a.Flow.Rulesets {
			for _, call := range r.Rules {
				for _, name := range sent(call) {
					require.True(t, answered[name], "%s: ruleset %s sends %s, which nothing answers", a.Name, r.Name, name)
				}
			}
		}
	}
}

// internal are events that a rule keeps the name of without sending it.
var internal = map[string]bool{"UpdateInventoryQty": true, "ProductStatusChanged": true}

func sent(call workflow.RuleCall) []string {
	var out []string
	for prop, raw := range call.Props {
		var name string
		switch prop {
		case "eventName", "defaultEvent", "errorEvent", "validEvent", "invalidEvent", "plannedEvent", "noPlanEvent", "completeEvent", "remainderEvent",
			"replyEvent", "shortEvent", "validAddress", "invalidAddress", "yes", "no":
			if json.Unmarshal(raw, &name) == nil && name != "" && !internal[name] {
				out = append(out, name)
			}
		case "routes":
			routes := map[string]string{}
			if json.Unmarshal(raw, &routes) == nil {
				for _, to := range routes {
					out = append(out, to)
				}
			}
		}
	}
	return out
}
