package store

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

// askKind is how a query asks for what documents have.
type askKind uint8

const (
	askNone   askKind = iota // documents do not have it
	askRoot                  // a root by its id
	askKeyed                 // a root by its natural key
	askBelow                 // what hangs directly on roots
	askOwners                // what hangs on that, of one root
	askDeep                  // what hangs on rows below roots
	askInside                // rows below roots by their ids
)

// Where the answer for one place of an ask comes from.
const (
	settled  uint8 = iota // it is there, or on its way
	awaited               // documents that are held, or being read
	toTables              // only the tables have it
)

// documentAsk is a query, and what becomes of it. It has a place for each id.
type documentAsk struct {
	q      *Query
	scope  tenancy.Scope
	kind   askKind
	branch *documentBranch // whose rows are wanted
	from   *documentBranch // whose ids are given
	ids    []int64
	key    string
	left   []uint8
	at     []int // where each of the branch's columns goes, up to the last that goes anywhere; -1: nowhere
	res    *Result
	inside []pageRow
	taken  int
}

// youngest is how old rows are whose cursors are made without asking for the horizon: it has passed them, however long a write takes.
const youngest = 4 * longLife

// documentAsk finds out what a query asks of documents. What pages that begin at cursors, filters, other orders and limits of roles ask goes to the tables.
func (db *DB) documentAsk(scope tenancy.Scope, q *Query) documentAsk {
	a := documentAsk{q: q, scope: scope, left: []uint8{toTables}}
	b := db.documents[q.Type]
	if b == nil || q.Totals != nil || q.Page.Last > 0 || q.Page.After != "" || q.Page.Before != "" || q.Page.First < 0 {
		return a
	}
	kind := a.aims(b)
	if kind == askNone || !a.columns(b) {
		return a
	}
	a.kind, a.branch = kind, b
	a.left = make([]uint8, max(len(a.ids), 1))
	a.res = &Result{Groups: make([]Group, len(a.left))}
	switch kind {
	case askKeyed:
		a.ids = []int64{0}
	case askOwners:
		a.res.Groups = a.res.Groups[:0]
	case askInside:
		a.res.Groups = a.res.Groups[:1]
	case askBelow, askDeep:
		for i, id := range q.Parents.IDs {
			a.res.Groups[i].Parent = id
		}
	}
	return a
}

// aims tells what a query on a branch asks for, and finds the ids that it names.
func (a *documentAsk) aims(b *documentBranch) askKind {
	q := a.q
	switch {
	case q.Parents == nil:
		return a.named(b)
	case len(q.Where) > 0 || q.Page.First == 0 || q.Parents.Edge != b.edge:
		return askNone
	case q.Parents.Of != nil:
		of := q.Parents.Of
		if id, ok := parseNumber(of.ID); ok && b.above.edge == of.Edge && b.above.above == b.of.root() && q.NoCursors {
			a.ids, a.from = []int64{id}, b.of.root()
			return askOwners
		}
		return askNone
	}
	a.from = b.above
	for _, id := range q.Parents.IDs {
		n, ok := parseNumber(id)
		if !ok {
			return askNone
		}
		a.ids = append(a.ids, n)
	}
	if len(a.ids) == 0 {
		return askNone
	}
	if b.above.above == nil {
		return askBelow
	}
	return askDeep
}

// named are entities by their ids, or a root by its natural key.
func (a *documentAsk) named(b *documentBranch) askKind {
	q := a.q
	if len(q.Where) != 1 || q.Where[0].Op != In || !q.NoCursors {
		return askNone
	}
	c := q.Where[0]
	if c.Field == b.model.id.field {
		for _, v := range c.Values {
			id, _ := v.(catalogue.ID)
			n, ok := parseNumber(id)
			if !ok {
				return askNone
			}
			a.ids = append(a.ids, n)
		}
		switch a.from = b; {
		case b.above == nil && len(a.ids) == 1:
			return askRoot
		case b.above != nil && len(a.ids) > 0 && q.Page.First == 0:
			return askInside
		}
		return askNone
	}
	key, isText := "", false
	if len(c.Values) == 1 {
		key, isText = c.Values[0].(string)
	}
	if b.above != nil || b.of.texts.keyed == "" || c.Field != b.model.typ.Key[0] || !isText {
		return askNone
	}
	a.key = key
	return askKeyed
}

// columns finds where values go; false: a field is wanted twice, or is none of the branch's.
func (a *documentAsk) columns(b *documentBranch) bool {
	if a.q.Fields == nil {
		for i := range b.model.columns {
			a.at = append(a.at, i)
		}
		return true
	}
	a.at = make([]int, len(b.model.columns))
	for i := range a.at {
		a.at[i] = -1
	}
	last := -1
	for i, f := range a.q.Fields {
		c, ok := b.model.byField[f]
		if !ok {
			return false
		}
		at := b.column[c.name]
		if a.at[at] >= 0 {
			return false
		}
		a.at[at], last = i, max(last, at)
	}
	a.at = a.at[:last+1]
	return true
}

// width is how many values a row has.
func (a *documentAsk) width() int {
	if a.q.Fields == nil {
		return len(a.branch.model.columns)
	}
	return len(a.q.Fields)
}

// settle says that the tables answer all of it.
func (a *documentAsk) settle() {
	clear(a.left)
	a.q.Budget.take(-a.taken)
	a.taken = 0
}

// answer answers a place of an ask from documents, or leaves it to the tables.
func (x *documentRound) answer(a *documentAsk, place int) error {
	a.left[place] = toTables
	doc, node, ok := x.r.docs.find(a, place)
	if !ok || !doc.allows(a.scope, a.branch.model.typ) {
		return nil
	}
	var err error
	switch a.kind {
	case askRoot, askKeyed:
		ok, err = a.takeRow(node)
	case askBelow, askDeep:
		ok, err = x.page(a, node, &a.res.Groups[place])
	case askOwners:
		ok, err = x.pages(a, node)
	case askInside:
		ok, err = a.gather(node, place)
	}
	if err != nil {
		return err
	}
	if ok {
		a.left[place] = settled
	}
	return nil
}

// find is the node that a place of an ask is about.
func (d *Documents) find(a *documentAsk, place int) (*document, documentNode, bool) {
	id := a.ids[place]
	if a.kind == askDeep || a.kind == askInside {
		n, ok := d.locate(a.from, id)
		return n.doc, n.documentNode, ok
	}
	doc := d.held[documentRef{a.branch.of, id}]
	if doc == nil {
		return nil, documentNode{}, false
	}
	return doc, doc.root, true
}

// take takes rows from the query's budget.
func (a *documentAsk) take(rows int) error {
	a.taken += rows
	if !a.q.Budget.take(rows) {
		return a.q.Budget.spent()
	}
	return nil
}

// takeRow answers with one row.
func (a *documentAsk) takeRow(n documentNode) (bool, error) {
	row := make([]any, a.width())
	if n.values(a.branch.model.columns, a.at, row) != nil {
		return false, nil
	}
	a.res.Groups[0].Rows = [][]any{row}
	return true, a.take(1)
}

// page answers with the first rows below a node.
func (x *documentRound) page(a *documentAsk, n documentNode, to *Group) (bool, error) {
	count, nodes := n.list(a.branch.place)
	rows, width := min(count, a.q.Page.First), a.width()
	g := grouping{Group: Group{Parent: to.Parent, HasNext: count > rows}}
	if rows > 0 {
		g.Rows = make([][]any, rows)
	}
	slab := make([]any, rows*width)
	for i := range g.Rows {
		row := nodes.node(len(a.branch.below))
		g.Rows[i] = slab[i*width : (i+1)*width : (i+1)*width]
		if nodes.bad || row.values(a.branch.model.columns, a.at, g.Rows[i]) != nil {
			return false, nil
		}
		if !a.q.NoCursors {
			p, ok := a.branch.position(row)
			if !ok || p.micros > x.r.db.clock.now().Add(-youngest).UnixMicro() {
				return false, nil
			}
			g.at = append(g.at, p)
		}
	}
	if !a.q.NoCursors {
		a.cursors(string(x.r.docs.account), &g)
	}
	*to = g.Group
	return !nodes.bad, a.take(min(count, rows+1))
}

// cursors makes those of rows that the horizon has passed.
func (a *documentAsk) cursors(account string, g *grouping) {
	if !a.q.Follow {
		for _, p := range g.at {
			g.Cursors = append(g.Cursors, p.plain())
		}
		return
	}
	g.horizon = math.MaxInt64
	s := selection{shape: &shape{}, query: a.q, bounds: bounds{seal: seal(account, a.q)}}
	s.print(g)
}

// pages answers with the first rows below each of the first owners, those that have any.
func (x *documentRound) pages(a *documentAsk, root documentNode) (bool, error) {
	above := a.branch.above
	count, owners := root.list(above.place)
	column := above.column[above.model.id.name]
	a.res.Groups = a.res.Groups[:0]
	for range min(count, a.q.Parents.Of.First) {
		owner := owners.node(len(above.below))
		id, ok := owner.number(column)
		if !ok || owners.bad {
			return false, nil
		}
		if rows, _ := owner.list(a.branch.place); rows == 0 {
			continue
		}
		g := Group{Parent: catalogue.ID(strconv.FormatInt(id, 10))}
		if ok, err := x.page(a, owner, &g); !ok || err != nil {
			return ok, err
		}
		a.res.Groups = append(a.res.Groups, g)
	}
	slices.SortFunc(a.res.Groups, func(x, y Group) int {
		return cmp.Or(cmp.Compare(len(x.Parent), len(y.Parent)), cmp.Compare(x.Parent, y.Parent))
	})
	return true, nil
}

// pageRow is a row with its place in the order of pages.
type pageRow struct {
	at  position
	row []any
}

// gather adds a row to those that are asked for by id, and answers when all are there.
func (a *documentAsk) gather(n documentNode, place int) (bool, error) {
	p, ok := a.branch.position(n)
	row := make([]any, a.width())
	if !ok || n.values(a.branch.model.columns, a.at, row) != nil {
		return false, nil
	}
	a.inside = append(a.inside, pageRow{p, row})
	if place == len(a.ids)-1 && len(a.inside) == len(a.ids) {
		slices.SortFunc(a.inside, func(x, y pageRow) int { return x.at.compare(y.at) })
		for _, r := range a.inside {
			a.res.Groups[0].Rows = append(a.res.Groups[0].Rows, r.row)
		}
	}
	return true, a.take(1)
}

// position is where a row is in the order of pages.
func (b *documentBranch) position(n documentNode) (p position, ok bool) {
	created, ok := n.value(b.column[b.model.created.name])
	if !ok || len(created) != wireSize[kindTime] {
		return p, false
	}
	p = position{micros: wireMicros([]byte(created)), kind: kindNumberID}
	p.number, ok = n.number(b.column[b.model.id.name])
	return p, ok
}

// number is a row's whole number.
func (n documentNode) number(column int) (int64, bool) {
	raw, ok := n.value(column)
	if !ok {
		return 0, false
	}
	v, err := storedValue(kindInt, raw)
	number, _ := v.(int64)
	return number, err == nil
}
