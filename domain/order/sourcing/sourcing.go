// Package sourcing decides from which locations the units of an order come. It is pure: everything it looks at is in the
// Request, and the same request always gives the same plan, with the reasons for it.
package sourcing

import (
	"slices"
	"time"
)

// Active is the status in which a strategy counts.
const Active = "ACTIVE"

// Need is what one order line still lacks.
type Need struct {
	ItemID     string // order item
	ProductRef string
	Quantity   int // > 0
	PaidPrice  float64
}

// Location is a place that could supply, with all its networks.
type Location struct {
	ID           string
	Ref          string
	Type         string   // STORE, WAREHOUSE, …
	Point        *Point   // nil: no coordinates
	Networks     []string // refs
	CreatedToday int      // fulfilments created on its local day that still count
	Attributes   map[string]any
}

// In reports whether the location belongs to a network.
func (l *Location) In(network string) bool { return slices.Contains(l.Networks, network) }

// Units is what a location holds of one product in one catalogue.
type Units struct {
	ATS         int
	SellThrough *float64  // 0…1
	Markdown    *float64  // percent
	ReceivedOn  time.Time // zero: unknown
}

// Stock is one virtual catalogue's positions: location ref → product ref → units. Only positions that may be sold are in it.
type Stock map[string]map[string]Units

// At finds the units of a product at a location.
func (s Stock) At(location, product string) (Units, bool) {
	u, ok := s[location][product]
	return u, ok && u.ATS > 0
}

// Put sets the units of a product at a location.
func (s Stock) Put(location, product string, u Units) {
	if s[location] == nil {
		s[location] = map[string]Units{}
	}
	s[location][product] = u
}

// Request is everything that one decision depends on.
type Request struct {
	Now            time.Time
	Needs          []Need           // by order item id, ascending
	Destination    *Point           // delivery address, or the pickup location for collection
	PickupLocation string           // ref; empty for delivery
	Locations      []Location       // ACTIVE ones that are not excluded, in any order
	Stock          map[string]Stock // by virtual catalogue ref
	Live           int              // live fulfilments already there, backordered ones not counted
	Context        any              // what conditions read
}

// Plan is a decision: the fulfilments to create, in order of rank, and what they leave open.
type Plan struct {
	Strategy    string       `json:"strategy"`
	Fulfilments []Allocation `json:"fulfilments"`
	Remaining   []Need       `json:"remaining,omitempty"`
}

// Allocation is one fulfilment of a plan.
type Allocation struct {
	Location *Location `json:"-"`
	Ref      string    `json:"location"`
	Lines    []Need    `json:"lines"`
}

// Attempt explains one strategy's part in a decision.
type Attempt struct {
	Strategy string    `json:"strategy"`
	Outcome  string    `json:"outcome"` // PLANNED, NO_COVER, NO_STOCK, or why it was skipped
	Limit    int       `json:"limit,omitempty"`
	Ranking  []Ranking `json:"ranking,omitempty"`
}

// Ranking is how one location was rated, best first.
type Ranking struct {
	Location string    `json:"location"`
	Ratings  []float64 `json:"ratings"`
	Units    int       `json:"units"` // Σ min(ATS, need)
}

// The outcomes of attempts.
const (
	Planned      = "PLANNED"
	NoCover      = "NO_COVER"   // no permitted set of locations holds everything
	NoStock      = "NO_STOCK"   // no candidate holds a needed unit
	NotActive    = "NOT_ACTIVE" //
	NotMet       = "CONDITION_NOT_MET"
	LimitReached = "SPLIT_LIMIT_REACHED"
)
