package workflows_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/workflows"
	"github.com/fluent-oms/fluent/domain/workflow"
)

func TestDefaultWorkflowsNameOnlyRulesThatExist(t *testing.T) {
	t.Parallel()
	list, err := workflows.Default(7)
	require.NoError(t, err)
	names := rule.NewLibrary(modules.Rules()).Names()
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

// TestEverySentEventIsAnswered: an event that a rule of a default workflow may send is the name of one of its rulesets. Which properties name
// events, the rules' property structs say.
func TestEverySentEventIsAnswered(t *testing.T) {
	t.Parallel()
	names := rule.NewLibrary(modules.Rules()).Names()
	check := func(w *workflow.Workflow) (sent int, dead []string) {
		answered := map[string]bool{}
		for _, r := range w.Rulesets {
			answered[r.Name] = true
		}
		for _, r := range w.Rulesets {
			for i := range r.Rules {
				n, ok := names.Resolve(r.Rules[i].Name)
				require.True(t, ok, r.Rules[i].Name)
				spec := names.Spec(n)
				for _, s := range spec.Sends(&r.Rules[i]) {
					if sent++; !answered[s.Event] {
						dead = append(dead, r.Name+": "+s.Prop+" "+s.Event)
					}
				}
			}
		}
		return sent, dead
	}
	list, err := workflows.Default(1)
	require.NoError(t, err)
	total := 0
	for _, a := range list {
		sent, dead := check(a.Flow)
		require.Empty(t, dead, a.Name)
		total += sent
	}
	require.Greater(t, total, 100, "events that default workflows name")
}

// TestEveryEventPropertyIsLookedAt: a workflow whose events nothing answers is warned of each of them, whatever the property is called, also
// where it was left out and has a default.
func TestEveryEventPropertyIsLookedAt(t *testing.T) {
	t.Parallel()
	library := rule.NewLibrary(modules.Rules())
	found := 0
	for _, r := range library.Rules() {
		for _, p := range r.Props {
			if !p.Event || p.Unused {
				continue
			}
			found++
			value := `"Nowhere"`
			if p.Type == "JSON" {
				value = `{"a": "Nowhere"}`
			}
			require.Contains(t, warnings(library, r, p.Name, value), "no ruleset of the workflow answers event Nowhere", "%s.%s", r.Name, p.Name)
			if p.Default != "" {
				require.Contains(t, warnings(library, r, p.Name, "null"), "no ruleset of the workflow answers event "+p.Default, "%s.%s", r.Name, p.Name)
			}
		}
	}
	require.Greater(t, found, 60, "properties that name events")
}

// warnings are those of a workflow that calls a rule with one property.
func warnings(library *rule.Library, r rule.Rule, prop, value string) (texts []string) {
	call := workflow.RuleCall{Name: "ACME." + r.Plugin + "." + r.Name, Props: map[string]json.RawMessage{prop: json.RawMessage(value)}}
	w := &workflow.Workflow{Rulesets: []*workflow.Ruleset{{Name: "CREATE", Rules: []workflow.RuleCall{call}}}}
	for _, p := range w.Validate(library.Names()) {
		if p.Place == "rulesets[0].rules[0].props."+prop && p.Severity == workflow.Warn {
			texts = append(texts, p.Message)
		}
	}
	return texts
}
