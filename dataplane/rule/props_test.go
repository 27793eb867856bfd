package rule_test

import (
	"context"
	"encoding/json"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// one is a rule with a property p of a type, and what its run gets for a value; nil: none is given.
func one[T any](t *testing.T) (rule.Prop, func(raw json.RawMessage) (any, error)) {
	type props struct {
		P T `prop:"p" doc:"A property."`
	}
	var got any
	r := rule.New("core", "X", "Reads.", func(_ context.Context, _ *rule.Context, p props) error { got = p.P; return nil })
	require.Len(t, r.Props, 1)
	return r.Props[0], func(raw json.RawMessage) (any, error) {
		given := map[string]json.RawMessage{"p": raw}
		if raw == nil {
			given = nil
		}
		step, err := r.Bind(given)
		if err != nil {
			return nil, err
		}
		err = step(t.Context(), &rule.Context{})
		return got, err
	}
}

// TestPropertiesAreReadAsTheyAreValidated: what a workflow's check lets through for a type, a rule reads as that type, and nothing else.
func TestPropertiesAreReadAsTheyAreValidated(t *testing.T) {
	t.Parallel()
	specs, read := map[string]workflow.PropSpec{}, map[string]func(json.RawMessage) (any, error){}
	add := func(p rule.Prop, get func(json.RawMessage) (any, error)) {
		name := p.Type
		if p.Multiple {
			name += "[]"
		}
		if p.Event {
			name = "event"
		}
		specs[name], read[name] = p.PropSpec, get
	}
	add(one[string](t))
	add(one[int](t))
	add(one[float64](t))
	add(one[bool](t))
	add(one[[]string](t))
	add(one[rule.EventName](t))
	require.Len(t, read, 6)
	for _, c := range []struct {
		raw  string
		want map[string]any // by type; those that are not named refuse it
	}{
		{`"a"`, map[string]any{"STRING": "a", "STRING[]": []string{"a"}}},
		{`"7"`, map[string]any{"STRING": "7", "STRING[]": []string{"7"}, "INTEGER": 7, "FLOAT": 7.0}},
		{`" 7.0"`, map[string]any{"STRING": " 7.0", "STRING[]": []string{" 7.0"}, "INTEGER": 7, "FLOAT": 7.0}},
		{`"7.5"`, map[string]any{"STRING": "7.5", "STRING[]": []string{"7.5"}, "FLOAT": 7.5}},
		{`"1e300"`, map[string]any{"STRING": "1e300", "STRING[]": []string{"1e300"}, "FLOAT": 1e300}},
		{`"false"`, map[string]any{"STRING": "false", "STRING[]": []string{"false"}, "BOOLEAN": false}},
		{`"0x7"`, map[string]any{"STRING": "0x7", "STRING[]": []string{"0x7"}}},
		{`""`, map[string]any{"STRING": "", "STRING[]": []string{""}}},
		{`7`, map[string]any{"STRING": "7", "INTEGER": 7, "FLOAT": 7.0}},
		{`-7`, map[string]any{"STRING": "-7", "INTEGER": -7, "FLOAT": -7.0}},
		{`7.0`, map[string]any{"STRING": "7.0", "INTEGER": 7, "FLOAT": 7.0}},
		{`7e1`, map[string]any{"STRING": "7e1", "INTEGER": 70, "FLOAT": 70.0}},
		{`7.5`, map[string]any{"STRING": "7.5", "FLOAT": 7.5}},
		{`1e300`, map[string]any{"STRING": "1e300", "FLOAT": 1e300}},
		{`9007199254740993`, map[string]any{"STRING": "9007199254740993", "INTEGER": 9007199254740993, "FLOAT": 9007199254740992.0}},
		{`true`, map[string]any{"STRING": "true", "BOOLEAN": true}},
		{`["a","b"]`, map[string]any{"STRING[]": []string{"a", "b"}}},
		{`[]`, map[string]any{"STRING[]": []string{}}},
		{`["a",null]`, nil},
		{`["a",7]`, nil},
		{`{}`, nil},
	} {
		for name, get := range read {
			got, err := get(json.RawMessage(c.raw))
			want, fits := c.want[name]
			if name == "event" {
				var s any
				if s, fits = c.want["STRING"]; fits {
					want = rule.EventName(s.(string))
				}
			}
			require.Equal(t, fits, validates(specs[name], c.raw), "%s as %s passes the check", c.raw, name)
			if !fits {
				require.ErrorContains(t, err, "property p", "%s as %s", c.raw, name)
				continue
			}
			require.NoError(t, err, "%s as %s", c.raw, name)
			require.Equal(t, want, got, "%s as %s", c.raw, name)
		}
	}
	for _, raw := range []json.RawMessage{nil, json.RawMessage("null")} { // neither is given
		for name, get := range read {
			got, err := get(raw)
			require.NoError(t, err, name)
			require.Zero(t, got, name)
		}
	}
}

func validates(spec workflow.PropSpec, raw string) bool {
	w := &workflow.Workflow{Rulesets: []*workflow.Ruleset{{Rules: []workflow.RuleCall{{Name: "core.X", Props: map[string]json.RawMessage{"p": json.RawMessage(raw)}}}}}}
	return workflow.Refused(w.Validate(workflow.NewNames([]workflow.RuleSpec{{Plugin: "core", Name: "X", Props: []workflow.PropSpec{spec}}}))) == nil
}

type mustAndMay struct {
	Must any `prop:"must,required" doc:"Must be."`
	May  any `prop:"may" doc:"May be."`
}

// TestANullPropertyIsMissing: a workflow that was stored without a look at its rules may have one where something must be.
func TestANullPropertyIsMissing(t *testing.T) {
	t.Parallel()
	r := rule.New("core", "X", "Takes.", func(context.Context, *rule.Context, mustAndMay) error { return nil })
	for given, fails := range map[string]bool{`{}`: true, `{"must": null}`: true, `{"must": 0}`: false, `{"must": "", "may": null}`: false} {
		var props map[string]json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(given), &props))
		_, err := r.Bind(props)
		if !fails {
			require.NoError(t, err, given)
			continue
		}
		require.EqualError(t, err, "PropertyNotFoundException: rule X needs the property must", given)
	}
}

type withDefaults struct {
	inner
	Texts []string                  `prop:"texts" default:"A,B" doc:"Texts."`
	Event rule.EventName            `prop:"event" default:"Go" doc:"An event."`
	Ways  map[string]rule.EventName `prop:"ways" doc:"Events."`
	_     rule.EventName            `prop:"idle" doc:"Of no effect."`
}

type inner struct {
	Size int     `prop:"size" default:"500" doc:"A size."`
	Far  float64 `prop:"far" default:"1.5" doc:"A distance."`
}

// TestThePropertyStructIsTheSchema: names, types, events, defaults, what has no effect; those of embedded structs first, where they stand.
func TestThePropertyStructIsTheSchema(t *testing.T) {
	t.Parallel()
	var got withDefaults
	r := rule.New("core", "X", "Takes.", func(_ context.Context, _ *rule.Context, p withDefaults) error { got = p; return nil })
	prop := func(doc string, s workflow.PropSpec) rule.Prop { return rule.Prop{PropSpec: s, Doc: doc} }
	require.Equal(t, []rule.Prop{
		prop("A size.", workflow.PropSpec{Name: "size", Type: "INTEGER", Default: "500"}), prop("A distance.", workflow.PropSpec{Name: "far", Type: "FLOAT", Default: "1.5"}),
		prop("Texts.", workflow.PropSpec{Name: "texts", Type: "STRING", Multiple: true, Default: "A,B"}),
		prop("An event.", workflow.PropSpec{Name: "event", Type: "STRING", Event: true, Default: "Go"}),
		prop("Events.", workflow.PropSpec{Name: "ways", Type: "JSON", Event: true}),
		prop("Of no effect.", workflow.PropSpec{Name: "idle", Type: "STRING", Event: true, Unused: true}),
	}, r.Props)
	for _, given := range []map[string]json.RawMessage{nil, {"size": json.RawMessage("null"), "idle": json.RawMessage(`{}`)},
		{"size": json.RawMessage("0"), "far": json.RawMessage("0"), "texts": json.RawMessage("[]"), "event": json.RawMessage(`""`)}} {
		step, err := r.Bind(given)
		require.NoError(t, err)
		require.NoError(t, step(t.Context(), &rule.Context{}))
		require.Equal(t, withDefaults{inner: inner{Size: 500, Far: 1.5}, Texts: []string{"A", "B"}, Event: "Go"}, got)
	}
	step, err := r.Bind(map[string]json.RawMessage{"size": json.RawMessage("7"), "texts": json.RawMessage(`""`), "ways": json.RawMessage(`{"a": "Left"}`)})
	require.NoError(t, err)
	require.NoError(t, step(t.Context(), &rule.Context{}))
	require.Equal(t, withDefaults{inner: inner{Size: 7, Far: 1.5}, Texts: []string{""}, Event: "Go", Ways: map[string]rule.EventName{"a": "Left"}}, got)
}

func TestABadDeclarationPanics(t *testing.T) {
	t.Parallel()
	refused := func(declare func()) { t.Helper(); require.Panics(t, declare) }
	refused(func() { declare[int]() })
	refused(func() { declare[struct{ P string }]() })
	refused(func() {
		declare[struct {
			P string `prop:"p"`
		}]()
	})
	refused(func() {
		declare[struct {
			P string `prop:"p,wanted" doc:"X."`
		}]()
	})
	refused(func() {
		declare[struct {
			p string `prop:"p" doc:"X."`
		}]()
	})
	refused(func() {
		declare[struct {
			P string `prop:"p,required" default:"x" doc:"X."`
		}]()
	})
	refused(func() {
		declare[struct {
			P int `prop:"p" default:"x" doc:"X."`
		}]()
	})
	refused(func() {
		declare[struct {
			_ string `prop:"p,required" doc:"X."`
		}]()
	})
}

func declare[P any]() {
	rule.New("core", "X", "Takes.", func(context.Context, *rule.Context, P) error { return nil })
}

// parsed counts how often it is read.
type parsed struct{ text string }

var reads atomic.Int32

func (p *parsed) UnmarshalJSON(raw []byte) error { reads.Add(1); p.text = string(raw); return nil }

// TestPropertiesAreReadOncePerCall: not per event, by whomever the workflow is run; a copy of the call from its text is another call.
func TestPropertiesAreReadOncePerCall(t *testing.T) { // allocations are counted: not beside others
	type props struct {
		P parsed `prop:"p" doc:"Is counted."`
	}
	var ran atomic.Int32
	list := []rule.Rule{rule.New("core", "X", "Runs.", func(_ context.Context, _ *rule.Context, p props) error {
		if p.P.text == "7" {
			ran.Add(1)
		}
		return nil
	})}
	lib := rule.NewLibrary(list)
	w, err := workflow.Parse([]byte(`{"retailerId": "1", "entityType": "ORDER", "entitySubtype": "HD", "statuses": [], "rulesets": [
		{"name": "CREATE", "type": "ORDER", "rules": [{"name": "ACME.core.X", "props": {"p": 7}}, {"name": "ACME.core.Y"}]}]}`))
	require.NoError(t, err)
	parts, err := workflow.Parts(w, "ACME")
	require.NoError(t, err)
	for n, flow := range []*workflow.Workflow{w, workflow.Assemble(w, parts)} {
		call := &flow.Rulesets[0].Rules[0]
		run := func(l *rule.Library) {
			step, err := l.Step(call)
			require.NoError(t, err)
			require.NoError(t, step(t.Context(), &rule.Context{}))
		}
		run(lib)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 10 {
					run(lib)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 81*(n+1)+n, ran.Load())
		require.EqualValues(t, 2*n+1, reads.Load())
		require.Zero(t, testing.AllocsPerRun(10, func() { _, _ = lib.Step(call) }))
		run(rule.NewLibrary(list)) // another node's library does not get this one's
		require.EqualValues(t, 2*n+2, reads.Load())
		step, err := lib.Step(&flow.Rulesets[0].Rules[1])
		require.NoError(t, err)
		require.Nil(t, step, "there is no such rule")
	}
}

func TestCopyIsDeep(t *testing.T) {
	t.Parallel()
	given := map[string]any{"a": []any{map[string]any{"b": 1.0}}, "c": "x"}
	got := rule.Copy(given)
	require.Equal(t, given, got)
	got.(map[string]any)["a"].([]any)[0].(map[string]any)["b"] = 2.0
	require.Equal(t, map[string]any{"a": []any{map[string]any{"b": 1.0}}, "c": "x"}, given)
}
