package inventory

import (
	"context"
	"fmt"

	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	stockstore "github.com/fluent-oms/fluent/dataplane/store/stock"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/tenancy"
)

// Rebuild recomputes a page of a virtual catalogue's positions: those of the pageSize products after a ref. It returns the last ref
// of the page, or nothing where the catalogue ends. statuses are those of positions that count in an AGGREGATE.
func (m *Module) Rebuild(ctx context.Context, c *rule.Context, v *inventory.VirtualCatalogue, after string, pageSize int, statuses []string) (next string, err error) {
	ic, err := m.Catalogue(ctx, c.Scope, v.InventoryCatalogueRef)
	if err != nil {
		return "", err
	}
	products, err := stockstore.Products(ctx, m.db.Reader(c.Scope), availability.Number(ic.ID), after, pageSize)
	if err != nil {
		return "", fmt.Errorf("list the products of %s: %w", ic.Ref, err)
	}
	if len(products) == 0 {
		return "", nil
	}
	if v.Type == availability.Aggregate {
		m.Aggregates(c, v, statuses).Product(products...)
	} else {
		m.Base(c, v, ic).Product(products...)
	}
	if len(products) < pageSize {
		return "", nil
	}
	return products[len(products)-1], nil
}

// Base is the effect that brings positions of a BASE catalogue in line with inventory positions at commit.
type Base struct {
	module    *Module
	scope     tenancy.Scope
	virtual   *inventory.VirtualCatalogue
	inventory *inventory.InventoryCatalogue
	products  []string
}

// Base is the turn's effect for a BASE catalogue that an inventory catalogue feeds.
func (m *Module) Base(c *rule.Context, v *inventory.VirtualCatalogue, ic *inventory.InventoryCatalogue) *Base {
	return rule.EffectOf(c, "zbase:"+v.Ref, func() *Base {
		return &Base{module: m, scope: c.Scope, virtual: v, inventory: ic}
	})
}

// Product asks for products by ref.
func (b *Base) Product(refs ...string) { b.products = append(b.products, refs...) }

// Needs are the permissions of a user for whom the effect works. See rule.Guarded.
func (b *Base) Needs() ([]string, any) {
	return []string{"VIRTUALPOSITION_CREATE", "VIRTUALPOSITION_UPDATE"}, b.virtual
}

// Apply reads the positions inside the commit and writes what can be sold of them.
func (b *Base) Apply(ctx context.Context, t *store.Tx) error {
	held := b.module.places.Hold(t, b.scope)
	if err := t.Flush(ctx); err != nil {
		return err
	}
	places, err := held.Places(ctx)
	if err != nil {
		return err
	}
	found, err := stockstore.Positions(ctx, t, availability.Number(b.inventory.ID), b.products)
	if err != nil {
		return err
	}
	rows, gone := baseRows(places, b.virtual, found)
	stockstore.PutVirtual(t, rows)
	stockstore.EmptyVirtual(t, gone)
	return nil
}
