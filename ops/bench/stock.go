package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fluent-oms/fluent/ops/apiclient"
	"github.com/fluent-oms/fluent/ops/bench/rawsql"
)

// loadStock loads positions at new locations by batches.
func (w *world) loadStock(ctx context.Context) error {
	products, err := w.stockedProducts(ctx, 0)
	if err != nil {
		return err
	}
	locations, err := w.newLocations(ctx, (w.config.rows+len(products)-1)/len(products))
	if err != nil {
		return err
	}
	rows := make([]apiclient.StockRow, w.config.rows)
	plain := make([]rawsql.StockRow, w.config.rows)
	for i := range rows {
		product, location, quantity := products[i%len(products)], locations[i/len(products)], 1+i%50
		rows[i] = apiclient.StockRow{LocationRef: location, SkuRef: product, Qty: quantity, Type: "LAST_ON_HAND", Status: "ACTIVE"}
		plain[i] = rawsql.StockRow{Product: product, Location: location, Quantity: int64(quantity)}
	}
	profiled := w.profile(ctx, "batch")
	counted, before, began := w.countStatements(ctx), w.cpu(), time.Now()
	refused, err := w.client.LoadStock(ctx, w.retailer(), "bench", rows, nil)
	took := time.Since(began)
	if err := errors.Join(err, profiled()); err != nil {
		return err
	}
	if len(refused) > 0 {
		return fmt.Errorf("%d rows were refused, first: %s", len(refused), refused[0])
	}
	w.reportCPU("batch", before, len(rows)/1000)
	if err := counted(len(rows) / 1000); err != nil {
		return err
	}
	before = w.cpu()
	raw, err := w.lab.LoadStock(ctx, plain, apiclient.BatchLimit)
	if err != nil {
		return err
	}
	w.reportRawCPU("batch", before, len(rows)/1000)
	w.report.Rate("batch", "positions", float64(len(rows))/took.Seconds(), float64(len(rows))/raw.Seconds())
	w.report.Time("batch", fmt.Sprintf("%d positions", len(rows)), took)
	return nil
}

// newLocations makes stores that belong to no network, so that nothing is ever sourced from them.
func (w *world) newLocations(ctx context.Context, count int) ([]string, error) {
	hours := map[string]any{"allHours": true}
	for _, day := range []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} {
		hours[day+"Start"], hours[day+"End"] = 0, 0
	}
	run := time.Now().Unix() % 10_000
	var inputs []map[string]any
	var refs []string
	for i := range count {
		ref := fmt.Sprintf("B%04d%03d", run, i) // eight characters at most
		refs = append(refs, ref)
		inputs = append(inputs, map[string]any{
			"ref": ref, "type": "STORE", "name": ref, "retailer": map[string]any{"id": w.retailer()}, "openingSchedule": hours,
			"primaryAddress": map[string]any{
				"ref": ref, "name": ref, "city": "Perth", "state": "WA", "postcode": "6000", "country": "AU",
				"latitude": -31.954, "longitude": 115.857, "timeZone": "Australia/Perth",
			},
		})
	}
	return refs, w.client.Batch(ctx, "createLocation", "CreateLocationInput", "id", inputs, 20, nil)
}
