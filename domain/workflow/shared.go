package workflow

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"unique"
)

// Part is a piece of a workflow that others may have too: a ruleset, or what is beside the rulesets. Whose it is makes no difference: not
// the account, the retailer and the version, nor what comments say. Parts with one Key are the same. A part never changes.
type Part struct {
	Key   [sha256.Size]byte
	Bytes int64 // of memory that it takes, roughly

	ruleset *Ruleset // nil: the rest
	rest    struct {
		Settings map[string]string
		Statuses []Status
	}
}

// Parts takes a workflow of an account apart.
func Parts(w *Workflow, account string) ([]*Part, error) {
	out := make([]*Part, 0, len(w.Rulesets)+1)
	s := sharer{account: account + "."}
	rest := &Part{}
	rest.rest.Settings, rest.rest.Statuses = map[string]string{}, make([]Status, len(w.Statuses))
	for k, v := range w.Settings {
		rest.rest.Settings[s.text(k)] = s.text(v)
		s.bytes += perEntry
	}
	for i, x := range w.Statuses {
		rest.rest.Statuses[i] = Status{Name: s.text(x.Name), EntityType: s.text(x.EntityType), Category: s.text(x.Category)}
		s.bytes += perStatus
	}
	if err := s.finish(rest, &rest.rest); err != nil {
		return nil, err
	}
	out = append(out, rest)
	for _, r := range w.Rulesets {
		part := &Part{ruleset: s.ruleset(r)}
		if err := s.finish(part, part.ruleset); err != nil {
			return nil, fmt.Errorf("ruleset %s: %w", r.Name, err)
		}
		out = append(out, part)
	}
	return out, nil
}

// Assemble gives the workflow of which parts are what Parts gave of w, or parts with the same keys. Its descriptions are left out.
func Assemble(w *Workflow, parts []*Part) *Workflow {
	own := &Workflow{
		RetailerID: w.RetailerID, EntityType: w.EntityType, EntitySubtype: w.EntitySubtype, Name: w.Name, Version: w.Version,
		VersionComment: w.VersionComment, Rulesets: make([]*Ruleset, 0, len(w.Rulesets)),
	}
	for _, p := range parts {
		if p.ruleset != nil {
			own.Rulesets = append(own.Rulesets, p.ruleset)
			continue
		}
		own.Settings, own.Statuses = p.rest.Settings, p.rest.Statuses
	}
	return own
}

// What values take in memory beside their texts, roughly: 64-bit words, and the room that maps and slices leave.
const (
	perPart    = 160
	perText    = 16
	perEntry   = 96
	perRuleset = 200
	perCall    = 320 // with what the engine makes of it
	perStatus  = 48
	perAction  = 80
	perField   = 96
)

// sharer copies. Texts are shared by all who have them.
type sharer struct {
	account string // with its dot
	bytes   int64  // of the part that is being made
}

// finish gives a part its key, which is of its text, and its size.
func (s *sharer) finish(p *Part, content any) error {
	text, err := json.Marshal(content) // members of objects in the order of their names
	if err != nil {
		return fmt.Errorf("take a workflow apart: %w", err)
	}
	p.Key, p.Bytes, s.bytes = sha256.Sum256(text), s.bytes+perPart, 0
	return nil
}

func (s *sharer) text(t string) string {
	s.bytes += perText + int64(len(t))/2 // some have it already
	return unique.Make(t).Value()
}

func (s *sharer) ruleset(r *Ruleset) *Ruleset {
	out := &Ruleset{
		Name: s.text(r.Name), Type: s.text(r.Type), Subtype: s.text(r.Subtype), EventType: s.text(r.EventType),
		Rules: make([]RuleCall, len(r.Rules)), Triggers: make([]Trigger, len(r.Triggers)),
	}
	s.bytes += perRuleset
	for i := range r.Rules {
		out.Rules[i] = s.call(&r.Rules[i])
	}
	for i, t := range r.Triggers {
		out.Triggers[i] = Trigger{Status: s.text(t.Status)}
		s.bytes += perText
	}
	for i := range r.UserActions {
		out.UserActions = append(out.UserActions, s.action(&r.UserActions[i]))
	}
	return out
}

// call leaves the account out of a rule's name where it is the workflow's own and names of three parts are resolved without it anyway.
func (s *sharer) call(c *RuleCall) RuleCall {
	out := RuleCall{Name: c.Name, Own: c.Own, prepared: new(atomic.Pointer[prepared])}
	if rest, own := strings.CutPrefix(c.Name, s.account); own && strings.Count(rest, ".") == 1 {
		out.Name, out.Own = rest, true
	}
	out.Name = s.text(out.Name)
	s.bytes += perCall
	if c.Props == nil {
		return out
	}
	out.Props = make(map[string]json.RawMessage, len(c.Props))
	for name, value := range c.Props {
		var tight bytes.Buffer
		if json.Compact(&tight, value) == nil { // what is no JSON is refused when the key is made
			value = tight.Bytes()
		}
		out.Props[s.text(name)] = bytes.Clone(value)
		s.bytes += perEntry + int64(len(value))
	}
	return out
}

func (s *sharer) action(a *UserAction) UserAction {
	out := UserAction{EventName: s.text(a.EventName)}
	s.bytes += perAction
	for _, c := range a.Context {
		shown := UserActionContext{Label: s.text(c.Label), Type: s.text(c.Type), Confirm: c.Confirm}
		for _, m := range c.Modules {
			shown.Modules = append(shown.Modules, s.text(m))
			s.bytes += perText
		}
		out.Context = append(out.Context, shown)
		s.bytes += perField
	}
	for _, f := range a.Attributes {
		out.Attributes = append(out.Attributes, UserActionAttribute{Name: s.text(f.Name), Label: s.text(f.Label), Type: s.text(f.Type),
			Source: s.text(f.Source), DefaultValue: s.text(f.DefaultValue), Mandatory: f.Mandatory})
		s.bytes += perField
	}
	return out
}
