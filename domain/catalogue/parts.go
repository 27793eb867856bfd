package catalogue

import (
	"slices"
	"strings"
)

// Part is a branch in the tree of what hangs on a root: the entities that a reference or a connection leads to from those one branch
// nearer to the root. A root is read with all of them at once.
type Part struct {
	Word   string // as TypeSpec.Parts names it: items
	Target *Type  // often concrete, perhaps abstract: deliveryAddress
	Ref    *Field // the reference that leads there; nil: Edge does
	Edge   *Edge  // the connection that leads there; nil: Ref does
	Parts  []*Part
}

// PartTree is what hangs on a root, as TypeSpec.Parts declares it.
type PartTree struct {
	Parts []*Part // nearest to the root, in the order of their declaration
	whole map[wholeKey]bool
}

// wholeKey names the entities of a type that refer to one of another by a field.
type wholeKey struct {
	owner, target *Type
	by            *Field
}

// Whole reports whether the tree brings all that a connection leads to, from each entity of the owner's type in it. What it brings of the
// type by another way, without that connection, would have more that nobody has read.
func (t *PartTree) Whole(owner *Type, e *Edge) bool {
	return t != nil && e.By != nil && t.whole[wholeKey{owner, e.Target, e.By}]
}

// Each visits all branches, those nearer to the root first; above is nil for the nearest.
func (t *PartTree) Each(visit func(above, p *Part)) {
	if t == nil {
		return
	}
	var below func(above *Part, list []*Part)
	below = func(above *Part, list []*Part) {
		for _, p := range list {
			visit(above, p)
			below(p, p.Parts)
		}
	}
	below(nil, t.Parts)
}

// Connection finds a connection by its GraphQL name, or one that the API does not show and that a tree of parts names; nil if there is none.
func (t *Type) Connection(name string) *Edge {
	if e := t.Edge(name); e != nil {
		return e
	}
	for _, e := range t.unshown {
		if e.Name == name {
			return e
		}
	}
	return nil
}

// Connections lists all connections, those after Edges that the API does not show.
func (t *Type) Connections() []*Edge { return append(slices.Clip(t.Edges), t.unshown...) }

// connectParts resolves a type's paths to a tree.
func (b *builder) connectParts(t *Type, paths string) {
	if strings.TrimSpace(paths) == "" {
		return
	}
	if t.Root != nil {
		b.fail(t.Name, "parts: it hangs on another root, by %s: name its parts there", t.Root.Name)
		return
	}
	tree := &PartTree{whole: map[wholeKey]bool{}}
	ends := map[*Part]bool{}
	for _, path := range strings.Fields(paths) {
		end := b.addPath(t, tree, path)
		switch {
		case end == nil:
			return
		case ends[end]:
			b.fail(t.Name, "parts: %s is named twice", path)
			return
		}
		ends[end] = true
	}
	tree.Each(func(_, p *Part) {
		if ends[p] && len(p.Parts) > 0 {
			b.fail(t.Name, "parts: %s is named twice: a longer path leads through it", p.Word)
		}
	})
	tree.deriveWhole(t)
	t.Parts = tree
}

// addPath adds the branches of a path that are not there yet, and returns its end; nil where it leads nowhere.
func (b *builder) addPath(root *Type, tree *PartTree, path string) *Part {
	at, list, above := root, &tree.Parts, []*Type{root}
	var end *Part
	for _, word := range strings.Split(path, ".") {
		i := slices.IndexFunc(*list, func(p *Part) bool { return p.Word == word })
		if i < 0 {
			p := b.newPart(root, at, word, path)
			if p == nil {
				return nil
			}
			i, *list = len(*list), append(*list, p)
		}
		end = (*list)[i]
		for _, a := range above {
			if end.Target.Holds(a) || a.Holds(end.Target) {
				b.fail(root.Name, "parts: %s: at %s, %s would be its own dependant", path, word, a.Name)
				return nil
			}
		}
		at, list, above = end.Target, &end.Parts, append(above, end.Target)
	}
	return end
}

// newPart finds what a word means on a type: a reference, a connection, or the plural of a type that refers here by one reference.
func (b *builder) newPart(root, at *Type, word, path string) *Part {
	if f := at.fields[word]; f != nil && f.Ref != nil {
		return &Part{Word: word, Target: f.Ref, Ref: f}
	}
	if e := at.Connection(word); e != nil && e.Target != nil {
		return &Part{Word: word, Target: e.Target, Edge: e}
	}
	var found []*Edge
	for _, t := range b.cat.types {
		if t.Plural != word {
			continue
		}
		for _, f := range t.Fields {
			if f.Ref != nil && f.Ref.Holds(at) {
				found = append(found, &Edge{Name: word, Target: t, By: f})
			}
		}
	}
	switch len(found) {
	case 1:
		at.unshown = append(at.unshown, found[0])
		return &Part{Word: word, Target: found[0].Target, Edge: found[0]}
	case 0:
		b.fail(root.Name, "parts: %s leads nowhere at %s: %s has no such reference or connection, and no type of that plural refers to it", path, word, at.Name)
	default:
		b.fail(root.Name, "parts: %s is not clear at %s: %s refers to %s by %d references; declare a connection", path, word, found[0].Target.Name, at.Name, len(found))
	}
	return nil
}

// deriveWhole finds the connections that lead on from every branch of their owner's type.
func (t *PartTree) deriveWhole(root *Type) {
	branches, leads := map[*Type]int{}, map[wholeKey]int{}
	count := func(owner *Type, list []*Part) {
		for _, c := range owner.Concrete() {
			branches[c]++
			for _, p := range list {
				if p.Edge != nil && p.Edge.By != nil {
					leads[wholeKey{c, p.Target, p.Edge.By}]++
				}
			}
		}
	}
	count(root, t.Parts)
	t.Each(func(_, p *Part) { count(p.Target, p.Parts) })
	for key, n := range leads {
		t.whole[key] = n == branches[key.owner]
	}
}
