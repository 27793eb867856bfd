package orders

import (
	"context"
	"fmt"

	"github.com/fluent-oms/fluent/dataplane/modules/ordering"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/rules/core"
	"github.com/fluent-oms/fluent/domain/order"
	decide "github.com/fluent-oms/fluent/domain/order/sourcing"
)

func planning() []rule.Rule {
	accepts := []string{typeOrder}
	profile := []rule.Prop{text("sourcingProfileRef", "The sourcing profile."), texts("positionStatuses", "Statuses of virtual positions that count; ACTIVE if left out."),
		optional("systemRejectedLocationRef", "STRING", "Location for units that nobody can supply.")}
	return []rule.Rule{
		{Name: "CreateFulfilmentWithSourcingProfile", Doc: "Sources what is open by the profile's strategies, all of it or nothing.", Accepts: accepts,
			Props: append(profile[:3:3], optional("plannedEvent", "STRING", "If everything is covered."), optional("noPlanEvent", "STRING", "If not.")),
			Run:   onOrder(sourcePrimary)},
		{Name: "CreatePartialFulfilmentWithSourcingProfile", Doc: "Sources what it can by the profile's fallback.", Accepts: accepts,
			Props: append(profile[:3:3], optional("completeEvent", "STRING", "If everything is covered."), optional("remainderEvent", "STRING", "If not.")),
			Run:   onOrder(sourcePartial)},
		{Name: "CreateFulfilmentForUnfulfillableItems", Doc: "Puts what is open on a fulfilment at the location for units that nobody can supply.", Accepts: accepts,
			Props: []rule.Prop{optional("systemRejectedLocationRef", "STRING", "That location; the setting SYSTEM_REJECTED_LOCATION if left out."),
				texts("acceptedStatuses", "Statuses of fulfilments that cover their units."), texts("rejectedStatuses", "Statuses of fulfilments that do not.")},
			Run: onOrder(sourceRejected)},
		{Name: "CreateFulfilmentAtLocation", Doc: "Puts what is open on a fulfilment at a chosen location, whatever it holds.", Accepts: []string{typeOrder, typeFulfilment},
			Props: []rule.Prop{optional("locationRef", "STRING", "The location; the event's attribute locationRef if left out.")}, Run: onOrder(sourceAt)},
		{Name: "NotifySourcingOutcome", Doc: "Tells the customer, once, when units that were promised come later or not at all.", Accepts: accepts,
			Props: []rule.Prop{optional("shortPick", "STRING", "Template of the notice."), optional("backorder", "STRING", "Template for backordered units.")},
			Run:   onOrder(notifyOutcome)},
	}
}

// ask decides by one half of a profile.
type ask func(*decide.Profile, *decide.Request) (*decide.Plan, []decide.Attempt, error)

func source(ctx context.Context, c *rule.Context, o *ordering.Order, by ask) (*decide.Plan, error) {
	m, err := ordering.From(c)
	if err != nil {
		return nil, err
	}
	ref, err := c.Props.Text("sourcingProfileRef")
	if err != nil {
		return nil, err
	}
	s := ordering.Sourcing{}
	if s.Profile, err = m.Profile(ref, c.Event.RetailerID); err != nil {
		return nil, err
	}
	if s.Statuses, err = c.Props.Texts("positionStatuses"); err != nil {
		return nil, err
	}
	if len(s.Statuses) == 0 {
		s.Statuses = []string{"ACTIVE"}
	}
	if s.Rejected, err = c.Props.Text("systemRejectedLocationRef"); err != nil {
		return nil, err
	}
	plan, attempts, err := consider(ctx, c, m, o, s, by)
	if err == nil && (plan == nil || len(plan.Remaining) > 0) {
		// A place that was opened a moment ago may be missing in what the node remembers: nobody is refused on that.
		var newer bool
		if newer, err = m.Newer(ctx, c); err == nil && newer {
			plan, attempts, err = consider(ctx, c, m, o, s, by)
		}
	}
	if err != nil {
		return nil, err
	}
	ordering.LogDecision(c, s.Profile, attempts, plan)
	if plan != nil {
		err = m.Carry(ctx, c, o, s.Profile, plan)
	}
	return plan, err
}

// consider gathers what the decision depends on, and decides.
func consider(ctx context.Context, c *rule.Context, m *ordering.Module, o *ordering.Order, s ordering.Sourcing, by ask) (*decide.Plan, []decide.Attempt, error) {
	request, err := m.Request(ctx, c, o, s)
	if err != nil {
		return nil, nil, err
	}
	return by(s.Profile, request)
}

func sourcePrimary(ctx context.Context, c *rule.Context, o *ordering.Order) error {
	if o.Unfulfilled() <= 0 {
		return forward(c, "plannedEvent", nil)
	}
	plan, err := source(ctx, c, o, decide.Primary)
	if err != nil {
		return err
	}
	if plan == nil {
		return forward(c, "noPlanEvent", nil)
	}
	return forward(c, "plannedEvent", nil)
}

func sourcePartial(ctx context.Context, c *rule.Context, o *ordering.Order) error {
	plan, err := source(ctx, c, o, decide.Fallback)
	if err != nil {
		return err
	}
	if len(plan.Remaining) > 0 {
		return forward(c, "remainderEvent", nil)
	}
	return forward(c, "completeEvent", nil)
}

func sourceRejected(ctx context.Context, c *rule.Context, o *ordering.Order) error {
	needs := o.Needs()
	if len(needs) == 0 {
		return nil
	}
	m, err := ordering.From(c)
	if err != nil {
		return err
	}
	given, err := c.Props.Text("systemRejectedLocationRef")
	if err != nil {
		return err
	}
	places, err := m.Places(ctx, c.Scope)
	if err != nil {
		return err
	}
	f, err := m.CreateFulfilment(ctx, c, o, m.Rejected(places, c.Event.RetailerID, given), needs, ordering.Source{})
	if err == nil {
		c.Turn.Set(f, map[string]any{"type": ordering.TypeRejected})
	}
	return err
}

func sourceAt(ctx context.Context, c *rule.Context, o *ordering.Order) error {
	m, err := ordering.From(c)
	if err != nil {
		return err
	}
	ref, err := c.Props.Text("locationRef")
	if err != nil {
		return err
	}
	if ref == "" {
		ref, _ = c.Event.Attributes["locationRef"].(string)
	}
	if ref == "" {
		return fmt.Errorf("neither the property nor the event's attribute locationRef says where")
	}
	places, err := m.Places(ctx, c.Scope)
	if err != nil {
		return err
	}
	if places.At(ref) == nil {
		return &rule.BusinessError{Message: fmt.Sprintf("there is no location %q", ref)}
	}
	needs := o.Needs()
	if len(needs) == 0 {
		return &rule.BusinessError{Message: "no unit of the order is open"}
	}
	_, err = m.CreateFulfilment(ctx, c, o, ref, needs, ordering.Source{})
	return err
}

// notified is the order attribute that says about how many missed units the customer was told.
const notified = "notifiedMissedUnits"

func notifyOutcome(ctx context.Context, c *rule.Context, o *ordering.Order) error {
	template, err := c.Props.Text("shortPick")
	if err != nil || template == "" {
		return err
	}
	missed := 0
	for _, f := range o.Fulfilments {
		if f.Status == order.StatusEscalated || f.Type == ordering.TypeRejected {
			continue
		}
		for _, i := range o.ItemsOf(f) {
			missed += i.RejectedQuantity
		}
	}
	told, _ := o.Attributes.Get(notified)
	if n, _ := asInt(told); missed <= n {
		return nil
	}
	escalated := 0
	for _, i := range o.Items {
		escalated += o.Quantities(i).Escalated
	}
	core.SetAttributes(c, o.Order, core.Attribute(notified, missed))
	return core.Notify(ctx, c, template, map[string]any{"missedUnits": missed, "unitsStillComing": max(0, missed-escalated), "unitsNotAvailable": escalated})
}
