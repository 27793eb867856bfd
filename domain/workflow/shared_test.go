package workflow_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/workflow"
)

const sharedText = `{"retailerId": "7", "entityType": "ORDER", "entitySubtype": "HD", "version": "1.4", "description": "ours", "versionComment": "why",
 "settings": {"a": "b"},
 "rulesets": [{"name": "CREATE", "description": "begin", "type": "ORDER", "triggers": [{"status": "CREATED"}],
   "rules": [{"name": "ACME.core.SetState", "props": {"status": "BOOKED", "more": {"x": [1, 2]}}}],
   "userActions": [{"context": [{"label": "Go", "type": "PRIMARY", "modules": ["oms"], "confirm": true}],
     "attributes": [{"name": "n", "type": "STRING", "defaultValue": "d", "mandatory": true}]}]}],
 "statuses": [{"name": "CREATED", "entityType": "ORDER", "category": "BOOKING"}]}`

func parts(t *testing.T, text, account string) (w *workflow.Workflow, parts []*workflow.Part, keys [][32]byte) {
	t.Helper()
	w, err := workflow.Parse([]byte(text))
	require.NoError(t, err)
	parts, err = workflow.Parts(w, account)
	require.NoError(t, err)
	for _, p := range parts {
		keys = append(keys, p.Key)
	}
	return w, parts, keys
}

// TestPartsDoNotTellWhoseTheyAre: retailer, account, version and comments make no difference, everything else does.
func TestPartsDoNotTellWhoseTheyAre(t *testing.T) {
	t.Parallel()
	_, _, ours := parts(t, sharedText, "ACME")
	for _, c := range []struct{ from, to, account string }{
		{`"7"`, `"8"`, "ACME"},
		{`"1.4"`, `"2.0"`, "ACME"},
		{`"ours"`, `"theirs"`, "ACME"},
		{`"why"`, `"because"`, "ACME"},
		{`"begin"`, `"start"`, "ACME"},
		{`[1, 2]`, `[1,  2 ]`, "ACME"},
		{`ACME.core`, `GLOBEX.core`, "GLOBEX"},
	} {
		text := strings.Replace(sharedText, c.from, c.to, 1)
		require.NotEqual(t, sharedText, text)
		_, _, theirs := parts(t, text, c.account)
		require.Equal(t, ours, theirs, "%s → %s", c.from, c.to)
	}
	for _, c := range []struct{ from, to, account string }{
		{`"b"`, `"c"`, "ACME"},
		{`"CREATE"`, `"Create"`, "ACME"},
		{`"status": "BOOKED"`, `"status": "DONE"`, "ACME"},
		{`[1, 2]`, `[2, 1]`, "ACME"},
		{`"mandatory": true`, `"mandatory": false`, "ACME"},
		{`"d"`, `"e"`, "ACME"},
		{`"oms"`, `"store"`, "ACME"},
		{`"BOOKING"`, `"DONE"`, "ACME"},
		{`{"status": "CREATED"}`, `{"status": "OTHER"}`, "ACME"},
		{`ACME.core`, `GLOBEX.core`, "ACME"},
		{`ACME.core`, `core`, "ACME"},
	} {
		text := strings.Replace(sharedText, c.from, c.to, 1)
		require.NotEqual(t, sharedText, text)
		_, _, theirs := parts(t, text, c.account)
		require.NotEqual(t, ours, theirs, "%s → %s", c.from, c.to)
	}
}

// TestPartsMakeTheWorkflowAgain but for what nobody reads at run time.
func TestPartsMakeTheWorkflowAgain(t *testing.T) {
	t.Parallel()
	want, _, _ := parts(t, sharedText, "ACME")
	other := strings.NewReplacer("ACME", "GLOBEX", `"7"`, `"8"`, `"1.4"`, `"3.1"`).Replace(sharedText)
	_, theirs, _ := parts(t, other, "GLOBEX")
	got := workflow.Assemble(want, theirs) // another account's parts, with what is ours
	for i := range got.Rulesets {
		for n := range got.Rulesets[i].Rules {
			call := &got.Rulesets[i].Rules[n]
			call.Name, call.Own = call.FullName("ACME"), false
		}
		want.Rulesets[i].Description = ""
	}
	want.Description = ""
	plain := func(w *workflow.Workflow) string {
		text, err := json.Marshal(w)
		require.NoError(t, err)
		return string(text)
	}
	require.JSONEq(t, plain(want), plain(got))
}

// TestOnlyNamesOfThreePartsLoseTheirAccount: others mean something else without it.
func TestOnlyNamesOfThreePartsLoseTheirAccount(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]workflow.RuleCall{
		"ACME.core.SetState":      {Name: "core.SetState", Own: true},
		"GLOBEX.core.SetState":    {Name: "GLOBEX.core.SetState"},
		"ACMEX.core.SetState":     {Name: "ACMEX.core.SetState"},
		"ACME.SetState":           {Name: "ACME.SetState"},
		"ACME.core.more.SetState": {Name: "ACME.core.more.SetState"},
	} {
		w, theirs, _ := parts(t, strings.Replace(sharedText, "ACME.core.SetState", name, 1), "ACME")
		call := workflow.Assemble(w, theirs).Rulesets[0].Rules[0]
		require.Equal(t, want.Name, call.Name)
		require.Equal(t, want.Own, call.Own, name)
		require.Equal(t, name, call.FullName("ACME"))
	}
}
