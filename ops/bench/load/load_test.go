package load_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/bench/load"
)

func TestEachPieceOfWorkIsDoneOnce(t *testing.T) {
	t.Parallel()
	seen := make([]atomic.Int64, 100)
	result, err := load.Run(context.Background(), load.Plan{Clients: 7, Count: len(seen)}, func(_ context.Context, _, i int) error {
		seen[i].Add(1)
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, len(seen), result.Count())
	for i := range seen {
		require.EqualValues(t, 1, seen[i].Load(), "piece %d", i)
	}
	require.Positive(t, result.PerSecond())
}

func TestTheFirstErrorEndsTheWork(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	_, err := load.Run(context.Background(), load.Plan{Clients: 3, Duration: time.Minute}, func(_ context.Context, _, i int) error {
		if i == 10 {
			return broken
		}
		return nil
	})
	require.ErrorIs(t, err, broken)
}

func TestQuantiles(t *testing.T) {
	t.Parallel()
	var latencies []time.Duration
	for i := range 100 {
		latencies = append(latencies, time.Duration(100-i)*time.Millisecond)
	}
	result := load.Of(time.Second, latencies)
	require.Equal(t, 51*time.Millisecond, result.Quantile(0.5))
	require.Equal(t, 100*time.Millisecond, result.Quantile(0.99))
	require.InDelta(t, 100, result.PerSecond(), 0.01)
	require.Zero(t, load.Of(0, nil).Quantile(0.5))
}

func TestWorkAtAPaceCountsFromWhenItWasDue(t *testing.T) {
	t.Parallel()
	const every, first = 5 * time.Millisecond, 60 * time.Millisecond
	result, err := load.Run(context.Background(), load.Plan{Clients: 1, Count: 5, Every: every}, func(_ context.Context, _, i int) error {
		if i == 0 {
			time.Sleep(first) // the others are due meanwhile, and the only client is busy
		}
		return nil
	})
	require.NoError(t, err)
	require.GreaterOrEqual(t, result.Took, first)
	require.GreaterOrEqual(t, result.Quantile(0.01), first-4*every, "the last was due 20 ms after the first began")
}
