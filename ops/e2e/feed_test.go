package e2e_test

import (
	"context"
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/apiclient"
)

// TestAFollowerOutlivesItsNode streams what changes through the gateway while each node is stopped in order: the stream ends with a token, the follower goes
// on, and hears of each order, in the order of its changes.
func TestAFollowerOutlivesItsNode(t *testing.T) {
	s := shared(t)
	shop := administrator(t, s.stack).account(t, "FOLLOW", "FOLLOW")
	shop.stock(t, apiclient.StockRow{LocationRef: "SHOP", SkuRef: "CUP", Qty: 10_000})
	customer := shop.shopper(t, "fay")
	ctx, stop := context.WithCancel(context.Background())
	var mu sync.Mutex
	heard, times, streams := map[string]bool{}, map[string]time.Time{}, 0
	var wrong []string
	var following sync.WaitGroup
	following.Go(func() {
		for from := "start"; ctx.Err() == nil; {
			next, err := shop.client.Follow(ctx, "Order,Fulfilment", from, func(c apiclient.Change) error {
				mu.Lock()
				defer mu.Unlock()
				if c.Type == "Order" {
					heard[c.Ref] = true
				}
				if !c.At.IsZero() && c.At.Before(times[c.Root.ID]) {
					wrong = append(wrong, fmt.Sprintf("%s %s of %s at %s, after %s", c.Type, c.ID, c.Root.ID, c.At, times[c.Root.ID]))
				}
				if c.At.After(times[c.Root.ID]) {
					times[c.Root.ID] = c.At
				}
				return nil
			})
			if ctx.Err() == nil && err != nil {
				mu.Lock()
				wrong = append(wrong, err.Error())
				mu.Unlock()
				return
			}
			from = next
			mu.Lock()
			streams++
			mu.Unlock()
		}
	})
	t.Cleanup(func() { stop(); following.Wait() })
	placed := 0
	place := func(n int) {
		for range n {
			placed++
			input := shop.newOrder(fmt.Sprintf("F-%d", placed), customer, "CUP", 1)
			require.NoError(t, shop.client.GraphQL(ctx, createOrderDocument, map[string]any{"input": input}, nil))
		}
	}
	all := func() {
		require.Eventually(t, func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(heard) == placed || len(wrong) > 0
		}, time.Minute, 20*time.Millisecond, "not all orders were heard of")
	}
	place(5)
	all()
	for range 2 {
		nodes, err := s.stack.Processes("node")
		require.NoError(t, err)
		require.NoError(t, syscall.Kill(nodes[0].Pid, syscall.SIGTERM))
		place(5)
		s.awaitNodes(t)
		place(5)
		all()
	}
	mu.Lock()
	defer mu.Unlock()
	require.Empty(t, wrong)
	require.GreaterOrEqual(t, streams, 1, "the stream of a node that stopped has ended")
}
