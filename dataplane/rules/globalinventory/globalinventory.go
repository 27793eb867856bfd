// Package globalinventory holds the rules of inventory and virtual catalogues. They work set-wise: a batch of rows, a turn's worth
// of products, all positions of a location, each at once, when the turn commits.
package globalinventory

import (
	"context"
	"fmt"

	modules "github.com/fluent-oms/fluent/dataplane/modules/inventory"
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

// Rules lists the plugin's rules.
func Rules() []rule.Rule {
	var out []rule.Rule
	for _, list := range [][]rule.Rule{loads(), movements(), positions(), virtual()} {
		out = append(out, list...)
	}
	for i := range out {
		out[i].Plugin = plugin
	}
	return out
}

func optional(name, kind, doc string) rule.Prop {
	return rule.Prop{Name: name, Type: kind, Doc: doc}
}

// onCatalogue makes a rule of a function that wants the inventory catalogue at the root.
func onCatalogue(run func(ctx context.Context, c *rule.Context, m *modules.Module, ic *inventory.InventoryCatalogue) error) func(context.Context, *rule.Context) error {
	return func(ctx context.Context, c *rule.Context) error {
		ic, ok := c.Root.Entity().(*inventory.InventoryCatalogue)
		if !ok {
			return fmt.Errorf("the root is %T, not an inventory catalogue", c.Root.Entity())
		}
		m, err := modules.From(c)
		if err != nil {
			return err
		}
		return run(ctx, c, m, ic)
	}
}
