package engine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine/history"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	trailstore "github.com/fluent-oms/fluent/dataplane/store/trails"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// ref names a fulfilment or an order.
func ref(e any) string {
	switch e := e.(type) {
	case *order.Fulfilment:
		return e.Ref + "/" + e.Status
	case *order.Order:
		return e.Ref + "/" + e.Status
	}
	return fmt.Sprint(e)
}

// TestRulesReadWhatTheirTurnHasDone: entities that the turn changed are answered with the changes, those that it created are found by id, key, list
// and ref, within the limit that was asked for; those whose ruleset was discarded are not.
func TestRulesReadWhatTheirTurnHasDone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var said []string
	typ := domain.Catalogue().Type("Fulfilment")
	say := func(name string, list ...any) {
		refs := make([]string, len(list))
		for i, e := range list {
			refs[i] = ref(e)
		}
		said = append(said, name+": "+strings.Join(refs, " "))
	}
	b.rules = append(b.rules, rule.New("test", "Look", "Is for a test.", func(ctx context.Context, c *rule.Context, _ rule.None) error {
		o := c.Root.Entity().(*order.Order)
		for _, limit := range []int{10, 1} {
			list, err := c.Read.List(ctx, typ, "order", []any{o.ID}, limit)
			if err != nil {
				return err
			}
			say(fmt.Sprint("list ", limit), list...)
		}
		other, err := c.Read.List(ctx, typ, "order", []any{"999"}, 10)
		if err != nil {
			return err
		}
		say("of another", other...)
		say("parts", c.Root.Parts()...)
		say("by ref", c.Root.Find("FULFILMENT", "", o.Ref+"-F"))
		again, err := c.Read.Get(ctx, domain.Catalogue().Type("Order"), o.ID)
		if err != nil {
			return err
		}
		say("root", again)
		if f, ok := c.Root.Find("FULFILMENT", "", o.Ref+"-F").(*order.Fulfilment); ok {
			got, err := c.Read.Get(ctx, typ, f.ID)
			if err != nil {
				return err
			}
			say("by id", got)
		}
		return nil
	}), rule.New("test", "Touch", "Is for a test.", func(_ context.Context, c *rule.Context, _ rule.None) error {
		c.Turn.Set(c.Root.Find("FULFILMENT", "", "EARLIER"), map[string]any{"status": "TOUCHED"})
		return nil
	}))
	failed := on("Go", "ORDER", "", do("Look"), do("Ship"), do("SetState", "status", "DONE"), do("Touch"), do("Look"))
	failed.EventType = workflow.Exception
	b.flow("ACME", on("Go", "ORDER", "", do("Ship"), do("SetState", "status", "LOST"), do("Refuse")), failed)
	e := b.new("n1")
	b.run(e)
	o := b.orders(b.scope, 1)[0]
	earlier := &order.Fulfilment{Ref: "EARLIER", OrderID: o.ID}
	id, err := b.db.NewID(b.ctx, b.scope, typ)
	require.NoError(t, err)
	earlier.ID, earlier.Type, earlier.Status = id, "HD_PFS", "OPEN"
	require.NoError(t, b.db.Write(b.ctx, b.scope, func(tx *store.Tx) error { tx.Insert(earlier); return nil }))
	res, err := e.RunOnce(b.ctx, b.scope, event(o, "Go"), repeats.Request{})
	require.NoError(t, err)
	require.Equal(t, eventstore.Success, res.State, res.Error)
	made := o.Ref + "-F/CREATED"
	require.Equal(t, []string{
		"list 10: EARLIER/OPEN", "list 1: EARLIER/OPEN", "of another: ", "parts: EARLIER/OPEN", "by ref: <nil>", "root: " + o.Ref + "/CREATED",
		"list 10: EARLIER/TOUCHED " + made, "list 1: EARLIER/TOUCHED", "of another: ", "parts: EARLIER/TOUCHED " + made, "by ref: " + made, "root: " + o.Ref + "/DONE", "by id: " + made,
	}, said)
}

// TestOfEqualRefsTheOneUnderTheRootIsMeant, and of roots with equal refs the retailer's.
func TestOfEqualRefsTheOneUnderTheRootIsMeant(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	e := b.new("n1")
	list := b.orders(b.scope, 3)
	typ := domain.Catalogue().Type("Fulfilment")
	ids, err := b.db.NewIDs(b.ctx, b.scope, typ, 3)
	require.NoError(t, err)
	require.NoError(t, b.db.Write(b.ctx, b.scope, func(tx *store.Tx) error {
		for i, o := range list {
			f := &order.Fulfilment{Ref: "SAME", OrderID: o.ID}
			f.ID, f.Type, f.Status = ids[i], "HD_PFS", fmt.Sprint("S", i)
			tx.Insert(f)
		}
		return nil
	}))
	b.move(list[2], "2")
	for i, o := range list {
		ev := workflow.Event{EntityType: "FULFILMENT", EntityRef: "SAME", RootType: "ORDER", RootID: string(o.ID)}
		require.NoError(t, e.Resolve(b.ctx, b.scope, &ev))
		require.Equal(t, []string{string(ids[i]), fmt.Sprint("S", i), string(o.ID), o.Ref}, []string{ev.EntityID, ev.EntityStatus, ev.RootID, ev.RootRef})
		require.EqualValues(t, 1+i/2, ev.RetailerID)
	}
	none := workflow.Event{EntityType: "FULFILMENT", EntityRef: "SAM", RootType: "ORDER", RootID: "424242"}
	require.True(t, fault.Is(e.Resolve(b.ctx, b.scope, &none), fault.NotFound))
	for _, ev := range []workflow.Event{{EntityType: "ORDER", EntityID: string(list[2].ID)}, {EntityType: "ORDER", EntityRef: list[2].Ref}} {
		ev.RetailerID = 1
		require.True(t, fault.Is(e.Resolve(b.ctx, b.scope, &ev), fault.NotFound), "it is another retailer's")
		ev.RetailerID = 2
		require.NoError(t, e.Resolve(b.ctx, b.scope, &ev))
		require.Equal(t, string(list[2].ID), ev.RootID)
	}
}

// TestTheEventLogShowsOneRetailersEventsToItsUsers: searches, single items, children and the trace leave others' out.
func TestTheEventLogShowsOneRetailersEventsToItsUsers(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	log := b.new("n1").History()
	now := b.db.Now(b.ctx)
	ids := map[tenancy.RetailerID]string{}
	require.NoError(t, b.db.Write(b.ctx, b.scope, func(tx *store.Tx) error {
		for r := tenancy.RetailerID(1); r <= 2; r++ {
			id := history.TurnOf(string(b.db.NewUUID()))
			ids[r] = id
			row, err := history.Encode(&history.Trail{TurnID: id, RetailerID: r, At: now, RootType: "ORDER", RootID: "7", Events: []*history.Event{
				{ID: id, Name: "Ping", Type: "NORMAL", EntityType: "ORDER", EntityID: "7", State: "SUCCESS", GeneratedOn: now, Parents: []string{"00000000-0000-8000-8000-000000000001"}},
			}})
			if err != nil {
				return err
			}
			trailstore.Add(tx, row)
			waits := workflow.Event{ID: string(b.db.NewUUID()), Name: "Waits", RetailerID: int32(r), EntityType: "ORDER", EntityID: "7", RootType: "ORDER", RootID: "7", GeneratedOn: now, Priority: workflow.StoreWork}
			eventstore.Append(tx, &waits)
		}
		return nil
	}))
	limited, err := tenancy.NewScope("ACME", 2)
	require.NoError(t, err)
	for _, q := range []history.Query{{Name: "Ping"}, {Name: "Ping", EventType: "ORCHESTRATION"}, {Name: "Waits"}, {RootEntityType: "ORDER", RootEntityID: "7", Name: "Ping"},
		{SourceEvents: "00000000-0000-8000-8000-000000000001"}} {
		page, err := log.Search(b.ctx, b.scope, q)
		require.NoError(t, err)
		require.Len(t, page.Results, 2, "%+v", q)
		page, err = log.Search(b.ctx, limited, q)
		require.NoError(t, err)
		require.Len(t, page.Results, 1, "%+v", q)
		require.Equal(t, "2", page.Results[0].RetailerID)
	}
	for r, found := range map[tenancy.RetailerID]bool{1: false, 2: true} {
		_, err := log.Get(b.ctx, limited, ids[r])
		require.Equal(t, !found, fault.Is(err, fault.NotFound))
		page, err := log.Search(b.ctx, limited, history.Query{EventID: ids[r]})
		require.NoError(t, err)
		require.Equal(t, found, page.Count == 1)
	}
	whole, err := log.Trace(b.ctx, b.scope, "ORDER", "7")
	require.NoError(t, err)
	require.Equal(t, 2, strings.Count(whole, "Ping"))
	part, err := log.Trace(b.ctx, limited, "ORDER", "7")
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(part, "Ping"))
}

// TestSearchesOfTheEventLogFindByEachFilter what it says and nothing else, to the millisecond of their ends.
func TestSearchesOfTheEventLogFindByEachFilter(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	log := b.new("n1").History()
	now := b.db.Now(b.ctx).Add(-time.Minute).Truncate(time.Millisecond) // older than the horizon
	require.NoError(t, b.db.Write(b.ctx, b.scope, func(tx *store.Tx) error {
		for i, state := range []string{"SUCCESS", "NO_MATCH", "FAILED"} {
			id := history.TurnOf(string(b.db.NewUUID()))
			generated := now.Add(-time.Duration(i+1) * 10 * time.Minute) // it waited for its turn
			row, err := history.Encode(&history.Trail{TurnID: id, RetailerID: 1, At: now, RootType: "ORDER", RootID: fmt.Sprint(i), Events: []*history.Event{
				{ID: id, Name: "E-" + state, Type: "NORMAL", EntityType: "ORDER", EntityID: fmt.Sprint(i), EntityRef: "R-" + state, State: state, GeneratedOn: generated},
				{ID: history.ItemID(id, 1), Inline: true, Name: "Inner", Type: "NORMAL", EntityType: "FULFILMENT", EntityID: fmt.Sprint(i), State: "SUCCESS", GeneratedOn: now},
			}})
			if err != nil {
				return err
			}
			trailstore.Add(tx, row)
		}
		return nil
	}))
	names := func(q history.Query) []string {
		t.Helper()
		q.EventType = "ORCHESTRATION"
		page, err := log.Search(b.ctx, b.scope, q)
		require.NoError(t, err)
		out := []string{}
		for _, it := range page.Results {
			out = append(out, it.Name)
		}
		return out
	}
	require.Equal(t, []string{"E-NO_MATCH"}, names(history.Query{EventStatus: "NO_MATCH"}))
	require.Equal(t, []string{"E-FAILED"}, names(history.Query{EventStatus: "FAILED"}))
	require.Equal(t, []string{"E-SUCCESS"}, names(history.Query{EventStatus: "COMPLETE", EntityType: "order"}))
	require.Equal(t, []string{"E-FAILED"}, names(history.Query{EntityType: "ORDER", EntityRef: "R-FAILED"}))
	require.Equal(t, []string{"Inner", "E-NO_MATCH"}, names(history.Query{RootEntityType: "ORDER", RootEntityID: "1"}))
	require.Equal(t, []string{"Inner"}, names(history.Query{EntityType: "FULFILMENT", EntityID: "2"}))
	require.Empty(t, names(history.Query{RetailerID: "2"}))

	ten := now.Add(-10 * time.Minute)
	require.Equal(t, []string{"E-SUCCESS", "E-NO_MATCH", "E-FAILED"}, names(history.Query{To: ten}), "generated by then, though they ran later")
	require.Equal(t, []string{"E-NO_MATCH", "E-FAILED"}, names(history.Query{To: ten.Add(-time.Millisecond)}))
	require.Equal(t, []string{"Inner", "Inner", "Inner", "E-SUCCESS"}, names(history.Query{From: ten}))
	require.Equal(t, []string{"Inner", "Inner", "Inner"}, names(history.Query{From: ten.Add(time.Millisecond)}))

	page, err := log.Search(b.ctx, b.scope, history.Query{EventType: "ORCHESTRATION", Count: 6})
	require.NoError(t, err)
	require.False(t, page.HasMore)
	page, err = log.Search(b.ctx, b.scope, history.Query{EventType: "ORCHESTRATION", Count: 5})
	require.NoError(t, err)
	require.True(t, page.HasMore)
	for _, bad := range []history.Query{{Count: -1}, {Count: history.MaxCount + 1}, {Start: -1}, {Start: 100_001}, {From: now.Add(-124*24*time.Hour - time.Minute)}, {To: now.Add(32 * 24 * time.Hour)}} {
		_, err := log.Search(b.ctx, b.scope, bad)
		require.True(t, fault.Is(err, fault.Invalid), "%+v", bad)
	}
}
