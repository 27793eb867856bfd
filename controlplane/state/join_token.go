package state

import (
	"bytes"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// JoinTokens let machines join, by their ids; they are found by their hashes.
var JoinTokens = Table[*statev1.JoinToken]{name: "join_tokens", key: (*statev1.JoinToken).GetId,
	groups: func(t *statev1.JoinToken) []string { return []string{withHash(t.GetHash())} }}

func withHash(hash []byte) string { return "hash/" + string(hash) }

// joinTokenCommands are about join tokens.
var joinTokenCommands = []command{
	{statev1.Kind_KIND_CREATE_JOIN_TOKEN, 1, handle(createJoinToken)},
	{statev1.Kind_KIND_REMOVE_JOIN_TOKENS, 1, handle(removeJoinTokens)},
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

// useToken finds a token that lets a machine join. A token that names nobody yet is bound to the first machine that comes with it.
func (tx *Tx) useToken(hash []byte, kind cpv1.MachineKind, machine string) (*statev1.JoinToken, error) {
	found, _ := JoinTokens.Group(tx.View, withHash(hash))
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

// tokensEndWithTheirPlace is the schema since which they do.
const tokensEndWithTheirPlace = 5

// endJoinTokens removes the join tokens of a place that is deleted: they would open another one that is given its name.
func (tx *Tx) endJoinTokens(of func(*statev1.JoinToken) bool) error {
	if tx.Cluster().GetSchemaFloor() < tokensEndWithTheirPlace {
		return nil // servers of the release before would keep them
	}
	tokens, _ := JoinTokens.List(tx.View, Page{})
	for _, t := range tokens {
		if !of(t) {
			continue
		}
		if err := JoinTokens.remove(tx, t.GetId()); err != nil {
			return err
		}
	}
	return nil
}
