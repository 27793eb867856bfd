package store

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/tenancy"
)

// totalsText is the statement of a list of sums for many parents. A sum that is no number of 32 bits is the nearest one.
//
//	SELECT t.position_id, t.type, t.status, least(greatest(sum(t.quantity), -2147483648), 2147483647)::INT8 FROM inventory_quantities t
//	WHERE t.account_id = $1 AND t.position_id = ANY ($2::UUID[]) GROUP BY t.position_id, t.type, t.status ORDER BY t.position_id, t.type, t.status LIMIT $3
func (m *model) totalsText(x *catalogue.Total, scope tenancy.Scope) (string, error) {
	names := []string{"t." + x.Edge.By.Column}
	for _, f := range x.By {
		c, err := m.column(f)
		if err != nil {
			return "", err
		}
		names = append(names, "t."+c.name)
	}
	list := strings.Join(names, ", ")
	filter := ""
	if l := limitOf(scope, m.typ); !l.none() {
		filter = " AND " + l.text(scope, m, numbering(3))
	}
	return fmt.Sprintf("SELECT %[1]s, least(greatest(sum(t.%[2]s), -2147483648), 2147483647)::INT8 FROM %[3]s t "+
		"WHERE t.account_id = $1 AND %[4]s = ANY ($2::%[5]s[])%[6]s GROUP BY %[1]s ORDER BY %[1]s LIMIT $3::INT8",
		list, x.Sum.Column, m.typ.Table, names[0], ownerKind(m, x.Edge).castType(), filter), nil
}

// totals is the call of a query with Totals. A group has a row for each combination: the fields of By, then the sum.
func (db *DB) totals(scope tenancy.Scope, q *Query, res *Result) (call, error) {
	x := q.Totals
	m, err := db.model(x.Edge.Target)
	if err != nil {
		return call{}, err
	}
	if q.Parents == nil || q.Parents.Edge != x.Edge || q.Parents.Of != nil || len(q.Where) > 0 {
		return call{}, errors.New("store: totals are of the parents of their edge, without conditions")
	}
	text, err := m.totalsText(x, scope)
	if err != nil {
		return call{}, err
	}
	kind, limited := ownerKind(m, x.Edge), limitOf(scope, m.typ)
	args := limited.arguments([]any{string(scope.Account()), idArray(kind, q.Parents.IDs), db.opts.MaxRows + 1}, scope, m)
	t := &totalling{query: q, model: m, owner: kind, max: db.opts.MaxRows}
	return call{name: m.typ.Table + ".totals", sql: text, args: args, steady: limited.none(), rows: func(rows pgx.Rows) error { return t.collect(rows, res) }}, nil
}

// totalling reads the answer of a query with Totals.
type totalling struct {
	query *Query
	model *model
	owner sqlKind
	max   int
	taken int // from the query's budget
}

// collect reads an answer into groups. It may run again when the statement is repeated.
func (t *totalling) collect(rows pgx.Rows, res *Result) error {
	t.query.Budget.take(-t.taken)
	t.taken, res.Groups = 0, nil
	for rows.Next() {
		if t.taken++; t.taken > t.max {
			return fault.New(fault.TooLarge, "more than %d sums; ask for smaller pages", t.max)
		}
		if !t.query.Budget.take(1) {
			return t.query.Budget.spent()
		}
		raw := rows.RawValues()
		id, _ := decode(t.owner, raw[0]).(catalogue.ID)
		if n := len(res.Groups); n == 0 || res.Groups[n-1].Parent != id {
			res.Groups = append(res.Groups, Group{Parent: id})
		}
		group := &res.Groups[len(res.Groups)-1]
		group.Rows = append(group.Rows, t.row(raw[1:]))
	}
	return rows.Err()
}

func (t *totalling) row(raw [][]byte) []any {
	by := t.query.Totals.By
	row := make([]any, len(by)+1)
	for i, f := range by {
		row[i] = decode(kindOf(t.model.typ, f), raw[i])
	}
	row[len(by)] = decode(kindInt, raw[len(by)])
	return row
}
