package ordering

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fluent-oms/fluent/dataplane/modules/availability"
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
	return []rule.Rule{
		rule.New(plugin, "GetLocationsForNetwork", "Puts the locations of a network on the event.", onOrder(locationsForNetwork)).On(typeOrder),
		rule.New(plugin, "CalculateLocationsDistances", "Adds to the event's locations how far they are from the delivery address, nearest first.", onOrder(distances)).On(typeOrder),
		rule.New(plugin, "FilterLocationsByType", "Keeps only stores among the event's locations if the order is to be delivered express.", onOrder(filterByType)).On(typeOrder),
		rule.New(plugin, "FilterLocationsByRadius", "Keeps the event's locations within a distance.", onOrder(filterByRadius)).On(typeOrder),
		rule.New(plugin, "SearchInventoryAtLocations", "Puts what the event's locations can sell of the open units on the event.", onOrder(searchAtLocations)).On(typeOrder).Reads(RejectedLocation),
		rule.New(plugin, "SearchInventoryAtLocationsSD", "Puts what the event's locations can sell of the open units on the event, and forwards by whether there is any.",
			onOrder(searchInventorySD)).On(typeOrder).Reads(RejectedLocation),
	}
}

type fromNetwork struct {
	rule.Sends
	Network  string   `prop:"networkRef,required" doc:"The network."`
	Statuses []string `prop:"locationStatuses" doc:"Statuses of locations that count; all but INACTIVE if left out."`
}

func locationsForNetwork(ctx context.Context, c *rule.Context, _ *Order, p fromNetwork) error {
	places, err := placesOf(ctx, c)
	if err != nil {
		return err
	}
	found := []any{}
	for ref, at := range places.All() {
		if at.In(p.Network) && (len(p.Statuses) == 0 && at.Active() || slices.Contains(p.Statuses, at.Location.Status)) {
			found = append(found, map[string]any{"ref": ref, "type": at.Location.Type})
		}
	}
	sortLocations(found, "ref")
	rule.ForwardWith(c, p.EventName, map[string]any{attrLocations: found})
	return nil
}

func placesOf(ctx context.Context, c *rule.Context) (*availability.Places, error) {
	m, err := From(c)
	if err != nil {
		return nil, err
	}
	return m.Places(ctx, c.Scope)
}

// sortLocations sorts by a member, those that do not have it last; equals by ref.
func sortLocations(list []any, by string) {
	slices.SortStableFunc(list, func(a, b any) int {
		x, y := a.(map[string]any), b.(map[string]any)
		switch order, ok := path.Compare(x[by], y[by]); {
		case ok && order != 0:
			return order
		case x[by] != nil && y[by] == nil:
			return -1
		case x[by] == nil && y[by] != nil:
			return 1
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

func distances(ctx context.Context, c *rule.Context, o *Order, p rule.Sends) error {
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
	rule.ForwardWith(c, p.EventName, map[string]any{attrLocations: found})
	return nil
}

type byType struct {
	rule.Sends
	Express string `prop:"expressDeliveryValue,required" doc:"The delivery type that is express."`
}

func filterByType(_ context.Context, c *rule.Context, o *Order, p byType) error {
	found := eventLocations(c)
	if o.Choice != nil && strings.EqualFold(o.Choice.DeliveryType, p.Express) {
		found = slices.DeleteFunc(found, func(x any) bool { return !strings.EqualFold(path.Text(x.(map[string]any)["type"]), "STORE") })
	}
	rule.ForwardWith(c, p.EventName, map[string]any{attrLocations: found})
	return nil
}

type byRadius struct {
	rule.Sends
	Radius float64 `prop:"radius,required" doc:"Kilometres."`
}

func filterByRadius(_ context.Context, c *rule.Context, _ *Order, p byRadius) error {
	found := slices.DeleteFunc(eventLocations(c), func(x any) bool {
		d, ok := path.Number(x.(map[string]any)["distance"])
		return !ok || d > p.Radius // of how far it is, nothing is known: it may be too far
	})
	rule.ForwardWith(c, p.EventName, map[string]any{attrLocations: found})
	return nil
}

// searchInventory lists what the event's locations can sell of the products that the order still lacks.
func searchInventory(ctx context.Context, c *rule.Context, o *Order, ref string) ([]any, error) {
	m, err := From(c)
	if err != nil {
		return nil, err
	}
	request, err := m.Request(ctx, c, o, Sourcing{Profile: &decide.Profile{VirtualCatalogue: ref, Strategies: []decide.Strategy{{}}}, Statuses: []string{"ACTIVE"}})
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

type searching struct {
	rule.Sends
	Catalogue string `prop:"virtualCatalogueRef,required" doc:"Where to look."`
}

func searchAtLocations(ctx context.Context, c *rule.Context, o *Order, p searching) error {
	found, err := searchInventory(ctx, c, o, p.Catalogue)
	if err == nil {
		rule.ForwardWith(c, p.EventName, map[string]any{attrPositions: found})
	}
	return err
}

type searchingBoth struct {
	Catalogue string         `prop:"virtualCatalogueRef,required" doc:"Where to look."`
	Found     rule.EventName `prop:"responseEventIfVirtualPositionsExists,required" doc:"If there is any."`
	None      rule.EventName `prop:"responseEventIfVirtualPositionsNotExists,required" doc:"If not."`
}

func searchInventorySD(ctx context.Context, c *rule.Context, o *Order, p searchingBoth) error {
	found, err := searchInventory(ctx, c, o, p.Catalogue)
	switch {
	case err != nil:
		return err
	case len(found) > 0:
		rule.ForwardWith(c, p.Found, map[string]any{attrPositions: found})
	default:
		rule.Forward(c, p.None)
	}
	return nil
}
