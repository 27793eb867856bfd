// Package workflow holds workflow definitions: parse, validate, and match the rulesets that an event triggers. It is pure:
// what a rule is lives in dataplane/rule, when it runs in dataplane/engine.
package workflow

import (
	"encoding/json"
	"sync/atomic"
	"time"
)

// Workflow is one version of the rulesets of a root entity type and subtype of one retailer. Its JSON is the public format
// (platform API, section D); unknown members are kept in the stored artefact, not here.
type Workflow struct {
	RetailerID     string            `json:"retailerId"`
	EntityType     string            `json:"entityType"`
	EntitySubtype  string            `json:"entitySubtype"`
	Name           string            `json:"name"`
	Version        string            `json:"version"` // "major.minor"
	Description    string            `json:"description,omitempty"`
	VersionComment string            `json:"versionComment,omitempty"`
	Settings       map[string]string `json:"settings,omitempty"`
	Rulesets       []*Ruleset        `json:"rulesets"`
	Statuses       []Status          `json:"statuses"`
}

// Ruleset answers events of its name for entities of its type, subtype and trigger statuses.
type Ruleset struct {
	Name        string       `json:"name"`
	Description string       `json:"description,omitempty"`
	Type        string       `json:"type"`
	Subtype     string       `json:"subtype,omitempty"` // empty: any
	EventType   string       `json:"eventType,omitempty"`
	Rules       []RuleCall   `json:"rules"`
	Triggers    []Trigger    `json:"triggers"` // empty: any status
	UserActions []UserAction `json:"userActions,omitempty"`
}

// Trigger names a status in which a ruleset may run.
type Trigger struct {
	Status string `json:"status"`
}

// RuleCall names a rule, as ACCOUNT.plugin.RuleName, and gives its properties.
type RuleCall struct {
	Name  string                     `json:"name"`
	Own   bool                       `json:"own,omitempty"` // Name is plugin.RuleName, and the account is the workflow's own; see Part
	Props map[string]json.RawMessage `json:"props,omitempty"`

	prepared *atomic.Pointer[prepared] // nil: nothing is kept
}

// prepared is what somebody made of a call.
type prepared struct{ by, made any }

// Prepared gives what somebody, named by a comparable value, makes of the call. Calls that Parse and Parts made keep that of who asked last:
// it is made once and must not be changed. Others have it made each time.
func (c *RuleCall) Prepared(by any, prepare func() any) any {
	if c.prepared == nil {
		return prepare()
	}
	if p := c.prepared.Load(); p != nil && p.by == by {
		return p.made
	}
	made := prepare()
	c.prepared.Store(&prepared{by: by, made: made})
	return made
}

// FullName is the rule's name as the author of a workflow of that account wrote it.
func (c *RuleCall) FullName(account string) string {
	if c.Own {
		return account + "." + c.Name
	}
	return c.Name
}

// Status declares a status of an entity type and its category: BOOKING, FULFILMENT, DELIVERY or DONE.
type Status struct {
	Name       string `json:"name"`
	EntityType string `json:"entityType"`
	Category   string `json:"category"`
}

// UserAction offers the ruleset's event as a button in the web apps.
type UserAction struct {
	EventName  string                `json:"eventName,omitempty"` // empty: the ruleset's name
	Context    []UserActionContext   `json:"context"`
	Attributes []UserActionAttribute `json:"attributes"`
}

// UserActionContext says where the button appears and how.
type UserActionContext struct {
	Label   string   `json:"label"`
	Type    string   `json:"type"` // PRIMARY or SECONDARY
	Modules []string `json:"modules"`
	Confirm bool     `json:"confirm"`
}

// UserActionAttribute is one value that the user gives when pressing the button.
type UserActionAttribute struct {
	Name         string `json:"name"`
	Label        string `json:"label,omitempty"`
	Type         string `json:"type"`
	Source       string `json:"source,omitempty"`
	DefaultValue string `json:"defaultValue,omitempty"`
	Mandatory    bool   `json:"mandatory"`
}

// Event says that something happened to an entity. It is what rulesets answer, what the event API takes and what the event
// log keeps. Ids are decimal strings or UUIDs, as the entity's type has them.
type Event struct {
	ID            string         // UUID
	Name          string         // equals a ruleset's name
	Type          string         // NORMAL, EXCEPTION or GENERATED
	RetailerID    int32          // 0: the account itself
	EntityType    string         // ORDER, FULFILMENT, …
	EntityID      string         // may be empty when EntityRef is given
	EntityRef     string         //
	EntitySubtype string         // the entity's own type, HD, …
	EntityStatus  string         // as the sender gave it; matching uses the entity's stored status
	RootType      string         // ORDER, INVENTORY_CATALOGUE, …
	RootID        string         //
	RootRef       string         //
	Attributes    map[string]any // name → JSON value
	ScheduledOn   time.Time      // zero: at once
	Source        string         // free label
	GeneratedBy   string         // user name; "Rubix User" for what the engine makes itself
	GeneratedOn   time.Time      //
	Parents       []string       // ids of the events that caused it
	Priority      Priority       //
	RunOnce       *Workflow      // meta.workflow: used for this event only
	Caller        string         // name of the user or API client who answers for what the event's rules do; empty: rules of active workflows run for their retailer
}
