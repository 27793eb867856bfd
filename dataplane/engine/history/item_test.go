package history_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine/history"
)

func TestTheRulesetOfAFailedEventFailed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		ruleset history.Ruleset
		want    string
	}{
		{"all went well", history.Ruleset{Rules: []*history.Rule{{Name: "A"}}}, "SUCCESS"},
		{"a rule failed", history.Ruleset{Rules: []*history.Rule{{Name: "A"}, {Name: "B", Failure: &history.Failure{Message: "no"}}}}, "FAILED"},
		{"a business failure", history.Ruleset{Discarded: true, Rules: []*history.Rule{{Name: "A", Failure: &history.Failure{Message: "no", Business: true}}}}, "FAILED"},
	} {
		items := history.Expand("ACME", &history.Trail{TurnID: "501a209b-dd23-8bc9-a234-cb0f41c80000",
			Events: []*history.Event{{Name: "E", State: "FAILED", Rulesets: []*history.Ruleset{&c.ruleset}}}})
		for _, it := range items {
			if it.Category == "ruleSet" {
				require.Equal(t, c.want, it.EventStatus, c.name)
			}
		}
	}
}
