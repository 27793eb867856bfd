package store

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

// updateCalls groups updates by type and set of fields, in order of their first queueing; rows within a group are in order of id, so that
// two transactions lock alike.
func updateCalls(updates []*entityUpdate, scope tenancy.Scope, now time.Time) ([]call, error) {
	type group struct {
		model   *model
		columns []column
		updates []*entityUpdate
	}
	var groups []*group
	byKey := make(map[string]*group)
	for _, u := range updates {
		slices.SortFunc(u.fields, func(a, b fieldOfEntity) int { return cmp.Compare(a.column.name, b.column.name) })
		var key strings.Builder
		key.WriteString(u.model.typ.Name)
		for _, f := range u.fields {
			key.WriteString("," + f.column.name)
		}
		g := byKey[key.String()]
		if g == nil {
			g = &group{model: u.model}
			for _, f := range u.fields {
				g.columns = append(g.columns, f.column)
			}
			byKey[key.String()] = g
			groups = append(groups, g)
		}
		g.updates = append(g.updates, u)
	}
	calls := make([]call, 0, len(groups))
	for _, g := range groups {
		c, err := updateCall(g.model, g.columns, g.updates, scope)
		if err != nil {
			return nil, err
		}
		c.args[1] = now
		calls = append(calls, c)
	}
	return calls, nil
}

func updateCall(m *model, columns []column, updates []*entityUpdate, scope tenancy.Scope) (call, error) {
	slices.SortFunc(updates, func(a, b *entityUpdate) int {
		return cmp.Or(cmp.Compare(len(a.id), len(b.id)), cmp.Compare(a.id, b.id))
	})
	ids := make([]catalogue.ID, len(updates))
	arrays := make([]array, len(columns))
	for k := range arrays {
		arrays[k] = make(array, len(updates))
	}
	for i, u := range updates {
		ids[i] = u.id
		for k, f := range u.fields {
			v, err := f.column.of(f.entity)
			if err != nil {
				return call{}, fmt.Errorf("%s.%s: %w", m.typ.Name, f.column.field.Name, err)
			}
			arrays[k][i] = v
		}
	}
	single := len(ids) == 1
	args := []any{string(scope.Account()), time.Time{}, any(idArray(m.id.kind, ids))}
	if single {
		args[2] = idArg(m.id.kind, ids[0])
	}
	for _, a := range arrays {
		if single {
			args = append(args, a[0])
		} else {
			args = append(args, a)
		}
	}
	args = limitOf(scope, m.typ).arguments(args, scope, m)
	return call{name: m.typ.Table + ".update", sql: m.updateText(columns, single, scope), args: args, fail: notFound(m.typ, ids)}, nil
}

// updateText is the statement for any number of rows of a type of which the same columns change. When it finds fewer rows than it was given,
// it fails by dividing by zero: so that what follows in the same round trip, COMMIT included, does not happen. A single row is found by
// equality, which every planner serves from the primary key.
//
//	WITH d AS (UPDATE orders t SET updated_on = $2, status = $4 WHERE t.account_id = $1 AND t.id = $3 RETURNING 1)
//	SELECT 1 / (SELECT count(*) FROM d)
//	WITH d AS (UPDATE orders t SET updated_on = $2, status = u.c0 FROM unnest($3::INT8[], $4::TEXT[]) AS u (id, c0)
//	WHERE t.account_id = $1 AND t.id = u.id AND t.id = ANY ($3::INT8[]) RETURNING 1)
//	SELECT 1 / CASE WHEN (SELECT count(*) FROM d) = array_length($3::INT8[], 1) THEN 1 ELSE 0 END
func (m *model) updateText(columns []column, single bool, scope tenancy.Scope) string {
	id := m.id.kind.castType()
	var set, params, aliases strings.Builder
	for i, c := range columns {
		if single {
			fmt.Fprintf(&set, ", %s = $%d::%s%s", c.name, i+4, c.kind.castType(), jsonCast(c.kind))
			continue
		}
		fmt.Fprintf(&set, ", %s = u.c%d%s", c.name, i, jsonCast(c.kind))
		fmt.Fprintf(&params, ", $%d::%s[]", i+4, c.kind.castType())
		fmt.Fprintf(&aliases, ", c%d", i)
	}
	filter := ""
	if l := limitOf(scope, m.typ); !l.none() {
		filter = " AND " + l.text(scope, m, numbering(len(columns)+3))
	}
	if single {
		return fmt.Sprintf("WITH d AS (UPDATE %s t SET updated_on = $2::TIMESTAMPTZ%s WHERE t.account_id = $1 AND t.id = $3::%s%s RETURNING 1) SELECT 1 / (SELECT count(*) FROM d)",
			m.typ.Table, set.String(), id, filter)
	}
	return fmt.Sprintf("WITH d AS (UPDATE %[1]s t SET updated_on = $2::TIMESTAMPTZ%[2]s FROM unnest($3::%[3]s[]%[4]s) AS u (id%[5]s) "+
		"WHERE t.account_id = $1 AND t.id = u.id AND t.id = ANY ($3::%[3]s[])%[6]s RETURNING 1) "+
		"SELECT 1 / CASE WHEN (SELECT count(*) FROM d) = array_length($3::%[3]s[], 1) THEN 1 ELSE 0 END",
		m.typ.Table, set.String(), id, params.String(), aliases.String(), filter)
}

// changeable lists the columns that an update may change.
func (m *model) changeable() (out []column) {
	for _, c := range m.columns {
		if !m.kept(c) {
			out = append(out, c)
		}
	}
	return out
}

// kept columns identify the row or are kept by the store itself.
func (m *model) kept(c column) bool {
	return c.name == m.id.name || c.name == m.created.name || c.name == m.updated.name ||
		m.typ.Discriminator != nil && c.name == m.typ.Discriminator.Column
}
