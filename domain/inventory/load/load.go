// Package load decides what a batch of inventory rows does to the positions that exist: which quantities appear, change or fall
// away, and what each row's outcome is. It is pure; reading and writing are the inventory module's.
package load

import (
	"time"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/inventory/stock"
)

// Row is one record of a batch, parsed. A Problem makes it fail without looking further.
type Row struct {
	ProductRef   string               `json:"p"`
	LocationRef  string               `json:"l"`
	Retailer     string               `json:"n,omitempty"` // as the record names it; empty: the batch's
	Quantity     int                  `json:"q"`
	Type         string               `json:"t,omitempty"` // empty: LAST_ON_HAND
	Status       string               `json:"s,omitempty"` // of the quantity
	Ref          string               `json:"r,omitempty"` // of the quantity; empty: made from type and position
	ExternalRef  string               `json:"x,omitempty"`
	Condition    string               `json:"c,omitempty"`
	StorageArea  string               `json:"a,omitempty"`
	Supplier     string               `json:"u,omitempty"`
	AsOf         time.Time            `json:"o,omitzero"`  // time of count; zero: time of receipt
	AsOfText     string               `json:"z,omitempty"` // of a time of count that names no zone, as it was given: AsOf reads it in UTC until In does
	Effective    time.Time            `json:"f,omitzero"`  // from when it counts; zero: at once
	ExpectedOn   time.Time            `json:"e,omitzero"`
	ExpiresOn    time.Time            `json:"d,omitzero"`
	Attributes   catalogue.Attributes `json:"m,omitempty"`
	Note         string               `json:"w,omitempty"`  // how a value was understood that can be understood in several ways
	Problem      string               `json:"b,omitempty"`  // why the row was refused when it was read
	ProblemField string               `json:"bf,omitempty"` // member at fault
}

// The outcomes of rows.
const (
	OutcomeCreated   = "CREATED"   // the position is new
	OutcomeUpdated   = "UPDATED"   //
	OutcomeUnchanged = "UNCHANGED" // the value was already there
	OutcomeStale     = "STALE"     // a later count is known
	OutcomeFailed    = "FAILED"    //
)

// Outcome is what became of one row.
type Outcome struct {
	Row       int    `json:"row"` // index in the batch
	Outcome   string `json:"outcome"`
	EntityID  string `json:"entityId,omitempty"` // position
	EntityRef string `json:"entityRef,omitempty"`
	Code      string `json:"code,omitempty"`
	Field     string `json:"field,omitempty"`
	Message   string `json:"message,omitempty"` // why it failed, else the row's Note
}

// Quantity is a stored or coming quantity of a position.
type Quantity struct {
	ID          string // empty: new
	Ref         string
	Type        string
	Status      string
	Condition   string
	Quantity    int
	AsOf        time.Time // of a count
	CreatedOn   time.Time
	StorageArea string
	Supplier    string
	ExpectedOn  time.Time
	ExpiresOn   time.Time
	Attributes  catalogue.Attributes
	Changed     bool // to be written
}

// Position is a position as stored, or a new one, with the quantities that matter to a load.
type Position struct {
	ID          string // empty: new
	Ref         string
	ProductRef  string
	LocationRef string
	Status      string
	OnHand      int
	Capped      bool // on hand is more, or less, than the field can carry
	Quantities  []*Quantity
	OldOnHand   int    // as stored
	OldStatus   string // as stored
	OldCapped   bool   // as stored
	Touched     bool   // a row changed something
}

// Moved reports whether virtual positions must follow: on hand or status changed, or the position is new.
func (p *Position) Moved() bool {
	return p.ID == "" || p.OnHand != p.OldOnHand || p.Status != p.OldStatus || p.Capped != p.OldCapped
}

// Known is what is stored about the products, locations and positions that a batch names.
type Known struct {
	Locations map[string]string    // ref → status; absent: unknown
	Products  map[string]string    // ref → status; absent: not there yet
	Positions map[string]*Position // by the ref that product and location make, which need not be theirs; Merge adds new ones
	Refs      map[string]string    // of quantities → their position's ref, empty where it is none of Positions; Merge adds new ones
	Taken     map[string]Place     // refs that new positions would get and that others have: whose they are; see Makes
}

// Place is a product at a location: what a position is about.
type Place struct{ ProductRef, LocationRef string }

// PositionStatus is a position's status from its master data: CREATED until the product is known, INACTIVE while the product or
// the location is, else ACTIVE.
func (k *Known) PositionStatus(productRef, locationRef string) string {
	product, known := k.Products[productRef]
	switch {
	case !known:
		return stock.Created
	case product == stock.Inactive || k.Locations[locationRef] == stock.Inactive:
		return stock.Inactive
	}
	return stock.Active
}
