package state

import (
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
)

// Cluster reads the cluster's row; its id is empty before the first command.
func (v View) Cluster() *statev1.Cluster {
	c, ok := Clusters.Get(v, clusterKey)
	if !ok {
		return &statev1.Cluster{}
	}
	return c
}

func initialise(tx *Tx, c *statev1.Initialise) (proto.Message, error) {
	cluster := tx.cluster()
	if cluster.GetId() != "" {
		return cluster, nil
	}
	cluster.Id, cluster.SchemaFloor, cluster.CreateTime = c.GetClusterId(), max(c.GetSchemaFloor(), 1), tx.now()
	if err := Clusters.put(tx, cluster); err != nil {
		return nil, err
	}
	if err := SigningKeys.put(tx, c.GetKey()); err != nil {
		return nil, err
	}
	if c.GetAuthority() != nil {
		if err := Authorities.put(tx, c.GetAuthority()); err != nil {
			return nil, err
		}
	}
	if operator := c.GetOperator(); operator.GetOperator().GetUsername() != "" {
		stamp(tx, operator.GetOperator(), nil)
		if err := Operators.put(tx, operator); err != nil {
			return nil, err
		}
	}
	tx.touch("cluster", cluster.GetId())
	return cluster, nil
}

// heartbeat changes nothing: that it is applied is all that it says.
func heartbeat(*Tx, *statev1.Heartbeat) (proto.Message, error) { return nil, nil }

// keptTerms is how many terms are remembered. A reader that was away for more of them starts over.
const keptTerms = 64

// beginTerm names what comes from here on. The first one also names what was before, when nobody named anything: by the cluster.
func beginTerm(tx *Tx, c *statev1.BeginTerm) (proto.Message, error) {
	cluster := tx.cluster()
	if len(cluster.GetTerms()) == 0 {
		cluster.Terms = []*statev1.Term{{Incarnation: cluster.GetId()}}
	}
	cluster.Terms = append(cluster.Terms, &statev1.Term{Since: uint64(tx.index), Incarnation: c.GetIncarnation()})
	cluster.Terms = cluster.Terms[max(0, len(cluster.Terms)-keptTerms):]
	return nil, Clusters.put(tx, cluster)
}

// Incarnation names the history that an index is of: the same index of another history, one that parted from this one before it, has another
// name. It is empty for an index so old that its name is forgotten.
func (v View) Incarnation(index Index) string {
	cluster := v.Cluster()
	if len(cluster.GetTerms()) == 0 {
		return cluster.GetId()
	}
	name := ""
	for _, t := range cluster.GetTerms() {
		if Index(t.GetSince()) <= index {
			name = t.GetIncarnation()
		}
	}
	return name
}

func raiseSchemaFloor(tx *Tx, c *statev1.RaiseSchemaFloor) (proto.Message, error) {
	cluster := tx.cluster()
	if c.GetSchema() < cluster.GetSchemaFloor() {
		return nil, fault.New(fault.Unprocessable, "The schema floor is %d and cannot be lowered to %d.", cluster.GetSchemaFloor(), c.GetSchema())
	}
	cluster.SchemaFloor = c.GetSchema()
	tx.touch("cluster", cluster.GetId())
	return cluster, Clusters.put(tx, cluster)
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
