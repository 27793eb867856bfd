package state

import (
	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// Nodes are nodes and gateways, by their ids.
var Nodes = Table[*cpv1.Node]{name: "nodes", key: (*cpv1.Node).GetId, groups: nodeGroups}

// OnHost names the group of the nodes that a host runs.
func OnHost(host string) string { return "host/" + host }

func nodeGroups(n *cpv1.Node) []string {
	groups := []string{InEnvironment(n.GetEnvironment())}
	if n.GetHost() != "" {
		groups = append(groups, OnHost(n.GetHost()))
	}
	return groups
}

// nodeCommands are about nodes and gateways.
var nodeCommands = []command{
	{statev1.Kind_KIND_PLAN_NODE, 1, handle(planNode)},
	{statev1.Kind_KIND_JOIN_NODE, 1, handle(joinNode)},
	{statev1.Kind_KIND_JUDGE_NODE, 1, handle(judgeNode)},
	{statev1.Kind_KIND_DRAIN_NODE, 1, handle(drainNode)},
	{statev1.Kind_KIND_DELETE_NODE, 1, handle(deleteNode)},
}

func planNode(tx *Tx, c *statev1.PlanNode) (proto.Message, error) {
	n := c.GetNode()
	if _, found := Nodes.Get(tx.View, n.GetId()); found {
		return nil, exists("node", n.GetId())
	}
	if _, found := Environments.Get(tx.View, n.GetEnvironment()); !found {
		return nil, notFound("environment", n.GetEnvironment())
	}
	if _, found := Hosts.Get(tx.View, n.GetHost()); !found {
		return nil, notFound("host", n.GetHost())
	}
	n.State = cpv1.NodeState_NODE_STATE_PLANNED
	stamp(tx, n, nil)
	tx.touch("node", n.GetId())
	return n, Nodes.put(tx, n)
}

// joinNode makes a node, or takes note of where a known one answers now.
func joinNode(tx *Tx, c *statev1.JoinNode) (proto.Message, error) {
	n := c.GetNode()
	before, found := Nodes.Get(tx.View, n.GetId())
	if len(c.GetTokenHash()) > 0 {
		token, err := tx.useToken(c.GetTokenHash(), n.GetKind(), n.GetId())
		if err != nil {
			return nil, err
		}
		n.Environment = token.GetEnvironment()
	} else if !found {
		return nil, fault.New(fault.Unauthenticated, "The node %s is not known any more; join with a token.", n.GetId())
	}
	if _, ok := Environments.Get(tx.View, n.GetEnvironment()); !ok {
		return nil, fault.New(fault.Unprocessable, "The environment %q is gone.", n.GetEnvironment())
	}
	joined := n
	if found {
		if before.GetEnvironment() != n.GetEnvironment() || before.GetKind() != n.GetKind() {
			return nil, fault.New(fault.Conflict, "The node %s belongs to the environment %s as %s.", n.GetId(), before.GetEnvironment(), before.GetKind())
		}
		joined = proto.CloneOf(before)
		joined.Address, joined.Release, joined.Door = n.GetAddress(), n.GetRelease(), n.GetDoor()
	}
	joined.State = cpv1.NodeState_NODE_STATE_JOINING
	stamp(tx, joined, before)
	tx.touch("node", n.GetId())
	return joined, Nodes.put(tx, joined)
}

func judgeNode(tx *Tx, c *statev1.JudgeNode) (proto.Message, error) {
	return tx.changeNode(c.GetId(), c.GetEtag(), func(n *cpv1.Node) { n.State = c.GetState() })
}

func drainNode(tx *Tx, c *statev1.DrainNode) (proto.Message, error) {
	return tx.changeNode(c.GetId(), c.GetEtag(), func(n *cpv1.Node) { n.Drain = true })
}

func (tx *Tx) changeNode(id, etag string, change func(*cpv1.Node)) (proto.Message, error) {
	before, found := Nodes.Get(tx.View, id)
	if !found {
		return nil, notFound("node", id)
	}
	if err := checkEtag("node", id, etag, before.GetEtag()); err != nil {
		return nil, err
	}
	n := proto.CloneOf(before)
	change(n)
	stamp(tx, n, before)
	tx.touch("node", id)
	return n, Nodes.put(tx, n)
}

func deleteNode(tx *Tx, c *statev1.DeleteNode) (proto.Message, error) {
	before, found := Nodes.Get(tx.View, c.GetId())
	if !found {
		return nil, notFound("node", c.GetId())
	}
	if err := checkEtag("node", c.GetId(), c.GetEtag(), before.GetEtag()); err != nil {
		return nil, err
	}
	if s := before.GetState(); s == cpv1.NodeState_NODE_STATE_READY || s == cpv1.NodeState_NODE_STATE_DRAINING {
		return nil, fault.New(fault.Unprocessable, "The node %s is %s; drain it first.", c.GetId(), s)
	}
	tx.touch("node", c.GetId())
	if err := tx.dropTokens(c.GetId()); err != nil {
		return nil, err
	}
	return nil, Nodes.remove(tx, c.GetId())
}

// ReadyNodes lists the nodes of an environment that serve (gateways are not among them).
func ReadyNodes(v View, environment string) ([]*cpv1.Node, <-chan struct{}) {
	all, changed := Nodes.Group(v, InEnvironment(environment))
	var ready []*cpv1.Node
	for _, n := range all {
		if n.GetKind() == cpv1.MachineKind_MACHINE_KIND_NODE && n.GetState() == cpv1.NodeState_NODE_STATE_READY {
			ready = append(ready, n)
		}
	}
	return ready, changed
}
