package store

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

// entities makes the call that loads whole entities, the rows t of a source: FROM …, with a WHERE. $1 is the account. The statement does not
// sort: an ORDER BY by creation tempts planners to walk all rows of an account in that order.
func entities(m *model, name, source string, args []any, put func(found []any)) call {
	return entitiesOf(m, name, m.sourceText(source), args, put)
}

// entitiesOf is entities with a text of sourceText. put is called once for each time that the statement is sent.
func entitiesOf(m *model, name, sql string, args []any, put func(found []any)) call {
	return call{name: name, sql: sql, args: args, rows: func(rows pgx.Rows) error {
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

// sourceText reads the rows t of a source.
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

// sortByCreation sorts entities, most of them of the model's type, as pages are sorted.
func (db *DB) sortByCreation(m *model, found []any) {
	slices.SortFunc(found, func(a, b any) int {
		x, i := db.born(m, a)
		y, j := db.born(m, b)
		return cmp.Or(x.Compare(y), cmp.Compare(len(i), len(j)), cmp.Compare(i, j))
	})
}

// born is when an entity was created, and its id. It is of the model's type, or is looked up.
func (db *DB) born(m *model, entity any) (time.Time, catalogue.ID) {
	if t := reflect.TypeOf(entity).Elem(); t != m.typ.Go {
		m = db.models[db.byGo[t]]
	}
	return *m.created.field.Pointer(entity).(*time.Time), *m.id.field.Pointer(entity).(*catalogue.ID)
}

// loader collects calls that fill slices with whole entities.
type loader struct {
	r     *Reader
	args  []any
	calls []call
	err   error
}

// add adds the rows t of a source, in order of creation.
func add[T any](l *loader, source string, to *[]*T) {
	m, err := l.r.db.model(TypeOf[T](l.r.db))
	if err != nil {
		l.err = err
		return
	}
	l.calls = append(l.calls, entities(m, "aggregate."+m.typ.Table, source, l.args, func(found []any) {
		l.r.db.sortByCreation(m, found)
		all(to)(found)
	}))
}
