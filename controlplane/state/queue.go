package state

import (
	"cmp"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// PreparationsPerNode is how many accounts or retailers a node prepares at the same time; a node's own budget
// (dataplane/provision.AtOnce) takes as many.
const PreparationsPerNode = 2

// Queued is why an operation waits that has nothing against it but others before it.
const Queued = "QUEUED"

// Prepares reports whether a node of the environment must work for the operation's current step.
func Prepares(o *cpv1.Operation) bool {
	step, _ := StepOf(o)
	return step.Ask != nil
}

// compareTurns orders operations: urgent ones first, then the older one.
func compareTurns(a, b *cpv1.Operation) int {
	return cmp.Or(cmp.Compare(urgency(a), urgency(b)), cmp.Compare(a.GetId(), b.GetId()))
}

func urgency(o *cpv1.Operation) int {
	if kind, _ := KindOf(o); kind.Urgent {
		return 0
	}
	return 1
}

// RunningInTurn lists the operations that have not ended, in the order of their turns, with a channel that is closed when one changes.
func RunningInTurn(v View) ([]*cpv1.Operation, <-chan struct{}) {
	running, changed := Operations.Group(v, Running)
	slices.SortFunc(running, compareTurns)
	return running, changed
}

// WithTurn is the operation as it is shown: one that waits for others says for how many. That is found when it is read and not recorded,
// since it changes with every step of every other one.
func WithTurn(v View, o *cpv1.Operation) *cpv1.Operation {
	if o.GetWaitingFor() != nil || !Prepares(o) {
		return o
	}
	ready, _ := ReadyNodes(v, o.GetEnvironment())
	running, _ := Operations.Group(v, Running)
	ahead := 0
	for _, other := range running {
		if other.GetEnvironment() == o.GetEnvironment() && Prepares(other) && compareTurns(other, o) < 0 {
			ahead++
		}
	}
	if len(ready) == 0 || ahead < PreparationsPerNode*len(ready) {
		return o
	}
	shown := proto.CloneOf(o)
	shown.WaitingFor = &cpv1.WaitingFor{
		Reason: Queued, Resource: "environment/" + o.GetEnvironment(), Since: CurrentStep(o).GetStartTime(),
		Detail: fmt.Sprintf("Waits for %d others: the nodes of %s prepare %d at a time.", ahead, o.GetEnvironment(), PreparationsPerNode*len(ready)),
	}
	return shown
}
