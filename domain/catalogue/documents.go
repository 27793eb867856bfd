package catalogue

import "strings"

// DocumentTree is what is kept of a root in one row beside its tables, for those who read it again: the root itself, and what hangs on it by direct
// connections.
type DocumentTree struct {
	Table string // order_documents
	Key   string // its column with the root's id: order_id
	Parts []*Part
}

// connectDocument resolves a type's paths to the tree of its document. All that is in it must be reached by who reaches the root, and by nobody else.
func (b *builder) connectDocument(t *Type, paths string) {
	if strings.TrimSpace(paths) == "" {
		return
	}
	if t.IDKind != Number || t.Discriminator != nil || t.Retailer == nil || t.Retailer.Kind != IDValue {
		b.fail(t.Name, "document: only what has a number, a table and a retailer of its own is kept as a document")
		return
	}
	tree := &PartTree{}
	for _, path := range strings.Fields(paths) {
		if b.addPath(t, tree, path) == nil {
			return
		}
	}
	seen := map[*Type]bool{t: true}
	tree.Each(func(_, p *Part) {
		switch {
		case p.Edge == nil || p.Edge.By == nil || p.Target.Abstract() || p.Target.Discriminator != nil || p.Target.IDKind != Number || seen[p.Target]:
			b.fail(t.Name, "document: %s must be a direct connection to a type with numbers and a table of its own, which is in the document once", p.Word)
		case p.Target.RetailerVia != p.Edge.By:
			b.fail(t.Name, "document: who reaches a %s is not said by %s", p.Target.Name, p.Edge.By.Name)
		}
		seen[p.Target] = true
	})
	stem := snake(t.Name)
	t.Document = &DocumentTree{Table: stem + "_documents", Key: stem + "_id", Parts: tree.Parts}
}

// Each visits all branches, those nearer to the root first; above is nil for the nearest.
func (d *DocumentTree) Each(visit func(above, p *Part)) {
	if d != nil {
		(&PartTree{Parts: d.Parts}).Each(visit)
	}
}
