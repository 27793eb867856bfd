package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/fluent-oms/fluent/dataplane/engine/queue"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// Result is what became of a synchronous event.
type Result struct {
	EventID  string
	EntityID string
	State    eventstore.State // SUCCESS, NO_MATCH or FAILED; SCHEDULED for later; PENDING when it did not run in the time allowed, but will
	Error    string           // why it FAILED or did not match
	Repeated bool             // it is that of an earlier request
}

// maxSyncTurns bounds the turns that one request runs: those of events that waited for the root before it are among them.
const maxSyncTurns = 200

// runSync runs the event of a request. On a node that does not own the slot the event becomes a row, its owner is nudged, and the call waits. It fails
// with ErrRepeated or ErrTaken where it was sent before.
func (e *Engine) runSync(ctx context.Context, scope tenancy.Scope, o *once) (*Result, error) {
	ev := o.event
	if ev.ScheduledOn.After(e.d.DB.Now(ctx)) {
		return &Result{EventID: ev.ID, EntityID: ev.EntityID, State: eventstore.Scheduled}, e.submit(ctx, scope, o)
	}
	row := eventstore.Row{Account: scope.Account(), Event: *ev}
	if _, _, ok := e.leases.Held(eventstore.RangeOf(row.Slot())); ok {
		res, err := e.runHere(ctx, scope, o, queue.RootOf(&row))
		if res != nil || err != nil {
			return res, err
		}
	}
	if err := e.submit(ctx, scope, o); err != nil {
		return nil, err
	}
	return e.await(ctx, scope, ev)
}

// runHere runs the event in the caller's goroutine, after those that wait for its root. It goes on when the caller goes away: a request that
// was answered late is better than one that is sent again. nil, nil says that the range was lost meanwhile.
func (e *Engine) runHere(ctx context.Context, scope tenancy.Scope, o *once, root queue.Root) (*Result, error) {
	e.running.Add(1)
	defer e.running.Done()
	ev := o.event
	if err := e.before(ctx, scope, o); err != nil {
		return nil, err
	}
	waiting, cancel := context.WithTimeout(ctx, e.cfg.SyncWait)
	defer cancel()
	for range maxSyncTurns {
		w, err := e.queue.Acquire(waiting, root)
		if err != nil {
			return nil, fault.New(fault.Unavailable, "%s %s is busy; try again soon", ev.RootType, ev.RootID).Wrap(err)
		}
		j := e.newJob(w)
		j.scope = scope
		j.sync, j.request = ev, o.request
		e.turnOf(context.WithoutCancel(ctx), j)
		if m, ok := j.marks[ev.ID]; ok {
			return &Result{EventID: ev.ID, EntityID: ev.EntityID, State: m.State, Error: m.Error}, nil
		}
		if j.repeated {
			return nil, repeats.ErrRepeated
		}
		if j.taken {
			if row, err := eventstore.Get(ctx, e.d.DB.Reader(scope), ev.ID); err != nil || row != nil {
				return e.orAwait(ctx, scope, o, err)
			}
		}
		if _, _, ok := e.leases.Held(eventstore.RangeOf(root.Slot())); !ok {
			return nil, nil
		}
		if j.rest > 0 {
			return nil, fault.New(fault.Unavailable, "the event could not be run now; try again soon")
		}
	}
	return nil, nil
}

// orAwait waits for the event's row: the commit of an earlier try took place after all. Where the caller gave the id, it may be another's.
func (e *Engine) orAwait(ctx context.Context, scope tenancy.Scope, o *once, err error) (*Result, error) {
	switch {
	case err != nil:
		return nil, err
	case o.given:
		return nil, eventstore.ErrTaken
	}
	return e.await(ctx, scope, o.event)
}

// before reads in one round trip what waits for the event's root, which runs first, and whether the request was carried out before.
func (e *Engine) before(ctx context.Context, scope tenancy.Scope, o *once) error {
	var first string
	r := e.d.DB.Reader(scope)
	also := o.request.Finding(r, &first)
	if o.given {
		also = eventstore.Finding(r, o.event.ID, &first)
	}
	earlier, err := eventstore.PendingOfRoot(ctx, r, o.event.RootType, o.event.RootID, e.cfg.Window, also...)
	switch {
	case err != nil:
		return err
	case first != "":
		return repeats.ErrRepeated
	}
	e.queue.Add(earlier...)
	return nil
}

// turnOf runs and commits one turn, and frees the root.
func (e *Engine) turnOf(ctx context.Context, j *job) {
	e.do(ctx, []*job{j})
}

// The pause between looks at an event that another node runs.
const (
	firstLook   = 10 * time.Millisecond
	longestLook = 250 * time.Millisecond
)

// Await waits until an event that was committed is final, or as long as a synchronous event waits.
func (e *Engine) Await(ctx context.Context, scope tenancy.Scope, ev *workflow.Event) error {
	_, err := e.await(ctx, scope, ev)
	return err
}

// await waits until an event row is final.
func (e *Engine) await(ctx context.Context, scope tenancy.Scope, ev *workflow.Event) (*Result, error) {
	bounded, cancel := context.WithTimeout(ctx, e.cfg.SyncWait)
	defer cancel()
	for look := firstLook; ; look = min(look*2, longestLook) {
		row, err := eventstore.Get(bounded, e.d.DB.Reader(scope), ev.ID)
		if err != nil && bounded.Err() == nil {
			return nil, fmt.Errorf("wait for event %s: %w", ev.ID, err)
		}
		if err == nil && row != nil && row.State.Final() {
			return &Result{EventID: ev.ID, EntityID: row.Event.EntityID, State: row.State, Error: row.Error}, nil
		}
		if !sleep(bounded, look) {
			return &Result{EventID: ev.ID, EntityID: ev.EntityID, State: eventstore.Pending}, nil
		}
	}
}
