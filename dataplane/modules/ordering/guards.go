package ordering

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fluent-oms/fluent/dataplane/entity"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/setting"
	"github.com/fluent-oms/fluent/domain/words"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// Guards keep mutations off what running work rests on: rules change that, and know what follows.
func Guards(c *catalogue.Catalogue) entity.Guards {
	g := &guard{
		setting: c.TypeOf(&foundation.Setting{}), order: c.TypeOf(&order.Order{}), item: c.TypeOf(&order.OrderItem{}),
		fulfilment: c.TypeOf(&order.Fulfilment{}), part: c.TypeOf(&order.FulfilmentItem{}), choice: c.TypeOf(&order.FulfilmentChoice{}),
	}
	return entity.Guards{
		g.order: {After: g.complete}, g.item: {Before: g.unsourced, After: g.choosesWell}, g.choice: {After: g.alone},
		g.fulfilment: {After: g.possible}, g.part: {Before: g.noMore},
	}
}

type guard struct{ setting, order, item, fulfilment, part, choice *catalogue.Type }

// complete refuses a new order of which nothing would become, or not what it says, and lines that change to be for a choice that it has not.
func (g *guard) complete(ctx context.Context, r entity.Request) error {
	if !r.New {
		return g.keepToChoices(ctx, r)
	}
	if err := namesItsChoices(r); err != nil {
		return err
	}
	return g.driven(ctx, r)
}

// cancelling units is what takes a sourced line's quantity down, as the default workflow names the action.
const cancelAction = "CancelItems"

// driven refuses a new order of a type for which its retailer has no workflow: nothing would ever happen to it.
func (g *guard) driven(ctx context.Context, r entity.Request) error {
	o := r.Entity.(*order.Order)
	numbers := entity.Retailers(o.RetailerID)
	if len(numbers) == 0 {
		return nil
	}
	retailer, name := numbers[0], workflow.WorkflowName(typeOrder, o.Type)
	version, err := r.Reader.Version(ctx, retailer, name, workflow.Root{Type: typeOrder, ID: string(o.ID)})
	if err != nil || version != 0 {
		return err
	}
	if accepted, err := g.accepts(ctx, r, retailer); err != nil || accepted {
		return err
	}
	var types []string
	for _, n := range r.Reader.Workflows(retailer) {
		if t, ok := strings.CutPrefix(n, workflow.WorkflowName(typeOrder, "")); ok {
			types = append(types, t)
		}
	}
	want := "it has none for orders of any type"
	if len(types) > 0 {
		want = "want " + strings.Join(types, ", ") + words.Hint(o.Type, types)
	}
	return fault.Invalidf(r.Place+".type", "retailer %d has no workflow %.80s, so that nothing would happen to the order: %s", retailer, name, want).
		WithCode(fault.CodeInvalid)
}

// accepts reads the setting by which a retailer takes orders that nothing drives yet.
func (g *guard) accepts(ctx context.Context, r entity.Request, retailer tenancy.RetailerID) (bool, error) {
	rows, err := r.Reader.List(ctx, g.setting, g.setting.Field("name"), AcceptWithoutWorkflow.Name())
	if err != nil {
		return false, err
	}
	held := make([]*foundation.Setting, len(rows))
	for i, row := range rows {
		held[i] = row.(*foundation.Setting)
	}
	return AcceptWithoutWorkflow.Get(setting.Hold(held), setting.Place{Retailer: int(retailer)})
}

// rests are the fields of a line that sourcing, reservations and totals rest on.
var rests = []string{"quantity", "productRef", "productCatalogueRef", "price", "paidPrice", "totalPrice", "taxPrice", "totalTaxPrice", "currency"}

// unsourced refuses to change what a line is of once fulfilments stand for units of it.
func (g *guard) unsourced(ctx context.Context, r entity.Request) error {
	at := slices.IndexFunc(rests, func(name string) bool { return g.changes(r, name) })
	if r.New || at < 0 {
		return nil
	}
	i := r.Entity.(*order.OrderItem)
	if err := r.Reader.Hold(ctx, g.order, i.OrderID); err != nil {
		return err
	}
	parts, err := g.parts(ctx, r, i.ID)
	if err != nil {
		return err
	}
	q := order.Split(i.Quantity, Cancelled(i), parts[i.ID])
	if q.Committed == 0 && q.Escalated == 0 {
		return nil
	}
	return fault.New(fault.Unprocessable, "%s cannot change by itself: fulfilments stand for %d units of line %.80s; units are taken off by the user action %s of the order",
		rests[at], q.Committed+q.Escalated, i.Ref, cancelAction).WithCode(fault.CodeInvalid).At(r.Place+"."+rests[at]).With("action", cancelAction)
}

// changes reports whether an input gives a field another value than it has.
func (g *guard) changes(r entity.Request, name string) bool {
	given, ok := r.Values[name]
	f := r.Type.Field(name)
	if !ok || f == nil {
		return false
	}
	switch stored := f.Get(r.Entity).(type) {
	case *float64:
		v, ok := given.(float64)
		return ok != (stored != nil) || ok && v != *stored
	case string:
		v, _ := given.(string)
		return v != stored
	default:
		return given != nil && given != stored
	}
}

// parts lists what fulfilments hold of order lines.
func (g *guard) parts(ctx context.Context, r entity.Request, lines ...any) (map[catalogue.ID][]order.Part, error) {
	rows, err := r.Reader.List(ctx, g.part, g.part.Field("orderItem"), lines...)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	var ids []any
	for _, row := range rows {
		if id := row.(*order.FulfilmentItem).FulfilmentID; !slices.Contains(ids, any(id)) {
			ids = append(ids, id)
		}
	}
	fulfilments, err := r.Reader.List(ctx, g.fulfilment, g.fulfilment.Field("id"), ids...)
	if err != nil {
		return nil, err
	}
	status := map[catalogue.ID]string{}
	for _, f := range fulfilments {
		status[f.(*order.Fulfilment).ID] = f.(*order.Fulfilment).Status
	}
	out := map[catalogue.ID][]order.Part{}
	for _, row := range rows {
		i := row.(*order.FulfilmentItem)
		out[i.OrderItemID] = append(out[i.OrderItemID], order.Part{Status: status[i.FulfilmentID], Requested: Requested(i), Filled: i.FilledQuantity, Rejected: i.RejectedQuantity})
	}
	return out, nil
}

// possible refuses a new fulfilment for a choice that the order has not, or of more than is open.
func (g *guard) possible(ctx context.Context, r entity.Request) error {
	if err := g.choosesWell(ctx, r); err != nil {
		return err
	}
	return g.open(ctx, r)
}

// open refuses a new fulfilment that asks for more units of a line than are not spoken for.
func (g *guard) open(ctx context.Context, r entity.Request) error {
	list, _ := r.Values["items"].([]any)
	if !r.New || len(list) == 0 {
		return nil
	}
	asked := make([]asking, 0, len(list))
	for n, x := range list {
		m, _ := x.(map[string]any)
		key, _ := m["orderItem"].(map[string]any)
		id, _ := key["id"].(string)
		quantity, _ := m["requestedQuantity"].(int)
		asked = append(asked, asking{line: catalogue.ID(id), units: quantity, place: fmt.Sprintf("%s.items[%d].requestedQuantity", r.Place, n)})
	}
	whole := r.Entity.(*order.Fulfilment).OrderID
	if err := r.Reader.Hold(ctx, g.order, whole); err != nil {
		return err
	}
	return g.enough(ctx, r, whole, asked)
}

// noMore refuses to raise what a fulfilment asks for beyond what is not spoken for.
func (g *guard) noMore(ctx context.Context, r entity.Request) error {
	i := r.Entity.(*order.FulfilmentItem)
	quantity, given := r.Values["requestedQuantity"].(int)
	if more := quantity - Requested(i); !r.New && given && more > 0 {
		lines, err := r.Reader.List(ctx, g.item, g.item.Field("id"), i.OrderItemID)
		if err != nil || len(lines) == 0 {
			return err
		}
		if err := r.Reader.Hold(ctx, g.order, lines[0].(*order.OrderItem).OrderID); err != nil {
			return err
		}
		return g.enough(ctx, r, "", []asking{{line: i.OrderItemID, units: more, place: r.Place + ".requestedQuantity"}})
	}
	return nil
}

// asking is that units of a line are asked for.
type asking struct {
	line  catalogue.ID
	units int
	place string
}

// enough compares what is asked for with what is open. Lines of another order than whole, if that is not empty, are for the door to refuse.
func (g *guard) enough(ctx context.Context, r entity.Request, whole catalogue.ID, asked []asking) error {
	var ids []any
	for _, a := range asked {
		if a.units > 0 && !slices.Contains(ids, any(a.line)) {
			ids = append(ids, a.line)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	lines, err := r.Reader.List(ctx, g.item, g.item.Field("id"), ids...)
	if err != nil {
		return err
	}
	parts, err := g.parts(ctx, r, ids...)
	if err != nil {
		return err
	}
	left := map[catalogue.ID]int{}
	for _, row := range lines {
		i := row.(*order.OrderItem)
		if whole != "" && i.OrderID != whole {
			continue
		}
		left[i.ID] = order.Split(i.Quantity, Cancelled(i), parts[i.ID]).Unfulfilled
	}
	for _, a := range asked {
		if _, ours := left[a.line]; ours && a.units > left[a.line] {
			return fault.New(fault.Unprocessable, "%d units of line %s are asked for, and %d of it are open: the others are cancelled or in fulfilments", a.units, a.line, max(0, left[a.line])).
				WithCode(fault.CodeNumber).At(a.place)
		}
		left[a.line] -= a.units
	}
	return nil
}
