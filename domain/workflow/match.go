package workflow

import (
	"strings"
	"sync"

	"github.com/fluent-oms/fluent/domain"
)

// Subject is what an event speaks of at the moment when it is judged: the event's own name and type, and the entity's stored
// subtype and status.
type Subject struct {
	EventName  string
	EventType  string // empty: NORMAL
	EntityType string
	Subtype    string
	Status     string
}

// Normal is the event type that events and rulesets have unless they say otherwise; Exception is the type of the event that
// follows a business failure.
const (
	Normal    = "NORMAL"
	Exception = "EXCEPTION"
	Generated = "GENERATED"
)

// Match returns the rulesets that answer, in file order. All of them run.
func (w *Workflow) Match(s Subject) []*Ruleset {
	var out []*Ruleset
	for _, r := range w.Rulesets {
		if r.answers(s) {
			out = append(out, r)
		}
	}
	return out
}

func (r *Ruleset) answers(s Subject) bool {
	return r.Name == s.EventName && orNormal(r.EventType) == orNormal(s.EventType) && r.covers(s.EntityType, s.Subtype, s.Status)
}

// covers reports whether the ruleset is for entities of the type, subtype and status.
func (r *Ruleset) covers(entityType, subtype, status string) bool {
	if r.Type != entityType || r.Subtype != "" && r.Subtype != subtype {
		return false
	}
	if len(r.Triggers) == 0 {
		return true
	}
	for _, t := range r.Triggers {
		if t.Status == status {
			return true
		}
	}
	return false
}

func orNormal(eventType string) string {
	if eventType == "" {
		return Normal
	}
	return eventType
}

// Actions selects what a user of a module may do with an entity: the user actions of the rulesets that cover it, in file order.
// name, if given, must be the ruleset's; an empty module selects all. Every action carries its event's name.
func (w *Workflow) Actions(entityType, subtype, status, module, name string) []UserAction {
	out := []UserAction{}
	for _, r := range w.Rulesets {
		if name != "" && r.Name != name || !r.covers(entityType, subtype, status) {
			continue
		}
		for _, a := range r.UserActions {
			if a.shownIn(module) {
				out = append(out, a.complete(r.Name))
			}
		}
	}
	return out
}

func (a UserAction) shownIn(module string) bool {
	if module == "" {
		return true
	}
	for _, c := range a.Context {
		for _, m := range c.Modules {
			if m == module {
				return true
			}
		}
	}
	return false
}

// complete fills what readers rely on: the event's name, and lists instead of nulls.
func (a UserAction) complete(ruleset string) UserAction {
	if a.EventName == "" {
		a.EventName = ruleset
	}
	if a.Context == nil {
		a.Context = []UserActionContext{}
	}
	if a.Attributes == nil {
		a.Attributes = []UserActionAttribute{}
	}
	return a
}

// WorkflowName is the name of the workflow that entities of a root type and subtype follow: ORDER::HD.
func WorkflowName(entityType, subtype string) string { return entityType + "::" + subtype }

// Roots are the entity types that workflows of the public format begin with. Those that have no entities here are kept all the same, so
// that an implementer's whole set uploads.
var Roots = []string{"BILLING_ACCOUNT", "CONTROL_GROUP", "FULFILMENT_OPTIONS", "INVENTORY_CATALOGUE", "LOCATION", "ORDER", "PRODUCT_CATALOGUE",
	"RETURN_ORDER", "VIRTUAL_CATALOGUE"}

// joined finds entity types of the catalogue by other spellings of them: without underscores, and without the S of a plural.
var joined = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	for _, t := range domain.Catalogue().Types() {
		if name := t.EntityType; name != "" {
			one := strings.TrimSuffix(name, "S")
			out[one], out[flat(one)], out[flat(name)] = name, name, name
		}
	}
	for _, t := range domain.Catalogue().Types() { // what events address by a wider type: STANDARD_PRODUCT is a PRODUCT
		if own := t.OwnName(); t.EntityType != "" && out[flat(own)] == "" {
			out[flat(own)] = own
		}
	}
	return out
})

func flat(name string) string { return strings.ReplaceAll(name, "_", "") }

// EntityTypeName gives the canonical spelling of an entity type that a caller wrote: upper case, with underscores.
func EntityTypeName(s string) string {
	s = strings.ToUpper(strings.TrimSpace(s))
	if name, ok := joined()[s]; ok {
		return name
	}
	return s
}
