package inventory

import (
	"context"
	"fmt"

	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/path"
	"github.com/fluent-oms/fluent/domain/workflow"
)

func virtual() []rule.Rule {
	return []rule.Rule{
		rule.New(plugin, "UpdateAggregateVirtualPosition", "Sums the event's products over the catalogue's first network, set-wise.",
			onVirtual(aggregate)).On(typeVirtual).Also("CreateAggregateVirtualPosition"),
		rule.New(plugin, "UpdateBaseVirtualPosition", "Brings the event's products in the catalogue in line with their inventory positions.",
			onVirtual(base)).On(typeVirtual).Also("CreateBaseVirtualPosition"),
		rule.New(plugin, "RecalculateAllPositions", "Computes all positions of the virtual catalogue anew, page by page.", onVirtual(rebuild)).On(typeVirtual),
	}
}

func onVirtual[P any](run func(ctx context.Context, c *rule.Context, m *Module, v *inventory.VirtualCatalogue, p P) error) func(context.Context, *rule.Context, P) error {
	return func(ctx context.Context, c *rule.Context, p P) error {
		v, ok := c.Root.Entity().(*inventory.VirtualCatalogue)
		if !ok {
			return fmt.Errorf("the root is %T, not a virtual catalogue", c.Root.Entity())
		}
		m, err := From(c)
		if err != nil {
			return err
		}
		return run(ctx, c, m, v, p)
	}
}

type counted struct {
	Statuses []string `prop:"statuses" default:"ACTIVE,AT_RISK" doc:"Statuses of inventory positions that count."`
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

func aggregate(_ context.Context, c *rule.Context, m *Module, v *inventory.VirtualCatalogue, p counted) error {
	m.Aggregates(c, v, p.Statuses).Product(products(c)...)
	return nil
}

func base(ctx context.Context, c *rule.Context, m *Module, v *inventory.VirtualCatalogue, _ rule.None) error {
	ic, err := m.Catalogue(ctx, c.Scope, v.InventoryCatalogueRef)
	if err != nil {
		return err
	}
	m.Base(c, v, ic).Product(products(c)...)
	return nil
}

type paged struct {
	PageSize int `prop:"pageSize" default:"500" doc:"Products per page."`
	counted
}

func rebuild(ctx context.Context, c *rule.Context, m *Module, v *inventory.VirtualCatalogue, p paged) error {
	if p.PageSize < 0 {
		return fmt.Errorf("property pageSize: want a number above zero, got %d", p.PageSize)
	}
	next, err := m.Rebuild(ctx, c, v, path.Text(c.Event.Attributes["after"]), p.PageSize, p.Statuses)
	if err != nil || next == "" {
		return err
	}
	c.Turn.Send(workflow.Event{Name: "RebuildCatalogue", EntityType: typeVirtual, EntityID: string(v.ID), EntityRef: v.Ref, EntitySubtype: v.Type,
		Attributes: map[string]any{"after": next}, ScheduledOn: c.Now, Priority: workflow.PriorityOf(workflow.Cause{By: workflow.Bulk})})
	return nil
}

func attribute(name, value string) catalogue.Attribute {
	return catalogue.Attribute{Name: name, Type: "STRING", Value: value}
}
