package history_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine/history"
	"github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/workflow"
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

// TestAttributesSayWhatTheirValuesAre: of numbers that came as JSON too, and of whatever rules note; the timers of records are whole milliseconds.
func TestAttributesSayWhatTheirValuesAre(t *testing.T) {
	t.Parallel()
	var sent catalogue.Values
	require.NoError(t, json.Unmarshal([]byte(`{"whole": 7, "zero": 0, "below": -2147483648, "beyond": 2147483648, "long": 900719925474099267, "huge": 1e30, "part": 2.5,
		"digits": 0.1234567890123456789, "text": "7", "truth": true, "list": [1], "object": {}, "nothing": null}`), &sent))
	want := map[string]string{"whole": "INTEGER", "zero": "INTEGER", "below": "INTEGER", "beyond": "LONG", "long": "LONG", "huge": "FLOAT", "part": "FLOAT", "digits": "FLOAT",
		"text": "STRING", "truth": "BOOLEAN", "list": "ARRAY", "object": "OBJECT", "nothing": "OBJECT"}
	noted := map[string]any{"id": catalogue.ID("7"), "count": 3, "raw": json.RawMessage("[1]"), "share": float32(0.5), "refs": []catalogue.ID{"1"}, "at": time.Unix(0, 0), "counts": map[string]int{"a": 1}}
	wantNoted := map[string]string{"message": "STRING", "id": "STRING", "count": "INTEGER", "raw": "ARRAY", "share": "FLOAT", "refs": "ARRAY", "at": "STRING", "counts": "OBJECT"}
	trail := &history.Trail{TurnID: "501a209b-dd23-8bc9-a234-cb0f41c80000", At: time.UnixMicro(1_770_000_000_123_999), Events: []*history.Event{{Name: "E", State: "SUCCESS", Attributes: sent,
		Rulesets: []*history.Ruleset{{Name: "E", Start: 2, Stop: 1500, Rules: []*history.Rule{{Name: "R", Start: 2, Stop: 1500, Actions: []history.Action{{Kind: history.Logging, Target: "m", Detail: noted}}}}}}}}}
	timers := 0
	for _, it := range history.Expand("ACME", trail) {
		types := map[string]string{}
		for _, a := range it.Attributes {
			types[a.Name] = a.Type
			if a.Type == "LONG" && it.Type == "ORCHESTRATION_AUDIT" {
				written, err := json.Marshal(a.Value)
				require.NoError(t, err)
				require.Equal(t, map[string]string{"startTimer": "1770000000124", "stopTimer": "1770000000125"}[a.Name], string(written))
				timers++
			}
		}
		switch it.Category {
		case "_WORKFLOW":
			require.Equal(t, want, types)
			require.Equal(t, want, typesOf(history.Waiting(&events.Row{Event: workflow.Event{Attributes: sent}})), "an event that waits says the same")
		case "CUSTOM":
			require.Equal(t, wantNoted, types)
		}
	}
	require.Equal(t, 4, timers, "of ruleset and rule")
}

func typesOf(it history.Item) map[string]string {
	out := map[string]string{}
	for _, a := range it.Attributes {
		out[a.Name] = a.Type
	}
	return out
}
