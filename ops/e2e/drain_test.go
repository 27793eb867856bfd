package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/apiclient"
)

// TestDrainingLosesNoRequest stops a node in order (SIGTERM) under load: no caller, who tries everything once only, sees an error, and
// every order reaches its end. Half of the callers call the gateway, half the nodes at their own doors.
func TestDrainingLosesNoRequest(t *testing.T) {
	s := shared(t)
	shop := administrator(t, s.stack).account(t, "DRAIN", "DRAIN")
	var rows []apiclient.StockRow
	for n := range 20 {
		rows = append(rows, apiclient.StockRow{LocationRef: "SHOP", SkuRef: fmt.Sprintf("CUP%02d", n), Qty: 10_000})
	}
	shop.stock(t, rows...)
	customer := shop.shopper(t, "dora")
	var placed atomic.Int64
	var mu sync.Mutex
	var failures []error
	failed := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		failures = append(failures, err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var loading sync.WaitGroup
	doors, err := apiclient.Doors(ctx, shop.gateway)
	require.NoError(t, err)
	require.Len(t, doors, 2)
	direct := apiclient.AtDoors(shop.gateway, shop.credentials)
	for worker := range 4 {
		caller := []*apiclient.Client{shop.client, direct}[worker%2]
		loading.Go(func() {
			tick := time.NewTicker(pace)
			defer tick.Stop()
			for n := 0; ctx.Err() == nil; n++ {
				input := shop.newOrder(fmt.Sprintf("D-%d-%d", worker, n), customer, rows[(n+5*worker)%len(rows)].SkuRef, 1)
				if err := caller.GraphQL(context.Background(), createOrderDocument, map[string]any{"input": input}, nil); err != nil {
					failed(err)
				}
				placed.Add(1)
				<-tick.C
			}
		})
	}
	t.Cleanup(func() { stop(); loading.Wait() })
	more := func(n int64) {
		from := placed.Load()
		require.Eventually(t, func() bool { return placed.Load() >= from+n }, time.Minute, 10*time.Millisecond)
	}

	more(50)
	for range 2 { // each node once
		nodes, err := s.stack.Processes("node")
		require.NoError(t, err)
		require.Len(t, nodes, 2)
		victim := nodes[0].Pid // the older of the two
		require.NoError(t, syscall.Kill(victim, syscall.SIGTERM))
		require.Eventually(t, func() bool { return syscall.Kill(victim, 0) != nil }, time.Minute, 10*time.Millisecond, "the node does not stop")
		more(50)
		s.awaitNodes(t)
		more(50)
	}
	stop()
	loading.Wait()
	require.Empty(t, failures, "of %d requests", placed.Load())
	s.quiet(t)
	for ref, o := range shop.orders(t) {
		require.True(t, strings.HasPrefix(o.String(), "BOOKED; SHOP HD_PFS AWAITING_WAVE CUP"), "order %s: %s", ref, o)
	}
	require.Len(t, shop.orders(t), int(placed.Load()))
	s.balanced(t, shop.account)
}

// awaitNodes waits until two nodes are ready, as the control plane sees it.
func (s *system) awaitNodes(t *testing.T) {
	t.Helper()
	operator := administrator(t, s.stack)
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		var nodes []struct{ Kind, State string }
		require.NoError(c, json.Unmarshal([]byte(operator.run(t, "", "node", "list", "-o", "json")), &nodes))
		ready := 0
		for _, n := range nodes {
			if n.Kind == "MACHINE_KIND_NODE" && n.State == "NODE_STATE_READY" {
				ready++
			}
		}
		require.Equal(c, 2, ready)
	}, time.Minute, 50*time.Millisecond)
}
