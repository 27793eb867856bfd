package feed

import (
	"context"
	"time"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

// Change is what became of an entity, and how the entity is now.
type Change struct {
	Type   string         `json:"type"`
	ID     string         `json:"id"`
	Ref    string         `json:"ref,omitempty"`
	Root   *Named         `json:"root,omitempty"` // on which it hangs; its own, for a root
	At     *time.Time     `json:"at,omitempty"`   // of the commit; none of what was there at the beginning
	What   string         `json:"what"`           // created, updated, deleted; exists: it was there at the beginning
	Entity map[string]any `json:"entity,omitempty"`
}

// Named is an entity by its type and id.
type Named struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

var whats = map[store.Change]string{store.Created: "created", store.Updated: "updated", store.Deleted: "deleted"}

// found is a change as a row tells of it.
type found struct {
	types []*catalogue.Type // one of which it is of
	id    catalogue.ID
	what  store.Change
	at    time.Time
}

func foundOf(types []*catalogue.Type, id catalogue.ID, what store.Change, at time.Time) found {
	return found{types, id, what, at}
}

// key names an entity of a type.
type key struct {
	typ *catalogue.Type
	id  catalogue.ID
}

// reading sees entities as callers may.
type reading struct{ db *store.DB }

// scope is what a caller sees of a type.
func scope(who *tenant.Principal, t *catalogue.Type) tenancy.Scope {
	return who.ScopeFor(t.Permission + "_VIEW")
}

// list goes on with what there is of the follower's types.
func (r reading) list(ctx context.Context, who *tenant.Principal, f *follower, p *Page) error {
	at := f.from.list
	t := f.types[at.of]
	rows, last, err := r.db.Reader(scope(who, t)).EntitiesAfter(ctx, t, at.after, f.limit)
	if err != nil {
		return err
	}
	seen := map[key]any{}
	for _, e := range rows {
		seen[key{t, t.ID(e)}] = e
	}
	roots, err := r.roots(ctx, who.Account, seen)
	if err != nil {
		return err
	}
	for _, e := range rows {
		p.Changes = append(p.Changes, said(who, t, e, roots[key{t, t.ID(e)}], "exists", nil))
	}
	switch {
	case last != "":
		at.after = last
	case at.of+1 < len(f.types):
		*at = listing{of: at.of + 1}
	default:
		f.from.list = nil
	}
	p.More = true // what changed since the beginning comes next
	return nil
}

// see reads what was found. What the caller may not see is not there. Who sees all of a type hears of what was deleted as well.
func (r reading) see(ctx context.Context, who *tenant.Principal, types []*catalogue.Type, list []found) ([]Change, error) {
	seen := map[key]any{}
	for _, t := range types {
		if err := r.load(ctx, scope(who, t), t, list, seen); err != nil {
			return nil, err
		}
	}
	roots, err := r.roots(ctx, who.Account, seen)
	if err != nil {
		return nil, err
	}
	out := []Change{}
	for i := range list {
		f := &list[i]
		there := false
		for _, t := range f.types {
			if e := seen[key{t, f.id}]; e != nil {
				what := f.what
				if what == store.Deleted {
					what = store.Updated // and made anew
				}
				there = true
				out = append(out, said(who, t, e, roots[key{t, f.id}], whats[what], &f.at))
			}
		}
		if t := f.types[0]; !there && f.what == store.Deleted && seesAll(scope(who, t)) {
			out = append(out, Change{Type: t.Name, ID: string(f.id), At: &f.at, What: whats[store.Deleted]})
		}
	}
	return out, nil
}

// seesAll reports whether a scope leaves nothing of the account out.
func seesAll(s tenancy.Scope) bool {
	return s.Retailers() == nil && len(s.Locations()) == 0 && len(s.Where()) == 0
}

// load reads those of a type that were found.
func (r reading) load(ctx context.Context, scope tenancy.Scope, t *catalogue.Type, list []found, seen map[key]any) error {
	var ids []catalogue.ID
	known := map[catalogue.ID]bool{}
	for _, f := range list {
		for _, of := range f.types {
			if of == t && !known[f.id] {
				known[f.id] = true
				ids = append(ids, f.id)
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	rows, err := r.db.Reader(scope).ByID(ctx, t, ids...)
	if err != nil {
		return err
	}
	for i, e := range rows {
		if e != nil {
			seen[key{t, ids[i]}] = e
		}
	}
	return nil
}

// roots finds the roots of entities: one read for each type on the way, of whatever the account has.
func (r reading) roots(ctx context.Context, account tenancy.AccountID, seen map[key]any) (map[key]*Named, error) {
	whole, err := tenancy.NewScope(account)
	if err != nil {
		return nil, err
	}
	reader, cat := r.db.Reader(whole), r.db.Catalogue()
	out, under := map[key]*Named{}, map[key]any{} // under: how far up each one's way has led
	for k, e := range seen {
		under[k] = e
	}
	for len(under) > 0 {
		above := map[key][]key{}
		for k, e := range under {
			t := cat.TypeOf(e)
			by, id := t.Above(e)
			switch {
			case by == nil:
				out[k] = &Named{t.Name, string(t.ID(e))}
			case id != "":
				up := key{by.Ref, id}
				above[up] = append(above[up], k)
			}
		}
		clear(under)
		byType := map[*catalogue.Type][]catalogue.ID{}
		for up := range above {
			byType[up.typ] = append(byType[up.typ], up.id)
		}
		for t, ids := range byType {
			rows, err := reader.ByID(ctx, t, ids...)
			if err != nil {
				return nil, err
			}
			for i, e := range rows {
				for _, k := range above[key{t, ids[i]}] {
					if e != nil {
						under[k] = e
					}
				}
			}
		}
	}
	return out, nil
}

// said is an entity as the caller may see it: what GraphQL shows of its own fields. References to what he may not view, and what holds secrets, are left out.
func said(who *tenant.Principal, t *catalogue.Type, e any, root *Named, what string, at *time.Time) Change {
	c := Change{Type: t.Name, ID: string(t.ID(e)), Ref: t.Text(e, "ref"), Root: root, At: at, What: what}
	if t.Secret {
		return c
	}
	c.Entity = map[string]any{}
	for _, f := range t.Fields {
		if f.Hidden || f.Empty(e) || f.Ref != nil && f.Ref != t && who.CanSomewhere(f.Ref.Permission+"_VIEW") != nil {
			continue
		}
		c.Entity[f.Name] = f.Get(e)
	}
	return c
}
