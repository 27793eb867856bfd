package privacy

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
)

// strays goes through the rows of types that may name a person and that nothing ties to one, such as what a shopper asked before he was known.
func (e *erasure) strays(ctx context.Context) (bool, error) {
	types := e.untied()
	name, cursor, _ := strings.Cut(e.op.Position, " ")
	at := max(0, slices.IndexFunc(types, func(t *catalogue.Type) bool { return t.Name == name }))
	if at >= len(types) {
		return true, nil
	}
	t := types[at]
	res, err := e.DB.Reader(e.scope).Select(ctx, store.Query{Type: t, Fields: []*catalogue.Field{t.Field("id")}, Page: store.Page{First: page, After: cursor}})
	if err != nil {
		return false, fmt.Errorf("look through %s: %w", t.Name, err)
	}
	g := res.Groups[0]
	ids := make([]catalogue.ID, len(g.Rows))
	for i, row := range g.Rows {
		ids[i], _ = row[0].(catalogue.ID)
	}
	if err := e.wipeStrays(ctx, t, ids); err != nil {
		return false, err
	}
	switch {
	case g.HasNext:
		e.op.Position = t.Name + " " + g.Cursors[len(g.Cursors)-1]
	case at+1 < len(types):
		e.op.Position = types[at+1].Name + " "
	default:
		return true, nil
	}
	return false, e.move(ctx, e.op.Step)
}

// wipeStrays wipes those of rows in which something stands that is nobody else's.
func (e *erasure) wipeStrays(ctx context.Context, t *catalogue.Type, ids []catalogue.ID) error {
	rows, err := e.DB.Reader(e.scope).ByID(ctx, t, ids...)
	if err != nil {
		return err
	}
	var named []any
	for _, row := range rows {
		if row == nil {
			continue
		}
		raw, err := json.Marshal(row)
		if err != nil {
			return fmt.Errorf("read rows of %s: %w", t.Name, err)
		}
		v, err := catalogue.DecodeJSON(raw)
		if err != nil {
			return fmt.Errorf("read rows of %s: %w", t.Name, err)
		}
		if _, names := e.scrubber.JSON(v, false); names {
			named = append(named, row)
		}
	}
	if len(named) == 0 {
		return nil
	}
	return e.wipeAll(ctx, t, named)
}

// untied are the types with personal fields that no reference leads to from a person, but for those of people who work here.
func (e *erasure) untied() (out []*catalogue.Type) {
	tied := reached(e.DB.Catalogue(), e.person)
	for _, t := range e.DB.Catalogue().Types() {
		personal := slices.ContainsFunc(t.Fields, func(f *catalogue.Field) bool { return f.Personal })
		if personal && !tied[t] && !t.AccountWide && !t.Provided && t.EntityType != "" {
			out = append(out, t)
		}
	}
	return out
}

// reached are the types whose rows may be found from a person's.
func reached(c *catalogue.Catalogue, person *catalogue.Type) map[*catalogue.Type]bool {
	out, next := map[*catalogue.Type]bool{person: true}, []*catalogue.Type{person}
	add := func(t *catalogue.Type) {
		if !out[t] {
			out[t], next = true, append(next, t)
		}
	}
	for len(next) > 0 {
		t := next[0]
		next = next[1:]
		for _, u := range c.Types() {
			for _, f := range u.Fields {
				if f.Ref != nil && f.Kind == catalogue.IDValue && slices.Contains(f.Ref.Concrete(), t) {
					add(u)
				}
			}
			if o := u.Owner; o != nil && slices.ContainsFunc(o.Kinds, func(k catalogue.OwnerKind) bool { return k.Type == t }) {
				add(u)
			}
		}
		for _, f := range t.Fields {
			if f.Ref != nil && f.Kind == catalogue.IDValue {
				for _, u := range f.Ref.Concrete() {
					if u.Private {
						add(u)
					}
				}
			}
		}
	}
	return out
}
