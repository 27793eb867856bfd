// Package demo fills a fresh account through the public APIs, as an implementer's script would: locations, networks, catalogues,
// products, stock and orders of an outdoor retailer with 42 stores and two warehouses. It knows nothing that a client could not. A load
// that was interrupted is finished by the next one: what is there already is left alone.
package demo

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/fluent-oms/fluent/ops/apiclient"
)

// Orders is how many orders Load places.
const Orders = 200

// Script is one run of the demo against one retailer.
type Script struct {
	Client     *apiclient.Client
	RetailerID string
	Log        *slog.Logger
	// Step hears of each step when it is done: what was made and how long it took.
	Step func(what string, count int, took time.Duration)
}

// Load runs all steps in order, each for what is not there yet. It expects a retailer as provisioned, with its catalogues and networks.
func (s *Script) Load(ctx context.Context) error {
	steps := []struct {
		what string
		run  func(context.Context) (int, error)
	}{
		{"locations", s.locations},
		{"categories", s.categories},
		{"products", s.products},
		{"stock records", s.stock},
		{"orders", s.orders},
	}
	for _, step := range steps {
		start := time.Now()
		n, err := step.run(ctx)
		if err != nil {
			return fmt.Errorf("demo %s: %w", step.what, err)
		}
		if s.Step != nil {
			s.Step(step.what, n, time.Since(start))
		}
	}
	return nil
}

func (s *Script) productCatalogue() string { return "PC:MASTER:" + s.RetailerID }

// networkIDs finds the retailer's networks by ref.
func (s *Script) networkIDs(ctx context.Context, refs ...string) (map[string]string, error) {
	var answer struct {
		Networks struct {
			Edges []struct {
				Node struct{ ID, Ref string } `json:"node"`
			} `json:"edges"`
		} `json:"networks"`
	}
	query := `query Networks($ref: [String]) { networks(ref: $ref, first: 50) { edges { node { id ref } } } }`
	if err := s.Client.GraphQL(ctx, query, map[string]any{"ref": refs}, &answer); err != nil {
		return nil, err
	}
	ids := make(map[string]string)
	for _, e := range answer.Networks.Edges {
		ids[e.Node.Ref] = e.Node.ID
	}
	for _, ref := range refs {
		if ids[ref] == "" {
			return nil, fmt.Errorf("the retailer has no network %s", ref)
		}
	}
	return ids, nil
}

func (s *Script) locations(ctx context.Context) (int, error) {
	networks, err := s.networkIDs(ctx, "NET_ALL", "NET_HD", "NET_CC")
	if err != nil {
		return 0, err
	}
	var inputs []map[string]any
	add := func(p place, kind string, schedule map[string]any, refs ...string) {
		var ids []map[string]any
		for _, ref := range refs {
			ids = append(ids, map[string]any{"id": networks[ref]})
		}
		inputs = append(inputs, map[string]any{
			"ref": p.ref, "type": kind, "name": p.name, "retailer": map[string]any{"id": s.RetailerID},
			"networks": ids, "openingSchedule": schedule,
			"primaryAddress": map[string]any{
				"ref": p.ref, "name": p.name, "city": p.suburb, "state": p.state, "postcode": p.postcode, "country": "AU",
				"latitude": p.latitude, "longitude": p.longitude, "timeZone": p.timeZone,
			},
		})
	}
	for _, p := range warehouses {
		add(p, "WAREHOUSE", allHours(), "NET_ALL", "NET_HD")
	}
	for _, p := range stores {
		add(p, "STORE", storeHours(), "NET_ALL", "NET_HD", "NET_CC")
	}
	return s.create(ctx, creation{plural: "locations", field: "createLocation", input: "CreateLocationInput", size: 11}, inputs)
}

func (s *Script) categories(ctx context.Context) (int, error) {
	catalogue := map[string]any{"ref": s.productCatalogue()}
	var inputs []map[string]any
	for _, d := range departments {
		inputs = append(inputs, map[string]any{"ref": d.ref, "type": "DEPARTMENT", "name": d.name, "catalogue": catalogue})
	}
	for _, c := range categories {
		inputs = append(inputs, map[string]any{
			"ref": c.ref, "type": "CATEGORY", "name": c.name, "catalogue": catalogue,
			"parentCategory": map[string]any{"ref": c.parent, "catalogue": catalogue},
		})
	}
	return s.create(ctx, creation{plural: "categories", field: "createCategory", input: "CreateCategoryInput", size: 13}, inputs)
}

func (s *Script) products(ctx context.Context) (int, error) {
	catalogue := map[string]any{"ref": s.productCatalogue()}
	var standard, variants []map[string]any
	for _, p := range products() {
		input := map[string]any{
			"ref": p.ref, "name": p.name, "gtin": p.gtin, "catalogue": catalogue,
			"categories": []any{map[string]any{"ref": p.category, "catalogue": catalogue}},
			"prices":     []any{map[string]any{"type": "RRP", "currency": "AUD", "value": p.price}},
			"taxType":    map[string]any{"country": "AU", "group": "STANDARD", "tariff": "10"},
		}
		if p.parent == "" {
			input["type"] = "STANDARD"
			standard = append(standard, input)
			continue
		}
		input["type"] = "VARIANT"
		input["product"] = map[string]any{"ref": p.parent, "catalogue": catalogue}
		variants = append(variants, input)
	}
	made, err := s.create(ctx, creation{plural: "standardProducts", field: "createStandardProduct", input: "CreateStandardProductInput", size: 100}, standard)
	if err != nil {
		return 0, err
	}
	more, err := s.create(ctx, creation{plural: "variantProducts", field: "createVariantProduct", input: "CreateVariantProductInput", size: 100}, variants)
	return made + more, err
}

// stock loads every sellable product into both warehouses and a third of the stores. Counts that are loaded twice count once; when there
// are orders, all counts were loaded before.
func (s *Script) stock(ctx context.Context) (int, error) {
	if ordered, err := s.refs(ctx, "orders"); err != nil || len(ordered) > 0 {
		return 0, err
	}
	var rows []apiclient.StockRow
	for i, p := range products() {
		if !p.sellable {
			continue
		}
		for w, place := range warehouses {
			rows = append(rows, apiclient.StockRow{LocationRef: place.ref, SkuRef: p.ref, Qty: 40 + (i*7+w*13)%160, Type: "LAST_ON_HAND", Status: "ACTIVE"})
		}
		for j, place := range stores {
			if (i+j)%3 == 0 {
				rows = append(rows, apiclient.StockRow{LocationRef: place.ref, SkuRef: p.ref, Qty: (i*3 + j*5) % 9, Type: "LAST_ON_HAND", Status: "ACTIVE"})
			}
		}
	}
	refused, err := s.Client.LoadStock(ctx, s.RetailerID, "demo opening stock", rows, nil)
	if err != nil {
		return 0, err
	}
	if len(refused) > 0 {
		return 0, fmt.Errorf("%d of %d rows were refused, first: %s", len(refused), len(rows), refused[0])
	}
	return len(rows), nil
}
