package ordering

import (
	"context"
	"errors"
	"time"

	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	"github.com/fluent-oms/fluent/dataplane/modules/core"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/order/opening"
	"github.com/fluent-oms/fluent/domain/path"
)

func expiry() []rule.Rule {
	return []rule.Rule{
		rule.New(plugin, "ScheduleFulfilmentExpiry", "Sets when the fulfilment expires, in the location's opening hours, and schedules the event; without a limit nothing.",
			onFulfilment(scheduleExpiry)).On(typeFulfilment).Reads(PickLimit, PickLimitOf),
		rule.New(plugin, "SuspendSchedule", "Stops the fulfilment's expiry and remembers the time left.", onFulfilment(suspendExpiry)).On(typeFulfilment),
	}
}

// minutesLeft is the fulfilment attribute that keeps the opening time left while its expiry is suspended.
const minutesLeft = "expiryMinutesLeft"

type expiring struct {
	rule.Sends
	Resume bool `prop:"resume" doc:"Go on with the time that was left."`
}

func scheduleExpiry(ctx context.Context, c *rule.Context, _ *Order, f *order.Fulfilment, p expiring) error {
	at, err := expiryOf(ctx, c, f, p.Resume)
	if err != nil || at.IsZero() {
		return err
	}
	c.Turn.Set(f, map[string]any{"expiryTime": &at})
	ev := rule.Address(c.Types, f)
	ev.Name, ev.ScheduledOn = string(p.EventName), at
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
			return due(c, hours, c.Now, time.Duration(n)*time.Minute)
		}
		if f.ExpiryTime != nil && f.ExpiryTime.After(c.Now) {
			return time.Time{}, nil
		}
		if f.ExpiryTime != nil {
			return c.Now, nil
		}
	}
	limit, err := pickLimit(c, places, at, f.DeliveryType)
	if err != nil || limit <= 0 {
		return time.Time{}, err
	}
	return due(c, hours, f.CreatedOn, limit)
}

// due is when so much opening time has passed. A location that is never open cannot pick: what waits there expires now, and is sourced elsewhere.
func due(c *rule.Context, hours opening.Week, from time.Time, limit time.Duration) (time.Time, error) {
	at, err := hours.Add(from, limit)
	if errors.Is(err, opening.ErrNeverOpen) {
		c.Turn.Log("the location is never open", nil)
		return c.Now, nil
	}
	return at, err
}

// pickLimit is 0 where none is set.
func pickLimit(c *rule.Context, places *availability.Places, at *availability.Place, deliveryType string) (time.Duration, error) {
	if deliveryType != "" {
		if limit, given, err := availability.In(c, places, at, PickLimitOf.Named(deliveryType)); err != nil || given {
			return limit, err
		}
	}
	limit, _, err := availability.In(c, places, at, PickLimit)
	return limit, err
}

type suspending struct {
	_ rule.EventName `prop:"eventName" doc:"The scheduled event; it finds by itself that the expiry was stopped (ForwardIfDue)."`
}

func suspendExpiry(ctx context.Context, c *rule.Context, _ *Order, f *order.Fulfilment, _ suspending) error {
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
