package core

import (
	"context"
	"errors"

	"github.com/fluent-oms/fluent/dataplane/rule"
)

func states() []rule.Rule {
	return []rule.Rule{
		{Name: "SetState", Aliases: []string{"ChangeState", "ChangeStateGQL"}, Doc: "Sets the entity's status.",
			Props: []rule.Prop{text("status", "The new status.")}, Run: setState},
		{Name: "SetStateIf", Doc: "Sets the entity's status if it has a certain one.",
			Props: []rule.Prop{text("from", "Only in this status."), text("status", "The new status.")}, Run: setStateIf},
	}
}

var errNoEntity = errors.New("the event addresses no entity that exists")

func setState(_ context.Context, c *rule.Context) error {
	if c.Entity == nil {
		return errNoEntity
	}
	status, err := c.Props.Text("status")
	if err == nil {
		c.Turn.Set(c.Entity, map[string]any{"status": status})
	}
	return err
}

func setStateIf(ctx context.Context, c *rule.Context) error {
	from, err := c.Props.Text("from")
	if err != nil {
		return err
	}
	if now, _ := c.Value("status"); now != from {
		return nil
	}
	return setState(ctx, c)
}
