package state

import (
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
)

// SigningKeys are the keys that sign tokens, by their ids.
var SigningKeys = Table[*statev1.SigningKey]{name: "signing_keys", key: (*statev1.SigningKey).GetKeyId}

// signingKeyCommands are about the keys that sign tokens.
var signingKeyCommands = []command{
	{statev1.Kind_KIND_ADD_SIGNING_KEY, 1, handle(addSigningKey)},
	{statev1.Kind_KIND_REMOVE_SIGNING_KEY, 1, handle(removeSigningKey)},
}

// CurrentKey is the key that signs at a time: the newest that is active by then.
func CurrentKey(v View, now *timestamppb.Timestamp) (*statev1.SigningKey, bool) {
	keys, _ := SigningKeys.List(v, Page{})
	var current *statev1.SigningKey
	for _, k := range keys {
		active := k.GetActiveTime().AsTime()
		if !active.After(now.AsTime()) && (current == nil || active.After(current.GetActiveTime().AsTime())) {
			current = k
		}
	}
	return current, current != nil
}

// addSigningKey adds a key; those before it retire when it becomes active.
func addSigningKey(tx *Tx, c *statev1.AddSigningKey) (proto.Message, error) {
	key := c.GetKey()
	if _, found := SigningKeys.Get(tx.View, key.GetKeyId()); found {
		return nil, exists("signing key", key.GetKeyId())
	}
	keys, _ := SigningKeys.List(tx.View, Page{})
	for _, k := range slices.Clone(keys) {
		if k.GetRetireTime() != nil {
			continue
		}
		k = proto.CloneOf(k)
		k.RetireTime = key.GetActiveTime()
		if err := SigningKeys.put(tx, k); err != nil {
			return nil, err
		}
	}
	tx.touch("key", key.GetKeyId())
	// The answer is remembered with its request: without the private half.
	return &statev1.SigningKey{KeyId: key.GetKeyId(), Public: key.GetPublic(), ActiveTime: key.GetActiveTime()}, SigningKeys.put(tx, key)
}

func removeSigningKey(tx *Tx, c *statev1.RemoveSigningKey) (proto.Message, error) {
	key, found := SigningKeys.Get(tx.View, c.GetKeyId())
	if !found {
		return nil, notFound("signing key", c.GetKeyId())
	}
	if key.GetRetireTime() == nil || key.GetRetireTime().AsTime().After(tx.now().AsTime()) {
		return nil, fault.New(fault.Unprocessable, "The signing key %s is in use.", c.GetKeyId())
	}
	tx.touch("key", c.GetKeyId())
	return nil, SigningKeys.remove(tx, c.GetKeyId())
}
