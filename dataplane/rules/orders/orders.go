// Package orders holds the rules of orders and what hangs on them: sourcing, fulfilments, picking, parcels, cancellation.
package orders

import (
	"context"
	"fmt"

	"github.com/fluent-oms/fluent/dataplane/modules/ordering"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/order"
)

const plugin = "order"

// The entity types that rules accept.
const (
	typeOrder      = "ORDER"
	typeFulfilment = "FULFILMENT"
	typeArticle    = "ARTICLE"
)

// Rules lists the plugin's rules.
func Rules() []rule.Rule {
	var out []rule.Rule
	for _, list := range [][]rule.Rule{addresses(), planning(), steps(), proposals(), relatives(), verification(), reservation(), fulfilments(),
		picking(), expiry(), cancellation(), articles()} {
		out = append(out, list...)
	}
	for i := range out {
		out[i].Plugin = plugin
	}
	return out
}

func text(name, doc string) rule.Prop {
	return rule.Prop{Name: name, Type: "STRING", Required: true, Doc: doc}
}

func optional(name, kind, doc string) rule.Prop {
	return rule.Prop{Name: name, Type: kind, Doc: doc}
}

func texts(name, doc string) rule.Prop {
	return rule.Prop{Name: name, Type: "STRING", Multiple: true, Doc: doc}
}

func eventName() rule.Prop { return text("eventName", "Name of the event to send.") }

// forward sends the event that a property names, if it is given, to the same entity.
func forward(c *rule.Context, prop string, more map[string]any) error {
	name, err := c.Props.Text(prop)
	if err == nil {
		rule.ForwardWith(c, name, more)
	}
	return err
}

// onOrder makes a rule of a function that wants the order behind the context.
func onOrder(run func(ctx context.Context, c *rule.Context, o *ordering.Order) error) func(context.Context, *rule.Context) error {
	return func(ctx context.Context, c *rule.Context) error {
		o, err := ordering.Of(c.Root)
		if err != nil {
			return err
		}
		return run(ctx, c, o)
	}
}

// onFulfilment makes a rule of a function that wants the fulfilment that the event addresses.
func onFulfilment(run func(ctx context.Context, c *rule.Context, o *ordering.Order, f *order.Fulfilment) error) func(context.Context, *rule.Context) error {
	return onOrder(func(ctx context.Context, c *rule.Context, o *ordering.Order) error {
		f, ok := c.Entity.(*order.Fulfilment)
		if !ok {
			return fmt.Errorf("the event addresses %T, not a fulfilment", c.Entity)
		}
		return run(ctx, c, o, f)
	})
}

// onArticle makes a rule of a function that wants the article that the event addresses.
func onArticle(run func(ctx context.Context, c *rule.Context, o *ordering.Order, a *order.Article) error) func(context.Context, *rule.Context) error {
	return onOrder(func(ctx context.Context, c *rule.Context, o *ordering.Order) error {
		a, ok := c.Entity.(*order.Article)
		if !ok {
			return fmt.Errorf("the event addresses %T, not an article", c.Entity)
		}
		return run(ctx, c, o, a)
	})
}
