package workflow

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// The limits of a workflow's text. Descriptions are counted in characters.
const (
	MaxBytes          = 2 << 20 // what a request may have
	maxDescription    = 300
	maxRulesetText    = 250
	maxVersionComment = 2000
	maxName           = 255
	maxProblems       = 50
)

// Severity tells whether a problem keeps a workflow from being stored.
type Severity string

// The severities.
const (
	Refuse Severity = "ERROR"
	Warn   Severity = "WARNING"
)

// Problem is one thing that is wrong with a workflow and where: rulesets[3].rules[1].name.
type Problem struct {
	Place    string   `json:"place"`
	Message  string   `json:"message"`
	Severity Severity `json:"severity"`
}

// String is "place: message".
func (p Problem) String() string {
	if p.Place == "" {
		return p.Message
	}
	return p.Place + ": " + p.Message
}

// Refused makes faults of the problems that refuse a workflow, one for each place, joined with errors.Join. It is nil when there is none.
func Refused(problems []Problem) error {
	var all []error
	for _, p := range problems {
		if p.Severity == Refuse {
			all = append(all, fault.Invalidf(p.Place, "%s", p.Message))
		}
	}
	return errors.Join(all...)
}

// Parse reads a workflow in its public JSON form. It checks shapes, sizes, names and the version; unknown members are ignored.
// The error is a fault of kind Invalid for each place in the JSON; see Refused.
func Parse(data []byte) (*Workflow, error) { return parse(data, false) }

// ParseRunOnce reads a workflow that an event brings along for itself: subtype and statuses may be missing, and exactly one
// ruleset named as the event is there.
func ParseRunOnce(data []byte, eventName string) (*Workflow, error) {
	w, err := parse(data, true)
	if err != nil {
		return nil, err
	}
	if len(w.Rulesets) != 1 || w.Rulesets[0].Name != eventName {
		return nil, fault.Invalidf("rulesets", "want exactly one ruleset, named %q as the event", eventName)
	}
	return w, nil
}

func parse(data []byte, runOnce bool) (*Workflow, error) {
	if len(data) > MaxBytes {
		return nil, fault.New(fault.TooLarge, "a workflow may have at most %d bytes, this one has %d", MaxBytes, len(data))
	}
	if _, err := catalogue.CheckJSON(data); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, new(json.RawMessage)); err != nil {
		return nil, fault.Invalidf("", "no valid JSON: %s", syntaxPlace(data, err)).Wrap(err)
	}
	p := &parser{}
	w := p.workflow(node{p: p, raw: data}, runOnce)
	if err := Refused(p.problems); err != nil {
		return nil, err
	}
	return w, nil
}

func syntaxPlace(data []byte, err error) string {
	syn, ok := err.(*json.SyntaxError)
	if !ok {
		return err.Error()
	}
	before := data[:min(int(syn.Offset), len(data))]
	line := bytes.Count(before, []byte("\n")) + 1
	col := len(before) - bytes.LastIndexByte(before, '\n') - 1
	return fmt.Sprintf("line %d, column %d: %s", line, col, syn.Error())
}

// parser collects problems, so that an author sees all of them at once.
type parser struct{ problems []Problem }

func (p *parser) refuse(place, format string, args ...any) {
	if len(p.problems) < maxProblems {
		p.problems = append(p.problems, Problem{Place: place, Message: fmt.Sprintf(format, args...), Severity: Refuse})
	}
}

func (p *parser) workflow(n node, runOnce bool) *Workflow {
	o := n.object()
	w := &Workflow{
		RetailerID:     o.id("retailerId", true),
		EntityType:     EntityTypeName(o.text("entityType", maxName, true)),
		EntitySubtype:  o.text("entitySubtype", maxName, !runOnce),
		Name:           o.text("name", 2*maxName, false),
		Version:        o.text("version", 32, false),
		Description:    o.text("description", maxDescription, false),
		VersionComment: o.text("versionComment", maxVersionComment, false),
		Settings:       o.texts("settings"),
		Rulesets:       []*Ruleset{},
		Statuses:       []Status{},
	}
	if w.Name == "" {
		w.Name = WorkflowName(w.EntityType, w.EntitySubtype)
	}
	if !runOnce && w.Name != WorkflowName(w.EntityType, w.EntitySubtype) {
		p.refuse("name", "want %q, for entityType and entitySubtype say so", WorkflowName(w.EntityType, w.EntitySubtype))
	}
	if w.Version == "" {
		w.Version = "1.0"
	}
	if _, err := VersionNumber(w.Version); err != nil {
		p.refuse("version", "%s", err.Error())
	}
	for _, r := range o.list("rulesets", true) {
		w.Rulesets = append(w.Rulesets, p.ruleset(r))
	}
	for _, s := range o.list("statuses", !runOnce) {
		w.Statuses = append(w.Statuses, p.status(s))
	}
	return w
}

func (p *parser) ruleset(n node) *Ruleset {
	o := n.object()
	r := &Ruleset{
		Name:        o.text("name", maxName, true),
		Description: o.text("description", maxRulesetText, false),
		Type:        EntityTypeName(o.text("type", maxName, true)),
		Subtype:     o.text("subtype", maxName, false),
		EventType:   o.text("eventType", maxName, false),
		Rules:       []RuleCall{},
		Triggers:    []Trigger{},
	}
	if strings.ContainsFunc(r.Name, isSpace) {
		p.refuse(n.place+".name", "a ruleset's name has no spaces")
	}
	switch r.EventType {
	case "":
		r.EventType = Normal
	case Normal, Exception, Generated:
	default:
		p.refuse(n.place+".eventType", "want NORMAL, EXCEPTION or GENERATED, got %q", r.EventType)
	}
	for _, x := range o.list("rules", true) {
		c := x.object()
		call := RuleCall{Name: c.text("name", maxName, true), Props: c.raws("props"), prepared: new(atomic.Pointer[prepared])}
		r.Rules = append(r.Rules, call)
	}
	for _, x := range o.list("triggers", false) {
		r.Triggers = append(r.Triggers, Trigger{Status: x.object().text("status", maxName, true)})
	}
	for _, x := range o.list("userActions", false) {
		r.UserActions = append(r.UserActions, p.action(x))
	}
	return r
}

func (p *parser) action(n node) UserAction {
	o := n.object()
	a := UserAction{EventName: o.text("eventName", maxName, false)}
	for _, x := range o.list("context", false) {
		c := x.object()
		ctx := UserActionContext{Label: c.text("label", maxName, false), Type: c.text("type", maxName, false), Confirm: c.bool("confirm")}
		for _, m := range c.list("modules", false) {
			ctx.Modules = append(ctx.Modules, m.text(maxName))
		}
		a.Context = append(a.Context, ctx)
	}
	for _, x := range o.list("attributes", false) {
		c := x.object()
		a.Attributes = append(a.Attributes, UserActionAttribute{
			Name: c.text("name", maxName, true), Label: c.text("label", maxName, false), Type: c.text("type", maxName, false),
			Source: c.text("source", maxName, false), DefaultValue: c.scalar("defaultValue"), Mandatory: c.bool("mandatory"),
		})
	}
	return a
}

func (p *parser) status(n node) Status {
	o := n.object()
	s := Status{
		Name: o.text("name", maxName, true), EntityType: EntityTypeName(o.text("entityType", maxName, true)),
		Category: o.text("category", maxName, true),
	}
	switch s.Category {
	case "", "BOOKING", "FULFILMENT", "DELIVERY", "DONE":
	default:
		p.refuse(n.place+".category", "want BOOKING, FULFILMENT, DELIVERY or DONE, got %q", s.Category)
	}
	return s
}

func isSpace(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' }

func tooLong(s string, limit int) bool { return len(s) > limit && utf8.RuneCountInString(s) > limit }
