package engine_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// aloof has an engine hear of what it is told alone.
func aloof(_ *engine.Deps, c *engine.Config) {
	c.Poll, c.Sweep, c.Schedule, c.LeaseTTL = time.Hour, time.Hour, time.Hour, time.Hour
}

// looked waits for the one poll of an aloof engine that has its ranges: what comes after it is in the database alone.
func (b *bench) looked(e *engine.Engine) {
	b.t.Helper()
	mark := event(b.orders(b.scope, 1)[0], "Nothing matches this")
	require.NoError(b.t, b.new("marker").Submit(b.ctx, b.scope, mark))
	e.Wake()
	b.settled(b.scope, mark)
}

// noting is a rule that keeps the order of its events in the order's status.
func noting() rule.Rule {
	return rule.New("test", "Append", "Is for a test.", func(_ context.Context, c *rule.Context, _ rule.None) error {
		o := c.Entity.(*order.Order)
		c.Turn.Set(o, map[string]any{"status": o.Status + "," + fmt.Sprint(c.Event.Attributes["n"])})
		return nil
	})
}

func numbered(o *order.Order, n int) *workflow.Event {
	ev := event(o, "Append")
	ev.Attributes = map[string]any{"n": n}
	return ev
}

// TestASyncEventOvertakesNoRow that the database has and memory has not: another node wrote it, and its nudge was lost.
func TestASyncEventOvertakesNoRow(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.rules = append(b.rules, noting())
	b.flow("ACME", on("Append", "ORDER", "", do("Append")))
	e := b.new("n1", aloof)
	b.run(e)
	b.looked(e)
	o := b.orders(b.scope, 1)[0]
	rows := []*workflow.Event{numbered(o, 1), numbered(o, 2), numbered(o, 3)}
	e.Prepare(rows...)
	require.NoError(t, b.db.Write(b.ctx, b.scope, func(tx *store.Tx) error { eventstore.Append(tx, rows...); return nil }))
	res, err := e.RunOnce(b.ctx, b.scope, numbered(o, 4), repeats.Request{})
	require.NoError(t, err)
	require.Equal(t, eventstore.Success, res.State)
	require.Equal(t, "CREATED,1,2,3,4", b.reload(b.scope, o).Status)
	for _, ev := range rows {
		require.Equal(t, eventstore.Success, b.state(b.scope, ev.ID))
	}
}
