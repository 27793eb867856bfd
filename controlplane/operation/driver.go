// Package operation drives the operations that the state holds to their ends: it asks nodes what the declaration of a step says, and commits the command
// that ends the step. What there is to do, and in which order, stands in the declarations (state.OperationKind); nothing here knows a kind.
package operation

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/controlplane/presence"
	"github.com/fluent-oms/fluent/controlplane/reconcile"
	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

const (
	actor           = "provision" // the driver's name in the audit
	atOnce          = 32          // operations that are worked on at the same time
	longestWait     = 5 * time.Second
	gathering       = 5 * time.Millisecond // what changes together is looked at together: each look goes through all operations
	shortestBackoff = 50 * time.Millisecond
	patience        = 2 * time.Second // how long an operation waits at its end for nodes that lag
	notable         = time.Second     // a wait for nodes that is shorter is not recorded: it is as good as certain, and a record is a commit
)

// Deps is what the driver works with.
type Deps struct {
	reconcile.Deps
	Nodes Nodes
}

// Drive drives operations to their end for as long as ctx lasts. Each step is idempotent on the node's side and is ended by one
// command, which is refused if the step has been ended before.
func Drive(ctx context.Context, deps Deps) error {
	freed := make(chan struct{}, 1)
	d := &driver{Deps: deps, busy: map[string]bool{}, slots: make(chan struct{}, atOnce), freed: freed,
		lanes: lanes{freed: freed, busy: map[string]int{}}}
	var workers sync.WaitGroup
	defer workers.Wait()
	for ctx.Err() == nil {
		view := d.Store.View()
		running, changed := state.RunningInTurn(view)
		room := map[string]bool{} // by environment
		for _, o := range running {
			if !d.mayGoOn(view, o, room) || !d.take(o.GetId()) {
				continue
			}
			workers.Go(func() {
				defer d.release(o.GetId())
				d.drive(ctx, o.GetId())
			})
		}
		reconcile.Wait(ctx, longestWait, changed, view.Abandoned(), d.freed)
		reconcile.Wait(ctx, gathering)
	}
	return nil
}

type driver struct {
	Deps
	slots chan struct{}
	freed chan struct{}
	lanes lanes

	mu   sync.Mutex
	busy map[string]bool
}

// mayGoOn is false while all nodes that could work for an operation have enough to do. It then takes no slot, so that it keeps nobody of
// another environment from going on. known is what this look has found of environments.
func (d *driver) mayGoOn(v state.View, o *cpv1.Operation, known map[string]bool) bool {
	if !state.Prepares(o) {
		return true
	}
	room, looked := known[o.GetEnvironment()]
	if !looked {
		ready, _ := state.ReadyNodes(v, o.GetEnvironment())
		room = d.lanes.room(ready)
		known[o.GetEnvironment()] = room
	}
	return room
}

// take reserves an operation for one worker, if there is a free slot.
func (d *driver) take(id string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.busy[id] {
		return false
	}
	select {
	case d.slots <- struct{}{}:
		d.busy[id] = true
		return true
	default:
		return false
	}
}

func (d *driver) release(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.busy, id)
	<-d.slots
	select {
	case d.freed <- struct{}{}:
	default:
	}
}

// drive takes steps until the operation has ended or ctx does.
func (d *driver) drive(ctx context.Context, id string) {
	backoff, attempt := shortestBackoff, 0
	for ctx.Err() == nil {
		view := d.Store.View()
		o, found := state.Operations.Get(view, id)
		step := state.CurrentStep(o)
		if !found || step == nil {
			return
		}
		blocked, err := d.step(ctx, view, o, attempt)
		switch {
		case errors.Is(err, errFull) && attempt == 0:
			return // it is taken again in its turn
		case errors.Is(err, errFull): // its attempts go on being counted
			reconcile.Wait(ctx, shortestBackoff, view.Abandoned())
			continue
		case ctx.Err() != nil:
			return
		case err == nil && blocked == nil:
			backoff, attempt = shortestBackoff, 0
			continue
		case fault.Is(err, fault.Conflict):
			continue // someone was quicker: look again
		case permanent(err, attempt):
			d.fail(ctx, id, err)
			return
		case err != nil:
			blocked = &blocker{Blocker: state.Blocker{Reason: notCommitted, Resource: "operation/" + id, Detail: text(err)}, failed: true}
		}
		attempt++
		d.note(ctx, o, step, blocked)
		reconcile.Wait(ctx, backoff, blocked.Wake, view.Abandoned())
		backoff = min(2*backoff, longestWait)
	}
}

func (d *driver) fail(ctx context.Context, id string, cause error) {
	problem := &cpv1.OperationError{Code: "NODE_REFUSED", Detail: text(cause)}
	if err := d.Commit(ctx, actor, &statev1.FinishOperation{Operation: id, Error: problem}); err != nil {
		d.Logger.WarnContext(ctx, "operation's failure not recorded", "operation", id, "error", err)
	}
}

// note records what a step waits for, once per change of mind or failed attempt.
func (d *driver) note(ctx context.Context, o *cpv1.Operation, step *cpv1.OperationStep, b *blocker) {
	if b.passing {
		return
	}
	now := o.GetWaitingFor()
	if !b.failed && proto.Equal(b.waitingFor(), &cpv1.WaitingFor{Reason: now.GetReason(), Resource: now.GetResource(), Detail: now.GetDetail()}) {
		return
	}
	body := &statev1.NoteOperation{Operation: o.GetId(), Step: step.GetName(), FailedAttempt: b.failed, WaitingFor: b.waitingFor()}
	if err := d.Commit(ctx, actor, body); err != nil && ctx.Err() == nil {
		d.Logger.WarnContext(ctx, "operation's wait not recorded", "operation", o.GetId(), "error", err)
	}
}

// step does the current step of an operation, or says what blocks it.
func (d *driver) step(ctx context.Context, v state.View, o *cpv1.Operation, attempt int) (*blocker, error) {
	step, known := state.StepOf(o)
	if !known {
		return &blocker{Blocker: state.Blocker{Reason: "UNKNOWN_STEP", Resource: "operation/" + o.GetId(), Detail: "This release does not know the step."}}, nil
	}
	var answer proto.Message
	if step.Ask != nil {
		on, leave, blocked, err := d.node(v, o.GetEnvironment(), attempt)
		if blocked != nil || err != nil {
			return blocked, err
		}
		defer leave()
		request, err := step.Ask(v, o)
		if err != nil {
			return nil, err
		}
		if answer, err = d.Nodes.Ask(ctx, on, request); err != nil {
			return obstacle(on, err, attempt)
		}
	}
	if step.Heard {
		if blocked := d.unheard(v, o); blocked != nil {
			return blocked, nil
		}
	}
	command, blocked := step.End(v, o, answer)
	if blocked != nil {
		return &blocker{Blocker: *blocked}, nil
	}
	return nil, d.Commit(ctx, actor, command)
}

// unheard is the node that does not work yet by what was made, so that "done" means usable. A node that lags for too long does not
// hold everybody up: it will know the account before it is ready for anything else.
func (d *driver) unheard(v state.View, o *cpv1.Operation) *blocker {
	changed := d.Presence.Changed()
	needed, err := strconv.ParseUint(o.GetResult()[state.ResultOpenedIndex], 10, 64)
	if err != nil {
		needed = 0
	}
	ready, _ := state.ReadyNodes(v, o.GetEnvironment())
	waited := d.Now().Sub(state.CurrentStep(o).GetStartTime().AsTime())
	for _, n := range ready {
		report, known := d.Presence.Last(presence.NodeKey(n.GetId()))
		if (!known || report.AppliedIndex < needed) && waited < patience {
			return &blocker{passing: waited < notable, Blocker: state.Blocker{
				Reason: nodeBehind, Resource: "node/" + n.GetId(), Detail: fmt.Sprintf("The node %s has not heard of it yet.", n.GetId()), Wake: changed,
			}}
		}
	}
	return nil
}
