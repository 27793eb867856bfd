package history

import (
	"encoding/json"
	"fmt"

	trailstore "github.com/fluent-oms/fluent/dataplane/store/trails"
	"github.com/fluent-oms/fluent/domain/catalogue"
)

// Entities lists what a trail's events are about, as TYPE/ID, its root among them.
func (t *Trail) Entities() []string {
	out := []string{t.RootType + "/" + t.RootID}
	for _, e := range t.Events {
		out = append(out, e.EntityType+"/"+e.EntityID)
	}
	return out
}

// Rewrite lets change make another value of whatever callers, rules and entities have put into a trail: refs, attributes, snapshots, properties, actions,
// messages. Names, types, states and times stay. It gives the row of what came of it; nil where nothing changed.
func Rewrite(t *Trail, change func(v any) (any, bool)) (*trailstore.Trail, error) {
	w := &rewriter{change: change}
	w.text(&t.RootRef)
	for _, e := range t.Events {
		w.event(e)
	}
	if w.err != nil {
		return nil, fmt.Errorf("rewrite the trail of turn %s: %w", t.TurnID, w.err)
	}
	if !w.changed {
		return nil, nil
	}
	row, err := Encode(t)
	return &row, err
}

type rewriter struct {
	change  func(v any) (any, bool)
	changed bool
	err     error
}

func (w *rewriter) event(e *Event) {
	w.text(&e.EntityRef)
	w.text(&e.Source)
	w.text(&e.GeneratedBy)
	w.text(&e.Reason)
	w.raw(&e.Snapshot)
	if v, changed := w.change(map[string]any(e.Attributes)); changed {
		e.Attributes, w.changed = v.(map[string]any), true
	}
	for _, ruleset := range e.Rulesets {
		for _, r := range ruleset.Rules {
			w.rule(r)
		}
	}
}

func (w *rewriter) rule(r *Rule) {
	for name, raw := range r.Props {
		w.raw(&raw)
		r.Props[name] = raw
	}
	for i := range r.Actions {
		w.text(&r.Actions[i].Target)
		if v, changed := w.change(r.Actions[i].Detail); changed {
			r.Actions[i].Detail, w.changed = v.(map[string]any), true
		}
	}
	if r.Failure != nil {
		w.text(&r.Failure.Message)
		w.text(&r.Failure.Stack)
	}
}

func (w *rewriter) text(text *string) {
	if v, changed := w.change(*text); changed {
		*text, w.changed = v.(string), true
	}
}

func (w *rewriter) raw(raw *json.RawMessage) {
	if len(*raw) == 0 {
		return
	}
	v, err := catalogue.DecodeJSON(*raw)
	if err != nil {
		w.err = err
		return
	}
	v, changed := w.change(v)
	if !changed {
		return
	}
	w.changed = true
	if *raw, err = json.Marshal(v); err != nil {
		w.err = err
	}
}
