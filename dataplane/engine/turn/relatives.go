package turn

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

var _ rule.Relations = (*unit)(nil)

// The bounds of paths that leave their entity.
const (
	maxFarEnd   = 1000    // entities at the far end of one connection
	maxTogether = 500     // entities whose relations are read in one statement
	maxReads    = 200     // statements that the paths of a turn's try need
	maxVisited  = 100_000 // entities that the paths of one rule go through, each as often as they do
)

// relatives is what the paths of rules find beyond the entity that their event addresses. What the root's round trip has brought costs nothing.
// Anything else is read on first use, for all entities of the unit that have the relation at once: a path over a hundred items is one statement.
type relatives struct {
	ctx     context.Context // of the rule that runs: rules read paths without one
	err     error           // why a path of the rule could not be followed
	visited int
	reads   int

	scope  tenancy.Scope // what paths may reach: never more than what is of one retailer
	read   *store.Reader
	within map[*row]bool      // entities that the scope is known to reach, or not to
	asked  map[lookup]bool    // what has been looked for
	listed map[listing][]*row // far ends of connections as they are stored
}

// lookup is an entity that was looked for by id or by key.
type lookup struct {
	typ *catalogue.Type
	key string
}

type listing struct {
	edge  *catalogue.Edge
	owner *row
}

// relate prepares for the rules of an event: paths reach what its rules may read, and of that what is of the retailer that the turn works for.
func (u *unit) relate() error {
	reach, own := u.reach(), u.trail.RetailerID
	scope := reach
	if own != 0 {
		if !reach.AllowsAll(own) {
			own = nobody
		}
		var err error
		if scope, err = tenancy.NewScope(reach.Account(), own); err != nil {
			return fmt.Errorf("paths: %w", err)
		}
	}
	p := &u.paths
	if p.read != nil && p.scope.Same(scope) {
		return nil
	}
	*p = relatives{reads: p.reads, scope: scope, read: u.r.d.DB.Reader(scope), within: map[*row]bool{}, asked: map[lookup]bool{},
		listed: map[listing][]*row{}}
	return nil
}

// Related follows a relation of an entity. See rule.Relations. An error fails the rule once it has run.
func (u *unit) Related(ptr any, name string) (any, bool) {
	e := u.adopt(ptr)
	if e == nil || u.paths.err != nil {
		return nil, false
	}
	found, many, err := u.follow(e, name)
	if err == nil {
		found, err = u.ours(found)
	}
	if u.paths.visited += len(found) + 1; err == nil && u.paths.visited > maxVisited {
		err = fmt.Errorf("the paths of one rule lead to more than %d entities", maxVisited)
	}
	switch {
	case err != nil:
		u.paths.err = fmt.Errorf("follow %s of %s: %w", name, targetOf(e.typ, e.ptr), err)
		return nil, false
	case many:
		out := make([]any, len(found))
		for i, x := range found {
			out[i] = x.ptr
		}
		return out, true
	case len(found) == 0:
		return nil, false
	}
	return found[0].ptr, true
}

func (u *unit) follow(e *row, name string) (found []*row, many bool, err error) {
	if f := e.typ.Field(name); f != nil && f.Ref != nil {
		found, err = u.referred(e, f)
		return found, false, err
	}
	if k := e.typ.KeyRef(name); k != nil {
		found, err = u.keyed(e, k)
		return found, false, err
	}
	edge := e.typ.Connection(name)
	switch {
	case edge == nil:
		return nil, false, nil
	case edge.Link != nil:
		found, err = u.linked(e, edge)
	default:
		found, err = u.children(e, edge)
	}
	if len(found) > maxFarEnd && (edge.Link != nil || !u.hasAll(e, edge)) { // what came with the root is in memory already
		err = fmt.Errorf("there are more than %d", maxFarEnd)
	}
	return found, true, err
}

// alike lists the entities whose relations are read together with those of e: e first.
func (u *unit) alike(e *row, fits func(*row) bool) []*row {
	out := []*row{e}
	for _, x := range u.byType[e.typ] {
		if len(out) == maxTogether {
			break
		}
		if x != e && !x.gone && fits(x) {
			out = append(out, x)
		}
	}
	return out
}

// before counts a read and refuses one too many.
func (p *relatives) before() error {
	if p.reads++; p.reads > maxReads {
		return fmt.Errorf("the turn's paths need more than %d reads", maxReads)
	}
	return nil
}

// take makes what the scope's reader found known.
func (u *unit) take(found []any) []*row {
	out := make([]*row, 0, len(found))
	for _, x := range found {
		if e := u.adopt(x); e != nil {
			u.paths.within[e] = true
			out = append(out, e)
		}
	}
	return out
}

// referred is what a reference leads to: none or one.
func (u *unit) referred(e *row, f *catalogue.Field) ([]*row, error) {
	id, _ := f.Get(e.ptr).(catalogue.ID)
	if id == "" {
		return nil, nil
	}
	if x := u.byID(f.Ref, id); x != nil || u.paths.asked[lookup{f.Ref, string(id)}] {
		return some(x), nil
	}
	var ids []catalogue.ID
	for _, x := range u.alike(e, func(*row) bool { return true }) {
		at, _ := f.Get(x.ptr).(catalogue.ID)
		key := lookup{f.Ref, string(at)}
		if at != "" && !u.paths.asked[key] && u.byID(f.Ref, at) == nil {
			u.paths.asked[key] = true
			ids = append(ids, at)
		}
	}
	if err := u.paths.before(); err != nil {
		return nil, err
	}
	found, err := u.paths.read.ByID(u.paths.ctx, f.Ref, ids...)
	if err != nil {
		return nil, err
	}
	u.take(found)
	return some(u.byID(f.Ref, id)), nil
}

func some(e *row) []*row {
	if e == nil {
		return nil
	}
	return []*row{e}
}

// byID finds an entity in memory.
func (u *unit) byID(t *catalogue.Type, id catalogue.ID) *row {
	for _, c := range t.Concrete() {
		if e := u.entities[identity{c, id}]; e != nil && !e.gone {
			return e
		}
	}
	return nil
}

// keyed is what is found by natural key: none or one.
func (u *unit) keyed(e *row, k *catalogue.KeyRef) ([]*row, error) {
	key, ok := keyOf(e.ptr, k.Local)
	if !ok {
		return nil, nil
	}
	if found := u.byKey(k, key); found != nil || u.paths.asked[lookup{k.Target, key}] {
		return some(found), nil
	}
	where := make([]store.Condition, len(k.Remote))
	for i, f := range k.Remote {
		where[i] = store.Condition{Field: f, Op: store.In}
	}
	for _, x := range u.alike(e, func(*row) bool { return true }) {
		at, ok := keyOf(x.ptr, k.Local)
		if name := (lookup{k.Target, at}); ok && !u.paths.asked[name] && u.byKey(k, at) == nil {
			u.paths.asked[name] = true
			for i, f := range k.Local {
				if v := f.Get(x.ptr); !slices.Contains(where[i].Values, v) {
					where[i].Values = append(where[i].Values, v)
				}
			}
		}
	}
	if err := u.paths.before(); err != nil {
		return nil, err
	}
	found, err := u.paths.read.Entities(u.paths.ctx, store.Query{Type: k.Target, Where: where, Page: store.Page{First: maxFarEnd + 1}})
	if err != nil {
		return nil, err
	}
	if len(found) > maxFarEnd {
		return nil, fmt.Errorf("there are more than %d of these keys", maxFarEnd)
	}
	u.take(found)
	return some(u.byKey(k, key)), nil
}

// keyOf is a key as text; false where a part of it is empty.
func keyOf(ptr any, fields []*catalogue.Field) (string, bool) {
	key := ""
	for _, f := range fields {
		v := fmt.Sprint(f.Get(ptr))
		if v == "" {
			return "", false
		}
		key += fmt.Sprintf("%q", v)
	}
	return key, true
}

func (u *unit) byKey(k *catalogue.KeyRef, key string) *row {
	for _, e := range u.rowsOf(k.Target) {
		if e.gone {
			continue
		}
		fields := make([]*catalogue.Field, len(k.Remote))
		for i, f := range k.Remote {
			fields[i] = e.typ.Field(f.Name)
		}
		if at, ok := keyOf(e.ptr, fields); ok && at == key {
			return e
		}
	}
	return nil
}

// children are those that refer to e: as they are stored, then those of this turn.
func (u *unit) children(e *row, edge *catalogue.Edge) ([]*row, error) {
	var out []*row
	if !e.created && !u.hasAll(e, edge) {
		if err := u.list(e, edge); err != nil {
			return nil, err
		}
		out = slices.DeleteFunc(slices.Clone(u.paths.listed[listing{edge, e}]), func(x *row) bool { return x.gone || owner(x, edge) != e.id })
	}
	stored := len(out)
	for _, x := range u.rowsOf(edge.Target) {
		if !x.gone && owner(x, edge) == e.id && !slices.Contains(out[:stored], x) {
			out = append(out, x)
		}
	}
	return out, nil
}

// owner is whom an entity at the far end of an edge refers to.
func owner(e *row, edge *catalogue.Edge) catalogue.ID { return refOf(edge.By, e.typ, e.ptr) }

// hasAll reports whether everything that refers to e came with the root.
func (u *unit) hasAll(e *row, edge *catalogue.Edge) bool {
	return u.root != nil && (e.part || e.ptr == u.root) && u.typ.Parts.Whole(e.typ, edge)
}

// list reads what refers to e and to entities like it.
func (u *unit) list(e *row, edge *catalogue.Edge) error {
	if _, known := u.paths.listed[listing{edge, e}]; known {
		return nil
	}
	owners := u.owners(e, edge)
	if err := u.paths.before(); err != nil {
		return err
	}
	found, err := u.paths.read.Entities(u.paths.ctx, store.Query{Type: edge.Target, Parents: &store.Parents{Edge: edge, IDs: ids(owners)},
		Page: store.Page{First: maxFarEnd + 1}})
	if err != nil {
		return err
	}
	of := make(map[catalogue.ID]*row, len(owners))
	for _, x := range owners {
		of[x.id] = x
		u.paths.listed[listing{edge, x}] = nil
	}
	for _, x := range found {
		stored := &row{typ: u.r.types.typeOf(x), ptr: x}
		at := listing{edge, of[owner(stored, edge)]}
		u.paths.listed[at] = append(u.paths.listed[at], u.take([]any{x})...)
	}
	return nil
}

// owners are e and those like it whose far ends are not read yet.
func (u *unit) owners(e *row, edge *catalogue.Edge) []*row {
	return u.alike(e, func(x *row) bool {
		_, known := u.paths.listed[listing{edge, x}]
		return !known && !x.created && (edge.Link != nil || !u.hasAll(x, edge))
	})
}

func ids(list []*row) []catalogue.ID {
	out := make([]catalogue.ID, len(list))
	for i, e := range list {
		out[i] = e.id
	}
	return out
}

// linked are those that a link table ties to e, as it is stored, then those that this turn ties.
func (u *unit) linked(e *row, edge *catalogue.Edge) ([]*row, error) {
	if _, known := u.paths.listed[listing{edge, e}]; !known && !e.created {
		if err := u.listLinked(u.owners(e, edge), edge); err != nil {
			return nil, err
		}
	}
	out := slices.Clone(u.paths.listed[listing{edge, e}])
	id := e.id
	for _, l := range u.links {
		var far *row
		switch {
		case l.Edge.Link.Table != edge.Link.Table:
		case l.Edge.Link.OwnerColumn == edge.Link.OwnerColumn && l.Owner == id:
			far = u.byID(edge.Target, l.Target)
		case l.Edge.Link.OwnerColumn == edge.Link.Target && l.Target == id:
			far = u.byID(edge.Target, l.Owner)
		}
		if far != nil && !slices.Contains(out, far) {
			out = append(out, far)
		}
	}
	return out, nil
}

// listLinked reads who is tied to the owners, and then those of them that are not in memory.
func (u *unit) listLinked(owners []*row, edge *catalogue.Edge) error {
	if err := errors.Join(u.paths.before(), u.paths.before()); err != nil {
		return err
	}
	res, err := u.paths.read.Select(u.paths.ctx, store.Query{Type: edge.Target, Fields: []*catalogue.Field{edge.Target.Field("id")}, NoCursors: true,
		Parents: &store.Parents{Edge: edge, IDs: ids(owners)}, Page: store.Page{First: maxFarEnd + 1}})
	if err != nil {
		return err
	}
	var missing []catalogue.ID
	for _, g := range res.Groups {
		for _, values := range g.Rows {
			if id, _ := values[0].(catalogue.ID); u.byID(edge.Target, id) == nil && !slices.Contains(missing, id) {
				missing = append(missing, id)
			}
		}
	}
	found, err := u.paths.read.ByID(u.paths.ctx, edge.Target, missing...)
	if err != nil {
		return err
	}
	u.take(found)
	for i, g := range res.Groups {
		at := listing{edge, owners[i]}
		u.paths.listed[at] = nil
		for _, values := range g.Rows {
			id, _ := values[0].(catalogue.ID)
			u.paths.listed[at] = append(u.paths.listed[at], some(u.byID(edge.Target, id))...)
		}
	}
	return nil
}

// ours leaves out what is beyond the wall of the turn's retailer: what other rules of the turn have read is in memory as well.
func (u *unit) ours(list []*row) ([]*row, error) {
	var unsure map[*catalogue.Type][]*row
	all := true
	for _, e := range list {
		in, known := u.within(e)
		if !known {
			if unsure == nil {
				unsure = map[*catalogue.Type][]*row{}
			}
			unsure[e.typ] = append(unsure[e.typ], e)
		}
		all = all && in
	}
	if all {
		return list, nil
	}
	for typ, some := range unsure {
		if err := u.paths.before(); err != nil {
			return nil, err
		}
		rows, err := u.paths.read.ByID(u.paths.ctx, typ, ids(some)...)
		if err != nil {
			return nil, err
		}
		for i, e := range some {
			u.paths.within[e] = rows[i] != nil
		}
	}
	return slices.DeleteFunc(slices.Clone(list), func(e *row) bool { in, _ := u.within(e); return !in }), nil
}

// within reports whether paths may reach an entity, and whether that is known without a look.
func (u *unit) within(e *row) (in, known bool) {
	if u.paths.scope.Retailers() == nil || !e.typ.Limited() {
		return true, true
	}
	if in, known := u.paths.within[e]; known {
		return in, true
	}
	if own := retailerOf(e.typ, e.ptr); own != 0 && u.paths.scope.AllowsAll(own) == u.paths.scope.Allows(own) {
		return u.paths.scope.Allows(own), true
	}
	mine := e.part || e.created || e.ptr == u.root
	return mine, mine
}
