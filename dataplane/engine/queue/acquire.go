package queue

import (
	"context"
	"slices"
	"time"
)

// Acquire waits until nobody works on the root and takes it for the caller, with the events that wait for it. Callers go before
// workers, in the order in which they came.
func (q *Queue) Acquire(ctx context.Context, name Root) (*Work, error) {
	q.mu.Lock()
	r := q.root(name)
	if r.busy {
		turn := make(chan struct{})
		r.callers = append(r.callers, turn)
		q.mu.Unlock()
		if err := q.await(ctx, r, turn); err != nil {
			return nil, err
		}
		q.mu.Lock()
	}
	defer q.mu.Unlock()
	a := q.account(name.Account)
	if r.queued {
		q.unqueue(a, r)
	}
	return q.start(r, a), nil
}

func (q *Queue) await(ctx context.Context, r *root, turn chan struct{}) error {
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if i := slices.Index(r.callers, turn); i >= 0 {
		r.callers = slices.Delete(r.callers, i, i+1)
		return context.Cause(ctx)
	}
	r.busy = false // the turn came as the caller gave up: pass it on
	q.settle(r, q.account(r.name.Account))
	q.wake()
	return context.Cause(ctx)
}

func (q *Queue) unqueue(a *account, r *root) {
	for p := range a.ready {
		if i := slices.Index(a.ready[p], r); i >= 0 {
			a.ready[p] = slices.Delete(a.ready[p], i, i+1)
			a.count--
			r.queued = false
			return
		}
	}
}

// Keep forgets waiting events of roots for which keep is false: another node has them now. Work under way is not touched.
func (q *Queue) Keep(keep func(slot int) bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for name, r := range q.roots {
		if keep(name.Slot()) {
			continue
		}
		for i := range r.rows {
			delete(q.known, string(name.Account)+"/"+r.rows[i].Event.ID)
		}
		q.waiting -= len(r.rows)
		r.rows = nil
		if r.queued {
			q.unqueue(q.account(name.Account), r)
		}
		if !r.busy {
			delete(q.roots, name)
		}
	}
}

// Crowded lists roots that a reader of the database need not look at: those that rest after a failure, and those with a full piece of work
// in memory.
func (q *Queue) Crowded() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.cfg.Now()
	var out []string
	for name, r := range q.roots {
		if r.notBefore.After(now) || len(r.rows) >= q.cfg.Batch {
			out = append(out, name.String())
		}
	}
	return out
}

// Len is how many events wait, and Oldest how long the one that came first has waited.
func (q *Queue) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waiting
}

// Oldest is the arrival of the waiting event that came first; zero when nothing waits.
func (q *Queue) Oldest() time.Time {
	q.mu.Lock()
	defer q.mu.Unlock()
	var t time.Time
	for _, r := range q.roots {
		if len(r.rows) > 0 && (t.IsZero() || r.rows[0].ReceivedOn.Before(t)) {
			t = r.rows[0].ReceivedOn
		}
	}
	return t
}

// sweep forgets what was finished long ago.
func (q *Queue) sweep() {
	now := q.cfg.Now()
	if now.Sub(q.swept) < remember {
		return
	}
	q.swept = now
	for id, at := range q.finished {
		if now.Sub(at) > remember {
			delete(q.finished, id)
		}
	}
}
