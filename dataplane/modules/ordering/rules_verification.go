package ordering

import (
	"context"
	"fmt"
	"slices"

	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/order"
)

func verification() []rule.Rule {
	return []rule.Rule{
		rule.New(plugin, "SendEventOnVerifyingAllFulfilmentStates", "Forwards if all fulfilments of the order are in the statuses; an order without fulfilments does not.",
			onOrder(allFulfilments)).On(typeOrder),
		rule.New(plugin, "SendEventOnVerifyingAllArticleStates", "Forwards if all articles of the fulfilment are in the statuses; a fulfilment without articles does not.",
			onFulfilment(allArticles)).On(typeFulfilment),
		rule.New(plugin, "ForwardIfNoFulfilmentBeyond", "Forwards if work on no fulfilment has gone beyond a status; else refuses the action.", onOrder(noneBeyond)).On(typeOrder),
		rule.New(plugin, "VerifyingFulfilmentItems", "Forwards if all, some or none of the fulfilment's units were picked.", onFulfilment(verifyItems)).On(typeFulfilment),
		rule.New(plugin, "SendEventIfRemaining", "Forwards if a unit of the fulfilment is still to be picked.", onFulfilment(ifRemaining)).On(typeFulfilment),
		rule.New(plugin, "SendEventOnVerifyingConsignmentV2", "Forwards if the fulfilment's consignment has the booking status.", onFulfilment(onConsignment)).On(typeFulfilment),
	}
}

type allIn struct {
	rule.Sends
	Statuses []string `prop:"status,required" doc:"Statuses that all must be in."`
}

type fulfilmentsIn struct {
	allIn
	NoUnfulfilled bool `prop:"requireNoUnfulfilled" doc:"Only if no unit is open."`
	Filled        bool `prop:"requireFilled" doc:"Only if a unit was picked."`
	NoneFilled    bool `prop:"noneFilled" doc:"Only if no unit was picked."`
}

func allFulfilments(_ context.Context, c *rule.Context, o *Order, p fulfilmentsIn) error {
	if len(o.Fulfilments) == 0 {
		return nil
	}
	for _, f := range o.Fulfilments {
		if !slices.Contains(p.Statuses, f.Status) {
			return nil
		}
	}
	if p.NoUnfulfilled && o.Unfulfilled() > 0 || p.Filled && o.Filled() <= 0 || p.NoneFilled && o.Filled() != 0 {
		return nil
	}
	rule.Forward(c, p.EventName)
	return nil
}

func allArticles(ctx context.Context, c *rule.Context, o *Order, f *order.Fulfilment, p allIn) error {
	list, err := articlesOf(ctx, c, o, f)
	if err != nil || len(list) == 0 {
		return err
	}
	for _, a := range list {
		if !slices.Contains(p.Statuses, a.Status) {
			return nil
		}
	}
	rule.Forward(c, p.EventName)
	return nil
}

// stages are the live statuses of fulfilments in the order in which work goes on. What waits at a warehouse, on hold or for goods is no
// further than what waits for a wave.
var stages = [][]string{
	{"CREATED"}, {"PROCESSING"}, {"AWAITING_WAVE", "SENT_TO_WMS", "ON_HOLD", order.StatusBackordered}, {"ASSIGNED"}, {"PARTIALLY_FULFILLED", "FULFILLED"},
	{"AWAITING_CONSOLIDATION"}, {"AWAITING_COURIER_COLLECTION"}, {"IN_TRANSIT"}, {"AWAITING_CUSTOMER_COLLECTION"}, {order.StatusComplete},
}

// stage is -1 for a status that is none of a live fulfilment.
func stage(status string) int {
	return slices.IndexFunc(stages, func(s []string) bool { return slices.Contains(s, status) })
}

type beyond struct {
	rule.Sends
	Status string `prop:"status,required" doc:"The last status that fulfilments may have reached: AWAITING_WAVE. SENT_TO_WMS, ON_HOLD and BACKORDERED count as that one."`
}

func noneBeyond(_ context.Context, c *rule.Context, o *Order, p beyond) error {
	last := stage(p.Status)
	if last < 0 {
		return fmt.Errorf("property status: %q is no status of a fulfilment on which work may go on", p.Status)
	}
	for _, f := range o.Fulfilments {
		if stage(f.Status) > last {
			return &rule.BusinessError{Message: fmt.Sprintf("work on fulfilment %s has begun (%s)", f.Ref, f.Status)}
		}
	}
	rule.Forward(c, p.EventName)
	return nil
}

// sums are a fulfilment's units.
func sums(o *Order, f *order.Fulfilment) (requested, filled, rejected int) {
	for _, i := range o.ItemsOf(f) {
		requested += Requested(i)
		filled += i.FilledQuantity
		rejected += i.RejectedQuantity
	}
	return requested, filled, rejected
}

type picks struct {
	rule.Sends
	Quantity string `prop:"quantity,required" doc:"ALL, PARTIAL or NONE."`
	Basis    string `prop:"basis" doc:"requestable: units not rejected, instead of units picked."`
}

func verifyItems(_ context.Context, c *rule.Context, o *Order, f *order.Fulfilment, p picks) error {
	requested, done, rejected := sums(o, f)
	if p.Basis == "requestable" {
		done = requested - rejected
	}
	is := "PARTIAL"
	switch {
	case done <= 0:
		is = "NONE"
	case done >= requested:
		is = "ALL"
	}
	if is == p.Quantity {
		rule.Forward(c, p.EventName)
	}
	return nil
}

func ifRemaining(_ context.Context, c *rule.Context, o *Order, f *order.Fulfilment, p rule.Sends) error {
	if requested, filled, rejected := sums(o, f); requested-filled-rejected > 0 {
		rule.Forward(c, p.EventName)
	}
	return nil
}

type booking struct {
	rule.Sends
	Status string `prop:"BookingStatus,required" doc:"The booking status."`
}

func onConsignment(_ context.Context, c *rule.Context, _ *Order, f *order.Fulfilment, p booking) error {
	v, _ := f.Attributes.Get(consignment)
	if booked, ok := v.(map[string]any); ok && booked["bookingStatus"] == p.Status {
		rule.Forward(c, p.EventName)
	}
	return nil
}
