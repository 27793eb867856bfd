package engine

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/fluent-oms/fluent/dataplane/engine/queue"
	"github.com/fluent-oms/fluent/dataplane/engine/turn"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// Creation is a root entity that is about to be created, and the event that its creation sends. The structs are complete, with ids and
// times, and stay as they are.
type Creation struct {
	Event *workflow.Event
	Root  any   // pointer to the root's struct
	Parts []any // created with it
	Known []any // what they point at, as it was read a moment ago
}

// creationTime bounds the turn that a caller waits for.
const creationTime = 2 * time.Second

// Create runs the turn of a new root's first event in memory and writes the root as the turn leaves it: creation and turn are one commit.
// Nobody can have sent the root another event, so neither its slot nor its place in a queue matters: any node may do it. False means that
// nothing was written and that the caller is to create the root by itself and queue its event: the type does not start like this, too many
// others do at this moment, or the turn failed. An error is ErrAmbiguous, that of ctx, or
// says that the database takes no writes.
func (e *Engine) Create(ctx context.Context, account tenancy.AccountID, c Creation) (bool, error) {
	if !slices.Contains(e.d.Starts, c.Event.RootType) || !e.starts.enter(account) {
		return false, nil
	}
	defer e.starts.leave(account)
	if e.hooks.creating != nil {
		e.hooks.creating()
	}
	e.running.Add(1)
	defer e.running.Done()
	scope, err := tenancy.NewScope(account)
	if err != nil {
		return false, fmt.Errorf("create a root: %w", err)
	}
	e.Prepare(c.Event)
	j := e.newJob(&queue.Work{Root: queue.Root{Account: account, Type: c.Event.RootType, Key: c.Event.RootID}})
	j.scope, j.sync, j.fresh, j.try = scope, c.Event, true, 1
	loaded, err := e.runner.Existing(ctx, e.d.DB.Reader(scope), c.Root, c.Parts, c.Known)
	if err == nil {
		err = e.runFresh(ctx, j, &turn.Fresh{Root: clone(c.Root), Parts: clones(c.Parts), Loaded: clones(loaded)})
	}
	if err == nil {
		err = e.starts.join(context.WithoutCancel(ctx), j)
	}
	switch {
	case err == nil:
		e.stats.Created.Add(1)
		return true, nil
	case errors.Is(err, store.ErrAmbiguous), store.TakesNoWrites(err), ctx.Err() != nil:
		return false, err
	}
	e.d.Logger.Debug("a root is created without its first turn", "account", string(account), "root", c.Event.RootType+" "+c.Event.RootID, "error", err)
	return false, nil
}

var errNotNow = errors.New("engine: the first turn failed; it is recorded when it runs by itself")

func (e *Engine) runFresh(ctx context.Context, j *job, root *turn.Fresh) error {
	bounded, cancel := context.WithTimeout(ctx, creationTime)
	defer cancel()
	out, err := e.runner.Run(bounded, turn.Input{Scope: j.scope, Events: []*workflow.Event{j.sync}, Try: j.try, Fresh: root})
	if err != nil {
		return err
	}
	if out.Marks[0].State == eventstore.Failed {
		return errNotNow
	}
	j.out = out
	return nil
}

// clone copies the struct that ptr points at.
func clone(ptr any) any {
	to := reflect.New(reflect.TypeOf(ptr).Elem())
	to.Elem().Set(reflect.ValueOf(ptr).Elem())
	return to.Interface()
}

func clones(ptrs []any) []any {
	out := make([]any, len(ptrs))
	for i, p := range ptrs {
		out[i] = clone(p)
	}
	return out
}

// commitFresh commits creations of one account together and returns what became of each. When that fails they are halved, until the culprit
// stands alone: another order with the same ref, or stock that is gone.
func (e *Engine) commitFresh(ctx context.Context, jobs []*job) []error {
	err := errOverlap
	if !overlap(jobs) {
		err = e.writeOnce(ctx, jobs)
	}
	if err == nil {
		e.committed(ctx, jobs)
	}
	if n := len(jobs); n > 1 && err != nil && !errors.Is(err, store.ErrAmbiguous) && !store.TakesNoWrites(err) {
		return append(e.commitFresh(ctx, jobs[:n/2]), e.commitFresh(ctx, jobs[n/2:])...)
	}
	out := make([]error, len(jobs))
	for i := range out {
		out[i] = err
	}
	return out
}
