package orders

import (
	"context"
	"fmt"
	"slices"

	"github.com/fluent-oms/fluent/dataplane/modules/ordering"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/order"
)

func verification() []rule.Rule {
	statuses := rule.Prop{Name: "status", Type: "STRING", Multiple: true, Required: true, Doc: "Statuses that all must be in."}
	flag := func(name, doc string) rule.Prop { return optional(name, "BOOLEAN", doc) }
	return []rule.Rule{
		{Name: "SendEventOnVerifyingAllFulfilmentStates", Doc: "Forwards if all fulfilments of the order are in the statuses; an order without fulfilments does not.",
			Accepts: []string{typeOrder}, Props: []rule.Prop{statuses, eventName(), flag("requireNoUnfulfilled", "Only if no unit is open."),
				flag("requireFilled", "Only if a unit was picked."), flag("noneFilled", "Only if no unit was picked.")}, Run: onOrder(allFulfilments)},
		{Name: "SendEventOnVerifyingAllArticleStates", Doc: "Forwards if all articles of the fulfilment are in the statuses; a fulfilment without articles does not.",
			Accepts: []string{typeFulfilment}, Props: []rule.Prop{statuses, eventName()}, Run: onFulfilment(allArticles)},
		{Name: "ForwardIfNoFulfilmentBeyond", Doc: "Forwards if work on no fulfilment has begun; else refuses the action.", Accepts: []string{typeOrder},
			Props: []rule.Prop{text("status", "The last status before work begins: AWAITING_WAVE."), eventName()}, Run: onOrder(noneBeyond)},
		{Name: "VerifyingFulfilmentItems", Doc: "Forwards if all, some or none of the fulfilment's units were picked.", Accepts: []string{typeFulfilment},
			Props: []rule.Prop{text("quantity", "ALL, PARTIAL or NONE."), optional("basis", "STRING", "requestable: units not rejected, instead of units picked."), eventName()},
			Run:   onFulfilment(verifyItems)},
		{Name: "SendEventIfRemaining", Doc: "Forwards if a unit of the fulfilment is still to be picked.", Accepts: []string{typeFulfilment}, Props: []rule.Prop{eventName()},
			Run: onFulfilment(ifRemaining)},
		{Name: "SendEventOnVerifyingConsignmentV2", Doc: "Forwards if the fulfilment's consignment has the booking status.", Accepts: []string{typeFulfilment},
			Props: []rule.Prop{eventName(), text("BookingStatus", "The booking status.")}, Run: onFulfilment(onConsignment)},
	}
}

func allFulfilments(_ context.Context, c *rule.Context, o *ordering.Order) error {
	statuses, err := c.Props.Texts("status")
	if err != nil || len(o.Fulfilments) == 0 {
		return err
	}
	for _, f := range o.Fulfilments {
		if !slices.Contains(statuses, f.Status) {
			return nil
		}
	}
	for _, require := range []struct {
		flag string
		met  bool
	}{{"requireNoUnfulfilled", o.Unfulfilled() <= 0}, {"requireFilled", o.Filled() > 0}, {"noneFilled", o.Filled() == 0}} {
		on, err := c.Props.Bool(require.flag)
		if err != nil || on && !require.met {
			return err
		}
	}
	return forward(c, "eventName", nil)
}

func allArticles(ctx context.Context, c *rule.Context, o *ordering.Order, f *order.Fulfilment) error {
	statuses, err := c.Props.Texts("status")
	if err != nil {
		return err
	}
	list, err := articlesOf(ctx, c, o, f)
	if err != nil || len(list) == 0 {
		return err
	}
	for _, a := range list {
		if !slices.Contains(statuses, a.Status) {
			return nil
		}
	}
	return forward(c, "eventName", nil)
}

// begun lists the live statuses in which work on a fulfilment has begun.
var begun = []string{"ASSIGNED", "FULFILLED", "PARTIALLY_FULFILLED", "AWAITING_COURIER_COLLECTION", "IN_TRANSIT", "AWAITING_CUSTOMER_COLLECTION",
	"AWAITING_CONSOLIDATION", order.StatusComplete}

func noneBeyond(_ context.Context, c *rule.Context, o *ordering.Order) error {
	for _, f := range o.Fulfilments {
		if slices.Contains(begun, f.Status) {
			return &rule.BusinessError{Message: fmt.Sprintf("work on fulfilment %s has begun (%s)", f.Ref, f.Status)}
		}
	}
	return forward(c, "eventName", nil)
}

// sums are a fulfilment's units.
func sums(o *ordering.Order, f *order.Fulfilment) (requested, filled, rejected int) {
	for _, i := range o.ItemsOf(f) {
		requested += ordering.Requested(i)
		filled += i.FilledQuantity
		rejected += i.RejectedQuantity
	}
	return requested, filled, rejected
}

func verifyItems(_ context.Context, c *rule.Context, o *ordering.Order, f *order.Fulfilment) error {
	want, err := c.Props.Text("quantity")
	if err != nil {
		return err
	}
	basis, err := c.Props.Text("basis")
	if err != nil {
		return err
	}
	requested, done, rejected := sums(o, f)
	if basis == "requestable" {
		done = requested - rejected
	}
	is := "PARTIAL"
	switch {
	case done <= 0:
		is = "NONE"
	case done >= requested:
		is = "ALL"
	}
	if is != want {
		return nil
	}
	return forward(c, "eventName", nil)
}

func ifRemaining(_ context.Context, c *rule.Context, o *ordering.Order, f *order.Fulfilment) error {
	if requested, filled, rejected := sums(o, f); requested-filled-rejected <= 0 {
		return nil
	}
	return forward(c, "eventName", nil)
}

func onConsignment(_ context.Context, c *rule.Context, _ *ordering.Order, f *order.Fulfilment) error {
	want, err := c.Props.Text("BookingStatus")
	if err != nil {
		return err
	}
	v, _ := f.Attributes.Get(consignment)
	if booked, ok := v.(map[string]any); !ok || booked["bookingStatus"] != want {
		return nil
	}
	return forward(c, "eventName", nil)
}
