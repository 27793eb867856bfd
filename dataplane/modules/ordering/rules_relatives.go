package ordering

import (
	"context"
	"slices"

	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/path"
)

func relatives() []rule.Rule {
	return []rule.Rule{
		rule.New(plugin, "SendEventForOrder", "Sends an event to the order.", onOrder(forOrder)).On(typeFulfilment, typeArticle),
		rule.New(plugin, "SendEventForAllFulfilments", "Sends an event to each fulfilment of the order.", onOrder(forFulfilments)).On(typeOrder),
		rule.New(plugin, "SendEventForFulfilment", "Sends an event to the fulfilments that the article belongs to.",
			onArticle(forFulfilment)).On(typeArticle).Also("SendEventForFulfilmentV2"),
		rule.New(plugin, "SendEventForArticles", "Sends an event to each article of the fulfilment.", onFulfilment(forArticles)).On(typeFulfilment).Also("SendEventForArticlesV2"),
		rule.New(plugin, "SendEventToFulfilmentOnVerifyingOrderStatus", "Forwards if the order is in one of the statuses.", onOrder(onOrderStatus)).On(typeFulfilment),
	}
}

func forOrder(_ context.Context, c *rule.Context, o *Order, p rule.Sends) error {
	rule.SendTo(c, o.Order, p.EventName, nil)
	return nil
}

func forFulfilments(_ context.Context, c *rule.Context, o *Order, p rule.Sends) error {
	for _, f := range o.Fulfilments {
		rule.SendTo(c, f, p.EventName, nil)
	}
	return nil
}

func forFulfilment(ctx context.Context, c *rule.Context, o *Order, a *order.Article, p rule.Sends) error {
	links, err := linksOf(ctx, c, o)
	if err != nil {
		return err
	}
	for _, f := range o.Fulfilments {
		if slices.Contains(links[a.ID], f.ID) {
			rule.SendTo(c, f, p.EventName, nil)
		}
	}
	return nil
}

func forArticles(ctx context.Context, c *rule.Context, o *Order, f *order.Fulfilment, p rule.Sends) error {
	list, err := articlesOf(ctx, c, o, f)
	for _, a := range list {
		rule.SendTo(c, a, p.EventName, nil)
	}
	return err
}

// fulfilmentID is the attribute by which an article that rules made knows its fulfilment.
const fulfilmentID = "fulfilmentId"

// linksOf says which fulfilments each article belongs to: by the article's own attribute, else by the stored links.
func linksOf(ctx context.Context, c *rule.Context, o *Order) (map[catalogue.ID][]catalogue.ID, error) {
	out := map[catalogue.ID][]catalogue.ID{}
	missing, all := false, make([]catalogue.ID, len(o.Articles))
	for i, a := range o.Articles {
		all[i] = a.ID
		if v, ok := a.Attributes.Get(fulfilmentID); ok {
			out[a.ID] = []catalogue.ID{catalogue.ID(path.Text(v))}
		} else {
			missing = true
		}
	}
	if !missing {
		return out, nil
	}
	m, err := From(c)
	if err != nil {
		return nil, err
	}
	stored, err := m.ArticleFulfilments(ctx, c.Scope, all...)
	for article, list := range stored {
		out[article] = list
	}
	return out, err
}

func articlesOf(ctx context.Context, c *rule.Context, o *Order, f *order.Fulfilment) ([]*order.Article, error) {
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

type orderIn struct {
	rule.Sends
	Statuses []string `prop:"orderStatus,required" doc:"Statuses of the order."`
}

func onOrderStatus(_ context.Context, c *rule.Context, o *Order, p orderIn) error {
	if slices.Contains(p.Statuses, o.Status) {
		rule.Forward(c, p.EventName)
	}
	return nil
}
