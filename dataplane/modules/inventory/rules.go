package inventory

import (
	"context"
	"fmt"
	"slices"

	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/inventory"
)

const plugin = "globalinventory"

// The entity types that rules accept.
const (
	typeCatalogue = "INVENTORY_CATALOGUE"
	typePosition  = "INVENTORY_POSITION"
	typeQuantity  = "INVENTORY_QUANTITY"
	typeVirtual   = "VIRTUAL_CATALOGUE"
)

// Rules lists the module's rules. They work set-wise: a batch of rows, a turn's worth of products, all positions of a location, each at once,
// when the turn commits.
func Rules() []rule.Rule { return slices.Concat(loads(), movements(), positions(), virtual()) }

// onCatalogue makes a rule of a function that wants the inventory catalogue at the root.
func onCatalogue[P any](run func(ctx context.Context, c *rule.Context, m *Module, ic *inventory.InventoryCatalogue, p P) error) func(context.Context, *rule.Context, P) error {
	return func(ctx context.Context, c *rule.Context, p P) error {
		ic, ok := c.Root.Entity().(*inventory.InventoryCatalogue)
		if !ok {
			return fmt.Errorf("the root is %T, not an inventory catalogue", c.Root.Entity())
		}
		m, err := From(c)
		if err != nil {
			return err
		}
		return run(ctx, c, m, ic, p)
	}
}
