package store

import (
	"maps"
	"slices"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

// staleDocuments are the roots whose documents a transaction makes stale, over all its flushes. What it made itself nobody has read.
type staleDocuments struct {
	all map[*documented]*staleRoots
}

type staleRoots struct {
	fresh   map[int64]bool    // roots that the transaction has made
	changed []map[int64]bool  // rows that it changes, by branch
	above   []map[int64]int64 // what rows hang on, where that is known
}

func (s *staleDocuments) of(d *documented) *staleRoots {
	r := s.all[d]
	if r == nil {
		if s.all == nil {
			s.all = map[*documented]*staleRoots{}
		}
		n := len(d.branches)
		r = &staleRoots{fresh: map[int64]bool{}, changed: make([]map[int64]bool, n), above: make([]map[int64]int64, n)}
		s.all[d] = r
	}
	return r
}

// take notes what a flush writes, and returns what must be sent before it: the invalidation of roots that rows leave, which nobody finds afterwards.
func (s *staleDocuments) take(db *DB, p *pending, account string) (first []call) {
	for _, g := range p.inserts {
		if b := db.documents[g.model.typ]; b != nil {
			for _, e := range g.entities {
				s.of(b.of).inserted(b, e)
			}
		}
	}
	var leaving staleDocuments
	for _, u := range p.rewritten() {
		if b := db.documents[u.model.typ]; b != nil {
			id, _ := parseNumber(u.id)
			if s.of(b.of).updated(b, id, u) {
				leaving.of(b.of).row(b, id)
			}
		}
	}
	for _, g := range p.deletes {
		b := db.documents[g.typ]
		if b == nil {
			continue
		}
		for _, text := range g.ids {
			id, _ := parseNumber(text)
			if b.above == nil {
				s.of(b.of).row(b, id)
			} else {
				leaving.of(b.of).row(b, id)
			}
		}
	}
	return leaving.calls(account)
}

// inserted notes a new row.
func (r *staleRoots) inserted(b *documentBranch, e any) {
	text, _ := b.model.id.field.Get(e).(catalogue.ID)
	id, _ := parseNumber(text)
	if b.above == nil {
		r.fresh[id] = true
		return
	}
	if above, ok := aboveOf(b, e); ok {
		r.hangs(b, id, above)
		r.row(b.above, above)
	}
}

// updated notes a changed row, and reports whether it hangs on something else now. What it hangs on its struct says, if it says anything.
func (r *staleRoots) updated(b *documentBranch, id int64, u *entityUpdate) (moved bool) {
	r.row(b, id)
	if b.above == nil {
		return false
	}
	for _, f := range u.fields {
		above, ok := aboveOf(b, f.entity)
		switch {
		case f.column.field == b.edge.By:
			moved = true
			if ok {
				r.row(b.above, above)
			}
		case ok:
			r.hangs(b, id, above)
		}
	}
	if moved {
		delete(r.above[b.number], id)
	}
	return moved
}

func aboveOf(b *documentBranch, e any) (int64, bool) {
	text, _ := b.edge.By.Get(e).(catalogue.ID)
	return parseNumber(text)
}

func (r *staleRoots) hangs(b *documentBranch, id, above int64) {
	if r.above[b.number] == nil {
		r.above[b.number] = map[int64]int64{}
	}
	r.above[b.number][id] = above
}

// row notes that a row, or what hangs on it, changes.
func (r *staleRoots) row(b *documentBranch, id int64) {
	if r.changed[b.number] == nil {
		r.changed[b.number] = map[int64]bool{}
	}
	r.changed[b.number][id] = true
}

// roots are those of all changed rows but new ones, and by branch the rows of which only the database knows the root.
func (r *staleRoots) roots(d *documented) (roots []int64, parts [][]int64) {
	all, unknown := map[int64]bool{}, make([]map[int64]bool, len(d.branches))
	for _, b := range d.branches {
		for id := range r.changed[b.number] {
			at, ok := b, true
			for ; at.above != nil && ok; at = at.above {
				var above int64
				if above, ok = r.above[at.number][id]; ok {
					id = above
				} else if unknown[at.number] == nil {
					unknown[at.number] = map[int64]bool{id: true}
				} else {
					unknown[at.number][id] = true
				}
			}
			if ok && !r.fresh[id] {
				all[id] = true
			}
		}
	}
	for _, ids := range unknown[1:] {
		parts = append(parts, sorted(ids))
	}
	return sorted(all), parts
}

// calls invalidate the documents of all that was noted.
func (r *staleRoots) calls(d *documented, account string) []call {
	roots, parts := r.roots(d)
	c := call{name: d.tree.Table + ".stale", args: []any{account, roots}}
	switch {
	case slices.ContainsFunc(parts, func(ids []int64) bool { return len(ids) > 0 }):
		c.sql = d.texts.staleParts
		for _, ids := range parts {
			c.args = append(c.args, ids)
		}
	case len(roots) == 1:
		c.sql, c.args[1] = d.texts.stale, roots[0]
	case len(roots) > 0:
		c.sql = d.texts.staleMany
	default:
		return nil
	}
	return []call{c}
}

func sorted(ids map[int64]bool) []int64 {
	return slices.Sorted(maps.Keys(ids))
}

// calls are the statements that come right before COMMIT.
func (s *staleDocuments) calls(account string) (calls []call) {
	for d, r := range s.all {
		calls = append(calls, r.calls(d, account)...)
	}
	return calls
}
