# The permissions that the control plane's methods declare, by what they do. A permission that is not here is denied to
# everybody.
package fluent.permissions

# Reading what is no secret among operators.
open := {"region.list", "region.get", "release.list"}

# Reading what belongs to a region or an account.
reads := {
	"environment.list", "environment.get",
	"account.list", "account.get",
	"client.list",
	"retailer.list", "retailer.get",
	"sandbox.list", "sandbox.get",
	"configuration.list", "configuration.get",
	"rollout.list", "rollout.get",
	"node.list", "node.get",
	"operation.list", "operation.get", "operation.wait",
	"audit.list", "audit.get",
}

# Reading what belongs to the platform as a whole.
platform_reads := {
	"operator.list", "operator.get",
	"cluster.get",
	"key.list",
	"policy.get",
}

# Changing an account's set-up.
account_writes := {
	"retailer.create", "retailer.update", "retailer.delete",
	"sandbox.create", "sandbox.update", "sandbox.delete",
	"configuration.create", "configuration.update", "configuration.delete", "configuration.activate",
	"rollout.create", "rollout.pause", "rollout.resume", "rollout.rollback",
}

# Running a region.
region_writes := {
	"region.update",
	"environment.create", "environment.update", "environment.delete",
	"account.create", "account.update", "account.delete", "account.suspend", "account.resume",
	"client.create", "client.update", "client.revoke",
	"node.create", "node.update", "node.delete", "node.drain", "node.invite",
	"operation.cancel",
}

# Running the platform.
platform_writes := {
	"region.create", "region.delete",
	"operator.create", "operator.update", "operator.delete",
	"cluster.update",
	"key.create", "key.rotate", "key.delete",
}

# What every operator may do with its own session.
own := {"session.get", "session.refresh", "session.delete", "session.update"}

# What nodes and gateways call, and what the servers of the control plane call among themselves.
node_calls := {"node.session"}

server_calls := {"cluster.peer"}

writes := (account_writes | region_writes) | platform_writes

operator_calls := (((open | reads) | platform_reads) | writes) | own

known := (operator_calls | node_calls) | server_calls
