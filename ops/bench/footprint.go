package main

import (
	"context"
	"time"

	"github.com/fluent-oms/fluent/ops/bench/rawsql"
)

// calm is how long nothing may change before an order's rows count as complete.
const calm = 700 * time.Millisecond

// footprint places one order while nothing else goes on, and captures its rows once no more appear.
func (w *world) footprint(ctx context.Context, p *placement) (rawsql.Footprint, error) {
	if _, err := w.settle(ctx, time.Now().Add(-calm)); err != nil {
		return rawsql.Footprint{}, err
	}
	since, err := w.lab.Now(ctx)
	if err != nil {
		return rawsql.Footprint{}, err
	}
	_, _, _, err = w.placeMany(ctx, &placement{w: w, run: p.run + "F", customers: p.customers, products: p.products}, 1)
	if err != nil {
		return rawsql.Footprint{}, err
	}
	return w.settle(ctx, since)
}

// settle waits until no event waits and what changed since a time stays the same for a while.
func (w *world) settle(ctx context.Context, since time.Time) (rawsql.Footprint, error) {
	last := ""
	for {
		f, err := w.lab.Capture(ctx, since)
		if err != nil {
			return f, err
		}
		waiting, err := w.lab.Waiting(ctx)
		if err != nil || waiting == 0 && f.String() == last {
			return f, err
		}
		last = f.String()
		select {
		case <-ctx.Done():
			return f, ctx.Err()
		case <-time.After(calm):
		}
	}
}
