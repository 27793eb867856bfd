package inventory_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	modules "github.com/fluent-oms/fluent/dataplane/modules/inventory"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/rule/ruletest"
	stockstore "github.com/fluent-oms/fluent/dataplane/store/stock"
	"github.com/fluent-oms/fluent/domain/inventory/stock"
)

// stockTurn makes a turn that moves stock of a catalogue for a retailer.
func (h *house) stockTurn(retailer int32, ref string, do func(ctx context.Context, s *modules.Stock) error) *ruletest.Turn {
	h.t.Helper()
	return h.turn(retailer, nil, func(ctx context.Context, c *rule.Context) error {
		s, err := h.module.Stock(ctx, c, ref)
		if err != nil {
			return err
		}
		return do(ctx, s)
	})
}

func line(product, location string, n int) modules.Line {
	return modules.Line{ProductRef: product, LocationRef: location, Quantity: n}
}

// TestStockMovesAsInTheBook: what set-wise SQL makes of reservations, releases and confirmations, several in a commit, repeated, with and without
// overselling, is what the model makes of them one by one.
func TestStockMovesAsInTheBook(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for seed := range uint64(8) {
		random := rand.New(rand.NewPCG(6, seed))
		product := []string{"P1", "P2", "P3"}[seed%3]
		places, counts := []string{"A", "B", "OUT"}, map[string]int{}
		for _, at := range places {
			counts[stock.PositionRef(product, at)] = random.IntN(12)
		}
		for at, n := range counts {
			h.load(1, "DEFAULT:1", row(product, at[len(product)+1:], n))
		}
		h.walk(random, fmt.Sprint(seed), product, places, stock.NewBook(counts))
		for ref := range counts { // the next seed begins anew
			for q, e := range h.quantities("DEFAULT:1") {
				if e.Status == stock.Active && e.Type != stock.LastOnHand && len(q) > len(ref) && q[len(q)-len(ref):] == ref {
					h.must(h.stockTurn(1, "DEFAULT:1", func(_ context.Context, s *modules.Stock) error { s.Release(e.AssociationRef, nil); return nil }))
				}
			}
		}
	}
}

// walk makes fifteen commits of one or two movements each and compares after each.
func (h *house) walk(random *rand.Rand, name, product string, places []string, book *stock.Book) {
	h.t.Helper()
	for step := range 15 {
		operation := []stock.Operation{stock.Reserve, stock.Reserve, stock.Unreserve, stock.ResetReserve}[random.IntN(4)]
		book.Oversell = operation == stock.Reserve && random.IntN(6) == 0
		var done string
		turn := h.stockTurn(1, "DEFAULT:1", func(ctx context.Context, s *modules.Stock) error {
			for range 1 + random.IntN(2) {
				fulfilment, at, n := name+"-"+fmt.Sprint(random.IntN(5)), places[random.IntN(len(places))], 1+random.IntN(6)
				done += fmt.Sprintf(" %s %s %s×%d oversell %v;", operation, fulfilment, at, n, book.Oversell)
				if err := move(ctx, s, book, operation, fulfilment, line(product, at, n), places); err != nil {
					return err
				}
			}
			return nil
		})
		h.must(turn)
		for _, at := range places {
			ref := stock.PositionRef(product, at)
			require.Contains(h.t, h.positions("DEFAULT:1"), fmt.Sprintf("%s %d ACTIVE", ref, book.OnHand(ref)), "seed %s, step %d:%s", name, step, done)
			if at != "OUT" {
				require.Contains(h.t, h.virtual("BASE:1"), fmt.Sprintf("%s@%s %d ACTIVE", product, at, stock.ATS(book.OnHand(ref), stock.Active)), "seed %s, step %d:%s", name, step, done)
			}
		}
	}
	stored := h.quantities("DEFAULT:1")
	for n := range 5 {
		for _, kind := range []string{stock.Reserved, stock.Sale, stock.Correction} {
			for _, at := range places {
				ref := stock.QuantityRef(fmt.Sprintf("%s-%d", name, n), kind, stock.PositionRef(product, at))
				want, there := book.Quantity(stock.PositionRef(product, at), ref)
				got := stored[ref]
				require.Equal(h.t, there, got != nil, ref)
				if there {
					require.Equal(h.t, want, stock.Quantity{Type: got.Type, Status: got.Status, Quantity: got.Quantity}, ref)
				}
			}
		}
	}
}

// move does one movement to the effect and to the book.
func move(ctx context.Context, s *modules.Stock, book *stock.Book, operation stock.Operation, fulfilment string, l modules.Line, places []string) error {
	ref := stock.PositionRef(l.ProductRef, l.LocationRef)
	if operation == stock.Reserve {
		if _, again := book.Quantity(ref, stock.QuantityRef(fulfilment, stock.Reserved, ref)); again {
			return nil // what a repeated reservation is granted is the first one's business; see TestAReservationIsMadeOnce
		}
		granted, err := s.Reserve(ctx, fulfilment, []modules.Line{l}, book.Oversell)
		if err == nil {
			if n := book.Apply(stock.Movement{Operation: operation, FulfilmentID: fulfilment, PositionRef: ref, Quantity: l.Quantity}); n != granted[0] {
				return fmt.Errorf("granted %d of %s, the book grants %d", granted[0], ref, n)
			}
		}
		return err
	}
	if operation == stock.Unreserve {
		s.Release(fulfilment, []modules.Line{l})
	} else {
		s.Confirm(fulfilment, []modules.Line{l})
		places = []string{l.LocationRef}
	}
	for _, at := range places { // a fulfilment that is released lets go wherever it holds something
		at := stock.PositionRef(l.ProductRef, at)
		book.Apply(stock.Movement{Operation: operation, FulfilmentID: fulfilment, PositionRef: at, Quantity: l.Quantity})
	}
	return nil
}

// TestUnitsTakenInTheSameTurnAreGone: for the next line, the next fulfilment, and at no other place.
func TestUnitsTakenInTheSameTurnAreGone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.load(1, "DEFAULT:1", row("P1", "A", 5), row("P1", "B", 4), row("P2", "A", 3))
	h.load(2, "DEFAULT:2", row("P1", "Z", 50))
	turn := h.stockTurn(1, "DEFAULT:1", func(ctx context.Context, s *modules.Stock) error {
		reserve := func(fulfilment string, want []int, lines ...modules.Line) {
			granted, err := s.Reserve(ctx, fulfilment, lines, false)
			require.NoError(t, err)
			require.Equal(t, want, granted, fulfilment)
		}
		reserve("F1", []int{2, 1, 0}, line("P1", "A", 2), line("P2", "A", 1), line("P1", "Z", 1))
		require.Equal(t, 2, s.Taken(stockstore.Key{ProductRef: "P1", LocationRef: "A"}))
		reserve("F2", []int{2, 1, 0}, line("P1", "A", 2), line("P1", "A", 2), line("P1", "A", 1))
		require.Equal(t, 5, s.Taken(stockstore.Key{ProductRef: "P1", LocationRef: "A"}))
		reserve("F3", []int{0, 4, 2}, line("P1", "A", 1), line("P1", "B", 9), line("P2", "A", 9))
		mark := s.Mark()
		reserve("F4", []int{0}, line("P1", "B", 1))
		s.Rewind(mark)
		s.Release("F9", []modules.Line{line("P1", "A", 5)})
		s.Rewind(mark)
		return nil
	})
	h.must(turn)
	require.Equal(t, []string{"P1:A 0 ACTIVE", "P1:B 0 ACTIVE", "P2:A 0 ACTIVE"}, h.positions("DEFAULT:1"))
	stored := h.quantities("DEFAULT:1")
	for ref, n := range map[string]int{"F1:RESERVED:P1:A": -2, "F1:RESERVED:P2:A": -1, "F2:RESERVED:P1:A": -3, "F3:RESERVED:P1:B": -4, "F3:RESERVED:P2:A": -2} {
		require.Equal(t, n, stored[ref].Quantity, ref)
		require.Equal(t, ref[:2], stored[ref].AssociationRef)
	}
	require.Len(t, stored, 3+5)
	require.Equal(t, []string{"P1:Z 50 ACTIVE"}, h.positions("DEFAULT:2"), "the other retailer's catalogue")
}

// TestRewoundUnitsAreThereAgain: a ruleset that ended badly took nothing.
func TestRewoundUnitsAreThereAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.load(1, "DEFAULT:1", row("P1", "A", 5))
	h.must(h.stockTurn(1, "DEFAULT:1", func(ctx context.Context, s *modules.Stock) error {
		mark := s.Mark()
		_, err := s.Reserve(ctx, "F1", []modules.Line{line("P1", "A", 4)}, false)
		require.NoError(t, err)
		s.Rewind(mark)
		granted, err := s.Reserve(ctx, "F2", []modules.Line{line("P1", "A", 4)}, false)
		require.Equal(t, []int{4}, granted)
		return err
	}))
	require.NotContains(t, h.quantities("DEFAULT:1"), "F1:RESERVED:P1:A")
	require.Equal(t, []string{"P1:A 1 ACTIVE"}, h.positions("DEFAULT:1"))
}

// TestAReservationIsMadeOnce: the second says the same and takes nothing.
func TestAReservationIsMadeOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.load(1, "DEFAULT:1", row("P1", "A", 5))
	for range 2 {
		h.must(h.stockTurn(1, "DEFAULT:1", func(ctx context.Context, s *modules.Stock) error {
			_, err := s.Reserve(ctx, "F1", []modules.Line{line("P1", "A", 2)}, false)
			return err
		}))
	}
	require.Equal(t, []string{"P1:A 3 ACTIVE"}, h.positions("DEFAULT:1"))
}

// TestTheLastTryTakesNothingMore: figures have proved to move faster than the turn. Who may oversell needs no figures.
func TestTheLastTryTakesNothingMore(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.load(1, "DEFAULT:1", row("P1", "A", 5))
	turn := h.stockTurn(1, "DEFAULT:1", func(ctx context.Context, s *modules.Stock) error {
		s.LastTry()
		granted, err := s.Reserve(ctx, "F1", []modules.Line{line("P1", "A", 1)}, false)
		require.NoError(t, err)
		require.Equal(t, []int{0}, granted)
		granted, err = s.Reserve(ctx, "F2", []modules.Line{line("P1", "A", 7), line("P9", "A", 1)}, true)
		require.Equal(t, []int{7, 0}, granted, "what has no position cannot be oversold")
		return err
	})
	h.must(turn)
	require.Equal(t, []string{"P1:A -2 ACTIVE"}, h.positions("DEFAULT:1"))
	require.Equal(t, []string{"P1@A 0 ACTIVE"}, h.virtual("BASE:1"))
}

// TestAShortfallTakesNothing: two turns decide on the same units; the commit of the second fails as a whole.
func TestAShortfallTakesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.load(1, "DEFAULT:1", row("P1", "A", 5), row("P2", "A", 5))
	turn := func(fulfilment string) *ruletest.Turn {
		return h.stockTurn(1, "DEFAULT:1", func(ctx context.Context, s *modules.Stock) error {
			granted, err := s.Reserve(ctx, fulfilment, []modules.Line{line("P2", "A", 1), line("P1", "A", 3)}, false)
			require.Equal(t, []int{1, 3}, granted)
			return err
		})
	}
	first, second := turn("F1"), turn("F2")
	require.Equal(t, []string{"AGG:1/1 P1 P2"}, announced(h.must(first)))
	_, err := h.commit(second)
	require.ErrorIs(t, err, rule.ErrShortfall)
	require.Equal(t, []string{"P1:A 2 ACTIVE", "P2:A 4 ACTIVE"}, h.positions("DEFAULT:1"))
	require.NotContains(t, h.quantities("DEFAULT:1"), "F2:RESERVED:P2:A")
}

// TestMovesOfATurnAreTakenInTheirOrder: what is released first can be taken by those that may oversell, and what is taken first is released.
func TestMovesOfATurnAreTakenInTheirOrder(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.load(1, "DEFAULT:1", row("P1", "A", 5))
	h.must(h.stockTurn(1, "DEFAULT:1", func(ctx context.Context, s *modules.Stock) error {
		for n, oversell := range []bool{false, true} {
			_, err := s.Reserve(ctx, fmt.Sprint("F", n), []modules.Line{line("P1", "A", 4)}, oversell)
			require.NoError(t, err)
		}
		s.Release("F0", nil)
		s.Confirm("F1", []modules.Line{line("P1", "A", 3)})
		return nil
	}))
	require.Equal(t, []string{"P1:A 1 ACTIVE"}, h.positions("DEFAULT:1"))
	stored := h.quantities("DEFAULT:1")
	require.Equal(t, stock.Inactive, stored["F0:RESERVED:P1:A"].Status)
	require.Equal(t, []int{-3, -1}, []int{stored["F1:SALE:P1:A"].Quantity, stored["F1:CORRECTION:P1:A"].Quantity})

	h.load(1, "DEFAULT:1", row("P2", "B", 5))
	h.must(h.stockTurn(1, "DEFAULT:1", func(ctx context.Context, s *modules.Stock) error {
		_, err := s.Reserve(ctx, "F5", []modules.Line{line("P2", "B", 1)}, false)
		require.NoError(t, err)
		s.Release("F6", nil)
		_, err = s.Reserve(ctx, "F6", []modules.Line{line("P2", "B", 2)}, false)
		return err
	}))
	require.Equal(t, stock.Active, h.quantities("DEFAULT:1")["F6:RESERVED:P2:B"].Status, "what is reserved after a release is not released by it")
	require.Contains(t, h.positions("DEFAULT:1"), "P2:B 2 ACTIVE")
}

// TestAggregatesHearOfWhatTheirNetworkHolds: B is in the second network only, OUT in none, and confirming moves nothing.
func TestAggregatesHearOfWhatTheirNetworkHolds(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.load(1, "DEFAULT:1", row("P1", "A", 5), row("P2", "B", 5), row("P3", "OUT", 5))
	do := func(f func(ctx context.Context, s *modules.Stock) error) []string {
		t.Helper()
		return announced(h.must(h.stockTurn(1, "DEFAULT:1", f)))
	}
	everything := []modules.Line{line("P1", "A", 2), line("P2", "B", 2), line("P3", "OUT", 2)}
	require.Equal(t, []string{"AGG:1/1 P1"}, do(func(ctx context.Context, s *modules.Stock) error {
		_, err := s.Reserve(ctx, "F1", everything, false)
		return err
	}))
	require.Empty(t, do(func(ctx context.Context, s *modules.Stock) error {
		s.Confirm("F1", []modules.Line{line("P1", "A", 2)})
		return nil
	}))
	require.Equal(t, []string{"AGG:1/1 P1"}, do(func(ctx context.Context, s *modules.Stock) error { s.Release("F1", everything); return nil }))
	require.Empty(t, do(func(ctx context.Context, s *modules.Stock) error { s.Release("F1", everything[1:]); return nil }))
}

// TestAFulfilmentIsConfirmedWhereItFoundWhat: it holds units at two places and of two products; what nobody speaks of stays reserved.
func TestAFulfilmentIsConfirmedWhereItFoundWhat(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.load(1, "DEFAULT:1", row("P1", "A", 5), row("P1", "B", 5), row("P2", "A", 5))
	h.must(h.stockTurn(1, "DEFAULT:1", func(ctx context.Context, s *modules.Stock) error {
		_, err := s.Reserve(ctx, "F1", []modules.Line{line("P1", "A", 4), line("P1", "B", 3), line("P2", "A", 2)}, false)
		return err
	}))
	h.must(h.stockTurn(1, "DEFAULT:1", func(_ context.Context, s *modules.Stock) error {
		s.Confirm("F1", []modules.Line{line("P1", "A", 1), line("P1", "A", 2), line("P1", "B", 0)})
		s.Confirm("F1", []modules.Line{line("P1", "A", 4), line("P1", "B", 3), line("P1", "OUT", 4)})
		return nil
	}))
	stored := h.quantities("DEFAULT:1")
	for ref, want := range map[string]int{"F1:SALE:P1:A": -3, "F1:CORRECTION:P1:A": -1, "F1:CORRECTION:P1:B": -3} {
		require.NotNil(t, stored[ref], ref)
		require.Equal(t, want, stored[ref].Quantity, "%s: two lines of one position are one, and the first word holds", ref)
	}
	require.Len(t, stored, 3+3+3)
	for at, want := range map[string]string{"P1:A": stock.Inactive, "P1:B": stock.Inactive, "P2:A": stock.Active} {
		require.Equal(t, want, stored["F1:RESERVED:"+at].Status, at)
	}
	require.Equal(t, []string{"P1:A 1 ACTIVE", "P1:B 2 ACTIVE", "P2:A 3 ACTIVE"}, h.positions("DEFAULT:1"), "on hand stays")
	found, err := stockstore.Ledger(t.Context(), h.db, h.scope)
	require.NoError(t, err)
	for _, d := range found {
		require.NotContains(t, d.Check, "on hand", d.String())
	}
}
