package orders

import (
	"context"
	"fmt"
	"strings"

	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	"github.com/fluent-oms/fluent/dataplane/modules/ordering"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/order/sourcing"
	"github.com/fluent-oms/fluent/domain/path"
)

func addresses() []rule.Rule {
	accepts := []string{typeOrder}
	only := []rule.Prop{eventName()}
	return []rule.Rule{
		{Name: "ValidateOrder", Doc: "Sends an event if the order has no customer or no items, or an item without product or quantity or with a price below zero, or items in different currencies.",
			Accepts: accepts, Props: []rule.Prop{text("errorEvent", "Event for an order that cannot be processed.")}, Run: onOrder(validateOrder)},
		{Name: "ForwardIfOrderCoordinatesPresent", Doc: "Forwards if the delivery address has coordinates.", Accepts: accepts, Props: only,
			Run: forwardIf(hasCoordinates, true)},
		{Name: "ForwardIfOrderCoordinatesNotPresent", Doc: "Forwards if the delivery address has no coordinates.", Accepts: accepts, Props: only,
			Run: forwardIf(hasCoordinates, false)},
		{Name: "ForwardIfDeliveryAddressPresent", Doc: "Forwards if there is a delivery address that can be located.", Accepts: accepts, Props: only,
			Run: forwardIf(hasAddress, true)},
		{Name: "ForwardIfDeliveryAddressNotPresent", Doc: "Forwards if there is no delivery address that can be located.", Accepts: accepts, Props: only,
			Run: forwardIf(hasAddress, false)},
		{Name: "ForwardEventWithDeliveryAddressCoordinates", Doc: "Forwards with the delivery address's latitude and longitude.", Accepts: accepts, Props: only,
			Run: onOrder(forwardCoordinates)},
		{Name: "ResolveOrderCoordinates", Doc: "Locates the delivery address by the retailer's own places of the same postcode or city.", Accepts: accepts,
			Props: []rule.Prop{text("validAddress", "Event with latitude and longitude."), text("invalidAddress", "Event if the address cannot be located.")},
			Run:   onOrder(resolveCoordinates)},
		{Name: "UpdateOrderCoordinates", Doc: "Stores the event's latitude and longitude in the delivery address.", Accepts: accepts, Run: onOrder(updateCoordinates)},
		{Name: "UpdateDeliveryAddress", Doc: "Stores the event's address as the delivery address.", Accepts: accepts,
			Props: []rule.Prop{optional("resourceEvent", "STRING", "Event that sources anew.")}, Run: onOrder(updateAddress)},
		{Name: "SendEventOnIdentifyingDeliveryType", Doc: "Forwards by the delivery type of the order's choice.", Accepts: accepts,
			Props: []rule.Prop{text("expressDeliveryEvent", "Event for express delivery."), text("expressDeliveryValue", "The delivery type that is express."),
				text("standardDeliveryEvent", "Event for standard delivery."), text("standardDeliveryValue", "The delivery type that is standard.")},
			Run: onOrder(byDeliveryType)},
		{Name: "ValidatePickupLocation", Doc: "Forwards by whether the pickup location exists, is active and in a network.", Accepts: accepts,
			Props: []rule.Prop{text("networkRef", "Network of locations where customers collect."), text("validEvent", "If it is."), text("invalidEvent", "If not.")},
			Run:   onOrder(validatePickup)},
	}
}

func validateOrder(_ context.Context, c *rule.Context, o *ordering.Order) error {
	problem := ""
	if len(o.Items) == 0 {
		problem = "the order has no items"
	}
	if o.CustomerID == "" {
		problem = "the order has no customer"
	}
	for _, i := range o.Items {
		switch {
		case i.ProductRef == "":
			problem = "item " + i.Ref + " names no product"
		case i.Quantity <= 0:
			problem = "item " + i.Ref + " has no quantity"
		case value(i.Price) < 0 || value(i.PaidPrice) < 0:
			problem = "item " + i.Ref + " has a price below zero"
		case i.Currency != "" && o.Items[0].Currency != "" && i.Currency != o.Items[0].Currency:
			problem = "item " + i.Ref + " is in another currency"
		}
	}
	if problem == "" {
		return nil
	}
	c.Turn.Log("order cannot be processed: "+problem, nil)
	return forward(c, "errorEvent", map[string]any{"message": problem})
}

// forwardIf forwards when a condition of the order is as wanted.
func forwardIf(test func(*ordering.Order) bool, want bool) func(context.Context, *rule.Context) error {
	return onOrder(func(_ context.Context, c *rule.Context, o *ordering.Order) error {
		if test(o) != want {
			return nil
		}
		return forward(c, "eventName", nil)
	})
}

func hasCoordinates(o *ordering.Order) bool {
	return o.Address != nil && o.Address.Latitude != nil && o.Address.Longitude != nil
}

func hasAddress(o *ordering.Order) bool {
	return o.Address != nil && (o.Address.Postcode != "" || o.Address.City != "")
}

func forwardCoordinates(_ context.Context, c *rule.Context, o *ordering.Order) error {
	more := map[string]any{}
	if hasCoordinates(o) {
		more["latitude"], more["longitude"] = *o.Address.Latitude, *o.Address.Longitude
	}
	return forward(c, "eventName", more)
}

func resolveCoordinates(ctx context.Context, c *rule.Context, o *ordering.Order) error {
	m, err := ordering.From(c)
	if err != nil {
		return err
	}
	places, err := m.Places(ctx, c.Scope)
	if err != nil {
		return err
	}
	if at := locate(places, o.Address); at != nil {
		return forward(c, "validAddress", map[string]any{"latitude": at.Latitude, "longitude": at.Longitude})
	}
	return forward(c, "invalidAddress", map[string]any{"message": "the delivery address cannot be located"})
}

// locate finds a place with the same postcode, else one in the same city; of several the one whose ref comes first, so that the
// answer is always the same.
func locate(places *availability.Places, a *foundation.CustomerAddress) *sourcing.Point {
	if a == nil {
		return nil
	}
	same := func(x, y string) bool {
		return x != "" && strings.EqualFold(strings.TrimSpace(x), strings.TrimSpace(y))
	}
	var best *sourcing.Point
	ref, rank := "", 0
	for r, at := range places.All() {
		if at.Point == nil || at.Address == nil || a.Country != "" && at.Address.Country != "" && !same(a.Country, at.Address.Country) {
			continue
		}
		n := 0
		switch {
		case same(a.Postcode, at.Address.Postcode):
			n = 2
		case same(a.City, at.Address.City):
			n = 1
		}
		if n > rank || n == rank && n > 0 && r < ref {
			best, ref, rank = at.Point, r, n
		}
	}
	return best
}

func updateCoordinates(_ context.Context, c *rule.Context, o *ordering.Order) error {
	if o.Address == nil {
		return nil
	}
	lat, ok1 := path.Number(c.Event.Attributes["latitude"])
	lon, ok2 := path.Number(c.Event.Attributes["longitude"])
	if ok1 && ok2 {
		c.Turn.Set(o.Address, map[string]any{"latitude": &lat, "longitude": &lon})
	}
	return nil
}

// addressMembers are the members of an event's address that land in the delivery address.
var addressMembers = []string{"name", "companyName", "street", "city", "state", "postcode", "region", "country", "timeZone"}

func updateAddress(_ context.Context, c *rule.Context, o *ordering.Order) error {
	given, ok := c.Event.Attributes["address"].(map[string]any)
	if !ok {
		return fmt.Errorf("the event has no attribute address, an object")
	}
	if o.Address == nil {
		return &rule.BusinessError{Message: "the order has no delivery address to correct"}
	}
	changes := map[string]any{}
	for _, name := range addressMembers {
		if v, ok := given[name]; ok {
			changes[name] = path.Text(v)
		}
	}
	var none *float64
	changes["latitude"], changes["longitude"] = none, none
	if lat, ok := path.Number(given["latitude"]); ok {
		if lon, ok := path.Number(given["longitude"]); ok {
			changes["latitude"], changes["longitude"] = &lat, &lon
		}
	}
	c.Turn.Set(o.Address, changes)
	return forward(c, "resourceEvent", nil)
}

func byDeliveryType(_ context.Context, c *rule.Context, o *ordering.Order) error {
	if o.Choice == nil {
		return nil
	}
	for _, kind := range []string{"expressDelivery", "standardDelivery"} {
		want, err := c.Props.Text(kind + "Value")
		if err != nil {
			return err
		}
		if strings.EqualFold(want, o.Choice.DeliveryType) {
			return forward(c, kind+"Event", nil)
		}
	}
	return nil
}

func validatePickup(ctx context.Context, c *rule.Context, o *ordering.Order) error {
	m, err := ordering.From(c)
	if err != nil {
		return err
	}
	places, err := m.Places(ctx, c.Scope)
	if err != nil {
		return err
	}
	network, err := c.Props.Text("networkRef")
	if err != nil {
		return err
	}
	if o.Choice != nil {
		if at := places.At(o.Choice.PickupLocationRef); at != nil && at.Active() && at.In(network) {
			return forward(c, "validEvent", nil)
		}
	}
	return forward(c, "invalidEvent", map[string]any{"message": "the pickup location does not exist or is not open for collection"})
}
