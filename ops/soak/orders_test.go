//go:build soak

package soak_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/apiclient"
	"github.com/fluent-oms/fluent/ops/stack"
)

// orders is a light load on the demo account: some workers, each with at most ten orders a second. It notes which were acknowledged.
type orders struct {
	client             *apiclient.Client
	retailer, customer string
	stop               func()
	done               sync.WaitGroup

	mu           sync.Mutex
	count        int
	acknowledged []string
	trouble      map[string]int // failed answers, by their text; such an order is sent again
}

// placeOrders begins.
func placeOrders(t *testing.T, s *stack.Stack, workers int) *orders {
	t.Helper()
	o := &orders{client: s.Client(), retailer: s.Ready.Demo.RetailerID, trouble: map[string]int{}}
	var found struct {
		Customers struct {
			Edges []struct{ Node struct{ ID string } }
		}
	}
	require.NoError(t, o.client.GraphQL(context.Background(), `{ customers(first: 1) { edges { node { id } } } }`, nil, &found))
	require.NotEmpty(t, found.Customers.Edges)
	o.customer = found.Customers.Edges[0].Node.ID
	ctx, stop := context.WithCancel(context.Background())
	o.stop = stop
	for range workers {
		o.done.Go(func() { o.work(ctx) })
	}
	t.Cleanup(o.end)
	return o
}

// end stops the load; what was begun is finished.
func (o *orders) end() {
	o.stop()
	o.done.Wait()
}

func (o *orders) work(ctx context.Context) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		o.place(ctx)
		<-tick.C
	}
}

func (o *orders) place(ctx context.Context) {
	o.mu.Lock()
	o.count++
	ref := fmt.Sprintf("SOAK-%06d", o.count)
	o.mu.Unlock()
	input := map[string]any{
		"ref": ref, "type": "HD", "retailer": map[string]any{"id": o.retailer}, "customer": map[string]any{"id": o.customer}, "totalPrice": 1,
		"items": []any{map[string]any{"ref": ref + "-1", "productRef": "TOPS-01-S", "productCatalogueRef": "PC:MASTER:" + o.retailer, "quantity": 1}},
		"fulfilmentChoice": map[string]any{"deliveryType": "STANDARD", "fulfilmentType": "HD_PFS",
			"deliveryAddress": map[string]any{"ref": ref, "latitude": -33.8, "longitude": 151.1}},
	}
	for {
		err := o.try(ctx, input)
		o.mu.Lock()
		if err == nil {
			o.acknowledged = append(o.acknowledged, ref)
		} else {
			o.trouble[strings.SplitN(err.Error(), "\n", 2)[0]]++
		}
		o.mu.Unlock()
		if err == nil || ctx.Err() != nil {
			return // without an acknowledgement it may be there or not
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (o *orders) try(ctx context.Context, input map[string]any) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	err := o.client.GraphQL(ctx, `mutation ($input: CreateOrderInput!) { createOrder(input: $input) { id } }`, map[string]any{"input": input}, nil)
	var refused *apiclient.GraphQLError
	if errors.As(err, &refused) && refused.Errors[0].Extensions["code"] == "C0121E" {
		return nil // an earlier try was carried out, and its answer lost
	}
	return err
}

// soFar tells how many were acknowledged.
func (o *orders) soFar() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.acknowledged)
}

// flow waits until n more are acknowledged.
func (o *orders) flow(t *testing.T, n int) {
	t.Helper()
	from := o.soFar()
	require.Eventually(t, func() bool { return o.soFar() >= from+n }, 2*time.Minute, 50*time.Millisecond, "orders do not flow: %v", o.trouble)
}

// audit ends the load and looks for every acknowledged order: each is there once.
func (o *orders) audit(t *testing.T) {
	t.Helper()
	o.end()
	t.Logf("%d orders acknowledged; failed answers on the way: %v", len(o.acknowledged), o.trouble)
	require.NotEmpty(t, o.acknowledged)
	var there []string
	for some := range slices.Chunk(o.acknowledged, 50) {
		var found struct {
			Orders struct {
				Edges []struct{ Node struct{ Ref string } }
			}
		}
		require.NoError(t, o.client.GraphQL(context.Background(), `query ($refs: [String!]) { orders(ref: $refs, first: 100) { edges { node { ref } } } }`,
			map[string]any{"refs": some}, &found))
		for _, e := range found.Orders.Edges {
			there = append(there, e.Node.Ref)
		}
	}
	require.ElementsMatch(t, o.acknowledged, there, "every acknowledged order is there, once")
}
