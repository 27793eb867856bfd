package state

import "github.com/hashicorp/go-memdb"

// Schema is the newest schema of commands and snapshots that this release understands.
const Schema uint32 = 6

// resource is a row of the schema: a table, and the commands that are about what it holds. Each stands in the resource's own file.
type resource struct {
	table    anyTable // nil: the commands are about what has no table of its own
	commands []command
}

// resources is the schema: all tables and all commands, never changed at run time. Snapshots have the tables in this order.
var resources = []resource{
	{Clusters, clusterCommands},
	{Regions, regionCommands},
	{Environments, environmentCommands},
	{Accounts, accountCommands},
	{Retailers, retailerCommands},
	{Operations, operationCommands},
	{Nodes, nodeCommands},
	{Hosts, hostCommands},
	{JoinTokens, joinTokenCommands},
	{Versions, configurationCommands},
	{Activations, activationCommands},
	{Operators, operatorCommands},
	{SigningKeys, signingKeyCommands},
	{Audit, auditCommands},
	{requests, nil},
	{requestOrder, nil},
	{Authorities, authorityCommands},
	{nil, clientCommands}, // clients stand in their accounts' records
}

// operationKinds are the kinds of operations, never changed at run time: operations of old logs go on by them.
var operationKinds = []OperationKind{accountCreation, retailerCreation}

// anyTable is what the schema and snapshots need of a table.
type anyTable interface {
	Name() string
	restore(v View, index Index, encoded []byte) error
}

// tables lists all tables, in the order of snapshots.
func tables() []anyTable {
	var out []anyTable
	for _, r := range resources {
		if r.table != nil {
			out = append(out, r.table)
		}
	}
	return out
}

func schema() *memdb.DBSchema {
	s := &memdb.DBSchema{Tables: map[string]*memdb.TableSchema{indexTable: tableSchema(indexTable)}}
	for _, t := range tables() {
		s.Tables[t.Name()] = tableSchema(t.Name())
	}
	return s
}
