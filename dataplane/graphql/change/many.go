package change

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/graphql/keys"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// One is one of many entities that are made or changed together. Value is what its input says, coerced.
type One struct {
	Input  *catalogue.Input
	Value  map[string]any
	Place  string // where the input stands: entities[3]
	Stored any    // the entity that changes; nil: a new one comes to be
}

// Done is what became of one of many.
type Done struct {
	Entity    any  // as it was written; nil where there is an error
	Unchanged bool // it was so already, and nothing was written
	Err       error
}

// Many makes and changes entities in a transaction, set-wise: the statements do not grow with their number. What is wrong with one costs that one
// alone. The events that creations send are queued and returned; the caller nudges once the transaction is committed. The error is the database's.
func (c *Changer) Many(ctx context.Context, tx *store.Tx, p *tenant.Principal, list []One) ([]Done, []*workflow.Event, error) {
	m := &many{Changer: c, tx: tx, found: map[string]any{}, done: make([]Done, len(list))}
	m.plan(p, list)
	if err := m.find(ctx); err != nil {
		return nil, nil, err
	}
	if err := m.each(func(x *among) error { return x.allow(ctx) }); err != nil {
		return nil, nil, err
	}
	if err := m.number(ctx); err != nil {
		return nil, nil, err
	}
	if err := m.each(func(x *among) error { return x.complete(ctx, x.draft) }); err != nil {
		return nil, nil, err
	}
	if err := m.tied(ctx); err != nil {
		return nil, nil, err
	}
	return m.done, m.write(), nil
}

// many are entities that are made and changed together.
type many struct {
	*Changer
	tx    *store.Tx
	list  []*among
	found map[string]any // what reading brought, by the text of what was wanted; nil: there is none
	ties  map[tie]bool   // that are there already between what changes and what it lists along connections
	done  []Done
}

// tie is a row along a connection.
type tie struct {
	edge  *catalogue.Edge
	owner catalogue.ID
	other catalogue.ID
}

// among is one of them on its way.
type among struct {
	*session
	draft *draft
	at    int // in the list
	was   []any
}

// each has those that are still well do something. Only what is not a caller's fault is an error of all.
func (m *many) each(do func(x *among) error) error {
	well := m.list[:0]
	for _, x := range m.list {
		err := do(x)
		var theirs *fault.Error
		switch {
		case err == nil:
			well = append(well, x)
		case errors.As(err, &theirs) && slices.Contains(callers, theirs.Kind):
			m.done[x.at].Err = err
		default:
			return err
		}
	}
	m.list = well
	return nil
}

// callers are the faults of those who ask.
var callers = []fault.Kind{fault.Invalid, fault.Forbidden, fault.NotFound, fault.Exists, fault.TooLarge, fault.Unprocessable}

// unknown lists the wants that nothing is known of yet, and answers the others: what many rest on is read once.
func (m *many) unknown(wants []*keys.Want) []*keys.Want {
	var out []*keys.Want
	for _, w := range wants {
		if e, known := m.found[w.Text()]; known {
			w.Entity = e
			continue
		}
		out = append(out, w)
	}
	return out
}

func (m *many) learn(wants []*keys.Want) {
	for _, w := range wants {
		m.found[w.Text()] = w.Entity
	}
}

func (m *many) plan(p *tenant.Principal, list []One) {
	for i, one := range list {
		x := &among{session: m.begin(p), at: i}
		x.from, x.together = m.tx, m
		var err error
		if x.draft, err = x.plan(one.Input, one.Value, one.Place, one.Stored == nil); err != nil {
			m.done[i].Err = err
			continue
		}
		if one.Stored != nil {
			x.draft.self.Entity = one.Stored
		}
		m.list = append(m.list, x)
	}
}

// find reads what all want in as few statements as one of them would need.
func (m *many) find(ctx context.Context) error {
	var all []*keys.Want
	for _, x := range m.list {
		x.wants = append(x.wants, x.draft.lookups()...)
		all = append(all, x.wants...)
	}
	if err := keys.Resolve(ctx, m.tx, all...); err != nil {
		return err
	}
	return m.each(func(x *among) error {
		for _, w := range x.wants {
			if err := w.Missing(); err != nil {
				return err
			}
		}
		x.know(ctx)
		if !x.draft.New {
			x.draft.Entity = x.draft.self.Entity
		}
		return nil
	})
}

// allow brings the values in and asks whether the caller may have them: whoever may at some locations only writes no records of batches.
func (x *among) allow(ctx context.Context) error {
	if err := x.allowed(ctx); err != nil || len(x.parts) == 0 {
		return err
	}
	return x.who.Elsewhere(x.parts[0].permission)
}

func (x *among) allowed(ctx context.Context) error {
	if x.draft.New {
		if err := x.draft.apply(); err != nil {
			return err
		}
		return x.allowCreate(ctx, x.draft)
	}
	x.draft.each(func(d *draft) {
		if !d.New && d.self != nil && d.self.Entity != nil {
			was := reflect.New(reflect.TypeOf(d.self.Entity).Elem())
			was.Elem().Set(reflect.ValueOf(d.self.Entity).Elem())
			x.was = append(x.was, was.Interface())
		} else {
			x.was = append(x.was, nil)
		}
	})
	return x.allowChange(ctx, x.draft)
}

// number gives all that is new its ids, in one round trip at most.
func (m *many) number(ctx context.Context) error {
	counts := map[*catalogue.Type]int{}
	for _, x := range m.list {
		x.draft.each(func(d *draft) {
			if d.New && idOf(d) == "" {
				counts[d.Type]++
			}
		})
	}
	if len(m.list) == 0 {
		return nil
	}
	ids, err := m.DB.NewIDsOf(ctx, m.list[0].scope, counts)
	if err != nil {
		return err
	}
	for _, x := range m.list {
		x.draft.each(func(d *draft) {
			if d.New && idOf(d) == "" {
				of := ids[d.Type]
				d.assignID(d.Type.Field("id"), of[0])
				ids[d.Type] = of[1:]
			}
			x.making.Drafts = append(x.making.Drafts, d.Draft)
		})
		x.making.Join()
	}
	return nil
}

// tied reads, by one statement for each connection, what is tied already to what changes: a record that lists it says nothing new.
func (m *many) tied(ctx context.Context) error {
	owners := map[*catalogue.Edge][]catalogue.ID{}
	for _, x := range m.list {
		seen := map[*catalogue.Edge]bool{}
		for _, l := range x.draft.links {
			if !x.draft.New && l.edge.Link != nil && !seen[l.edge] {
				seen[l.edge] = true
				owners[l.edge] = append(owners[l.edge], idOf(x.draft))
			}
		}
	}
	m.ties = map[tie]bool{}
	for edge, ids := range owners {
		res, err := m.tx.Select(ctx, store.Query{Type: edge.Target, Fields: []*catalogue.Field{edge.Target.Field("id")}, NoCursors: true, Parents: &store.Parents{Edge: edge, IDs: ids}})
		if err != nil {
			return err
		}
		for i, g := range res.Groups {
			for _, row := range g.Rows {
				other, _ := row[0].(catalogue.ID)
				m.ties[tie{edge, ids[i], other}] = true
			}
		}
	}
	return nil
}

// unchanged reports whether a change would write what is stored.
func (x *among) unchanged() bool {
	if x.draft.New {
		return false
	}
	n, same := 0, true
	x.draft.each(func(d *draft) {
		was := x.was[n]
		n++
		same = same && was != nil
		for _, l := range d.links {
			same = same && x.together.ties[tie{l.edge, idOf(d), l.want.ID()}]
		}
		for _, f := range d.Touched {
			same = same && alike(f.Get(was), f.Get(d.Entity))
		}
	})
	return same && n == len(x.making.Drafts)
}

// alike compares two values of a field; what is kept as JSON, by its text.
func alike(a, b any) bool {
	if reflect.DeepEqual(a, b) {
		return true
	}
	one, err := json.Marshal(a)
	other, also := json.Marshal(b)
	return err == nil && also == nil && bytes.Equal(one, other)
}

// write queues all rows. Changes of one type write the same fields, so that they are one statement: what one of them leaves alone is written as it was read.
func (m *many) write() []*workflow.Event {
	var events []*workflow.Event
	w := &collected{Tx: m.tx, fields: map[*catalogue.Type][]*catalogue.Field{}, types: m.Catalogue}
	for _, x := range m.list {
		done := &m.done[x.at]
		if done.Entity = x.draft.Entity; x.unchanged() {
			done.Unchanged = true
			continue
		}
		x.making.Write(w)
		events = append(events, x.events...)
	}
	for _, e := range w.changed {
		m.tx.Update(e, w.fields[m.Catalogue.TypeOf(e)]...)
	}
	if len(events) > 0 {
		eventstore.Append(m.tx, events...)
	}
	return events
}

// collected is a transaction whose updates are collected by type.
type collected struct {
	*store.Tx
	types   *catalogue.Catalogue
	changed []any
	fields  map[*catalogue.Type][]*catalogue.Field
}

// Update collects a change.
func (t *collected) Update(entity any, fields ...*catalogue.Field) {
	of := t.types.TypeOf(entity)
	t.changed = append(t.changed, entity)
	for _, f := range fields {
		if !slices.Contains(t.fields[of], f) {
			t.fields[of] = append(t.fields[of], f)
		}
	}
}
