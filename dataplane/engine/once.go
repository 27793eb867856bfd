package engine

import (
	"context"
	"errors"

	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// SendOnce queues the event of a request in a transaction of its own and hands it on, unless the request was carried out before: by the id that its caller gave the event,
// else by the request's key. Then the answer is that of the first one. Its State is PENDING, or SCHEDULED.
func (e *Engine) SendOnce(ctx context.Context, scope tenancy.Scope, ev *workflow.Event, r repeats.Request) (*Result, error) {
	return e.once(ctx, scope, ev, r, func(o *once) (*Result, error) {
		if err := e.submit(ctx, scope, o); err != nil {
			return nil, err
		}
		return accepted(ev.ID, ev), nil
	}, func(first *eventstore.Row) (*Result, error) { return accepted(first.Event.ID, &first.Event), nil })
}

// RunOnce runs the event of a request and answers with its result, unless the request was carried out before: then with that of the first, for which it
// waits where it is still at work. The event's root must be known (Resolve). One that is for later is queued.
func (e *Engine) RunOnce(ctx context.Context, scope tenancy.Scope, ev *workflow.Event, r repeats.Request) (*Result, error) {
	return e.once(ctx, scope, ev, r, func(o *once) (*Result, error) { return e.runSync(ctx, scope, o) }, func(first *eventstore.Row) (*Result, error) {
		if first.Event.ScheduledOn.After(first.Event.GeneratedOn) {
			return accepted(first.Event.ID, &first.Event), nil
		}
		return e.await(ctx, scope, &first.Event)
	})
}

// accepted is the result of an event that waits.
func accepted(id string, ev *workflow.Event) *Result {
	r := &Result{EventID: id, EntityID: ev.EntityID, State: eventstore.Pending}
	if ev.ScheduledOn.After(ev.GeneratedOn) {
		r.State = eventstore.Scheduled
	}
	return r
}

// once is the event of a request that may come again.
type once struct {
	event   *workflow.Event
	given   bool // its caller gave it its id
	request repeats.Request
}

// maxOnce bounds how often what was done before turns out not to be an answer.
const maxOnce = 5

// once carries a request out, or answers as the first of its kind was answered. A first whose event failed is no answer, unless by its id: nothing
// of it was kept, and its caller may have mended the cause.
func (e *Engine) once(ctx context.Context, scope tenancy.Scope, ev *workflow.Event, r repeats.Request, do func(*once) (*Result, error), again func(*eventstore.Row) (*Result, error)) (*Result, error) {
	o := &once{event: ev, given: ev.ID != "", request: r}
	if o.given {
		o.request = repeats.Request{}
	}
	if err := e.accept(ctx, ev); err != nil {
		return nil, err
	}
	for range maxOnce {
		res, err := do(o)
		if !errors.Is(err, repeats.ErrRepeated) && !errors.Is(err, eventstore.ErrTaken) {
			return res, err
		}
		first, err := e.first(ctx, scope, o)
		if err != nil {
			return nil, err
		}
		switch {
		case first == nil: // it was forgotten just now
		case first.State == eventstore.Failed && !o.given:
			o.request.Instead = first.Event.ID
		default:
			res, err := again(first)
			if res != nil {
				res.Repeated = o.given || first.Event.ID != ev.ID
			}
			return res, err
		}
	}
	return nil, fault.New(fault.Unavailable, "the same request is being carried out; try again soon")
}

// first is the event that an earlier request made. What bears the id that a caller gave, but is another caller's or another retailer's, is none of his.
func (e *Engine) first(ctx context.Context, scope tenancy.Scope, o *once) (*eventstore.Row, error) {
	id, r := o.event.ID, e.d.DB.Reader(scope)
	made, err := repeats.Find(ctx, r, o.request)
	if err != nil {
		return nil, err
	}
	if made != "" {
		id = made
	}
	row, err := eventstore.Get(ctx, r, id)
	if err == nil && row != nil && o.given && !o.mayBe(row) {
		return nil, fault.New(fault.Exists, "An event %s was sent before, by another caller or for another retailer", id).At("id")
	}
	return row, err
}

// mayBe reports whether an event of this id can be the request's own.
func (o *once) mayBe(row *eventstore.Row) bool {
	return row.Event.RetailerID == o.event.RetailerID && row.Event.GeneratedBy == o.event.GeneratedBy
}

// submit queues the event in a transaction of its own. It fails with ErrRepeated or ErrTaken where it was sent before.
func (e *Engine) submit(ctx context.Context, scope tenancy.Scope, o *once) error {
	err := e.d.DB.Write(ctx, scope, func(tx *store.Tx) error {
		repeats.Take(tx, o.request, o.event.ID)
		eventstore.AppendNew(tx, o.event)
		return nil
	})
	if err == nil {
		e.Nudge(ctx, scope, o.event)
	}
	return err
}
