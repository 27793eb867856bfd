package workflow

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// Validate holds a workflow against the rules that exist. Unknown rules, missing and mistyped properties refuse it; what may
// be meant so, such as a status that is not declared, is a warning. Problems come in file order. With nil names rules are not looked at.
func (w *Workflow) Validate(names *Names) []Problem {
	v := &validator{w: w, names: names, statuses: map[[2]string]bool{}, anyType: map[string]bool{}, answered: map[string]bool{}}
	for i, s := range w.Statuses {
		key := [2]string{s.EntityType, s.Name}
		if v.statuses[key] {
			v.warn(fmt.Sprintf("statuses[%d].name", i), "status %s of %s is declared twice", s.Name, s.EntityType)
		}
		v.statuses[key], v.anyType[s.Name] = true, true
	}
	for _, r := range w.Rulesets {
		v.answered[r.Name] = true
	}
	for i, r := range w.Rulesets {
		v.ruleset(fmt.Sprintf("rulesets[%d]", i), r)
	}
	v.beginnings()
	return v.problems
}

type validator struct {
	w        *Workflow
	names    *Names
	statuses map[[2]string]bool // entity type, status
	anyType  map[string]bool    // status of whatever type
	answered map[string]bool    // event, by a ruleset for whatever type
	problems []Problem
}

func (v *validator) add(s Severity, place, format string, args ...any) {
	v.problems = append(v.problems, Problem{Place: place, Message: fmt.Sprintf(format, args...), Severity: s})
}

func (v *validator) refuse(place, format string, args ...any) { v.add(Refuse, place, format, args...) }

func (v *validator) warn(place, format string, args ...any) { v.add(Warn, place, format, args...) }

func (v *validator) ruleset(place string, r *Ruleset) {
	for i, t := range r.Triggers {
		if !v.statuses[[2]string{r.Type, t.Status}] {
			v.warn(fmt.Sprintf("%s.triggers[%d].status", place, i), "status %s is not declared for %s", t.Status, r.Type)
		}
	}
	if v.names == nil {
		return
	}
	for i, call := range r.Rules {
		at := fmt.Sprintf("%s.rules[%d]", place, i)
		n, ok := v.names.Resolve(call.Name)
		if !ok {
			v.refuse(at+".name", "unknown rule %s", call.Name)
			continue
		}
		spec := v.names.Spec(n)
		if len(spec.Accepts) > 0 && !slices.Contains(spec.Accepts, r.Type) {
			v.warn(at+".name", "rule %s is not made for %s", call.Name, r.Type)
		}
		v.props(at+".props", call, spec)
	}
}

func (v *validator) props(place string, call RuleCall, spec RuleSpec) {
	known := map[string]bool{}
	for _, p := range spec.Props {
		known[p.Name] = true
		raw, given := call.Props[p.Name]
		if !given || string(raw) == "null" {
			if p.Required {
				v.refuse(place+"."+p.Name, "rule %s needs this property", call.Name)
			}
			continue
		}
		switch {
		case !p.fits(raw):
			v.refuse(place+"."+p.Name, "want %s, got %s", p.wants(), raw)
		case p.Unused:
			v.warn(place+"."+p.Name, "rule %s makes nothing of this property", call.Name)
		}
	}
	for _, s := range spec.Sends(&call) {
		if !v.answered[s.Event] {
			v.warn(place+"."+s.Prop, "no ruleset of the workflow answers event %s", s.Event)
		}
	}
	for _, name := range sortedKeys(call.Props) {
		if !known[name] {
			v.warn(place+"."+name, "rule %s has no such property", call.Name)
		}
	}
	v.statusProp(place, call)
}

// statusProp warns of a status that nothing declares, as rules name it in a property called status.
func (v *validator) statusProp(place string, call RuleCall) {
	var one string
	if json.Unmarshal(call.Props["status"], &one) == nil && one != "" && !v.anyType[one] {
		v.warn(place+".status", "status %s is not declared", one)
	}
}

// beginnings warns of entity types that have rulesets but cannot begin.
func (v *validator) beginnings() {
	seen := map[string]bool{}
	creates := map[string]bool{}
	var order []string
	for _, r := range v.w.Rulesets {
		if !seen[r.Type] {
			seen[r.Type] = true
			order = append(order, r.Type)
		}
		if r.Name == "CREATE" {
			creates[r.Type] = true
		}
	}
	if !seen[v.w.EntityType] {
		v.warn("rulesets", "no ruleset for the root type %s", v.w.EntityType)
	}
	for _, t := range order {
		if !creates[t] {
			v.warn("rulesets", "no CREATE ruleset for %s", t)
		}
		if !v.statuses[[2]string{t, "CREATED"}] {
			v.warn("statuses", "no status CREATED for %s", t)
		}
	}
}

func (p PropSpec) wants() string {
	if p.Multiple {
		return "an array of " + p.Type
	}
	return p.Type
}

// fits is lenient where the rules' accessors are: numbers and booleans pass as a string, and a string that says one passes as it; whole numbers
// as integers however they are written, a single value as an array of one. In arrays, strings are strings, and null is none.
func (p PropSpec) fits(raw json.RawMessage) bool {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return false
	}
	list, isList := v.([]any)
	if !p.Multiple {
		return p.fitsOne(v)
	}
	if !isList {
		list = []any{v}
	}
	for _, x := range list {
		if _, isText := x.(string); !p.fitsOne(x) || p.Type == "STRING" && !isText {
			return false
		}
	}
	return true
}

func (p PropSpec) fitsOne(v any) bool {
	switch v := v.(type) {
	case map[string]any, []any:
		return p.Type == "JSON"
	case float64:
		return p.Type != "BOOLEAN" && (p.Type != "INTEGER" || v == float64(int64(v)))
	case bool:
		return p.Type != "INTEGER" && p.Type != "FLOAT"
	case string:
		raw, said := Said(v)
		return p.Type == "STRING" || p.Type == "JSON" || said && p.fits(raw)
	}
	return p.Type == "JSON"
}

// Said is the number or the truth value that a property's text says, such as "7" or " true", as JSON; false for other texts.
func Said(text string) (json.RawMessage, bool) {
	text = strings.TrimSpace(text)
	if text == "true" || text == "false" {
		return json.RawMessage(text), true
	}
	var n json.Number
	if text == "" || text[0] == '"' || json.Unmarshal([]byte(text), &n) != nil || n == "" {
		return nil, false
	}
	return json.RawMessage(text), true
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
