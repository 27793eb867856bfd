package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fluent-oms/fluent/ops/bench/load"
)

const createOrder = `mutation Place($input: CreateOrderInput!) { createOrder(input: $input) { id ref status createdOn } }`

// placement makes the inputs of orders with three items each.
type placement struct {
	w         *world
	run       string
	customers []string
	products  []string
}

// suburbs are where the orders go.
var suburbs = []struct {
	city, state, postcode string
	latitude, longitude   float64
}{
	{"Newtown", "NSW", "2042", -33.898, 151.179}, {"Parramatta", "NSW", "2150", -33.818, 151.004}, {"Fitzroy", "VIC", "3065", -37.798, 144.978},
	{"Box Hill", "VIC", "3128", -37.819, 145.122}, {"Belconnen", "ACT", "2617", -35.239, 149.066},
}

// newPlacement makes customers, and finds what is in stock at both warehouses.
func (w *world) newPlacement(ctx context.Context) (*placement, error) {
	p := &placement{w: w, run: fmt.Sprintf("B%d", time.Now().Unix())}
	var inputs []map[string]any
	for i := range 50 {
		email := fmt.Sprintf("%s.%d@example.com", p.run, i)
		inputs = append(inputs, map[string]any{
			"username": email, "firstName": "Kim", "lastName": "Tester", "primaryEmail": email, "country": "AU", "timezone": "Australia/Sydney",
			"promotionOptIn": false, "retailer": map[string]any{"id": w.retailer()},
		})
	}
	err := w.client.Batch(ctx, "createCustomer", "CreateCustomerInput", "id", inputs, 25, func(_ int, made map[string]any) {
		p.customers = append(p.customers, fmt.Sprint(made["id"]))
	})
	if err != nil {
		return nil, err
	}
	p.products, err = w.stockedProducts(ctx, 40)
	return p, err
}

const stocked = `query Stocked($location: [String!], $after: String) { inventoryPositions(locationRef: $location, first: 100, after: $after) {
	edges { cursor node { productRef onHand } } pageInfo { hasNextPage } } }`

// stockedProducts lists the products of which a warehouse has at least so many units.
func (w *world) stockedProducts(ctx context.Context, atLeast int) ([]string, error) {
	var refs []string
	after := any(nil)
	for {
		var page struct {
			InventoryPositions struct {
				Edges []struct {
					Cursor string
					Node   struct {
						ProductRef string
						OnHand     int
					}
				}
				PageInfo struct{ HasNextPage bool }
			}
		}
		if err := w.client.GraphQL(ctx, stocked, map[string]any{"location": []string{"DC-SYD"}, "after": after}, &page); err != nil {
			return nil, fmt.Errorf("list stock: %w", err)
		}
		for _, e := range page.InventoryPositions.Edges {
			after = e.Cursor
			if e.Node.OnHand >= atLeast {
				refs = append(refs, e.Node.ProductRef)
			}
		}
		if !page.InventoryPositions.PageInfo.HasNextPage {
			break
		}
	}
	if len(refs) < 30 {
		return nil, fmt.Errorf("only %d products have %d units at DC-SYD", len(refs), atLeast)
	}
	return refs, nil
}

func (p *placement) input(i int) map[string]any {
	ref := fmt.Sprintf("%s-%06d", p.run, i)
	items := make([]map[string]any, 3)
	for k := range items {
		items[k] = map[string]any{
			"ref": fmt.Sprintf("%s-%d", ref, k+1), "productRef": p.products[(i*3+k)%len(p.products)], "productCatalogueRef": "PC:MASTER:" + p.w.retailer(),
			"quantity": 1, "price": 49.5, "paidPrice": 49.5, "taxPrice": 4.95, "taxType": "GST", "totalPrice": 49.5, "totalTaxPrice": 4.95, "currency": "AUD",
		}
	}
	to := suburbs[i%len(suburbs)]
	return map[string]any{
		"ref": ref, "type": "HD", "retailer": map[string]any{"id": p.w.retailer()}, "customer": map[string]any{"id": p.customers[i%len(p.customers)]},
		"items": items, "totalPrice": 158.45, "totalTaxPrice": 15.84,
		"fulfilmentChoice": map[string]any{
			"deliveryType": "STANDARD", "fulfilmentType": "HD_PFS", "fulfilmentPrice": 9.95, "fulfilmentTaxPrice": 0.99, "currency": "AUD",
			"deliveryAddress": map[string]any{
				"ref": ref, "name": "Kim Tester", "street": "1 High Street", "city": to.city, "state": to.state, "postcode": to.postcode, "country": "AU",
				"timeZone": "Australia/Sydney", "latitude": to.latitude, "longitude": to.longitude,
			},
		},
	}
}

func (p *placement) place(ctx context.Context, i int) (string, error) {
	var made struct{ CreateOrder struct{ ID string } }
	if err := p.w.client.GraphQL(ctx, createOrder, map[string]any{"input": p.input(i)}, &made); err != nil {
		return "", fmt.Errorf("place order %d: %w", i, err)
	}
	return made.CreateOrder.ID, nil
}

// placeOrders places orders from many clients, waits until each has a fulfilment, and writes the rows that one of them left as often
// by raw SQL.
func (w *world) placeOrders(ctx context.Context) error {
	p, err := w.newPlacement(ctx)
	if err != nil {
		return err
	}
	if err := w.warmUp(ctx, p); err != nil {
		return err
	}
	footprint, err := w.footprint(ctx, p)
	if err != nil {
		return err
	}
	say("one order leaves %d rows: %s", footprint.Rows(), footprint)
	profiled := w.profile(ctx, "orders")
	counted, before := w.countStatements(ctx), w.cpu()
	placed, whole, lags, err := w.placeMany(ctx, p, w.config.orders)
	if err := errors.Join(err, profiled()); err != nil {
		return err
	}
	if _, err := w.settle(ctx, time.Now()); err != nil {
		return err
	}
	w.reportCPU("orders", before, w.config.orders)
	if err := counted(w.config.orders); err != nil {
		return err
	}
	before = w.cpu()
	raw, err := w.lab.Repeat(ctx, footprint, 2*w.config.orders)
	if err != nil {
		return err
	}
	w.reportRawCPU("orders", before, raw.Count())
	w.report.Rate("orders", "orders with fulfilments", whole.PerSecond(), raw.PerSecond())
	w.report.Rate("orders", "createOrder answers", placed.PerSecond(), raw.PerSecond())
	w.report.Latency("orders", "createOrder", placed, raw)
	w.report.Latency("orders", "answer to fulfilment", lags, load.Result{})
	return nil
}

// warmUp lets connections open and statements be prepared.
func (w *world) warmUp(ctx context.Context, p *placement) error {
	_, _, _, err := w.placeMany(ctx, &placement{w: w, run: p.run + "W", customers: p.customers, products: p.products}, min(100, w.config.orders))
	return err
}

// placeMany returns how long the calls took, the time until the last fulfilment existed, and how long each order waited for its
// fulfilment after the answer.
func (w *world) placeMany(ctx context.Context, p *placement, count int) (calls, whole, lags load.Result, err error) {
	watch, err := w.watchFulfilments(ctx)
	if err != nil {
		return calls, whole, lags, err
	}
	answered := make([]time.Time, count)
	ids := make([]string, count)
	began := time.Now()
	calls, err = load.Run(ctx, load.Plan{Clients: w.config.clients, Count: count}, func(ctx context.Context, _, i int) error {
		id, err := p.place(ctx, i)
		ids[i], answered[i] = id, time.Now()
		return err
	})
	if err != nil {
		return calls, whole, lags, errors.Join(err, watch.stop())
	}
	seen, err := watch.await(ctx, ids)
	if err != nil {
		return calls, whole, lags, err
	}
	var waits []time.Duration
	last := began
	for i, id := range ids {
		waits = append(waits, max(0, seen[id].Sub(answered[i])))
		if seen[id].After(last) {
			last = seen[id]
		}
	}
	w.orderIDs = append(w.orderIDs, ids...)
	return calls, load.Of(last.Sub(began), make([]time.Duration, count)), load.Of(0, waits), nil
}
