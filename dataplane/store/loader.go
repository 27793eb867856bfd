package store

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

// entities makes the call that loads whole entities, the rows t of a source: FROM …, with or without WHERE. $1 is the account. put is
// called once for each time that the statement is sent. The statement does not sort: an ORDER BY by creation tempts planners to
// walk all rows of an account in that order.
func entities(m *model, name, source string, args []any, put func(found []any)) call {
	return call{name: name, sql: m.sourceText(source), args: args, rows: func(rows pgx.Rows) error {
		if err := checkFormats(m.columns, rows, 0); err != nil {
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

func (m *model) sourceText(source string) string {
	var s strings.Builder
	s.WriteString("SELECT ")
	for i, c := range m.columns {
		if i > 0 {
			s.WriteString(", ")
		}
		s.WriteString("t." + c.name)
	}
	s.WriteString(" FROM " + source)
	if d := m.typ.Discriminator; d != nil && !m.typ.Abstract() {
		fmt.Fprintf(&s, " AND t.%s = '%s'", d.Column, m.typ.Name)
	}
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

// sorted is all in order of creation.
func sorted[T any](m *model, to *[]*T) func(found []any) {
	return func(found []any) {
		slices.SortFunc(found, func(a, b any) int {
			x, _ := m.created.field.Get(a).(time.Time)
			y, _ := m.created.field.Get(b).(time.Time)
			if c := x.Compare(y); c != 0 {
				return c
			}
			i, _ := m.id.field.Get(a).(catalogue.ID)
			j, _ := m.id.field.Get(b).(catalogue.ID)
			return cmp.Or(cmp.Compare(len(i), len(j)), cmp.Compare(i, j))
		})
		all(to)(found)
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
