package availability

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/fluent-oms/fluent/dataplane/operation"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
)

// enough are the arguments of searchVirtualInventory.
type enough struct {
	Catalogue operation.Key `arg:"virtualCatalogue"`
	Position  *struct {
		Status *string `arg:"status"`
	} `arg:"virtualPosition"`
	Wanted []struct {
		ProductRef string `arg:"productRef"`
		Quantity   int    `arg:"quantity" least:"0"`
	} `arg:"productQuantities"`
	Excluded []string `arg:"excludedLocationRefs"`
	Near     *point   `arg:"orderByProximity"`
}

type point struct {
	Latitude  float64 `arg:"latitude"`
	Longitude float64 `arg:"longitude"`
}

// Most is one position for each product.
func (a *enough) Most(string) int { return max(1, len(a.quantities())) }

// quantities are the units that are wanted, by product ref.
func (a *enough) quantities() map[string]int {
	out := make(map[string]int, len(a.Wanted))
	for _, w := range a.Wanted {
		out[w.ProductRef] += w.Quantity
	}
	return out
}

// candidate is a location with the positions that have enough.
type candidate struct {
	location  []any
	positions [][]any
	distance  float64
}

// whereEnough finds the locations at which enough of at least one of the products can be had, each with the virtual positions that say so; nearest
// first if a point is given, else those with most of the products first.
func whereEnough(ctx context.Context, c *operation.Call, a enough) (operation.Page, error) {
	byGroup, err := matching(ctx, c, &a)
	if err != nil || len(byGroup) == 0 {
		return operation.Page{}, err
	}
	found, err := locate(ctx, c, byGroup)
	if err == nil && a.Near != nil {
		err = measure(ctx, c, *a.Near, found)
	}
	if err != nil {
		return operation.Page{}, err
	}
	rank(c, found, a.Near != nil)
	page := operation.Page{More: len(found) > c.First}
	for _, x := range found[:min(len(found), c.First)] {
		page.Objects = append(page.Objects, operation.Object{"location": {x.location}, "virtualPositions": x.positions})
	}
	return page, nil
}

// matching reads the positions that have enough of their product, by group.
func matching(ctx context.Context, c *operation.Call, a *enough) (map[string][][]any, error) {
	rows := c.Rows("virtualPositions")
	t, quantities := rows.Type, a.quantities()
	products := store.Condition{Field: t.Field("productRef"), Op: store.In}
	for ref := range quantities {
		products.Values = append(products.Values, ref)
	}
	where := []store.Condition{{Field: t.Field("catalogue"), Op: store.In, Values: []any{a.Catalogue.ID}}, products}
	if a.Position != nil && a.Position.Status != nil {
		where = append(where, store.Match(t.Field("status"), *a.Position.Status))
	}
	found, err := c.Select(ctx, "virtualPositions", where...)
	if err != nil {
		return nil, err
	}
	product, group := operation.Column[string](rows, "productRef"), operation.Column[string](rows, "groupRef")
	quantity := operation.Column[int64](rows, "quantity")
	excluded := make(map[string]bool, len(a.Excluded))
	for _, ref := range a.Excluded {
		excluded[ref] = true
	}
	out := map[string][][]any{}
	for _, row := range found {
		at := group(row)
		if at != "" && !excluded[at] && quantity(row) >= int64(quantities[product(row)]) {
			out[at] = append(out[at], row)
		}
	}
	return out, nil
}

// locate reads the locations of groups of positions.
func locate(ctx context.Context, c *operation.Call, byGroup map[string][][]any) ([]*candidate, error) {
	rows := c.Rows("location")
	refs := store.Condition{Field: rows.Type.Field("ref"), Op: store.In}
	for ref := range byGroup {
		refs.Values = append(refs.Values, ref)
	}
	found, err := c.Select(ctx, "location", refs)
	if err != nil {
		return nil, err
	}
	ref := operation.Column[string](rows, "ref")
	out := make([]*candidate, len(found))
	for i, row := range found {
		out[i] = &candidate{location: row, positions: byGroup[ref(row)]}
	}
	return out, nil
}

// rank sorts the locations: by distance, or by how many products they have; then by ref.
func rank(c *operation.Call, found []*candidate, near bool) {
	ref := operation.Column[string](c.Rows("location"), "ref")
	slices.SortStableFunc(found, func(a, b *candidate) int {
		by := cmp.Compare(len(b.positions), len(a.positions))
		if near {
			by = cmp.Compare(a.distance, b.distance)
		}
		return cmp.Or(by, cmp.Compare(ref(a.location), ref(b.location)))
	})
}

// measure finds how far the locations are from a point. Those without coordinates are farthest.
func measure(ctx context.Context, c *operation.Call, from point, found []*candidate) error {
	t, locations := c.Catalogue.Type("Address"), c.Rows("location")
	address := operation.Column[catalogue.ID](locations, "primaryAddress")
	ids := store.Condition{Field: t.Field("id"), Op: store.In}
	for _, x := range found {
		if id := address(x.location); id != "" {
			ids.Values = append(ids.Values, id)
		}
	}
	rows := &operation.Rows{Type: t, Fields: []*catalogue.Field{t.Field("id"), t.Field("latitude"), t.Field("longitude")}}
	list, err := c.SelectAs(ctx, locations.Type, store.Query{Type: t, Fields: rows.Fields, Where: []store.Condition{ids}})
	if err != nil {
		return err
	}
	id := operation.Column[catalogue.ID](rows, "id")
	where := make(map[catalogue.ID][]any, len(list))
	for _, row := range list {
		where[id(row)] = row
	}
	for _, x := range found {
		x.distance = math.Inf(1)
		if row := where[address(x.location)]; row != nil {
			lat, hasLat := row[1].(float64)
			lon, hasLon := row[2].(float64)
			if hasLat && hasLon {
				x.distance = chord(from, point{lat, lon})
			}
		}
	}
	return nil
}

// chord is a measure of the distance between two points on a sphere that orders as the distance itself does.
func chord(a, b point) float64 {
	const degree = math.Pi / 180
	dLat, dLon := math.Sin((b.Latitude-a.Latitude)*degree/2), math.Sin((b.Longitude-a.Longitude)*degree/2)
	return dLat*dLat + math.Cos(a.Latitude*degree)*math.Cos(b.Latitude*degree)*dLon*dLon
}
