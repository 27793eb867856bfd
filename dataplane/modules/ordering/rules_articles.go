package ordering

import (
	"context"
	"fmt"

	"github.com/fluent-oms/fluent/dataplane/modules/core"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/order"
)

func articles() []rule.Rule {
	return []rule.Rule{
		rule.New(plugin, "CreateArticlesForFulfilment", "Packs what was picked in one article.", onFulfilment(createArticle)).On(typeFulfilment),
		rule.New(plugin, "CopyAttributesFromFulfilmentToArticle", "Gives the article the order's ref, the delivery type and the fulfilment's attributes.",
			onArticle(copyAttributes)).On(typeArticle),
		rule.New(plugin, "IfTransferRequired", "Forwards by whether the goods have to travel to the pickup location.", onOrder(ifTransfer)).On(typeFulfilment, typeArticle),
		rule.New(plugin, "CreateDemoConsignment", "Books a carrier that always confirms at once: writes the consignment on the fulfilment and tells its articles.",
			onFulfilment(demoConsignment)).On(typeFulfilment).Also("CreateConsignment"),
	}
}

// parcels is the attribute of events that says how what was picked is spread over parcels.
const parcels = "parcels"

type packing struct {
	PackageType string `prop:"packageType" default:"PARCEL" doc:"Type of the article."`
}

func createArticle(ctx context.Context, c *rule.Context, o *Order, f *order.Fulfilment, p packing) error {
	if given := c.Event.Attributes[parcels]; given != nil {
		return &rule.BusinessError{Message: "the event's attribute " + parcels + " is not served yet: what was picked goes into one parcel; leave it out"}
	}
	have, err := articlesOf(ctx, c, o, f)
	if err != nil {
		return err
	}
	_, filled, _ := sums(o, f)
	if filled == 0 || len(have) > 0 {
		return nil
	}
	a := &order.Article{Ref: fmt.Sprintf("%s-A1", f.Ref), Name: fmt.Sprintf("Parcel of %.246s", f.Ref), Quantity: &filled, OrderID: o.ID,
		Attributes: catalogue.Attributes{core.Attribute(fulfilmentID, string(f.ID))}}
	a.Type = p.PackageType
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

func copyAttributes(ctx context.Context, c *rule.Context, o *Order, a *order.Article, _ rule.None) error {
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

type transfer struct {
	Yes rule.EventName `prop:"yes,required" doc:"Event if they have to."`
	No  rule.EventName `prop:"no,required" doc:"Event if they are there."`
}

func ifTransfer(ctx context.Context, c *rule.Context, o *Order, p transfer) error {
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
		rule.Forward(c, p.No)
		return nil
	}
	rule.Forward(c, p.Yes)
	return nil
}

// consignment is the fulfilment attribute that holds its booking with a carrier.
const consignment = "consignment"

type demoBooking struct {
	LabelURL     string         `prop:"labelUrl" doc:"Address of the label."`
	Carrier      string         `prop:"carrierRef" doc:"The carrier."`
	ArticleEvent rule.EventName `prop:"articleEvent" default:"ConsignmentFinalised" doc:"Event for the articles."`
}

func demoConsignment(ctx context.Context, c *rule.Context, o *Order, f *order.Fulfilment, p demoBooking) error {
	core.SetAttributes(c, f, core.Attribute(consignment, map[string]any{"consignmentReference": "DEMO-" + f.Ref, "carrierRef": p.Carrier, "labelUrl": p.LabelURL,
		"bookingStatus": "CONFIRMED"}))
	list, err := articlesOf(ctx, c, o, f)
	for _, a := range list {
		rule.SendTo(c, a, p.ArticleEvent, nil)
	}
	return err
}
