package globalinventory

import (
	"context"
	"fmt"

	modules "github.com/fluent-oms/fluent/dataplane/modules/inventory"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/path"
	"github.com/fluent-oms/fluent/domain/workflow"
)

func virtual() []rule.Rule {
	statuses := rule.Prop{Name: "statuses", Type: "STRING", Multiple: true, Doc: "Statuses of inventory positions that count; ACTIVE and AT_RISK if left out."}
	return []rule.Rule{
		{Name: "UpdateAggregateVirtualPosition", Aliases: []string{"CreateAggregateVirtualPosition"},
			Doc: "Sums the event's products over the catalogue's first network, set-wise.", Accepts: []string{typeVirtual}, Props: []rule.Prop{statuses}, Run: onVirtual(aggregate)},
		{Name: "UpdateBaseVirtualPosition", Aliases: []string{"CreateBaseVirtualPosition"},
			Doc: "Brings the event's products in the catalogue in line with their inventory positions.", Accepts: []string{typeVirtual}, Run: onVirtual(base)},
		{Name: "RecalculateAllPositions", Doc: "Computes all positions of the virtual catalogue anew, page by page.", Accepts: []string{typeVirtual},
			Props: []rule.Prop{optional("pageSize", "INTEGER", "Products per page; 500 if left out."), statuses}, Run: onVirtual(rebuild)},
	}
}

func onVirtual(run func(ctx context.Context, c *rule.Context, m *modules.Module, v *inventory.VirtualCatalogue) error) func(context.Context, *rule.Context) error {
	return func(ctx context.Context, c *rule.Context) error {
		v, ok := c.Root.Entity().(*inventory.VirtualCatalogue)
		if !ok {
			return fmt.Errorf("the root is %T, not a virtual catalogue", c.Root.Entity())
		}
		m, err := modules.From(c)
		if err != nil {
			return err
		}
		return run(ctx, c, m, v)
	}
}

func counted(c *rule.Context) ([]string, error) {
	list, err := c.Props.Texts("statuses")
	if len(list) == 0 {
		list = []string{"ACTIVE", "AT_RISK"}
	}
	return list, err
}

// products are those that the event names: productRefs, or productRef.
func products(c *rule.Context) []string {
	var out []string
	if list, ok := c.Event.Attributes["productRefs"].([]any); ok {
		for _, x := range list {
			out = append(out, path.Text(x))
		}
	}
	if one := path.Text(c.Event.Attributes["productRef"]); one != "" {
		out = append(out, one)
	}
	return out
}

func aggregate(_ context.Context, c *rule.Context, m *modules.Module, v *inventory.VirtualCatalogue) error {
	statuses, err := counted(c)
	if err == nil {
		m.Aggregates(c, v, statuses).Product(products(c)...)
	}
	return err
}

func base(ctx context.Context, c *rule.Context, m *modules.Module, v *inventory.VirtualCatalogue) error {
	ic, err := m.Catalogue(ctx, c.Scope, v.InventoryCatalogueRef)
	if err != nil {
		return err
	}
	m.Base(c, v, ic).Product(products(c)...)
	return nil
}

const pageSize = 500

func rebuild(ctx context.Context, c *rule.Context, m *modules.Module, v *inventory.VirtualCatalogue) error {
	size, err := c.Props.Int("pageSize")
	if err != nil {
		return err
	}
	if size <= 0 {
		size = pageSize
	}
	statuses, err := counted(c)
	if err != nil {
		return err
	}
	next, err := m.Rebuild(ctx, c, v, path.Text(c.Event.Attributes["after"]), size, statuses)
	if err != nil || next == "" {
		return err
	}
	c.Turn.Send(workflow.Event{Name: "RebuildCatalogue", EntityType: typeVirtual, EntityID: string(v.ID), EntityRef: v.Ref, EntitySubtype: v.Type,
		Attributes: map[string]any{"after": next}, ScheduledOn: c.Now})
	return nil
}

func attribute(name, value string) catalogue.Attribute {
	return catalogue.Attribute{Name: name, Type: "STRING", Value: value}
}
