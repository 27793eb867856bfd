package query

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/fluent-oms/fluent/dataplane/graphql/keys"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/tenancy"
)

// Reader reads entities within a scope.
type Reader interface {
	SelectAll(ctx context.Context, queries ...store.Query) ([]*store.Result, error)
	keys.Reader
}

// fetcher runs plans.
type fetcher struct {
	states
	viewer Viewer
	reader func(tenancy.Scope) Reader
	known  *keys.Known
}

// run fetches fields, then what is below them, level by level.
func (x *fetcher) run(ctx context.Context, level []*field) error {
	if err := x.resolve(ctx, level); err != nil {
		return err
	}
	x.finish(level)
	level = append(level, x.eager(level)...)
	for len(level) > 0 {
		if err := x.fetch(ctx, level); err != nil {
			return err
		}
		var next []*field
		for _, f := range level {
			parents := x.at(f).rows
			if len(parents) == 0 {
				continue
			}
			for _, child := range f.rows.children {
				if !x.at(child).fetched && x.prepare(f.rows, parents, child) {
					next = append(next, child)
				}
			}
		}
		level = next
	}
	return nil
}

// eager lists the connections below entities that are asked for by id, and those below these: their parents are known, or can be named in
// the statement, before they are read, so they need not wait for them. Should the parent not be there (or not be the caller's to see), nobody
// looks at them.
func (x *fetcher) eager(level []*field) []*field {
	var out []*field
	for _, f := range level {
		where := x.at(f).query.Where
		if f.kind != single || f.rows.typ.Abstract() || len(where) != 1 || where[0].Field != f.rows.typ.Field("id") {
			continue
		}
		id, ok := where[0].Values[0].(catalogue.ID)
		if !ok {
			continue
		}
		for _, child := range f.rows.children {
			if st := x.at(child); child.edge != nil && st.denied == nil {
				st.query = st.below(child, store.Parents{Edge: child.edge, IDs: []catalogue.ID{id}})
				out = append(out, child)
				if child.total == nil {
					out = append(out, x.below(child, id)...)
				}
			}
		}
	}
	return out
}

// below lists the connections below the first page of a connection, whose owner is known. Who sees only some of the page's rows has
// another first page than the statement would name.
func (x *fetcher) below(f *field, owner catalogue.ID) []*field {
	page := x.at(f).page
	if f.edge.By == nil || f.rows.typ.Abstract() || len(x.at(f).where) > 0 || page.First == 0 || page.After != "" || page.Before != "" || !x.whole(f.rows.typ) {
		return nil
	}
	var out []*field
	for _, child := range f.rows.children {
		if st := x.at(child); child.edge != nil && child.total == nil && st.denied == nil && st.page.After == "" && st.page.Before == "" {
			st.query = st.below(child, store.Parents{Edge: child.edge, Of: &store.Owners{Edge: f.edge, ID: owner, First: page.First}})
			out = append(out, child)
		}
	}
	return out
}

// below is the statement of a connection below some parents.
func (st *state) below(f *field, parents store.Parents) store.Query {
	if f.total != nil {
		return store.Query{Type: f.rows.typ, Totals: f.total, Parents: &parents}
	}
	return store.Query{
		Type: f.rows.typ, Fields: f.rows.read, NoCursors: !f.conn.cursors, Where: st.where, Page: st.page,
		Parents: &parents, Follow: true, Asked: st.asked,
	}
}

// resolve finds the ids behind the key filters of all connections of the plan, in one go before the first level.
func (x *fetcher) resolve(ctx context.Context, level []*field) error {
	byScope := map[string][]*keys.Want{}
	scopes := map[string]tenancy.Scope{}
	var filters, finding []*field
	var visit func(f *field)
	visit = func(f *field) {
		if f.rows == nil {
			return
		}
		st := x.at(f)
		for _, k := range st.keyed {
			scope := x.scope(k.want.Type)
			name := scope.String()
			byScope[name], scopes[name] = append(byScope[name], k.want), scope
		}
		if len(st.keyed) > 0 {
			filters = append(filters, f)
		}
		if len(st.found) > 0 {
			finding = append(finding, f)
		}
		for _, child := range f.rows.children {
			visit(child)
		}
	}
	for _, f := range level {
		visit(f)
	}
	for name, wants := range byScope {
		if err := x.known.Resolve(ctx, x.reader(scopes[name]), scopes[name], wants...); err != nil {
			return err
		}
	}
	for _, f := range filters {
		st := x.at(f)
		for _, k := range st.keyed {
			st.where = append(st.where, idCondition(k.field, k.want))
		}
	}
	return x.find(ctx, finding)
}

// idCondition is the condition of a key filter: nothing matches a key that names nothing.
func idCondition(f *catalogue.Field, w *keys.Want) store.Condition {
	c := store.Condition{Field: f, Op: store.In}
	if w.Entity != nil {
		c.Values = []any{w.ID()}
	}
	return c
}

// finish gives root connections and single reads the conditions that were resolved.
func (x *fetcher) finish(level []*field) {
	for _, f := range level {
		if st := x.at(f); st.query.Type != nil && (f.kind == connected || f.kind == single) {
			st.query.Where = st.where
		}
	}
}

// whole reports whether the reader sees all rows of a type.
func (x *fetcher) whole(t *catalogue.Type) bool {
	scope := x.scope(t)
	return scope.Retailers() == nil && len(scope.Where()) == 0
}

func (x *fetcher) scope(t *catalogue.Type) tenancy.Scope {
	return scopeOf(x.viewer, t)
}

// fetch runs the statements of one level; those of one scope share a round trip, and there is seldom more than one scope.
func (x *fetcher) fetch(ctx context.Context, level []*field) error {
	var order []string
	byScope := map[string][]*field{}
	for _, f := range level {
		if x.at(f).query.Type == nil {
			continue
		}
		name := x.scope(f.rows.typ).String()
		if byScope[name] == nil {
			order = append(order, name)
		}
		byScope[name] = append(byScope[name], f)
	}
	for _, name := range order {
		fields := byScope[name]
		queries := make([]store.Query, len(fields))
		for i, f := range fields {
			queries[i] = x.at(f).query
		}
		reader := x.reader(x.scope(fields[0].rows.typ))
		results, err := reader.SelectAll(ctx, queries...)
		if fault.Is(err, fault.Invalid) || fault.Is(err, fault.TooLarge) {
			results, err = x.apart(ctx, reader, fields)
		}
		if err != nil {
			return err
		}
		for i, f := range fields {
			x.at(f).take(f, results[i])
		}
	}
	return nil
}

// apart runs the statements of fields one by one, after they failed together, to find the field whose arguments are wrong, or
// that leads to too much.
func (x *fetcher) apart(ctx context.Context, reader Reader, fields []*field) ([]*store.Result, error) {
	out := make([]*store.Result, len(fields))
	for i, f := range fields {
		res, err := reader.SelectAll(ctx, x.at(f).query)
		switch {
		case fault.Is(err, fault.Invalid), fault.Is(err, fault.TooLarge):
			x.at(f).denied, out[i] = err, &store.Result{}
		case err != nil:
			return nil, err
		default:
			out[i] = res[0]
		}
	}
	return out, nil
}

// prepare makes the statement of a child for rows of its parent's set; false if no row needs it.
func (x *fetcher) prepare(parent *rowset, rows [][]any, f *field) bool {
	st := x.at(f)
	if st.denied != nil {
		return false
	}
	q := store.Query{Type: f.rows.typ, Fields: f.rows.read, NoCursors: true}
	switch f.kind {
	case connected, listed, summed:
		ids := parent.ids(rows, f.owner, 0)
		if len(ids) == 0 {
			return false
		}
		q = st.below(f, store.Parents{Edge: f.edge, IDs: ids})
	case reference:
		q.Where = byIDs(f.rows.typ, parent.ids(rows, f.owner, f.col))
	case members:
		q.Where = byIDs(f.rows.typ, parent.idsInside(rows, f))
	case lookup:
		q.Where = parent.keyConditions(rows, f)
	}
	if f.edge == nil && len(q.Where) == 0 {
		return false
	}
	st.query = q
	return true
}

func byIDs(t *catalogue.Type, ids []catalogue.ID) []store.Condition {
	if len(ids) == 0 {
		return nil
	}
	values := make([]any, len(ids))
	for i, id := range ids {
		values[i] = id
	}
	return []store.Condition{{Field: t.Field("id"), Op: store.In, Values: values}}
}

// ids lists the distinct ids in a column of the rows of one type, in order of appearance.
func (r *rowset) ids(rows [][]any, typ string, col int) []catalogue.ID {
	var out []catalogue.ID
	seen := map[catalogue.ID]bool{}
	for _, row := range rows {
		id, ok := row[col].(catalogue.ID)
		if !ok || id == "" || seen[id] || r.typeOf(row) != typ {
			continue
		}
		seen[id] = true
		out = append(out, id)
	}
	return out
}

func (r *rowset) idsInside(rows [][]any, f *field) []catalogue.ID {
	var out []catalogue.ID
	for _, row := range rows {
		raw, ok := row[f.col].(json.RawMessage)
		if ok && r.typeOf(row) == f.owner {
			out = append(out, idsIn(raw, f.Name)...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// keyConditions asks for all values of each part of the keys; what matches crosswise is ignored when rows are taken.
func (r *rowset) keyConditions(rows [][]any, f *field) []store.Condition {
	out := make([]store.Condition, len(f.cols))
	seen := map[any]bool{}
	for i, remote := range f.keyRef.Remote {
		out[i] = store.Condition{Field: remote, Op: store.In}
		clear(seen)
		for _, row := range rows {
			v := row[f.cols[i]]
			if v == nil || seen[v] || r.typeOf(row) != f.owner {
				continue
			}
			seen[v] = true
			out[i].Values = append(out[i].Values, v)
		}
		if len(out[i].Values) == 0 {
			return nil
		}
	}
	return out
}

// take files the rows that a field's statement found.
func (st *state) take(f *field, res *store.Result) {
	st.fetched = true
	paged := f.edge != nil || f.kind == connected
	if paged {
		st.pages = make(map[catalogue.ID]*store.Group, len(res.Groups))
	}
	for i := range res.Groups {
		g := &res.Groups[i]
		if paged {
			st.pages[g.Parent] = g
		}
		st.rows = append(st.rows, g.Rows...)
	}
	switch f.kind {
	case reference, members:
		st.byID = make(map[catalogue.ID][]any, len(st.rows))
		for _, row := range st.rows {
			if id, ok := row[0].(catalogue.ID); ok {
				st.byID[id] = row
			}
		}
	case lookup:
		st.byKey = make(map[string][]any, len(st.rows))
		for _, row := range st.rows {
			st.byKey[f.remoteKey(row)] = row
		}
	}
}

func (f *field) remoteKey(row []any) string {
	values := make([]any, len(f.keyRef.Remote))
	for i, remote := range f.keyRef.Remote {
		values[i] = row[f.rows.at[remote.Column]]
	}
	return keyText(values)
}

// localKey is the key that a row of the owner looks for; false if a part is missing.
func (f *field) localKey(row []any) (string, bool) {
	values := make([]any, len(f.cols))
	for i, col := range f.cols {
		if values[i] = row[col]; values[i] == nil {
			return "", false
		}
	}
	return keyText(values), true
}

func keyText(values []any) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = fmt.Sprintf("%q", fmt.Sprint(v))
	}
	return strings.Join(parts, " ")
}
