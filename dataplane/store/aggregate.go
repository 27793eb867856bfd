package store

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

// aggregate is how a root's parts are read: one statement for each branch of its tree.
type aggregate struct {
	branches []branch
}

// branch reads what one path leads to.
type branch struct {
	model *model
	name  string
	sql   string // $1 is the account, $2 the root
	place int    // the branch whose entities these are put with: of several that lead to one type, the first
}

// deriveAggregates writes the statements of all types that have parts.
func (db *DB) deriveAggregates(c *catalogue.Catalogue) {
	for _, t := range c.Types() {
		if t.Parts == nil {
			continue
		}
		a, ways := &aggregate{}, map[*catalogue.Part][]*catalogue.Part{}
		t.Parts.Each(func(above, p *catalogue.Part) {
			ways[p] = append(slices.Clone(ways[above]), p)
			a.branches = append(a.branches, db.newBranch(db.models[t], ways[p]))
		})
		for i := range a.branches {
			a.branches[i].place = slices.IndexFunc(a.branches, func(b branch) bool { return overlap(b.model.typ, a.branches[i].model.typ) })
		}
		db.models[t].aggregate = a
	}
}

// overlap reports whether an entity may be of both types.
func overlap(x, y *catalogue.Type) bool {
	return slices.ContainsFunc(x.Concrete(), func(c *catalogue.Type) bool { return y.Holds(c) })
}

func (db *DB) newBranch(root *model, way []*catalogue.Part) branch {
	m := db.models[way[len(way)-1].Target]
	source := partSource(root, way)
	return branch{model: m, name: "aggregate." + m.typ.Table, sql: m.sourceText(source)}
}

// limited is the branch's statement for a scope.
func (b *branch) limited(scope tenancy.Scope) string {
	l := limitOf(scope, b.model.typ)
	if l.none() {
		return b.sql
	}
	return b.sql + " AND " + l.text(scope, b.model, numbering(rootParams))
}

// rootParams are the account and the root.
const rootParams = 2

// partSource joins the tables along a way from a root to the rows t at its end, each join within the account:
//
//	fulfilments p1 JOIN fulfilment_items t ON t.account_id = $1 AND t.fulfilment_id = p1.id WHERE p1.account_id = $1 AND p1.order_id = $2::INT8
//
// A way that begins with a reference begins at the root's own row, any other with the rows that refer to the root.
func partSource(root *model, way []*catalogue.Part) string {
	id := "$2::" + root.id.kind.castType()
	from, where, above := "", "", ""
	for i, p := range way {
		at := fmt.Sprintf("p%d", i+1)
		if i == len(way)-1 {
			at = "t"
		}
		far := fmt.Sprintf(" JOIN %s %s ON %[2]s.account_id = $1 AND %[2]s.", p.Target.Table, at)
		switch {
		case p.Ref != nil && i == 0:
			from = root.typ.Table + " r" + far + "id = r." + p.Ref.Column
			where = "r.account_id = $1 AND r.id = " + id
		case p.Ref != nil:
			from += far + "id = " + above + "." + p.Ref.Column
		case p.Edge.Link != nil && i == 0:
			from = p.Edge.Link.Table + " l0" + far + "id = l0." + p.Edge.Link.Target
			where = "l0.account_id = $1 AND l0." + p.Edge.Link.OwnerColumn + " = " + id
		case p.Edge.Link != nil:
			from += fmt.Sprintf(" JOIN %s l%d ON l%[2]d.account_id = $1 AND l%[2]d.%[3]s = %[4]s.id", p.Edge.Link.Table, i, p.Edge.Link.OwnerColumn, above)
			from += fmt.Sprintf("%sid = l%d.%s", far, i, p.Edge.Link.Target)
		case i == 0:
			from = p.Target.Table + " " + at
			where = fmt.Sprintf("%s.account_id = $1 AND %[1]s.%s = %s", at, p.Edge.By.Column, id)
		default:
			from += far + p.Edge.By.Column + " = " + above + ".id"
		}
		if d := p.Target.Discriminator; d != nil && !p.Target.Abstract() && at != "t" { // of t, sourceText says so
			where += fmt.Sprintf(" AND %s.%s = '%s'", at, d.Column, p.Target.Name)
		}
		above = at
	}
	return from + " WHERE " + where
}

// Aggregate loads an entity with its parts, as its type declares them (catalogue.TypeSpec.Parts), in one round trip: pointers to structs. Parts
// come branch by branch, those of one type together, each once and in order of creation. root is nil, and parts are, where there is no such
// entity for the scope; parts that are not the scope's to see are left out.
func (r *Reader) Aggregate(ctx context.Context, typ *catalogue.Type, id catalogue.ID) (root any, parts []any, err error) {
	found := make([]any, 1)
	first, err := r.db.loadByID(r.scope, typ, []catalogue.ID{id}, found)
	if err != nil || first.sql == "" {
		return nil, nil, err
	}
	a := r.db.models[typ].aggregate
	if a == nil {
		err := r.run(ctx, []call{first})
		return found[0], nil, err
	}
	calls := make([]call, 1, 1+len(a.branches))
	first.name = "aggregate." + typ.Table
	calls[0] = first
	lists := make([][]any, len(a.branches))
	for i := range a.branches {
		calls = append(calls, a.branches[i].call(r.scope, first.args[:2:2], &lists[i]))
	}
	if err := r.run(ctx, calls); err != nil || found[0] == nil {
		return nil, nil, err
	}
	return found[0], r.db.gather(a, lists), nil
}

// call reads the branch's entities; args are the account and the root.
func (b *branch) call(scope tenancy.Scope, args []any, to *[]any) call {
	args = limitOf(scope, b.model.typ).arguments(args, scope, b.model)
	return entitiesOf(b.model, b.name, b.limited(scope), args, func(found []any) { *to = found })
}

// gather puts the entities of all branches together, each once.
func (db *DB) gather(a *aggregate, lists [][]any) []any {
	n := 0
	for i, b := range a.branches {
		n += len(lists[i])
		if b.place != i {
			lists[b.place] = append(lists[b.place], lists[i]...)
			lists[i] = nil
		}
	}
	parts := make([]any, 0, n)
	for i, b := range a.branches {
		db.sortByCreation(b.model, lists[i])
		parts = append(parts, slices.CompactFunc(lists[i], func(x, y any) bool {
			_, one := db.born(b.model, x)
			_, other := db.born(b.model, y)
			return one == other && reflect.TypeOf(x) == reflect.TypeOf(y)
		})...)
	}
	return parts
}
