package orders

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	"github.com/fluent-oms/fluent/dataplane/modules/ordering"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/order"
	decide "github.com/fluent-oms/fluent/domain/order/sourcing"
	"github.com/fluent-oms/fluent/domain/path"
)

func proposals() []rule.Rule {
	accepts := []string{typeOrder}
	statuses := texts("excludedFulfilmentStatuses", "Statuses of fulfilments that do not count.")
	limit := []rule.Prop{eventName(), {Name: "maxSplitLimit", Type: "INTEGER", Required: true, Doc: "Most fulfilments."}, statuses}
	return []rule.Rule{
		{Name: "SelectProposedFulfilment", Doc: "Proposes the one location among the event's that is best by nearness and by how much it holds.", Accepts: accepts,
			Props: []rule.Prop{eventName(), statuses}, Run: onOrder(propose)},
		{Name: "ForwardIfProposedFulfilmentPresent", Doc: "Forwards if a location was proposed.", Accepts: accepts, Props: []rule.Prop{eventName()}, Run: ifProposed(true)},
		{Name: "ForwardIfProposedFulfilmentNotPresent", Doc: "Forwards if no location was proposed.", Accepts: accepts, Props: []rule.Prop{eventName()}, Run: ifProposed(false)},
		{Name: "ForwardIfMaxSplitLimitReached", Doc: "Forwards if the order has as many fulfilments as it may have.", Accepts: accepts, Props: limit, Run: ifSplitLimit(true)},
		{Name: "ForwardIfMaxSplitLimitNotReached", Doc: "Forwards if the order may have more fulfilments.", Accepts: accepts, Props: limit, Run: ifSplitLimit(false)},
		{Name: "ForwardIfUnfulfilledItemsExist", Doc: "Forwards if units are still to be sourced.", Accepts: accepts, Props: []rule.Prop{eventName(), statuses},
			Run: onOrder(func(_ context.Context, c *rule.Context, o *ordering.Order) error {
				if o.Unfulfilled() <= 0 {
					return nil
				}
				return forward(c, "eventName", nil)
			})},
		{Name: "CreateFulfilment", Doc: "Creates the proposed fulfilment.", Accepts: accepts,
			Props: []rule.Prop{statuses, optional("fulfilmentType", "STRING", "Its type; by order and location if left out.")}, Run: onOrder(createProposed)},
	}
}

// The settings that weigh nearness against quantity, and their default.
const (
	weightProximity = "PROXIMITY.WEIGHTING.FACTOR"
	weightQuantity  = "QUANTITY.WEIGHTING.FACTOR"
	weightDefault   = 50.0
)

// nearest stands in for a distance of zero.
const nearest = 0.01

func propose(ctx context.Context, c *rule.Context, o *ordering.Order) error {
	near, err := weight(ctx, c, weightProximity)
	if err != nil {
		return err
	}
	much, err := weight(ctx, c, weightQuantity)
	if err != nil {
		return err
	}
	needs := o.Needs()
	best, bestRating := "", 0.0
	least := math.Inf(1)
	for _, x := range eventLocations(c) {
		if d, ok := path.Number(x.(map[string]any)["distance"]); ok {
			least = math.Min(least, math.Max(d, nearest))
		}
	}
	for _, x := range eventLocations(c) {
		l := x.(map[string]any)
		ref := path.Text(l["ref"])
		units, total := coverage(c, ref, needs)
		if units == 0 || used(c, o, ref) {
			continue
		}
		rating := much * float64(units) / float64(total)
		if d, ok := path.Number(l["distance"]); ok {
			rating += near * least / math.Max(d, nearest)
		}
		if rating > bestRating || rating == bestRating && ref < best {
			best, bestRating = ref, rating
		}
	}
	if best == "" {
		return forward(c, "eventName", map[string]any{attrProposed: nil})
	}
	return forward(c, "eventName", map[string]any{attrProposed: map[string]any{"locationRef": best, "rating": bestRating, "items": proposedItems(c, best, needs)}})
}

func weight(ctx context.Context, c *rule.Context, name string) (float64, error) {
	v, err := availability.Setting(ctx, c, name, "")
	if err != nil || v == "" {
		return weightDefault, err
	}
	n, ok := path.Number(v)
	if !ok {
		return 0, fmt.Errorf("setting %s: %q is no number", name, v)
	}
	return n, nil
}

// used reports whether the order has tried the location already; which statuses do not count is the workflow's choice.
func used(c *rule.Context, o *ordering.Order, locationRef string) bool {
	return slices.ContainsFunc(o.Fulfilments, func(f *order.Fulfilment) bool { return f.FromLocationRef == locationRef })
}

// coverage is how many of the needed units a location holds, by the event's positions.
func coverage(c *rule.Context, ref string, needs []decide.Need) (units, total int) {
	for _, n := range proposedItems(c, ref, needs) {
		q, _ := path.Number(n.(map[string]any)["quantity"])
		units += int(q)
	}
	for _, n := range needs {
		total += n.Quantity
	}
	return units, total
}

func proposedItems(c *rule.Context, ref string, needs []decide.Need) []any {
	left := map[string]int{}
	list, _ := c.Event.Attributes[attrPositions].([]any)
	for _, x := range list {
		p, _ := x.(map[string]any)
		if q, ok := path.Number(p["quantity"]); ok && path.Text(p["locationRef"]) == ref {
			left[path.Text(p["productRef"])] += int(q)
		}
	}
	var out []any
	for _, n := range needs {
		take := min(n.Quantity, left[n.ProductRef])
		if take > 0 {
			left[n.ProductRef] -= take
			out = append(out, map[string]any{"orderItemId": n.ItemID, "productRef": n.ProductRef, "quantity": take})
		}
	}
	return out
}

func ifProposed(want bool) func(context.Context, *rule.Context) error {
	return func(_ context.Context, c *rule.Context) error {
		if (c.Event.Attributes[attrProposed] != nil) != want {
			return nil
		}
		return forward(c, "eventName", nil)
	}
}

func ifSplitLimit(want bool) func(context.Context, *rule.Context) error {
	return onOrder(func(_ context.Context, c *rule.Context, o *ordering.Order) error {
		limit, err := c.Props.Int("maxSplitLimit")
		if err != nil {
			return err
		}
		excluded, err := c.Props.Texts("excludedFulfilmentStatuses")
		if err != nil {
			return err
		}
		n := 0
		for _, f := range o.Fulfilments {
			if !slices.Contains(excluded, f.Status) && order.Live(f.Status) {
				n++
			}
		}
		if (n >= limit) != want {
			return nil
		}
		return forward(c, "eventName", nil)
	})
}

func createProposed(ctx context.Context, c *rule.Context, o *ordering.Order) error {
	p, ok := c.Event.Attributes[attrProposed].(map[string]any)
	if !ok {
		return fmt.Errorf("the event has no attribute %s", attrProposed)
	}
	m, err := ordering.From(c)
	if err != nil {
		return err
	}
	var lines []decide.Need
	items, _ := p["items"].([]any)
	for _, x := range items {
		i, _ := x.(map[string]any)
		if q, ok := asInt(i["quantity"]); ok && q > 0 {
			lines = append(lines, decide.Need{ItemID: path.Text(i["orderItemId"]), ProductRef: path.Text(i["productRef"]), Quantity: q})
		}
	}
	f, err := m.CreateFulfilment(ctx, c, o, path.Text(p["locationRef"]), lines, ordering.Source{Strategy: "PROPOSED"})
	if err != nil {
		return err
	}
	kind, err := c.Props.Text("fulfilmentType")
	if err == nil && kind != "" {
		c.Turn.Set(f, map[string]any{"type": kind})
	}
	return err
}

func asInt(v any) (int, bool) {
	f, ok := path.Number(v)
	return int(f), ok && f == math.Trunc(f)
}
