package stock_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/inventory/stock"
)

func TestGrants(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		onHand, taken, asked int
		oversell             bool
		want                 int
	}{
		{10, 0, 10, false, 10}, {10, 0, 11, false, 10}, {10, 4, 7, false, 6}, {10, 10, 1, false, 0}, {10, 12, 1, false, 0}, {-3, 0, 1, false, 0}, {10, 0, -2, false, 0},
		{0, 0, 5, true, 5}, {-3, 9, 5, true, 5}, {10, 0, -2, true, 0},
	} {
		require.Equal(t, c.want, stock.Grant(c.onHand, c.taken, c.asked, c.oversell), "%+v", c)
	}
}

func TestConfirmations(t *testing.T) {
	t.Parallel()
	for _, c := range [][4]int{{5, 5, -5, 0}, {5, 1, -1, -4}, {5, 0, 0, -5}, {5, 9, -5, 0}, {5, -1, 0, -5}, {0, 3, 0, 0}} {
		sale, correction := stock.Confirm(c[0], c[1])
		require.Equal(t, []int{c[2], c[3]}, []int{sale, correction}, "%d reserved, %d found", c[0], c[1])
	}
}

func TestWhatIsOnHand(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{stock.LastOnHand, stock.Delta, stock.Sale, stock.Correction, stock.Reserved} {
		require.Contains(t, stock.OnHandTypes(), kind)
		require.True(t, stock.Quantity{Type: kind, Status: stock.Active}.Counts(), kind)
		require.True(t, stock.Quantity{Type: kind, Status: stock.Active, Condition: "NEW"}.Counts(), kind)
		require.False(t, stock.Quantity{Type: kind, Status: stock.Active, Condition: "USED"}.Counts(), kind)
		require.False(t, stock.Quantity{Type: kind, Status: stock.Inactive}.Counts(), kind)
		require.False(t, stock.Quantity{Type: kind}.Counts(), "%s without a status", kind)
	}
	require.Len(t, stock.OnHandTypes(), 5)
	require.False(t, stock.OnHandType(stock.Expected))
	for status, want := range map[string]int{stock.Created: 0, stock.Inactive: 0, stock.Active: 5, "AT_RISK": 5} {
		require.Equal(t, want, stock.ATS(5, status), status)
	}
	require.Equal(t, []string{"F:SALE:P:A", "P:A", "BASE:1:P:A", "DEFAULT:7"},
		[]string{stock.QuantityRef("F", stock.Sale, "P:A"), stock.PositionRef("P", "A"), stock.BaseRef("BASE:1", "P", "A"), stock.InventoryCatalogue(7)})
}
