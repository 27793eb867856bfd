package engine

import (
	"context"
	"slices"
	"time"

	"github.com/fluent-oms/fluent/dataplane/engine/queue"
	"github.com/fluent-oms/fluent/dataplane/ratelog"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/tenancy"
)

// pollLoop reads the queues of the node's ranges: often, for events that other nodes wrote, and at once when woken.
func (e *Engine) pollLoop(ctx context.Context) {
	var failure ratelog.Failure
	for {
		if err := e.poll(ctx); ctx.Err() == nil {
			failure.Report(e.d.Logger, "read the event queues", err)
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
	_, err := e.look(ctx)
	return err
}

// sight is what one poll has looked at: of its ranges, all events but those of the roots that it passed over, and of the accounts that had
// more than one read brings.
type sight struct {
	ranges []int
	passed []string
	full   map[tenancy.AccountID]bool
}

// had reports whether the poll has seen an event if it was waiting then.
func (s *sight) had(row *eventstore.Row) bool {
	return slices.Contains(s.ranges, eventstore.RangeOf(row.Slot())) && !s.full[row.Account] && !slices.Contains(s.passed, queue.RootOf(row).String())
}

func (e *Engine) look(ctx context.Context) (*sight, error) {
	seen := &sight{ranges: e.leases.Ranges(), passed: e.queue.Crowded(), full: map[tenancy.AccountID]bool{}}
	if len(seen.ranges) == 0 {
		return seen, nil
	}
	rows, err := eventstore.ReadPending(ctx, e.d.DB, eventstore.Query{Ranges: seen.ranges, PerAccount: e.cfg.Window, SkipRoots: seen.passed})
	if err != nil {
		return nil, err
	}
	read := map[tenancy.AccountID]int{}
	for i := range rows {
		if read[rows[i].Account]++; read[rows[i].Account] >= e.cfg.Window {
			seen.full[rows[i].Account] = true
		}
	}
	e.more.Store(len(seen.full) > 0)
	e.queue.Add(rows...)
	return seen, nil
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

// sweep looks through all that is pending for events of this node that the polls don't bring. Those that a poll passes over for a reason, since
// their root rests or has enough in memory, or their account has more urgent ones than a read brings, are behind: some of them get their
// chance here. What then remains was overlooked.
func (e *Engine) sweep(ctx context.Context) {
	if e.queue.Len() >= e.cfg.Window {
		return // memory is full
	}
	rows, err := eventstore.Overlooked(ctx, e.d.DB, e.cfg.Sweep, e.cfg.Window)
	var seen *sight
	if err == nil && len(rows) > 0 {
		seen, err = e.look(ctx) // later than the sweep's own read: what came late to be seen, or with a range, is in memory now
	}
	if err != nil {
		if ctx.Err() == nil {
			e.d.Logger.Warn("sweep the event queues", "error", err)
		}
		return
	}
	var missed, behind []eventstore.Row
	for i := range rows {
		if _, _, ok := e.leases.Held(eventstore.RangeOf(rows[i].Slot())); !ok {
			continue
		}
		if seen.had(&rows[i]) {
			missed = append(missed, rows[i])
		} else {
			behind = append(behind, rows[i])
		}
	}
	e.queue.Add(behind...)
	if n := e.queue.Add(missed...); n > 0 {
		e.stats.Overlooked.Add(int64(n))
		e.d.Logger.Error("events were overlooked by the polls", "events", n)
	}
}

// maxDue is how many events of an account come due at once.
const maxDue = 1000

// scheduleLoop releases scheduled events whose time has come.
func (e *Engine) scheduleLoop(ctx context.Context) {
	var failure ratelog.Failure
	every(ctx, e.cfg.Schedule, func(ctx context.Context) { e.release(ctx, &failure) })
}

func (e *Engine) release(ctx context.Context, failure *ratelog.Failure) {
	ranges := e.leases.Ranges()
	if len(ranges) == 0 {
		return
	}
	due, err := eventstore.ReleaseDue(ctx, e.d.DB, ranges, maxDue)
	if ctx.Err() == nil {
		failure.Report(e.d.Logger, "release scheduled events", err)
	}
	if len(due) > 0 {
		e.stats.Released.Add(int64(len(due)))
		e.Wake()
	}
}
