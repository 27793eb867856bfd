package orders

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	"github.com/fluent-oms/fluent/dataplane/modules/ordering"
	"github.com/fluent-oms/fluent/dataplane/rule"
	decide "github.com/fluent-oms/fluent/domain/order/sourcing"
	"github.com/fluent-oms/fluent/domain/path"
)

// The event attributes through which the rules of step-by-step sourcing hand on what they found.
const (
	attrLocations = "locations"        // [{ref, type, distance}]
	attrPositions = "virtualPositions" // [{locationRef, productRef, quantity}]
	attrProposed  = "proposedFulfilment"
)

func steps() []rule.Rule {
	accepts := []string{typeOrder}
	return []rule.Rule{
		{Name: "GetLocationsForNetwork", Doc: "Puts the locations of a network on the event.", Accepts: accepts,
			Props: []rule.Prop{eventName(), text("networkRef", "The network."), texts("locationStatuses", "Statuses of locations that count; ACTIVE if left out.")},
			Run:   onOrder(locationsForNetwork)},
		{Name: "CalculateLocationsDistances", Doc: "Adds to the event's locations how far they are from the delivery address, nearest first.", Accepts: accepts,
			Props: []rule.Prop{eventName()}, Run: onOrder(distances)},
		{Name: "FilterLocationsByType", Doc: "Keeps only stores among the event's locations if the order is to be delivered express.", Accepts: accepts,
			Props: []rule.Prop{eventName(), text("expressDeliveryValue", "The delivery type that is express.")}, Run: onOrder(filterByType)},
		{Name: "FilterLocationsByRadius", Doc: "Keeps the event's locations within a distance.", Accepts: accepts,
			Props: []rule.Prop{eventName(), {Name: "radius", Type: "FLOAT", Required: true, Doc: "Kilometres."}}, Run: onOrder(filterByRadius)},
		{Name: "SearchInventoryAtLocations", Doc: "Puts what the event's locations can sell of the open units on the event.", Accepts: accepts,
			Props: []rule.Prop{eventName(), text("virtualCatalogueRef", "Where to look.")},
			Run: onOrder(func(ctx context.Context, c *rule.Context, o *ordering.Order) error {
				found, err := searchInventory(ctx, c, o)
				if err != nil {
					return err
				}
				return forward(c, "eventName", map[string]any{attrPositions: found})
			})},
		{Name: "SearchInventoryAtLocationsSD", Doc: "Puts what the event's locations can sell of the open units on the event, and forwards by whether there is any.", Accepts: accepts,
			Props: []rule.Prop{text("virtualCatalogueRef", "Where to look."), text("responseEventIfVirtualPositionsExists", "If there is any."),
				text("responseEventIfVirtualPositionsNotExists", "If not.")},
			Run: onOrder(searchInventorySD)},
	}
}

func locationsForNetwork(ctx context.Context, c *rule.Context, _ *ordering.Order) error {
	places, err := placesOf(ctx, c)
	if err != nil {
		return err
	}
	network, err := c.Props.Text("networkRef")
	if err != nil {
		return err
	}
	statuses, err := c.Props.Texts("locationStatuses")
	if err != nil {
		return err
	}
	found := []any{}
	for ref, at := range places.All() {
		if at.In(network) && (len(statuses) == 0 && at.Active() || slices.Contains(statuses, at.Location.Status)) {
			found = append(found, map[string]any{"ref": ref, "type": at.Location.Type})
		}
	}
	sortLocations(found, "ref")
	return forward(c, "eventName", map[string]any{attrLocations: found})
}

func placesOf(ctx context.Context, c *rule.Context) (*availability.Places, error) {
	m, err := ordering.From(c)
	if err != nil {
		return nil, err
	}
	return m.Places(ctx, c.Scope)
}

func sortLocations(list []any, by string) {
	slices.SortStableFunc(list, func(a, b any) int {
		x, y := a.(map[string]any), b.(map[string]any)
		if order, ok := path.Compare(x[by], y[by]); ok && order != 0 {
			return order
		}
		return strings.Compare(path.Text(x["ref"]), path.Text(y["ref"]))
	})
}

// eventLocations are the locations that earlier steps put on the event, copied.
func eventLocations(c *rule.Context) []any {
	list, _ := c.Event.Attributes[attrLocations].([]any)
	out := make([]any, 0, len(list))
	for _, x := range list {
		if m, ok := x.(map[string]any); ok {
			clone := map[string]any{}
			for k, v := range m {
				clone[k] = v
			}
			out = append(out, clone)
		}
	}
	return out
}

func distances(ctx context.Context, c *rule.Context, o *ordering.Order) error {
	places, err := placesOf(ctx, c)
	if err != nil {
		return err
	}
	found := eventLocations(c)
	for _, x := range found {
		l := x.(map[string]any)
		if at := places.At(path.Text(l["ref"])); at != nil && at.Point != nil && hasCoordinates(o) {
			l["distance"] = decide.Kilometres(decide.Point{Latitude: *o.Address.Latitude, Longitude: *o.Address.Longitude}, *at.Point)
		}
	}
	sortLocations(found, "distance")
	return forward(c, "eventName", map[string]any{attrLocations: found})
}

func filterByType(_ context.Context, c *rule.Context, o *ordering.Order) error {
	express, err := c.Props.Text("expressDeliveryValue")
	if err != nil {
		return err
	}
	found := eventLocations(c)
	if o.Choice != nil && strings.EqualFold(o.Choice.DeliveryType, express) {
		found = slices.DeleteFunc(found, func(x any) bool { return !strings.EqualFold(path.Text(x.(map[string]any)["type"]), "STORE") })
	}
	return forward(c, "eventName", map[string]any{attrLocations: found})
}

func filterByRadius(_ context.Context, c *rule.Context, _ *ordering.Order) error {
	var radius float64
	if err := c.Props.Into("radius", &radius); err != nil {
		return err
	}
	found := slices.DeleteFunc(eventLocations(c), func(x any) bool {
		d, ok := path.Number(x.(map[string]any)["distance"])
		return ok && d > radius
	})
	return forward(c, "eventName", map[string]any{attrLocations: found})
}

// searchInventory lists what the event's locations can sell of the products that the order still lacks.
func searchInventory(ctx context.Context, c *rule.Context, o *ordering.Order) ([]any, error) {
	m, err := ordering.From(c)
	if err != nil {
		return nil, err
	}
	ref, err := c.Props.Text("virtualCatalogueRef")
	if err != nil {
		return nil, err
	}
	request, err := m.Request(ctx, c, o, ordering.Sourcing{Profile: &decide.Profile{VirtualCatalogue: ref, Strategies: []decide.Strategy{{}}}, Statuses: []string{"ACTIVE"}})
	if err != nil {
		return nil, fmt.Errorf("search inventory: %w", err)
	}
	wanted := map[string]bool{}
	for _, x := range eventLocations(c) {
		wanted[path.Text(x.(map[string]any)["ref"])] = true
	}
	found := []any{}
	for _, l := range request.Locations {
		for product, units := range request.Stock[ref][l.Ref] {
			if wanted[l.Ref] && units.ATS > 0 {
				found = append(found, map[string]any{"locationRef": l.Ref, "ref": l.Ref, "productRef": product, "quantity": units.ATS})
			}
		}
	}
	sortLocations(found, "ref")
	return found, nil
}

func searchInventorySD(ctx context.Context, c *rule.Context, o *ordering.Order) error {
	found, err := searchInventory(ctx, c, o)
	if err != nil {
		return err
	}
	if len(found) > 0 {
		return forward(c, "responseEventIfVirtualPositionsExists", map[string]any{attrPositions: found})
	}
	return forward(c, "responseEventIfVirtualPositionsNotExists", nil)
}
