package rawsql

import (
	"context"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/ops/bench/load"
)

// Analyse refreshes the planner's statistics, as the server does by itself some time after tables have grown: plans would depend on whether it
// has come to that.
func (l *Lab) Analyse(ctx context.Context) error {
	if _, err := l.conns[0].Exec(ctx, "ANALYZE"); err != nil {
		return fmt.Errorf("refresh the statistics: %w", err)
	}
	return nil
}

// sqlOrder reads an order with its items, fulfilments and their items as one row.
const sqlOrder = `SELECT o.id, o.ref, o.type, o.status, o.total_price, o.created_on,
	(SELECT json_agg(json_build_array(i.id, i.ref, i.status, i.quantity, i.price, i.paid_price)) FROM order_items i
		WHERE i.account_id = $1 AND i.order_id = o.id),
	(SELECT json_agg(json_build_array(f.id, f.ref, f.type, f.status, f.eta,
			(SELECT json_agg(json_build_array(fi.id, fi.ref, fi.status, fi.requested_quantity, fi.filled_quantity)) FROM fulfilment_items fi
				WHERE fi.account_id = $1 AND fi.fulfilment_id = f.id))) FROM fulfilments f
		WHERE f.account_id = $1 AND f.order_id = o.id)
FROM orders o WHERE o.account_id = $1 AND o.id = $2`

// ReadOrders reads orders by id, with all that hangs on them, one after another on each connection.
func (l *Lab) ReadOrders(ctx context.Context, p load.Plan, ids []string) (load.Result, error) {
	numbers := make([]int64, len(ids))
	for i, id := range ids {
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			return load.Result{}, fmt.Errorf("order id %s: %w", id, err)
		}
		numbers[i] = n
	}
	return l.read(ctx, p, sqlOrder, func(i int) []any { return []any{l.account, numbers[i%len(numbers)]} })
}

const sqlAvailability = `SELECT v.ref, v.product_ref, v.group_ref, v.quantity, v.status FROM virtual_positions v
WHERE v.account_id = $1 AND v.catalogue_id = (SELECT c.id FROM virtual_catalogues c WHERE c.account_id = $1 AND c.ref = $2)
	AND v.product_ref = ANY ($3::text[]) AND v.group_ref = ANY ($4::text[])`

// ReadAvailability reads the virtual positions of the products and locations that choose names for the i-th read.
func (l *Lab) ReadAvailability(ctx context.Context, p load.Plan, catalogue string, choose func(i int) (products, locations []string)) (load.Result, error) {
	return l.read(ctx, p, sqlAvailability, func(i int) []any {
		products, locations := choose(i)
		return []any{l.account, catalogue, products, locations}
	})
}

func (l *Lab) read(ctx context.Context, p load.Plan, sql string, args func(i int) []any) (load.Result, error) {
	p.Clients = len(l.conns)
	return load.Run(ctx, p, func(ctx context.Context, client, i int) error {
		rows, err := l.conns[client].Query(ctx, sql, args(i)...)
		if err != nil {
			return fmt.Errorf("read raw: %w", err)
		}
		n := 0
		for rows.Next() {
			n++
			_ = rows.RawValues()
		}
		if rows.Err() == nil && n == 0 {
			return fmt.Errorf("read raw: %w", pgx.ErrNoRows)
		}
		return rows.Err()
	})
}
