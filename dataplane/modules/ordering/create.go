package ordering

import (
	"context"
	"fmt"
	"strings"

	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/order/sourcing"
	"github.com/fluent-oms/fluent/tenancy"
)

// TypeRejected is the type of a fulfilment that carries units which nobody can supply.
const TypeRejected = "REJECTED"

// FulfilmentType is HD_PFS, CC_PFDC and so on: how the customer gets the goods, and what kind of location supplies them.
func FulfilmentType(o *Order, locationType string) string {
	method := o.method()
	if method == "" {
		method = "ST"
	}
	switch strings.ToUpper(locationType) {
	case "WAREHOUSE", "DC":
		return method + "_PFDC"
	case "VENDOR", "SUPPLIER", "DROPSHIP", "DSV":
		return method + "_PFV"
	}
	return method + "_PFS"
}

// method is what a location must do to supply the order: HD or CC; empty for a transfer, which any may.
func (o *Order) method() string {
	switch {
	case o.Type == "TRANSFER":
		return ""
	case o.Collected():
		return "CC"
	}
	return "HD"
}

// Source is what a new fulfilment remembers of the decision that made it.
type Source struct {
	Strategy string
	Profile  string // ref:version
}

// CreateFulfilment adds a fulfilment with its items to the turn. The location may be unknown to the account where it is the one
// for unfulfillable units.
func (m *Module) CreateFulfilment(ctx context.Context, c *rule.Context, o *Order, locationRef string, lines []sourcing.Need, s Source) (*order.Fulfilment, error) {
	places, err := m.places.Places(ctx, c.Scope)
	if err != nil {
		return nil, err
	}
	f := m.newFulfilment(o, places.At(locationRef), locationRef)
	if s.Strategy != "" {
		f.Attributes = append(f.Attributes, catalogue.Attribute{Name: "strategyRef", Type: "STRING", Value: s.Strategy},
			catalogue.Attribute{Name: "sourcingProfile", Type: "STRING", Value: s.Profile})
	}
	if err := c.Turn.Create(ctx, f); err != nil {
		return nil, fmt.Errorf("create fulfilment %s: %w", f.Ref, err)
	}
	o.Fulfilments = append(o.Fulfilments, f)
	for n, l := range lines {
		quantity := l.Quantity
		i := &order.FulfilmentItem{Ref: fmt.Sprintf("%s-%d", f.Ref, n+1), Status: "CREATED", RequestedQuantity: &quantity,
			OrderItemID: catalogue.ID(l.ItemID), FulfilmentID: f.ID}
		if err := c.Turn.Create(ctx, i); err != nil {
			return nil, fmt.Errorf("create an item of fulfilment %s: %w", f.Ref, err)
		}
		o.FulfilmentItems = append(o.FulfilmentItems, i)
	}
	return f, nil
}

func (m *Module) newFulfilment(o *Order, at *availability.Place, locationRef string) *order.Fulfilment {
	f := &order.Fulfilment{Ref: fmt.Sprintf("%s-%d", o.Ref, len(o.Fulfilments)+1), OrderID: o.ID, FromLocationRef: locationRef, CustomerID: o.CustomerID}
	f.Type = TypeRejected
	if at != nil {
		f.FromAddressID = at.Location.PrimaryAddressID
		f.Type = FulfilmentType(o, at.Location.Type)
	}
	if o.Choice != nil {
		f.DeliveryType, f.ToAddressID = o.Choice.DeliveryType, o.Choice.DeliveryAddressID
	}
	return f
}

// Carry creates the fulfilments of a plan and leaves the decision in the audit trail.
func (m *Module) Carry(ctx context.Context, c *rule.Context, o *Order, p *sourcing.Profile, plan *sourcing.Plan) error {
	s := Source{Profile: fmt.Sprintf("%s:%d", p.Ref, p.Version), Strategy: plan.Strategy}
	for _, a := range plan.Fulfilments {
		if _, err := m.CreateFulfilment(ctx, c, o, a.Ref, a.Lines, s); err != nil {
			return err
		}
	}
	return nil
}

// LogDecision leaves a sourcing decision in the audit trail: every strategy tried, the places chosen and the next best with their ratings.
func LogDecision(c *rule.Context, p *sourcing.Profile, attempts []sourcing.Attempt, plan *sourcing.Plan) {
	c.Turn.Log("sourcing decision", map[string]any{"decision": sourcing.Explain(p, attempts, plan)})
}

// ArticleFulfilments says which fulfilments stored articles belong to.
func (m *Module) ArticleFulfilments(ctx context.Context, scope tenancy.Scope, articles ...catalogue.ID) (map[catalogue.ID][]catalogue.ID, error) {
	fulfilment := store.TypeOf[order.Fulfilment](m.db)
	found, err := m.db.Reader(scope).Select(ctx, store.Query{Type: fulfilment, Fields: []*catalogue.Field{fulfilment.Field("id")}, NoCursors: true,
		Parents: &store.Parents{Edge: store.TypeOf[order.Article](m.db).Edge("fulfilments"), IDs: articles}})
	if err != nil {
		return nil, fmt.Errorf("read the fulfilments of articles: %w", err)
	}
	out := make(map[catalogue.ID][]catalogue.ID, len(articles))
	for i, g := range found.Groups {
		for _, row := range g.Rows {
			id, _ := row[0].(catalogue.ID)
			out[articles[i]] = append(out[articles[i]], id)
		}
	}
	return out, nil
}
