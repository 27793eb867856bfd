// Package rights is what users may do, and who may change that: it spells out the roles of users, and guards users and roles, so that nobody gives
// rights that he has not, or takes any from one who may more than he.
package rights

import (
	"strconv"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/domain/security"
	"github.com/fluent-oms/fluent/tenancy"
)

// Grant spells out a role that somebody holds in some contexts. retailers are those of the locations that the contexts name, by their ids; a role
// at a location that is not among them holds nowhere.
func Grant(role *security.Role, contexts []security.RoleContext, retailers map[string]tenancy.RetailerID) tenant.Grant {
	g := tenant.Grant{Role: role.Name}
	for _, p := range role.Permissions {
		g.Permissions = append(g.Permissions, p.Name)
	}
	for _, c := range contexts {
		at := tenant.Context{Type: tenant.ContextType(c.ContextType), ID: c.ContextID}
		switch at.Type {
		case tenant.RetailerContext:
			at.Retailer = Retailer(c.ContextID)
		case tenant.AgentContext:
			at.Retailer = retailers[c.ContextID]
		}
		g.Contexts = append(g.Contexts, at)
	}
	return g
}

// Retailer is the retailer of an id; 0 where it is none.
func Retailer(id string) tenancy.RetailerID {
	n, err := strconv.ParseInt(id, 10, 32)
	if err != nil {
		return 0
	}
	return tenancy.RetailerID(n)
}
