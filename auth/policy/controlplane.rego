# Who may call which method of the control plane. A decision follows from the caller and the permission alone where it
# can; where a role is limited to places it names the places, which then filter lists, and decide once the place is known.
#
# Input: principal {kind, roles [{role, regions, accounts}]}, permission, and resource {region, environment, account} if known.
package fluent.controlplane

import data.fluent.permissions

# everywhere: some role gives the permission without limit.
default everywhere := false

everywhere if {
	operator
	some r in input.principal.roles
	everywhere_by_role(r.role)
}

everywhere if {
	operator
	count(input.principal.roles) > 0
	input.permission in (permissions.own | permissions.open)
}

everywhere if {
	input.principal.kind == "node"
	input.permission in permissions.node_calls
}

everywhere if {
	input.principal.kind == "control-plane"
	input.permission in permissions.server_calls
}

operator if input.principal.kind == "operator"

everywhere_by_role("platform-administrator") if input.permission in permissions.operator_calls

everywhere_by_role("support-read-only") if input.permission in (permissions.reads | permissions.platform_reads)

# Whoever works at the command line has to know where the servers are: one of them may be down.
everywhere_by_role("region-operator") if input.permission == "cluster.get"

everywhere_by_role("implementer") if input.permission == "cluster.get"

# regions and accounts: the places in which a limited role gives the permission.
regions contains region if {
	operator
	some r in input.principal.roles
	r.role == "region-operator"
	input.permission in ((permissions.reads | permissions.region_writes) | permissions.account_writes)
	some region in r.regions
}

accounts contains account if {
	operator
	some r in input.principal.roles
	r.role == "implementer"
	input.permission in (implementer_reads | permissions.account_writes)
	some account in r.accounts
}

# Environments and nodes are shared by accounts: they are not an implementer's to see.
implementer_reads := permissions.reads - {"environment.list", "environment.get", "node.list", "node.get"}

limited if count(regions) > 0

limited if count(accounts) > 0

covered if input.resource.region in regions

covered if input.resource.account in accounts

# The decision: allow, deny, or allow where (only while the resource is not known).
decision := {"answer": "deny", "reason": "UNKNOWN_PERMISSION"} if not input.permission in permissions.known

else := {"answer": "allow", "reason": "ROLE"} if everywhere

else := {"answer": "deny", "reason": "ROLE_MISSING"} if not limited

else := {"answer": "where", "reason": "ROLE_LIMITED", "regions": regions, "accounts": accounts} if not input.resource

else := {"answer": "allow", "reason": "ROLE_LIMITED"} if covered

else := {"answer": "deny", "reason": "OUTSIDE_OF_ROLE"}
