package workflow_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
)

const hd = `{
 "retailerId": 2, "entityType": "ORDER", "entitySubtype": "HD", "version": "1.41", "createdBy": " kept elsewhere ", "id": null,
 "settings": {"fc.rubix.sdk.primaryEntityCache": "flush-on-mutation"},
 "rulesets": [
  {"name": "CREATE", "type": "ORDER", "subtype": "HD", "eventType": "NORMAL", "triggers": [{"status": "CREATED"}],
   "rules": [{"name": "ACME.core.SetState", "props": {"status": "BOOKED"}}], "userActions": []},
  {"name": "OrderCancel", "type": "ORDER", "triggers": [{"status": "BOOKED"}], "rules": [{"name": "ACME.commonv2.ChangeStateGQL", "props": {"status": "CANCELLED"}}],
   "userActions": [{"context": [{"label": "CANCEL ORDER", "type": "PRIMARY", "modules": ["adminconsole"], "confirm": true}], "attributes": []}]},
  {"name": "OrderCancel", "type": "ORDER", "triggers": [], "rules": []},
  {"name": "OrderCancel", "type": "FULFILMENT", "triggers": [], "rules": [{"name": "ACME.core.SetState", "props": {"status": "CANCELLED"}}]},
  {"name": "OrderCancel", "type": "ORDER", "eventType": "EXCEPTION", "triggers": [], "rules": []}
 ],
 "statuses": [{"name": "CREATED", "entityType": "ORDER", "category": "BOOKING"}, {"name": "BOOKED", "entityType": "ORDER", "category": "BOOKING"},
  {"name": "CANCELLED", "entityType": "ORDER", "category": "DONE"}]}`

var library = workflow.NewNames([]workflow.RuleSpec{
	{Plugin: "core", Name: "SetState", Aliases: []string{"ChangeStateGQL"}, Props: []workflow.PropSpec{{Name: "status", Type: "STRING", Required: true}}},
	{Plugin: "order", Name: "Split", Accepts: []string{"ORDER"}, Props: []workflow.PropSpec{{Name: "max", Type: "INTEGER"}, {Name: "skip", Type: "STRING", Multiple: true}}},
	{Plugin: "order", Name: "Twin"}, {Plugin: "fulfilment", Name: "Twin"},
})

func parsed(t *testing.T, text string) *workflow.Workflow {
	t.Helper()
	w, err := workflow.Parse([]byte(text))
	require.NoError(t, err)
	return w
}

func TestParseTakesThePublicForm(t *testing.T) {
	t.Parallel()
	w := parsed(t, hd)
	require.Equal(t, "2", w.RetailerID)
	require.Equal(t, "ORDER::HD", w.Name)
	require.Len(t, w.Rulesets, 5)
	require.Equal(t, "NORMAL", w.Rulesets[1].EventType)
	require.Equal(t, "flush-on-mutation", w.Settings["fc.rubix.sdk.primaryEntityCache"])
}

func TestParseNamesThePlaceOfWhatItRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ old, new, place, says string }{
		"no retailer":          {`"retailerId": 2`, `"x": 2`, "retailerId", "required"},
		"bad version":          {`"1.41"`, `"1"`, "version", "major.minor"},
		"leading zero":         {`"1.41"`, `"1.041"`, "version", "decimal"},
		"long description":     {`"id": null`, `"description": "` + strings.Repeat("ü", 301) + `"`, "description", "300"},
		"space in a name":      {`"name": "CREATE"`, `"name": "CRE ATE"`, "rulesets[0].name", "spaces"},
		"event type":           {`"eventType": "EXCEPTION"`, `"eventType": "LOUD"`, "rulesets[4].eventType", "LOUD"},
		"rules are no list":    {`"triggers": [], "rules": []`, `"triggers": [], "rules": {}`, "rulesets[2].rules", "array"},
		"rule without name":    {`{"name": "ACME.core.SetState", "props": {"status": "BOOKED"}}`, `{}`, "rulesets[0].rules[0].name", "required"},
		"status category":      {`"category": "DONE"`, `"category": "GONE"`, "statuses[2].category", "GONE"},
		"name against subtype": {`"id": null`, `"name": "ORDER::CC"`, "name", "ORDER::HD"},
		"broken JSON":          {`"id": null`, `"id": `, "", "line 2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := workflow.Parse([]byte(strings.Replace(hd, c.old, c.new, 1)))
			require.Error(t, err)
			f := fault.Of(err)
			require.Equal(t, fault.Invalid, f.Kind)
			require.Equal(t, c.place, f.Field)
			require.Contains(t, f.Detail, c.says)
		})
	}
}

func TestValidateRefusesUnknownRulesAndBadProperties(t *testing.T) {
	t.Parallel()
	w := parsed(t, strings.Replace(hd, `"triggers": [], "rules": []`, `"triggers": [], "rules": [
		{"name": "ACME.core.X"}, {"name": "ACME.order.Split", "props": {"max": "many", "skip": "A", "odd": 1}}, {"name": "ACME.core.SetState"}, {"name": "ACME.base.Twin"}]`, 1))
	problems := w.Validate(library)
	var texts []string
	for _, p := range problems {
		if p.Severity == workflow.Refuse {
			texts = append(texts, p.String())
		}
	}
	require.Equal(t, []string{
		"rulesets[2].rules[0].name: unknown rule ACME.core.X",
		`rulesets[2].rules[1].props.max: want INTEGER, got "many"`,
		"rulesets[2].rules[2].props.status: rule ACME.core.SetState needs this property",
		"rulesets[2].rules[3].name: unknown rule ACME.base.Twin",
	}, texts)
	require.Contains(t, problems, workflow.Problem{Place: "rulesets[2].rules[1].props.odd", Message: "rule ACME.order.Split has no such property", Severity: workflow.Warn})
	require.Contains(t, problems, workflow.Problem{Place: "rulesets", Message: "no CREATE ruleset for FULFILMENT", Severity: workflow.Warn})
	require.Equal(t, "rulesets[2].rules[0].name", fault.Of(workflow.Refused(problems)).Field)
	require.NoError(t, workflow.Refused(parsed(t, hd).Validate(library)))
	require.NoError(t, workflow.Refused(w.Validate(nil)), "without a library, rules are not looked at")
}

func TestRuleNamesResolve(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]int{"ACME.core.SetState": 0, "FLUENTRETAIL.core.SetState": 0, "core.SetState": 0, "ACME.commonv2.ChangeStateGQL": 0, "ACME.order.Twin": 2, "ACME.fulfilment.Twin": 3} {
		got, ok := library.Resolve(name)
		require.True(t, ok, name)
		require.Equal(t, want, got, name)
	}
	_, ok := library.Resolve("ACME.base.Twin")
	require.False(t, ok, "two rules bear the name")
}

func TestMatchKeepsAllThatAnswerInFileOrder(t *testing.T) {
	t.Parallel()
	w := parsed(t, hd)
	at := func(status string) []*workflow.Ruleset {
		return w.Match(workflow.Subject{EventName: "OrderCancel", EntityType: "ORDER", Subtype: "HD", Status: status})
	}
	require.Equal(t, []*workflow.Ruleset{w.Rulesets[1], w.Rulesets[2]}, at("BOOKED"))
	require.Equal(t, []*workflow.Ruleset{w.Rulesets[2]}, at("SHIPPED"))
	require.Empty(t, w.Match(workflow.Subject{EventName: "CREATE", EntityType: "ORDER", Subtype: "CC", Status: "CREATED"}))
	require.Len(t, w.Match(workflow.Subject{EventName: "OrderCancel", EventType: "EXCEPTION", EntityType: "ORDER"}), 1)
}

func TestActionsAreTheButtonsOfAModule(t *testing.T) {
	t.Parallel()
	w := parsed(t, hd)
	got := w.Actions("ORDER", "HD", "BOOKED", "adminconsole", "")
	require.Len(t, got, 1)
	require.Equal(t, "OrderCancel", got[0].EventName)
	text, err := json.Marshal(got)
	require.NoError(t, err)
	require.JSONEq(t, `[{"eventName":"OrderCancel","context":[{"label":"CANCEL ORDER","type":"PRIMARY","modules":["adminconsole"],"confirm":true}],"attributes":[]}]`, string(text))
	require.Empty(t, w.Actions("ORDER", "HD", "BOOKED", "servicepoint", ""))
	require.Empty(t, w.Actions("ORDER", "HD", "SHIPPED", "adminconsole", ""))
	require.Empty(t, w.Actions("ORDER", "HD", "BOOKED", "adminconsole", "CREATE"))
}

func TestVersions(t *testing.T) {
	t.Parallel()
	n, err := workflow.VersionNumber("1.42")
	require.NoError(t, err)
	require.Equal(t, 10042, n)
	require.Equal(t, "1.42", workflow.VersionText(n))
	for _, c := range []struct{ stored, sent, want string }{{"", "1.0", "1.0"}, {"1.41", "1.3", "1.42"}, {"1.41", "2.7", "2.0"}, {"2.0", "1.9", "2.1"}} {
		got, err := workflow.NextVersion(c.stored, c.sent)
		require.NoError(t, err)
		require.Equal(t, c.want, got)
	}
	_, err = workflow.NextVersion("1.9999", "1.0")
	require.ErrorContains(t, err, "raise the major")
}

func TestRunOnceNeedsOneRulesetOfTheEventsName(t *testing.T) {
	t.Parallel()
	text := `{"retailerId": "5", "version": "1.0", "entityType": "ORDER", "rulesets": [{"name": "FixStatus", "type": "ORDER", "triggers": [], "rules": []}]}`
	w, err := workflow.ParseRunOnce([]byte(text), "FixStatus")
	require.NoError(t, err)
	require.Len(t, w.Match(workflow.Subject{EventName: "FixStatus", EntityType: "ORDER", Status: "ANY"}), 1)
	_, err = workflow.ParseRunOnce([]byte(text), "Other")
	require.Error(t, err)
}

func TestEntityTypeNames(t *testing.T) {
	t.Parallel()
	require.Equal(t, "FULFILMENT_OPTIONS", workflow.EntityTypeName("FulfilmentOption"))
	require.Equal(t, "ORDER", workflow.EntityTypeName(" order "))
	require.Equal(t, "STANDARD_PRODUCT", workflow.EntityTypeName("StandardProduct"))
	require.Equal(t, "JOB", workflow.EntityTypeName("job"), "what is no entity keeps its name")
	for _, typ := range domain.Catalogue().Types() { // however a type is named, events find it
		if typ.EntityType != "" {
			require.Equal(t, typ.EntityType, workflow.EntityTypeName(typ.EntityType))
			require.Equal(t, typ.EntityType, workflow.EntityTypeName(strings.ReplaceAll(typ.EntityType, "_", "")))
			require.Contains(t, []string{typ.EntityType, typ.OwnName()}, workflow.EntityTypeName(typ.Name), "%s", typ.Name)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(hd))
	f.Add([]byte(`{"rulesets":[null,{"rules":[[]]}],"statuses":{}}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		w, err := workflow.Parse(data)
		if err != nil {
			require.Equal(t, fault.Invalid, fault.Of(err).Kind)
			return
		}
		text, err := json.Marshal(w)
		require.NoError(t, err)
		again, err := workflow.Parse(text)
		require.NoError(t, err, "what was parsed can be written and parsed again")
		require.Equal(t, len(w.Rulesets), len(again.Rulesets))
		w.Validate(library)
	})
}
