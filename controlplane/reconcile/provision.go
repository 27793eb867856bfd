package reconcile

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/controlplane/presence"
	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

const (
	provision       = "provision" // the reconciler's name in the audit
	atOnce          = 32          // operations that are worked on at the same time
	longestWait     = 5 * time.Second
	gathering       = 5 * time.Millisecond // what changes together is looked at together: each look goes through all operations
	shortestBackoff = 50 * time.Millisecond
	patience        = 2 * time.Second // how long an operation waits at its end for nodes that lag
	notable         = time.Second     // a wait for nodes that is shorter is not recorded: it is as good as certain, and a record is a commit
)

// Provision drives operations to their end for as long as ctx lasts. Each step is idempotent on the node's side and is ended by one
// command, which is refused if the step has been ended before.
func Provision(ctx context.Context, d Deps) error {
	freed := make(chan struct{}, 1)
	p := &provisioner{Deps: d, busy: map[string]bool{}, slots: make(chan struct{}, atOnce), freed: freed,
		lanes: lanes{freed: freed, busy: map[string]int{}}}
	var workers sync.WaitGroup
	defer workers.Wait()
	for ctx.Err() == nil {
		view := d.Store.View()
		running, changed := state.RunningInTurn(view)
		room := map[string]bool{} // by environment
		for _, o := range running {
			if !p.mayGoOn(view, o, room) || !p.take(o.GetId()) {
				continue
			}
			workers.Go(func() {
				defer p.release(o.GetId())
				p.drive(ctx, o.GetId())
			})
		}
		wait(ctx, longestWait, changed, view.Abandoned(), p.freed)
		wait(ctx, gathering)
	}
	return nil
}

type provisioner struct {
	Deps
	slots chan struct{}
	freed chan struct{}
	lanes lanes

	mu   sync.Mutex
	busy map[string]bool
}

// mayGoOn is false while all nodes that could work for an operation have enough to do. It then takes no slot, so that it keeps nobody of
// another environment from going on. known is what this look has found of environments.
func (p *provisioner) mayGoOn(v state.View, o *cpv1.Operation, known map[string]bool) bool {
	if !state.Prepares(o) {
		return true
	}
	room, looked := known[o.GetEnvironment()]
	if !looked {
		ready, _ := state.ReadyNodes(v, o.GetEnvironment())
		room = p.lanes.room(ready)
		known[o.GetEnvironment()] = room
	}
	return room
}

// take reserves an operation for one worker, if there is a free slot.
func (p *provisioner) take(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.busy[id] {
		return false
	}
	select {
	case p.slots <- struct{}{}:
		p.busy[id] = true
		return true
	default:
		return false
	}
}

func (p *provisioner) release(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.busy, id)
	<-p.slots
	select {
	case p.freed <- struct{}{}:
	default:
	}
}

// drive takes steps until the operation has ended or ctx does.
func (p *provisioner) drive(ctx context.Context, id string) {
	backoff, attempt := shortestBackoff, 0
	for ctx.Err() == nil {
		view := p.Store.View()
		o, found := state.Operations.Get(view, id)
		step := state.CurrentStep(o)
		if !found || step == nil {
			return
		}
		held, err := p.step(ctx, view, o, attempt)
		switch {
		case errors.Is(err, errFull) && attempt == 0:
			return // it is taken again in its turn
		case errors.Is(err, errFull): // its attempts go on being counted
			wait(ctx, shortestBackoff, view.Abandoned())
			continue
		case ctx.Err() != nil:
			return
		case err == nil && held == nil:
			backoff, attempt = shortestBackoff, 0
			continue
		case fault.Is(err, fault.Conflict):
			continue // someone was quicker: look again
		case permanent(err, attempt):
			p.fail(ctx, id, err)
			return
		case err != nil:
			held = &hold{reason: notCommitted, resource: "operation/" + id, detail: text(err), failed: true}
		}
		attempt++
		p.note(ctx, o, step, held)
		wait(ctx, backoff, held.wake, view.Abandoned())
		backoff = min(2*backoff, longestWait)
	}
}

func (p *provisioner) fail(ctx context.Context, id string, cause error) {
	problem := &cpv1.OperationError{Code: "NODE_REFUSED", Detail: text(cause)}
	if err := p.commit(ctx, provision, &statev1.FinishOperation{Operation: id, Error: problem}); err != nil {
		p.Logger.WarnContext(ctx, "operation's failure not recorded", "operation", id, "error", err)
	}
}

// note records what a step waits for, once per change of mind or failed attempt.
func (p *provisioner) note(ctx context.Context, o *cpv1.Operation, step *cpv1.OperationStep, h *hold) {
	if h.passing {
		return
	}
	now := o.GetWaitingFor()
	if !h.failed && proto.Equal(h.waitingFor(), &cpv1.WaitingFor{Reason: now.GetReason(), Resource: now.GetResource(), Detail: now.GetDetail()}) {
		return
	}
	body := &statev1.NoteOperation{Operation: o.GetId(), Step: step.GetName(), FailedAttempt: h.failed, WaitingFor: h.waitingFor()}
	if err := p.commit(ctx, provision, body); err != nil && ctx.Err() == nil {
		p.Logger.WarnContext(ctx, "operation's wait not recorded", "operation", o.GetId(), "error", err)
	}
}

// step does the current step of an operation, or says what holds it.
func (p *provisioner) step(ctx context.Context, v state.View, o *cpv1.Operation, attempt int) (*hold, error) {
	switch state.CurrentStep(o).GetName() {
	case state.StepPlace:
		return p.place(ctx, v, o)
	case state.StepPrepareAccount:
		return p.prepareAccount(ctx, v, o, attempt)
	case state.StepCreateRetailer:
		return p.createRetailer(ctx, v, o, attempt)
	case state.StepActivateWorkflows:
		return nil, p.commit(ctx, provision, &statev1.ActivateWorkflows{Operation: o.GetId()})
	case state.StepOpenClient:
		return nil, p.commit(ctx, provision, &statev1.OpenClient{Operation: o.GetId()})
	case state.StepReady:
		return p.finish(ctx, v, o)
	default:
		return &hold{reason: "UNKNOWN_STEP", resource: "operation/" + o.GetId(), detail: "This release does not know the step."}, nil
	}
}

func (p *provisioner) prepareAccount(ctx context.Context, v state.View, o *cpv1.Operation, attempt int) (*hold, error) {
	n, leave, held, err := p.node(v, o.GetEnvironment(), attempt)
	if held != nil || err != nil {
		return held, err
	}
	defer leave()
	record, found := state.Accounts.Get(v, o.GetAccount())
	if !found {
		return nil, fault.New(fault.Conflict, "The account %s is gone.", o.GetAccount())
	}
	admin := record.GetAdministrator()
	_, err = p.Tenants.PrepareAccount(ctx, n, &nodev1.PrepareAccountRequest{
		Account: o.GetAccount(), AdminUsername: admin.GetUsername(), AdminPasswordHash: []byte(admin.GetPasswordHash()), AdminEmail: admin.GetEmail(),
		ApiUsername: "api@" + o.GetAccount(), ApiRoles: state.FirstRoles(record),
	})
	if err != nil {
		return obstacle(n, err, attempt)
	}
	return nil, p.commit(ctx, provision, &statev1.AccountPrepared{Operation: o.GetId()})
}

func (p *provisioner) createRetailer(ctx context.Context, v state.View, o *cpv1.Operation, attempt int) (*hold, error) {
	n, leave, held, err := p.node(v, o.GetEnvironment(), attempt)
	if held != nil || err != nil {
		return held, err
	}
	defer leave()
	r, found := state.Retailers.Get(v, state.RetailerKey(o.GetAccount(), o.GetRetailer()))
	if !found {
		return nil, fault.New(fault.Conflict, "The retailer %d of %s is gone.", o.GetRetailer(), o.GetAccount())
	}
	prepared, err := p.Tenants.PrepareRetailer(ctx, n, &nodev1.PrepareRetailerRequest{
		Account: r.GetAccount(), Retailer: r.GetNumber(), Ref: r.GetRef(), TradingName: r.GetTradingName(), TimeZone: r.GetTimeZone(), Currency: r.GetCurrency(),
	})
	if err != nil {
		return obstacle(n, err, attempt)
	}
	body := &statev1.RetailerPrepared{
		Operation: o.GetId(), Artefacts: prepared.GetArtefacts(), Through: v.Cluster().GetSchemaFloor() >= state.StepsTogether,
	}
	return nil, p.commit(ctx, provision, body)
}

// finish waits until the environment's nodes work by what was made, so that "done" means usable. A node that lags for too long does not
// hold everybody up: it will know the account before it is ready for anything else.
func (p *provisioner) finish(ctx context.Context, v state.View, o *cpv1.Operation) (*hold, error) {
	changed := p.Presence.Changed()
	needed, err := strconv.ParseUint(o.GetResult()[state.ResultOpenedIndex], 10, 64)
	if err != nil {
		needed = 0
	}
	ready, _ := state.ReadyNodes(v, o.GetEnvironment())
	waited := p.Now().Sub(state.CurrentStep(o).GetStartTime().AsTime())
	for _, n := range ready {
		report, known := p.Presence.Last(presence.NodeKey(n.GetId()))
		if (!known || report.AppliedIndex < needed) && waited < patience {
			detail := fmt.Sprintf("The node %s has not heard of it yet.", n.GetId())
			return &hold{reason: nodeBehind, resource: "node/" + n.GetId(), detail: detail, wake: changed, passing: waited < notable}, nil
		}
	}
	return nil, p.commit(ctx, provision, &statev1.FinishOperation{Operation: o.GetId()})
}
