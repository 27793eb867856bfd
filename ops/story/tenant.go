package story

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/fluent-oms/fluent/ops/apiclient"
)

// shops are the places of the story; all open round the clock, so that the story may be told at any hour.
var shops = []struct {
	ref, name, kind, city, state, postcode string
	latitude, longitude                    float64
}{
	{"SYD-STO", "Sydney York Street", "STORE", "Sydney", "NSW", "2000", -33.8688, 151.2060},
	{"NEW-STO", "Newtown King Street", "STORE", "Newtown", "NSW", "2042", -33.8980, 151.1790},
	{"DC-WEST", "Eastern Creek Warehouse", "WAREHOUSE", "Eastern Creek", "NSW", "2766", -33.8000, 150.8520},
}

var books = []struct {
	ref, name, gtin string
	price           float64
}{
	{"B-ATLAS", "An Atlas of Quiet Bays", "2900000000018", 59.95},
	{"B-KNOTS", "Forty Useful Knots", "2900000000025", 24.50},
	{"B-TIDES", "Reading the Tides", "2900000000032", 34.00},
}

// levels are the counts that the implementer loads, by place and book. No place alone has what the shopper will order.
var levels = []apiclient.StockRow{
	{LocationRef: "SYD-STO", SkuRef: "B-ATLAS", Qty: 2}, {LocationRef: "SYD-STO", SkuRef: "B-KNOTS", Qty: 1},
	{LocationRef: "NEW-STO", SkuRef: "B-TIDES", Qty: 1}, {LocationRef: "NEW-STO", SkuRef: "B-KNOTS", Qty: 4},
	{LocationRef: "DC-WEST", SkuRef: "B-TIDES", Qty: 40},
}

func (t *Teller) catalogue() map[string]any { return map[string]any{"ref": "PC:MASTER:" + t.retailer} }

func (t *Teller) places(ctx context.Context) (string, error) {
	var networks struct {
		Networks struct {
			Edges []struct{ Node struct{ ID, Ref string } }
		}
	}
	if err := t.client.GraphQL(ctx, `{ networks { edges { node { id ref } } } }`, nil, &networks); err != nil {
		return "", err
	}
	var all, home []any
	for _, e := range networks.Networks.Edges {
		id := map[string]any{"id": e.Node.ID}
		all = append(all, id)
		if e.Node.Ref != "NET_CC" {
			home = append(home, id)
		}
	}
	hours := map[string]any{"allHours": true}
	for _, day := range []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} {
		hours[day+"Start"], hours[day+"End"] = 0, 0
	}
	var inputs []map[string]any
	for _, s := range shops {
		in := all
		if s.kind == "WAREHOUSE" {
			in = home
		}
		inputs = append(inputs, map[string]any{
			"ref": s.ref, "name": s.name, "type": s.kind, "retailer": map[string]any{"id": t.retailer}, "networks": in, "openingSchedule": hours,
			"primaryAddress": map[string]any{
				"ref": s.ref, "city": s.city, "state": s.state, "postcode": s.postcode, "country": "AU", "timeZone": "Australia/Sydney",
				"latitude": s.latitude, "longitude": s.longitude,
			},
		})
	}
	err := t.client.Batch(ctx, "createLocation", "CreateLocationInput", "id", inputs, len(inputs), nil)
	return fmt.Sprintf("creates %d locations with addresses, opening hours and networks", len(inputs)), err
}

func (t *Teller) products(ctx context.Context) (string, error) {
	category := []map[string]any{{"ref": "BOOKS", "type": "CATEGORY", "name": "Books", "catalogue": t.catalogue()}}
	if err := t.client.Batch(ctx, "createCategory", "CreateCategoryInput", "ref", category, 1, nil); err != nil {
		return "", err
	}
	var inputs []map[string]any
	for _, b := range books {
		inputs = append(inputs, map[string]any{
			"ref": b.ref, "type": "STANDARD", "name": b.name, "gtin": b.gtin, "catalogue": t.catalogue(),
			"categories": map[string]any{"ref": "BOOKS", "catalogue": t.catalogue()},
			"prices":     map[string]any{"type": "RRP", "currency": "AUD", "value": b.price},
		})
	}
	err := t.client.Batch(ctx, "createStandardProduct", "CreateStandardProductInput", "ref", inputs, len(inputs), nil)
	return fmt.Sprintf("creates %d products in a category", len(inputs)), err
}

func (t *Teller) stock(ctx context.Context) (string, error) {
	refused, err := t.client.LoadStock(ctx, t.retailer, "opening stock", levels, nil)
	if err == nil && len(refused) > 0 {
		err = errors.New(strings.Join(refused, "; "))
	}
	return fmt.Sprintf("loads %d counts in a batch, which runs to its end", len(levels)), err
}

// browse reads what can be sold, summed over all places of home delivery.
func (t *Teller) browse(ctx context.Context) (string, error) {
	query := `query ($catalogue: VirtualCatalogueKey) { virtualPositions(catalogue: $catalogue, first: 50) { edges { node { productRef quantity } } } }`
	var found struct {
		VirtualPositions struct {
			Edges []struct {
				Node struct {
					ProductRef string
					Quantity   int
				}
			}
		}
	}
	variables := map[string]any{"catalogue": map[string]any{"ref": "HD_AGG:" + t.retailer}}
	var seen []string
	err := t.until(ctx, "the aggregate catalogue", func() (bool, error) {
		if err := t.client.GraphQL(ctx, query, variables, &found); err != nil {
			return false, err
		}
		seen = seen[:0]
		total := 0
		for _, e := range found.VirtualPositions.Edges {
			seen = append(seen, fmt.Sprintf("%s %d", e.Node.ProductRef, e.Node.Quantity))
			total += e.Node.Quantity
		}
		return total == t.sellable(), nil
	})
	sort.Strings(seen)
	return "can sell " + strings.Join(seen, ", "), err
}

// sellable is how many books are left to sell.
func (t *Teller) sellable() int {
	sum := 0
	for _, l := range levels {
		sum += l.Qty
	}
	for _, f := range t.Fulfilments {
		for _, e := range f.Items.Edges {
			sum -= e.Node.RequestedQuantity
		}
	}
	return sum
}

// until repeats check, every few milliseconds, until it holds or ten seconds have passed.
func (t *Teller) until(ctx context.Context, what string, check func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		ok, err := check()
		if err != nil || ok {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", what, ctx.Err())
		case <-time.After(3 * time.Millisecond):
		}
	}
}
