package store_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
)

// TestOneFlushLocksStockOnce: movements of several turns that share a commit take their locks with one statement, before any of them,
// so that the order of ids is the order of locks whatever the order of turns.
func TestOneFlushLocksStockOnce(t *testing.T) {
	t.Parallel()
	db := open(t, migratedDSN(t), store.Options{})
	seen := &store.Trace{}
	stock := store.StockScope{CatalogueID: 1, CatalogueRef: "DEFAULT:1", WorkflowRef: "INVENTORY_CATALOGUE::DEFAULT", Oversell: true}
	ctx := store.WithTrace(context.Background(), seen)
	move := func(tx *store.Tx, fulfilment string) {
		tx.ReleaseStock(stock, []string{fulfilment})
		tx.ConfirmStock(stock, []store.Confirmation{{Association: fulfilment, ProductRef: "P1", SaleID: db.NewUUID(), CorrectID: db.NewUUID()}})
	}
	require.NoError(t, db.WriteLocked(ctx, scopeOf(t, "ACME"), func(tx *store.Tx) error {
		move(tx, "1")
		move(tx, "2")
		require.NoError(t, tx.Flush(ctx))
		move(tx, "3")
		return nil
	}))
	turn := []string{"stock.release", "stock.confirm", "stock.confirmed"}
	want := append([]string{"stock.lock"}, append(turn, turn...)...)
	want = append(append(want, "stock.lock"), turn...)
	require.Equal(t, want, seen.Statements())
}
