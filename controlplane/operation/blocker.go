package operation

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"connectrpc.com/connect/v2"

	"github.com/fluent-oms/fluent/auth/wire"
	"github.com/fluent-oms/fluent/controlplane/presence"
	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/domain/fault"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// Why an operation waits, for programs. Nodes say the last one themselves, in their reports and in the facts of their errors.
const (
	noReadyNode         = "NO_READY_NODE"
	nodeUnreachable     = "NODE_UNREACHABLE"
	nodeRefuses         = "NODE_REFUSES"
	nodeError           = "NODE_ERROR"
	nodeBehind          = "NODE_BEHIND"
	notCommitted        = "NOT_COMMITTED"
	databaseUnreachable = "DATABASE_UNREACHABLE"
	databaseRefuses     = "DATABASE_" // what all reasons of databases begin with: DATABASE_FULL and others
)

// blocker is what keeps a step from its end, and how to take it.
type blocker struct {
	state.Blocker
	failed  bool // an attempt was made and failed
	passing bool // it has only begun, and mostly ends by itself: not worth a record
}

// waitingFor is a blocker as it is recorded.
func (b *blocker) waitingFor() *cpv1.WaitingFor {
	return &cpv1.WaitingFor{Reason: b.Reason, Resource: b.Resource, Detail: b.Detail}
}

// errFull says that all ready nodes of an environment have enough to prepare.
var errFull = errors.New("the environment's nodes have enough to prepare")

// node takes a place on a ready node of an environment, another one at each attempt; leave gives it back. errFull when there is no place,
// a blocker when there is no node.
func (d *driver) node(v state.View, environment string, attempt int) (on *cpv1.Node, leave func(), blocked *blocker, err error) {
	ready, changed := state.ReadyNodes(v, environment)
	if len(ready) > 0 {
		if on, leave = d.lanes.enter(ready, attempt); on == nil {
			return nil, nil, nil, errFull
		}
		return on, leave, nil, nil
	}
	b := &blocker{Blocker: state.Blocker{Reason: noReadyNode, Resource: environmentResource(environment), Wake: changed}}
	all, _ := state.Nodes.Group(v, state.InEnvironment(environment))
	var states []string
	for _, n := range all {
		if n.GetKind() != cpv1.MachineKind_MACHINE_KIND_NODE {
			continue
		}
		text := n.GetId() + " is " + strings.TrimPrefix(n.GetState().String(), "NODE_STATE_")
		report, _ := d.Presence.Last(presence.NodeKey(n.GetId()))
		// What stands after a problem's code changes from report to report.
		if code, _, coded := strings.Cut(report.Problem, ":"); coded && code == databaseUnreachable {
			b.Reason = databaseUnreachable
			text += ", its database does not answer"
		}
		states = append(states, text)
	}
	b.Detail = fmt.Sprintf("No node of the environment %s is ready: %s.", environment, cmp.Or(strings.Join(states, "; "), "it has none"))
	return nil, nil, b, nil
}

// obstacle tells what an error of a call to a node means for the operation: something to wait for, or, if it is permanent, its end.
func obstacle(n *cpv1.Node, err error, attempt int) (*blocker, error) {
	if permanent(err, attempt) {
		return nil, err
	}
	b := &blocker{failed: true, Blocker: state.Blocker{
		Reason: nodeError, Resource: "node/" + n.GetId(), Detail: fmt.Sprintf("The node %s failed: %s", n.GetId(), text(err)),
	}}
	var answered *connect.Error
	switch {
	case !errors.As(err, &answered):
	case !answered.IsRemote():
		b.Reason, b.Detail = nodeUnreachable, fmt.Sprintf("The node %s does not answer at %s: %s", n.GetId(), n.GetAddress(), text(err))
	case answered.Code() == connect.CodeUnauthenticated || answered.Code() == connect.CodePermissionDenied:
		b.Reason, b.Detail = nodeRefuses, fmt.Sprintf("The node %s does not let this control plane in: %s", n.GetId(), text(err))
	case reasonOf(answered) == databaseUnreachable:
		b.Reason, b.Resource = databaseUnreachable, environmentResource(n.GetEnvironment())
		b.Detail = fmt.Sprintf("The database of %s does not answer the node %s.", n.GetEnvironment(), n.GetId())
	case strings.HasPrefix(reasonOf(answered), databaseRefuses):
		b.Reason, b.Resource = reasonOf(answered), environmentResource(n.GetEnvironment())
		b.Detail = fmt.Sprintf("The database of %s takes no writes: %s", n.GetEnvironment(), text(err))
	}
	return b, nil
}

// reasonOf is the reason among the facts of a node's error.
func reasonOf(err *connect.Error) string { return wire.ProblemOf(err).GetMeta()["reason"] }

// existsTries is how often "exists already" is tried again: an attempt that lost its node may still be ending, and meets the next one.
const existsTries = 5

// permanent errors don't go away by trying again: the node has looked at the request and refused it.
func permanent(err error, attempt int) bool {
	var answered *connect.Error
	if !errors.As(err, &answered) {
		return false
	}
	return answered.Code() == connect.CodeInvalidArgument || answered.Code() == connect.CodeAlreadyExists && attempt >= existsTries
}

func text(err error) string {
	var answered *connect.Error
	if errors.As(err, &answered) {
		return answered.Code().String() + ": " + answered.Message()
	}
	return fault.Of(err).Detail
}

func environmentResource(name string) string { return "environment/" + name }
