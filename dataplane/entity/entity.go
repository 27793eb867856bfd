// Package entity is the one door through which entities come to be: mutations, rules, provisioning and loads of stock all go through it. It
// fills in what makers don't give (defaults, copies, times, the retailer, the workflow of the root), refuses what contradicts itself, and says
// which CREATE events follow. What it does for a type is said where the type is declared: see TypeSpec and Tag in domain/catalogue.
//
// Decisions are pure: Making.Decide works on what it was given, and asks for what else it must know. Making.Complete reads that by a Reader,
// all that one decision wants at once, until nothing is wanted. Ids are the maker's part, for they come out of the store; so is writing.
package entity

import (
	"context"
	"errors"
	"time"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// Draft is one entity that comes to be or changes.
type Draft struct {
	Type    *catalogue.Type
	Entity  any    // pointer to the struct, which has its id before Decide
	New     bool   // it comes to be; otherwise it changes
	Place   string // where its values stand in an input, for messages: input.items[2]. Empty: in none
	Parent  *Draft // what it comes to be with; nil: it stands alone
	By      Hold   // how it hangs on Parent
	Joins   []Join
	Parts   []Join                      // what it is no longer tied to
	Touched []*catalogue.Field          // what changes
	Names   map[*catalogue.Field]string // what the input calls fields, where that is not their own name: fromAddress.id
	Given   map[*catalogue.Field]any    // of lists that were merged with stored ones: what was given, a list like the field's

	root any // of a new entity that a workflow drives
}

// Hold says how a part hangs on its parent: by a connection of the parent, or by a reference of the parent, perhaps with one back.
type Hold struct {
	Edge  *catalogue.Edge
	Field *catalogue.Field
	Back  *catalogue.Field
}

// Join is a row that an entity is tied to along a connection.
type Join struct {
	Edge   *catalogue.Edge
	Entity any
	Place  string
}

// Maker is who makes entities.
type Maker struct {
	Name     string               // that events say: a user's, or the engine's
	Sender   workflow.Sender      // by whom the urgency of events goes; zero: a turn, whose events are as urgent as what it answers
	Retailer tenancy.RetailerID   // in whose name what several retailers share is worked on; 0: none
	For      []tenancy.RetailerID // the retailers that the maker acts for; nil: the whole account
	Limited  bool                 // what the maker names must be there, and in its reach: the account itself may name what comes later
	Composes bool                 // what it makes is put together, refs of others' refs and sums of others' amounts: callers' limits are not theirs
	Provides bool                 // the maker is the control plane's hand: what comes from there comes through it
	Now      time.Time            // when new entities were made; zero: the store says
}

// Making is what comes to be, or changes, together. Entities come before those that hang on them.
type Making struct {
	Catalogue *catalogue.Catalogue
	By        Maker
	Drafts    []*Draft
	Checks    Checks

	known    map[handle]any // entities
	learned  int            // how many drafts are among them
	made     map[any]bool   // entities of the first so many drafts that come to be; see isNew
	counted  int
	absent   map[absence]bool        // what was looked for in vain
	found    map[string]catalogue.ID // by the text of a Need; empty: there is none
	versions map[Flow]int            // of workflows; 0: there is none
}

// Checks are what entities of some types must pass besides what their declarations say, such as the value of a setting that code reads. Each looks
// at an entity, a pointer to its struct, as it would be, new or changed; the error is a fault at the field that is wrong.
type Checks map[*catalogue.Type]func(entity any) error

// handle is an entity's identity: types that share a table share ids.
type handle struct {
	table string
	id    catalogue.ID
}

// absence is an entity of a type that is not there: types that share a table must be looked for each.
type absence struct {
	typ *catalogue.Type
	id  catalogue.ID
}

// Reader reads what decisions want to know.
type Reader interface {
	// Find answers needs in their order, in as few statements as it can. Of a need by id the answer is a pointer to the entity's struct, of any
	// other its catalogue.ID; nil: there is no such entity, or the maker does not reach it.
	Find(ctx context.Context, needs []Need) ([]any, error)
	// Version is the number of the newest version of a workflow such as ORDER::HD that a root of the retailer can follow; 0: there is none.
	Version(ctx context.Context, retailer tenancy.RetailerID, name string, root workflow.Root) (int, error)
}

// maxRounds is how often a making decides anew: each time it gets one step further on each path.
const maxRounds = 32

// Join writes the references between parts and what they hang on. The drafts have their ids.
func (m *Making) Join() {
	for _, x := range m.Drafts {
		if p := x.Parent; x.New && p != nil {
			x.By.join(p, x)
		}
	}
}

func (h Hold) join(parent, part *Draft) {
	switch {
	case h.Edge != nil && h.Edge.By != nil:
		part.refer(h.Edge.By, parent)
	case h.Field != nil:
		parent.refer(h.Field, part)
		if h.Back != nil {
			part.refer(h.Back, parent)
		}
	}
}

func (x *Draft) refer(f *catalogue.Field, to *Draft) {
	f.Set(x.Entity, to.Type.ID(to.Entity))
	x.Touch(f)
}

// Touch notes that a field changes.
func (x *Draft) Touch(f *catalogue.Field) {
	if !x.touches(f) {
		x.Touched = append(x.Touched, f)
	}
}

func (x *Draft) touches(f *catalogue.Field) bool {
	for _, t := range x.Touched {
		if t == f {
			return true
		}
	}
	return false
}

// Make adds new entities that stand alone. They have their ids, and the references between them.
func (m *Making) Make(entities ...any) {
	for _, e := range entities {
		m.Drafts = append(m.Drafts, &Draft{Type: m.Catalogue.TypeOf(e), Entity: e, New: true})
	}
}

// Change adds an entity some of whose fields have new values.
func (m *Making) Change(e any, fields ...*catalogue.Field) *Draft {
	x := &Draft{Type: m.Catalogue.TypeOf(e), Entity: e, Touched: fields}
	m.Drafts = append(m.Drafts, x)
	return x
}

// Know lets decisions go by an entity without reading it.
func (m *Making) Know(entity any) {
	if t := m.Catalogue.TypeOf(entity); t != nil {
		m.learn(handle{t.Table, t.ID(entity)}, entity)
	}
}

func (m *Making) learn(h handle, entity any) {
	if m.known == nil {
		m.known = make(map[handle]any, 2*len(m.Drafts))
	}
	m.known[h] = entity
}

// Complete decides about all drafts, reading what that wants. The error is a fault at the place of what is wrong, or the reader's.
func (m *Making) Complete(ctx context.Context, r Reader) error {
	return m.satisfy(ctx, r, m.Decide)
}

// errRounds says that paths go round in a circle, or that a reader answers nothing.
var errRounds = errors.New("make entities: there is no end of what must be read")

// satisfy decides until nothing is wanted.
func (m *Making) satisfy(ctx context.Context, r Reader, decide func() (Wants, error)) error {
	for range maxRounds {
		wants, err := decide()
		if err != nil || wants.none() {
			return err
		}
		if err := m.read(ctx, r, wants); err != nil {
			return err
		}
	}
	return errRounds
}

func (m *Making) read(ctx context.Context, r Reader, w Wants) error {
	if len(w.Needs) > 0 {
		found, err := r.Find(ctx, w.Needs)
		if err != nil {
			return err
		}
		for i, n := range w.Needs {
			m.answer(n, found[i])
		}
	}
	for _, f := range w.Flows {
		version, err := r.Version(ctx, f.Retailer, f.Name, f.Root)
		if err != nil {
			return err
		}
		if m.versions == nil {
			m.versions = map[Flow]int{}
		}
		m.versions[f] = version
	}
	return nil
}

func (m *Making) answer(n Need, found any) {
	switch {
	case n.ID != "" && found != nil:
		m.learn(handle{n.Type.Table, n.ID}, found)
		return
	case n.ID != "":
		if m.absent == nil {
			m.absent = map[absence]bool{}
		}
		m.absent[absence{n.Type, n.ID}] = true
		return
	}
	if m.found == nil {
		m.found = map[string]catalogue.ID{}
	}
	id, _ := found.(catalogue.ID)
	m.found[n.text()] = id
}
