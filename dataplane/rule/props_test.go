package rule_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// TestPropertiesAreReadAsTheyAreValidated: what a workflow's check lets through for a type, the accessor of that type reads, and nothing else.
func TestPropertiesAreReadAsTheyAreValidated(t *testing.T) {
	t.Parallel()
	read := map[string]func(p rule.Props) (any, error){
		"STRING":   func(p rule.Props) (any, error) { return p.Text("p") },
		"INTEGER":  func(p rule.Props) (any, error) { return p.Int("p") },
		"BOOLEAN":  func(p rule.Props) (any, error) { return p.Bool("p") },
		"STRING[]": func(p rule.Props) (any, error) { return p.Texts("p") },
	}
	for _, c := range []struct {
		raw  string
		want map[string]any // by type; those that are not named refuse it
	}{
		{`"a"`, map[string]any{"STRING": "a", "STRING[]": []string{"a"}}},
		{`""`, map[string]any{"STRING": "", "STRING[]": []string{""}}},
		{`7`, map[string]any{"STRING": "7", "INTEGER": 7}},
		{`-7`, map[string]any{"STRING": "-7", "INTEGER": -7}},
		{`7.0`, map[string]any{"STRING": "7.0", "INTEGER": 7}},
		{`7e1`, map[string]any{"STRING": "7e1", "INTEGER": 70}},
		{`7.5`, map[string]any{"STRING": "7.5"}},
		{`1e300`, map[string]any{"STRING": "1e300"}},
		{`9007199254740993`, map[string]any{"STRING": "9007199254740993", "INTEGER": 9007199254740993}},
		{`true`, map[string]any{"STRING": "true", "BOOLEAN": true}},
		{`["a","b"]`, map[string]any{"STRING[]": []string{"a", "b"}}},
		{`[]`, map[string]any{"STRING[]": []string{}}},
		{`["a",null]`, nil},
		{`["a",7]`, nil},
		{`{}`, nil},
	} {
		for name, get := range read {
			p := rule.Props{"p": json.RawMessage(c.raw)}
			require.True(t, p.Has("p"))
			got, err := get(p)
			want, fits := c.want[name]
			spec := workflow.PropSpec{Name: "p", Type: name, Multiple: name == "STRING[]"}
			if spec.Multiple {
				spec.Type = "STRING"
			}
			require.Equal(t, fits, validates(spec, c.raw), "%s as %s passes the check", c.raw, name)
			if !fits {
				require.ErrorContains(t, err, "property p", "%s as %s", c.raw, name)
				continue
			}
			require.NoError(t, err, "%s as %s", c.raw, name)
			require.Equal(t, want, got, "%s as %s", c.raw, name)
		}
	}
	for _, p := range []rule.Props{{}, {"p": json.RawMessage("null")}} { // neither is given
		require.False(t, p.Has("p"))
		for name, get := range read {
			got, err := get(p)
			require.NoError(t, err, name)
			require.Empty(t, got, name)
		}
		into := 5
		require.NoError(t, p.Into("p", &into))
		require.Equal(t, 5, into, "a default stays")
	}
}

func validates(spec workflow.PropSpec, raw string) bool {
	w := &workflow.Workflow{Rulesets: []*workflow.Ruleset{{Rules: []workflow.RuleCall{{Name: "core.X", Props: map[string]json.RawMessage{"p": json.RawMessage(raw)}}}}}}
	return workflow.Refused(w.Validate(workflow.NewNames([]workflow.RuleSpec{{Plugin: "core", Name: "X", Props: []workflow.PropSpec{spec}}}))) == nil
}

// TestANullPropertyIsMissing: a workflow that was stored without a look at its rules may have one where something must be.
func TestANullPropertyIsMissing(t *testing.T) {
	t.Parallel()
	r := rule.Rule{Name: "X", Props: []rule.Prop{{Name: "must", Required: true}, {Name: "may"}}}
	require.ErrorContains(t, r.Check(rule.Props{}), "must")
	require.ErrorContains(t, r.Check(rule.Props{"must": json.RawMessage("null")}), "must")
	require.NoError(t, r.Check(rule.Props{"must": json.RawMessage("0")}))
	require.NoError(t, r.Check(rule.Props{"must": json.RawMessage(`""`), "may": json.RawMessage("null")}))
}
