package store

import (
	"context"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

// Documents are those that one request reads. They are read once and answer what is below their roots from then on, so what a request has written
// meanwhile it does not see. One goroutine uses them.
type Documents struct {
	db      *DB
	account tenancy.AccountID
	held    map[documentRef]*document
	list    []*document // held, in the order in which they came
	indexes map[*documentBranch]*documentIndex
}

// documentsMost is how many documents one request holds, of documentMost bytes at most.
const documentsMost = 200

type documentRef struct {
	of *documented
	id int64
}

// document is one that was read.
type document struct {
	of       *documented
	root     documentNode
	retailer int64
	limited  bool // false: it has no retailer
}

// documentIndex finds the rows of a branch in all documents that are held.
type documentIndex struct {
	docs  int // that are in it
	nodes map[int64]locatedNode
}

type locatedNode struct {
	doc *document
	documentNode
}

// Documents begins to read an account's documents for one request.
func (db *DB) Documents() *Documents {
	return &Documents{db: db}
}

// Reader is a scope's view of the database: that of DB.Reader, which finds the same more cheaply where a document has it.
func (d *Documents) Reader(scope tenancy.Scope) *DocumentReader {
	r := &DocumentReader{Reader: d.db.Reader(scope), docs: d}
	if d.account == "" {
		d.account = scope.Account()
	}
	r.plain = d.account != scope.Account()
	return r
}

// DocumentReader is a Reader whose SelectAll answers from documents what it can.
type DocumentReader struct {
	*Reader
	docs  *Documents
	plain bool
}

// SelectAll implements what Reader's does, with the same results.
func (r *DocumentReader) SelectAll(ctx context.Context, queries ...Query) ([]*Result, error) {
	if r.plain {
		return r.Reader.SelectAll(ctx, queries...)
	}
	asks := make([]documentAsk, len(queries))
	known := false
	for i := range queries {
		asks[i] = r.db.documentAsk(r.scope, &queries[i])
		known = known || asks[i].branch != nil
	}
	if !known {
		return r.Reader.SelectAll(ctx, queries...)
	}
	x := documentRound{r: r, asks: asks}
	if err := x.first(ctx); err != nil {
		return nil, err
	}
	if err := x.rest(ctx); err != nil {
		return nil, err
	}
	out := make([]*Result, len(asks))
	for i := range asks {
		out[i] = asks[i].res
	}
	return out, nil
}

// documentRound answers the queries of one call.
type documentRound struct {
	r      *DocumentReader
	asks   []documentAsk
	wanted []documentRef // to be read; of one kind of root
	others []documentRef // to be read from the tables
	sent   []documentSent
}

// documentSent is a query that went to the tables, for some of an ask's places.
type documentSent struct {
	ask    *documentAsk
	places []int // nil: all
	res    *Result
}

// first reads documents, and in the same round trip from the tables what is known not to be in any.
func (x *documentRound) first(ctx context.Context) error {
	keyed := -1
	for i := range x.asks {
		a := &x.asks[i]
		switch {
		case a.kind == askKeyed && keyed < 0 && x.r.db.hints.due(x.r.docs.account, hintKeyed+a.key):
			keyed = i
		case a.kind == askKeyed:
			a.left[0] = toTables
		case a.kind != askNone:
			x.decide(a)
		}
	}
	p := x.r.Pipeline()
	var found documentRef
	if keyed >= 0 {
		p.add(x.r.docs.readKeyed(&x.asks[keyed], &found))
	}
	if len(x.wanted) > 0 {
		p.add(x.r.docs.read(x.wanted))
	}
	x.tables(p)
	if err := x.run(ctx, p); err != nil {
		return err
	}
	if keyed >= 0 {
		x.foundKeyed(&x.asks[keyed], found)
	}
	for _, ref := range x.wanted {
		x.r.docs.came(ref)
	}
	return nil
}

// rest answers what waits for documents, and reads from the tables what they did not have.
func (x *documentRound) rest(ctx context.Context) error {
	for i := range x.asks {
		a := &x.asks[i]
		for place, left := range a.left {
			if left == awaited {
				if err := x.answer(a, place); err != nil {
					return err
				}
			}
		}
	}
	p := x.r.Pipeline()
	x.tables(p)
	return x.run(ctx, p)
}

// decide answers what documents that are held have, and says where to find the rest.
func (x *documentRound) decide(a *documentAsk) {
	for place, id := range a.ids {
		ref := documentRef{a.branch.of, id}
		switch {
		case a.kind == askDeep || a.kind == askInside || x.r.docs.held[ref] != nil:
			a.left[place] = awaited
		case slices.Contains(x.others, ref):
			a.left[place] = toTables
		case slices.Contains(x.wanted, ref):
			a.left[place] = awaited
		case len(x.wanted) > 0 && x.wanted[0].of != ref.of:
			a.left[place] = toTables
		case len(x.r.docs.list)+len(x.wanted) < documentsMost && x.r.db.hints.due(x.r.docs.account, strconv.FormatInt(id, 10)):
			x.wanted = append(x.wanted, ref)
			a.left[place] = awaited
		default:
			x.others = append(x.others, ref)
			a.left[place] = toTables
		}
	}
	if a.kind != askDeep && a.kind != askInside {
		return
	}
	for place := range a.ids { // what is below a row that no document has is sent at once
		if _, ok := x.r.docs.locate(a.from, a.ids[place]); !ok {
			a.left[place] = toTables
		}
	}
}

// tables adds the queries for all that only the tables have.
func (x *documentRound) tables(p *Pipeline) {
	for i := range x.asks {
		a := &x.asks[i]
		var places []int
		for place, left := range a.left {
			if left == toTables {
				places = append(places, place)
			}
		}
		switch {
		case len(places) == 0:
		case len(places) == len(a.left) || a.kind == askInside:
			x.sent = append(x.sent, documentSent{a, nil, p.Select(*a.q)})
			a.settle()
		default:
			q := *a.q
			q.Parents = &Parents{Edge: a.q.Parents.Edge, IDs: make([]catalogue.ID, len(places))}
			for i, place := range places {
				q.Parents.IDs[i] = a.q.Parents.IDs[place]
				a.left[place] = settled
			}
			x.sent = append(x.sent, documentSent{a, places, p.Select(q)})
		}
	}
}

// run sends a pipeline, and takes the answers of the tables.
func (x *documentRound) run(ctx context.Context, p *Pipeline) error {
	if err := p.Run(ctx); err != nil {
		return err
	}
	for _, s := range x.sent {
		if s.places == nil {
			s.ask.res = s.res
			continue
		}
		for i, place := range s.places {
			s.ask.res.Groups[place] = s.res.Groups[i]
		}
	}
	x.sent = x.sent[:0]
	return nil
}

func (x *documentRound) foundKeyed(a *documentAsk, found documentRef) {
	a.left[0] = toTables
	if doc := x.r.docs.held[found]; doc != nil {
		a.left[0], a.ids[0] = awaited, found.id
		return
	}
	x.r.db.hints.set(x.r.docs.account, hintKeyed+a.key, hintNone)
}

// read is the statement that reads documents.
func (d *Documents) read(refs []documentRef) call {
	of := refs[0].of
	ids := make([]int64, len(refs))
	for i, ref := range refs {
		ids[i] = ref.id
	}
	c := call{name: of.tree.Table + ".read", sql: of.texts.many, args: []any{string(d.account), ids}, steady: true, rows: func(rows pgx.Rows) error { return d.collect(of, rows) }}
	if len(ids) == 1 {
		c.sql, c.args[1] = of.texts.one, ids[0]
	}
	return c
}

// readKeyed is the statement that reads the document of a root by its natural key.
func (d *Documents) readKeyed(a *documentAsk, found *documentRef) call {
	of := a.branch.of
	return call{name: of.tree.Table + ".readKeyed", sql: of.texts.keyed, args: []any{string(d.account), a.key}, steady: true, rows: func(rows pgx.Rows) error {
		before := len(d.list)
		err := d.collect(of, rows)
		if len(d.list) > before {
			*found = documentRef{of, d.list[before].id()}
		}
		return err
	}}
}

// collect takes documents over. What is none, or one from before, is as if it were not there.
func (d *Documents) collect(of *documented, rows pgx.Rows) error {
	for rows.Next() {
		raw := rows.RawValues()
		id, since := wireInt(raw[0]), int64(0)
		if raw[2] != nil {
			since = wireMicros(raw[2])
		}
		root, ok := of.open(string(raw[1]), since, id)
		ref := documentRef{of, id}
		if !ok || d.held[ref] != nil {
			continue
		}
		doc := &document{of: of, root: root}
		doc.retailer, doc.limited = root.number(of.retailer)
		if d.held == nil {
			d.held = map[documentRef]*document{}
		}
		d.held[ref] = doc
		d.list = append(d.list, doc)
	}
	return rows.Err()
}

// came has a document that was not there written, for those who ask next.
func (d *Documents) came(ref documentRef) {
	if d.held[ref] != nil {
		d.db.opts.Metrics.document("hit", 1)
		return
	}
	d.db.opts.Metrics.document("miss", 1)
	d.db.filler.ask(d.db, fillJob{ref.of, d.account, ref.id})
}

func (d *document) id() int64 {
	id, _ := d.root.number(d.of.root().column[d.of.root().model.id.name])
	return id
}

// locate finds a row below the root in the documents that are held.
func (d *Documents) locate(b *documentBranch, id int64) (locatedNode, bool) {
	x := d.indexes[b]
	if x == nil {
		if d.indexes == nil {
			d.indexes = map[*documentBranch]*documentIndex{}
		}
		x = &documentIndex{nodes: map[int64]locatedNode{}}
		d.indexes[b] = x
	}
	for ; x.docs < len(d.list); x.docs++ {
		if doc := d.list[x.docs]; doc.of == b.of {
			x.add(doc, b)
		}
	}
	n, ok := x.nodes[id]
	return n, ok
}

// add adds the rows of a branch in a document.
func (x *documentIndex) add(doc *document, b *documentBranch) {
	var way []*documentBranch
	for at := b; at.above != nil; at = at.above {
		way = append(way, at)
	}
	slices.Reverse(way)
	column := b.column[b.model.id.name]
	var visit func(n documentNode, way []*documentBranch)
	visit = func(n documentNode, way []*documentBranch) {
		if len(way) == 0 {
			if id, ok := n.number(column); ok {
				x.nodes[id] = locatedNode{doc, n}
			}
			return
		}
		count, nodes := n.list(way[0].place)
		for range count {
			visit(nodes.node(len(way[0].below)), way[1:])
		}
	}
	visit(doc.root, way)
}

// allows reports whether a scope sees the rows of a branch; false where only the tables can say.
func (d *document) allows(scope tenancy.Scope, t *catalogue.Type) bool {
	switch l := limitOf(scope, t); l {
	case limit{}:
		return true
	case limit{retailers: true}:
		return d.limited && slices.Contains(scope.Retailers(), tenancy.RetailerID(d.retailer))
	default:
		return false
	}
}
