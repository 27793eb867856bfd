package graphql_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
)

// claimed is an order of one line of five units.
type claimed struct {
	*world
	order, line string
}

func newClaimed(t *testing.T) *claimed {
	t.Helper()
	c := &claimed{world: newWorld(t)}
	made := c.data(`mutation($input: CreateOrderInput!) { createOrder(input: $input) { id items { edges { node { id } } } } }`, fmt.Sprintf(
		`{"input":{"ref":"O-1","type":"HD","retailer":{"id":1},"customer":{"id":%q},"items":[{"ref":"1","productRef":"P1","productCatalogueRef":"PC:MASTER:1","quantity":5}]}}`, c.shop("P1")))
	c.order, c.line = at(made, "createOrder.id").(string), at(made, "createOrder.items.edges.0.node.id").(string)
	return c
}

// fulfil is a fulfilment of some units.
func (c *claimed) fulfil(ref string, units int) string {
	return fmt.Sprintf(`mutation { createFulfilment(input: {ref: %q, type: "HD_PFS", order: {id: %q}, items: [{ref: "1", filledQuantity: 0, rejectedQuantity: 0, requestedQuantity: %d, orderItem: {id: %q}}]}) { id items { edges { node { id } } } } }`,
		ref, c.order, units, c.line)
}

// asked is how many units fulfilments ask for.
func (c *claimed) asked() (sum int) {
	c.t.Helper()
	found := c.data(`{ fulfilments { edges { node { items { edges { node { requestedQuantity } } } } } } }`, "")
	list, _ := at(found, "fulfilments.edges").([]any)
	for _, f := range list {
		sum += int(at(f, "node.items.edges.0.node.requestedQuantity").(float64))
	}
	return sum
}

// TestManyFulfilmentsAtOnceTakeNoMoreThanIsOpen: eight ask for two of five units at the same time.
func TestManyFulfilmentsAtOnceTakeNoMoreThanIsOpen(t *testing.T) {
	t.Parallel()
	c := newClaimed(t)
	var all sync.WaitGroup
	var mu sync.Mutex
	var told []string
	for i := range 8 {
		all.Go(func() {
			res := c.run(c.admin, c.fulfil(fmt.Sprintf("F-%d", i), 2), "")
			mu.Lock()
			defer mu.Unlock()
			told = append(told, messages(res)...)
		})
	}
	all.Wait()
	require.Len(t, told, 6)
	for _, m := range told {
		require.Contains(t, m, "requestedQuantity: 2 units of line "+c.line+" are asked for, and 1 of it are open")
	}
	require.Equal(t, 4, c.asked())
}

// TestWhoeverDecidesByWhatIsOpenWaits for whom decided before and has not written yet, by whatever way units are taken, or the line is changed.
func TestWhoeverDecidesByWhatIsOpenWaits(t *testing.T) {
	t.Parallel()
	for name, second := range map[string]func(c *claimed, item string) string{
		"another fulfilment": func(c *claimed, _ string) string { return c.fulfil("F-2", 2) },
		"more of one": func(c *claimed, item string) string {
			return fmt.Sprintf(`mutation { updateFulfilment(input: {id: 1, items: [{id: %q, requestedQuantity: 3}]}) { id } }`, item)
		},
		"fewer of the line": func(c *claimed, _ string) string {
			return fmt.Sprintf(`mutation { updateOrder(input: {id: %q, items: [{id: %q, quantity: 1}]}) { id } }`, c.order, c.line)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClaimed(t)
			item, units := "", 4
			if name == "more of one" {
				made := c.data(c.fulfil("F-0", 1), "")
				require.Equal(t, "1", at(made, "createFulfilment.id"))
				item, units = at(made, "createFulfilment.items.edges.0.node.id").(string), 3
			}
			before := c.asked()
			stop := c.hooks.Stop(storetest.At{Point: store.Sent, Statement: "fulfilments.insert"})
			first := storetest.Go(func() error { c.run(c.admin, c.fulfil("F-1", units), ""); return nil })
			stop.Arrived()
			var told []string
			late := storetest.Go(func() error { told = messages(c.run(c.admin, second(c, item), "")); return nil })
			late.Blocked(t, c.dsn)
			stop.Release()
			require.NoError(t, first.Wait())
			require.NoError(t, late.Wait())
			require.Len(t, told, 1)
			require.Regexp(t, "are asked for|fulfilments stand for", told[0])
			require.Equal(t, before+units, c.asked())
		})
	}
}
