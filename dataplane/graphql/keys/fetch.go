package keys

import (
	"context"
	"reflect"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
)

// group is a set of wants of one type that point in the same way and are fetched by one statement.
type group struct {
	typ   *catalogue.Type
	wants []*Want
	found *[]any // in the order of wants
}

// fetch loads what is wanted in one round trip.
func fetch(ctx context.Context, r Reader, wants []*Want) error {
	p := r.Pipeline()
	byID, byKey := map[*catalogue.Type]*group{}, map[*catalogue.Type]*group{}
	var order []*group
	var loose []*looseGroup
	wants, err := narrowed(ctx, r, wants)
	if err != nil {
		return err
	}
	for _, w := range wants {
		if w.loose {
			loose = addLoose(loose, w)
			continue
		}
		into, values := byKey, w.values()
		if _, ok := values[w.Type.Field("id")]; ok {
			into = byID
		}
		g := into[w.Type]
		if g == nil {
			g = &group{typ: w.Type}
			into[w.Type] = g
			order = append(order, g)
		}
		g.wants = append(g.wants, w)
	}
	for _, g := range order {
		if byID[g.typ] == g {
			g.found = p.ByID(g.typ, g.ids()...)
		} else {
			g.found = p.ByKey(g.typ, g.keys()...)
		}
	}
	for _, g := range loose {
		g.found = p.Select(g.query())
	}
	if err := p.Run(ctx); err != nil {
		return err
	}
	for _, g := range order {
		for i, w := range g.wants {
			if e := (*g.found)[i]; e != nil && w.agrees(e) {
				w.Entity = e
			}
		}
	}
	for _, g := range loose {
		g.take()
	}
	return nil
}

func (g *group) ids() []catalogue.ID {
	out := make([]catalogue.ID, len(g.wants))
	for i, w := range g.wants {
		out[i], _ = w.values()[w.Type.Field("id")].(catalogue.ID)
	}
	return out
}

func (g *group) keys() []store.Key {
	out := make([]store.Key, len(g.wants))
	for i, w := range g.wants {
		values := w.values()
		key := make(store.Key, len(g.typ.Key))
		for n, f := range g.typ.Key {
			key[n] = values[f]
		}
		out[i] = key
	}
	return out
}

// agrees reports whether an entity has all the values that the key gives: an id found it, but a ref beside it must match too.
func (w *Want) agrees(entity any) bool {
	t := concrete(w.Type, entity)
	for f, v := range w.values() {
		own := t.Field(f.Name)
		if own == nil || own.Get(entity) != v {
			return false
		}
	}
	return true
}

func concrete(t *catalogue.Type, entity any) *catalogue.Type {
	for _, m := range t.Members {
		if sameType(m, entity) {
			return m
		}
	}
	return t
}

func sameType(t *catalogue.Type, entity any) bool {
	return t.Go != nil && reflect.TypeOf(entity) == reflect.PointerTo(t.Go)
}

// looseGroup is a set of Exists wants of one type over the same fields.
type looseGroup struct {
	wants []*Want
	found *store.Result
}

func addLoose(groups []*looseGroup, w *Want) []*looseGroup {
	for _, g := range groups {
		if g.wants[0].sameFields(w) {
			g.wants = append(g.wants, w)
			return groups
		}
	}
	return append(groups, &looseGroup{wants: []*Want{w}})
}

func (w *Want) sameFields(other *Want) bool {
	if w.Type != other.Type || len(w.parts) != len(other.parts) {
		return false
	}
	for i := range w.parts {
		if w.parts[i].field != other.parts[i].field {
			return false
		}
	}
	return true
}

// query asks for all values of each field; what matches crosswise is ignored by take.
func (g *looseGroup) query() store.Query {
	first := g.wants[0]
	q := store.Query{Type: first.Type, Fields: []*catalogue.Field{first.Type.Field("id")}, NoCursors: true}
	for i, p := range first.parts {
		c := store.Condition{Field: p.field, Op: store.In}
		seen := map[any]bool{}
		for _, w := range g.wants {
			if v := w.parts[i].value; !seen[v] {
				seen[v] = true
				c.Values = append(c.Values, v)
			}
		}
		q.Where, q.Fields = append(q.Where, c), append(q.Fields, p.field)
	}
	return q
}

func (g *looseGroup) take() {
	for _, group := range g.found.Groups {
		for _, row := range group.Rows {
			for _, w := range g.wants {
				if w.Entity == nil && w.matches(row) {
					w.Entity = row[0]
				}
			}
		}
	}
}

func (w *Want) matches(row []any) bool {
	for i, p := range w.parts {
		if row[i+1] != p.value {
			return false
		}
	}
	return true
}
