package query

import (
	"context"
	"slices"
	"strings"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/tenancy"
)

// maxFound is how many entities a filter by what a reference leads to may find: their ids go into the statement of the search.
const maxFound = 1000

// find plans a filter by fields of what a reference leads to, which the caller must be allowed to see. Case does not matter, but for fields that an
// index finds by whole values.
func (b *binder) find(st *state, f *catalogue.Field, object map[string]any) error {
	if err := b.view(f.Ref); err != nil {
		return err
	}
	x := findFilter{field: f}
	for _, of := range f.Ref.Fields {
		v := object[of.Name]
		if v == nil {
			continue
		}
		cond := listCondition(f.Ref, of, v)
		indexed := slices.ContainsFunc(f.Ref.Uniques, func(u catalogue.Unique) bool { return u.Fields[0] == of })
		if of.Kind == catalogue.Text && (cond.Op == store.Like || cond.Op == store.In && !indexed) && len(cond.Values) > 0 {
			cond.Op = store.LikeFold
		}
		x.where = append(x.where, cond)
	}
	if len(x.where) == 0 {
		return fault.Invalidf(f.Name, "%s names nothing", f.Argument).WithCode(fault.CodeMissing)
	}
	st.found = append(st.found, x)
	return nil
}

// find reads what filters find, and turns them into conditions.
func (x *fetcher) find(ctx context.Context, fields []*field) error {
	type request struct {
		state  *state
		filter findFilter
	}
	requests, queries, scopes := map[string][]request{}, map[string][]store.Query{}, map[string]tenancy.Scope{}
	for _, f := range fields {
		for _, filter := range x.at(f).found {
			t := filter.field.Ref
			scope := x.scope(t)
			name := scope.String()
			scopes[name] = scope
			requests[name] = append(requests[name], request{x.at(f), filter})
			queries[name] = append(queries[name], store.Query{
				Type: t, Fields: []*catalogue.Field{t.Field("id")}, Where: filter.where, Page: store.Page{First: maxFound}, NoCursors: true, Bounded: true,
			})
		}
	}
	for name, list := range queries {
		results, err := x.reader(scopes[name]).SelectAll(ctx, list...)
		if err != nil {
			return err
		}
		for i, r := range requests[name] {
			group := results[i].Groups[0]
			if group.HasNext {
				return fault.New(fault.TooLarge, "more than %d %s match: ask for fewer", maxFound, strings.ToLower(r.filter.field.Ref.Plural)).At(r.filter.field.Name)
			}
			cond := store.Condition{Field: r.filter.field, Op: store.In}
			for _, row := range group.Rows {
				cond.Values = append(cond.Values, row[0])
			}
			r.state.where = append(r.state.where, cond)
		}
	}
	return nil
}
