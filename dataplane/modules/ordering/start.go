package ordering

import (
	"context"
	"fmt"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/order"
)

// Start finds what Load would load with an order that is about to be created, besides its new parts: its customer, unless that one is
// new as well. known is what the caller has read a moment ago.
func Start(ctx context.Context, r *store.Reader, root any, parts, known []any) (loaded []any, err error) {
	o, ok := root.(*order.Order)
	if !ok {
		return nil, fmt.Errorf("the root is %T, not an order", root)
	}
	if customer(o, parts) != nil {
		return nil, nil
	}
	if c := customer(o, known); c != nil {
		return []any{c}, nil
	}
	found, err := store.Get[foundation.Customer](ctx, r, o.CustomerID)
	if err != nil {
		return nil, fmt.Errorf("load the customer of order %s: %w", o.ID, err)
	}
	if found[0] == nil {
		return nil, nil
	}
	return []any{found[0]}, nil
}

func customer(o *order.Order, among []any) *foundation.Customer {
	for _, e := range among {
		if c, ok := e.(*foundation.Customer); ok && c.ID == o.CustomerID {
			return c
		}
	}
	return nil
}
