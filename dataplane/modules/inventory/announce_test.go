package inventory

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
	"github.com/fluent-oms/fluent/tenancy"
)

// TestOneEventForEachAggregateInACommit is in the package, since only whole turns call announce from outside.
func TestOneEventForEachAggregateInACommit(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := storetest.Open(t, dbtest.New(t), store.Options{})
	require.NoError(t, db.Migrate(ctx, nil))
	scope, err := tenancy.NewScope("ACME")
	require.NoError(t, err)
	event := func(catalogue string, retailer int32, refs ...any) *workflow.Event {
		return &workflow.Event{ID: string(db.NewUUID()), Name: VirtualCatalogueEvent, RetailerID: retailer, EntityType: "VIRTUAL_CATALOGUE", EntityID: catalogue,
			RootType: "VIRTUAL_CATALOGUE", RootID: catalogue, Priority: workflow.StoreWork, Attributes: map[string]any{"productRefs": refs}}
	}
	first := event("1", 1, "A", "B")
	require.NoError(t, db.WriteLocked(ctx, scope, func(tx *store.Tx) error {
		announce(tx, []*workflow.Event{first, event("2", 1, "A")})
		announce(tx, []*workflow.Event{event("1", 1, "B", "C"), event("1", 2, "A")})
		require.Len(t, eventstore.Appended(tx), 3, "catalogue 1 for retailer 1, catalogue 2, and retailer 2's")
		load := event("1", 1, "B")
		load.Priority = workflow.Batch
		announce(tx, []*workflow.Event{load})
		require.Len(t, eventstore.Appended(tx), 4, "what a load moved is not told of with what a store sold")
		return nil
	}))
	row, err := eventstore.Get(ctx, db.Reader(scope), first.ID)
	require.NoError(t, err)
	require.Equal(t, []any{"A", "B", "C"}, row.Event.Attributes["productRefs"])
}

// TestNewsOfStockIsNoMoreUrgentThanItsCause: of several events that one turn answers the most urgent counts.
func TestNewsOfStockIsNoMoreUrgentThanItsCause(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		causes []workflow.Priority
		want   workflow.Priority
	}{
		{[]workflow.Priority{workflow.Checkout}, workflow.StoreWork},
		{[]workflow.Priority{workflow.Batch}, workflow.Batch},
		{[]workflow.Priority{workflow.Batch, workflow.Integration}, workflow.Integration},
		{[]workflow.Priority{workflow.StoreWork, workflow.Batch}, workflow.StoreWork},
		{[]workflow.Priority{0}, workflow.Batch},
	} {
		why := cause{retailer: 1}
		for _, p := range c.causes {
			why.also(&workflow.Event{Priority: p})
		}
		require.Equal(t, c.want, why.news(), "%v", c.causes)
	}
}
