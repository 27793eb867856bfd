package rawsql

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/fluent-oms/fluent/ops/bench/load"
)

// List is very many orders of the account, one for each second before a time.
type List struct {
	count int
	last  time.Time
}

// firstListID is beyond what orders that are placed get as ids.
const firstListID = 1_000_000_000

// statuses is how many statuses the orders have: each as many orders as the others, spread over the list.
const statuses = 500

// FillOrders makes copies of one of the account's orders, with ids, refs, statuses and times of their own, and brings the planner's statistics up to
// date.
func (l *Lab) FillOrders(ctx context.Context, n int) (*List, error) {
	tables, err := l.tables(ctx)
	if err != nil {
		return nil, err
	}
	list := &List{count: n}
	if list.last, err = l.Now(ctx); err != nil {
		return nil, fmt.Errorf("read the database's time: %w", err)
	}
	list.last = list.last.UTC().Truncate(time.Second).Add(-time.Hour)
	own := map[string]string{
		"id": "$2::INT8 + g", "ref": "'LIST-' || lpad(g::TEXT, 8, '0')", "ref2": "NULL", "status": fmt.Sprintf("'S' || g %% %d", statuses),
		"created_on": "$3::TIMESTAMPTZ - ($4::INT8 - g) * INTERVAL '1 second'", "updated_on": "$3::TIMESTAMPTZ - ($4::INT8 - g) * INTERVAL '1 second'",
	}
	values := make([]string, len(tables["orders"]))
	for i, column := range tables["orders"] {
		if values[i] = own[column]; values[i] == "" {
			values[i] = "o." + column
		}
	}
	sql := fmt.Sprintf("INSERT INTO public.orders (%s) SELECT %s FROM (SELECT * FROM public.orders WHERE account_id = $1 ORDER BY id LIMIT 1) o, generate_series(1, $4::INT8) AS s (g)",
		strings.Join(tables["orders"], ", "), strings.Join(values, ", "))
	if _, err := l.conns[0].Exec(ctx, sql, l.account, firstListID, list.last, n); err != nil {
		return nil, fmt.Errorf("make a list of orders: %w", err)
	}
	if _, err := l.conns[0].Exec(ctx, "VACUUM ANALYZE public.orders"); err != nil {
		return nil, fmt.Errorf("refresh the statistics of orders: %w", err)
	}
	return list, nil
}

// number is the order that the i-th search is about: they are spread over the list.
func (l *List) number(i int) int { return 1 + i*7919%l.count }

// Status is the status that the i-th search is for.
func (l *List) Status(i int) string { return fmt.Sprintf("S%d", l.number(i)%statuses) }

// Ref is the ref that the i-th search is for.
func (l *List) Ref(i int) string { return fmt.Sprintf("LIST-%08d", l.number(i)) }

// Prefix is what refs begin with that the i-th search is for: those of a hundred orders.
func (l *List) Prefix(i int) string { return l.Ref(i)[:len("LIST-")+6] }

// Dates are the ends of ten minutes that the i-th search is for.
func (l *List) Dates(i int) (from, to time.Time) {
	from = l.last.Add(time.Duration(l.number(i)-l.count) * time.Second)
	return from, from.Add(10 * time.Minute)
}

// Filter is what searches go by.
type Filter int

// The filters.
const (
	ByStatus Filter = iota
	ByDate
	ByRef
	ByPrefix
)

var filters = map[Filter]struct {
	where string
	args  func(l *List, i int) []any
}{
	ByStatus: {"o.status = $2", func(l *List, i int) []any { return []any{l.Status(i)} }},
	ByDate: {"o.created_on >= $2 AND o.created_on <= $3", func(l *List, i int) []any {
		from, to := l.Dates(i)
		return []any{from, to}
	}},
	ByRef:    {"o.ref = $2", func(l *List, i int) []any { return []any{l.Ref(i)} }},
	ByPrefix: {"o.ref LIKE $2", func(l *List, i int) []any { return []any{l.Prefix(i) + "%"} }},
}

// Search reads the first page of 50 of the orders that a filter lets through, as many different ones as there are searches.
func (l *Lab) Search(ctx context.Context, p load.Plan, list *List, by Filter, searches int) (load.Result, error) {
	f := filters[by]
	return l.read(ctx, p, "SELECT o.id, o.ref, o.status, o.created_on FROM orders o WHERE o.account_id = $1 AND "+f.where+" ORDER BY o.created_on, o.id LIMIT 51",
		func(i int) []any { return append([]any{l.account}, f.args(list, i%searches)...) })
}
