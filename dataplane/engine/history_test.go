package engine_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine/history"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	trailstore "github.com/fluent-oms/fluent/dataplane/store/trails"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

func TestTheEventLogPagesThroughEverythingOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.cascade()
	e := b.new("n1")
	b.run(e)
	list := b.orders(b.scope, 3)
	for _, o := range list {
		_, err := e.RunOnce(b.ctx, b.scope, event(o, "CREATE"), repeats.Request{})
		require.NoError(t, err)
	}
	later := event(list[0], "Later")
	later.ScheduledOn = time.Now().Add(time.Hour)
	require.NoError(t, e.Submit(b.ctx, b.scope, later))

	search := func(q history.Query) *history.Page {
		p, err := e.History().Search(b.ctx, b.scope, q)
		require.NoError(t, err)
		require.Equal(t, len(p.Results), p.Count)
		return p
	}
	root := history.Query{RootEntityType: "ORDER", RootEntityID: string(list[0].ID), Count: 1}
	ids := map[string]bool{}
	last := time.Now().Add(24 * time.Hour)
	for p := search(root); ; p = search(root) {
		for _, it := range p.Results {
			require.False(t, ids[it.ID], "each item once")
			ids[it.ID] = true
			require.False(t, it.GeneratedOn.After(last), "newest first")
			last = it.GeneratedOn.Time
			same, err := e.History().Get(b.ctx, b.scope, it.ID)
			require.NoError(t, err)
			require.Equal(t, it, *same)
		}
		if !p.HasMore {
			break
		}
		require.NotZero(t, p.Count)
		root.Start += p.Count
	}
	// 6 events, 1 snapshot, 6 rulesets, 12 rules, 12 mutations, creations and events, 1 event that waits
	require.Len(t, ids, 6+1+6+12+13+1)

	scheduled := search(history.Query{EventStatus: "SCHEDULED"})
	require.Len(t, scheduled.Results, 1)
	require.Equal(t, later.ID, scheduled.Results[0].ID)
	require.Len(t, search(history.Query{Name: "Pack", EventType: "ORCHESTRATION"}).Results, 3)
	require.Len(t, search(history.Query{EntityType: "FULFILMENT", EntityRef: list[1].Ref + "-F", EventType: "ORCHESTRATION"}).Results, 3)
	require.Len(t, search(history.Query{EventStatus: "COMPLETE", EventType: "ORCHESTRATION"}).Results, 18)
	require.Empty(t, search(history.Query{Name: "Nothing"}).Results)
	require.Len(t, search(history.Query{EventID: later.ID}).Results, 1)

	_, err := e.History().Search(b.ctx, b.scope, history.Query{From: time.Now().AddDate(-1, 0, 0)})
	require.True(t, fault.Is(err, fault.Invalid))
	_, err = e.History().Get(b.ctx, b.scope, "no id")
	require.True(t, fault.Is(err, fault.NotFound))
	_, err = e.History().Get(b.ctx, scopeOf(t, "OTHER"), later.ID)
	require.True(t, fault.Is(err, fault.NotFound))
	limited, err := tenancy.NewScope("ACME", 7)
	require.NoError(t, err)
	_, err = e.History().Get(b.ctx, limited, later.ID)
	require.True(t, fault.Is(err, fault.NotFound), "another retailer's events are not to be seen")
}

// TestASearchHoldsSoMuchAndNoMore: a store assistant may send events of two megabytes, and ask for five thousand.
func TestASearchHoldsSoMuchAndNoMore(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	e := b.new("n1")
	now := time.Now()
	const turns, each = 50, 2 << 20
	require.NoError(t, b.db.Write(b.ctx, b.scope, func(tx *store.Tx) error {
		for i := range turns {
			at := now.Add(-time.Duration(i) * time.Second)
			id := string(b.db.NewUUID())
			row, err := history.Encode(&history.Trail{TurnID: id, RetailerID: 1, At: at, RootType: "ORDER", RootID: "7", Events: []*history.Event{
				{ID: id, Name: "Large", Type: "NORMAL", EntityType: "ORDER", EntityID: "7", State: "SUCCESS", GeneratedOn: at, Attributes: map[string]any{"a": strings.Repeat("x", each)}},
			}})
			if err != nil {
				return err
			}
			trailstore.Add(tx, row)
		}
		return nil
	}))
	search := func(q history.Query) (*history.Page, error) { return e.History().Search(b.ctx, b.scope, q) }
	_, err := search(history.Query{Count: history.MaxCount})
	require.Equal(t, "C0001E", fault.Of(err).Code)
	require.Equal(t, "count", fault.Of(err).Field)
	page, err := search(history.Query{Count: 5, EventType: "ORCHESTRATION"})
	require.NoError(t, err)
	require.Equal(t, 5, page.Count)
	require.True(t, page.HasMore)
	page, err = search(history.Query{Count: history.MaxCount, Name: "Small"})
	require.NoError(t, err, "what is not taken does not count")
	require.Zero(t, page.Count)
}

// TestASearchHoldsSoMuchOfWhatWaits: events that wait are as long as their senders like, too, and there may be thousands of them.
func TestASearchHoldsSoMuchOfWhatWaits(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	e := b.new("n1") // it does not run
	now := time.Now()
	const each, long = 20, 2 << 20 // of both states less than a search holds, together more
	o := b.orders(b.scope, 1)[0]
	parent := string(b.db.NewUUID())
	waits := func(name string, ago time.Duration, due time.Time, length int, parents ...string) *workflow.Event {
		w := event(o, name)
		w.ID, w.GeneratedOn, w.ScheduledOn, w.Parents = string(b.db.NewUUID()), now.Add(-ago), due, parents
		w.Attributes = map[string]any{"a": strings.Repeat("x", length)}
		return w
	}
	for i := range each {
		require.NoError(t, b.db.Write(b.ctx, b.scope, func(tx *store.Tx) error {
			at := time.Duration(i) * time.Second
			eventstore.Append(tx, waits("Large", at, time.Time{}, long), waits("Large", at, now.Add(time.Hour), long))
			if i == each-1 {
				eventstore.Append(tx, waits("Small", time.Hour, time.Time{}, 1, parent), waits("Other", time.Hour, now.Add(time.Hour), 1))
			}
			return nil
		}))
	}
	search := func(q history.Query) (*history.Page, error) { return e.History().Search(b.ctx, b.scope, q) }
	for _, state := range []string{"PENDING", "SCHEDULED"} {
		page, err := search(history.Query{Count: history.MaxCount, EventStatus: state})
		require.NoError(t, err)
		require.Equal(t, each+1, page.Count)
		require.Len(t, page.Results[0].Attributes[0].Value, long)
	}
	_, err := search(history.Query{Count: history.MaxCount})
	require.Equal(t, "C0001E", fault.Of(err).Code)
	require.Equal(t, "count", fault.Of(err).Field)

	var seen []string
	for start := 0; start < 12; start += 6 {
		page, err := search(history.Query{Start: start, Count: 6})
		require.NoError(t, err, "fewer at a time")
		require.True(t, page.HasMore)
		for _, it := range page.Results {
			require.Equal(t, start/2+len(seen)%6/2, int(now.Sub(it.GeneratedOn.Time).Round(time.Second)/time.Second), "newest first, of both states")
			seen = append(seen, it.ID)
		}
	}
	require.Len(t, seen, 12)
	page, err := search(history.Query{Count: history.MaxCount, Name: "Small"})
	require.NoError(t, err, "what is not taken does not count")
	require.Equal(t, 1, page.Count)
	require.Equal(t, "x", page.Results[0].Attributes[0].Value)
	page, err = search(history.Query{Count: history.MaxCount, SourceEvents: parent})
	require.NoError(t, err)
	require.Equal(t, 1, page.Count)
	require.Equal(t, []string{parent}, page.Results[0].Context.SourceEvents)
	limited, err := tenancy.NewScope("ACME", 7)
	require.NoError(t, err)
	page, err = e.History().Search(b.ctx, limited, history.Query{Count: history.MaxCount})
	require.NoError(t, err)
	require.Zero(t, page.Count, "another retailer's events are not to be seen")
}

func TestItemsLookAsTheEventAPIShowsThem(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("ACME", on("Ping", "ORDER", "", do("SetState", "status", "PINGED")))
	e := b.new("n1")
	b.run(e)
	o := b.orders(b.scope, 1)[0]
	ev := event(o, "Ping")
	ev.Attributes, ev.Source = map[string]any{"why": "test"}, "Fluent-API"
	_, err := e.RunOnce(b.ctx, b.scope, ev, repeats.Request{})
	require.NoError(t, err)
	it, err := e.History().Get(b.ctx, b.scope, ev.ID)
	require.NoError(t, err)
	text, err := json.Marshal(it)
	require.NoError(t, err)
	var m map[string]any
	require.NoError(t, json.Unmarshal(text, &m))
	require.Regexp(t, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$`, m["generatedOn"])
	delete(m, "generatedOn")
	require.Equal(t, map[string]any{"id": ev.ID, "name": "Ping", "type": "ORCHESTRATION", "accountId": "ACME", "retailerId": "1", "category": "ORDER_WORKFLOW",
		"context":     map[string]any{"sourceEvents": []any{}, "entityType": "ORDER", "entityId": string(o.ID), "entityRef": o.Ref, "rootEntityType": "ORDER", "rootEntityId": string(o.ID), "rootEntityRef": o.Ref},
		"eventStatus": "SUCCESS", "attributes": []any{map[string]any{"name": "why", "value": "test", "type": "STRING"}}, "source": "Fluent-API", "generatedBy": "Rubix User"}, m)
}

func TestARunOnceWorkflowServesItsEventAlone(t *testing.T) {
	t.Parallel()
	b, u, known := callersBench(t)
	u.may([]tenancy.RetailerID{1}, "ORDER_UPDATE")
	b.flow("ACME", on("Count", "ORDER", "", do("Count")))
	e := b.new("n1", known)
	b.run(e)
	o := b.orders(b.scope, 1)[0]
	ev := event(o, "Fix")
	ev.Caller = "7"
	ev.RunOnce = &workflow.Workflow{Name: "ORDER::", EntityType: "ORDER", Version: "1.0", Rulesets: []*workflow.Ruleset{on("Fix", "ORDER", "", do("SetState", "status", "FIXED"))}}
	res, err := e.RunOnce(b.ctx, b.scope, ev, repeats.Request{})
	require.NoError(t, err)
	require.Equal(t, eventstore.Success, res.State)
	require.Equal(t, "FIXED", b.reload(b.scope, o).Status)
	res, err = e.RunOnce(b.ctx, b.scope, event(o, "Fix"), repeats.Request{})
	require.NoError(t, err)
	require.Equal(t, eventstore.NoMatch, res.State)
}

func TestResolveFindsTheEntityItsRootAndItsState(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.cascade()
	e := b.new("n1")
	b.run(e)
	o := b.orders(b.scope, 1)[0]
	_, err := e.RunOnce(b.ctx, b.scope, event(o, "CREATE"), repeats.Request{})
	require.NoError(t, err)
	for _, ev := range []workflow.Event{{EntityType: "fulfilment", EntityRef: o.Ref + "-F"}, {EntityType: "FULFILMENT", EntityID: "1", RetailerID: 1}} {
		require.NoError(t, e.Resolve(b.ctx, b.scope, &ev))
		require.Equal(t, workflow.Event{Type: "NORMAL", RetailerID: 1, EntityType: "FULFILMENT", EntityID: "1", EntityRef: o.Ref + "-F", EntitySubtype: "HD_PFS", EntityStatus: "COMPLETE",
			RootType: "ORDER", RootID: string(o.ID), RootRef: o.Ref}, ev)
	}
	for _, ev := range []workflow.Event{{EntityType: "ORDER", EntityRef: "no such"}, {EntityType: "ORDER", EntityRef: o.Ref, RetailerID: 9}, {EntityType: "ORDER", EntityID: "x"}} {
		require.True(t, fault.Is(e.Resolve(b.ctx, b.scope, &ev), fault.NotFound), "%+v", ev)
	}
	for place, ev := range map[string]workflow.Event{"entityType": {EntityType: "FULFILMNET", EntityID: "1"}, "rootEntityType": {EntityType: "FULFILMENT", EntityRef: "new", RootType: "ODER", RootRef: o.Ref}} {
		err := fault.Of(e.Resolve(b.ctx, b.scope, &ev))
		require.Equal(t, []any{fault.Invalid, place}, []any{err.Kind, err.Field})
		require.Contains(t, err.Detail, "Did you mean "+map[string]string{"entityType": "FULFILMENT?", "rootEntityType": "ORDER?"}[place])
	}
	upsert := workflow.Event{EntityType: "FULFILMENT", EntityRef: "new", RootType: "ORDER", RootRef: o.Ref}
	require.NoError(t, e.Resolve(b.ctx, b.scope, &upsert))
	require.Equal(t, string(o.ID), upsert.RootID)
	require.Empty(t, upsert.EntityID)
}

// TestTheLogOfEveryKindOfRootIsFound, by id and by ref, with the type in each of its spellings; and of what hangs on it, by what it is.
func TestTheLogOfEveryKindOfRootIsFound(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	kinds := map[string]string{"JOB": "BATCH"} // no entities, but in the log
	for _, typ := range domain.Catalogue().Types() {
		if typ.EntityType != "" {
			root := typ
			for root.Root != nil && !root.OwnRoot {
				root = root.Root.Ref
			}
			kinds[typ.EntityType+"/"+root.EntityType] = typ.EntityType
		}
	}
	require.Greater(t, len(kinds), 25)
	at := b.db.Now(b.ctx)
	require.NoError(t, b.db.Write(b.ctx, b.scope, func(tx *store.Tx) error {
		for kind, part := range kinds {
			row, err := history.Encode(&history.Trail{TurnID: string(b.db.NewUUID()), RetailerID: 1, At: at, RootType: rootIn(kind), RootID: kind, RootRef: "R-" + kind, Events: []*history.Event{
				{ID: string(b.db.NewUUID()), Name: "E", EntityType: part, EntityID: "7", EntityRef: kind, State: "SUCCESS", GeneratedOn: at}}})
			if err != nil {
				return err
			}
			trailstore.Add(tx, row)
		}
		return nil
	}))
	log := history.NewLog(b.db)
	for kind, part := range kinds {
		root := rootIn(kind)
		for name, q := range map[string]history.Query{
			"by id": {RootEntityType: root, RootEntityID: kind}, "by ref": {RootEntityType: root, RootEntityRef: "R-" + kind},
			"joined": {RootEntityType: strings.ToLower(strings.ReplaceAll(root, "_", "")), RootEntityID: kind}, "of the entity": {EntityType: strings.ReplaceAll(part, "_", ""), EntityRef: kind},
		} {
			page, err := log.Search(b.ctx, b.scope, q)
			require.NoError(t, err)
			require.Len(t, page.Results, 1, "%s %s", kind, name)
			require.Equal(t, root, page.Results[0].Context.RootEntityType)
			require.Equal(t, part, page.Results[0].Context.EntityType)
		}
	}
}

// rootIn is the type behind the stroke, or the whole.
func rootIn(kind string) string {
	if _, root, found := strings.Cut(kind, "/"); found {
		return root
	}
	return kind
}
