package core

import (
	"context"
	"errors"

	"github.com/fluent-oms/fluent/dataplane/rule"
)

func states() []rule.Rule {
	return []rule.Rule{
		rule.New(plugin, "SetState", "Sets the entity's status.", setState).Also("ChangeState", "ChangeStateGQL"),
		rule.New(plugin, "SetStateIf", "Sets the entity's status if it has a certain one.", setStateIf),
	}
}

type newState struct {
	Status string `prop:"status,required" doc:"The new status."`
}

type newStateIf struct {
	From string `prop:"from,required" doc:"Only in this status."`
	newState
}

var errNoEntity = errors.New("the event addresses no entity that exists")

func setState(_ context.Context, c *rule.Context, p newState) error {
	if c.Entity == nil {
		return errNoEntity
	}
	c.Turn.Set(c.Entity, map[string]any{"status": p.Status})
	return nil
}

func setStateIf(ctx context.Context, c *rule.Context, p newStateIf) error {
	if now, _ := c.Value("status"); now != p.From {
		return nil
	}
	return setState(ctx, c, p.newState)
}
