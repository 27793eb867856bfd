package state

import (
	"fmt"

	"github.com/hashicorp/go-memdb"

	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// The tables. Groups are named after what rows belong to: environment/shared, account/ACME, host/h1.
var (
	Clusters = Table[*statev1.Cluster]{name: "cluster", fresh: func() *statev1.Cluster { return &statev1.Cluster{} },
		key: func(*statev1.Cluster) string { return clusterKey }}
	Regions = Table[*cpv1.Region]{name: "regions", fresh: func() *cpv1.Region { return &cpv1.Region{} },
		key: (*cpv1.Region).GetName}
	Environments = Table[*cpv1.Environment]{name: "environments", fresh: func() *cpv1.Environment { return &cpv1.Environment{} },
		key:    (*cpv1.Environment).GetName,
		groups: func(e *cpv1.Environment) []string { return []string{InRegion(e.GetRegion())} }}
	Accounts = Table[*statev1.AccountRecord]{name: "accounts", fresh: func() *statev1.AccountRecord { return &statev1.AccountRecord{} },
		key:    func(r *statev1.AccountRecord) string { return r.GetAccount().GetName() },
		groups: accountGroups}
	Retailers = Table[*cpv1.Retailer]{name: "retailers", fresh: func() *cpv1.Retailer { return &cpv1.Retailer{} },
		key: func(r *cpv1.Retailer) string { return RetailerKey(r.GetAccount(), r.GetNumber()) }}
	Operations = Table[*cpv1.Operation]{name: "operations", fresh: func() *cpv1.Operation { return &cpv1.Operation{} },
		key: (*cpv1.Operation).GetId, groups: operationGroups}
	Nodes = Table[*cpv1.Node]{name: "nodes", fresh: func() *cpv1.Node { return &cpv1.Node{} },
		key: (*cpv1.Node).GetId, groups: nodeGroups}
	Hosts = Table[*cpv1.Host]{name: "hosts", fresh: func() *cpv1.Host { return &cpv1.Host{} },
		key: (*cpv1.Host).GetId}
	JoinTokens = Table[*statev1.JoinToken]{name: "join_tokens", fresh: func() *statev1.JoinToken { return &statev1.JoinToken{} },
		key: (*statev1.JoinToken).GetId, groups: func(t *statev1.JoinToken) []string { return []string{"hash/" + string(t.GetHash())} }}
	Versions = Table[*statev1.ConfigurationVersion]{name: "configuration_versions",
		fresh: func() *statev1.ConfigurationVersion { return &statev1.ConfigurationVersion{} }, key: (*statev1.ConfigurationVersion).GetId,
		groups: func(c *statev1.ConfigurationVersion) []string { return []string{OfAccount(c.GetAccount())} }}
	Activations = Table[*statev1.Activation]{name: "activations", fresh: func() *statev1.Activation { return &statev1.Activation{} },
		key: func(a *statev1.Activation) string { return RetailerKey(a.GetAccount(), a.GetRetailer()) }}
	Operators = Table[*statev1.OperatorRecord]{name: "operators", fresh: func() *statev1.OperatorRecord { return &statev1.OperatorRecord{} },
		key: func(o *statev1.OperatorRecord) string { return o.GetOperator().GetUsername() }}
	SigningKeys = Table[*statev1.SigningKey]{name: "signing_keys", fresh: func() *statev1.SigningKey { return &statev1.SigningKey{} },
		key: (*statev1.SigningKey).GetKeyId}
	Authorities = Table[*statev1.Authority]{name: "authorities", fresh: func() *statev1.Authority { return &statev1.Authority{} },
		key: (*statev1.Authority).GetFingerprint}
	Audit = Table[*cpv1.AuditRecord]{name: "audit", fresh: func() *cpv1.AuditRecord { return &cpv1.AuditRecord{} },
		key: func(a *cpv1.AuditRecord) string { return sequenceKey(a.GetSequence()) }}
	requests = Table[*statev1.Request]{name: "requests", fresh: func() *statev1.Request { return &statev1.Request{} },
		key: (*statev1.Request).GetKey}
	requestOrder = Table[*statev1.Request]{name: "request_order", fresh: func() *statev1.Request { return &statev1.Request{} },
		key: func(r *statev1.Request) string { return sequenceKey(r.GetIndex()) }}
)

const clusterKey = "cluster"

// anyTable is what snapshots need of a table.
type anyTable interface {
	Name() string
	restore(v View, index Index, encoded []byte) error
}

// tables lists all tables, in the order of snapshots.
func tables() []anyTable {
	return []anyTable{Clusters, Regions, Environments, Accounts, Retailers, Operations, Nodes, Hosts, JoinTokens, Versions, Activations,
		Operators, SigningKeys, Audit, requests, requestOrder, Authorities}
}

func schema() *memdb.DBSchema {
	s := &memdb.DBSchema{Tables: map[string]*memdb.TableSchema{indexTable: tableSchema(indexTable)}}
	for _, t := range tables() {
		s.Tables[t.Name()] = tableSchema(t.Name())
	}
	return s
}

// InRegion names the group of what is in a region.
func InRegion(region string) string { return "region/" + region }

// InEnvironment names the group of what is in an environment.
func InEnvironment(environment string) string { return "environment/" + environment }

// OfAccount names the group of what belongs to an account.
func OfAccount(account string) string { return "account/" + account }

// OnHost names the group of the nodes that a host runs.
func OnHost(host string) string { return "host/" + host }

// Running names the group of operations that have not ended.
const Running = "running"

// RetailerKey is the key of a retailer and of its activation. Keys sort by number.
func RetailerKey(account string, number int32) string {
	return fmt.Sprintf("%s/%010d", account, number)
}

func sequenceKey(n uint64) string { return fmt.Sprintf("%020d", n) }

func accountGroups(r *statev1.AccountRecord) []string {
	groups := []string{InRegion(r.GetAccount().GetRegion())}
	if e := r.GetAccount().GetEnvironment(); e != "" {
		groups = append(groups, InEnvironment(e))
	}
	return groups
}

func operationGroups(o *cpv1.Operation) []string {
	groups := []string{OfAccount(o.GetAccount())}
	if o.GetState() == cpv1.OperationState_OPERATION_STATE_RUNNING {
		groups = append(groups, Running)
	}
	return groups
}

func nodeGroups(n *cpv1.Node) []string {
	groups := []string{InEnvironment(n.GetEnvironment())}
	if n.GetHost() != "" {
		groups = append(groups, OnHost(n.GetHost()))
	}
	return groups
}
