package sourcing

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Inbound is units of a product that are on their way to a location.
type Inbound struct {
	Ref         string // of the expected quantity
	LocationRef string
	ProductRef  string
	Free        int       // units that nobody has reserved yet
	ExpectedOn  time.Time // zero: not known, which is later than any date
}

// Backorders is what may wait, and for what.
type Backorders struct {
	Enabled bool            // BACKORDER_ENABLED
	Never   map[string]bool // products whose attribute backorderable is false
	Inbound []Inbound       // in any order
}

// Awaited is a fulfilment that waits for inbound stock at a location.
type Awaited struct {
	LocationRef string
	Lines       []Need
	From        []Reservation
	ExpectedOn  time.Time // of the latest unit; zero: not known
}

// Reservation is units of an order line that are reserved on an expected quantity.
type Reservation struct {
	Inbound  string // ref of the expected quantity
	ItemID   string // order item
	Quantity int
}

// Rest is what becomes of units that cannot be supplied now.
type Rest struct {
	Awaited []Awaited // by the date of the first unit
	Waiting []Need    // may wait, and nothing is on its way: the line's backorderQuantity
	Refused []Need    // may not wait: nobody can supply them
}

// Backorder shares what remains of a plan out: each line takes the inbound units that come first, at as many places as it needs, and places
// that wait do not count against a split limit.
func (b *Backorders) Backorder(remaining []Need) Rest {
	var out Rest
	inbound := slices.Clone(b.Inbound)
	slices.SortFunc(inbound, sooner)
	for _, n := range remaining {
		if !b.Enabled || b.Never[n.ProductRef] {
			out.Refused = append(out.Refused, n)
			continue
		}
		for i := range inbound {
			in := &inbound[i]
			units := min(in.Free, n.Quantity)
			if in.ProductRef != n.ProductRef || units <= 0 {
				continue
			}
			in.Free -= units
			n.Quantity -= units
			out.await(in, n, units)
		}
		if n.Quantity > 0 {
			out.Waiting = append(out.Waiting, n)
		}
	}
	return out
}

// await adds units of a line to the fulfilment at the inbound's location.
func (r *Rest) await(in *Inbound, line Need, units int) {
	i := slices.IndexFunc(r.Awaited, func(a Awaited) bool { return a.LocationRef == in.LocationRef })
	if i < 0 {
		i = len(r.Awaited)
		r.Awaited = append(r.Awaited, Awaited{LocationRef: in.LocationRef, ExpectedOn: in.ExpectedOn})
	}
	a := &r.Awaited[i]
	if k := slices.IndexFunc(a.Lines, func(n Need) bool { return n.ItemID == line.ItemID }); k >= 0 {
		a.Lines[k].Quantity += units
	} else {
		line.Quantity = units
		a.Lines = append(a.Lines, line)
	}
	a.From = append(a.From, Reservation{in.Ref, line.ItemID, units})
	if later(in.ExpectedOn, a.ExpectedOn) > 0 {
		a.ExpectedOn = in.ExpectedOn
	}
}

func sooner(a, b Inbound) int {
	return cmp.Or(later(a.ExpectedOn, b.ExpectedOn), strings.Compare(a.LocationRef, b.LocationRef), strings.Compare(a.Ref, b.Ref))
}

// later compares dates of which zero is later than any.
func later(a, b time.Time) int {
	switch {
	case a.IsZero() && b.IsZero():
		return 0
	case a.IsZero():
		return 1
	case b.IsZero():
		return -1
	}
	return a.Compare(b)
}

// Backordered reports whether an order as a whole is: something of it waits, and no other fulfilment is live.
func (r *Rest) Backordered(live int) bool { return live == 0 && len(r.Awaited)+len(r.Waiting) > 0 }

// Waiter is an order that waits for a product.
type Waiter struct {
	OrderRef  string
	Tier      string // of its customer
	CreatedOn time.Time
}

// Queue puts those who wait in the order in which they are served: tiers that BACKORDER_PRIORITY lists before others, in its order; then the
// oldest first.
func Queue(waiters []Waiter, tiers []string) {
	place := func(w Waiter) int {
		if i := slices.Index(tiers, w.Tier); i >= 0 {
			return i
		}
		return len(tiers)
	}
	slices.SortFunc(waiters, func(a, b Waiter) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), a.CreatedOn.Compare(b.CreatedOn), strings.Compare(a.OrderRef, b.OrderRef))
	})
}

// Preorder reports whether an order is held until something is released, and until when: the latest release of its products that is still to
// come. An order of type PREORDER without such a date waits for an event, and until is zero.
func Preorder(orderType string, releases []time.Time, now time.Time) (held bool, until time.Time) {
	for _, on := range releases {
		if on.After(now) && on.After(until) {
			until = on
		}
	}
	return orderType == "PREORDER" || !until.IsZero(), until
}
