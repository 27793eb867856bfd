package sourcing

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Policy is what a customer, or an order's attribute shipPolicy, wants of an order in several parts.
type Policy string

// The policies.
const (
	ShipPartial          Policy = "PARTIAL"            // each fulfilment leaves when it is ready; so it is where none is given
	ShipComplete         Policy = "COMPLETE"           // nothing leaves until all live fulfilments are ready
	ShipCompleteOrCancel Policy = "COMPLETE_OR_CANCEL" // the same, and if a unit can finally not be had, the whole order is cancelled
	ShipOneParcel        Policy = "ONE_PARCEL"         // the same as COMPLETE, and all parcels are first brought to one place
)

// ParsePolicy reads a policy; empty is PARTIAL.
func ParsePolicy(text string) (Policy, error) {
	switch p := Policy(text); p {
	case "":
		return ShipPartial, nil
	case ShipPartial, ShipComplete, ShipCompleteOrCancel, ShipOneParcel:
		return p, nil
	}
	return "", fmt.Errorf("unknown shipPolicy %q: PARTIAL, COMPLETE, COMPLETE_OR_CANCEL or ONE_PARCEL", text)
}

// MayLeave reports whether what is ready of an order, or of its choice, may leave: so many live fulfilments are ready, of so many.
func (p Policy) MayLeave(ready, live int) bool {
	return ready > 0 && (p == ShipPartial || ready == live)
}

// Cancels reports whether the whole order is to be cancelled since so many of its units can finally not be had.
func (p Policy) Cancels(unfulfillable int) bool {
	return p == ShipCompleteOrCancel && unfulfillable > 0
}

// Gathers reports whether so many live fulfilments are to be brought to one place.
func (p Policy) Gathers(live int) bool { return p == ShipOneParcel && live > 1 }

// Where a split order is brought together.
const (
	AtDC      = "DC"      // the best ranked warehouse of the plan, else the nearest one to the destination
	AtPickup  = "PICKUP"  // the pickup location
	AtLargest = "LARGEST" // the place of the plan that supplies most units; of equals the better ranked
)

// Consolidation brings the fulfilments of a plan to one place, which packs them together. The goods are sold already: legs move no stock.
type Consolidation struct {
	At   string `json:"at"` // location ref
	Legs []Leg  `json:"legs,omitempty"`
}

// Leg is goods on their way between two places.
type Leg struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Lines []Need `json:"lines"`
}

// Consolidate says which legs a plan needs so that all comes together at a place of a kind: DC, PICKUP or LARGEST. What is there already needs
// none. It fails where there is no such place.
func Consolidate(plan *Plan, kind string, r *Request) (*Consolidation, error) {
	at, err := gathering(plan, kind, r)
	if err != nil {
		return nil, err
	}
	out := &Consolidation{At: at}
	for _, a := range plan.Fulfilments {
		if a.Ref != at {
			out.Legs = append(out.Legs, Leg{From: a.Ref, To: at, Lines: a.Lines})
		}
	}
	return out, nil
}

func gathering(plan *Plan, kind string, r *Request) (string, error) {
	switch kind {
	case AtPickup:
		if r.PickupLocation == "" {
			return "", errors.New("consolidate at PICKUP: the order is not collected")
		}
		return r.PickupLocation, nil
	case AtLargest:
		return largest(plan)
	case AtDC:
		return warehouse(plan, r)
	}
	return "", fmt.Errorf("consolidate at %q: DC, PICKUP or LARGEST", kind)
}

func largest(plan *Plan) (ref string, err error) {
	most := 0
	for _, a := range plan.Fulfilments {
		units := 0
		for _, l := range a.Lines {
			units += l.Quantity
		}
		if units > most {
			ref, most = a.Ref, units
		}
	}
	if ref == "" {
		return "", errors.New("consolidate at LARGEST: there is no fulfilment")
	}
	return ref, nil
}

func warehouse(plan *Plan, r *Request) (string, error) {
	isDC := func(l *Location) bool {
		return l != nil && slices.Contains([]string{"WAREHOUSE", "DC"}, strings.ToUpper(l.Type)) && !l.NeverOpens
	}
	for _, a := range plan.Fulfilments {
		if isDC(a.Location) {
			return a.Ref, nil
		}
	}
	best, nearest := "", math.Inf(1)
	for i := range r.Locations {
		l := &r.Locations[i]
		if !isDC(l) {
			continue
		}
		km := math.MaxFloat64 // of which nothing is known: behind all others
		if l.Point != nil && r.Destination != nil {
			km = Kilometres(*r.Destination, *l.Point)
		}
		if best == "" || km < nearest || km == nearest && l.Ref < best {
			best, nearest = l.Ref, km
		}
	}
	if best == "" {
		return "", errors.New("consolidate at DC: there is no warehouse")
	}
	return best, nil
}
