package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/fluent-oms/fluent/ops/bench/load"
)

const readOrder = `query Read($id: ID!) { orderById(id: $id) { id ref type status totalPrice createdOn
	items { edges { node { id ref status quantity price paidPrice } } }
	fulfilments { edges { node { id ref type status eta
		items { edges { node { id ref status requestedQuantity filledQuantity } } } } } } } }`

// readOrders reads single orders with their items, fulfilments and their items.
func (w *world) readOrders(ctx context.Context) error {
	if len(w.orderIDs) == 0 {
		if err := w.findOrders(ctx); err != nil {
			return err
		}
	}
	plan := load.Plan{Clients: w.config.clients, Duration: w.config.reads}
	profiled, counted, before := w.profile(ctx, "order-read"), w.countStatements(ctx), w.cpu()
	api, err := load.Run(ctx, plan, func(ctx context.Context, _, i int) error {
		var answer struct{ OrderByID *struct{ ID string } }
		id := w.orderIDs[i%len(w.orderIDs)]
		err := w.client.GraphQL(ctx, readOrder, map[string]any{"id": id}, &answer)
		if err == nil && answer.OrderByID == nil {
			return fmt.Errorf("order %s is not found", id)
		}
		return err
	})
	if err := errors.Join(err, profiled()); err != nil {
		return err
	}
	w.reportCPU("order-read", before, api.Count())
	if err := counted(api.Count()); err != nil {
		return err
	}
	before = w.cpu()
	raw, err := w.lab.ReadOrders(ctx, plan, w.orderIDs)
	if err != nil {
		return err
	}
	w.reportRawCPU("order-read", before, raw.Count())
	w.report.Rate("order-read", "nested orders", api.PerSecond(), raw.PerSecond())
	w.report.Latency("order-read", "read", api, raw)
	return nil
}

// findOrders takes the demo's orders.
func (w *world) findOrders(ctx context.Context) error {
	var page struct {
		Orders struct {
			Edges []struct{ Node struct{ ID string } }
		}
	}
	if err := w.client.GraphQL(ctx, `{ orders(first: 100) { edges { node { id } } } }`, nil, &page); err != nil {
		return err
	}
	for _, e := range page.Orders.Edges {
		w.orderIDs = append(w.orderIDs, e.Node.ID)
	}
	if len(w.orderIDs) == 0 {
		return errors.New("there are no orders to read")
	}
	return nil
}

const readAvailability = `query Available($catalogue: VirtualCatalogueKey, $products: [String], $locations: [String]) {
	virtualPositions(catalogue: $catalogue, productRef: $products, groupRef: $locations, first: 30) {
		edges { node { ref productRef groupRef quantity status } } } }`

// readAvailability reads the virtual positions of ten products at three locations.
func (w *world) readAvailability(ctx context.Context) error {
	products, err := w.stockedProducts(ctx, 0)
	if err != nil {
		return err
	}
	places := []string{"SYD-CBD", "SYD-PAR", "MEL-CBD", "MEL-FIT", "ADL-RUN"}
	choose := func(i int) ([]string, []string) {
		start := (i * 10) % (len(products) - 10)
		return products[start : start+10], []string{"DC-SYD", "DC-MEL", places[i%len(places)]}
	}
	catalogue := "BASE:" + w.retailer()
	plan := load.Plan{Clients: w.config.clients, Duration: w.config.reads}
	profiled, counted, before := w.profile(ctx, "availability"), w.countStatements(ctx), w.cpu()
	api, err := load.Run(ctx, plan, func(ctx context.Context, _, i int) error {
		var answer struct {
			VirtualPositions struct {
				Edges []struct{ Node struct{ Quantity int } }
			}
		}
		products, locations := choose(i)
		variables := map[string]any{"catalogue": map[string]any{"ref": catalogue}, "products": products, "locations": locations}
		err := w.client.GraphQL(ctx, readAvailability, variables, &answer)
		if err == nil && len(answer.VirtualPositions.Edges) < 20 {
			return fmt.Errorf("only %d virtual positions of %v at %v", len(answer.VirtualPositions.Edges), products, locations)
		}
		return err
	})
	if err := errors.Join(err, profiled()); err != nil {
		return err
	}
	w.reportCPU("availability", before, api.Count())
	if err := counted(api.Count()); err != nil {
		return err
	}
	before = w.cpu()
	raw, err := w.lab.ReadAvailability(ctx, plan, catalogue, choose)
	if err != nil {
		return err
	}
	w.reportRawCPU("availability", before, raw.Count())
	w.report.Rate("availability", "10 products at 3 locations", api.PerSecond(), raw.PerSecond())
	w.report.Latency("availability", "read", api, raw)
	return nil
}
