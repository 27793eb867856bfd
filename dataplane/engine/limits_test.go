package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine"
	"github.com/fluent-oms/fluent/dataplane/rule"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// TestTurnsHaveTheirLimits: events follow one another so many times, and so many rulesets run, and not one more; a rule that does not end is ended.
func TestTurnsHaveTheirLimits(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.rules = append(b.rules,
		rule.New("test", "Chain", "Is for a test.", func(_ context.Context, c *rule.Context, _ rule.None) error {
			if n := c.Event.Attributes["n"].(int); n > 0 {
				c.Turn.Send(workflow.Event{Name: "Chain", Attributes: map[string]any{"n": n - 1}})
			}
			return nil
		}),
		rule.New("test", "Fan", "Is for a test.", func(_ context.Context, c *rule.Context, _ rule.None) error {
			for range c.Event.Attributes["n"].(int) {
				c.Turn.Send(workflow.Event{Name: "Leaf"})
			}
			return nil
		}),
		rule.New("test", "Hang", "Is for a test.", func(ctx context.Context, _ *rule.Context, _ rule.None) error {
			<-ctx.Done()
			return ctx.Err()
		}))
	b.flow("ACME", on("Chain", "ORDER", "", do("Chain"), do("Count")), on("Fan", "ORDER", "", do("Fan")), on("Leaf", "ORDER", "", do("Count")),
		on("Hang", "ORDER", "", do("Count"), do("Hang")))
	for _, c := range []struct {
		name   string
		n      int
		limits engine.Limits
		says   string
		count  int
	}{
		{"Chain", 3, engine.Limits{Depth: 3}, "", 4},
		{"Chain", 4, engine.Limits{Depth: 3}, "deeper than they may", 0},
		{"Chain", 4, engine.Limits{Rulesets: 5}, "", 5},
		{"Chain", 4, engine.Limits{Rulesets: 4}, "more rulesets than it may", 0},
		{"Fan", 20, engine.Limits{Depth: 1}, "", 20},
		{"Hang", 0, engine.Limits{Time: time.Second}, "longer than it may", 0},
	} {
		e := b.new("n1", func(_ *engine.Deps, cfg *engine.Config) { cfg.Limits = c.limits })
		stop := b.run(e)
		o := b.orders(b.scope, 1)[0]
		ev := event(o, c.name)
		ev.Attributes = map[string]any{"n": c.n}
		res, err := e.RunOnce(b.ctx, b.scope, ev, repeats.Request{})
		require.NoError(t, err)
		if c.says == "" {
			require.Equal(t, eventstore.Success, res.State, res.Error)
		} else {
			require.Equal(t, eventstore.Failed, res.State)
			require.Contains(t, res.Error, c.says)
		}
		require.Equal(t, c.count, b.count(b.scope, o))
		stop()
	}
}
