package store

import (
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// slabRows is for how many rows the values are allocated at once.
const slabRows = 32

// collect reads an answer into groups. It may run again when the statement is repeated.
func (s *selection) collect(rows pgx.Rows, res *Result) error {
	l := &s.shape.layout
	g := s.newGroups(res)
	if err := checkFormats(l.columns, rows.FieldDescriptions()[l.offset:]); err != nil {
		return err
	}
	var slab []any
	err := s.each(rows, g, func(at *grouping, raw [][]byte) {
		if len(slab) < len(l.cells) {
			slab = make([]any, slabRows*len(l.cells))
		}
		row := slab[:len(l.cells):len(l.cells)]
		slab = slab[len(l.cells):]
		for i, c := range l.cells {
			row[i] = decode(l.columns[c].kind, raw[c])
		}
		at.group.Rows = append(at.group.Rows, row)
		if !s.query.NoCursors {
			at.group.Cursors = append(at.group.Cursors, l.cursor(raw).String())
		}
	})
	if err == nil {
		s.finish(g)
	}
	return err
}

// collectEntities reads an answer into structs.
func (s *selection) collectEntities(rows pgx.Rows, take func(entity any)) error {
	l := &s.shape.layout
	g := s.newGroups(&Result{})
	if err := checkFormats(l.columns, rows.FieldDescriptions()[l.offset:]); err != nil {
		return err
	}
	var entities [][]any = make([][]any, len(g))
	var failed error
	err := s.each(rows, g, func(at *grouping, raw [][]byte) {
		e, err := s.shape.model.entity(l.columns, raw)
		if err != nil {
			failed = err
			return
		}
		entities[at.n] = append(entities[at.n], e)
	})
	if err != nil || failed != nil {
		return firstOf(err, failed)
	}
	for _, group := range entities {
		if s.limit > 0 && len(group) > s.limit {
			group = group[:s.limit]
		}
		if l.backward {
			slices.Reverse(group)
		}
		for _, e := range group {
			take(e)
		}
	}
	return nil
}

func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// grouping is a group while its rows come in.
type grouping struct {
	n         int
	group     *Group
	low, high bool
}

func (s *selection) newGroups(res *Result) []grouping {
	n := 1
	if s.query.Parents != nil {
		n = len(s.query.Parents.IDs)
	}
	res.Groups = make([]Group, n)
	g := make([]grouping, n)
	for i := range g {
		g[i] = grouping{n: i, group: &res.Groups[i]}
		if s.query.Parents != nil {
			res.Groups[i].Parent = s.query.Parents.IDs[i]
		}
	}
	return g
}

// each hands over the query's own columns of each row, with the group that the row belongs to.
func (s *selection) each(rows pgx.Rows, g []grouping, row func(at *grouping, raw [][]byte)) error {
	l := &s.shape.layout
	count := 0
	for rows.Next() {
		raw := rows.RawValues()
		at := &g[0]
		if l.parents {
			at = &g[wireInt(raw[0])-1]
		}
		at.low = at.low || l.low >= 0 && raw[l.low] != nil
		at.high = at.high || l.high >= 0 && raw[l.high] != nil
		if own := raw[l.offset:]; own[l.id] != nil { // else the page is empty and only the flags came
			if count++; s.limit == 0 && count > s.max {
				return s.tooMany()
			}
			row(at, own)
		}
	}
	return rows.Err()
}

func (s *selection) tooMany() error {
	return fault.New(fault.TooLarge, "more than %d %s match; ask for pages", s.max, s.shape.model.typ.Plural)
}

// finish takes the surplus row of each group away, which only says that there are more, and puts backward pages in order.
func (s *selection) finish(g []grouping) {
	l := &s.shape.layout
	for i := range g {
		at, group := &g[i], g[i].group
		more := s.limit > 0 && len(group.Rows) > s.limit
		if more {
			group.Rows = group.Rows[:s.limit]
			if group.Cursors != nil {
				group.Cursors = group.Cursors[:s.limit]
			}
		}
		if l.backward {
			slices.Reverse(group.Rows)
			slices.Reverse(group.Cursors)
			group.HasPrevious, group.HasNext = more || at.low, at.high
		} else {
			group.HasPrevious, group.HasNext = at.low, more || at.high
		}
	}
}

func (l *layout) cursor(raw [][]byte) cursor {
	c := cursor{micros: wireMicros(raw[l.created]), kind: l.columns[l.id].kind}
	if c.kind == kindUUID {
		c.uuid = [16]byte(raw[l.id])
	} else {
		c.number = wireInt(raw[l.id])
	}
	return c
}

// entity makes a struct of a row. For an abstract type the discriminator says which struct.
func (m *model) entity(columns []column, raw [][]byte) (any, error) {
	typ := m.typ
	if typ.Abstract() {
		if typ = m.member(columns, raw); typ == nil {
			return nil, fault.New(fault.Internal, "a row of %s is of no known type", m.typ.Table)
		}
	}
	e := typ.New()
	for i, c := range columns {
		f := c.field
		if m.typ.Abstract() {
			if f = fieldOf(typ, c.name); f == nil {
				continue
			}
		}
		if err := assign(f.Pointer(e), c.kind, raw[i]); err != nil {
			return nil, err
		}
	}
	return e, nil
}

func (m *model) member(columns []column, raw [][]byte) *catalogue.Type {
	for i, c := range columns {
		if m.typ.Discriminator != nil && c.name == m.typ.Discriminator.Column {
			return m.typ.Member(string(raw[i]))
		}
	}
	return nil
}

func fieldOf(t *catalogue.Type, columnName string) *catalogue.Field {
	for _, f := range t.Fields {
		if f.Column == columnName {
			return f
		}
	}
	return nil
}
