package store

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

// sqlText builds a statement; parameters are numbered as they are asked for.
type sqlText struct {
	strings.Builder
	params int
}

func (t *sqlText) param(cast string) string {
	t.params++
	p := "$" + strconv.Itoa(t.params)
	if cast != "" {
		p += "::" + cast
	}
	return p
}

// newShape writes the text of a query:
//
//	page:          SELECT t.… FROM orders t WHERE t.account_id = $1 AND … ORDER BY t.created_on, t.id LIMIT …
//	with cursors:  SELECT b.low, b.high, r.… FROM (SELECT (…) AS low, (…) AS high) b LEFT JOIN (page) r ON true
//	many parents:  SELECT p.n, … FROM unnest($2) WITH ORDINALITY AS p(id, n) CROSS JOIN LATERAL (page) r ORDER BY p.n, …
//	their owner's: SELECT p.id, … FROM (SELECT id FROM fulfilments WHERE … ORDER BY created_on, id LIMIT $3) p CROSS JOIN LATERAL (page) r …
//	followed:      SELECT (SELECT least(…) FROM long_writes …) AS horizon, t.… FROM …
//	by a key:      SELECT … FROM (SELECT … FROM virtual_positions WHERE … OFFSET 0) t ORDER BY t.created_on, t.id LIMIT …
//
// low and high say whether there are rows on the far sides of the cursors; they look for the nearest one, so they cost an index probe each.
func (db *DB) newShape(scope tenancy.Scope, m *model, q *Query, traits int) (*shape, error) {
	w := &shapeWriter{m: m, q: q, scope: scope, traits: traits, few: db.opts.MaxScanned / fewOf, many: traits&traitParents != 0 && traits&traitOneParent == 0, steady: q.steady(traits)}
	w.layout = layout{horizon: -1, low: -1, high: -1, parents: w.many, owners: w.has(traitOwners), backward: w.has(traitBackward)}
	if err := w.chooseColumns(); err != nil {
		return nil, err
	}
	if err := w.writeFilter(); err != nil {
		return nil, err
	}
	w.write()
	kind := "search"
	if q.Parents != nil {
		kind = "edge." + q.Parents.Edge.Name
	}
	return &shape{name: m.typ.Table + "." + kind, sql: w.text.String(), layout: w.layout, model: m, steady: w.steady, custom: q.patterns(), scan: w.has(traitScan)}, nil
}

type shapeWriter struct {
	m      *model
	q      *Query
	scope  tenancy.Scope // of which only the limit is written
	traits int
	many   bool
	steady bool
	text   sqlText
	layout layout
	from   string // FROM orders t
	filter string // t.account_id = $1 AND …, without cursors; of a scan: what no index serves
	within string // of a scan: what indexes serve
	most   string // of a scan: how many rows it may look at, and one
	here   string // of a scan: the ids of the rows at the scope's locations; empty: no set of them can be told
	few    int    // how many of them are looked at one by one
	after  string // the cursors' row values
	before string
	owners string // SELECT … FROM fulfilments, for traitOwners
}

func (w *shapeWriter) has(trait int) bool { return w.traits&trait != 0 }

// chooseColumns selects each column once, created_on and id always.
func (w *shapeWriter) chooseColumns() error {
	at := make(map[string]int)
	place := func(c column) int {
		if i, ok := at[c.name]; ok {
			return i
		}
		at[c.name] = len(w.layout.columns)
		w.layout.columns = append(w.layout.columns, c)
		return at[c.name]
	}
	w.layout.created, w.layout.id = place(w.m.created), place(w.m.id)
	if w.q.Fields == nil {
		w.layout.cells = make([]int, len(w.m.columns))
		for i, c := range w.m.columns {
			w.layout.cells[i] = place(c)
		}
		return nil
	}
	w.layout.cells = make([]int, len(w.q.Fields))
	for i, f := range w.q.Fields {
		c, err := w.m.column(f)
		if err != nil {
			return err
		}
		w.layout.cells[i] = place(c)
	}
	return nil
}

// writeFilter numbers the parameters in the order of selection.arguments.
func (w *shapeWriter) writeFilter() error {
	var conds []string
	account := w.text.param("")
	w.from = w.m.typ.Table + " t"
	if p := w.q.Parents; p != nil {
		owner := "p.id"
		cast := ownerKind(w.m, p.Edge).castType()
		if p.Of != nil {
			w.owners = w.ownersOf(p.Of, account)
		} else if parents := w.text.param(cast); !w.many {
			owner = parents
		}
		column := ""
		if l := p.Edge.Link; l != nil {
			w.from = fmt.Sprintf("%s l JOIN %s t ON t.account_id = l.account_id AND t.id = l.%s", l.Table, w.m.typ.Table, l.Target)
			column = "l." + l.OwnerColumn
			conds = append(conds, "l.account_id = "+account)
		} else {
			column = "t." + p.Edge.By.Column
		}
		conds = append(conds, column+" = "+owner)
	}
	conds = append([]string{"t.account_id = " + account}, conds...)
	if d := w.m.typ.Discriminator; d != nil && !w.m.typ.Abstract() {
		conds = append(conds, fmt.Sprintf("t.%s = '%s'", d.Column, w.m.typ.Name))
	}
	if err := w.writeConditions(conds); err != nil {
		return err
	}
	id := w.m.id.kind.castType()
	if w.has(traitLow) {
		w.after = fmt.Sprintf("(%s, %s)", w.text.param("TIMESTAMPTZ"), w.text.param(id))
	}
	if w.has(traitHigh) {
		w.before = fmt.Sprintf("(%s, %s)", w.text.param("TIMESTAMPTZ"), w.text.param(id))
	}
	return nil
}

// writeConditions adds those of the query, of the scope and of what changed since a time to conds.
func (w *shapeWriter) writeConditions(conds []string) error {
	served := w.m.served(w.q.Where)
	var rest []string
	for i := range w.q.Where {
		c, err := w.condition(&w.q.Where[i])
		if err != nil {
			return err
		}
		if w.has(traitScan) && !served[i] {
			rest = append(rest, c...)
		} else {
			conds = append(conds, c...)
		}
	}
	if w.has(traitLimited) {
		limit := w.limit()
		if w.has(traitScan) { // no index knows it
			rest = append(rest, rowByRow(limit))
		} else {
			conds = append(conds, limit)
		}
	}
	if w.has(traitWatermark) {
		conds = append(conds, fmt.Sprintf("t.%s < least(%s, %s)", w.m.updated.name, sqlHorizon, w.text.param("TIMESTAMPTZ")))
	}
	w.filter = strings.Join(conds, " AND ")
	if w.has(traitScan) {
		w.within, w.filter = w.filter, strings.Join(rest, " AND ")
	}
	return nil
}

func (w *shapeWriter) condition(c *Condition) ([]string, error) {
	col, err := w.m.column(c.Field)
	if err != nil {
		return nil, err
	}
	name, cast := "t."+col.name, col.kind.castType()
	switch c.Op {
	case IsNull:
		return []string{name + " IS NULL"}, nil
	case NotNull:
		return []string{name + " IS NOT NULL"}, nil
	case Range:
		var out []string
		if c.Values[0] != nil {
			out = append(out, name+" >= "+w.text.param(cast))
		}
		if c.Values[1] != nil {
			out = append(out, name+" <= "+w.text.param(cast))
		}
		return out, nil
	}
	if len(c.Values) == 0 {
		return []string{"false"}, nil
	}
	if col.kind == kindJSON {
		if len(c.Values) == 1 {
			return []string{fmt.Sprintf("%s @> %s::JSONB", name, w.text.param(cast))}, nil
		}
		return []string{fmt.Sprintf("EXISTS (SELECT 1 FROM unnest(%s) AS wanted (part) WHERE %s @> wanted.part::JSONB)", w.text.param(cast+"[]"), name)}, nil
	}
	if _, _, ok := w.m.between(c); ok {
		return []string{fmt.Sprintf("%s LIKE %s", name, w.text.param(cast)), fmt.Sprintf("%s >= %s", name, w.text.param(cast)), fmt.Sprintf("%s < %s", name, w.text.param(cast))}, nil
	}
	operator := map[Op]string{In: "=", Like: "LIKE", LikeFold: "ILIKE"}[c.Op]
	if len(c.Values) == 1 {
		return []string{fmt.Sprintf("%s %s %s", name, operator, w.text.param(cast))}, nil
	}
	return []string{fmt.Sprintf("%s %s ANY (%s)", name, operator, w.text.param(cast+"[]"))}, nil
}

// write puts the pieces together.
func (w *shapeWriter) write() {
	bounded := w.has(traitLow) || w.has(traitHigh)
	if w.has(traitScan) {
		w.most = w.text.param("INT8")
	}
	limit := w.text.param("INT8")
	if !w.many && !bounded {
		w.text.WriteString(w.page(w.horizon(), limit))
		return
	}
	w.text.WriteString("SELECT " + w.horizon())
	if w.many {
		w.text.WriteString("p." + w.parent() + ", ")
		w.layout.parent = w.layout.offset
		w.layout.offset++
	}
	for _, flag := range []struct {
		on    bool
		name  string
		index *int
	}{{w.has(traitLow), "low", &w.layout.low}, {w.has(traitHigh), "high", &w.layout.high}} {
		if flag.on {
			w.text.WriteString("b." + flag.name + ", ")
			*flag.index = w.layout.offset
			w.layout.offset++
		}
	}
	for i, c := range w.layout.columns {
		if i > 0 {
			w.text.WriteString(", ")
		}
		w.text.WriteString("r." + c.name)
	}
	w.writeSources(limit, bounded)
}

// writeSources adds what the outer SELECT reads from. Rows of many parents come parent by parent. The limit inside of the lateral part, even
// when it is only the ceiling, makes the planner look up each parent by index.
func (w *shapeWriter) writeSources(limit string, bounded bool) {
	join := ""
	w.text.WriteString(" FROM ")
	switch {
	case w.has(traitOwners):
		fmt.Fprintf(&w.text, "(%s) p", w.owners)
		join = " CROSS JOIN LATERAL "
	case w.many:
		fmt.Fprintf(&w.text, "unnest($2::%s[]) WITH ORDINALITY AS p (id, n)", ownerKind(w.m, w.q.Parents.Edge).castType())
		join = " CROSS JOIN LATERAL "
	}
	if bounded {
		fmt.Fprintf(&w.text, "%s(SELECT %s) b", join, strings.Join(w.probes(), ", "))
		join = " LEFT JOIN LATERAL "
	}
	fmt.Fprintf(&w.text, "%s(%s) r", join, w.page("", limit))
	if bounded {
		w.text.WriteString(" ON true")
	}
	if w.many {
		d := w.direction()
		fmt.Fprintf(&w.text, " ORDER BY p.%s, r.created_on%s, r.id%s", w.parent(), d, d)
	}
}

// parent is the column that says which parent a row belongs to: its place in the list, or its id where there is no list.
func (w *shapeWriter) parent() string {
	if w.has(traitOwners) {
		return "id"
	}
	return "n"
}

// ownersOf is the SELECT of the parents' ids, and takes the next two parameters.
func (w *shapeWriter) ownersOf(o *Owners, account string) string {
	w.layout.owner = ownerKind(w.m, w.q.Parents.Edge)
	id := w.text.param(kindOf(o.Edge.Target, o.Edge.By).castType())
	kind := ""
	if d := o.Edge.Target.Discriminator; d != nil && !o.Edge.Target.Abstract() {
		kind = fmt.Sprintf(" AND t.%s = '%s'", d.Column, o.Edge.Target.Name)
	}
	return fmt.Sprintf("SELECT t.id FROM %s t WHERE t.account_id = %s AND t.%s = %s%s ORDER BY t.created_on, t.id LIMIT %s",
		o.Edge.Target.Table, account, o.Edge.By.Column, id, kind, w.text.param("INT8"))
}

func (w *shapeWriter) direction() string {
	if w.layout.backward {
		return " DESC"
	}
	return ""
}

// horizon is the column that comes first where it is asked for.
func (w *shapeWriter) horizon() string {
	if !w.has(traitHorizon) {
		return ""
	}
	w.layout.horizon = w.layout.offset
	w.layout.offset++
	return sqlHorizon + " AS horizon, "
}

// page is the innermost SELECT.
func (w *shapeWriter) page(horizon, limit string) string {
	columns, cursors := horizon, ""
	for i, c := range w.layout.columns {
		if i > 0 {
			columns += ", "
		}
		columns += "t." + c.name
	}
	if w.after != "" {
		cursors += " AND (t.created_on, t.id) > " + w.after
	}
	if w.before != "" {
		cursors += " AND (t.created_on, t.id) < " + w.before
	}
	d := w.direction()
	order := fmt.Sprintf(" ORDER BY t.created_on%s, t.id%s LIMIT ", d, d)
	if w.has(traitScan) {
		return w.bounded(columns, cursors, order, limit)
	}
	text := fmt.Sprintf("SELECT %s FROM %s WHERE %s%s", columns, w.from, w.filter, cursors)
	if w.steady && w.q.unique() && cursors == "" {
		return "SELECT * FROM (" + text + " OFFSET 0) t" + order + limit
	}
	return text + order + limit
}

// probes look for the nearest row at or beyond each cursor. NULL means that there is none.
func (w *shapeWriter) probes() []string {
	var out []string
	filter := w.filter
	if w.has(traitScan) {
		filter = w.within // what else lies there, nobody looks for
	}
	probe := func(compare, bound, direction, name string) {
		out = append(out, fmt.Sprintf("(SELECT true FROM %s WHERE %s AND (t.created_on, t.id) %s %s ORDER BY t.created_on%s, t.id%s LIMIT 1) AS %s",
			w.from, filter, compare, bound, direction, direction, name))
	}
	if w.has(traitLow) {
		probe("<=", w.after, " DESC", "low")
	}
	if w.has(traitHigh) {
		probe(">=", w.before, "", "high")
	}
	return out
}

// limitedByRetailer reports whether a scope with retailers sees only part of a type's rows.
func limitedByRetailer(t *catalogue.Type) bool { return t.Limited() }

// memberFilter is each row's own type's filter; they are often one and the same.
func memberFilter(t *catalogue.Type, alias, list string, depth int) string {
	var all []string
	same := true
	first := retailerFilter(t.Members[0], alias, list, depth)
	for _, m := range t.Members {
		filter := retailerFilter(m, alias, list, depth)
		same = same && filter == first
		all = append(all, fmt.Sprintf("(%s.%s = '%s' AND %s)", alias, m.Discriminator.Column, m.Name, filter))
	}
	if same {
		return first
	}
	return "(" + strings.Join(all, " OR ") + ")"
}

// ownerFilter lets rows pass whose owner the retailers reach, and those about what has no retailer.
func ownerFilter(o *catalogue.Owner, alias, list string, depth int) string {
	kind, v := alias+"."+o.Kind.Column, fmt.Sprintf("v%d", depth)
	var names, all []string
	for _, k := range o.Kinds {
		if !limitedByRetailer(k.Type) {
			continue // everybody reaches it
		}
		names = append(names, "'"+k.Name+"'")
		all = append(all, fmt.Sprintf("(%s = '%s' AND EXISTS (SELECT 1 FROM %s %s WHERE %[4]s.account_id = $1 AND %s AND %s))",
			kind, k.Name, k.Type.Table, v, ownerJoin(o, k.Type, alias, v), retailerFilter(k.Type, v, list, depth+1)))
	}
	return fmt.Sprintf("(%s NOT IN (%s) OR %s)", kind, strings.Join(names, ", "), strings.Join(all, " OR "))
}

// ownerJoin compares an owner's id with what the row says of it, which may be any text where the field is one.
func ownerJoin(o *catalogue.Owner, t *catalogue.Type, alias, v string) string {
	at := alias + "." + o.ID.Column
	switch {
	case o.ID.Kind == catalogue.Int:
		return v + ".id = " + at
	case t.IDKind == catalogue.UUID:
		return v + ".id::TEXT = " + at
	default:
		return fmt.Sprintf("%s.id = CASE WHEN %s ~ '^[0-9]{1,18}$' THEN %[2]s::INT8 END", v, at)
	}
}

// maxVia bounds the references that lead to a retailer; the catalogue has two at most.
const maxVia = 4

// retailerFilter says which rows of a type (under an alias) a list of retailers reaches.
func retailerFilter(t *catalogue.Type, alias, list string, depth int) string {
	switch {
	case depth > maxVia || !limitedByRetailer(t):
		return "true"
	case t.Abstract():
		return memberFilter(t, alias, list, depth)
	case t.Owner != nil:
		return ownerFilter(t.Owner, alias, list, depth)
	case t.Retailer != nil && t.Retailer.Kind == catalogue.JSON:
		col := alias + "." + t.Retailer.Column
		return fmt.Sprintf("(%[1]s IS NULL OR %[1]s = '[]' OR %[1]s = 'null' OR %[1]s ?| (SELECT array_agg(v) FROM (SELECT ref AS v FROM retailers "+
			"WHERE account_id = $1 AND id = ANY (%[2]s) UNION ALL SELECT n::TEXT FROM unnest(%[2]s) AS u (n)) x))", col, list)
	case t.Retailer != nil:
		return fmt.Sprintf("%s.%s = ANY (%s)", alias, t.Retailer.Column, list)
	case t.RetailerVia != nil:
		via, next := alias+"."+t.RetailerVia.Column, fmt.Sprintf("v%d", depth)
		return fmt.Sprintf("(%[1]s IS NULL OR EXISTS (SELECT 1 FROM %[2]s %[3]s WHERE %[3]s.account_id = $1 AND %[3]s.id = %[1]s AND %[4]s))",
			via, t.RetailerVia.Ref.Table, next, retailerFilter(t.RetailerVia.Ref, next, list, depth+1))
	case t.RetailerEdge.Link != nil:
		l := t.RetailerEdge.Link
		return fmt.Sprintf("EXISTS (SELECT 1 FROM %[1]s x WHERE x.account_id = $1 AND x.%[2]s = %[3]s.id AND x.%[4]s = ANY (%[5]s))",
			l.Table, l.OwnerColumn, alias, l.Target, list)
	default:
		return fmt.Sprintf("EXISTS (SELECT 1 FROM %[1]s x WHERE x.account_id = $1 AND x.%[2]s = %[3]s.id AND x.id = ANY (%[4]s))",
			t.RetailerEdge.Target.Table, t.RetailerEdge.By.Column, alias, list)
	}
}
