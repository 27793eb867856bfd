package storetest

import (
	"slices"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
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

// Reach makes an entity the retailer's: by its own field, or by its reference to what is in the tree, or beside it.
func (tree *Tree) Reach(e any) {
	typ := tree.with.Catalogue.TypeOf(e)
	via := typ.RetailerVia
	switch {
	case typ.Retailer != nil && typ.Retailer.Kind == catalogue.IDValue:
		typ.Retailer.Set(e, tree.with.Retailer)
	case via != nil:
		for _, x := range append(slices.Clone(tree.Parts), tree.Root) {
			if t := tree.with.Catalogue.TypeOf(x); via.Ref.Holds(t) {
				via.Set(e, t.ID(x))
				return
			}
		}
		via.Set(e, catalogue.ID(""))
		if !via.Null {
			other := tree.with.Entity(via.Ref)
			tree.Beside = append(tree.Beside, other)
			via.Set(e, via.Ref.ID(other))
			tree.Reach(other)
		}
	}
}

// Plant inserts entities and ties them.
func Plant(tx *store.Tx, links []Link, entities ...any) {
	tx.Insert(entities...)
	for _, l := range links {
		tx.Link(l.Edge, l.Owner, l.Target)
	}
}
