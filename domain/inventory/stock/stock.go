// Package stock holds the arithmetic of inventory: what counts as on hand, what may be sold, and what reserving, releasing and
// confirming do to a position. It is pure; the SQL that does the same set-wise is measured against it in tests.
package stock

import (
	"fmt"
	"math"
)

// The quantity types that the platform itself writes.
const (
	LastOnHand = "LAST_ON_HAND" // the last count; one per position and condition
	Delta      = "DELTA"        // a movement since the last count
	Sale       = "SALE"         // picked, still in the last count
	Correction = "CORRECTION"   // ordered but not found
	Reserved   = "RESERVED"     // promised to a fulfilment
	Expected   = "EXPECTED"     // on its way, not on hand
)

// The statuses of quantities and positions.
const (
	Created  = "CREATED"
	Active   = "ACTIVE"
	Inactive = "INACTIVE"
)

// Quantity is one record of a position.
type Quantity struct {
	Type      string
	Status    string
	Condition string // empty counts as NEW
	Quantity  int
}

// Counts reports whether a quantity is part of on hand: active, new, and of a type that moves stock.
func (q Quantity) Counts() bool {
	if q.Status != Active || q.Condition != "" && q.Condition != "NEW" {
		return false
	}
	return OnHandType(q.Type)
}

// OnHandType reports whether active quantities of the type are counted in on hand.
func OnHandType(kind string) bool {
	switch kind {
	case LastOnHand, Delta, Sale, Correction, Reserved:
		return true
	}
	return false
}

// OnHandTypes lists the types that OnHandType accepts.
func OnHandTypes() []string { return []string{LastOnHand, Reserved, Sale, Correction, Delta} }

// OnHand sums what counts. It may be negative after a count lower than the reservations.
func OnHand(quantities []Quantity) int {
	sum := 0
	for _, q := range quantities {
		if q.Counts() {
			sum += q.Quantity
		}
	}
	return Cap(sum)
}

// Capped is the attribute of a position, true or false, that tells of a sum which was more, or less, than the field can carry; without it, none was.
const Capped = "quantityCapped"

// Cap is a sum as a field of 32 bits can carry it. Whoever cuts one off says so: see Capped.
func Cap(sum int) int { return max(math.MinInt32, min(math.MaxInt32, sum)) }

// ATS is what one location may sell of on-hand stock: never negative, and nothing while the position is not active.
func ATS(onHand int, status string) int {
	if status == Inactive || status == Created {
		return 0
	}
	return max(0, onHand)
}

// Grant says how many of the asked units may be reserved from stock of which this turn has already taken some.
func Grant(onHand, taken, asked int, oversell bool) (granted int) {
	if oversell {
		return max(0, asked)
	}
	return max(0, min(asked, onHand-taken))
}

// Confirm splits a reservation of n units when its picking is known: sale and correction are the quantities to record, both zero
// or negative; together they are the reservation, so on hand does not change.
func Confirm(n, filled int) (sale, correction int) {
	sale = -max(0, min(n, filled))
	return sale, -n - sale
}

// QuantityRef is the ref of what a fulfilment does to a position: the fulfilment's id makes every operation idempotent.
func QuantityRef(fulfilmentID, kind, positionRef string) string {
	return fulfilmentID + ":" + kind + ":" + positionRef
}

// PositionRef is the ref of a product's position at a location.
func PositionRef(productRef, locationRef string) string { return productRef + ":" + locationRef }

// BaseRef is the ref of a location's virtual position in a BASE catalogue.
func BaseRef(catalogueRef, productRef, locationRef string) string {
	return catalogueRef + ":" + productRef + ":" + locationRef
}

// InventoryCatalogue is the ref of the inventory catalogue that a retailer starts with.
func InventoryCatalogue(retailer int32) string { return fmt.Sprintf("DEFAULT:%d", retailer) }
