package store

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fluent-oms/fluent/dataplane/store/ddl"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// This file knows which conditions an index serves, and bounds the rows that others look at.

// learnIndexes tells models what indexes their tables have, as lists of columns behind the account.
func (db *DB) learnIndexes(c *catalogue.Catalogue) {
	byTable := map[string][]*ddl.Index{}
	for _, x := range ddl.Of(c).Indexes {
		byTable[x.Table] = append(byTable[x.Table], x)
	}
	for _, m := range db.models {
		m.indexes = append(m.indexes, []string{"id"})
		for _, x := range byTable[m.typ.Table] {
			m.indexes = append(m.indexes, x.Columns)
			if x.Partial != "" {
				m.partial = append(m.partial, x.Partial)
			}
		}
	}
}

// bytewise says whether the database orders texts by their bytes.
func (db *DB) bytewise(is bool) {
	for _, m := range db.models {
		m.bytewise = is
	}
}

// How an index serves a condition: it can be followed by conditions on further columns, or it is the last.
type service int

const (
	unserved service = iota
	narrows          // equality
	ends             // a range, or a pattern that begins with something
)

func (m *model) service(c *Condition) service {
	switch c.Op {
	case In:
		if c.Field.Kind != catalogue.JSON {
			return narrows
		}
	case IsNull:
		if !slices.Contains(m.partial, c.Field.Column) {
			return narrows
		}
	case Range:
		return ends
	case Like:
		if _, _, ok := m.between(c); ok {
			return ends
		}
	}
	return unserved
}

// between are the texts that those which fit a pattern lie between: the first is one of them, the last is not. The fence keeps planners from going by
// a pattern, since LIKE might tell of rows that a policy hides, but not from comparing; false: there are none, or the database does not order texts by
// their bytes.
func (m *model) between(c *Condition) (from, to string, ok bool) {
	if c.Op != Like || len(c.Values) != 1 || !m.bytewise {
		return "", "", false
	}
	text, _ := c.Values[0].(string)
	from, _, _ = strings.Cut(text, "%")
	runes := []rune(from)
	for n := len(runes) - 1; n >= 0; n-- {
		last := runes[n] + 1
		if last == firstSurrogate {
			last = lastSurrogate + 1
		}
		if last <= utf8.MaxRune {
			return from, string(append(runes[:n:n], last)), true
		}
	}
	return "", "", false
}

// Surrogates are no characters.
const (
	firstSurrogate = 0xd800
	lastSurrogate  = 0xdfff
)

// served tells, for each condition, whether an index leads to the rows that fit it, or that fit it among those that others lead to.
func (m *model) served(where []Condition) []bool {
	out := make([]bool, len(where))
	kind := ""
	if d := m.typ.Discriminator; d != nil && !m.typ.Abstract() {
		kind = d.Column
	}
	for _, index := range m.indexes {
		for _, name := range index {
			if name == kind {
				continue
			}
			how := unserved
			for i := range where {
				if c := &where[i]; c.Field.Column == name && m.service(c) > unserved {
					out[i] = true
					how = max(how, m.service(c))
				}
			}
			if how != narrows {
				break
			}
		}
	}
	return out
}

// scans reports whether a search may have to look at rows one after another.
func (q *Query) scans(m *model) bool {
	return q.walks() && slices.Contains(m.served(q.Where), false)
}

// walks reports whether a search is one by what a client gives, and not for certain rows: what a scope lets pass of those no index knows.
func (q *Query) walks() bool {
	return q.Bounded && q.Parents == nil && q.Page.First+q.Page.Last > 0 && !q.unique() &&
		!slices.ContainsFunc(q.Where, func(c Condition) bool { return c.Op == In && c.Field == q.Type.Field("id") })
}

// fewOf is what part of the rows that a search may look at the rows of locations may be to be looked at one by one: each is looked up by its id.
const fewOf = 25

// limit is the condition that the scope makes, and notes the rows at its locations where they are a set.
func (w *shapeWriter) limit() string {
	l := limitOf(w.scope, w.m.typ)
	var params []string
	text := l.text(w.scope, w.m, func(cast string) string {
		params = append(params, w.text.param(cast))
		return params[len(params)-1]
	})
	if l.set(w.m) {
		w.here = w.m.reachedBy(l, params)
	}
	return text
}

// reachedBy is the set of the rows at a scope's locations, with the parameters of the limit's text.
func (m *model) reachedBy(l limit, params []string) string {
	text, at := m.reached, m.places(l.acting)
	if l.retailers {
		params = params[1:]
	}
	if at.ids {
		text, params = strings.ReplaceAll(text, markIDs, params[0]), params[1:]
	}
	if at.refs {
		text = strings.ReplaceAll(text, markRefs, params[0])
	}
	return text
}

// patterns reports whether a search is for a pattern: which index is good hangs on its text.
func (q *Query) patterns() bool {
	return slices.ContainsFunc(q.Where, func(c Condition) bool { return c.Op == Like || c.Op == LikeFold })
}

// bounded is a page that looks at rows in their order, and fails by dividing by zero where it has looked at too many before it is full. What
// indexes serve is within, so that only rows that they lead to count.
//
//	SELECT t.… FROM (SELECT s.*, row_number() OVER (ORDER BY s.created_on, s.id) AS scanned
//	  FROM (SELECT t.* FROM orders t WHERE … ORDER BY t.created_on, t.id LIMIT $5) s) t
//	WHERE CASE WHEN t.scanned >= $5 THEN 1 / (t.scanned - t.scanned) = 1 ELSE t.name ILIKE $2 END ORDER BY t.created_on, t.id LIMIT $6
//
// Where the scope is limited to locations, the rows there are looked at instead, if they are few: so stores find theirs among any number of others'.
//
//	WITH here AS MATERIALIZED (SELECT u.id FROM (SELECT x.id FROM orders x, fulfilments w1 WHERE … UNION ALL …) u LIMIT 20001)
//	SELECT … FROM (… FROM ((SELECT t.* FROM orders t WHERE (SELECT count(*) FROM here) <= 20000 AND t.id IN (SELECT h.id FROM here h) AND …)
//	  UNION ALL (SELECT t.* FROM orders t WHERE (SELECT count(*) FROM here) > 20000 AND …) ORDER BY created_on, id LIMIT $5) s) t WHERE …
func (w *shapeWriter) bounded(columns, cursors, order, limit string) string {
	d := w.direction()
	rows := func(also string) string {
		return fmt.Sprintf("SELECT t.* FROM %s WHERE %s%s%s ORDER BY t.created_on%s, t.id%s LIMIT %s", w.from, also, w.within, cursors, d, d, w.most)
	}
	with, from := "", rows("")
	if w.here != "" {
		with = fmt.Sprintf("WITH here AS MATERIALIZED (SELECT u.id FROM (%s) u LIMIT %d) ", w.here, w.few+1)
		from = fmt.Sprintf("(%s) UNION ALL (%s) ORDER BY created_on%s, id%s LIMIT %s", rows(fmt.Sprintf("(SELECT count(*) FROM here) <= %d AND t.id IN (SELECT h.id FROM here h) AND ", w.few)),
			rows(fmt.Sprintf("(SELECT count(*) FROM here) > %d AND ", w.few)), d, d, w.most)
	}
	return fmt.Sprintf("%sSELECT %s FROM (SELECT s.*, row_number() OVER (ORDER BY s.created_on%s, s.id%s) AS scanned FROM (%s) s) t "+
		"WHERE CASE WHEN t.scanned >= %s THEN 1 / (t.scanned - t.scanned) = 1 ELSE %s END%s%s",
		with, columns, d, d, from, w.most, w.filter, order, limit)
}

// rowByRow keeps planners from turning what a condition looks up for a row into a table of all that there is to find, which takes reading others
// from end to end, however few rows are looked at.
func rowByRow(condition string) string {
	var b strings.Builder
	var open []bool // which parentheses belong to EXISTS
	for i := range len(condition) {
		switch condition[i] {
		case '(':
			open = append(open, strings.HasSuffix(condition[:i], "EXISTS "))
		case ')':
			if open[len(open)-1] {
				b.WriteString(" OFFSET 0")
			}
			open = open[:len(open)-1]
		}
		b.WriteByte(condition[i])
	}
	return b.String()
}

// tooFar is the fault of a search that looks at too many rows.
func (s *selection) tooFar() error {
	m := s.shape.model
	var slow []string
	for i, ok := range m.served(s.query.Where) {
		if !ok {
			slow = append(slow, s.query.Where[i].Field.Name)
		}
	}
	if s.limited {
		slow = append(slow, "what your roles let you see")
	}
	return fault.New(fault.TooLarge, "%d %s were looked at, and the page is not full: no index serves %s as given (%% in front, without regard to case, several patterns, or a field without one). "+
		"Add a filter that an index serves, such as %s, or ask for a part at a time by createdOn", s.db.opts.MaxScanned, strings.ToLower(m.typ.Plural), strings.Join(slow, ", "), strings.Join(m.serves(), ", ")).
		With("limit", "rowsScanned").With("scope", "query").With("figure", fmt.Sprint(s.db.opts.MaxScanned)).WithCode(fault.CodeTooMuch)
}

// failed translates what the database says of a page.
func (s *selection) failed(pe *pgconn.PgError) error {
	if pe.Code == stateDivision && s.shape.scan {
		return s.tooFar()
	}
	return nil
}

// serves lists the filters that an index serves by themselves.
func (m *model) serves() (names []string) {
	for _, f := range m.typ.Fields {
		if f.Argument != "" && f.Column != "id" && m.served([]Condition{{Field: f, Op: In, Values: []any{""}}})[0] {
			names = append(names, f.Name)
		}
	}
	return names
}
