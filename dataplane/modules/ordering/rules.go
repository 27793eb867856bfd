package ordering

import (
	"context"
	"fmt"
	"slices"

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

// Rules lists the module's rules.
func Rules() []rule.Rule {
	return slices.Concat(addresses(), planning(), steps(), proposals(), relatives(), verification(), reservation(), fulfilments(), picking(), expiry(),
		cancellation(), articles())
}

// onOrder makes a rule of a function that wants the order behind the context.
func onOrder[P any](run func(ctx context.Context, c *rule.Context, o *Order, p P) error) func(context.Context, *rule.Context, P) error {
	return func(ctx context.Context, c *rule.Context, p P) error {
		o, err := Of(c.Root)
		if err != nil {
			return err
		}
		return run(ctx, c, o, p)
	}
}

// onFulfilment makes a rule of a function that wants the fulfilment that the event addresses.
func onFulfilment[P any](run func(ctx context.Context, c *rule.Context, o *Order, f *order.Fulfilment, p P) error) func(context.Context, *rule.Context, P) error {
	return onOrder(func(ctx context.Context, c *rule.Context, o *Order, p P) error {
		f, ok := c.Entity.(*order.Fulfilment)
		if !ok {
			return fmt.Errorf("the event addresses %T, not a fulfilment", c.Entity)
		}
		return run(ctx, c, o, f, p)
	})
}

// onArticle makes a rule of a function that wants the article that the event addresses.
func onArticle[P any](run func(ctx context.Context, c *rule.Context, o *Order, a *order.Article, p P) error) func(context.Context, *rule.Context, P) error {
	return onOrder(func(ctx context.Context, c *rule.Context, o *Order, p P) error {
		a, ok := c.Entity.(*order.Article)
		if !ok {
			return fmt.Errorf("the event addresses %T, not an article", c.Entity)
		}
		return run(ctx, c, o, a, p)
	})
}
