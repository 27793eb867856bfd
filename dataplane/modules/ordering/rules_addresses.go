package ordering

import (
	"context"
	"fmt"
	"strings"

	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/order/sourcing"
	"github.com/fluent-oms/fluent/domain/path"
)

func addresses() []rule.Rule {
	return []rule.Rule{
		rule.New(plugin, "ValidateOrder", "Sends an event if the order has no customer or no items, or an item without product or quantity or with a price below zero, or items in different currencies.",
			onOrder(validateOrder)).On(typeOrder),
		rule.New(plugin, "ForwardIfOrderCoordinatesPresent", "Forwards if the delivery address has coordinates.", forwardIf(hasCoordinates, true)).On(typeOrder),
		rule.New(plugin, "ForwardIfOrderCoordinatesNotPresent", "Forwards if the delivery address has no coordinates.", forwardIf(hasCoordinates, false)).On(typeOrder),
		rule.New(plugin, "ForwardIfDeliveryAddressPresent", "Forwards if there is a delivery address that can be located.", forwardIf(hasAddress, true)).On(typeOrder),
		rule.New(plugin, "ForwardIfDeliveryAddressNotPresent", "Forwards if there is no delivery address that can be located.", forwardIf(hasAddress, false)).On(typeOrder),
		rule.New(plugin, "ForwardEventWithDeliveryAddressCoordinates", "Forwards with the delivery address's latitude and longitude.",
			onOrder(forwardCoordinates)).On(typeOrder),
		rule.New(plugin, "ResolveOrderCoordinates", "Locates the delivery address by the retailer's own places of the same postcode or city.",
			onOrder(resolveCoordinates)).On(typeOrder),
		rule.New(plugin, "UpdateOrderCoordinates", "Stores the event's latitude and longitude in the delivery address.", onOrder(updateCoordinates)).On(typeOrder),
		rule.New(plugin, "UpdateDeliveryAddress", "Stores the event's address as the delivery address.", onOrder(updateAddress)).On(typeOrder),
		rule.New(plugin, "SendEventOnIdentifyingDeliveryType", "Forwards by the delivery type of the order's choice.", onOrder(byDeliveryType)).On(typeOrder),
		rule.New(plugin, "ValidatePickupLocation", "Forwards by whether the pickup location exists, is active and in a network.", onOrder(validatePickup)).On(typeOrder),
	}
}

type validation struct {
	ErrorEvent rule.EventName `prop:"errorEvent,required" doc:"Event for an order that cannot be processed."`
}

func validateOrder(_ context.Context, c *rule.Context, o *Order, p validation) error {
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
	rule.ForwardWith(c, p.ErrorEvent, map[string]any{"message": problem})
	return nil
}

// forwardIf forwards when a condition of the order is as wanted.
func forwardIf(test func(*Order) bool, want bool) func(context.Context, *rule.Context, rule.Sends) error {
	return onOrder(func(_ context.Context, c *rule.Context, o *Order, p rule.Sends) error {
		if test(o) == want {
			rule.Forward(c, p.EventName)
		}
		return nil
	})
}

func hasCoordinates(o *Order) bool {
	return o.Address != nil && o.Address.Latitude != nil && o.Address.Longitude != nil
}

func hasAddress(o *Order) bool {
	return o.Address != nil && (o.Address.Postcode != "" || o.Address.City != "")
}

func forwardCoordinates(_ context.Context, c *rule.Context, o *Order, p rule.Sends) error {
	more := map[string]any{}
	if hasCoordinates(o) {
		more["latitude"], more["longitude"] = *o.Address.Latitude, *o.Address.Longitude
	}
	rule.ForwardWith(c, p.EventName, more)
	return nil
}

type location struct {
	Valid   rule.EventName `prop:"validAddress,required" doc:"Event with latitude and longitude."`
	Invalid rule.EventName `prop:"invalidAddress,required" doc:"Event if the address cannot be located."`
}

func resolveCoordinates(ctx context.Context, c *rule.Context, o *Order, p location) error {
	places, err := placesOf(ctx, c)
	if err != nil {
		return err
	}
	if at := locate(places, o.Address); at != nil {
		rule.ForwardWith(c, p.Valid, map[string]any{"latitude": at.Latitude, "longitude": at.Longitude})
		return nil
	}
	rule.ForwardWith(c, p.Invalid, map[string]any{"message": "the delivery address cannot be located"})
	return nil
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

func updateCoordinates(_ context.Context, c *rule.Context, o *Order, _ rule.None) error {
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

type correction struct {
	ResourceEvent rule.EventName `prop:"resourceEvent" doc:"Event that sources anew."`
}

func updateAddress(_ context.Context, c *rule.Context, o *Order, p correction) error {
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
	rule.Forward(c, p.ResourceEvent)
	return nil
}

type deliveryTypes struct {
	ExpressEvent  rule.EventName `prop:"expressDeliveryEvent,required" doc:"Event for express delivery."`
	Express       string         `prop:"expressDeliveryValue,required" doc:"The delivery type that is express."`
	StandardEvent rule.EventName `prop:"standardDeliveryEvent,required" doc:"Event for standard delivery."`
	Standard      string         `prop:"standardDeliveryValue,required" doc:"The delivery type that is standard."`
}

func byDeliveryType(_ context.Context, c *rule.Context, o *Order, p deliveryTypes) error {
	switch {
	case o.Choice == nil:
	case strings.EqualFold(p.Express, o.Choice.DeliveryType):
		rule.Forward(c, p.ExpressEvent)
	case strings.EqualFold(p.Standard, o.Choice.DeliveryType):
		rule.Forward(c, p.StandardEvent)
	}
	return nil
}

type pickup struct {
	Network string         `prop:"networkRef,required" doc:"Network of locations where customers collect."`
	Valid   rule.EventName `prop:"validEvent,required" doc:"If it is."`
	Invalid rule.EventName `prop:"invalidEvent,required" doc:"If not."`
}

func validatePickup(ctx context.Context, c *rule.Context, o *Order, p pickup) error {
	places, err := placesOf(ctx, c)
	if err != nil {
		return err
	}
	if o.Choice != nil {
		if at := places.At(o.Choice.PickupLocationRef); at != nil && at.Active() && at.In(p.Network) {
			rule.Forward(c, p.Valid)
			return nil
		}
	}
	rule.ForwardWith(c, p.Invalid, map[string]any{"message": "the pickup location does not exist or is not open for collection"})
	return nil
}
