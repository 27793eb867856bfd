package rights

import (
	"context"
	"fmt"
	"slices"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/entity"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/security"
	"github.com/fluent-oms/fluent/domain/words"
	"github.com/fluent-oms/fluent/tenancy"
)

// Passwords hashes passwords, which are never returned.
type Passwords interface {
	Hash(ctx context.Context, password string) (string, error)
}

// Guards are those of users and roles.
func Guards(c *catalogue.Catalogue, passwords Passwords) entity.Guards {
	g := &guard{passwords: passwords, permissions: c.Permissions(), role: c.TypeOf(&security.Role{}), location: c.TypeOf(&foundation.Location{})}
	return entity.Guards{c.TypeOf(&security.User{}): {Before: g.userIs, After: g.userBecomes}, g.role: {Before: g.roleIs, After: g.roleBecomes}}
}

type guard struct {
	passwords      Passwords
	permissions    []string // all that there are, sorted
	role, location *catalogue.Type
}

// userIs lets a caller close a user, or take roles away from him, only if the user as he is may nothing that the caller may not: who keeps users
// could else shut administrators out.
func (g *guard) userIs(ctx context.Context, r entity.Request) error {
	if _, status := r.Values["status"]; !status && len(r.Taken) == 0 {
		return nil
	}
	return g.inCharge(ctx, r)
}

// userBecomes hides the password of a user, and lets a caller change what a user may do only if the user then may nothing that the caller may not:
// who keeps users could else make himself an administrator.
func (g *guard) userBecomes(ctx context.Context, r entity.Request) error {
	if err := g.hide(ctx, r); err != nil {
		return err
	}
	if err := knownContexts(r); err != nil {
		return err
	}
	if _, given := r.Values["roles"]; !given {
		return nil
	}
	return g.inCharge(ctx, r)
}

// hide replaces a user's password by its hash. A key of a user's would open nothing: it is refused, so that nobody relies on one.
func (g *guard) hide(ctx context.Context, r entity.Request) error {
	if r.Values["apiKey"] != nil {
		return fault.New(fault.Unprocessable, "users have no API keys here: make an API client, POST /api/v4.1/client, and call with its id and secret").
			At(r.Place + ".apiKey")
	}
	plain, given := r.Values["password"].(string)
	if !given {
		return nil
	}
	place := r.Place + ".password"
	if err := entity.CheckLength(plain, r.Input.Field("password").MaxLen); err != nil {
		return fault.Of(err).At(place)
	}
	if plain == "" {
		return fault.Invalidf(place, "password must not be empty").WithCode(fault.CodeMissing)
	}
	hash, err := g.passwords.Hash(ctx, plain)
	if err != nil {
		return err
	}
	r.Entity.(*security.User).PasswordHash = hash
	r.Touch(r.Type.Field("passwordHash"))
	return nil
}

// kinds are the kinds of place in which a role may hold.
var kinds = []string{string(tenant.AccountContext), string(tenant.RetailerContext), string(tenant.AgentContext)}

// knownContexts refuses roles that are given for no kind of place.
func knownContexts(r entity.Request) error {
	roles, _ := r.Values["roles"].([]any)
	for i, given := range roles {
		role, _ := given.(map[string]any)
		contexts, _ := role["contexts"].([]any)
		for n, at := range contexts {
			c, _ := at.(map[string]any)
			if kind, _ := c["contextType"].(string); !slices.Contains(kinds, kind) {
				return words.Unknown(kind, kinds).At(fmt.Sprintf("%s.roles[%d].contexts[%d].contextType", r.Place, i, n))
			}
		}
	}
	return nil
}

// inCharge decides whether a caller has the permission for what he does to a user, and every right of the user, wherever the user has it.
func (g *guard) inCharge(ctx context.Context, r entity.Request) error {
	grants, err := g.grants(ctx, r)
	if err != nil {
		return err
	}
	permission := r.Type.Permission + "_UPDATE"
	if r.New {
		permission = r.Type.Permission + "_CREATE"
	}
	return r.Who.InCharge(tenant.New(tenant.Identity{Account: r.Who.Account}, grants...), permission)
}

// grants spells out a user's roles, which it reads by one round trip, with the locations at which they hold.
func (g *guard) grants(ctx context.Context, r entity.Request) ([]tenant.Grant, error) {
	roles, place := r.Entity.(*security.User).Roles, r.Place+".roles"
	needs := make([]entity.Need, len(roles))
	for i, held := range roles {
		needs[i] = entity.Need{Type: g.role, ID: held.RoleID, Place: place}
	}
	for _, held := range roles {
		for _, c := range held.Contexts {
			if tenant.ContextType(c.ContextType) == tenant.AgentContext && c.ContextID != "" {
				needs = append(needs, entity.Need{Type: g.location, ID: catalogue.ID(c.ContextID), Place: place})
			}
		}
	}
	found, err := r.Reader.Find(ctx, needs)
	if err != nil {
		return nil, err
	}
	locations := map[string]tenancy.Location{}
	for _, x := range found[len(roles):] {
		if l, there := x.(*foundation.Location); there {
			locations[string(l.ID)] = At(l)
		}
	}
	grants := make([]tenant.Grant, len(roles))
	for i, held := range roles {
		role, there := found[i].(*security.Role)
		if !there {
			return nil, needs[i].Missing()
		}
		grants[i] = Grant(role, held.Contexts, locations)
	}
	return grants, nil
}

// roleIs lets nobody take permissions out of a role that he has not himself in the account: a role holds wherever somebody has it. Nor out of the
// administrator's, which holds all whatever it lists.
func (g *guard) roleIs(_ context.Context, r entity.Request) error {
	if len(r.Taken) > 0 && r.Entity.(*security.Role).Name == tenant.AdminRole {
		return fault.New(fault.Unprocessable, "the role %s holds every permission: nothing can be taken out of it; give people another role", tenant.AdminRole).At(r.Place)
	}
	return holdsAll(r.Who, r.Taken)
}

// roleBecomes lets a caller put only such permissions into a role as there are, and as he has in the account.
func (g *guard) roleBecomes(_ context.Context, r entity.Request) error {
	list, _ := r.Values["permissions"].([]any)
	for i, x := range list {
		p, _ := x.(map[string]any)
		name, _ := p["name"].(string)
		if _, known := slices.BinarySearch(g.permissions, name); !known {
			return fault.NotFoundf("Permission not found: %.80s%s", name, words.Hint(name, g.permissions)).At(fmt.Sprintf("%s.permissions[%d].name", r.Place, i))
		}
	}
	return holdsAll(r.Who, list)
}

// holdsAll decides whether a caller has all permissions of a list, as an input names them, in the account.
func holdsAll(who *tenant.Principal, list []any) error {
	for _, x := range list {
		p, _ := x.(map[string]any)
		name, _ := p["name"].(string)
		if err := who.Can(name, 0); err != nil {
			return err
		}
	}
	return nil
}
