package store

import (
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

// The kinds of lookup.
const (
	byID  = "byID"
	byKey = "byKey"
)

// lookupForm is what changes the text of a lookup of one type.
type lookupForm struct {
	kind   string
	single bool
	limit  limit
}

// lookupTexts writes all of a type's lookups.
func (m *model) lookupTexts() error {
	key := make([]column, len(m.typ.Key))
	for i, f := range m.typ.Key {
		var err error
		if key[i], err = m.column(f); err != nil {
			return err
		}
	}
	m.lookups = make(map[lookupForm]string)
	m.key = key
	for _, single := range []bool{false, true} {
		for _, l := range []limit{{}, {retailers: m.typ.Limited()}} {
			m.lookups[lookupForm{byID, single, l}] = m.lookupText(byID, single, l, tenancy.Scope{})
			if len(key) > 0 {
				m.lookups[lookupForm{byKey, single, l}] = m.lookupText(byKey, single, l, tenancy.Scope{})
			}
		}
	}
	return nil
}

// lookupOf is the text of a lookup. Those for limits that are not everyday are written anew.
func (m *model) lookupOf(form lookupForm, scope tenancy.Scope) string {
	if text, ok := m.lookups[form]; ok {
		return text
	}
	return m.lookupText(form.kind, form.single, form.limit, scope)
}

// loadByID makes the statement that fills out by id; a call without SQL when no id can be one.
func (db *DB) loadByID(scope tenancy.Scope, typ *catalogue.Type, ids []catalogue.ID, out []any) (call, error) {
	m, err := db.model(typ)
	if err != nil {
		return call{}, err
	}
	args := make(array, len(ids))
	possible := false
	for i, id := range ids {
		args[i] = idArg(m.id.kind, id)
		possible = possible || args[i] != nil
	}
	if !possible {
		return call{}, nil
	}
	return m.lookup(byID, []array{args}, scope, out), nil
}

// loadByKey makes the statement that fills out by natural key.
func (db *DB) loadByKey(scope tenancy.Scope, typ *catalogue.Type, keys []Key, out []any) (call, error) {
	m, err := db.model(typ)
	if err != nil {
		return call{}, err
	}
	if len(typ.Key) == 0 {
		return call{}, fmt.Errorf("store: type %s has no natural key", typ.Name)
	}
	columns := make([]column, len(typ.Key))
	arrays := make([]array, len(typ.Key))
	for k, f := range typ.Key {
		if columns[k], err = m.column(f); err != nil {
			return call{}, err
		}
		values := make(array, len(keys))
		for i, key := range keys {
			if len(key) != len(typ.Key) {
				return call{}, fmt.Errorf("store: a key of %s has %d parts, not %d", typ.Name, len(typ.Key), len(key))
			}
			if values[i], err = conditionValue(columns[k], In, key[k]); err != nil {
				return call{}, err
			}
		}
		arrays[k] = values
	}
	return m.lookup(byKey, arrays, scope, out), nil
}

// lookup finds the wanted keys, numbered, so that each row says which place of out it fills.
func (m *model) lookup(kind string, arrays []array, scope tenancy.Scope, out []any) call {
	l, single := limitOf(scope, m.typ), len(out) == 1
	args := []any{string(scope.Account())}
	for _, a := range arrays {
		if single {
			args = append(args, a[0])
		} else {
			args = append(args, a)
		}
	}
	args = l.arguments(args, scope, m)
	return call{name: m.typ.Table + "." + kind, sql: m.lookupOf(lookupForm{kind, single, l}, scope), args: args, steady: l.none(), rows: func(rows pgx.Rows) error {
		clear(out)
		if err := checkFormats(m.columns, rows, 1); err != nil {
			return err
		}
		for rows.Next() {
			raw := rows.RawValues()
			e, err := m.entity(m.columns, raw[1:])
			if err != nil {
				return err
			}
			out[wireInt(raw[0])-1] = e
		}
		return rows.Err()
	}}
}

// lookupText compares one key directly, and looks up many one by one: a planner that has no statistics yet would rather read the whole
// account for a join, and a SERIALIZABLE transaction would then depend on all of it.
//
//	SELECT 1::INT8, t.… FROM orders t WHERE t.account_id = $1 AND t.id = $2
//	SELECT p.n, t.… FROM unnest($2::INT8[]) WITH ORDINALITY AS p (k0, n)
//	CROSS JOIN LATERAL (SELECT t.* FROM orders t WHERE t.account_id = $1 AND t.id = p.k0 LIMIT 1) t
func (m *model) lookupText(kind string, single bool, l limit, scope tenancy.Scope) string {
	by := m.key
	if kind == byID {
		by = []column{m.id}
	}
	where := "t.account_id = $1"
	arrays, names := "", ""
	for i, c := range by {
		cast := c.kind.castType()
		if single {
			where += fmt.Sprintf(" AND t.%s = $%d::%s", c.name, i+2, cast)
			continue
		}
		where += fmt.Sprintf(" AND t.%s = p.k%d", c.name, i)
		arrays += fmt.Sprintf(", $%d::%s[]", i+2, cast)
		names += fmt.Sprintf("k%d, ", i)
	}
	if d := m.typ.Discriminator; d != nil && !m.typ.Abstract() {
		where += fmt.Sprintf(" AND t.%s = '%s'", d.Column, m.typ.Name)
	}
	if !l.none() {
		where += " AND " + l.text(scope, m, numbering(len(by)+1))
	}
	if single {
		return fmt.Sprintf("SELECT 1::INT8, %s FROM %s t WHERE %s LIMIT 1", m.list("t"), m.typ.Table, where)
	}
	return fmt.Sprintf("SELECT p.n, %[1]s FROM unnest(%[2]s) WITH ORDINALITY AS p (%[3]sn) CROSS JOIN LATERAL (SELECT %[1]s FROM %[4]s t WHERE %[5]s LIMIT 1) t",
		m.list("t"), arrays[2:], names, m.typ.Table, where)
}
