package turn

import (
	"context"
	"fmt"
	"slices"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
)

// stored loads a root with its parts, as its type declares them. root is nil when there is no such entity.
func (r *Runner) stored(ctx context.Context, rd *store.Reader, entityType string, id catalogue.ID) (root any, parts []any, err error) {
	for _, t := range r.types.of(entityType) {
		if root, parts, err = rd.Aggregate(ctx, t, id); err != nil || root != nil {
			return root, parts, err
		}
	}
	return nil, nil, nil
}

// Existing finds the entities that would be loaded with a new root, but for what is created with it: those that exist already, such as the
// customer of an order. known is what the caller has read a moment ago. The rest is read branch by branch, all branches of one length in one
// round trip, by one statement for each type.
func (r *Runner) Existing(ctx context.Context, rd *store.Reader, root any, parts, known []any) ([]any, error) {
	t := r.types.typeOf(root)
	if t == nil {
		return nil, fmt.Errorf("begin with a root: %T is no entity", root)
	}
	if t.Parts == nil {
		return nil, nil
	}
	s := starting{types: r.types, created: append(slices.Clip(parts), root), known: known}
	var level []step
	for _, p := range t.Parts.Parts {
		level = append(level, step{p, []any{root}})
	}
	for len(level) > 0 {
		var err error
		if level, err = s.follow(ctx, rd, level); err != nil {
			return nil, fmt.Errorf("load what %s %s begins with: %w", t.Name, t.ID(root), err)
		}
	}
	return s.existing, nil
}

// starting is what is found of a new root's tree.
type starting struct {
	types    *types
	created  []any // the root and what is created with it
	known    []any
	existing []any // what is found of the rest
}

// step is a branch that is to be followed, and where it begins.
type step struct {
	part *catalogue.Part
	from []any
}

// follow finds the ends of branches, and the branches that go on from there.
func (s *starting) follow(ctx context.Context, rd *store.Reader, level []step) (next []step, err error) {
	read := rd.Pipeline()
	var wanted map[*catalogue.Type][]catalogue.ID
	var near []*[]any
	far := make([]*[]any, len(level))
	for i, at := range level {
		if at.part.Ref != nil {
			wanted = s.want(wanted, at)
		} else if owners := s.stored(at.from); len(owners) > 0 { // of new owners there is nothing but what is created with them
			far[i] = read.Entities(store.Query{Type: at.part.Target, Parents: &store.Parents{Edge: at.part.Edge, IDs: owners}})
		}
	}
	for typ, ids := range wanted {
		near = append(near, read.ByID(typ, ids...))
	}
	if err := read.Run(ctx); err != nil {
		return nil, err
	}
	for _, found := range append(near, far...) {
		if found != nil {
			s.keep(*found)
		}
	}
	for i, at := range level {
		if len(at.part.Parts) == 0 {
			continue
		}
		ends := s.ends(at, far[i])
		for _, p := range at.part.Parts {
			next = append(next, step{p, ends})
		}
	}
	return next, nil
}

// want adds what a reference leads to and nobody has yet.
func (s *starting) want(wanted map[*catalogue.Type][]catalogue.ID, at step) map[*catalogue.Type][]catalogue.ID {
	to := at.part.Target
	for _, owner := range at.from {
		if id := refOf(at.part.Ref, s.types.typeOf(owner), owner); id != "" && s.find(to, id) == nil && !slices.Contains(wanted[to], id) {
			if wanted == nil {
				wanted = map[*catalogue.Type][]catalogue.ID{}
			}
			wanted[to] = append(wanted[to], id)
		}
	}
	return wanted
}

// keep takes what was read, each entity once: what is known already is put in its place.
func (s *starting) keep(found []any) {
	for i, e := range found {
		if e == nil {
			continue
		}
		t := s.types.typeOf(e)
		if known := s.find(t, t.ID(e)); known != nil {
			found[i] = known
		} else {
			s.existing = append(s.existing, e)
		}
	}
}

// find looks for an entity in memory. One that the caller knew belongs to the root from then on.
func (s *starting) find(t *catalogue.Type, id catalogue.ID) any {
	is := func(e any) bool { at := s.types.typeOf(e); return t.Holds(at) && at.ID(e) == id }
	for _, list := range [][]any{s.created, s.existing} {
		if i := slices.IndexFunc(list, is); i >= 0 {
			return list[i]
		}
	}
	if i := slices.IndexFunc(s.known, is); i >= 0 {
		s.existing = append(s.existing, s.known[i])
		return s.known[i]
	}
	return nil
}

// stored are the ids of those entities that are not created now.
func (s *starting) stored(list []any) (ids []catalogue.ID) {
	for _, e := range list {
		if !slices.Contains(s.created, e) {
			ids = append(ids, s.types.typeOf(e).ID(e))
		}
	}
	return ids
}

// ends are the entities that a branch leads to; far is what was read of them at the far end of its connection.
func (s *starting) ends(at step, far *[]any) (out []any) {
	if far != nil {
		out = *far
	}
	for _, owner := range at.from {
		t := s.types.typeOf(owner)
		if at.part.Ref != nil {
			if id := refOf(at.part.Ref, t, owner); id != "" {
				if e := s.find(at.part.Target, id); e != nil && !slices.Contains(out, e) {
					out = append(out, e)
				}
			}
			continue
		}
		for _, e := range s.created {
			if own := s.types.typeOf(e); at.part.Edge.By != nil && at.part.Target.Holds(own) && refOf(at.part.Edge.By, own, e) == t.ID(owner) {
				out = append(out, e)
			}
		}
	}
	return out
}

// refOf is whom an entity of a type refers to by a field, of its own or of an interface that it has.
func refOf(f *catalogue.Field, t *catalogue.Type, ptr any) catalogue.ID {
	if own := t.Field(f.Name); own != nil {
		if id, ok := own.Pointer(ptr).(*catalogue.ID); ok {
			return *id
		}
	}
	return ""
}
