package change

import (
	"context"
	"strconv"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/graphql/keys"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/security"
	"github.com/fluent-oms/fluent/tenancy"
)

// mayTake lets a caller close a user, or take roles away from him, only if the user as he is may nothing that the caller may
// not: who keeps users could else shut administrators out. Of the same reason nobody takes permissions out of a role that he has not himself.
func (s *session) mayTake(ctx context.Context, d *draft, taken []any) error {
	switch e := d.Entity.(type) {
	case *security.User:
		_, status := d.value["status"]
		if !status && len(taken) == 0 {
			return nil
		}
		return s.inCharge(ctx, e, d, "_UPDATE")
	case *security.Role:
		return s.holdsAll(taken)
	}
	return nil
}

// mayGive lets a caller change what a user may do only if the user then may nothing that the caller may not: who keeps users could else make
// himself an administrator.
func (s *session) mayGive(ctx context.Context, u *security.User, d *draft) error {
	if _, given := d.value["roles"]; !given {
		return nil
	}
	if d.New {
		return s.inCharge(ctx, u, d, "_CREATE")
	}
	return s.inCharge(ctx, u, d, "_UPDATE")
}

// inCharge decides whether a caller has a permission, and every right of a user, wherever the user has it.
func (s *session) inCharge(ctx context.Context, u *security.User, d *draft, action string) error {
	grants, err := s.grants(ctx, u, d.Place+".roles")
	if err != nil {
		return err
	}
	return s.who.InCharge(tenant.New(tenant.Identity{Account: s.who.Account}, grants...), d.Type.Permission+action)
}

// grants spells out a user's roles.
func (s *session) grants(ctx context.Context, u *security.User, place string) ([]tenant.Grant, error) {
	roles, locations := make([]*keys.Want, len(u.Roles)), map[string]*keys.Want{}
	var wants []*keys.Want
	for i, r := range u.Roles {
		roles[i] = keys.ByID(s.Catalogue.Type("Role"), r.RoleID, place)
		wants = append(wants, roles[i])
		for _, c := range r.Contexts {
			if c.ContextType == string(tenant.AgentContext) && locations[c.ContextID] == nil {
				locations[c.ContextID] = keys.ByID(s.Catalogue.Type("Location"), catalogue.ID(c.ContextID), place)
				wants = append(wants, locations[c.ContextID])
			}
		}
	}
	if err := keys.Resolve(ctx, s.from, wants...); err != nil {
		return nil, err
	}
	grants := make([]tenant.Grant, 0, len(roles))
	for i, w := range roles {
		if err := w.Missing(); err != nil {
			return nil, err
		}
		role := w.Entity.(*security.Role) // a want of roles finds nothing else
		g := tenant.Grant{Role: role.Name}
		for _, p := range role.Permissions {
			g.Permissions = append(g.Permissions, p.Name)
		}
		for _, c := range u.Roles[i].Contexts {
			g.Contexts = append(g.Contexts, contextOf(c, locations))
		}
		grants = append(grants, g)
	}
	return grants, nil
}

// contextOf tells which retailer a role holds in: 0 for the account, and where it is not known.
func contextOf(c security.RoleContext, locations map[string]*keys.Want) tenant.Context {
	at, retailer := tenant.Context{Type: tenant.ContextType(c.ContextType), ID: c.ContextID}, ""
	switch at.Type {
	case tenant.RetailerContext:
		retailer = c.ContextID
	case tenant.AgentContext:
		if l, found := locations[c.ContextID].Entity.(*foundation.Location); found {
			retailer = string(l.RetailerID)
		}
	}
	if n, err := strconv.ParseInt(retailer, 10, 32); err == nil {
		at.Retailer = tenancy.RetailerID(n)
	}
	return at
}

// mayWrite lets a caller put only such permissions into a role as he has in the account: a role holds wherever somebody has it.
func (s *session) mayWrite(d *draft) error {
	list, _ := d.value["permissions"].([]any)
	return s.holdsAll(list)
}

// holdsAll decides whether a caller has all permissions of a list, as an input names them, in the account.
func (s *session) holdsAll(list []any) error {
	for _, x := range list {
		p, _ := x.(map[string]any)
		name, _ := p["name"].(string)
		if err := s.who.Can(name, 0); err != nil {
			return err
		}
	}
	return nil
}
