// Package load repeats an operation with a number of clients at once and sums up how long each took.
package load

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Plan says how much is done. Work ends with Count operations or after Duration, whichever comes first; zero means no limit.
type Plan struct {
	Clients  int
	Count    int
	Duration time.Duration
	// Every is when the next operation is due, whoever is free to do it: 0 means as soon as a client is free. Times are then taken from when an
	// operation was due, so that one that waits for a client counts as slow.
	Every time.Duration
}

// Result is what was done. Operations that were under way when the duration ended are in it.
type Result struct {
	Took      time.Duration
	latencies []time.Duration // in ascending order
}

// Operation does the i-th piece of work, counted over all clients from 0, for one client.
type Operation func(ctx context.Context, client, i int) error

// Run carries out a plan. The first error ends it.
func Run(ctx context.Context, p Plan, op Operation) (Result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wait sync.WaitGroup
	latencies := make([][]time.Duration, p.Clients)
	began := time.Now()
	for client := range p.Clients {
		wait.Go(func() {
			for ctx.Err() == nil && (p.Duration == 0 || time.Since(began) < p.Duration) {
				i := int(next.Add(1)) - 1
				if p.Count > 0 && i >= p.Count {
					return
				}
				start := time.Now()
				if p.Every > 0 {
					start = began.Add(time.Duration(i) * p.Every)
					if !until(ctx, start) {
						return
					}
				}
				if err := op(ctx, client, i); err != nil {
					cancel(err)
					return
				}
				latencies[client] = append(latencies[client], time.Since(start))
			}
		})
	}
	wait.Wait()
	return Of(time.Since(began), slices.Concat(latencies...)), context.Cause(ctx)
}

// until waits for a moment; false when ctx ended first.
func until(ctx context.Context, moment time.Time) bool {
	t := time.NewTimer(time.Until(moment))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// Of makes a result from latencies that were measured elsewhere; it sorts them in place.
func Of(took time.Duration, latencies []time.Duration) Result {
	slices.Sort(latencies)
	return Result{Took: took, latencies: latencies}
}

// Count is how many operations were done.
func (r Result) Count() int { return len(r.latencies) }

// PerSecond is the rate over the whole time.
func (r Result) PerSecond() float64 {
	if r.Took <= 0 {
		return 0
	}
	return float64(len(r.latencies)) / r.Took.Seconds()
}

// Quantile is the latency that a share q of the operations did not exceed: 0.5 is the median. Without operations it is zero.
func (r Result) Quantile(q float64) time.Duration {
	if len(r.latencies) == 0 {
		return 0
	}
	return r.latencies[min(len(r.latencies)-1, int(q*float64(len(r.latencies))))]
}
