package stock_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/stock"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/dataplane/store/trails"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
)

// TestOneFlushLocksStockOnce: movements of several turns that share a commit take their locks with one statement, before any of them,
// so that the order of ids is the order of locks whatever the order of turns.
func TestOneFlushLocksStockOnce(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, dbtest.Template(t, "store", storetest.Migrate), store.Options{})
	seen := &store.Trace{}
	place := stock.Scope{CatalogueID: 1, CatalogueRef: "DEFAULT:1", WorkflowRef: "INVENTORY_CATALOGUE::DEFAULT", Oversell: true}
	ctx := store.WithTrace(context.Background(), seen)
	move := func(tx *store.Tx, fulfilment string) {
		stock.Release(tx, place, []string{fulfilment})
		stock.Confirm(tx, place, []stock.Confirmation{{Association: fulfilment, ProductRef: "P1", LocationRef: "L1", SaleID: db.NewUUID(), CorrectID: db.NewUUID()}})
	}
	require.NoError(t, db.WriteLocked(ctx, storetest.ScopeOf(t, "ACME"), func(tx *store.Tx) error {
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

// TestTurnsThatShareACommitShareItsStatements: what several turns reserve, append, finish and record is one statement of each kind, and
// travels with the commit; where one of them comes up short nothing is done for any.
func TestTurnsThatShareACommitShareItsStatements(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, dbtest.Template(t, "store", storetest.Migrate), store.Options{})
	scope := storetest.ScopeOf(t, "ACME")
	seen := &store.Trace{}
	ctx := store.WithTrace(context.Background(), seen)
	p := &inventory.InventoryPosition{Ref: "P1:A", ProductRef: "P1", LocationRef: "A", OnHand: 5, CatalogueID: "1"}
	p.ID, p.Type, p.Status = db.NewUUID(), "DEFAULT", "ACTIVE"
	waiting := []*workflow.Event{eventOf(db, "1"), eventOf(db, "2")}
	require.NoError(t, db.Write(context.Background(), scope, func(tx *store.Tx) error {
		tx.Insert(p)
		events.Append(tx, waiting...)
		return nil
	}))
	place := stock.Scope{CatalogueID: 1, CatalogueRef: "DEFAULT:1", WorkflowRef: "INVENTORY_CATALOGUE::DEFAULT"}
	short := errors.New("short")
	turns := func(first, second int) error {
		return db.WriteLocked(ctx, scope, func(tx *store.Tx) error {
			for i, n := range []int{first, second} {
				turn := string(db.NewUUID())
				stock.Reserve(tx, place, []stock.Reservation{{QuantityID: db.NewUUID(), Ref: turn, PositionID: p.ID, Association: fmt.Sprint(i), Quantity: n}}, short)
				events.Append(tx, eventOf(db, "3"))
				events.Finish(tx, turn, events.Mark{ID: waiting[i].ID, State: events.Success})
				trails.Add(tx, trails.Trail{TurnID: turn, RootType: "ORDER", RootID: fmt.Sprint(i), GeneratedOn: tx.Now(), Keys: []string{"n:" + turn, "s:X"}, Body: []byte{1}})
			}
			return nil
		})
	}
	require.ErrorIs(t, turns(3, 3), short)
	onHand := func() int {
		found, err := store.Get[inventory.InventoryPosition](context.Background(), db.Reader(scope), p.ID)
		require.NoError(t, err)
		return found[0].OnHand
	}
	require.Equal(t, 5, onHand())
	row, err := events.Get(context.Background(), db.Reader(scope), waiting[0].ID)
	require.NoError(t, err)
	require.Equal(t, events.Pending, row.State)

	before, trips := len(seen.Statements()), seen.RoundTrips()
	require.NoError(t, turns(3, 2))
	require.Equal(t, []string{"stock.lock", "stock.reserve", "events.append", "events.finish", "trails.insert"}, seen.Statements()[before:])
	require.Equal(t, trips+1, seen.RoundTrips())
	require.Equal(t, 0, onHand())
	finished := map[string]bool{}
	for _, ev := range waiting {
		row, err := events.Get(context.Background(), db.Reader(scope), ev.ID)
		require.NoError(t, err)
		require.Equal(t, events.Success, row.State)
		finished[row.TurnID] = true
		found, err := trails.List(context.Background(), db.Reader(scope), trails.Query{Keys: []string{"n:" + row.TurnID}, To: row.DoneOn.Add(time.Hour), Limit: 9})
		require.NoError(t, err)
		require.Len(t, found, 1)
		require.Equal(t, row.TurnID, found[0].TurnID)
	}
	require.Len(t, finished, 2, "each event is marked with its own turn")
}

func eventOf(db *store.DB, order string) *workflow.Event {
	return &workflow.Event{ID: string(db.NewUUID()), Name: "Go", RetailerID: 1, EntityType: "ORDER", EntityID: order, RootType: "ORDER", RootID: order, Priority: workflow.Checkout}
}
