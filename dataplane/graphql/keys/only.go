package keys

import (
	"context"
	"slices"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
)

// partial reports whether a want gives neither an id nor all parts of the natural key, and need not.
func (w *Want) partial() bool {
	return w.only && !w.gives(w.Type.Field("id")) && slices.ContainsFunc(w.Type.Key, func(f *catalogue.Field) bool { return !w.gives(f) })
}

func (w *Want) gives(f *catalogue.Field) bool {
	return slices.ContainsFunc(w.parts, func(p part) bool { return p.field == f })
}

// lacking names the first part of the key that is not given.
func (w *Want) lacking() string {
	for _, f := range w.Type.Key {
		if !w.gives(f) {
			return f.Name
		}
	}
	return "id"
}

// narrowed finds the id of each entity of which a part of the key is given, and leaves out what is not there or not clear.
func narrowed(ctx context.Context, r Reader, wants []*Want) ([]*Want, error) {
	if !slices.ContainsFunc(wants, (*Want).partial) {
		return wants, nil
	}
	p, out := r.Pipeline(), make([]*Want, 0, len(wants))
	found := map[*Want]*store.Result{}
	for _, w := range wants {
		if w.partial() {
			found[w] = p.Select(w.two())
		}
	}
	if err := p.Run(ctx); err != nil {
		return nil, err
	}
	for _, w := range wants {
		if res := found[w]; res != nil {
			rows := res.Groups[0].Rows
			if w.many = len(rows) > 1; len(rows) != 1 {
				continue
			}
			w.parts = append(w.parts, part{field: w.Type.Field("id"), value: rows[0][0]})
		}
		out = append(out, w)
	}
	return out, nil
}

// two asks for the ids of two entities that have the parts of the key which are given.
func (w *Want) two() store.Query {
	id := w.Type.Field("id")
	q := store.Query{Type: w.Type, Fields: []*catalogue.Field{id}, NoCursors: true, Page: store.Page{First: 2}}
	for f, v := range w.values() {
		q.Where = append(q.Where, store.Condition{Field: f, Op: store.In, Values: []any{v}})
	}
	return q
}
