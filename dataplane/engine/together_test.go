package engine_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/rule"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// refused is a ruleset whose turn runs well and whose commit the database refuses.
func refused(name string) *workflow.Ruleset {
	return on(name, "ORDER", "", do("Count"), do("SetState", "status", "\x00"))
}

// TestACommitThatIsRefusedIsItsCulpritsAlone: events that waited together share a turn, and its commit fails for one of them. Those before it and
// after it succeed, each once; nothing of the culprit stays.
func TestACommitThatIsRefusedIsItsCulpritsAlone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("ACME", on("Count", "ORDER", "", do("Count")), refused("Clash"))
	for _, c := range []struct {
		names  []string
		counts int
	}{
		{[]string{"Count", "Clash"}, 1},
		{[]string{"Clash", "Count"}, 1},
		{[]string{"Count", "Count", "Clash", "Count"}, 3},
	} {
		e := b.new("n1")
		o := b.orders(b.scope, 1)[0]
		var events []*workflow.Event
		for _, name := range c.names {
			events = append(events, event(o, name))
		}
		require.NoError(t, e.Submit(b.ctx, b.scope, events...))
		stop := b.run(e)
		b.settled(b.scope, events...)
		stop()
		for i, name := range c.names {
			want := map[string]eventstore.State{"Count": eventstore.Success, "Clash": eventstore.Failed}[name]
			require.Equal(t, want, b.state(b.scope, events[i].ID), "%s of %v", name, c.names)
		}
		require.Equal(t, c.counts, b.count(b.scope, o), "%v", c.names)
		require.Equal(t, "CREATED", b.reload(b.scope, o).Status)
		require.EqualValues(t, len(c.names), e.Stats().Events.Load())
		require.EqualValues(t, 1, e.Stats().Failed.Load())
	}
}

// TestACallersEventThatIsRefusedTakesNobodyAlong: what waited for the root before a synchronous event runs in its turn, and the commit fails for the
// caller's. He hears of it; what waited has run.
func TestACallersEventThatIsRefusedTakesNobodyAlong(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("ACME", on("Count", "ORDER", "", do("Count")), refused("Clash"))
	e := b.new("n1", aloof)
	b.run(e)
	b.looked(e)
	o := b.orders(b.scope, 1)[0]
	waited := event(o, "Count")
	require.NoError(t, b.new("writer").Submit(b.ctx, b.scope, waited))
	clash := event(o, "Clash")
	res, err := e.RunOnce(b.ctx, b.scope, clash, repeats.Request{})
	require.NoError(t, err)
	require.Equal(t, eventstore.Failed, res.State)
	require.NotEmpty(t, res.Error)
	require.Equal(t, eventstore.Success, b.state(b.scope, waited.ID))
	require.Equal(t, eventstore.Failed, b.state(b.scope, clash.ID))
	require.Equal(t, 1, b.count(b.scope, o))
}

// TestALimitedUsersEventLimitsNoOther of the same turn: the retailer's own rules, which come before and after those that a user answers for, see what the
// retailer's rules see.
func TestALimitedUsersEventLimitsNoOther(t *testing.T) {
	t.Parallel()
	b, u, known := callersBench(t)
	o, there := b.orders(b.scope, 1)[0], b.orders(b.scope, 1)[0]
	b.move(there, "2")
	var saw []string
	b.rules = append(b.rules, rule.New("test", "See", "Is for a test.", func(ctx context.Context, c *rule.Context, _ rule.None) error {
		found, err := c.Read.List(ctx, domain.Catalogue().Type("Order"), "ref", []any{there.Ref}, 1)
		if err != nil {
			return err
		}
		one := c.Event.Name + " sees"
		if len(found) == 0 {
			one += " not"
		}
		if !c.Scope.Allows(2) {
			one += ", may not"
		}
		saw = append(saw, one)
		return nil
	}))
	u.may([]tenancy.RetailerID{1}, "EVENT_CREATE", "ORDER_UPDATE")
	b.flow("ACME", on("Ours", "ORDER", "", do("See"), do("Count"), do("SetOther", "order", string(there.ID))),
		on("Inner", "ORDER", "", do("See"), do("Count")))
	e := b.new("n1", known)
	theirs := runOnce(o, do("See"), do("Count"), do("Send", "eventName", "Inner"))
	theirs.Name = "Fix"
	first, last := event(o, "Ours"), event(o, "Ours")
	require.NoError(t, e.Submit(b.ctx, b.scope, first, theirs, last))
	b.run(e)
	b.settled(b.scope, first, theirs, last)
	b.commits(e, 1)
	for _, ev := range []*workflow.Event{first, theirs, last} {
		require.Equal(t, eventstore.Success, b.state(b.scope, ev.ID))
	}
	require.Equal(t, []string{"Ours sees", "Fix sees not, may not", "Inner sees not, may not", "Ours sees"}, saw)
	require.Equal(t, 4, b.count(b.scope, o))
	require.Equal(t, "STOLEN", b.reload(b.scope, there).Status)
}
