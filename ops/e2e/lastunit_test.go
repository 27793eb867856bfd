package e2e_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/apiclient"
)

// TestTheLastUnitIsSoldOnce: 32 shoppers order at the same moment, through the gateway and so over both nodes, what a shop has ten of.
func TestTheLastUnitIsSoldOnce(t *testing.T) {
	s := shared(t)
	shop := administrator(t, s.stack).account(t, "LASTUNIT", "LAST")
	shop.stock(t, apiclient.StockRow{LocationRef: "ONLY", SkuRef: "RARE", Qty: 10})
	customer := shop.shopper(t, "many")
	const shoppers, units = 32, 10

	var placing sync.WaitGroup
	start := make(chan struct{})
	for n := range shoppers {
		placing.Go(func() {
			<-start
			input := shop.newOrder(fmt.Sprintf("L-%02d", n), customer, "RARE", 1)
			assert.NoError(t, shop.client.GraphQL(context.Background(), createOrderDocument, map[string]any{"input": input}, nil))
		})
	}
	close(start)
	placing.Wait()
	s.quiet(t)

	became := map[string]int{}
	for _, o := range shop.orders(t) {
		became[o.String()]++
	}
	require.Equal(t, map[string]int{
		"BOOKED; ONLY HD_PFS AWAITING_WAVE RARE×1":   units,
		"BOOKED; REJECTED REJECTED ESCALATED RARE×1": shoppers - units,
	}, became)
	reserved := 0
	for _, q := range shop.quantities(t, "RARE", "ONLY") {
		if q == "RESERVED -1 ACTIVE" {
			reserved++
		}
	}
	require.Equal(t, units, reserved)
	shop.offers(t, "BASE", map[string]int{"RARE:ONLY": 0})
	shop.offers(t, "HD_AGG", shop.summed(map[string]int{"RARE": 0}))
	s.balanced(t, shop.account)
}
