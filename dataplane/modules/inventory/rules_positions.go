package inventory

import (
	"context"
	"fmt"
	"slices"

	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/inventory/stock"
	"github.com/fluent-oms/fluent/domain/path"
)

func movements() []rule.Rule {
	return []rule.Rule{
		rule.New(plugin, "CreateInventoryQuantity", "Adds a quantity to the position, of the type and size that the event says.", onCatalogue(createQuantity)).On(typePosition),
		rule.New(plugin, "ChangeInventoryQuantityStatus", "Sets the status of the position's quantities of some types.", onCatalogue(changeStatus)).On(typePosition),
		rule.New(plugin, "SendEventForInventoryPosition", "Sends an event to the position of the quantity.", forPosition).On(typeQuantity),
	}
}

func positions() []rule.Rule {
	return []rule.Rule{
		rule.New(plugin, "CalculateOnHand",
			"Brings the position's on hand and status in line with its quantities, product and location, and lets virtual positions follow.",
			onCatalogue(calculateOnHand)).On(typePosition).Also("UpdateOnHand", "SetPositionStatusFromMasterData"),
		rule.New(plugin, "SendEventForInventoryPositions", "Lets all positions of the product follow its status.", productStatus).On("PRODUCT"),
		rule.New(plugin, "UpdateInventoryPositionsStatusByLocation", "Lets all positions of the location follow its status.", locationStatus).On("LOCATION"),
	}
}

func calculateOnHand(_ context.Context, c *rule.Context, m *Module, ic *inventory.InventoryCatalogue, _ rule.None) error {
	p, ok := c.Entity.(*inventory.InventoryPosition)
	if !ok {
		return fmt.Errorf("the event addresses %T, not an inventory position", c.Entity)
	}
	m.Recount(c, ic).Position(string(p.ID))
	return nil
}

type newQuantity struct {
	Type string `prop:"type" doc:"Its type; the event's attribute type if left out."`
}

func createQuantity(ctx context.Context, c *rule.Context, _ *Module, ic *inventory.InventoryCatalogue, given newQuantity) error {
	p, ok := c.Entity.(*inventory.InventoryPosition)
	if !ok {
		return fmt.Errorf("the event addresses %T, not an inventory position", c.Entity)
	}
	kind := given.Type
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

type statusOf struct {
	Types  []string `prop:"types,required" doc:"Types of quantities."`
	Status string   `prop:"status,required" doc:"The status."`
}

func changeStatus(ctx context.Context, c *rule.Context, m *Module, ic *inventory.InventoryCatalogue, given statusOf) error {
	p, ok := c.Entity.(*inventory.InventoryPosition)
	if !ok {
		return fmt.Errorf("the event addresses %T, not an inventory position", c.Entity)
	}
	found, err := c.Read.List(ctx, c.Types.Type("InventoryQuantity"), "position", []any{p.ID}, maxQuantities)
	if err != nil {
		return err
	}
	for _, x := range found {
		if q, ok := x.(*inventory.InventoryQuantity); ok && q.Status == stock.Active && slices.Contains(given.Types, q.Type) {
			c.Turn.Set(q, map[string]any{"status": given.Status})
		}
	}
	m.Recount(c, ic).Position(string(p.ID))
	return nil
}

// maxQuantities bounds how many quantities of one position are looked at.
const maxQuantities = 10_000

func forPosition(ctx context.Context, c *rule.Context, p rule.Sends) error {
	q, ok := c.Entity.(*inventory.InventoryQuantity)
	if !ok {
		return fmt.Errorf("the event addresses %T, not an inventory quantity", c.Entity)
	}
	position, err := c.Read.Get(ctx, c.Types.Type("InventoryPosition"), q.PositionID)
	if err == nil && position != nil {
		rule.SendTo(c, position, p.EventName, nil)
	}
	return err
}

type productFollowing struct {
	_ rule.EventName `prop:"eventName" doc:"Event for the positions; they follow in the same commit, and no event is sent for it."`
}

func productStatus(ctx context.Context, c *rule.Context, _ productFollowing) error {
	v, ok := c.Value("ref")
	if !ok {
		return nil
	}
	return everywhere(ctx, c, func(r *Recount) { r.Product(path.Text(v)) })
}

func locationStatus(ctx context.Context, c *rule.Context, _ rule.None) error {
	l, ok := c.Entity.(*foundation.Location)
	if !ok {
		return fmt.Errorf("the event addresses %T, not a location", c.Entity)
	}
	return everywhere(ctx, c, func(r *Recount) { r.Location(l.Ref) })
}

// everywhere asks for a recount in each inventory catalogue of the account.
func everywhere(ctx context.Context, c *rule.Context, ask func(*Recount)) error {
	m, err := From(c)
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
