package state

import (
	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// Hosts are the machines whose agents run nodes, by their ids.
var Hosts = Table[*cpv1.Host]{name: "hosts", key: (*cpv1.Host).GetId}

// hostCommands are about hosts.
var hostCommands = []command{
	{statev1.Kind_KIND_JOIN_HOST, 1, handle(joinHost)},
	{statev1.Kind_KIND_JUDGE_HOST, 1, handle(judgeHost)},
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
