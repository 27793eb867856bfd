package e2e_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/ops/apiclient"
	"github.com/fluent-oms/fluent/ops/stack"
)

// fragile is a platform of its own for a test that breaks it.
type fragile struct {
	stack   *stack.Stack
	client  *apiclient.Client
	account string // whose orders are placed
	loader  *loader
}

func startFragile(t *testing.T) *fragile { return startFragileOn(t, "auto") }

// startFragileOn starts one on the database that a URL names.
func startFragileOn(t *testing.T, database string) *fragile {
	t.Helper()
	if testing.Short() {
		t.Skip("the end-to-end tests start the whole platform")
	}
	running, err := stack.Start(context.Background(), stack.Options{Binary: binary, Dir: filepath.Join(t.TempDir(), "state"), Database: database})
	require.NoError(t, err)
	t.Cleanup(func() {
		if err := running.Stop(); err != nil {
			t.Log(err)
		}
	})
	f := &fragile{stack: running, client: running.Client(), account: running.Ready.Demo.Account}
	customer := (&system{client: f.client}).customer(context.Background(), t)
	f.loader = newLoader(f.client, func(n int64, ref string) map[string]any {
		return demoOrder(n, ref, running.Ready.Demo.RetailerID, customer)
	})
	return f
}

// demoOrder is the input of an order of the demo's products.
func demoOrder(n int64, ref, retailer, customer string) map[string]any {
	product := []string{"TOPS-01-S", "BOOTS-03-42", "PACKS-07-24L", "COOK-11-DUO", "TENTS-05-2P"}[n%5]
	return map[string]any{
		"ref": ref, "type": "HD", "retailer": map[string]any{"id": retailer}, "customer": map[string]any{"id": customer}, "totalPrice": 1,
		"items": []any{map[string]any{"ref": ref + "-1", "productRef": product, "productCatalogueRef": "PC:MASTER:" + retailer, "quantity": 1 + n%2}},
		"fulfilmentChoice": map[string]any{"deliveryType": "STANDARD", "fulfilmentType": "HD_PFS",
			"deliveryAddress": map[string]any{"ref": ref, "latitude": -33.8 - float64(n%40)/100, "longitude": 151.1}},
	}
}

// dsn is the address of the platform's own database, as its nodes know it.
func (f *fragile) dsn(t *testing.T) string {
	t.Helper()
	url := ""
	require.Eventually(t, func() bool { // nodes that were just replaced have to hear of it first
		nodes, err := filepath.Glob(filepath.Join(f.stack.Options.Dir, "host", "nodes", "*", "desired"))
		for _, node := range nodes {
			if state, err := desired.Open(node); err == nil {
				url = cmp.Or(url, state.View().Environment().GetDatabaseUrl())
			}
		}
		return err == nil && url != ""
	}, patience, 50*time.Millisecond, "no node knows its database")
	return url
}

// loader places orders from several goroutines and notes which were acknowledged. An order whose answer was lost is sent again under
// its ref; that the ref exists then counts as the acknowledgement.
type loader struct {
	client *apiclient.Client
	order  func(n int64, ref string) map[string]any // the input of the n-th order
	count  atomic.Int64

	mu           sync.Mutex
	acknowledged map[string]bool
	trouble      map[string]int
}

func newLoader(client *apiclient.Client, order func(n int64, ref string) map[string]any) *loader {
	return &loader{client: client, order: order, acknowledged: map[string]bool{}, trouble: map[string]int{}}
}

const placeOrder = `mutation ($input: CreateOrderInput!) { createOrder(input: $input) { id } }`

// pace is the least time between two orders of one worker, so that the engine can keep up with the load on a small machine.
const pace = 100 * time.Millisecond

// run places orders until ctx ends.
func (l *loader) run(ctx context.Context, workers int) {
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			tick := time.NewTicker(pace)
			defer tick.Stop()
			for ctx.Err() == nil {
				l.place(ctx)
				<-tick.C
			}
		})
	}
	wait.Wait()
}

func (l *loader) place(ctx context.Context) {
	n := l.count.Add(1)
	ref := fmt.Sprintf("K-%05d", n)
	input := l.order(n, ref)
	for {
		callCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
		err := l.client.GraphQL(callCtx, placeOrder, map[string]any{"input": input}, nil)
		cancel()
		var refused *apiclient.GraphQLError
		if errors.As(err, &refused) && refused.Errors[0].Extensions["code"] == "C0121E" {
			err = nil // an earlier try was carried out, and its answer lost
		}
		if err == nil {
			l.mu.Lock()
			l.acknowledged[ref] = true
			l.mu.Unlock()
			return
		}
		l.mu.Lock()
		l.trouble[strings.SplitN(err.Error(), "\n", 2)[0]]++
		l.mu.Unlock()
		if ctx.Err() != nil {
			return // never acknowledged: it may exist or not
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// done is how many orders were acknowledged so far.
func (l *loader) done() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.acknowledged)
}

// awaitMore waits until n more orders were acknowledged.
func (l *loader) awaitMore(t *testing.T, n int) {
	t.Helper()
	from := l.done()
	require.Eventually(t, func() bool { return l.done() >= from+n }, patience, 10*time.Millisecond, "orders do not flow")
}

// audit waits until nothing is pending and checks that every acknowledged order exists once and has reached its end, and that the
// books agree.
func (f *fragile) audit(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, f.dsn(t))
	require.NoError(t, err)
	defer conn.Close(ctx)
	requireQuiet(t, conn)

	var failed int
	require.NoError(t, conn.QueryRow(ctx, `SELECT count(*) FROM events WHERE state = 'FAILED'`).Scan(&failed))
	require.Zero(t, failed, "events failed; their rows say why")
	for trouble := range f.loader.trouble {
		require.NotContains(t, trouble, "S0020E", "whatever happened to others, no process of ours made a mistake; its log has the cause")
	}
	for ref := range f.loader.acknowledged {
		var orders, open, ordered, placed int
		require.NoError(t, conn.QueryRow(ctx, `SELECT count(*), count(*) FILTER (WHERE status NOT IN ('BOOKED', 'PICK_PACK', 'COMPLETE'))
			FROM orders WHERE account_id = $1 AND ref = $2`, f.account, ref).Scan(&orders, &open))
		require.Equal(t, 1, orders, "order %s", ref)
		require.Zero(t, open, "order %s has not reached its end", ref)
		require.NoError(t, conn.QueryRow(ctx, `SELECT (SELECT sum(i.quantity) FROM order_items i WHERE i.account_id = o.account_id AND i.order_id = o.id),
			(SELECT coalesce(sum(fi.requested_quantity - fi.rejected_quantity), 0) FROM fulfilments f JOIN fulfilment_items fi
				ON fi.account_id = f.account_id AND fi.fulfilment_id = f.id WHERE f.account_id = o.account_id AND f.order_id = o.id
				AND f.status NOT IN ('REJECTED', 'EXPIRED', 'CANCELLED'))
			FROM orders o WHERE account_id = $1 AND ref = $2`, f.account, ref).Scan(&ordered, &placed))
		require.Equal(t, ordered, placed, "units of order %s in fulfilments", ref)
	}
	requireBalance(t, f.dsn(t), f.account)
}
