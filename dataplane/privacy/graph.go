package privacy

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
)

// holding is what is kept of a person: rows of entities, those that lead to others first.
type holding struct {
	types []*catalogue.Type
	rows  map[*catalogue.Type][]any
	seen  map[place]bool
}

type place struct {
	table string
	id    catalogue.ID
}

// names are all of holding's entities, as TYPE/ID.
func (h *holding) names() map[string]bool {
	out := map[string]bool{}
	for _, t := range h.types {
		for _, e := range h.rows[t] {
			out[cmp.Or(t.EntityType, t.Permission)+"/"+string(t.ID(e))] = true
		}
	}
	return out
}

// finder follows references from a person to all that is his: rows that refer to his, rows that are private and that his refer to, and rows that
// say what they are about, such as comments. What is another person's is left alone.
type finder struct {
	reader *store.Reader
	cat    *catalogue.Catalogue
	person *catalogue.Type
	id     catalogue.ID
	held   *holding
}

// chunk is how many rows one statement asks by.
const chunk = 50

func (f *finder) find(ctx context.Context) (*holding, error) {
	f.held = &holding{rows: map[*catalogue.Type][]any{}, seen: map[place]bool{}}
	rows, err := f.reader.ByID(ctx, f.person, f.id)
	if err != nil {
		return nil, err
	}
	next := f.take(f.person, rows)
	for len(next) > 0 {
		var after []found
		for _, x := range next {
			for part := range slices.Chunk(x.rows, chunk) {
				more, err := f.around(ctx, x.typ, part)
				if err != nil {
					return nil, err
				}
				after = append(after, more...)
			}
		}
		next = after
	}
	return f.held, nil
}

// found are new rows of a type.
type found struct {
	typ  *catalogue.Type
	rows []any
}

// take keeps rows that are new and nobody else's.
func (f *finder) take(t *catalogue.Type, rows []any) (out []found) {
	var fresh []any
	for _, e := range rows {
		if e == nil || f.foreign(t, e) {
			continue
		}
		at := place{t.Table, t.ID(e)}
		if !f.held.seen[at] {
			f.held.seen[at] = true
			fresh = append(fresh, e)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	if !slices.Contains(f.held.types, t) {
		f.held.types = append(f.held.types, t)
	}
	f.held.rows[t] = append(f.held.rows[t], fresh...)
	return []found{{t, fresh}}
}

// foreign reports whether a row says that it is another person's.
func (f *finder) foreign(t *catalogue.Type, e any) bool {
	for _, ref := range t.Fields {
		if ref.Ref == f.person {
			if id, _ := ref.Get(e).(catalogue.ID); id != "" && id != f.id {
				return true
			}
		}
	}
	return false
}

// around are the new rows next to some of one type.
func (f *finder) around(ctx context.Context, t *catalogue.Type, rows []any) (out []found, err error) {
	ids := make([]any, len(rows))
	for i, e := range rows {
		ids[i] = t.ID(e)
	}
	for _, u := range f.cat.Types() {
		for _, q := range f.towards(t, u, ids) {
			more, err := f.reader.Entities(ctx, q)
			if err != nil {
				return nil, fmt.Errorf("look for %s: %w", u.Name, err)
			}
			out = append(out, f.take(u, more)...)
		}
	}
	private, err := f.private(ctx, t, rows)
	return append(out, private...), err
}

// towards are the queries for rows of a type that lead to some of another.
func (f *finder) towards(t, u *catalogue.Type, ids []any) (out []store.Query) {
	for _, ref := range u.Fields {
		if ref.Kind == catalogue.IDValue && ref.Ref != nil && slices.Contains(ref.Ref.Concrete(), t) {
			out = append(out, store.Query{Type: u, Where: []store.Condition{{Field: ref, Values: ids}}})
		}
	}
	o := u.Owner
	if o == nil {
		return out
	}
	kind := t.EntityType
	if len(o.Kinds) > 0 {
		kind = ""
		for _, k := range o.Kinds {
			if k.Type == t {
				kind = k.Name
			}
		}
	}
	if kind == "" {
		return out
	}
	values := ids
	if o.ID.Kind == catalogue.Int {
		values = nil
		for _, id := range ids {
			if n, err := strconv.Atoi(string(id.(catalogue.ID))); err == nil {
				values = append(values, n)
			}
		}
	} else if o.ID.Kind == catalogue.Text {
		values = nil
		for _, id := range ids {
			values = append(values, string(id.(catalogue.ID)))
		}
	}
	return append(out, store.Query{Type: u, Where: []store.Condition{{Field: o.Kind, Values: []any{kind}}, {Field: o.ID, Values: values}}})
}

// private are the rows that some of a type refer to, and that are whose they are.
func (f *finder) private(ctx context.Context, t *catalogue.Type, rows []any) (out []found, err error) {
	for _, ref := range t.Fields {
		if ref.Kind != catalogue.IDValue || ref.Ref == nil {
			continue
		}
		for _, u := range ref.Ref.Concrete() {
			if !u.Private {
				continue
			}
			var ids []catalogue.ID
			for _, e := range rows {
				if id, _ := ref.Get(e).(catalogue.ID); id != "" && !f.held.seen[place{u.Table, id}] {
					ids = append(ids, id)
				}
			}
			more, err := f.reader.ByID(ctx, u, ids...)
			if err != nil {
				return nil, fmt.Errorf("look for %s: %w", u.Name, err)
			}
			out = append(out, f.take(u, more)...)
		}
	}
	return out, nil
}
