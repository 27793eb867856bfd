package orders

import (
	"context"
	"slices"

	"github.com/fluent-oms/fluent/dataplane/modules/ordering"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/path"
)

func relatives() []rule.Rule {
	only := []rule.Prop{eventName()}
	return []rule.Rule{
		{Name: "SendEventForOrder", Doc: "Sends an event to the order.", Accepts: []string{typeFulfilment, typeArticle}, Props: only, Run: onOrder(forOrder)},
		{Name: "SendEventForAllFulfilments", Doc: "Sends an event to each fulfilment of the order.", Accepts: []string{typeOrder}, Props: only, Run: onOrder(forFulfilments)},
		{Name: "SendEventForFulfilment", Aliases: []string{"SendEventForFulfilmentV2"}, Doc: "Sends an event to the fulfilments that the article belongs to.",
			Accepts: []string{typeArticle}, Props: only, Run: onArticle(forFulfilment)},
		{Name: "SendEventForArticles", Aliases: []string{"SendEventForArticlesV2"}, Doc: "Sends an event to each article of the fulfilment.", Accepts: []string{typeFulfilment},
			Props: only, Run: onFulfilment(forArticles)},
		{Name: "SendEventToFulfilmentOnVerifyingOrderStatus", Doc: "Forwards if the order is in one of the statuses.", Accepts: []string{typeFulfilment},
			Props: []rule.Prop{eventName(), {Name: "orderStatus", Type: "STRING", Multiple: true, Required: true, Doc: "Statuses of the order."}}, Run: onOrder(onOrderStatus)},
	}
}

func forOrder(_ context.Context, c *rule.Context, o *ordering.Order) error {
	name, err := c.Props.Text("eventName")
	if err == nil {
		rule.SendTo(c, o.Order, name, nil)
	}
	return err
}

func forFulfilments(_ context.Context, c *rule.Context, o *ordering.Order) error {
	name, err := c.Props.Text("eventName")
	if err != nil {
		return err
	}
	for _, f := range o.Fulfilments {
		rule.SendTo(c, f, name, nil)
	}
	return nil
}

func forFulfilment(ctx context.Context, c *rule.Context, o *ordering.Order, a *order.Article) error {
	name, err := c.Props.Text("eventName")
	if err != nil {
		return err
	}
	links, err := linksOf(ctx, c, o)
	if err != nil {
		return err
	}
	for _, f := range o.Fulfilments {
		if slices.Contains(links[a.ID], f.ID) {
			rule.SendTo(c, f, name, nil)
		}
	}
	return nil
}

func forArticles(ctx context.Context, c *rule.Context, o *ordering.Order, f *order.Fulfilment) error {
	name, err := c.Props.Text("eventName")
	if err != nil {
		return err
	}
	list, err := articlesOf(ctx, c, o, f)
	for _, a := range list {
		rule.SendTo(c, a, name, nil)
	}
	return err
}

// fulfilmentID is the attribute by which an article that rules made knows its fulfilment.
const fulfilmentID = "fulfilmentId"

// linksOf says which fulfilments each article belongs to: by the article's own attribute, else by the stored links.
func linksOf(ctx context.Context, c *rule.Context, o *ordering.Order) (map[catalogue.ID][]catalogue.ID, error) {
	out := map[catalogue.ID][]catalogue.ID{}
	missing := false
	for _, a := range o.Articles {
		if v, ok := a.Attributes.Get(fulfilmentID); ok {
			out[a.ID] = []catalogue.ID{catalogue.ID(path.Text(v))}
		} else {
			missing = true
		}
	}
	if !missing {
		return out, nil
	}
	m, err := ordering.From(c)
	if err != nil {
		return nil, err
	}
	stored, err := m.ArticleFulfilments(ctx, c.Scope, o.ID)
	for article, list := range stored {
		out[article] = list
	}
	return out, err
}

func articlesOf(ctx context.Context, c *rule.Context, o *ordering.Order, f *order.Fulfilment) ([]*order.Article, error) {
	links, err := linksOf(ctx, c, o)
	if err != nil {
		return nil, err
	}
	var out []*order.Article
	for _, a := range o.Articles {
		if slices.Contains(links[a.ID], f.ID) {
			out = append(out, a)
		}
	}
	return out, nil
}

func onOrderStatus(_ context.Context, c *rule.Context, o *ordering.Order) error {
	statuses, err := c.Props.Texts("orderStatus")
	if err != nil || !slices.Contains(statuses, o.Status) {
		return err
	}
	return forward(c, "eventName", nil)
}
