package history

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"time"

	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/tenancy"
)

// Item is one entry of the event log, as the event API shows it.
type Item struct {
	ID          string      `json:"id"`
	Name        string      `json:"name"`
	Type        string      `json:"type"` // ORCHESTRATION or ORCHESTRATION_AUDIT
	AccountID   string      `json:"accountId"`
	RetailerID  string      `json:"retailerId"`
	Category    string      `json:"category"`
	Context     Context     `json:"context"`
	EventStatus string      `json:"eventStatus"`
	Attributes  []Attribute `json:"attributes"` // null, or the list
	Source      *string     `json:"source"`
	GeneratedBy string      `json:"generatedBy"`
	GeneratedOn Time        `json:"generatedOn"`

	there time.Time // since when it is as it is; of waiting events zero
}

// Context says what an item speaks of.
type Context struct {
	SourceEvents   []string `json:"sourceEvents"`
	EntityType     string   `json:"entityType"`
	EntityID       string   `json:"entityId"`
	EntityRef      string   `json:"entityRef"`
	RootEntityType string   `json:"rootEntityType"`
	RootEntityID   string   `json:"rootEntityId"`
	RootEntityRef  string   `json:"rootEntityRef"`
}

// Attribute is a named value of an item.
type Attribute struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
	Type  string `json:"type"`
}

// Time prints with milliseconds and a numeric offset, as the event log always has.
type Time struct{ time.Time }

// MarshalJSON prints 2026-02-05T06:31:56.895+00:00.
func (t Time) MarshalJSON() ([]byte, error) {
	return []byte(t.UTC().Format(`"2006-01-02T15:04:05.000-07:00"`)), nil
}

// The types and categories of items.
const (
	orchestration = "ORCHESTRATION"
	audit         = "ORCHESTRATION_AUDIT"

	catSnapshot  = "snapshot"
	catRuleset   = "ruleSet"
	catRule      = "rule"
	catAction    = "ACTION"
	catCustom    = "CUSTOM"
	catException = "exception"
)

// expander turns a trail into items. Inline events have the low ordinals, in the order in which they ran; audit items follow.
type expander struct {
	account tenancy.AccountID
	t       *Trail
	next    int
	items   []Item
}

// Expand lists the items of a turn in the order in which things happened. An item beyond the 65 535th of a turn is left out.
func Expand(account tenancy.AccountID, t *Trail) []Item {
	x := &expander{account: account, t: t}
	for _, e := range t.Events {
		if e.Inline {
			x.next++
		}
	}
	for _, e := range t.Events {
		x.event(e)
	}
	for i := range x.items {
		x.items[i].there = t.since()
	}
	return x.items
}

func (x *expander) event(e *Event) {
	kind, category := orchestration, x.t.RootType+"_WORKFLOW"
	if e.Category != "" {
		kind, category = audit, e.Category
	}
	x.items = append(x.items, Item{
		ID: e.ID, Name: e.Name, Type: kind, Category: category, EventStatus: e.State,
		AccountID: string(x.account), RetailerID: strconv.Itoa(int(x.t.RetailerID)), Context: x.context(e, e.Parents),
		Attributes: named(e.Attributes), Source: optional(e.Source), GeneratedBy: e.GeneratedBy, GeneratedOn: Time{x.since(e)},
	})
	if len(e.Snapshot) > 0 {
		x.audit(e, catSnapshot, "snapshot", "SUCCESS", []Attribute{{Name: "entity", Value: e.Snapshot, Type: "OBJECT"}})
	}
	for _, rs := range e.Rulesets {
		x.ruleset(e, rs)
	}
	if e.State == string(eventstore.NoMatch) && e.Reason != "" {
		x.audit(e, catException, e.Name, e.State, []Attribute{text("message", e.Reason)})
	}
	if e.State == string(eventstore.Failed) && !failed(e) {
		x.audit(e, catException, e.Name, e.State, []Attribute{text("message", e.Reason)})
	}
}

// since is the time of an event by which others find it.
func (x *expander) since(e *Event) time.Time {
	if e.New {
		return x.t.since()
	}
	return e.GeneratedOn
}

// since is when a trail was written, of one that was read from there.
func (t *Trail) since() time.Time {
	if t.there.IsZero() {
		return t.At
	}
	return t.there
}

// failed reports whether a rule of the event says why it failed.
func failed(e *Event) bool {
	for _, rs := range e.Rulesets {
		for _, r := range rs.Rules {
			if r.Failure != nil && !r.Failure.Business {
				return true
			}
		}
	}
	return false
}

func (x *expander) ruleset(e *Event, rs *Ruleset) {
	status := "SUCCESS"
	if rs.Discarded || slices.ContainsFunc(rs.Rules, func(r *Rule) bool { return r.Failure != nil }) {
		status = "FAILED"
	}
	x.audit(e, catRuleset, rs.Name, status, []Attribute{text("ruleSet", rs.Name), x.timer("startTimer", rs.Start), x.timer("stopTimer", rs.Stop)})
	for _, r := range rs.Rules {
		x.rule(e, rs, r)
	}
}

func (x *expander) rule(e *Event, rs *Ruleset, r *Rule) {
	status := "SUCCESS"
	if r.Failure != nil {
		status = "FAILED"
	}
	x.audit(e, catRule, r.Name, status, []Attribute{text("rule", r.Name), text("ruleSet", rs.Name),
		{Name: "props", Value: r.Props, Type: "OBJECT"}, x.timer("startTimer", r.Start), x.timer("stopTimer", r.Stop)})
	for _, a := range r.Actions {
		x.action(e, rs, r, a)
	}
	if f := r.Failure; f != nil {
		attrs := []Attribute{text("message", f.Message), text("ruleSet", rs.Name), text("rule", r.Name)}
		if f.Stack != "" {
			attrs = append(attrs, text("stackTrace", f.Stack))
		}
		x.audit(e, catException, e.Name, "FAILED", attrs)
	}
}

func (x *expander) action(e *Event, rs *Ruleset, r *Rule, a Action) {
	if a.Kind == Logging {
		x.audit(e, catCustom, a.Target, "SUCCESS", append([]Attribute{text("message", a.Target)}, named(a.Detail)...))
		return
	}
	status := "SUCCESS"
	if rs.Discarded {
		status = "DISCARDED"
	}
	attrs := []Attribute{text("kind", a.Kind), text("target", a.Target), text("outcome", status), text("rule", r.Name), text("ruleSet", rs.Name),
		x.timer("startTimer", r.Start), x.timer("stopTimer", r.Stop)}
	x.audit(e, catAction, a.Kind, "SUCCESS", append(attrs, named(a.Detail)...))
}

func (x *expander) audit(e *Event, category, name, status string, attrs []Attribute) {
	x.next++
	if x.next > maxOrdinal {
		return
	}
	x.items = append(x.items, Item{
		ID: ItemID(x.t.TurnID, x.next), Name: name, Type: audit, Category: category, EventStatus: status,
		AccountID: string(x.account), RetailerID: strconv.Itoa(int(x.t.RetailerID)), Context: x.context(e, []string{e.ID}),
		Attributes: attrs, Source: optional(e.Source), GeneratedBy: EngineUser, GeneratedOn: Time{x.t.since()},
	})
}

// EngineUser signs what the engine makes itself.
const EngineUser = "Rubix User"

func (x *expander) context(e *Event, sources []string) Context {
	if sources == nil {
		sources = []string{}
	}
	return Context{SourceEvents: sources, EntityType: e.EntityType, EntityID: e.EntityID, EntityRef: e.EntityRef,
		RootEntityType: x.t.RootType, RootEntityID: x.t.RootID, RootEntityRef: x.t.RootRef}
}

// timer is a moment of the turn in whole milliseconds since 1970.
func (x *expander) timer(name string, us int64) Attribute {
	return Attribute{Name: name, Value: (x.t.At.UnixMicro() + us) / 1000, Type: "LONG"}
}

func text(name, value string) Attribute { return Attribute{Name: name, Value: value, Type: "STRING"} }

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// named lists a map by name; nil for an empty one, which prints as null.
func named(m map[string]any) []Attribute {
	var out []Attribute
	for name, v := range m {
		out = append(out, Attribute{Name: name, Value: v, Type: typeName(v)})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// typeName is the type of a value as it is printed: what kind of number one is, its digits say, for numbers that came as JSON are float64 or
// json.Number whatever they are.
func typeName(v any) string {
	switch v := v.(type) {
	case json.Number:
		return typeOfNumber(v.String())
	case json.RawMessage:
		return typeOfJSON(v)
	case time.Time:
		return "STRING"
	}
	switch kind := reflect.ValueOf(v); kind.Kind() {
	case reflect.String:
		return "STRING"
	case reflect.Bool:
		return "BOOLEAN"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return typeOfNumber(fmt.Sprint(v))
	case reflect.Float64, reflect.Float32:
		return typeOfNumber(strconv.FormatFloat(kind.Float(), 'f', -1, 64))
	case reflect.Slice, reflect.Array:
		return "ARRAY"
	}
	return "OBJECT"
}

// typeOfNumber tells whole numbers, those of more than 32 bits, and others.
func typeOfNumber(digits string) string {
	if _, err := strconv.ParseInt(digits, 10, 32); err == nil {
		return "INTEGER"
	}
	if _, err := strconv.ParseInt(digits, 10, 64); err == nil {
		return "LONG"
	}
	return "FLOAT"
}

func typeOfJSON(raw json.RawMessage) string {
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return "OBJECT"
	}
	return typeName(v)
}

// Waiting shows an event row that has not run yet, or of which the trail is not at hand.
func Waiting(r *eventstore.Row) Item {
	e := &r.Event
	parents := e.Parents
	if parents == nil {
		parents = []string{}
	}
	it := Item{
		ID: e.ID, Name: e.Name, Type: orchestration, Category: e.RootType + "_WORKFLOW", EventStatus: string(r.State),
		AccountID: string(r.Account), RetailerID: fmt.Sprint(e.RetailerID), Attributes: named(e.Attributes), Source: optional(e.Source),
		GeneratedBy: e.GeneratedBy, GeneratedOn: Time{e.GeneratedOn},
		Context: Context{SourceEvents: parents, EntityType: e.EntityType, EntityID: e.EntityID, EntityRef: e.EntityRef,
			RootEntityType: e.RootType, RootEntityID: e.RootID, RootEntityRef: e.RootRef},
	}
	return it
}
