package core

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/form"
	"github.com/fluent-oms/fluent/domain/path"
	"github.com/fluent-oms/fluent/domain/workflow"
)

func events() []rule.Rule {
	return []rule.Rule{
		rule.New(plugin, "SendEvent", "Sends another event to the same entity, with the current attributes.", sendEvent).Also("SendEventGQL").
			Taking(rule.AnyEvent),
		rule.New(plugin, "ScheduleEvent", "Sends another event to the same entity at a later time.", scheduleEvent).Reads(chosenDelay).
			Taking(rule.AnyEvent),
		rule.New(plugin, "ForwardIfDue", "Forwards unless the entity's expiry time was moved to later than now: a timer that was set before does nothing.", forwardIfDue).
			Taking(rule.AnyEvent),
	}
}

type sending struct {
	rule.Sends
	Attributes map[string]any `prop:"attributes" doc:"Attributes to add."`
	Reason     string         `prop:"reason" doc:"Attribute reason to add."`
}

func sendEvent(_ context.Context, c *rule.Context, p sending) error {
	more := map[string]any{}
	for name, v := range p.Attributes {
		more[name] = rule.Copy(v)
	}
	if p.Reason != "" {
		more["reason"] = p.Reason
	}
	rule.ForwardWith(c, p.EventName, more)
	return nil
}

type scheduling struct {
	rule.Sends
	DelayMinutes int              `prop:"delayMinutes" doc:"Minutes from now."`
	DelaySetting rule.SettingName `prop:"delaySetting" doc:"Setting that holds the minutes."`
	DefaultDelay int              `prop:"defaultDelay" doc:"Minutes where the setting is unset."`
	At           string           `prop:"at" doc:"Path to the time."`
}

func scheduleEvent(ctx context.Context, c *rule.Context, p scheduling) error {
	at, err := scheduledTime(ctx, c, p)
	if err != nil || at.IsZero() {
		return err
	}
	c.Turn.Send(workflow.Event{Name: string(p.EventName), EntityType: c.Event.EntityType, EntityID: c.Event.EntityID, EntityRef: c.Event.EntityRef,
		EntitySubtype: c.Event.EntitySubtype, Attributes: rule.Attributes(c, nil), ScheduledOn: at})
	return nil
}

// mostMinutes is how many a duration holds.
const mostMinutes = int(math.MaxInt64 / time.Minute)

// scheduledTime is zero where nothing says when.
func scheduledTime(ctx context.Context, c *rule.Context, p scheduling) (time.Time, error) {
	if p.At != "" {
		return timeAt(c, p.At)
	}
	minutes, delay := p.DelayMinutes, time.Duration(0)
	if p.DelaySetting != "" {
		set, given, err := availability.Lookup(ctx, c, chosenDelay.Named(string(p.DelaySetting)), "")
		if err != nil {
			return time.Time{}, err
		}
		if minutes, delay = 0, set; !given {
			minutes = p.DefaultDelay
		}
	}
	if minutes > mostMinutes {
		return time.Time{}, fmt.Errorf("%d minutes are more than can be counted", minutes)
	}
	if delay += time.Duration(minutes) * time.Minute; delay <= 0 {
		return time.Time{}, nil
	}
	return c.Now.Add(delay), nil
}

func timeAt(c *rule.Context, p string) (time.Time, error) {
	v, ok := c.Value(p)
	if !ok {
		return time.Time{}, nil
	}
	if t, ok := v.(time.Time); ok {
		return t, nil
	}
	t, err := time.Parse(time.RFC3339Nano, path.Text(v))
	if err == nil {
		err = form.CheckMoment(t)
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %v is no time", p, v)
	}
	return t, nil
}

func forwardIfDue(_ context.Context, c *rule.Context, p rule.Sends) error {
	due, err := timeAt(c, "expiryTime")
	if err == nil && !due.After(c.Now) {
		rule.Forward(c, p.EventName)
	}
	return err
}
