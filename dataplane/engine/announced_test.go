package engine_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
)

// large is an effect that says how much it writes, and looks whether that was announced.
type large struct {
	rows int
	look func() int
	seen *atomic.Int32
}

func (l large) Rows() int { return l.rows }

func (l large) Apply(context.Context, *store.Tx) error {
	l.seen.Store(int32(l.look()))
	return nil
}

// TestWhatWritesMuchIsAnnounced: readers of growing lists hear of it before it begins; what writes less costs nothing for that.
func TestWhatWritesMuchIsAnnounced(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var much, little atomic.Int32
	much.Store(-1)
	little.Store(-1)
	look := func() int {
		var announced []string
		b.query("SELECT id::TEXT FROM long_writes WHERE account_id = 'ACME'", &announced)
		return len(announced)
	}
	b.effect("Much", func() rule.Effect { return large{store.ManyRows, look, &much} })
	b.effect("Little", func() rule.Effect { return large{store.ManyRows - 1, look, &little} })
	b.flow("ACME", on("Much", "ORDER", "", do("EffectMuch")), on("Little", "ORDER", "", do("EffectLittle")))
	e := b.new("n1")
	o := b.orders(b.scope, 1)[0]
	b.run(e)
	for _, name := range []string{"Little", "Much"} {
		ev := event(o, name)
		require.NoError(t, e.Submit(b.ctx, b.scope, ev))
		b.settled(b.scope, ev)
	}
	require.EqualValues(t, 0, little.Load())
	require.EqualValues(t, 1, much.Load())
}
