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

// The steps of operations.
const (
	StepPlace             = "place"
	StepPrepareAccount    = "prepare_account"
	StepCreateRetailer    = "create_retailer"
	StepActivateWorkflows = "activate_workflows"
	StepOpenClient        = "open_client"
	StepReady             = "ready"
)

// StepsTogether is the schema since which one command may end several steps. Each commit costs every server a forced write, and steps that only
// the state is needed for need no commit of their own.
const StepsTogether uint32 = 5

// The kinds of operations.
const (
	kindAccount  = "account.create"
	kindRetailer = "retailer.create"
)

type step struct{ name, title string }

func accountSteps() []step {
	return []step{
		{StepPlace, "Choose an environment"},
		{StepPrepareAccount, "Prepare the account's rows"},
		{StepCreateRetailer, "Create the first retailer"},
		{StepActivateWorkflows, "Activate its workflows"},
		{StepOpenClient, "Open the API client"},
		{StepReady, "Ready"},
	}
}

func retailerSteps() []step {
	return []step{
		{StepCreateRetailer, "Prepare the retailer's rows"},
		{StepActivateWorkflows, "Activate its workflows"},
		{StepReady, "Ready"},
	}
}

// Results of operations, by name.
const (
	ResultVersion     = "version"      // configuration version that was made for the retailer
	ResultOpenedIndex = "opened_index" // index that nodes must have applied before the thing can be used
)

func newOperation(tx *Tx, kind, account string, steps []step) *cpv1.Operation {
	o := &cpv1.Operation{
		Id: fmt.Sprintf("op-%010d", tx.index), Kind: kind, Account: account, State: cpv1.OperationState_OPERATION_STATE_RUNNING,
		RequestedBy: tx.meta.GetActor(),
	}
	for _, s := range steps {
		o.Steps = append(o.Steps, &cpv1.OperationStep{Name: s.name, Title: s.title, State: cpv1.StepState_STEP_STATE_PENDING})
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

// takeOwnSteps takes the steps that ask nothing of a node, as long as the operation is at one.
func (tx *Tx) takeOwnSteps(o *cpv1.Operation) error {
	for {
		var err error
		switch CurrentStep(o).GetName() {
		case StepActivateWorkflows:
			err = tx.activateFirst(o)
		case StepOpenClient:
			err = tx.openClients(o)
		default:
			return nil
		}
		if err != nil {
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
