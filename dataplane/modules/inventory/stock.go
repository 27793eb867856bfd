package inventory

import (
	"context"
	"fmt"

	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	stockstore "github.com/fluent-oms/fluent/dataplane/store/stock"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/inventory/stock"
	"github.com/fluent-oms/fluent/tenancy"
)

// Stock is the effect through which a turn moves the stock of one inventory catalogue. Figures are read once per turn; what the
// turn has taken already is counted off.
type Stock struct {
	cause
	module    *Module
	scope     tenancy.Scope
	catalogue *inventory.InventoryCatalogue
	figures   map[stockstore.Key]stockstore.Figure
	asked     map[stockstore.Key]bool // keys that were looked up, also in vain
	moves     []move
	last      bool
}

// move is one thing that the commit will do.
type move struct {
	operation   stock.Operation
	fulfilment  string
	key         stockstore.Key
	figure      stockstore.Figure
	quantity    int
	filled      map[stockstore.Key]int // ResetReserve: units found
	oversell    bool
	touchedKeys []stockstore.Key // Unreserve: where units come back
}

var (
	_ rule.LastTrier = (*Stock)(nil)
	_ rule.Rewinder  = (*Stock)(nil)
	_ rule.Guarded   = (*Stock)(nil)
)

// Stock is the turn's stock effect for an inventory catalogue.
func (m *Module) Stock(ctx context.Context, c *rule.Context, catalogueRef string) (*Stock, error) {
	ic, err := m.Catalogue(ctx, c.Scope, catalogueRef)
	if err != nil {
		return nil, err
	}
	s := rule.EffectOf(c, "stock:"+catalogueRef, func() *Stock {
		return &Stock{module: m, scope: c.Scope, cause: cause{retailer: c.Event.RetailerID}, catalogue: ic,
			figures: map[stockstore.Key]stockstore.Figure{}, asked: map[stockstore.Key]bool{}}
	})
	s.also(c.Event)
	return s, nil
}

// LastTry makes the effect cautious: it reserves nothing more, since figures have proved to move faster than the turn.
func (s *Stock) LastTry() { s.last = true }

// Mark names how much was asked for so far.
func (s *Stock) Mark() any { return len(s.moves) }

// Rewind forgets what was asked for since.
func (s *Stock) Rewind(mark any) { s.moves = s.moves[:mark.(int)] }

// Know gives the effect figures that the turn has read anyway, such as those behind the positions that sourcing looked at.
func (s *Stock) Know(key stockstore.Key, f stockstore.Figure) {
	if !s.asked[key] {
		s.asked[key] = true
		if f.ID != "" {
			s.figures[key] = f
		}
	}
}

// Line is a quantity of a product at a location.
type Line struct {
	ProductRef  string
	LocationRef string
	Quantity    int
}

func (l Line) key() stockstore.Key {
	return stockstore.Key{ProductRef: l.ProductRef, LocationRef: l.LocationRef}
}

// Reserve promises units to a fulfilment and returns how many of each line it got: less where less is on hand, unless oversell.
// Lines of one product share one reservation.
func (s *Stock) Reserve(ctx context.Context, fulfilmentID string, lines []Line, oversell bool) ([]int, error) {
	if err := s.read(ctx, lines); err != nil {
		return nil, err
	}
	granted := make([]int, len(lines))
	sums := map[stockstore.Key]int{}
	var order []stockstore.Key
	for i, l := range lines {
		f, known := s.figures[l.key()]
		if !known || s.last && !oversell {
			continue
		}
		granted[i] = stock.Grant(f.OnHand, s.Taken(l.key())+sums[l.key()], l.Quantity, oversell)
		if granted[i] > 0 && sums[l.key()] == 0 {
			order = append(order, l.key())
		}
		sums[l.key()] += granted[i]
	}
	for _, k := range order {
		s.moves = append(s.moves, move{operation: stock.Reserve, fulfilment: fulfilmentID, key: k, figure: s.figures[k], quantity: sums[k], oversell: oversell})
	}
	return granted, nil
}

// Release gives back all that a fulfilment still holds. lines say where that is, for those who watch availability.
func (s *Stock) Release(fulfilmentID string, lines []Line) {
	m := move{operation: stock.Unreserve, fulfilment: fulfilmentID}
	for _, l := range lines {
		m.touchedKeys = append(m.touchedKeys, l.key())
	}
	s.moves = append(s.moves, m)
}

// Confirm turns a fulfilment's reservations where lines say into sales of what was found there, the lines' quantities, and corrections
// for the rest. On hand stays, and so do reservations that no line speaks of.
func (s *Stock) Confirm(fulfilmentID string, found []Line) {
	m := move{operation: stock.ResetReserve, fulfilment: fulfilmentID, filled: map[stockstore.Key]int{}}
	for _, l := range found {
		m.filled[l.key()] += l.Quantity
	}
	s.moves = append(s.moves, m)
}

// Taken is what this turn has reserved of a position already.
func (s *Stock) Taken(k stockstore.Key) int {
	sum := 0
	for _, m := range s.moves {
		if m.operation == stock.Reserve && m.key == k {
			sum += m.quantity
		}
	}
	return sum
}

func (s *Stock) read(ctx context.Context, lines []Line) error {
	var keys []stockstore.Key
	for _, l := range lines {
		if !s.asked[l.key()] {
			s.asked[l.key()] = true
			keys = append(keys, l.key())
		}
	}
	if len(keys) == 0 {
		return nil
	}
	found, err := stockstore.Figures(ctx, s.module.db.Reader(s.scope), stockScope(s.catalogue).CatalogueID, keys)
	if err != nil {
		return fmt.Errorf("read stock: %w", err)
	}
	for k, f := range found {
		s.figures[k] = f
	}
	return nil
}

// Needs are the permissions of a user for whom the effect works. See rule.Guarded.
func (s *Stock) Needs() ([]string, any) {
	return []string{"INVENTORYQUANTITY_CREATE", "INVENTORYQUANTITY_UPDATE", "INVENTORYPOSITION_UPDATE"}, s.catalogue
}

// Apply takes the stock, in the order in which it was asked for, and tells the aggregate catalogues.
func (s *Stock) Apply(ctx context.Context, t *store.Tx) error {
	changed := map[string][]string{}
	for from, to := 0, 0; from < len(s.moves); from = to {
		for to = from + 1; to < len(s.moves) && s.moves[to].operation == s.moves[from].operation && s.moves[to].oversell == s.moves[from].oversell; {
			to++
		}
		s.apply(t, s.moves[from:to], changed)
	}
	if len(changed) == 0 {
		return nil
	}
	places, err := s.module.places.Places(ctx, s.scope)
	if err != nil {
		return err
	}
	announce(t, s.module.aggregateEvents(places, s.catalogue.Ref, s.cause, changed))
	return nil
}

// apply queues moves of one operation.
func (s *Stock) apply(t *store.Tx, moves []move, changed map[string][]string) {
	scope := stockScope(s.catalogue)
	scope.Oversell = moves[0].oversell
	switch moves[0].operation {
	case stock.Reserve:
		stockstore.Reserve(t, scope, s.reservations(moves, changed), rule.ErrShortfall)
	case stock.Unreserve:
		ids := make([]string, len(moves))
		for i, m := range moves {
			ids[i] = m.fulfilment
			for _, k := range m.touchedKeys {
				changed[k.LocationRef] = append(changed[k.LocationRef], k.ProductRef)
			}
		}
		stockstore.Release(t, scope, ids)
	case stock.ResetReserve:
		stockstore.Confirm(t, scope, s.confirmations(moves))
	}
}

// confirmations are what moves confirm; what was confirmed is not confirmed again.
func (s *Stock) confirmations(moves []move) []stockstore.Confirmation {
	type held struct {
		fulfilment string
		key        stockstore.Key
	}
	done := map[held]bool{}
	var list []stockstore.Confirmation
	for _, m := range moves {
		for k, n := range m.filled {
			if h := (held{m.fulfilment, k}); !done[h] {
				done[h] = true
				list = append(list, stockstore.Confirmation{Association: m.fulfilment, ProductRef: k.ProductRef, LocationRef: k.LocationRef, Filled: n,
					SaleID: s.module.id(), CorrectID: s.module.id()})
			}
		}
	}
	return list
}

func (s *Stock) reservations(moves []move, changed map[string][]string) []stockstore.Reservation {
	list := make([]stockstore.Reservation, len(moves))
	for i, m := range moves {
		list[i] = stockstore.Reservation{QuantityID: s.module.id(), Ref: stock.QuantityRef(m.fulfilment, stock.Reserved, m.figure.Ref),
			PositionID: m.figure.ID, Association: m.fulfilment, Quantity: m.quantity}
		changed[m.key.LocationRef] = append(changed[m.key.LocationRef], m.key.ProductRef)
	}
	return list
}
