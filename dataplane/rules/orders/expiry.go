package orders

import (
	"context"
	"fmt"
	"time"

	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	"github.com/fluent-oms/fluent/dataplane/modules/ordering"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/rules/core"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/order/opening"
	"github.com/fluent-oms/fluent/domain/path"
)

func expiry() []rule.Rule {
	return []rule.Rule{
		{Name: "ScheduleFulfilmentExpiry", Doc: "Sets when the fulfilment expires, in the location's opening hours, and schedules the event; without a limit nothing.",
			Accepts: []string{typeFulfilment},
			Props:   []rule.Prop{eventName(), optional("resume", "BOOLEAN", "Go on with the time that was left.")}, Run: onFulfilment(scheduleExpiry)},
		{Name: "SuspendSchedule", Doc: "Stops the fulfilment's expiry and remembers the time left.", Accepts: []string{typeFulfilment}, Props: []rule.Prop{eventName()},
			Run: onFulfilment(suspendExpiry)},
	}
}

// PickLimit is the setting that says how many hours a location has to pick; with _ and a delivery type, for that type.
const PickLimit = "PICK_N_PACK_TIME_LIMIT"

// minutesLeft is the fulfilment attribute that keeps the opening time left while its expiry is suspended.
const minutesLeft = "expiryMinutesLeft"

func scheduleExpiry(ctx context.Context, c *rule.Context, _ *ordering.Order, f *order.Fulfilment) error {
	resume, err := c.Props.Bool("resume")
	if err != nil {
		return err
	}
	at, err := expiryOf(ctx, c, f, resume)
	if err != nil || at.IsZero() {
		return err
	}
	c.Turn.Set(f, map[string]any{"expiryTime": &at})
	name, err := c.Props.Text("eventName")
	if err != nil {
		return err
	}
	ev := rule.Address(f)
	ev.Name, ev.ScheduledOn = name, at
	c.Turn.Send(ev)
	return nil
}

// expiryOf is zero where there is nothing to schedule: no limit, or a timer that still runs.
func expiryOf(ctx context.Context, c *rule.Context, f *order.Fulfilment, resume bool) (time.Time, error) {
	places, err := placesOf(ctx, c)
	if err != nil {
		return time.Time{}, err
	}
	at := places.At(f.FromLocationRef)
	hours := opening.Week{}
	if at != nil {
		hours = at.Hours
	}
	if resume {
		if v, ok := f.Attributes.Get(minutesLeft); ok && f.ExpiryTime == nil {
			n, _ := path.Number(v)
			return hours.Add(c.Now, time.Duration(n)*time.Minute)
		}
		if f.ExpiryTime != nil && f.ExpiryTime.After(c.Now) {
			return time.Time{}, nil
		}
		if f.ExpiryTime != nil {
			return c.Now, nil
		}
	}
	limit, err := pickLimit(places, c.Event.RetailerID, at, f.DeliveryType)
	if err != nil || limit <= 0 {
		return time.Time{}, err
	}
	return hours.Add(f.CreatedOn, limit)
}

func pickLimit(places *availability.Places, retailer int32, at *availability.Place, deliveryType string) (time.Duration, error) {
	v := ""
	if deliveryType != "" {
		v = places.Setting(PickLimit+"_"+deliveryType, retailer, at)
	}
	if v == "" {
		v = places.Setting(PickLimit, retailer, at)
	}
	if v == "" {
		return 0, nil
	}
	hours, ok := path.Number(v)
	if !ok {
		return 0, fmt.Errorf("setting %s: %q is no number of hours", PickLimit, v)
	}
	return time.Duration(hours * float64(time.Hour)), nil
}

func suspendExpiry(ctx context.Context, c *rule.Context, _ *ordering.Order, f *order.Fulfilment) error {
	if f.ExpiryTime == nil {
		return nil
	}
	places, err := placesOf(ctx, c)
	if err != nil {
		return err
	}
	hours := opening.Week{}
	if at := places.At(f.FromLocationRef); at != nil {
		hours = at.Hours
	}
	left := hours.Between(c.Now, *f.ExpiryTime)
	core.SetAttributes(c, f, core.Attribute(minutesLeft, int(left/time.Minute)))
	var none *time.Time
	c.Turn.Set(f, map[string]any{"expiryTime": none})
	return nil
}
