package orders

import (
	"context"
	"fmt"

	"github.com/fluent-oms/fluent/dataplane/modules/ordering"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/rules/core"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/order"
)

func articles() []rule.Rule {
	return []rule.Rule{
		{Name: "CreateArticlesForFulfilment", Doc: "Packs what was picked in one article.", Accepts: []string{typeFulfilment},
			Props: []rule.Prop{optional("packageType", "STRING", "Type of the article; PARCEL if left out.")}, Run: onFulfilment(createArticle)},
		{Name: "CopyAttributesFromFulfilmentToArticle", Doc: "Gives the article the order's ref, the delivery type and the fulfilment's attributes.", Accepts: []string{typeArticle},
			Run: onArticle(copyAttributes)},
		{Name: "IfTransferRequired", Doc: "Forwards by whether the goods have to travel to the pickup location.", Accepts: []string{typeFulfilment, typeArticle},
			Props: []rule.Prop{text("yes", "Event if they have to."), text("no", "Event if they are there.")}, Run: onOrder(ifTransfer)},
		{Name: "CreateDemoConsignment", Aliases: []string{"CreateConsignment"}, Doc: "Books a carrier that always confirms at once: writes the consignment on the fulfilment and tells its articles.",
			Accepts: []string{typeFulfilment}, Props: []rule.Prop{optional("labelUrl", "STRING", "Address of the label."), optional("carrierRef", "STRING", "The carrier."),
				optional("articleEvent", "STRING", "Event for the articles; ConsignmentFinalised if left out.")}, Run: onFulfilment(demoConsignment)},
	}
}

func createArticle(ctx context.Context, c *rule.Context, o *ordering.Order, f *order.Fulfilment) error {
	have, err := articlesOf(ctx, c, o, f)
	if err != nil {
		return err
	}
	kind, err := c.Props.Text("packageType")
	if err != nil {
		return err
	}
	if kind == "" {
		kind = "PARCEL"
	}
	_, filled, _ := sums(o, f)
	if filled == 0 || len(have) > 0 {
		return nil
	}
	a := &order.Article{Ref: fmt.Sprintf("%s-A1", f.Ref), Name: fmt.Sprintf("Parcel of %s", f.Ref), Quantity: &filled, OrderID: o.ID,
		Attributes: catalogue.Attributes{core.Attribute(fulfilmentID, string(f.ID))}}
	a.Type = kind
	if err := c.Turn.Create(ctx, a); err != nil {
		return fmt.Errorf("create article %s: %w", a.Ref, err)
	}
	c.Turn.Link(f, "articles", a)
	for _, i := range o.ItemsOf(f) {
		item := o.Item(i.OrderItemID)
		if i.FilledQuantity == 0 || item == nil {
			continue
		}
		if err := c.Turn.Create(ctx, &order.ArticleItem{Quantity: i.FilledQuantity, Barcode: item.ProductRef, ArticleID: a.ID}); err != nil {
			return fmt.Errorf("create an item of article %s: %w", a.Ref, err)
		}
	}
	return nil
}

func copyAttributes(ctx context.Context, c *rule.Context, o *ordering.Order, a *order.Article) error {
	links, err := linksOf(ctx, c, o)
	if err != nil {
		return err
	}
	for _, id := range links[a.ID] {
		f := o.Fulfilment(id)
		if f == nil {
			continue
		}
		add := catalogue.Attributes{core.Attribute("orderRef", o.Ref), core.Attribute("deliveryType", f.DeliveryType), core.Attribute(fulfilmentID, string(f.ID))}
		core.SetAttributes(c, a, f.Attributes.Merge(add)...)
	}
	return nil
}

func ifTransfer(ctx context.Context, c *rule.Context, o *ordering.Order) error {
	from := ""
	switch e := c.Entity.(type) {
	case *order.Fulfilment:
		from = e.FromLocationRef
	case *order.Article:
		links, err := linksOf(ctx, c, o)
		if err != nil {
			return err
		}
		for _, id := range links[e.ID] {
			if f := o.Fulfilment(id); f != nil {
				from = f.FromLocationRef
			}
		}
	}
	if o.Choice != nil && o.Choice.PickupLocationRef != "" && from == o.Choice.PickupLocationRef {
		return forward(c, "no", nil)
	}
	return forward(c, "yes", nil)
}

// consignment is the fulfilment attribute that holds its booking with a carrier.
const consignment = "consignment"

func demoConsignment(ctx context.Context, c *rule.Context, o *ordering.Order, f *order.Fulfilment) error {
	label, err := c.Props.Text("labelUrl")
	if err != nil {
		return err
	}
	carrier, err := c.Props.Text("carrierRef")
	if err != nil {
		return err
	}
	name, err := c.Props.Text("articleEvent")
	if err != nil {
		return err
	}
	if name == "" {
		name = "ConsignmentFinalised"
	}
	core.SetAttributes(c, f, core.Attribute(consignment, map[string]any{"consignmentReference": "DEMO-" + f.Ref, "carrierRef": carrier, "labelUrl": label,
		"bookingStatus": "CONFIRMED"}))
	list, err := articlesOf(ctx, c, o, f)
	for _, a := range list {
		rule.SendTo(c, a, name, nil)
	}
	return err
}
