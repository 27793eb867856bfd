package e2e_test

import (
	"context"
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/apiclient"
)

// TestStoryOfAnOrder is the main job from end to end: an operator provisions a tenant, its implementer loads places, products and stock
// with the official client, a shopper's order is booked, reserved and planned, the shops pick, one of them short, and everyone can see
// what happened.
func TestStoryOfAnOrder(t *testing.T) {
	s := shared(t)
	harbour := administrator(t, s.stack).account(t, "HARBOUR", "HARBOUR-AU")
	told := harbour.tell(t, installClient(t))

	t.Run("books, reserves and plans", func(t *testing.T) { harbour.plans(t, told.Order) })
	t.Run("leaves a trace", func(t *testing.T) { harbour.traces(t, told.Order) })
	t.Run("escalates what nobody has", func(t *testing.T) {
		harbour.becomes(t, told.Unsourceable, "BOOKED; REJECTED REJECTED ESCALATED RARE×1")
	})
	s.balanced(t, harbour.account)
	t.Run("sources a short pick elsewhere", func(t *testing.T) { harbour.picksShort(t, told.Order) })
	s.balanced(t, harbour.account)
	t.Run("ships and completes", func(t *testing.T) { harbour.ships(t, told.Order) })
	t.Run("cancels what was escalated", func(t *testing.T) {
		o := harbour.order(t, told.Unsourceable)
		harbour.send(t, "CancelEscalated", "FULFILMENT", o.at(t, "REJECTED", "ESCALATED").ID, nil)
		harbour.becomes(t, told.Unsourceable, "CANCELLED; REJECTED REJECTED CANCELLED RARE×1")
	})
	s.balanced(t, harbour.account)
}

// TestDemoTellsTheStory: `make demo` tells each step with its time and ends with the order's trace.
func TestDemoTellsTheStory(t *testing.T) {
	s := shared(t)
	operator := administrator(t, s.stack)
	out := operator.run(t, "", "demo", "--ready-file", filepath.Join(s.stack.Options.Dir, "ready.json"), "--account", "TOLD")
	steps, trace, found := strings.Cut(out, "The trace of order HB-1:")
	require.True(t, found, out)
	require.Regexp(t, `(?m)^ +\d+\.\d{3} s  operator +account TOLD is provisioned`, steps)
	require.Regexp(t, `(?m)^ +\d+\.\d{3} s  workflow +order HB-1 is BOOKED:\n +HB-1-1 from .*AWAITING_WAVE`, steps)
	for _, line := range []string{"ORDER HB-1 · CREATE · SUCCESS", `    ValidateOrder {"errorEvent":"ProcessError"}`, "      → create FULFILMENT/1 HB-1-1"} {
		require.Contains(t, trace, "\n"+line)
	}
	for line := range strings.Lines(trace) {
		require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSpace(line)), 120, line)
	}
	require.Regexp(t, `\nThe order stays in account TOLD:\n  API client  TOLD / \S+\n  user        \S+ / \S+\n`, trace)
	s.balanced(t, "TOLD")
}

// told is what came of the implementer's script: ids of orders.
type told struct{ Order, Unsourceable string }

// tell runs the script (see client/story.mjs).
func (x *tenant) tell(t *testing.T, clientDir string) (made told) {
	t.Helper()
	command := exec.Command("node", "story.mjs")
	command.Dir = clientDir
	command.Env = append(os.Environ(), "PROFILE_DIR="+x.profiles, "PROFILE="+x.account, "RETAILER="+x.retailerRef)
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.NoError(t, json.Unmarshal(out, &made), "%s", out)
	return made
}

// plans: no shop has all three books. King Street is the closest to Glebe and has the knots and the tides; York Street has the atlas. The
// warehouse, which is far, is not needed.
func (x *tenant) plans(t *testing.T, order string) {
	x.becomes(t, order, "BOOKED; KING HD_PFS AWAITING_WAVE KNOTS×2 TIDES×1; YORK HD_PFS AWAITING_WAVE ATLAS×1")
	require.Equal(t, []string{"LAST_ON_HAND 4 ACTIVE", "RESERVED -2 ACTIVE"}, x.quantities(t, "KNOTS", "KING"))
	require.Equal(t, []string{"LAST_ON_HAND 1 ACTIVE", "RESERVED -1 ACTIVE"}, x.quantities(t, "TIDES", "KING"))
	require.Equal(t, []string{"LAST_ON_HAND 2 ACTIVE", "RESERVED -1 ACTIVE"}, x.quantities(t, "ATLAS", "YORK"))
	require.Equal(t, []string{"LAST_ON_HAND 1 ACTIVE"}, x.quantities(t, "KNOTS", "YORK"))
	x.offers(t, "BASE", map[string]int{"KNOTS:KING": 2, "TIDES:KING": 0, "ATLAS:YORK": 1, "KNOTS:YORK": 1, "TIDES:CREEK": 40})
	x.offers(t, "HD_AGG", x.summed(map[string]int{"KNOTS": 3, "TIDES": 40, "ATLAS": 1}))
}

// summed names quantities as the aggregate catalogue does, which is its own only group.
func (x *tenant) summed(byProduct map[string]int) map[string]int {
	named := map[string]int{}
	for product, n := range byProduct {
		named[product+":HD_AGG:"+x.retailer] = n
	}
	return named
}

// traces: the log has the order's events, each with the entity as it was, the rulesets that answered, their rules with properties and
// times, and what those did.
func (x *tenant) traces(t *testing.T, order string) {
	all, err := x.client.Events(context.Background(), url.Values{
		"context.rootEntityType": {"ORDER"}, "context.rootEntityId": {order}, "count": {"1000"}}, 10_000)
	require.NoError(t, err)
	events, ofCategory := map[string]apiclient.LoggedEvent{}, map[string][]apiclient.LoggedEvent{}
	for _, e := range all {
		if e.Type == "ORCHESTRATION" {
			events[e.Context.EntityType+" "+e.Name] = e
			require.Equal(t, "SUCCESS", e.EventStatus, "%s", e.Name)
		}
		ofCategory[e.Category] = append(ofCategory[e.Category], e)
	}
	for _, name := range []string{"ORDER CREATE", "ORDER ReceiveOrder", "ORDER ProcessOrder", "ORDER FindAndCreateOrderFulfilment",
		"FULFILMENT CREATE", "FULFILMENT InventoryReserved", "FULFILMENT ProcessFulfilment", "FULFILMENT StoreFulfilment"} {
		require.Contains(t, events, name)
	}
	require.NotEmpty(t, ofCategory["snapshot"])
	named(t, ofCategory["ruleSet"], "FindAndCreateOrderFulfilment", "startTimer", "stopTimer")
	rule := named(t, ofCategory["rule"], "FLUENTRETAIL.order.CreateFulfilmentWithSourcingProfile", "startTimer", "stopTimer", "props")
	require.Equal(t, []string{events["ORDER FindAndCreateOrderFulfilment"].ID}, rule.Context.SourceEvents)
	named(t, ofCategory["ACTION"], "create", "target", "outcome", "rule")
	named(t, ofCategory["ACTION"], "mutation", "target", "outcome", "rule")
	for _, e := range all {
		require.NotEqual(t, "exception", e.Category, "%v", e.Attributes)
	}
}

// named finds a record by name and demands attributes of it.
func named(t *testing.T, records []apiclient.LoggedEvent, name string, attributes ...string) apiclient.LoggedEvent {
	t.Helper()
	for _, r := range records {
		if r.Name != name {
			continue
		}
		var have []string
		for _, a := range r.Attributes {
			have = append(have, a.Name)
		}
		require.Subset(t, have, attributes)
		return r
	}
	require.Fail(t, "no record is named "+name)
	return apiclient.LoggedEvent{}
}

// picksShort: King Street finds one of its two knots; the other comes from York Street.
func (x *tenant) picksShort(t *testing.T, order string) {
	king := x.order(t, order).at(t, "KING", "AWAITING_WAVE")
	x.send(t, "WaveCreate", "FULFILMENT", king.ID, nil)
	x.becomes(t, order, "PICK_PACK; KING HD_PFS ASSIGNED KNOTS×2 TIDES×1; YORK HD_PFS AWAITING_WAVE ATLAS×1")
	require.Equal(t, "NO_MATCH", x.sendFor(t, "WaveCreate", "FULFILMENT", king.ID, nil), "a fulfilment is picked once")
	x.send(t, "WavePack", "FULFILMENT", king.ID, map[string]any{"items": []any{
		map[string]any{"productRef": "KNOTS", "filledQuantity": 1, "rejectReason": "NOT_FOUND"}, map[string]any{"productRef": "TIDES", "filledQuantity": 1},
	}})
	x.becomes(t, order, "PICK_PACK; KING HD_PFS PARTIALLY_FULFILLED KNOTS×2(1/1) TIDES×1(1/0); YORK HD_PFS AWAITING_WAVE ATLAS×1; "+
		"YORK HD_PFS AWAITING_WAVE KNOTS×1")
	require.Equal(t, []string{"CORRECTION -1 ACTIVE", "LAST_ON_HAND 4 ACTIVE", "RESERVED -2 INACTIVE", "SALE -1 ACTIVE"}, x.quantities(t, "KNOTS", "KING"))
	require.Equal(t, []string{"LAST_ON_HAND 1 ACTIVE", "RESERVED -1 ACTIVE"}, x.quantities(t, "KNOTS", "YORK"))
	x.offers(t, "HD_AGG", x.summed(map[string]int{"KNOTS": 2, "TIDES": 40, "ATLAS": 1}))
}

// ships: York Street picks both of its fulfilments, all three are packed and collected, and the order is complete.
func (x *tenant) ships(t *testing.T, order string) {
	for _, f := range x.order(t, order).Fulfilments.nodes() {
		if f.Status != "AWAITING_WAVE" {
			continue
		}
		var picked []any
		for _, i := range f.Items.nodes() {
			picked = append(picked, map[string]any{"productRef": i.OrderItem.Product.Ref, "filledQuantity": i.RequestedQuantity})
		}
		x.send(t, "WaveCreate", "FULFILMENT", f.ID, nil)
		x.send(t, "PickConfirmed", "FULFILMENT", f.ID, map[string]any{"items": picked})
	}
	for _, f := range x.order(t, order).Fulfilments.nodes() {
		x.send(t, "WaveDispatchInitiated", "FULFILMENT", f.ID, nil)
	}
	packed := x.becomes(t, order, "AWAITING_COURIER_COLLECTION; KING HD_PFS AWAITING_COURIER_COLLECTION KNOTS×2(1/1) TIDES×1(1/0); "+
		"YORK HD_PFS AWAITING_COURIER_COLLECTION ATLAS×1(1/0); YORK HD_PFS AWAITING_COURIER_COLLECTION KNOTS×1(1/0)")
	for _, f := range packed.Fulfilments.nodes() {
		require.Len(t, f.Articles.Edges, 1)
		x.send(t, "ARTICLE_COLLECTED", "ARTICLE", f.Articles.Edges[0].Node.ID, nil)
	}
	x.becomes(t, order, "COMPLETE; KING HD_PFS COMPLETE KNOTS×2(1/1) TIDES×1(1/0); YORK HD_PFS COMPLETE ATLAS×1(1/0); YORK HD_PFS COMPLETE KNOTS×1(1/0)")
}
