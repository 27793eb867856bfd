package orders

import (
	"context"

	"github.com/fluent-oms/fluent/dataplane/modules/ordering"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/rules/core"
	"github.com/fluent-oms/fluent/domain/order"
)

func fulfilments() []rule.Rule {
	accepts := []string{typeFulfilment}
	return []rule.Rule{
		{Name: "SetFulfilmentType", Aliases: []string{"AddFulfilmentTypeAttributeToFulfilment"}, Doc: "Sets the type by how the customer gets the goods and what the location is.",
			Accepts: accepts, Run: onFulfilment(setType)},
		{Name: "ChangeStateForUnfulfilableFulfilment", Doc: "Sets the status of a fulfilment at the location for units that nobody can supply.", Accepts: accepts,
			Props: []rule.Prop{text("status", "The status."), optional("systemRejectedLocationRef", "STRING", "That location; the setting if left out.")},
			Run:   onFulfilment(changeStateOfRejected)},
		{Name: "RejectFulfilment", Doc: "Rejects all units that were not picked.", Accepts: accepts, Props: []rule.Prop{optional("reason", "STRING", "Why; event: as the event says.")},
			Run: onFulfilment(rejectFulfilment)},
		{Name: "CancelFulfilment", Doc: "Sets the fulfilment to CANCELLED.", Accepts: accepts,
			Run: onFulfilment(func(_ context.Context, c *rule.Context, _ *ordering.Order, f *order.Fulfilment) error {
				c.Turn.Set(f, map[string]any{"status": order.StatusCancelled})
				return nil
			})},
	}
}

func setType(ctx context.Context, c *rule.Context, o *ordering.Order, f *order.Fulfilment) error {
	places, err := placesOf(ctx, c)
	if err != nil || f.Type == ordering.TypeRejected {
		return err
	}
	if at := places.At(f.FromLocationRef); at != nil {
		c.Turn.Set(f, map[string]any{"type": ordering.FulfilmentType(o, at.Location.Type)})
	}
	return nil
}

func changeStateOfRejected(ctx context.Context, c *rule.Context, _ *ordering.Order, f *order.Fulfilment) error {
	m, err := ordering.From(c)
	if err != nil {
		return err
	}
	places, err := m.Places(ctx, c.Scope)
	if err != nil {
		return err
	}
	given, err := c.Props.Text("systemRejectedLocationRef")
	if err != nil {
		return err
	}
	status, err := c.Props.Text("status")
	if err != nil {
		return err
	}
	if f.Type == ordering.TypeRejected || f.FromLocationRef == m.Rejected(places, c.Event.RetailerID, given) {
		c.Turn.Set(f, map[string]any{"status": status})
	}
	return nil
}

// rejectReason is the fulfilment attribute that says why its units were rejected.
const rejectReason = "rejectReason"

func rejectFulfilment(_ context.Context, c *rule.Context, o *ordering.Order, f *order.Fulfilment) error {
	for _, i := range o.ItemsOf(f) {
		c.Turn.Set(i, map[string]any{"rejectedQuantity": ordering.Requested(i) - i.FilledQuantity})
	}
	return sayReason(c, f)
}

// sayReason keeps why units of the fulfilment were rejected.
func sayReason(c *rule.Context, f *order.Fulfilment) error {
	reason, err := reasonOf(c)
	if err == nil && reason != "" {
		core.SetAttributes(c, f, core.Attribute(rejectReason, reason))
	}
	return err
}

// reasonOf is the property reason, or what the event says where the property says event.
func reasonOf(c *rule.Context) (string, error) {
	reason, err := c.Props.Text("reason")
	if err != nil {
		return "", err
	}
	if reason == "event" || reason == "" {
		reason, _ = c.Event.Attributes["reason"].(string)
	}
	return reason, nil
}
