package ordering

import (
	"context"
	"fmt"

	"github.com/fluent-oms/fluent/dataplane/modules/core"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/order"
	decide "github.com/fluent-oms/fluent/domain/order/sourcing"
)

func planning() []rule.Rule {
	return []rule.Rule{
		rule.New(plugin, "CreateFulfilmentWithSourcingProfile", "Sources what is open by the profile's strategies, all of it or nothing.", onOrder(sourcePrimary)).On(typeOrder).Reads(RejectedLocation),
		rule.New(plugin, "CreatePartialFulfilmentWithSourcingProfile", "Sources what it can by the profile's fallback.", onOrder(sourcePartial)).On(typeOrder).Reads(RejectedLocation),
		rule.New(plugin, "CreateFulfilmentForUnfulfillableItems", "Puts what is open on a fulfilment at the location for units that nobody can supply.",
			onOrder(sourceRejected)).On(typeOrder).Reads(RejectedLocation),
		rule.New(plugin, "CreateFulfilmentAtLocation", "Puts what is open on a fulfilment at a chosen location, whatever it holds.",
			onOrder(sourceAt)).On(typeOrder, typeFulfilment),
		rule.New(plugin, "NotifySourcingOutcome", "Tells the customer, once and in one notice, when units that were promised come later, are backordered or do not come at all.",
			onOrder(notifyOutcome)).On(typeOrder).Reads(core.Webhook),
	}
}

// profiled is what sourcing by a profile goes by.
type profiled struct {
	Profile  string   `prop:"sourcingProfileRef,required" doc:"The sourcing profile."`
	Statuses []string `prop:"positionStatuses" default:"ACTIVE" doc:"Statuses of virtual positions that count."`
	Rejected string   `prop:"systemRejectedLocationRef" doc:"Location for units that nobody can supply; the setting SYSTEM_REJECTED_LOCATION if left out."`
}

// ask decides by one half of a profile.
type ask func(*decide.Profile, *decide.Request) (*decide.Plan, []decide.Attempt, error)

func source(ctx context.Context, c *rule.Context, o *Order, p profiled, by ask) (*decide.Plan, error) {
	m, err := From(c)
	if err != nil {
		return nil, err
	}
	s := Sourcing{Statuses: p.Statuses, Rejected: p.Rejected}
	if s.Profile, err = m.Profile(p.Profile, c.Event.RetailerID); err != nil {
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
	LogDecision(c, s.Profile, attempts, plan)
	if plan != nil {
		err = m.Carry(ctx, c, o, s.Profile, plan)
	}
	return plan, err
}

// consider gathers what the decision depends on, and decides.
func consider(ctx context.Context, c *rule.Context, m *Module, o *Order, s Sourcing, by ask) (*decide.Plan, []decide.Attempt, error) {
	request, err := m.Request(ctx, c, o, s)
	if err != nil {
		return nil, nil, err
	}
	return by(s.Profile, request)
}

type plan struct {
	profiled
	Planned rule.EventName `prop:"plannedEvent" doc:"If everything is covered."`
	None    rule.EventName `prop:"noPlanEvent" doc:"If not."`
}

func sourcePrimary(ctx context.Context, c *rule.Context, o *Order, p plan) error {
	if o.Unfulfilled() <= 0 {
		rule.Forward(c, p.Planned)
		return nil
	}
	made, err := source(ctx, c, o, p.profiled, decide.Primary)
	switch {
	case err != nil:
		return err
	case made == nil:
		rule.Forward(c, p.None)
	default:
		rule.Forward(c, p.Planned)
	}
	return nil
}

type partialPlan struct {
	profiled
	Complete  rule.EventName `prop:"completeEvent" doc:"If everything is covered."`
	Remainder rule.EventName `prop:"remainderEvent" doc:"If not."`
}

func sourcePartial(ctx context.Context, c *rule.Context, o *Order, p partialPlan) error {
	made, err := source(ctx, c, o, p.profiled, decide.Fallback)
	switch {
	case err != nil:
		return err
	case len(made.Remaining) > 0:
		rule.Forward(c, p.Remainder)
	default:
		rule.Forward(c, p.Complete)
	}
	return nil
}

type unfulfillable struct {
	Location string   `prop:"systemRejectedLocationRef" doc:"That location; the setting SYSTEM_REJECTED_LOCATION if left out."`
	Accepted []string `prop:"acceptedStatuses" doc:"Statuses of fulfilments that cover their units, beside those that do anyway."`
	Rejected []string `prop:"rejectedStatuses" doc:"Statuses of fulfilments that do not."`
}

func sourceRejected(ctx context.Context, c *rule.Context, o *Order, p unfulfillable) error {
	needs := o.NeedsBy(Coverage{Covers: p.Accepted, Not: p.Rejected})
	if len(needs) == 0 {
		return nil
	}
	m, err := From(c)
	if err != nil {
		return err
	}
	places, err := m.Places(ctx, c.Scope)
	if err != nil {
		return err
	}
	ref, err := Rejected(c, places, p.Location)
	if err != nil {
		return err
	}
	f, err := m.CreateFulfilment(ctx, c, o, ref, needs, Source{})
	if err == nil {
		c.Turn.Set(f, map[string]any{"type": TypeRejected})
	}
	return err
}

type chosen struct {
	Location string `prop:"locationRef" doc:"The location; the event's attribute locationRef if left out."`
}

func sourceAt(ctx context.Context, c *rule.Context, o *Order, p chosen) error {
	m, err := From(c)
	if err != nil {
		return err
	}
	ref := p.Location
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
	_, err = m.CreateFulfilment(ctx, c, o, ref, needs, Source{})
	return err
}

// The order attributes that say about how many units the customer was told.
const (
	notified        = "notifiedMissedUnits"
	notifiedDelayed = "notifiedDelayedUnits"
)

type outcome struct {
	ShortPick string `prop:"shortPick" doc:"Template of the notice about units that a location could not supply."`
	Backorder string `prop:"backorder" doc:"Template where units are backordered and none was missed since the last notice."`
}

func notifyOutcome(ctx context.Context, c *rule.Context, o *Order, p outcome) error {
	missed, delayed, until := missedUnits(o), 0, ""
	for _, f := range o.Fulfilments {
		if f.Status != order.StatusBackordered {
			continue
		}
		for _, i := range o.ItemsOf(f) {
			delayed += Requested(i) - i.RejectedQuantity
		}
		until = max(until, f.ETA)
	}
	template := ""
	switch {
	case p.ShortPick != "" && missed > told(o, notified):
		template = p.ShortPick
	case p.Backorder != "" && delayed > told(o, notifiedDelayed):
		template = p.Backorder
	default:
		return nil
	}
	escalated := 0
	for _, i := range o.Items {
		escalated += o.Quantities(i).Escalated
	}
	facts := map[string]any{"missedUnits": missed, "unitsStillComing": max(0, missed-escalated-delayed), "unitsNotAvailable": escalated}
	marks := catalogue.Attributes{core.Attribute(notified, missed)}
	if delayed > 0 {
		facts["unitsDelayed"] = delayed
		marks = append(marks, core.Attribute(notifiedDelayed, delayed))
	}
	if until != "" {
		facts["delayedUntil"] = until
	}
	core.SetAttributes(c, o.Order, marks...)
	return core.Notify(ctx, c, template, nil, facts)
}

// missedUnits are those that fulfilments were asked for and did not supply.
func missedUnits(o *Order) int {
	missed := 0
	for _, f := range o.Fulfilments {
		if f.Status == order.StatusEscalated || f.Type == TypeRejected {
			continue
		}
		for _, i := range o.ItemsOf(f) {
			missed += i.RejectedQuantity
		}
	}
	return missed
}

// told is about how many units the customer was told, by the order attribute that counts them.
func told(o *Order, attribute string) int {
	v, _ := o.Attributes.Get(attribute)
	n, _ := asInt(v)
	return n
}
