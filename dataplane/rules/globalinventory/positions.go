package globalinventory

import (
	"context"
	"fmt"
	"slices"

	modules "github.com/fluent-oms/fluent/dataplane/modules/inventory"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/inventory/stock"
	"github.com/fluent-oms/fluent/domain/path"
)

func movements() []rule.Rule {
	return []rule.Rule{
		{Name: "CreateInventoryQuantity", Doc: "Adds a quantity to the position, of the type and size that the event says.", Accepts: []string{typePosition},
			Props: []rule.Prop{optional("type", "STRING", "Its type; the event's attribute type if left out.")}, Run: onCatalogue(createQuantity)},
		{Name: "ChangeInventoryQuantityStatus", Doc: "Sets the status of the position's quantities of some types.", Accepts: []string{typePosition},
			Props: []rule.Prop{{Name: "types", Type: "STRING", Multiple: true, Required: true}, {Name: "status", Type: "STRING", Required: true}}, Run: onCatalogue(changeStatus)},
		{Name: "SendEventForInventoryPosition", Doc: "Sends an event to the position of the quantity.", Accepts: []string{typeQuantity},
			Props: []rule.Prop{{Name: "eventName", Type: "STRING", Required: true}}, Run: forPosition},
	}
}

func positions() []rule.Rule {
	recount := onCatalogue(func(_ context.Context, c *rule.Context, m *modules.Module, ic *inventory.InventoryCatalogue) error {
		p, ok := c.Entity.(*inventory.InventoryPosition)
		if !ok {
			return fmt.Errorf("the event addresses %T, not an inventory position", c.Entity)
		}
		m.Recount(c, ic).Position(string(p.ID))
		return nil
	})
	return []rule.Rule{
		{Name: "CalculateOnHand", Aliases: []string{"UpdateOnHand", "SetPositionStatusFromMasterData"},
			Doc:     "Brings the position's on hand and status in line with its quantities, product and location, and lets virtual positions follow.",
			Accepts: []string{typePosition}, Run: recount},
		{Name: "SendEventForInventoryPositions", Doc: "Lets all positions of the product follow its status.", Accepts: []string{"PRODUCT"},
			Props: []rule.Prop{optional("eventName", "STRING", "Kept for workflows that name one; positions follow in the same commit.")}, Run: productStatus},
		{Name: "UpdateInventoryPositionsStatusByLocation", Doc: "Lets all positions of the location follow its status.", Accepts: []string{"LOCATION"}, Run: locationStatus},
	}
}

func createQuantity(ctx context.Context, c *rule.Context, _ *modules.Module, ic *inventory.InventoryCatalogue) error {
	p, ok := c.Entity.(*inventory.InventoryPosition)
	if !ok {
		return fmt.Errorf("the event addresses %T, not an inventory position", c.Entity)
	}
	kind, err := c.Props.Text("type")
	if err != nil {
		return err
	}
	if kind == "" {
		kind = path.Text(c.Event.Attributes["type"])
	}
	n, ok := path.Number(c.Event.Attributes["quantity"])
	if kind == "" || !ok || n != float64(int32(n)) {
		return &rule.BusinessError{Message: "want the attributes type and quantity, a whole number"}
	}
	if kind == stock.LastOnHand || kind == stock.Reserved {
		return &rule.BusinessError{Message: fmt.Sprintf("a quantity of type %s cannot be added by hand", kind)}
	}
	q := &inventory.InventoryQuantity{Ref: kind + ":" + p.Ref + ":" + c.Event.ID, Quantity: int(n), CatalogueID: ic.ID, PositionID: p.ID}
	q.Type = kind
	if reason := path.Text(c.Event.Attributes["reason"]); reason != "" {
		q.Attributes = append(q.Attributes, attribute("reason", reason))
	}
	return c.Turn.Create(ctx, q)
}

func changeStatus(ctx context.Context, c *rule.Context, m *modules.Module, ic *inventory.InventoryCatalogue) error {
	types, err := c.Props.Texts("types")
	if err != nil {
		return err
	}
	status, err := c.Props.Text("status")
	if err != nil {
		return err
	}
	p, ok := c.Entity.(*inventory.InventoryPosition)
	if !ok {
		return fmt.Errorf("the event addresses %T, not an inventory position", c.Entity)
	}
	found, err := c.Read.List(ctx, rule.TypeNamed("InventoryQuantity"), "position", []any{p.ID}, maxQuantities)
	if err != nil {
		return err
	}
	for _, x := range found {
		if q, ok := x.(*inventory.InventoryQuantity); ok && q.Status == stock.Active && slices.Contains(types, q.Type) {
			c.Turn.Set(q, map[string]any{"status": status})
		}
	}
	m.Recount(c, ic).Position(string(p.ID))
	return nil
}

// maxQuantities bounds how many quantities of one position are looked at.
const maxQuantities = 10_000

func forPosition(ctx context.Context, c *rule.Context) error {
	q, ok := c.Entity.(*inventory.InventoryQuantity)
	if !ok {
		return fmt.Errorf("the event addresses %T, not an inventory quantity", c.Entity)
	}
	name, err := c.Props.Text("eventName")
	if err != nil {
		return err
	}
	p, err := c.Read.Get(ctx, rule.TypeNamed("InventoryPosition"), q.PositionID)
	if err == nil && p != nil {
		rule.SendTo(c, p, name, nil)
	}
	return err
}

func productStatus(ctx context.Context, c *rule.Context) error {
	v, ok := c.Value("ref")
	if !ok {
		return nil
	}
	return everywhere(ctx, c, func(r *modules.Recount) { r.Product(path.Text(v)) })
}

func locationStatus(ctx context.Context, c *rule.Context) error {
	l, ok := c.Entity.(*foundation.Location)
	if !ok {
		return fmt.Errorf("the event addresses %T, not a location", c.Entity)
	}
	return everywhere(ctx, c, func(r *modules.Recount) { r.Location(l.Ref) })
}

// everywhere asks for a recount in each inventory catalogue of the account.
func everywhere(ctx context.Context, c *rule.Context, ask func(*modules.Recount)) error {
	m, err := modules.From(c)
	if err != nil {
		return err
	}
	places, err := m.Places(ctx, c.Scope)
	if err != nil {
		return err
	}
	for _, ic := range places.InventoryCatalogues() {
		ask(m.Recount(c, ic))
	}
	return nil
}
