package state

import (
	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
)

// Clusters has one row, the cluster's.
var Clusters = Table[*statev1.Cluster]{name: "cluster", key: func(*statev1.Cluster) string { return clusterKey }}

const clusterKey = "cluster"

// clusterCommands are about the cluster as a whole.
var clusterCommands = []command{
	{statev1.Kind_KIND_INITIALISE, 1, handle(initialise, initialiseNeeds)},
	{statev1.Kind_KIND_HEARTBEAT, 1, handle(heartbeat)},
	{statev1.Kind_KIND_BEGIN_TERM, 2, handle(beginTerm)},
	{statev1.Kind_KIND_RAISE_SCHEMA_FLOOR, 1, handle(raiseSchemaFloor)},
}

// Cluster reads the cluster's row; its id is empty before the first command.
func (v View) Cluster() *statev1.Cluster {
	c, ok := Clusters.Get(v, clusterKey)
	if !ok {
		return &statev1.Cluster{}
	}
	return c
}

// cluster returns a copy of the cluster's row that may be changed.
func (tx *Tx) cluster() *statev1.Cluster {
	c, ok := Clusters.Get(tx.View, clusterKey)
	if !ok {
		return &statev1.Cluster{}
	}
	return proto.CloneOf(c)
}

// authoritySchema is the schema since which there are authorities.
const authoritySchema = 3

func initialiseNeeds(c *statev1.Initialise) uint32 {
	if c.GetAuthority() != nil {
		return authoritySchema
	}
	return 1
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
