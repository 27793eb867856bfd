package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// Elements lists what a field holds that is a list of value objects, over all entities of its type in the scope: as JSON, each once. It looks through
// so many entities at most; where there are more, the fault is TooLarge.
func (r *Reader) Elements(ctx context.Context, typ *catalogue.Type, field *catalogue.Field, most int) (out []json.RawMessage, err error) {
	m, err := r.db.model(typ)
	if err != nil {
		return nil, err
	}
	c, err := m.column(field)
	if err != nil {
		return nil, err
	}
	args, where := []any{string(r.scope.Account()), int64(most)}, ""
	if l := limitOf(r.scope, typ); !l.none() {
		where = " AND " + l.text(r.scope, m, numbering(len(args)))
		args = l.arguments(args, r.scope, m)
	}
	from := fmt.Sprintf("FROM %s t WHERE t.account_id = $1 AND jsonb_typeof(t.%s) = 'array'%s", m.typ.Table, c.name, where)
	beyond := false
	name := m.typ.Table + ".elements"
	err = r.run(ctx, []call{
		{name: name + "Beyond", sql: "SELECT 1 " + from + " OFFSET $2::INT8 LIMIT 1", args: args, rows: func(rows pgx.Rows) error {
			beyond = rows.Next()
			return rows.Err()
		}},
		{name: name, sql: fmt.Sprintf("SELECT DISTINCT e.item::TEXT FROM (SELECT t.%s AS list %s LIMIT $2::INT8) s, jsonb_array_elements(s.list) AS e (item)", c.name, from),
			args: args, rows: func(rows pgx.Rows) error {
				out = nil
				var text string
				_, err := pgx.ForEachRow(rows, []any{&text}, func() error { out = append(out, json.RawMessage(text)); return nil })
				return err
			}},
	})
	if err == nil && beyond {
		return nil, fault.New(fault.TooLarge, "more than %d of %s would have to be looked through", most, typ.Name).WithCode(fault.CodeTooMuch)
	}
	return out, err
}
