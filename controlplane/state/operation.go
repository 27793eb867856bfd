package state

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// Operations are the operations, by their ids, which sort by age.
var Operations = Table[*cpv1.Operation]{name: "operations", key: (*cpv1.Operation).GetId, groups: operationGroups}

// Running names the group of operations that have not ended.
const Running = "running"

func operationGroups(o *cpv1.Operation) []string {
	groups := []string{OfAccount(o.GetAccount())}
	if o.GetState() == cpv1.OperationState_OPERATION_STATE_RUNNING {
		groups = append(groups, Running)
	}
	return groups
}

// operationCommands are about operations of all kinds.
var operationCommands = []command{
	{statev1.Kind_KIND_FINISH_OPERATION, 1, handle(finishOperation)},
	{statev1.Kind_KIND_NOTE_OPERATION, 1, handle(noteOperation)},
	{statev1.Kind_KIND_REMOVE_OPERATIONS, 3, handle(removeOperations)},
}

// OperationKind declares a kind of operation. It decides and does nothing: what a node is asked, and which command ends a step, follow from the state;
// package operation asks and commits.
type OperationKind struct {
	Name   string
	Urgent bool // where operations wait for nodes it goes before those that are not
	Steps  []OperationStep
}

// OperationStep is one step of a kind of operation.
type OperationStep struct {
	Name  string // for programs; steps of the same name are the same
	Title string
	// Ask makes the request that a ready node of the operation's environment must answer first. Nil: no node is needed.
	Ask func(v View, o *cpv1.Operation) (proto.Message, error)
	// Heard says that the environment's ready nodes must work by what was made first, as far as they don't lag.
	Heard bool
	// End makes the command that ends the step, of the node's answer if one was asked, or says what the step waits for.
	End func(v View, o *cpv1.Operation, answer proto.Message) (proto.Message, *Blocker)
	// alone brings about what the step is for. A command that ends the step before it may go on through it. Nil: the state is not all that it needs.
	alone func(tx *Tx, o *cpv1.Operation) error
}

// Blocker is what keeps a step from its end.
type Blocker struct {
	Reason   string // for programs
	Resource string // kind/name
	Detail   string // in words
	Wake     <-chan struct{}
}

// KindOf is the declaration of an operation's kind; false when this release does not know it.
func KindOf(o *cpv1.Operation) (OperationKind, bool) {
	for _, k := range operationKinds {
		if k.Name == o.GetKind() {
			return k, true
		}
	}
	return OperationKind{}, false
}

// StepOf is the declaration of the step that an operation is at; false when it has ended, or this release does not know the step.
func StepOf(o *cpv1.Operation) (OperationStep, bool) {
	kind, _ := KindOf(o)
	now := CurrentStep(o).GetName()
	for _, s := range kind.Steps {
		if s.Name == now {
			return s, true
		}
	}
	return OperationStep{}, false
}

// StepReady is the last step of what is made in an environment: it can be used once the nodes there have heard of it.
const StepReady = "ready"

var readyStep = OperationStep{Name: StepReady, Title: "Ready", Heard: true, End: func(_ View, o *cpv1.Operation, _ proto.Message) (proto.Message, *Blocker) {
	return &statev1.FinishOperation{Operation: o.GetId()}, nil
}}

// StepsTogether is the schema since which one command may end several steps. Each commit costs every server a forced write, and steps that only
// the state is needed for need no commit of their own.
const StepsTogether uint32 = 5

// Results of operations, by name.
const (
	ResultVersion     = "version"      // configuration version that was made for the retailer
	ResultOpenedIndex = "opened_index" // index that nodes must have applied before the thing can be used
)

func newOperation(tx *Tx, kind OperationKind, account string) *cpv1.Operation {
	o := &cpv1.Operation{
		Id: fmt.Sprintf("op-%010d", tx.index), Kind: kind.Name, Account: account, State: cpv1.OperationState_OPERATION_STATE_RUNNING,
		RequestedBy: tx.meta.GetActor(),
	}
	for _, s := range kind.Steps {
		o.Steps = append(o.Steps, &cpv1.OperationStep{Name: s.Name, Title: s.Title, State: cpv1.StepState_STEP_STATE_PENDING})
	}
	startStep(tx, o, 0)
	stamp(tx, o, nil)
	return o
}

func startStep(tx *Tx, o *cpv1.Operation, i int) {
	o.Steps[i].State, o.Steps[i].StartTime = cpv1.StepState_STEP_STATE_RUNNING, tx.now()
}

func setResult(o *cpv1.Operation, name, value string) {
	if o.Result == nil {
		o.Result = map[string]string{}
	}
	o.Result[name] = value
}

// CurrentStep is the step that an operation is at; nil when it has ended.
func CurrentStep(o *cpv1.Operation) *cpv1.OperationStep {
	for _, s := range o.GetSteps() {
		if s.GetState() == cpv1.StepState_STEP_STATE_RUNNING && o.GetState() == cpv1.OperationState_OPERATION_STATE_RUNNING {
			return s
		}
	}
	return nil
}

// at returns a copy of an operation that must be at a step. A reconciler that was deposed in the middle comes too late and is refused.
func (tx *Tx) at(id, step string) (*cpv1.Operation, error) {
	o, found := Operations.Get(tx.View, id)
	if !found {
		return nil, notFound("operation", id)
	}
	if s := CurrentStep(o); s == nil || s.GetName() != step {
		return nil, fault.New(fault.Conflict, "The operation %s is not at the step %s.", id, step).With("step", s.GetName())
	}
	return proto.CloneOf(o), nil
}

// advance ends the current step, begins the next one and stores the operation.
func (tx *Tx) advance(o *cpv1.Operation) (*cpv1.Operation, error) {
	tx.endStep(o)
	tx.touch("operation", o.GetId())
	return o, Operations.put(tx, o)
}

// endStep ends the current step of an operation that is not stored yet, and begins the next one; after the last one the operation ends.
func (tx *Tx) endStep(o *cpv1.Operation) {
	for i, s := range o.GetSteps() {
		if s.GetState() != cpv1.StepState_STEP_STATE_RUNNING {
			continue
		}
		s.State, s.EndTime = cpv1.StepState_STEP_STATE_DONE, tx.now()
		o.Progress = float64(i+1) / float64(len(o.GetSteps()))
		if i+1 < len(o.GetSteps()) {
			startStep(tx, o, i+1)
		} else {
			endOperation(tx, o, nil)
		}
		break
	}
	o.WaitingFor = nil
	o.UpdateTime = tx.now()
}

func endOperation(tx *Tx, o *cpv1.Operation, problem *cpv1.OperationError) {
	o.State, o.Error, o.WaitingFor = cpv1.OperationState_OPERATION_STATE_DONE, problem, nil
	o.EndTime, o.UpdateTime = tx.now(), tx.now()
	if problem == nil {
		return
	}
	o.State = cpv1.OperationState_OPERATION_STATE_FAILED
	for _, s := range o.GetSteps() {
		if s.GetState() == cpv1.StepState_STEP_STATE_RUNNING {
			s.State, s.EndTime = cpv1.StepState_STEP_STATE_FAILED, tx.now()
		}
	}
}

// goThrough takes the steps that need nothing but the state, as long as the operation is at one.
func (tx *Tx) goThrough(o *cpv1.Operation) error {
	for {
		step, _ := StepOf(o)
		if step.alone == nil {
			return nil
		}
		if err := step.alone(tx, o); err != nil {
			return err
		}
		tx.endStep(o)
	}
}

func finishOperation(tx *Tx, c *statev1.FinishOperation) (proto.Message, error) {
	if c.GetError() == nil {
		o, err := tx.at(c.GetOperation(), StepReady)
		if err != nil {
			return nil, err
		}
		return tx.advance(o)
	}
	before, found := Operations.Get(tx.View, c.GetOperation())
	if !found {
		return nil, notFound("operation", c.GetOperation())
	}
	if before.GetState() != cpv1.OperationState_OPERATION_STATE_RUNNING {
		return before, nil
	}
	o := proto.CloneOf(before)
	endOperation(tx, o, c.GetError())
	tx.touch("operation", o.GetId())
	return o, Operations.put(tx, o)
}

// noteOperation leaves no audit record: it changes what is known, not what is.
func noteOperation(tx *Tx, c *statev1.NoteOperation) (proto.Message, error) {
	o, err := tx.at(c.GetOperation(), c.GetStep())
	if err != nil {
		return nil, err
	}
	since := tx.now()
	if o.GetWaitingFor().GetReason() == c.GetWaitingFor().GetReason() && o.GetWaitingFor() != nil {
		since = o.GetWaitingFor().GetSince()
	}
	o.WaitingFor = c.GetWaitingFor()
	if o.GetWaitingFor() != nil {
		o.WaitingFor.Since = since
	}
	if c.GetFailedAttempt() {
		CurrentStep(o).Attempts++
	}
	o.UpdateTime = tx.now()
	return o, Operations.put(tx, o)
}

// removeOperations leaves no audit record, as removing join tokens does not: what operations made has its own.
func removeOperations(tx *Tx, c *statev1.RemoveOperations) (proto.Message, error) {
	for _, id := range c.GetOperations() {
		o, found := Operations.Get(tx.View, id)
		if !found || o.GetState() == cpv1.OperationState_OPERATION_STATE_RUNNING {
			continue
		}
		if err := Operations.remove(tx, id); err != nil {
			return nil, err
		}
	}
	return nil, nil
}
