package ordering

import (
	"context"

	"github.com/fluent-oms/fluent/dataplane/modules/core"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/order"
)

func fulfilments() []rule.Rule {
	return []rule.Rule{
		rule.New(plugin, "SetFulfilmentType", "Sets the type by how the customer gets the goods and what the location is.",
			onFulfilment(setType)).On(typeFulfilment).Also("AddFulfilmentTypeAttributeToFulfilment"),
		rule.New(plugin, "ChangeStateForUnfulfilableFulfilment", "Sets the status of a fulfilment at the location for units that nobody can supply.",
			onFulfilment(changeStateOfRejected)).On(typeFulfilment).Reads(RejectedLocation),
		rule.New(plugin, "RejectFulfilment", "Rejects all units that were not picked.", onFulfilment(rejectFulfilment)).On(typeFulfilment),
		rule.New(plugin, "CancelFulfilment", "Sets the fulfilment to CANCELLED.", onFulfilment(cancelFulfilment)).On(typeFulfilment),
	}
}

func cancelFulfilment(_ context.Context, c *rule.Context, _ *Order, f *order.Fulfilment, _ rule.None) error {
	c.Turn.Set(f, map[string]any{"status": order.StatusCancelled})
	return nil
}

func setType(ctx context.Context, c *rule.Context, o *Order, f *order.Fulfilment, _ rule.None) error {
	places, err := placesOf(ctx, c)
	if err != nil || f.Type == TypeRejected {
		return err
	}
	if at := places.At(f.FromLocationRef); at != nil {
		c.Turn.Set(f, map[string]any{"type": FulfilmentType(o, at.Location.Type)})
	}
	return nil
}

type rejectedState struct {
	Status   string `prop:"status,required" doc:"The status."`
	Location string `prop:"systemRejectedLocationRef" doc:"That location; the setting if left out."`
}

func changeStateOfRejected(ctx context.Context, c *rule.Context, _ *Order, f *order.Fulfilment, p rejectedState) error {
	places, err := placesOf(ctx, c)
	if err != nil {
		return err
	}
	ref, err := Rejected(c, places, p.Location)
	if err != nil {
		return err
	}
	if f.Type == TypeRejected || f.FromLocationRef == ref {
		c.Turn.Set(f, map[string]any{"status": p.Status})
	}
	return nil
}

// rejectReason is the fulfilment attribute that says why its units were rejected.
const rejectReason = "rejectReason"

type rejection struct {
	Reason string `prop:"reason" doc:"Why; event, or nothing: as the event's attribute reason says."`
}

func rejectFulfilment(_ context.Context, c *rule.Context, o *Order, f *order.Fulfilment, p rejection) error {
	for _, i := range o.ItemsOf(f) {
		c.Turn.Set(i, map[string]any{"rejectedQuantity": Requested(i) - i.FilledQuantity})
	}
	setRejectReason(c, f, reasonOf(c, p.Reason))
	return nil
}

func setRejectReason(c *rule.Context, f *order.Fulfilment, reason string) {
	if reason != "" {
		core.SetAttributes(c, f, core.Attribute(rejectReason, reason))
	}
}

// reasonOf is what a property says, or what the event says where the property says event or nothing.
func reasonOf(c *rule.Context, given string) string {
	if given == "event" || given == "" {
		given, _ = c.Event.Attributes["reason"].(string)
	}
	return given
}
