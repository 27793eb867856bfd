package sourcing

import (
	"slices"
	"time"

	"github.com/fluent-oms/fluent/domain/path"
)

// Need is what one order line still lacks.
type Need struct {
	ItemID     string // order item
	ProductRef string
	Quantity   int     // > 0
	PaidPrice  float64 // of one unit, in the order's currency
}

// Location is a place that could supply, with all its networks. What is not known of it is nil, and never counts as good.
type Location struct {
	ID             string
	Ref            string
	Type           string   // STORE, WAREHOUSE, …
	Point          *Point   // nil: no coordinates
	Networks       []string // refs
	Methods        []string // HD, CC, …: what it does; empty: everything
	NeverOpens     bool     // its calendar has no hour in which it could work on an order
	HoursUntilOpen *float64 // until it can work on an order next; 0: it is open; nil: not known
	DailyCapacity  *float64 // fulfilments that it takes in a local day; nil: not known
	CreatedToday   int      // fulfilments created on its local day that still count: not cancelled, rejected or expired
	HandlingCost   *float64 // of one fulfilment, in the unit of the criterion's rate; nil: not known
	Routes         []string // refs of the locations that replenishment goes to from here anyway
	Attributes     map[string]any
}

// Describe sets what the location's attributes say: fulfilmentMethods, dailyCapacity, handlingCost and replenishmentRoutes; expressions see
// them all. A figure that is no number, or below zero, is not known.
func (l *Location) Describe(attributes map[string]any) {
	l.Attributes = attributes
	l.Methods, l.Routes = texts(attributes["fulfilmentMethods"]), texts(attributes["replenishmentRoutes"])
	l.DailyCapacity, l.HandlingCost = positive(attributes["dailyCapacity"]), positive(attributes["handlingCost"])
}

// In reports whether the location belongs to a network.
func (l *Location) In(network string) bool { return slices.Contains(l.Networks, network) }

// does reports whether the location fulfils by a method; an empty method is any.
func (l *Location) does(method string) bool {
	return method == "" || len(l.Methods) == 0 || slices.Contains(l.Methods, method)
}

// Units is what a location holds of one product in one catalogue.
type Units struct {
	ATS           int
	SellThrough   *float64            // share of what came in that was sold, 0…1; nil: not known
	SellThroughBy map[string]*float64 // the same within the last so many days: "7", "28"
	Markdown      *float64            // percent off the list price, 0…100; nil: not known
	ReceivedOn    time.Time           // zero: not known
}

// Measure makes the units of a position from what its attributes say: sellThrough (a share, or an object of shares by days), markdownPercent
// and receivedOn. A figure out of its range is not known.
func Measure(ats int, attribute func(name string) any) Units {
	u := Units{ATS: ats, Markdown: within(attribute("markdownPercent"), 100)}
	switch v := attribute("sellThrough").(type) {
	case map[string]any:
		u.SellThroughBy = make(map[string]*float64, len(v))
		for days, share := range v {
			u.SellThroughBy[days] = within(share, 1)
		}
	default:
		u.SellThrough = within(v, 1)
	}
	if text, ok := attribute("receivedOn").(string); ok {
		for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
			if t, err := time.Parse(layout, text); err == nil {
				u.ReceivedOn = t
				break
			}
		}
	}
	return u
}

func positive(v any) *float64 {
	if f, ok := path.Number(v); ok && f >= 0 {
		return &f
	}
	return nil
}

func within(v any, most float64) *float64 {
	if f := positive(v); f != nil && *f <= most {
		return f
	}
	return nil
}

// texts reads a list of texts; one text is a list of one.
func texts(v any) []string {
	switch v := v.(type) {
	case []any:
		out := make([]string, len(v))
		for i, x := range v {
			out[i] = path.Text(x)
		}
		return out
	case []string:
		return v
	case string:
		return []string{v}
	}
	return nil
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
	Needs          []Need            // by order item id, ascending
	Method         string            // HD, CC, …: what the locations must do; empty: anything
	Destination    *Point            // delivery address, or the pickup location for collection; nil: not known
	PickupLocation string            // ref; empty for delivery
	Locations      []Location        // ACTIVE ones that are not excluded, in any order
	Excluded       map[string]string // ref → why, of locations that were left out of Locations; for explanations only
	Stock          map[string]Stock  // by virtual catalogue ref
	Live           int               // live fulfilments already there, backordered ones not counted
	Context        any               // what conditions and expressions read
}
