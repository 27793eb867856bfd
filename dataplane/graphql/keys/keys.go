// Package keys finds the entities that inputs point at: by id, by natural key, or by both. Many references are found together, with
// one statement for each type and way of pointing, and one round trip for all that do not build on each other.
package keys

import (
	"context"
	"fmt"
	"strings"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// Want is one reference that is to be found. Resolve fills Entity.
type Want struct {
	Type   *catalogue.Type
	Place  string // where the input stands: input.items[2].product
	Entity any    // pointer to the struct; nil: there is none. For Exists: the id
	parts  []part
	loose  bool // found by any fields; only the id is read
	only   bool // parts of its key that are not given do not matter, if one entity alone has the others
	many   bool // there are several
}

// part is one member of a key: a plain value, or the key of another entity.
type part struct {
	field *catalogue.Field
	value any
	outer *Want
}

// New reads a key input. The error is Invalid if nothing in it says which entity is meant.
func New(key *catalogue.Input, value map[string]any, place string) (*Want, error) {
	w := &Want{Type: key.Of, Place: place}
	for _, f := range key.Fields {
		v, ok := value[f.Name]
		if !ok || v == nil {
			continue
		}
		p := part{field: f.Field, value: v}
		if object, nested := v.(map[string]any); nested && f.Key != nil {
			outer, err := New(f.Key, object, place+"."+f.Name)
			if err != nil {
				return nil, err
			}
			if p.outer = outer; outer.isID() {
				p.outer, p.value = nil, outer.parts[0].value
			}
		}
		w.parts = append(w.parts, p)
	}
	if len(w.parts) == 0 {
		return nil, fault.Invalidf(place, "%s names nothing", key.Name).WithCode(fault.CodeMissing)
	}
	return w, nil
}

// Alone lets parts of the key lack: those that are given must then be one entity's alone.
func (w *Want) Alone() { w.only = true }

// isID reports whether a key gives an id alone: inside of another key, the id need not be looked for to go on with it.
func (w *Want) isID() bool { return len(w.parts) == 1 && w.parts[0].field == w.Type.Field("id") }

// Given is the id that a key gives alone; empty where it gives something else.
func (w *Want) Given() catalogue.ID {
	if !w.isID() {
		return ""
	}
	id, _ := asValue(w.parts[0].field, w.parts[0].value).(catalogue.ID)
	return id
}

// Within says that what is wanted is a part of what another key finds, where its own key gives neither an id nor the reference to that.
func (w *Want) Within(by *catalogue.Field, whole *Want) {
	for _, p := range w.parts {
		if p.field == by || p.field == w.Type.Field("id") {
			return
		}
	}
	if whole.isID() {
		w.parts = append(w.parts, part{field: by, value: whole.parts[0].value})
		return
	}
	w.parts = append(w.parts, part{field: by, outer: whole})
}

// ByID wants an entity whose id is known.
func ByID(t *catalogue.Type, id catalogue.ID, place string) *Want {
	return &Want{Type: t, Place: place, parts: []part{{field: t.Field("id"), value: string(id)}}}
}

// Exists wants to know whether there is an entity whose fields, which need not be its key, have these values.
func Exists(t *catalogue.Type, fields []*catalogue.Field, values []any, place string) *Want {
	w := &Want{Type: t, Place: place, loose: true}
	for i, f := range fields {
		w.parts = append(w.parts, part{field: f, value: values[i]})
	}
	return w
}

// Text names what is wanted, for messages and as a key of caches: the same text means the same entity.
func (w *Want) Text() string { return w.Type.Name + " " + w.describe() }

// Loose reports whether only the existence is wanted.
func (w *Want) Loose() bool { return w.loose }

// ID is the id that was found; empty if there is none.
func (w *Want) ID() catalogue.ID {
	if w.Entity == nil {
		return ""
	}
	if id, ok := w.Entity.(catalogue.ID); ok {
		return id
	}
	return idOf(w.Entity, w.Type)
}

// Missing is the fault for a reference that was not found; nil if it was.
func (w *Want) Missing() error {
	if w.Entity != nil {
		return nil
	}
	for _, p := range w.parts {
		if p.outer != nil && p.outer.Entity == nil {
			return p.outer.Missing()
		}
	}
	if w.many {
		return fault.Invalidf(w.Place, "there are several with %s: give %s too", w.describe(), w.lacking()).WithCode(fault.CodeMissing)
	}
	return fault.NotFoundf("%s not found: %s", w.Type.Name, w.describe()).At(w.Place)
}

func (w *Want) describe() string {
	var out []string
	for _, p := range w.parts {
		if p.outer != nil {
			out = append(out, p.field.Name+" "+p.outer.describe())
			continue
		}
		out = append(out, fmt.Sprintf("%s %v", p.field.Name, p.value))
	}
	return strings.Join(out, ", ")
}

// Reader is where entities are read: the database or a transaction.
type Reader interface {
	Pipeline() *store.Pipeline
}

// Resolve finds what is wanted. Wants whose entity is known already cost nothing; what is not found stays nil and is no error.
func Resolve(ctx context.Context, r Reader, wants ...*Want) error {
	seen := map[string]*Want{}
	var same [][2]*Want
	pending := collect(wants, seen, &same)
	for len(pending) > 0 {
		ready, blocked := split(pending)
		if len(ready) == 0 {
			break
		}
		if err := fetch(ctx, r, ready); err != nil {
			return err
		}
		pending = blocked
	}
	for _, pair := range same {
		pair[0].Entity = pair[1].Entity
	}
	return nil
}

// collect lists the wants and those inside their keys, each thing that is wanted once; same pairs repetitions with the first.
func collect(wants []*Want, seen map[string]*Want, same *[][2]*Want) []*Want {
	var out []*Want
	for _, w := range wants {
		if w.Entity != nil {
			continue
		}
		key := w.Text()
		if first := seen[key]; first != nil {
			if first != w {
				*same = append(*same, [2]*Want{w, first})
			}
			continue
		}
		seen[key] = w
		for i, p := range w.parts {
			if p.outer == nil {
				continue
			}
			if first := seen[p.outer.Text()]; first != nil && first != p.outer {
				w.parts[i].outer = first
				continue
			}
			out = append(out, collect([]*Want{p.outer}, seen, same)...)
		}
		out = append(out, w)
	}
	return out
}

// split separates the wants that can be fetched now from those whose outer key is not fetched yet. A want whose outer entity
// does not exist is dropped.
func split(pending []*Want) (ready, blocked []*Want) {
	waiting := map[*Want]bool{}
	for _, w := range pending {
		waiting[w] = true
	}
	for _, w := range pending {
		now, lost := true, false
		for _, p := range w.parts {
			if p.outer == nil || p.outer.Entity != nil {
				continue
			}
			if waiting[p.outer] {
				now = false
			} else {
				lost = true
			}
		}
		switch {
		case lost:
		case now:
			ready = append(ready, w)
		default:
			blocked = append(blocked, w)
		}
	}
	return ready, blocked
}

// values gives the parts of a key by field, with references as ids.
func (w *Want) values() map[*catalogue.Field]any {
	out := make(map[*catalogue.Field]any, len(w.parts))
	for _, p := range w.parts {
		if p.outer != nil {
			out[p.field] = p.outer.ID()
			continue
		}
		out[p.field] = asValue(p.field, p.value)
	}
	return out
}

func asValue(f *catalogue.Field, v any) any {
	if s, ok := v.(string); ok && f.Kind == catalogue.IDValue {
		return catalogue.ID(s)
	}
	return v
}

func idOf(entity any, t *catalogue.Type) catalogue.ID {
	id, _ := concrete(t, entity).Field("id").Get(entity).(catalogue.ID)
	return id
}
