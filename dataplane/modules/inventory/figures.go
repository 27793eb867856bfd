package inventory

import (
	"time"

	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/inventory/load"
	"github.com/fluent-oms/fluent/domain/inventory/stock"
)

// zone is a location's own, UTC where it has none.
func (l *Load) zone(at *availability.Place) *time.Location {
	if at.Address == nil {
		return time.UTC
	}
	name := at.Address.TimeZone
	if z := l.zones[name]; z != nil {
		return z
	}
	z, err := time.LoadLocation(name)
	if err != nil {
		z = time.UTC
	}
	if l.zones == nil {
		l.zones = map[string]*time.Location{}
	}
	l.zones[name] = z
	return z
}

// capped reports whether a position is marked as one whose on hand its field cannot carry.
func capped(p *inventory.InventoryPosition) bool {
	v, _ := p.Attributes.Get(stock.Capped)
	is, _ := v.(bool)
	return is
}

// mark says of a position whose on hand its field cannot carry, or could not carry, how it is now.
func mark(e *inventory.InventoryPosition, p *load.Position) {
	e.Attributes = e.Attributes.Merge(catalogue.Attributes{{Name: stock.Capped, Type: "BOOLEAN", Value: p.Capped}})
}
