package workflow_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/workflow"
)

// TestWhatFitsAProperty: each row is a property's declaration and a value of a workflow. The accessors of dataplane/rule read what fits.
func TestWhatFitsAProperty(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		prop  workflow.PropSpec
		value string
		says  string // nothing: it fits
	}{
		{workflow.PropSpec{Type: "INTEGER"}, "7", ""},
		{workflow.PropSpec{Type: "INTEGER"}, "-7", ""},
		{workflow.PropSpec{Type: "INTEGER"}, "7.0", ""},
		{workflow.PropSpec{Type: "INTEGER"}, "7.5", "want INTEGER, got 7.5"},
		{workflow.PropSpec{Type: "INTEGER"}, "1e300", "want INTEGER, got 1e300"},
		{workflow.PropSpec{Type: "INTEGER"}, `"7"`, ""},
		{workflow.PropSpec{Type: "INTEGER"}, `" -7.0 "`, ""},
		{workflow.PropSpec{Type: "INTEGER"}, `"7.5"`, `want INTEGER, got "7.5"`},
		{workflow.PropSpec{Type: "INTEGER"}, `"0x7"`, `want INTEGER, got "0x7"`},
		{workflow.PropSpec{Type: "INTEGER"}, `"+7"`, `want INTEGER, got "+7"`},
		{workflow.PropSpec{Type: "INTEGER"}, `"true"`, `want INTEGER, got "true"`},
		{workflow.PropSpec{Type: "INTEGER"}, `"null"`, `want INTEGER, got "null"`},
		{workflow.PropSpec{Type: "INTEGER"}, `""`, `want INTEGER, got ""`},
		{workflow.PropSpec{Type: "INTEGER"}, `"\"7\""`, `want INTEGER, got "\"7\""`},
		{workflow.PropSpec{Type: "INTEGER", Multiple: true}, `["1", 2]`, ""},
		{workflow.PropSpec{Type: "FLOAT"}, `"seven"`, `want FLOAT, got "seven"`},
		{workflow.PropSpec{Type: "FLOAT"}, `"NaN"`, `want FLOAT, got "NaN"`},
		{workflow.PropSpec{Type: "BOOLEAN"}, `"yes"`, `want BOOLEAN, got "yes"`},
		{workflow.PropSpec{Type: "INTEGER"}, "true", "want INTEGER, got true"},
		{workflow.PropSpec{Type: "INTEGER"}, "[7]", "want INTEGER, got [7]"},
		{workflow.PropSpec{Type: "INTEGER"}, "null", ""},
		{workflow.PropSpec{Type: "INTEGER", Required: true}, "null", "rule ACME.core.X needs this property"},
		{workflow.PropSpec{Type: "INTEGER", Required: true}, "", "rule ACME.core.X needs this property"},
		{workflow.PropSpec{Type: "INTEGER", Required: true}, "0", ""},
		{workflow.PropSpec{Type: "INTEGER", Multiple: true}, "[1, 2.0]", ""},
		{workflow.PropSpec{Type: "INTEGER", Multiple: true}, "1", ""},
		{workflow.PropSpec{Type: "INTEGER", Multiple: true}, "[1, 2.5]", "want an array of INTEGER, got [1, 2.5]"},
		{workflow.PropSpec{Type: "INTEGER", Multiple: true}, "[1, null]", "want an array of INTEGER, got [1, null]"},
		{workflow.PropSpec{Type: "FLOAT"}, "7.5", ""},
		{workflow.PropSpec{Type: "FLOAT"}, "false", "want FLOAT, got false"},
		{workflow.PropSpec{Type: "FLOAT"}, `"7.5"`, ""},
		{workflow.PropSpec{Type: "BOOLEAN"}, "false", ""},
		{workflow.PropSpec{Type: "BOOLEAN"}, "0", "want BOOLEAN, got 0"},
		{workflow.PropSpec{Type: "BOOLEAN"}, `"false"`, ""},
		{workflow.PropSpec{Type: "STRING"}, "7.5", ""},
		{workflow.PropSpec{Type: "STRING"}, "true", ""},
		{workflow.PropSpec{Type: "STRING"}, `""`, ""},
		{workflow.PropSpec{Type: "STRING"}, "{}", "want STRING, got {}"},
		{workflow.PropSpec{Type: "STRING"}, `["a"]`, `want STRING, got ["a"]`},
		{workflow.PropSpec{Type: "STRING", Multiple: true}, `["a", "7"]`, ""},
		{workflow.PropSpec{Type: "STRING", Multiple: true}, `["a", 7]`, `want an array of STRING, got ["a", 7]`},
		{workflow.PropSpec{Type: "STRING", Multiple: true}, "true", "want an array of STRING, got true"},
		{workflow.PropSpec{Type: "STRING", Multiple: true}, "[]", ""},
		{workflow.PropSpec{Type: "STRING", Multiple: true}, `"a"`, ""},
		{workflow.PropSpec{Type: "STRING", Multiple: true}, `["a", null]`, `want an array of STRING, got ["a", null]`},
		{workflow.PropSpec{Type: "STRING", Multiple: true}, `["a", {}]`, `want an array of STRING, got ["a", {}]`},
		{workflow.PropSpec{Type: "STRING", Multiple: true}, `[["a"]]`, `want an array of STRING, got [["a"]]`},
		{workflow.PropSpec{Type: "JSON"}, "[1, null]", ""},
		{workflow.PropSpec{Type: "JSON", Multiple: true}, "[null, {}]", ""},
		{workflow.PropSpec{Type: "JSON"}, `{"a": null}`, ""},
	} {
		c.prop.Name = "p"
		names := workflow.NewNames([]workflow.RuleSpec{{Plugin: "core", Name: "X", Props: []workflow.PropSpec{c.prop}}})
		call := workflow.RuleCall{Name: "ACME.core.X", Props: map[string]json.RawMessage{}}
		if c.value != "" {
			call.Props["p"] = json.RawMessage(c.value)
		}
		w := &workflow.Workflow{EntityType: "ORDER", Rulesets: []*workflow.Ruleset{{Name: "CREATE", Type: "ORDER", Rules: []workflow.RuleCall{call}}},
			Statuses: []workflow.Status{{Name: "CREATED", EntityType: "ORDER"}}}
		var want []workflow.Problem
		if c.says != "" {
			want = []workflow.Problem{{Place: "rulesets[0].rules[0].props.p", Message: c.says, Severity: workflow.Refuse}}
		}
		require.Equal(t, want, w.Validate(names), "%+v %s", c.prop, c.value)
	}
}

// TestWarningsNameWhatMayBeMeantOtherwise, each at its place.
func TestWarningsNameWhatMayBeMeantOtherwise(t *testing.T) {
	t.Parallel()
	w := &workflow.Workflow{EntityType: "RETURN_ORDER", Rulesets: []*workflow.Ruleset{
		{Name: "CREATE", Type: "ORDER", Triggers: []workflow.Trigger{{Status: "CREATED"}, {Status: "PACKED"}}},
		{Name: "Pack", Type: "FULFILMENT", Rules: []workflow.RuleCall{{Name: "ACME.order.Split"},
			{Name: "ACME.core.SetState", Props: map[string]json.RawMessage{"status": json.RawMessage(`"PACKED"`)}},
			{Name: "ACME.core.SetState", Props: map[string]json.RawMessage{"status": json.RawMessage(`"LOST"`)}}}},
	}, Statuses: []workflow.Status{{Name: "CREATED", EntityType: "ORDER"}, {Name: "PACKED", EntityType: "FULFILMENT"}, {Name: "PACKED", EntityType: "FULFILMENT"}}}
	var got []string
	for _, p := range w.Validate(library) {
		require.Equal(t, workflow.Warn, p.Severity)
		got = append(got, p.String())
	}
	require.Equal(t, []string{
		"statuses[2].name: status PACKED of FULFILMENT is declared twice",
		"rulesets[0].triggers[1].status: status PACKED is not declared for ORDER",
		"rulesets[1].rules[0].name: rule ACME.order.Split is not made for FULFILMENT",
		"rulesets[1].rules[2].props.status: status LOST is not declared",
		"rulesets: no ruleset for the root type RETURN_ORDER",
		"rulesets: no CREATE ruleset for FULFILMENT",
		"statuses: no status CREATED for FULFILMENT",
	}, got)
	require.NoError(t, workflow.Refused(w.Validate(library)))
}

// TestMatchLooksAtEachPartOfTheSubject: of event, its type, entity type, subtype and status, each one alone keeps a ruleset from answering.
func TestMatchLooksAtEachPartOfTheSubject(t *testing.T) {
	t.Parallel()
	w := &workflow.Workflow{Rulesets: []*workflow.Ruleset{{Name: "Go", Type: "ORDER", Subtype: "HD", EventType: "", Triggers: []workflow.Trigger{{Status: "A"}, {Status: "B"}}}}}
	fits := workflow.Subject{EventName: "Go", EventType: "NORMAL", EntityType: "ORDER", Subtype: "HD", Status: "B"}
	require.Len(t, w.Match(fits), 1)
	for i, change := range []func(s *workflow.Subject){
		func(s *workflow.Subject) { s.EventName = "go" },
		func(s *workflow.Subject) { s.EventType = "EXCEPTION" },
		func(s *workflow.Subject) { s.EntityType = "FULFILMENT" },
		func(s *workflow.Subject) { s.Subtype = "CC" },
		func(s *workflow.Subject) { s.Subtype = "" },
		func(s *workflow.Subject) { s.Status = "C" },
		func(s *workflow.Subject) { s.Status = "" },
	} {
		s := fits
		change(&s)
		require.Empty(t, w.Match(s), "%d", i)
	}
	fits.EventType = ""
	require.Len(t, w.Match(fits), 1, "no type is NORMAL")
}

// TestVersionsAtTheirLimits: majors and minors are counted to their last, and no further.
func TestVersionsAtTheirLimits(t *testing.T) {
	t.Parallel()
	n, err := workflow.VersionNumber("199999.9999")
	require.NoError(t, err)
	require.Equal(t, 1999999999, n)
	require.Equal(t, 199999, workflow.Major(n))
	for _, bad := range []string{"200000.0", "1.10000", "1", "1.", ".1", "1.0.0", "01.0", "+1.0", "-1.0", "1.x", ""} {
		_, err := workflow.VersionNumber(bad)
		require.Error(t, err, bad)
	}
	next, err := workflow.NextVersion("1.9998", "1.0")
	require.NoError(t, err)
	require.Equal(t, "1.9999", next)
	next, err = workflow.NextVersion("1.9999", "2.5")
	require.NoError(t, err)
	require.Equal(t, "2.0", next)
	next, err = workflow.NextVersion("2.3", "2.0")
	require.NoError(t, err)
	require.Equal(t, "2.4", next, "the same major goes on")
	for _, c := range [][2]string{{"x", "1.0"}, {"1.0", "x"}, {"", "x"}} {
		_, err = workflow.NextVersion(c[0], c[1])
		require.Error(t, err)
	}
}

// TestLimitsOfTexts: so many characters, not bytes, and not one more.
func TestLimitsOfTexts(t *testing.T) {
	t.Parallel()
	_, err := workflow.Parse([]byte(strings.Replace(hd, `"id": null`, `"description": "`+strings.Repeat("ü", 300)+`"`, 1)))
	require.NoError(t, err)
	text := hd + strings.Repeat(" ", workflow.MaxBytes-len(hd))
	_, err = workflow.Parse([]byte(text))
	require.NoError(t, err)
	_, err = workflow.Parse([]byte(text + " "))
	require.ErrorContains(t, err, "bytes")
}
