// Package rule is the rule library's frame: what a rule is, what it sees and what it may ask for. It holds no rule. A rule reads,
// decides and asks for actions; it never writes by itself. The engine (dataplane/engine) runs rules inside a turn and commits what they asked for.
package rule

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/setting"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// Context is what one run of a rule sees. Rules may keep nothing of it after Run returns.
type Context struct {
	Scope  tenancy.Scope
	Now    time.Time            // the turn's clock: rules never ask for another
	Event  *workflow.Event      // the event being answered
	Entity any                  // pointer to the struct of the entity that the event addresses; nil where it addresses none that exists
	Type   *catalogue.Type      // its type; nil with Entity
	Root   Root                 // the root entity and what hangs on it
	Read   Reader               // lookups in the turn's scope
	Turn   Turn                 // actions
	Types  *catalogue.Catalogue // of all entities, that the database has
	Flow   *workflow.Workflow   // the version that this turn runs under

	running *Rule // whose step runs
}

// MayRead fails where the rule that runs has not said that it reads a setting: docs and builders go by what it says.
func (c *Context) MayRead(s *setting.Declaration) error {
	if c.running != nil && slices.Contains(c.running.Settings, s) {
		return nil
	}
	name := "no rule"
	if c.running != nil {
		name = c.running.Name
	}
	return fmt.Errorf("rule %s reads the setting %s and does not say so: see Rule.Reads", name, s.Title())
}

// Root is the root entity of a turn with the dependants that were loaded or created in it. One goroutine uses it at a time.
type Root interface {
	Entity() any                         // pointer to the root entity's struct
	Find(entityType, id, ref string) any // a loaded dependant by id or ref; nil if it is not there
	Add(entity any)                      // a dependant that this turn created
	Parts() []any                        // all dependants, those loaded first, then those that this turn created, each in order
	PartsOf(of reflect.Type) []any       // those of one struct, in the same order, without a look at others; to be left as it is. See Parts
}

// Parts lists a root's dependants of one type: those loaded in order of creation, then those that this turn created.
func Parts[T any](root Root) []*T {
	found := root.PartsOf(reflect.TypeFor[T]())
	if len(found) == 0 {
		return nil
	}
	out := make([]*T, len(found))
	for i, p := range found {
		out[i] = p.(*T)
	}
	return out
}

// Turn takes the actions that rules ask for. Mutations are visible to later rules of the same turn and are committed, together
// with events, schedule, audit and effects, in one database transaction, or not at all.
type Turn interface {
	// Set changes fields (GraphQL names) of a loaded entity. It panics on an unknown field: that is a programmer's error.
	Set(entity any, changes map[string]any)
	// Create adds an entity: gives it an id where it has none and all that one made by a mutation has (defaults, copies, times, retailer, the
	// root's workflow), adds it to the Root and, if its type fires, sends CREATE. It refuses what contradicts itself. See dataplane/entity.
	Create(ctx context.Context, entity any) error
	// Link ties entities together along a connection of the owner that has a link table (Fulfilment's "articles").
	Link(owner any, edge string, targets ...any)
	// Send sends an event. Same root and not scheduled: it joins this turn. Else it becomes a row of its own at commit.
	// An empty RetailerID, entity or root is filled from the current event; attributes are the caller's to forward.
	Send(ev workflow.Event)
	// Webhook queues a delivery of the current event in the outbox, with attributes beside the event's own, which they win over.
	Webhook(name, endpoint string, with map[string]any)
	// Log leaves an audit record of category CUSTOM.
	Log(message string, attributes map[string]any)
	// Effect registers work for the commit beyond entity rows, such as taking stock. Effects of one key are merged by the
	// function that made them: get is called once per turn and key.
	Effect(key string, make func() Effect) Effect
}

// Effect is a set-wise part of the commit, for what cannot be said as an entity's new value: stock moves conditionally.
// Its concrete types live in the modules.
type Effect interface {
	// Apply queues or runs its statements in key order. A Shortfall makes the engine run the turn again on fresh figures.
	Apply(ctx context.Context, tx *store.Tx) error
}

// Sized is an Effect that says before its commit how many rows it is going to write, at most: see store.DB.WriteManyLocked.
type Sized interface {
	Effect
	Rows() int
}

// Follower is an Effect that has something to do once its commit took place: what others need not wait for, and what may be lost with the node.
type Follower interface {
	Effect
	Committed(ctx context.Context) error
}

// ErrShortfall says that an effect could not take what the turn decided on, for someone else took it first. The engine rolls the
// commit back and runs the whole turn again on fresh figures, a bounded number of times.
var ErrShortfall = errors.New("rule: less is left than the turn decided on")

// Guarded is an Effect that says what it does as permissions (INVENTORYQUANTITY_UPDATE), which must be held in the retailers of the
// entity that it works on. Events for which a user answers can have no other effects.
type Guarded interface {
	Effect
	Needs() (permissions []string, on any)
}

// LastTrier is an Effect that wants to know that the engine will not run the turn again: told before any rule of the last try
// runs with it, it takes what it gets and never returns ErrShortfall.
type LastTrier interface {
	Effect
	LastTry()
}

// Rewinder is an Effect that can forget what it was asked for since a mark. A ruleset that ends in a BusinessError loses its
// actions; effects that are not Rewinders keep theirs.
type Rewinder interface {
	Effect
	// Mark names the present state.
	Mark() any
	// Rewind goes back to a state that Mark named.
	Rewind(mark any)
}

// Reader is what rules may look up. Implementations answer from memory where the node holds current data, else with one statement.
type Reader interface {
	// Get loads an entity by id; nil, nil when there is none.
	Get(ctx context.Context, typ *catalogue.Type, id catalogue.ID) (any, error)
	// ByKey loads an entity by its natural key, given in the order of Type.Key; nil, nil when there is none.
	ByKey(ctx context.Context, typ *catalogue.Type, key ...any) (any, error)
	// List loads all entities whose field has one of the values, in creation order, at most limit.
	List(ctx context.Context, typ *catalogue.Type, field string, values []any, limit int) ([]any, error)
	// Modules are the node's business modules. See Module.
	Modules() Modules
}

// BusinessError stops the ruleset: its queued actions are discarded, the event counts as SUCCESS, and an event of the same name
// with type EXCEPTION follows (platform API, E.6).
type BusinessError struct{ Message string }

// Error is the message.
func (e *BusinessError) Error() string { return e.Message }
