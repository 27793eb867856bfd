package engine_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine/history"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// TestEventsFromALocation: whoever works at a location sends events to what is at it, finds their roots, and neither reaches what is elsewhere under the same
// root nor sees its events.
func TestEventsFromALocation(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.cascade()
	e := b.new("n1")
	b.run(e)
	o := b.orders(b.scope, 1)[0]
	mine, other := b.fulfilment(o, "MINE", "CREATED"), b.fulfilment(o, "OTHER", "CREATED")
	mine.FromLocationRef, other.FromLocationRef = "HERE", "THERE"
	require.NoError(t, b.db.Write(b.ctx, b.scope, func(tx *store.Tx) error { tx.Update(mine); tx.Update(other); return nil }))
	at := b.scope.Narrowed(&tenancy.Limits{Locations: []tenancy.Location{{ID: "7", Ref: "HERE", Retailer: 1}}})

	ev := workflow.Event{EntityType: "FULFILMENT", EntityID: string(mine.ID), RetailerID: 1}
	require.NoError(t, e.Resolve(b.ctx, at.Acting(), &ev))
	require.Equal(t, []string{"ORDER", string(o.ID)}, []string{ev.RootType, ev.RootID})
	order := workflow.Event{EntityType: "ORDER", EntityID: string(o.ID), RetailerID: 1}
	require.NoError(t, e.Resolve(b.ctx, at.Acting(), &order))
	for _, ev := range []workflow.Event{
		{EntityType: "FULFILMENT", EntityID: string(other.ID), RetailerID: 1},
		{EntityType: "FULFILMENT", EntityRef: "OTHER", RetailerID: 1, RootType: "ORDER", RootID: string(o.ID)},
		{EntityType: "FULFILMENT", EntityRef: "new", RetailerID: 1, RootType: "ORDER", RootID: string(o.ID)},
	} {
		require.True(t, fault.Is(e.Resolve(b.ctx, at.Acting(), &ev), fault.NotFound), "%+v", ev)
	}

	for _, f := range []string{string(mine.ID), string(other.ID)} {
		ev := &workflow.Event{Name: "Look", EntityType: "FULFILMENT", EntityID: f, RetailerID: 1, Priority: workflow.StoreWork}
		require.NoError(t, e.Resolve(b.ctx, b.scope, ev))
		_, err := e.RunOnce(b.ctx, b.scope, ev, repeats.Request{})
		require.NoError(t, err)
	}
	shown := func(scope tenancy.Scope) (about map[string]bool) {
		page, err := e.History().Search(b.ctx, scope, history.Query{Count: 1000})
		require.NoError(t, err)
		about = map[string]bool{}
		for _, it := range page.Results {
			about[it.Context.EntityType+" "+it.Context.EntityID] = true
			got, err := e.History().Get(b.ctx, at, it.ID)
			seen := it.Context.EntityType+" "+it.Context.EntityID != "FULFILMENT "+string(other.ID)
			require.Equal(t, seen, err == nil && got != nil, "%s, by its id", it.Name)
		}
		return about
	}
	require.True(t, shown(b.scope)["FULFILMENT "+string(other.ID)])
	require.True(t, shown(at)["FULFILMENT "+string(mine.ID)])
	require.False(t, shown(at)["FULFILMENT "+string(other.ID)])
}
