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
	if err := checkFormats(l.columns, rows, l.offset); err != nil {
		return err
	}
	var slab []any
	keep := !s.query.NoCursors
	seen := len(s.bounds.seen()) > 0
	groups, err := s.each(rows, func(at *grouping, raw [][]byte) error {
		if keep || seen {
			p := l.position(raw)
			if seen && s.bounds.has(p) {
				return nil
			}
			if keep {
				at.at = append(at.at, p)
			}
		}
		if len(slab) < len(l.cells) {
			slab = make([]any, slabRows*len(l.cells))
		}
		row := slab[:len(l.cells):len(l.cells)]
		slab = slab[len(l.cells):]
		for i, c := range l.cells {
			row[i] = decode(l.columns[c].kind, raw[c])
		}
		at.Rows = append(at.Rows, row)
		return nil
	})
	if err != nil {
		return err
	}
	res.Groups = make([]Group, len(groups))
	for i := range groups {
		s.finish(&groups[i])
		res.Groups[i] = groups[i].Group
	}
	return nil
}

// collectEntities reads an answer into structs.
func (s *selection) collectEntities(rows pgx.Rows, take func(entity any)) error {
	l := &s.shape.layout
	if err := checkFormats(l.columns, rows, l.offset); err != nil {
		return err
	}
	groups, err := s.each(rows, func(at *grouping, raw [][]byte) error {
		e, err := s.shape.model.entity(l.columns, raw)
		at.entities = append(at.entities, e)
		return err
	})
	if err != nil {
		return err
	}
	for _, g := range groups {
		group := g.entities
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

// grouping is a group while its rows come in.
type grouping struct {
	Group
	entities  []any
	at        []position // of Rows, where cursors are wanted
	horizon   int64
	low, high bool
}

// newGroups makes a group for each parent that was named; those of owners that were not are made as their rows come.
func (s *selection) newGroups() []grouping {
	p := s.query.Parents
	switch {
	case p == nil:
		return make([]grouping, 1)
	case p.Of != nil:
		return nil
	}
	g := make([]grouping, len(p.IDs))
	for i, id := range p.IDs {
		g[i].Parent = id
	}
	return g
}

// each hands over the query's own columns of each row, with the group that the row belongs to.
func (s *selection) each(rows pgx.Rows, row func(at *grouping, raw [][]byte) error) ([]grouping, error) {
	l := &s.shape.layout
	g := s.newGroups()
	count := 0
	s.query.Budget.take(-s.taken) // of an answer that was broken off
	s.taken = 0
	for rows.Next() {
		raw := rows.RawValues()
		var at *grouping
		switch {
		case l.owners:
			id := decode(l.owner, raw[l.parent]).(catalogue.ID)
			if len(g) == 0 || g[len(g)-1].Parent != id { // rows come owner by owner
				g = append(g, grouping{Group: Group{Parent: id}})
			}
			at = &g[len(g)-1]
		case l.parents:
			at = &g[wireInt(raw[l.parent])-1]
		default:
			at = &g[0]
		}
		at.low = at.low || l.low >= 0 && raw[l.low] != nil
		at.high = at.high || l.high >= 0 && raw[l.high] != nil
		if l.horizon >= 0 {
			at.horizon = wireMicros(raw[l.horizon])
		}
		if own := raw[l.offset:]; own[l.id] != nil { // else the page is empty and only the flags came
			if count++; s.limit == 0 && count > s.max {
				return nil, s.tooMany()
			}
			if s.taken++; !s.query.Budget.take(1) {
				return nil, s.query.Budget.spent()
			}
			if err := row(at, own); err != nil {
				return nil, err
			}
		}
	}
	return g, rows.Err()
}

func (s *selection) tooMany() error {
	return fault.New(fault.TooLarge, "more than %d %s match; ask for pages", s.max, s.shape.model.typ.Plural)
}

// finish takes the surplus row of a group away, which only says that there are more, and puts backward pages in order.
func (s *selection) finish(g *grouping) {
	more := s.limit > 0 && len(g.Rows) > s.limit
	if more {
		g.Rows = g.Rows[:s.limit]
		if g.at != nil {
			g.at = g.at[:s.limit]
		}
	}
	g.low = g.low || len(s.bounds.seen()) > 0
	if s.shape.layout.backward {
		slices.Reverse(g.Rows)
		slices.Reverse(g.at)
		g.HasPrevious, g.HasNext = more || g.low, g.high
	} else {
		g.HasPrevious, g.HasNext = g.low, more || g.high
	}
	switch {
	case s.query.NoCursors:
	case s.query.Follow:
		s.print(g)
	default:
		for _, p := range g.at {
			g.Cursors = append(g.Cursors, p.plain())
		}
	}
}

func (l *layout) position(raw [][]byte) position {
	c := position{micros: wireMicros(raw[l.created]), kind: l.columns[l.id].kind}
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
