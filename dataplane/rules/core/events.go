package core

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/path"
	"github.com/fluent-oms/fluent/domain/workflow"
)

func events() []rule.Rule {
	return []rule.Rule{
		{Name: "SendEvent", Aliases: []string{"SendEventGQL"}, Doc: "Sends another event to the same entity, with the current attributes.",
			Props: []rule.Prop{eventName(), optional("attributes", "JSON", "Attributes to add."), optional("reason", "STRING", "Attribute reason to add.")},
			Run:   sendEvent},
		{Name: "ScheduleEvent", Doc: "Sends another event to the same entity at a later time.",
			Props: []rule.Prop{eventName(), optional("delayMinutes", "INTEGER", "Minutes from now."),
				optional("delaySetting", "STRING", "Setting that holds the minutes."), optional("defaultDelay", "INTEGER", "Minutes where the setting is unset."),
				optional("at", "STRING", "Path to the time.")},
			Run: scheduleEvent},
		{Name: "ForwardIfDue", Doc: "Forwards unless the entity's expiry time was moved to later than now: a timer that was set before does nothing.",
			Props: []rule.Prop{eventName()}, Run: forwardIfDue},
	}
}

func sendEvent(_ context.Context, c *rule.Context) error {
	name, err := c.Props.Text("eventName")
	if err != nil {
		return err
	}
	more := map[string]any{}
	if err := c.Props.Into("attributes", &more); err != nil {
		return err
	}
	reason, err := c.Props.Text("reason")
	if err != nil {
		return err
	}
	if reason != "" {
		more["reason"] = reason
	}
	rule.ForwardWith(c, name, more)
	return nil
}

func scheduleEvent(ctx context.Context, c *rule.Context) error {
	name, err := c.Props.Text("eventName")
	if err != nil {
		return err
	}
	at, err := scheduledTime(ctx, c)
	if err != nil || at.IsZero() {
		return err
	}
	c.Turn.Send(workflow.Event{Name: name, EntityType: c.Event.EntityType, EntityID: c.Event.EntityID, EntityRef: c.Event.EntityRef,
		EntitySubtype: c.Event.EntitySubtype, Attributes: rule.Attributes(c, nil), ScheduledOn: at})
	return nil
}

// scheduledTime is zero where nothing says when.
func scheduledTime(ctx context.Context, c *rule.Context) (time.Time, error) {
	p, err := c.Props.Text("at")
	if err != nil {
		return time.Time{}, err
	}
	if p != "" {
		return timeAt(c, p)
	}
	minutes, err := c.Props.Int("delayMinutes")
	if err != nil {
		return time.Time{}, err
	}
	setting, err := c.Props.Text("delaySetting")
	if err != nil {
		return time.Time{}, err
	}
	if setting != "" {
		if minutes, err = c.Props.Int("defaultDelay"); err != nil {
			return time.Time{}, err
		}
		value, err := availability.Setting(ctx, c, setting, "")
		if err != nil {
			return time.Time{}, err
		}
		if value != "" {
			if minutes, err = strconv.Atoi(value); err != nil {
				return time.Time{}, fmt.Errorf("setting %s: %q is no number of minutes", setting, value)
			}
		}
	}
	if minutes <= 0 {
		return time.Time{}, nil
	}
	return c.Now.Add(time.Duration(minutes) * time.Minute), nil
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
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %v is no time", p, v)
	}
	return t, nil
}

func forwardIfDue(_ context.Context, c *rule.Context) error {
	name, err := c.Props.Text("eventName")
	if err != nil {
		return err
	}
	due, err := timeAt(c, "expiryTime")
	if err == nil && !due.After(c.Now) {
		rule.Forward(c, name)
	}
	return err
}
