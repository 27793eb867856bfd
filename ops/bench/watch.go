package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// watchEvery is how often the database is asked for new fulfilments: the error of what a watch sees.
	watchEvery = 5 * time.Millisecond
	// overlap is how far back a look goes, for a later commit may carry an earlier time; one look in thoroughly goes back to the beginning.
	overlap    = 500 * time.Millisecond
	thoroughly = 100
	// patience is how long a watch waits for the last order.
	patience = 2 * time.Minute
)

// watch notes when orders' first fulfilments become visible. It looks at the database, so that it takes little from the API.
type watch struct {
	cancel context.CancelFunc
	done   chan struct{}

	mu   sync.Mutex
	seen map[string]time.Time // by order id
	err  error
}

const sqlFulfilments = `SELECT order_id FROM fulfilments WHERE account_id = $1 AND created_on >= $2`

func (w *world) watchFulfilments(ctx context.Context) (*watch, error) {
	conn, err := pgx.Connect(ctx, w.database.DSN("fluent"))
	if err != nil {
		return nil, fmt.Errorf("watch fulfilments: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	v := &watch{cancel: cancel, done: make(chan struct{}), seen: make(map[string]time.Time)}
	go func() {
		defer close(v.done)
		defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
		began := time.Now()
		for n := 1; ctx.Err() == nil && v.err == nil; n++ {
			since := time.Now().Add(-overlap)
			if since.Before(began) || n%thoroughly == 0 {
				since = began
			}
			v.look(ctx, conn, w.stack.Ready.Demo.Account, since)
			time.Sleep(watchEvery)
		}
	}()
	return v, nil
}

// look asks once. The database runs on this machine, so its clock is ours.
func (v *watch) look(ctx context.Context, conn *pgx.Conn, account string, since time.Time) {
	rows, _ := conn.Query(ctx, sqlFulfilments, account, since)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	now := time.Now()
	v.mu.Lock()
	defer v.mu.Unlock()
	if err != nil && ctx.Err() == nil {
		v.err = fmt.Errorf("watch fulfilments: %w", err)
	}
	for _, id := range ids {
		key := strconv.FormatInt(id, 10)
		if _, known := v.seen[key]; !known {
			v.seen[key] = now
		}
	}
}

// await waits until each of the orders has a fulfilment, and ends the watch. The map tells when each was seen.
func (v *watch) await(ctx context.Context, orders []string) (map[string]time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	missing := orders
	for len(missing) > 0 {
		v.mu.Lock()
		var still []string
		for _, id := range missing {
			if _, ok := v.seen[id]; !ok {
				still = append(still, id)
			}
		}
		missing = still
		err := v.err
		v.mu.Unlock()
		if err == nil && len(missing) > 0 && ctx.Err() != nil {
			err = fmt.Errorf("%d of %d orders have no fulfilment, such as order %s: %w", len(missing), len(orders), missing[0], ctx.Err())
		}
		if err != nil {
			return nil, errors.Join(err, v.stop())
		}
		time.Sleep(watchEvery)
	}
	return v.seen, v.stop()
}

func (v *watch) stop() error {
	v.cancel()
	<-v.done
	return v.err
}
