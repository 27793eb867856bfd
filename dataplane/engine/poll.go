package engine

import (
	"context"
	"time"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/tenancy"
)

// pollLoop reads the queues of the node's ranges: often, for events that other nodes wrote, and at once when woken.
func (e *Engine) pollLoop(ctx context.Context) {
	var failure complaint
	for {
		if err := e.poll(ctx); ctx.Err() == nil {
			failure.hear(e.d.Logger, "read the event queues", err)
		}
		if !e.rest(ctx, e.cfg.Poll) {
			return
		}
	}
}

// rest waits until the time is over or the engine is woken; false when ctx ended.
func (e *Engine) rest(ctx context.Context, wait time.Duration) bool {
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
	case <-e.wake:
	}
	return true
}

// poll brings waiting events into memory, and notes whether an account has more of them than one read brings.
func (e *Engine) poll(ctx context.Context) error {
	ranges := e.leases.Ranges()
	if len(ranges) == 0 {
		return nil
	}
	rows, err := e.d.DB.PendingEvents(ctx, store.QueueQuery{Ranges: ranges, PerAccount: e.cfg.Window, SkipRoots: e.queue.Crowded()})
	if err != nil {
		return err
	}
	read := map[tenancy.AccountID]int{}
	more := false
	for i := range rows {
		read[rows[i].Account]++
		more = more || read[rows[i].Account] >= e.cfg.Window
	}
	e.more.Store(more)
	e.queue.Add(rows...)
	return nil
}

// refill wakes the poll when memory runs low and the database has more.
func (e *Engine) refill() {
	if e.queue.Len() < e.cfg.Window/4 && e.more.CompareAndSwap(true, false) {
		e.Wake()
	}
}

// every calls f at an interval until ctx ends.
func every(ctx context.Context, interval time.Duration, f func(context.Context)) {
	t := time.NewTicker(interval)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			f(ctx)
		}
	}
}

// sweepLoop is the safety net behind the polls.
func (e *Engine) sweepLoop(ctx context.Context) { every(ctx, e.cfg.Sweep, e.sweep) }

// sweep looks through all that is pending for events of this node that no poll has brought although memory was not full of others.
func (e *Engine) sweep(ctx context.Context) {
	if e.queue.Len() >= e.cfg.Window {
		return // behind, not overlooked
	}
	rows, err := e.d.DB.OverlookedEvents(ctx, e.cfg.Sweep, e.cfg.Window)
	if err != nil {
		if ctx.Err() == nil {
			e.d.Logger.Warn("sweep the event queues", "error", err)
		}
		return
	}
	own := rows[:0]
	for i := range rows {
		if _, _, ok := e.leases.Held(store.RangeOf(rows[i].Slot())); ok {
			own = append(own, rows[i])
		}
	}
	if n := e.queue.Add(own...); n > 0 {
		e.stats.Overlooked.Add(int64(n))
		e.d.Logger.Error("events were overlooked by the polls", "events", n)
	}
}

// maxDue is how many events of an account come due at once.
const maxDue = 1000

// scheduleLoop releases scheduled events whose time has come.
func (e *Engine) scheduleLoop(ctx context.Context) {
	var failure complaint
	every(ctx, e.cfg.Schedule, func(ctx context.Context) { e.release(ctx, &failure) })
}

func (e *Engine) release(ctx context.Context, failure *complaint) {
	ranges := e.leases.Ranges()
	if len(ranges) == 0 {
		return
	}
	due, err := e.d.DB.ReleaseDue(ctx, ranges, maxDue)
	if ctx.Err() == nil {
		failure.hear(e.d.Logger, "release scheduled events", err)
	}
	if len(due) > 0 {
		e.stats.Released.Add(int64(len(due)))
		e.Wake()
	}
}
