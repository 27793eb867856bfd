package storetest

import (
	"slices"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

// Tree is a root with one entity at the end of each path of its type's parts (catalogue.TypeSpec.Parts).
type Tree struct {
	Root   any
	Parts  []any // in the order of the branches
	Links  []Link
	Beside []any // no parts, but what says whose the parts are
	with   Growing
}

// Link ties two entities along a connection with a link table.
type Link struct {
	Edge          *catalogue.Edge
	Owner, Target catalogue.ID
}

// Growing is what trees are made of.
type Growing struct {
	Catalogue *catalogue.Catalogue
	Retailer  catalogue.ID              // whose they are
	Entity    func(*catalogue.Type) any // makes an entity with an id; all else is free
}

// Grow makes a tree of a type: entities that point at each other as its paths say. Nothing is written.
func Grow(typ *catalogue.Type, with Growing) *Tree {
	tree := &Tree{Root: with.Entity(typ), with: with}
	tree.Reach(tree.Root)
	at := map[*catalogue.Part]any{nil: tree.Root}
	typ.Parts.Each(func(above, p *catalogue.Part) {
		kinds := p.Target.Concrete()
		kind := kinds[len(kinds)-1]
		e, owner := with.Entity(kind), at[above]
		of := with.Catalogue.TypeOf(owner)
		switch {
		case p.Ref != nil:
			of.Field(p.Ref.Name).Set(owner, kind.ID(e))
		case p.Edge.Link != nil:
			tree.Links = append(tree.Links, Link{p.Edge, of.ID(owner), kind.ID(e)})
		default:
			kind.Field(p.Edge.By.Name).Set(e, of.ID(owner))
		}
		tree.Reach(e)
		tree.Parts = append(tree.Parts, e)
		at[p] = e
	})
	return tree
}

// Place makes an entity of a type, and what is on one of its ways to a location between it and that one. Nothing is written.
func Place(typ *catalogue.Type, way catalogue.Way, at tenancy.Location, with Growing) *Tree {
	tree := &Tree{Root: with.Entity(typ), with: with}
	chain := []any{tree.Root}
	for i, s := range way.Steps {
		kind := s.Target
		if kind.Abstract() { // the one that has what comes next
			next := way.At
			if i+1 < len(way.Steps) {
				next = way.Steps[i+1].Ref
			}
			kind = kind.Members[slices.IndexFunc(kind.Members, func(m *catalogue.Type) bool { return m.Field(next.Name) == next })]
		}
		chain = append(chain, with.Entity(kind))
	}
	tree.Parts = chain[1:]
	for _, e := range chain {
		tree.Reach(e)
		if via := with.Catalogue.TypeOf(e).RetailerVia; via != nil && via.Empty(e) {
			tree.under(e, via)
		}
	}
	for i, s := range way.Steps {
		from, to := chain[i], chain[i+1]
		of, kind := with.Catalogue.TypeOf(from), with.Catalogue.TypeOf(to)
		switch {
		case s.Ref != nil:
			s.Ref.Set(from, kind.ID(to))
		case s.Back != nil:
			s.Back.Set(to, of.ID(from))
		case s.Edge.Link == nil:
			s.Edge.By.Set(to, of.ID(from))
		default:
			tree.Links = append(tree.Links, Link{s.Edge, of.ID(from), kind.ID(to)})
		}
	}
	last := chain[len(chain)-1]
	if way.ByID() {
		way.At.Set(last, catalogue.ID(at.ID))
	} else {
		way.At.Set(last, at.Ref)
	}
	return tree
}

// Reach makes an entity the retailer's: by its own field, or by its reference to what is in the tree, or beside it.
func (tree *Tree) Reach(e any) {
	typ := tree.with.Catalogue.TypeOf(e)
	via := typ.RetailerVia
	switch {
	case typ.Retailer != nil && typ.Retailer.Kind == catalogue.IDValue:
		typ.Retailer.Set(e, tree.with.Retailer)
	case typ.Retailer != nil:
		typ.Retailer.Set(e, []string{string(tree.with.Retailer)})
	case via != nil:
		for _, x := range append(slices.Clone(tree.Parts), tree.Root) {
			if t := tree.with.Catalogue.TypeOf(x); via.Ref.Holds(t) {
				via.Set(e, t.ID(x))
				return
			}
		}
		via.Set(e, catalogue.ID(""))
		if !via.Null {
			tree.under(e, via)
		}
	}
}

// under makes what an entity is the retailer's by, beside the tree.
func (tree *Tree) under(e any, via *catalogue.Field) {
	other := tree.with.Entity(via.Ref)
	tree.Beside = append(tree.Beside, other)
	via.Set(e, via.Ref.ID(other))
	tree.Reach(other)
}

// Plant inserts entities and ties them.
func Plant(tx *store.Tx, links []Link, entities ...any) {
	tx.Insert(entities...)
	for _, l := range links {
		tx.Link(l.Edge, l.Owner, l.Target)
	}
}
