package stock_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fluent-oms/fluent/domain/inventory/stock"
)

// TestTheDocumentedExample follows one position through count, reservation, pick, short pick.
func TestTheDocumentedExample(t *testing.T) {
	t.Parallel()
	b := stock.NewBook(map[string]int{"P": 170})
	require.Equal(t, 3, b.Apply(stock.Movement{Operation: stock.Reserve, FulfilmentID: "1", PositionRef: "P", Quantity: 3}))
	require.Equal(t, 167, b.OnHand("P"))
	b.Apply(stock.Movement{Operation: stock.ResetReserve, FulfilmentID: "1", PositionRef: "P", Quantity: 3})
	require.Equal(t, 167, b.OnHand("P"))
	b.Apply(stock.Movement{Operation: stock.Reserve, FulfilmentID: "2", PositionRef: "P", Quantity: 5})
	require.Equal(t, 162, b.OnHand("P"))
	b.Apply(stock.Movement{Operation: stock.ResetReserve, FulfilmentID: "2", PositionRef: "P", Quantity: 1})
	require.Equal(t, 162, b.OnHand("P"))
	sale, _ := b.Quantity("P", "2:SALE:P")
	correction, _ := b.Quantity("P", "2:CORRECTION:P")
	require.Equal(t, []int{-1, -4}, []int{sale.Quantity, correction.Quantity})
}

func TestOnlyActiveNewQuantitiesCount(t *testing.T) {
	t.Parallel()
	require.Equal(t, 7, stock.OnHand([]stock.Quantity{
		{Type: stock.LastOnHand, Status: stock.Active, Quantity: 10},
		{Type: stock.Reserved, Status: stock.Active, Quantity: -3, Condition: "NEW"},
		{Type: stock.Sale, Status: stock.Inactive, Quantity: -4},
		{Type: stock.Expected, Status: stock.Active, Quantity: 50},
		{Type: stock.Delta, Status: stock.Active, Quantity: 5, Condition: "DAMAGED"},
	}))
	require.Zero(t, stock.ATS(-2, stock.Active))
	require.Zero(t, stock.ATS(5, stock.Inactive))
	require.Equal(t, 5, stock.ATS(5, "AT_RISK"))
}

// TestMovements: whatever comes in whatever order and however often, on hand never falls below zero, confirming never moves
// it, and repeating a movement changes nothing.
func TestMovements(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		counted := rapid.IntRange(0, 20).Draw(t, "count")
		b := stock.NewBook(map[string]int{"P": counted})
		for range rapid.IntRange(1, 30).Draw(t, "movements") {
			m := stock.Movement{PositionRef: "P",
				Operation:    rapid.SampledFrom([]stock.Operation{stock.Reserve, stock.Unreserve, stock.ResetReserve}).Draw(t, "operation"),
				FulfilmentID: fmt.Sprint(rapid.IntRange(1, 4).Draw(t, "fulfilment"))}
			m.Quantity = rapid.IntRange(0, 8).Draw(t, "quantity")
			before := b.OnHand("P")
			b.Apply(m)
			after := b.OnHand("P")
			require.GreaterOrEqual(t, after, 0)
			require.LessOrEqual(t, after, counted)
			if m.Operation == stock.ResetReserve {
				require.Equal(t, before, after)
			}
			b.Apply(m)
			require.Equal(t, after, b.OnHand("P"), "a repeated movement")
		}
	})
}
