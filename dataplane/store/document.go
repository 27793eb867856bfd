package store

import (
	"context"
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

// A document is a root and what hangs on it, as their tables have them, in one row beside them: who reads an order again reads one row and not four
// tables. Tables are what counts; documents may be dropped at any time.
//
// Writers only invalidate. A transaction that writes an entity of a root which was there before it empties the root's document and gives it another
// version, in the round trip of its COMMIT (document_stale.go): there is one way to write entities, so no writer can forget it. Nobody can have read a
// root before the transaction that made it, so that one writes nothing. Readers fill: who finds no document reads the tables, and behind his back, in
// the background, one snapshot of root and version is read, and the document is written if it has that version still (document_fill.go). A row, once
// there, stays, so a version never comes again; a writer that has not committed holds the row that the filler wants to write.
//
// Nodes of a build from before this one do not invalidate. While one may be there no document counts, and those from before it never count again: each
// says when its snapshot was, and must be younger than the time since when all nodes keep changes (sqlKeptSince in changes.go).

// documented is what is known of the documents of one type of root.
type documented struct {
	tree     *catalogue.DocumentTree
	branches []*documentBranch // the root first, and each behind the one that it hangs on
	layout   uint64            // of all columns: a document of another layout is none
	retailer int               // the root's column
	texts    documentTexts
}

// documentBranch is the rows of one type in a document.
type documentBranch struct {
	of     *documented
	model  *model
	edge   *catalogue.Edge // from the branch above; nil: the root
	above  *documentBranch
	below  []*documentBranch
	number int            // among all branches
	place  int            // among those below the one above
	column map[string]int // by name
}

// documentTexts are the statements of a type's documents.
type documentTexts struct {
	one, many, keyed string // read them by id, by several, by the root's natural key
	versions, count  string
	write, add       string // of a version; where there is none yet
	stale, staleMany string // invalidate, by the root's id
	staleParts       string // by ids of the root and of what hangs on it
}

// deriveDocuments learns which types have documents.
func (db *DB) deriveDocuments(c *catalogue.Catalogue) {
	db.documents = map[*catalogue.Type]*documentBranch{}
	for _, t := range c.Types() {
		if t.Document == nil {
			continue
		}
		d := &documented{tree: t.Document}
		root := db.documentBranch(d, t, nil, nil)
		d.retailer = root.column[t.Retailer.Column]
		byPart := map[*catalogue.Part]*documentBranch{}
		t.Document.Each(func(above, p *catalogue.Part) {
			on := root
			if above != nil {
				on = byPart[above]
			}
			byPart[p] = db.documentBranch(d, p.Target, p.Edge, on)
		})
		d.layout = d.hash()
		d.texts = d.writeTexts()
	}
}

func (db *DB) documentBranch(d *documented, t *catalogue.Type, edge *catalogue.Edge, above *documentBranch) *documentBranch {
	b := &documentBranch{of: d, model: db.models[t], edge: edge, above: above, number: len(d.branches), column: map[string]int{}}
	for i, c := range b.model.columns {
		b.column[c.name] = i
	}
	if above != nil {
		b.place, above.below = len(above.below), append(above.below, b)
	}
	d.branches = append(d.branches, b)
	db.documents[t] = b
	return b
}

func (d *documented) root() *documentBranch { return d.branches[0] }

// hash tells layouts apart: by what is in them, in which order, and of what kind.
func (d *documented) hash() uint64 {
	h := fnv.New64a()
	for _, b := range d.branches {
		above := -1
		if b.above != nil {
			above = b.above.number
		}
		fmt.Fprintf(h, "%d %s:", above, b.model.typ.Table)
		for _, c := range b.model.columns {
			fmt.Fprintf(h, " %s %d", c.name, c.kind)
		}
	}
	return h.Sum64()
}

// writeTexts writes the statements. Those that lock several rows lock them in order of their ids.
func (d *documented) writeTexts() documentTexts {
	t, k, root := d.tree.Table, d.tree.Key, d.root().model
	x := documentTexts{}
	read := fmt.Sprintf("SELECT d.%s, d.body, %s FROM %s d WHERE d.account_id = $1 AND d.%[1]s", k, sqlKeptSince, t)
	x.one = read + " = $2::INT8 AND d.body IS NOT NULL"
	x.many = read + " = ANY ($2::INT8[]) AND d.body IS NOT NULL"
	if key := root.typ.Key; len(key) == 1 && key[0].Kind == catalogue.Text {
		x.keyed = fmt.Sprintf("SELECT d.%[1]s, d.body, %[5]s FROM %[2]s t JOIN %[3]s d ON d.account_id = $1 AND d.%[1]s = t.id WHERE t.account_id = $1 AND t.%[4]s = $2 AND d.body IS NOT NULL",
			k, root.typ.Table, t, key[0].Column, sqlKeptSince)
	}
	x.versions = fmt.Sprintf("SELECT d.%[1]s, d.version FROM %[2]s d WHERE d.account_id = $1 AND d.%[1]s = ANY ($2::INT8[])", k, t)
	x.write = fmt.Sprintf("WITH free AS (SELECT d.%[1]s AS id FROM %[2]s d WHERE d.account_id = $1 AND d.%[1]s = ANY ($2::INT8[]) ORDER BY d.%[1]s FOR UPDATE SKIP LOCKED) "+
		"UPDATE %[2]s d SET body = u.body FROM unnest($2::INT8[], $3::INT8[], $4::BYTEA[]) AS u (id, version, body) "+
		"WHERE d.account_id = $1 AND d.%[1]s = u.id AND d.version = u.version AND u.id IN (SELECT f.id FROM free f)", k, t)
	x.add = fmt.Sprintf("INSERT INTO %s (account_id, %s, version, body) SELECT $1::TEXT, u.id, 0, u.body FROM unnest($2::INT8[], $3::BYTEA[]) AS u (id, body) ORDER BY u.id ON CONFLICT DO NOTHING", t, k)
	x.count = fmt.Sprintf("SELECT count(*) FROM (SELECT 1 FROM %s LIMIT $1) d", t)
	insert := fmt.Sprintf("INSERT INTO %s AS d (account_id, %s, version)", t, k)
	again := fmt.Sprintf(" ON CONFLICT (account_id, %s) DO UPDATE SET body = NULL, version = d.version + 1", k)
	x.stale = insert + " VALUES ($1, $2::INT8, 1)" + again
	x.staleMany = insert + " SELECT $1::TEXT, u.id, 1 FROM unnest($2::INT8[]) AS u (id) ORDER BY u.id" + again
	x.staleParts = insert + " SELECT $1::TEXT, u.id, 1 FROM (SELECT r.id FROM unnest($2::INT8[]) AS r (id)" + d.partsText() + ") u WHERE u.id IS NOT NULL ORDER BY u.id" + again
	return x
}

// partsText adds the roots of parts, which are given by their ids from $3 on, branch by branch:
//
//	UNION SELECT p2.order_id FROM fulfilment_items p1 JOIN fulfilments p2 ON p2.account_id = $1 AND p2.id = p1.fulfilment_id WHERE p1.account_id = $1 AND p1.id = ANY ($5::INT8[])
func (d *documented) partsText() string {
	var text strings.Builder
	for i, b := range d.branches[1:] {
		from, n := b.model.typ.Table+" p1", 1
		at := b
		for ; at.above.above != nil; at = at.above {
			n++
			from += fmt.Sprintf(" JOIN %s p%d ON p%[2]d.account_id = $1 AND p%[2]d.id = p%d.%s", at.above.model.typ.Table, n, n-1, at.edge.By.Column)
		}
		fmt.Fprintf(&text, " UNION SELECT p%d.%s FROM %s WHERE p1.account_id = $1 AND p1.id = ANY ($%d::INT8[])", n, at.edge.By.Column, from, i+3)
	}
	return text.String()
}

// sqlPacked lists tables whose documents PostgreSQL would compress, or put elsewhere, when they are longer than 2 kB.
const sqlPacked = `SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'body'
WHERE c.relname = ANY ($1) AND c.relkind = 'r' AND c.relnamespace = current_schema()::REGNAMESPACE AND a.attstorage <> 'e' ORDER BY c.relname`

// plainDocuments has documents stored as they are: packing and unpacking one takes longer than reading it. Only those that do not fit on a page go elsewhere.
func (db *DB) plainDocuments(ctx context.Context, c *pgx.Conn) error {
	var tables []string
	for _, t := range db.opts.Catalogue.Types() {
		if t.Document != nil {
			tables = append(tables, t.Document.Table)
		}
	}
	rows, err := c.Query(ctx, sqlPacked, tables)
	if err != nil {
		return err
	}
	packed, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, table := range packed {
		text := "ALTER TABLE " + pgx.Identifier{table}.Sanitize() + " ALTER COLUMN body SET STORAGE EXTERNAL, SET (toast_tuple_target = 8160)"
		if _, err := c.Exec(ctx, text, pgx.QueryExecModeSimpleProtocol); err != nil {
			return err
		}
	}
	return nil
}
