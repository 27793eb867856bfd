package state

import (
	"bytes"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

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
		joined.Address, joined.Release = n.GetAddress(), n.GetRelease()
	}
	joined.State = cpv1.NodeState_NODE_STATE_JOINING
	stamp(tx, joined, before)
	tx.touch("node", n.GetId())
	return joined, Nodes.put(tx, joined)
}

// useToken finds a token that lets a machine join. A token that names nobody yet is bound to the first machine that comes with it.
func (tx *Tx) useToken(hash []byte, kind cpv1.MachineKind, machine string) (*statev1.JoinToken, error) {
	found, _ := JoinTokens.Group(tx.View, "hash/"+string(hash))
	if len(found) == 0 || !bytes.Equal(found[0].GetHash(), hash) {
		return nil, fault.New(fault.Unauthenticated, "The join token is not valid.").At("token")
	}
	token := found[0]
	switch {
	case token.GetExpireTime().AsTime().Before(tx.now().AsTime()):
		return nil, fault.New(fault.Unauthenticated, "The join token has expired.").At("token")
	case token.GetKind() != kind:
		return nil, fault.New(fault.Forbidden, "The join token is for another kind of machine.").At("kind")
	case token.GetMachine() != "" && token.GetMachine() != machine:
		return nil, fault.New(fault.Forbidden, "The join token was used by another machine.").At("token")
	case token.GetMachine() == machine:
		return token, nil
	}
	token = proto.CloneOf(token)
	token.Machine = machine
	return token, JoinTokens.put(tx, token)
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

// dropTokens removes the join tokens of a node that is no more, so that none of them brings it back.
func (tx *Tx) dropTokens(machine string) error {
	tokens, _ := JoinTokens.List(tx.View, Page{})
	for _, t := range tokens {
		if t.GetMachine() != machine || t.GetKind() == cpv1.MachineKind_MACHINE_KIND_HOST {
			continue
		}
		if err := JoinTokens.remove(tx, t.GetId()); err != nil {
			return err
		}
	}
	return nil
}

func joinHost(tx *Tx, c *statev1.JoinHost) (proto.Message, error) {
	h := c.GetHost()
	before, found := Hosts.Get(tx.View, h.GetId())
	if len(c.GetTokenHash()) > 0 {
		token, err := tx.useToken(c.GetTokenHash(), cpv1.MachineKind_MACHINE_KIND_HOST, h.GetId())
		if err != nil {
			return nil, err
		}
		h.Region = token.GetRegion()
	} else if !found {
		return nil, fault.New(fault.Unauthenticated, "The host %s is not known any more; join with a token.", h.GetId())
	} else {
		h.Region = before.GetRegion()
	}
	if found && before.GetRegion() != h.GetRegion() {
		return nil, fault.New(fault.Conflict, "The host %s belongs to the region %s.", h.GetId(), before.GetRegion())
	}
	h.State = cpv1.NodeState_NODE_STATE_READY
	stamp(tx, h, before)
	tx.touch("host", h.GetId())
	return h, Hosts.put(tx, h)
}

func judgeHost(tx *Tx, c *statev1.JudgeHost) (proto.Message, error) {
	before, found := Hosts.Get(tx.View, c.GetId())
	if !found {
		return nil, notFound("host", c.GetId())
	}
	if err := checkEtag("host", c.GetId(), c.GetEtag(), before.GetEtag()); err != nil {
		return nil, err
	}
	h := proto.CloneOf(before)
	h.State = c.GetState()
	stamp(tx, h, before)
	tx.touch("host", h.GetId())
	return h, Hosts.put(tx, h)
}

func createJoinToken(tx *Tx, c *statev1.CreateJoinToken) (proto.Message, error) {
	token := c.GetToken()
	token.Id = fmt.Sprintf("jt-%010d", tx.index)
	host := token.GetKind() == cpv1.MachineKind_MACHINE_KIND_HOST
	if _, found := Environments.Get(tx.View, token.GetEnvironment()); !found && !host {
		return nil, fault.Invalidf("environment", "There is no environment %q.", token.GetEnvironment())
	}
	if _, found := Regions.Get(tx.View, token.GetRegion()); !found && host {
		return nil, fault.Invalidf("region", "There is no region %q.", token.GetRegion())
	}
	tx.touch("join_token", token.GetId())
	answer := proto.CloneOf(token)
	answer.Hash = nil
	return answer, JoinTokens.put(tx, token)
}

// removeJoinTokens is housekeeping and leaves no audit record.
func removeJoinTokens(tx *Tx, _ *statev1.RemoveJoinTokens) (proto.Message, error) {
	tokens, _ := JoinTokens.List(tx.View, Page{})
	for _, t := range tokens {
		if t.GetExpireTime().AsTime().After(tx.now().AsTime()) {
			continue
		}
		if err := JoinTokens.remove(tx, t.GetId()); err != nil {
			return nil, err
		}
	}
	return nil, nil
}
