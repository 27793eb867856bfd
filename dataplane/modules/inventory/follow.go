package inventory

import (
	"context"

	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	stockstore "github.com/fluent-oms/fluent/dataplane/store/stock"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/inventory/stock"
	"github.com/fluent-oms/fluent/tenancy"
)

// follow brings base virtual positions in line with positions that changed, and tells aggregate catalogues. A position reaches a
// catalogue only if its location is in one of the catalogue's networks, and only once its product is known; of one whose location has left the networks
// nothing can be sold any more.
func (m *Module) follow(t *store.Tx, places *availability.Places, ic *inventory.InventoryCatalogue, why cause, moved []stockstore.Position) {
	changed := map[string][]string{}
	var rows, gone []stockstore.Virtual
	for _, p := range moved {
		if p.Status == stock.Created {
			continue
		}
		changed[p.LocationRef] = append(changed[p.LocationRef], p.ProductRef)
	}
	for _, v := range places.FedBy(ic.Ref, availability.Base) {
		covered, uncovered := baseRows(places, v, moved)
		rows, gone = append(rows, covered...), append(gone, uncovered...)
	}
	stockstore.PutVirtual(t, rows)
	stockstore.EmptyVirtual(t, gone)
	announce(t, m.aggregateEvents(places, ic.Ref, why, changed))
}

// baseRows are what positions come to in a catalogue, and those of locations that it does not cover: it may have covered them once.
func baseRows(places *availability.Places, v *inventory.VirtualCatalogue, moved []stockstore.Position) (rows, gone []stockstore.Virtual) {
	for _, p := range moved {
		if p.Status == stock.Created {
			continue
		}
		if !places.Covers(v, p.LocationRef) {
			gone = append(gone, stockstore.Virtual{CatalogueID: availability.Number(v.ID), ProductRef: p.ProductRef, GroupRef: p.LocationRef})
			continue
		}
		status := stock.Active
		if p.Status == stock.Inactive {
			status = stock.Inactive
		}
		rows = append(rows, stockstore.Virtual{CatalogueID: availability.Number(v.ID), Ref: stock.BaseRef(v.Ref, p.ProductRef, p.LocationRef),
			Type: "DEFAULT", Status: status, ProductRef: p.ProductRef, GroupRef: p.LocationRef, Quantity: stock.ATS(p.OnHand, p.Status),
			WorkflowRef: v.WorkflowRef, WorkflowVersion: v.WorkflowVersion})
	}
	return rows, gone
}

var (
	_ rule.Guarded = (*Recount)(nil)
	_ rule.Guarded = (*Aggregates)(nil)
	_ rule.Guarded = (*Base)(nil)
)

// Recount is the effect that brings positions in line with their quantities, products and locations at commit.
type Recount struct {
	cause
	module    *Module
	scope     tenancy.Scope
	catalogue *inventory.InventoryCatalogue
	what      stockstore.Selection
}

// Recount is the turn's recount effect for an inventory catalogue.
func (m *Module) Recount(c *rule.Context, ic *inventory.InventoryCatalogue) *Recount {
	r := rule.EffectOf(c, "zrecount:"+ic.Ref, func() *Recount { // runs after effects that write quantities
		return &Recount{module: m, scope: c.Scope, cause: cause{retailer: c.Event.RetailerID}, catalogue: ic}
	})
	r.also(c.Event)
	return r
}

// Position asks for a recount of a position by id.
func (r *Recount) Position(id string) { r.what.PositionIDs = append(r.what.PositionIDs, id) }

// Product asks for a recount of all positions of a product by ref.
func (r *Recount) Product(ref string) { r.what.Products = append(r.what.Products, ref) }

// Location asks for a recount of all positions of a location by ref.
func (r *Recount) Location(ref string) { r.what.Locations = append(r.what.Locations, ref) }

// Needs are the permissions of a user for whom the effect works. See rule.Guarded.
func (r *Recount) Needs() ([]string, any) {
	return []string{"INVENTORYPOSITION_UPDATE"}, r.catalogue
}

// Apply recounts and lets virtual positions follow.
func (r *Recount) Apply(ctx context.Context, t *store.Tx) error {
	held := r.module.places.Hold(t, r.scope)
	moved, err := stockstore.Recount(ctx, t, availability.Number(r.catalogue.ID), r.what, stock.OnHandTypes())
	if err != nil {
		return err
	}
	places, err := held.Places(ctx)
	if err != nil {
		return err
	}
	for _, p := range moved {
		if places.At(p.LocationRef) == nil {
			if places, err = r.module.places.Refresh(ctx, r.scope); err != nil {
				return err
			}
			break
		}
	}
	r.module.follow(t, places, r.catalogue, r.cause, moved)
	return nil
}

// Aggregates is the effect that sums an aggregate catalogue's positions anew, set-wise, at commit.
type Aggregates struct {
	module   *Module
	scope    tenancy.Scope
	virtual  *inventory.VirtualCatalogue
	statuses []string
	products []string
	seen     map[string]bool
}

// Aggregates is the turn's effect for an aggregate catalogue; statuses are those of positions that count.
func (m *Module) Aggregates(c *rule.Context, v *inventory.VirtualCatalogue, statuses []string) *Aggregates {
	return rule.EffectOf(c, "zaggregates:"+v.Ref, func() *Aggregates {
		return &Aggregates{module: m, scope: c.Scope, virtual: v, statuses: statuses, seen: map[string]bool{}}
	})
}

// Product asks for a product's sum, by ref.
func (a *Aggregates) Product(refs ...string) {
	for _, ref := range refs {
		if !a.seen[ref] {
			a.seen[ref] = true
			a.products = append(a.products, ref)
		}
	}
}

// Needs are the permissions of a user for whom the effect works. See rule.Guarded.
func (a *Aggregates) Needs() ([]string, any) {
	return []string{"VIRTUALPOSITION_CREATE", "VIRTUALPOSITION_UPDATE"}, a.virtual
}

// Apply sums over the catalogue's first network. A catalogue without network or stock has no positions. Which locations the network has, the statement
// itself sees.
func (a *Aggregates) Apply(ctx context.Context, t *store.Tx) error {
	if len(a.virtual.NetworkIDs) == 0 {
		return nil
	}
	ic, err := a.module.Catalogue(ctx, a.scope, a.virtual.InventoryCatalogueRef)
	if err != nil {
		return err
	}
	scope := stockstore.Aggregate{ID: availability.Number(a.virtual.ID), Ref: a.virtual.Ref, NetworkID: networkID(a.virtual),
		InventoryID: availability.Number(ic.ID), WorkflowRef: a.virtual.WorkflowRef, WorkflowVersion: a.virtual.WorkflowVersion}
	stockstore.Sum(t, scope, a.products, a.statuses)
	return nil
}

func networkID(v *inventory.VirtualCatalogue) int64 {
	return availability.Number(catalogue.ID(v.NetworkIDs[0]))
}
