// Package rights is what users may do, and who may change that: it spells out the roles of users, and guards users and roles, so that nobody gives
// rights that he has not, or takes any from one who may more than he.
package rights

import (
	"strconv"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/security"
	"github.com/fluent-oms/fluent/tenancy"
)

// Grant spells out a role that somebody holds in some contexts. locations are those that the contexts name, by their ids; a role at a
// location that is not among them holds nowhere.
func Grant(role *security.Role, contexts []security.RoleContext, locations map[string]tenancy.Location) tenant.Grant {
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
			at.Ref, at.Retailer = locations[c.ContextID].Ref, locations[c.ContextID].Retailer
		}
		g.Contexts = append(g.Contexts, at)
	}
	return g
}

// At is a location as roles name it.
func At(l *foundation.Location) tenancy.Location {
	return tenancy.Location{ID: string(l.ID), Ref: l.Ref, Retailer: Retailer(string(l.RetailerID))}
}

// Retailer is the retailer of an id; 0 where it is none.
func Retailer(id string) tenancy.RetailerID {
	n, err := strconv.ParseInt(id, 10, 32)
	if err != nil {
		return 0
	}
	return tenancy.RetailerID(n)
}
