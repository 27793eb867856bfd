package store

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

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
	return m.lookup("byID", []column{m.id}, []any{args}, scope, out), nil
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
	arrays := make([]any, len(typ.Key))
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
	return m.lookup("byKey", columns, arrays, scope, out), nil
}

// lookup joins the table with the wanted keys, numbered, so that each row says which place of out it fills.
func (m *model) lookup(kind string, by []column, arrays []any, scope tenancy.Scope, out []any) call {
	limited := scope.Retailers() != nil && limitedByRetailer(m.typ)
	args := append([]any{string(scope.Account())}, arrays...)
	if limited {
		args = append(args, scope.Retailers())
	}
	return call{name: m.typ.Table + "." + kind, sql: m.lookupText(by, limited), args: args, rows: func(rows pgx.Rows) error {
		clear(out)
		if err := checkFormats(m.columns, rows.FieldDescriptions()[1:]); err != nil {
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

func (m *model) lookupText(by []column, limited bool) string {
	var s, on, arrays, names strings.Builder
	for i, c := range by {
		if i > 0 {
			arrays.WriteString(", ")
		}
		fmt.Fprintf(&arrays, "$%d::%s[]", i+2, c.kind.castType())
		fmt.Fprintf(&names, "k%d, ", i)
		fmt.Fprintf(&on, " AND t.%s = p.k%d", c.name, i)
	}
	s.WriteString("SELECT p.n")
	for _, c := range m.columns {
		s.WriteString(", t." + c.name)
	}
	fmt.Fprintf(&s, " FROM unnest(%s) WITH ORDINALITY AS p (%sn) JOIN %s t ON t.account_id = $1%s", arrays.String(), names.String(), m.typ.Table, on.String())
	if d := m.typ.Discriminator; d != nil && !m.typ.Abstract() {
		fmt.Fprintf(&s, " AND t.%s = '%s'", d.Column, m.typ.Name)
	}
	if limited {
		s.WriteString(" WHERE " + retailerFilter(m.typ, "t", fmt.Sprintf("$%d::INT8[]", len(by)+2), 0))
	}
	return s.String()
}
