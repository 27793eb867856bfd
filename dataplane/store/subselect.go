package store

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// entities makes the call that loads whole entities whose ids another SELECT gives, in order of creation. $1 is the account. put is
// called once for each time that the statement is sent.
func entities(m *model, name, ids string, args []any, put func(found []any)) call {
	return call{name: name, sql: m.subselectText(ids), args: args, rows: func(rows pgx.Rows) error {
		if err := checkFormats(m.columns, rows.FieldDescriptions()); err != nil {
			return err
		}
		var found []any
		for rows.Next() {
			e, err := m.entity(m.columns, rows.RawValues())
			if err != nil {
				return err
			}
			found = append(found, e)
		}
		put(found)
		return rows.Err()
	}}
}

func (m *model) subselectText(ids string) string {
	var s strings.Builder
	s.WriteString("SELECT ")
	for i, c := range m.columns {
		if i > 0 {
			s.WriteString(", ")
		}
		s.WriteString("t." + c.name)
	}
	fmt.Fprintf(&s, " FROM %s t WHERE t.account_id = $1 AND t.id IN (%s)", m.typ.Table, ids)
	if d := m.typ.Discriminator; d != nil && !m.typ.Abstract() {
		fmt.Fprintf(&s, " AND t.%s = '%s'", d.Column, m.typ.Name)
	}
	s.WriteString(" ORDER BY t.created_on, t.id")
	return s.String()
}

// all fills a slice with the entities that a call of entities found.
func all[T any](to *[]*T) func(found []any) {
	return func(found []any) {
		*to = make([]*T, len(found))
		for i, e := range found {
			(*to)[i] = e.(*T)
		}
	}
}

// single fills a pointer with the entity that a call of entities found; nil if there is none.
func single[T any](to **T) func(found []any) {
	return func(found []any) {
		*to = nil
		if len(found) > 0 {
			*to = found[0].(*T)
		}
	}
}
