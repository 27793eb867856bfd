package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/fluent-oms/fluent/ops/apiclient"
	"github.com/fluent-oms/fluent/ops/bench/load"
	"github.com/fluent-oms/fluent/ops/bench/wire"
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
	questions := make([]*wire.Question, len(w.orderIDs))
	for i, id := range w.orderIDs {
		questions[i] = &wire.Question{Query: readOrder, Variables: map[string]any{"id": id}, Check: func(data json.RawMessage) error { return checkOrder(id, data) }}
	}
	plan := load.Plan{Clients: w.config.clients, Duration: w.config.reads}
	gateway := []string{w.stack.Ready.Gateway}
	api, err := w.ask(ctx, "order-read", gateway, plan, questions)
	if err != nil {
		return err
	}
	// A build from before nodes had doors of their own has no list of them.
	if doors, err := apiclient.Doors(ctx, w.stack.Ready.Gateway); err == nil && len(doors) > 0 {
		if _, err := w.ask(ctx, "order-read-door", doors, plan, questions); err != nil {
			return err
		}
	}
	before := w.cpu()
	raw, err := w.lab.ReadOrders(ctx, plan, w.orderIDs)
	if err != nil {
		return err
	}
	w.reportRawCPU("order-read", before, raw.Count())
	w.report.Rate("order-read", "nested orders", api.PerSecond(), raw.PerSecond())
	w.report.Latency("order-read", "read", api, raw)
	return nil
}

const listOrders = `query List($after: String) { orders(first: 50, after: $after) { pageInfo { hasNextPage } edges { cursor node { id ref type status totalPrice createdOn
	items { edges { node { id ref status quantity price paidPrice } } }
	fulfilments { edges { node { id ref type status eta
		items { edges { node { id ref status requestedQuantity filledQuantity } } } } } } } } } }`

// listPages is how many pages of a list are read in turn.
const listPages = 10

// listPage is what a page of a list shows of its rows.
type listPage struct {
	Orders struct {
		PageInfo struct{ HasNextPage bool }
		Edges    []struct {
			Cursor string
			Node   struct {
				ID    string
				Items struct {
					Edges []struct{ Node struct{ ID string } }
				}
			}
		}
	}
}

// listOrders reads pages of 50 orders, each with its items, fulfilments and their items.
func (w *world) listOrders(ctx context.Context) error {
	var questions []*wire.Question
	for after := any(nil); len(questions) < listPages; {
		var page listPage
		if err := w.client.GraphQL(ctx, listOrders, map[string]any{"after": after}, &page); err != nil {
			return err
		}
		rows := len(page.Orders.Edges)
		if rows == 0 {
			break
		}
		questions = append(questions, &wire.Question{Query: listOrders, Variables: map[string]any{"after": after}, Check: func(data json.RawMessage) error { return checkList(rows, data) }})
		if !page.Orders.PageInfo.HasNextPage {
			break
		}
		after = page.Orders.Edges[rows-1].Cursor
	}
	if len(questions) == 0 {
		return errors.New("there are no orders to list")
	}
	plan := load.Plan{Clients: w.config.clients, Duration: w.config.reads}
	_, err := w.ask(ctx, "order-list", []string{w.stack.Ready.Gateway}, plan, questions)
	return err
}

// checkList makes sure that a page has so many orders, each with items.
func checkList(rows int, data json.RawMessage) error {
	var page listPage
	if err := json.Unmarshal(data, &page); err != nil {
		return fmt.Errorf("decode a page of orders: %w", err)
	}
	if len(page.Orders.Edges) != rows {
		return fmt.Errorf("a page has %d orders, not %d", len(page.Orders.Edges), rows)
	}
	for _, e := range page.Orders.Edges {
		if len(e.Node.Items.Edges) == 0 {
			return fmt.Errorf("order %s has no items", e.Node.ID)
		}
	}
	return nil
}

// ask puts questions at some addresses, one after the other and from the start again, and reports what they cost.
func (w *world) ask(ctx context.Context, bench string, at []string, plan load.Plan, questions []*wire.Question) (load.Result, error) {
	if err := w.lab.Analyse(ctx); err != nil {
		return load.Result{}, err
	}
	token, err := w.client.Token(ctx)
	if err != nil {
		return load.Result{}, err
	}
	asker, err := wire.Open(at, token, plan.Clients, questions)
	if err != nil {
		return load.Result{}, err
	}
	defer asker.Close()
	once := load.Plan{Clients: plan.Clients, Count: len(questions)} // looks closely at each answer, which costs
	if _, err := load.Run(ctx, once, func(ctx context.Context, client, i int) error { return asker.Ask(ctx, client, questions[i]) }); err != nil {
		return load.Result{}, err
	}
	profiled, counted, before := w.profile(ctx, bench), w.countStatements(ctx), w.cpu()
	result, err := load.Run(ctx, plan, func(ctx context.Context, client, i int) error {
		return asker.Ask(ctx, client, questions[i%len(questions)])
	})
	if err := errors.Join(err, profiled()); err != nil {
		return result, err
	}
	w.reportCPU(bench, before, result.Count())
	return result, counted(result.Count())
}

// checkOrder makes sure that an answer is the order with items, fulfilments and items of these.
func checkOrder(id string, data json.RawMessage) error {
	type items struct {
		Edges []struct{ Node struct{ ID string } }
	}
	var answer struct {
		OrderByID *struct {
			ID          string
			Items       items
			Fulfilments struct {
				Edges []struct{ Node struct{ Items items } }
			}
		}
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return fmt.Errorf("decode order %s: %w", id, err)
	}
	o := answer.OrderByID
	switch {
	case o == nil || o.ID != id:
		return fmt.Errorf("order %s is not found", id)
	case len(o.Items.Edges) == 0:
		return fmt.Errorf("order %s has no items", id)
	}
	for _, f := range o.Fulfilments.Edges {
		if len(f.Node.Items.Edges) == 0 {
			return fmt.Errorf("a fulfilment of order %s has no items", id)
		}
	}
	return nil
}

// checkAvailability makes sure that an answer has the positions of most of the products at the locations, and no others.
func checkAvailability(products, locations []string, data json.RawMessage) error {
	var answer struct {
		VirtualPositions struct {
			Edges []struct {
				Node struct{ ProductRef, GroupRef string }
			}
		}
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return fmt.Errorf("decode virtual positions: %w", err)
	}
	edges := answer.VirtualPositions.Edges
	if len(edges) < 20 {
		return fmt.Errorf("only %d virtual positions of %v at %v", len(edges), products, locations)
	}
	for _, e := range edges {
		if !slices.Contains(products, e.Node.ProductRef) || !slices.Contains(locations, e.Node.GroupRef) {
			return fmt.Errorf("%s at %s was not asked for", e.Node.ProductRef, e.Node.GroupRef)
		}
	}
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
	key := map[string]any{"ref": catalogue}
	questions := make([]*wire.Question, len(places)*len(products)) // after which choose begins anew, or nearly so
	for i := range questions {
		products, locations := choose(i)
		questions[i] = &wire.Question{
			Query: readAvailability, Variables: map[string]any{"catalogue": key, "products": products, "locations": locations},
			Check: func(data json.RawMessage) error { return checkAvailability(products, locations, data) },
		}
	}
	plan := load.Plan{Clients: w.config.clients, Duration: w.config.reads}
	api, err := w.ask(ctx, "availability", []string{w.stack.Ready.Gateway}, plan, questions)
	if err != nil {
		return err
	}
	before := w.cpu()
	raw, err := w.lab.ReadAvailability(ctx, plan, catalogue, choose)
	if err != nil {
		return err
	}
	w.reportRawCPU("availability", before, raw.Count())
	w.report.Rate("availability", "10 products at 3 locations", api.PerSecond(), raw.PerSecond())
	w.report.Latency("availability", "read", api, raw)
	return nil
}
