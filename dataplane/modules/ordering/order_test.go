package ordering_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/modules/ordering"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/rule/ruletest"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/path"
)

// fulfilment is one of an order with one item each of lines 9 and 10: requested/filled/rejected.
func fulfilment(id, status string, lines ...[3]int) []any {
	f := &order.Fulfilment{Node: catalogue.Node{ID: catalogue.ID(id)}, Ref: "O-" + id, OrderID: "1", FromLocationRef: "L" + id}
	f.Status = status
	out := []any{f}
	for n, l := range lines {
		requested := l[0]
		out = append(out, &order.FulfilmentItem{Row: catalogue.Row{ID: catalogue.ID(fmt.Sprintf("%s%d", id, n))}, RequestedQuantity: &requested, FilledQuantity: l[1], RejectedQuantity: l[2],
			OrderItemID: catalogue.ID([]string{"9", "10"}[n]), FulfilmentID: f.ID})
	}
	return out
}

// booked is an order of P1×10 (line 10, stored first) and P1×6 (line 9) with fulfilments; its customer has two addresses.
func booked(t *testing.T, fulfilments ...[]any) *ordering.Order {
	t.Helper()
	o, _ := bookedIn(t, fulfilments...)
	return o
}

// bookedIn is booked, with the turn that has it.
func bookedIn(t *testing.T, fulfilments ...[]any) (*ordering.Order, *ruletest.Turn) {
	t.Helper()
	price := 5.0
	o := &order.Order{Node: catalogue.Node{ID: "1"}, Ref: "O", FulfilmentChoiceID: "2"}
	o.Type = "HD"
	parts := []any{&order.FulfilmentChoice{Node: catalogue.Node{ID: "2"}, DeliveryAddressID: "4"},
		&foundation.CustomerAddress{AddressFields: foundation.AddressFields{Node: catalogue.Node{ID: "4"}, City: "Here"}},
		&foundation.CustomerAddress{AddressFields: foundation.AddressFields{Node: catalogue.Node{ID: "3"}, City: "Elsewhere"}},
		&order.OrderItem{Node: catalogue.Node{ID: "10"}, Ref: "I10", Quantity: 10, ProductRef: "P1", OrderID: "1", PaidPrice: &price,
			Attributes: catalogue.Attributes{{Name: ordering.CancelledQuantity, Type: "INTEGER", Value: 1}}},
		&order.OrderItem{Node: catalogue.Node{ID: "9"}, Ref: "I9", Quantity: 6, ProductRef: "P1", OrderID: "1"}}
	for _, f := range fulfilments {
		parts = append(parts, f...)
	}
	turn := ruletest.New(o, parts...)
	out, err := ordering.Of(turn)
	require.NoError(t, err)
	return out, turn
}

// TestWhereTheUnitsOfAnOrderAre: rejected units are open again, escalated and cancelled ones are not, and one line's surplus covers no other's need.
func TestWhereTheUnitsOfAnOrderAre(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                      string
		fulfilments               [][]any
		unfulfilled, live, filled int
		needs                     string
	}{
		{"nothing yet", nil, 15, 0, 0, "9×6@0 10×9@5"},
		{"a short pick", [][]any{fulfilment("5", "PARTIALLY_FULFILLED", [3]int{6, 2, 4}, [3]int{9, 9, 0})}, 4, 1, 11, "9×4@0"},
		{"escalated", [][]any{fulfilment("5", "ESCALATED", [3]int{6, 0, 0}, [3]int{1, 0, 0})}, 8, 0, 0, "10×8@5"},
		{"what ended counts no more", [][]any{fulfilment("5", "EXPIRED", [3]int{6, 1, 5}), fulfilment("6", "REJECTED", [3]int{6, 1, 5}), fulfilment("7", "CANCELLED", [3]int{6, 1, 0})}, 15, 0, 0, "9×6@0 10×9@5"},
		{"backordered units are covered, and take no place", [][]any{fulfilment("5", "BACKORDERED", [3]int{6, 0, 0}), fulfilment("6", "ON_HOLD", [3]int{0, 0, 0}, [3]int{2, 0, 0})}, 7, 1, 0, "10×7@5"},
		{"more than was asked for", [][]any{fulfilment("5", "AWAITING_WAVE", [3]int{6, 0, 0}, [3]int{10, 0, 0}), fulfilment("6", "COMPLETE", [3]int{0, 0, 0})}, 0, 2, 0, ""},
		{"more of one, less of another", [][]any{fulfilment("5", "AWAITING_WAVE", [3]int{4, 0, 0}, [3]int{10, 0, 0})}, 2, 1, 0, "9×2@0"},
	} {
		o := booked(t, c.fulfilments...)
		require.Equal(t, []int{c.unfulfilled, c.live, c.filled}, []int{o.Unfulfilled(), o.Live(), o.Filled()}, c.name)
		needs := ""
		for n, x := range o.Needs() {
			if n > 0 {
				needs += " "
			}
			needs += fmt.Sprintf("%s×%d@%v", x.ItemID, x.Quantity, x.PaidPrice)
			require.Equal(t, "P1", x.ProductRef)
		}
		require.Equal(t, c.needs, needs, c.name)
		open, _ := path.All(o.View(domain.Catalogue(), ruletest.New(o.Order)), "unfulfilledItems.ref")
		require.Len(t, open, len(o.Needs()), c.name)
	}
}

func TestAnOrderIsDeliveredWhereItsChoiceSays(t *testing.T) {
	t.Parallel()
	o, turn := bookedIn(t, fulfilment("5", "ASSIGNED", [3]int{6, 0, 0}))
	require.Equal(t, "Here", o.Address.City)
	require.Nil(t, o.Fulfilment("6"))
	require.Nil(t, o.Item("11"))
	require.Len(t, o.ItemsOf(o.Fulfilment("5")), 1)
	view := o.View(domain.Catalogue(), turn)
	for p, want := range map[string]any{"fulfilmentChoice.deliveryAddress.city": "Here", "items.0.ref": "I10", "fulfilments.items.orderItem.ref": "I9", "fulfilments.order.ref": "O", "customer.ref": nil} {
		got, _ := path.First(view, p)
		require.Equal(t, want, got, p)
	}
	_, err := ordering.Of(ruletest.New(&foundation.Customer{}))
	require.ErrorContains(t, err, "not an order")
}

func TestTypesOfFulfilments(t *testing.T) {
	t.Parallel()
	for _, c := range [][4]string{
		{"HD", "", "STORE", "HD_PFS"}, {"HD", "STORE_A", "warehouse", "HD_PFDC"}, {"CC", "", "DC", "CC_PFDC"}, {"MULTI", "STORE_A", "STORE", "CC_PFS"}, {"MULTI", "", "STORE", "HD_PFS"},
		{"TRANSFER", "STORE_A", "STORE", "ST_PFS"}, {"HD", "", "VENDOR", "HD_PFV"}, {"CC", "STORE_A", "Supplier", "CC_PFV"}, {"HD", "", "DROPSHIP", "HD_PFV"}, {"HD", "", "DSV", "HD_PFV"}, {"HD", "", "", "HD_PFS"},
	} {
		o := booked(t)
		o.Type, o.Choice.PickupLocationRef = c[0], c[1]
		require.Equal(t, c[3], ordering.FulfilmentType(o, c[2]), "%v", c)
	}
	o := booked(t)
	o.Type, o.Choice = "MULTI", nil
	require.False(t, o.Collected())
}

func TestOnlyItsOwnProfilesAreFound(t *testing.T) {
	t.Parallel()
	m := ordering.New(nil, nil, nil)
	p, err := m.Profile("HD_DEFAULT", 2)
	require.NoError(t, err)
	require.Equal(t, "BASE:2", p.VirtualCatalogue)
	_, err = m.Profile("OWN", 2)
	require.ErrorContains(t, err, "OWN")
	err = ruletest.New(&order.Order{}).Run([]rule.Rule{rule.New("test", "X", "Is for a test.", func(_ context.Context, c *rule.Context, _ rule.None) error { _, err := ordering.From(c); return err })}, "X", nil, nil, nil)
	require.ErrorContains(t, err, "the node has no module *ordering.Module")
}
