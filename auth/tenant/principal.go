// Package tenant decides what a tenant's user may do: a principal is a user with the roles that were granted to it, each in
// contexts (the account, a retailer, a location). All decisions are pure; who loads a principal is the caller's affair.
package tenant

import (
	"context"
	"slices"
	"strings"

	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// ContextType says where a role holds.
type ContextType string

// The contexts that a role can be granted in.
const (
	AccountContext  ContextType = "ACCOUNT"  // everywhere in the account
	RetailerContext ContextType = "RETAILER" // one retailer
	AgentContext    ContextType = "AGENT"    // one location of a retailer
)

// The stock roles, which every account begins with. An account may change all but AdminRole, and make others.
const (
	AdminRole           = "ADMIN"               // holds every permission of its contexts, whatever the account's row of it says
	ImplementerRole     = "IMPLEMENTER"         // sets up: workflows, locations, networks, catalogues, settings
	IntegrationRole     = "INTEGRATION"         // what storefronts, ERPs and carriers do
	OrchestrationRole   = "ORCHESTRATION_ADMIN" // workflows, events, jobs
	StoreAssistantRole  = "STORE_ASSISTANT"     // picks and packs
	CustomerServiceRole = "CUSTOMER_SERVICE"    // orders and customers
)

// StockRoles lists the names of the stock roles.
func StockRoles() []string {
	return []string{AdminRole, OrchestrationRole, StoreAssistantRole, CustomerServiceRole, IntegrationRole, ImplementerRole}
}

// nobody is a retailer number that no account has; it keeps the scope of a principal without roles from reaching all.
const nobody tenancy.RetailerID = -1

// Context is one place where a role was granted.
type Context struct {
	Type     ContextType
	ID       string             // retailer or location id; empty or 0 for the account
	Ref      string             // of a location: by which rows name it
	Retailer tenancy.RetailerID // the retailer itself, or the one that the location belongs to; 0 for the account
}

// Grant is one role with its permissions and the contexts in which the user has it.
type Grant struct {
	Role        string
	Permissions []string // ORDER_VIEW, …; not needed for AdminRole
	Contexts    []Context
}

// Identity is who a principal is.
type Identity struct {
	Account    tenancy.AccountID
	UserID     string
	Username   string
	FirstName  string
	LastName   string
	RetailerID tenancy.RetailerID // primary retailer; 0: none
	Client     string             // id of the API client that acts as itself, in its own roles and under the user's id; empty: the user acts
}

// Caller names who acts, for work that goes on when the request is over: a user by its id, a client that acts as itself by the id of the user that
// it goes by and its own.
func (i Identity) Caller() string {
	if i.Client == "" {
		return i.UserID
	}
	return i.UserID + "/" + i.Client
}

// Sender is what the urgency of the principal's events goes by.
func (i Identity) Sender() workflow.Sender {
	if i.Client != "" {
		return workflow.Client
	}
	return workflow.Person
}

// ParseCaller reads what Caller wrote.
func ParseCaller(caller string) (userID, client string) {
	userID, client, _ = strings.Cut(caller, "/")
	return userID, client
}

// Principal is an authenticated user of one account and what it may do. It never changes once made, so it may be shared and cached.
type Principal struct {
	Identity
	grants []Grant
	reach  reach            // of any role
	admin  reach            // of the admin role
	byName map[string]reach // of the roles that hold a permission, without the admin role

	policy Policy                 // nil: roles alone decide
	narrow func(name string) Left // by policy, for the principal's roles
}

// New makes a principal from a user and its grants. Contexts of a kind that is not known give nothing.
func New(id Identity, grants ...Grant) *Principal {
	p := &Principal{Identity: id, grants: grants, byName: map[string]reach{}}
	for _, g := range grants {
		for _, c := range g.Contexts {
			p.reach.add(c)
			if g.Role == AdminRole {
				p.admin.add(c)
			}
			for _, name := range g.Permissions {
				r := p.byName[name]
				r.add(c)
				p.byName[name] = r
			}
		}
	}
	return p
}

// Grants lists what the principal was made with; callers don't change it.
func (p *Principal) Grants() []Grant { return p.grants }

// Roles lists the names of the roles, sorted, each once.
func (p *Principal) Roles() []string {
	names := make([]string, 0, len(p.grants))
	for _, g := range p.grants {
		names = append(names, g.Role)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Can decides whether the principal has a permission (ORDER_UPDATE) for all that is of a retailer; 0 stands for the account itself and
// needs the permission in the account's context. The error is Forbidden with code C0020E and names what is missing.
func (p *Principal) Can(permission string, retailer tenancy.RetailerID) error {
	if p.admin.covers(retailer) || p.byName[permission].covers(retailer) {
		return p.left(permission).Err
	}
	return p.refuse(permission, retailer)
}

// CanAt decides whether the principal has a permission for all that is of a retailer, or else (whole is false) at locations of it: then it is
// allowed for rows within ScopeFor(permission).Acting() only.
func (p *Principal) CanAt(permission string, retailer tenancy.RetailerID) (whole bool, err error) {
	named := p.byName[permission]
	switch {
	case p.admin.covers(retailer) || named.covers(retailer):
		return true, p.left(permission).Err
	case p.admin.touches(retailer) || named.touches(retailer):
		return false, p.left(permission).Err
	}
	return false, p.refuse(permission, retailer)
}

func (p *Principal) refuse(permission string, retailer tenancy.RetailerID) error {
	if retailer == 0 {
		return missing(permission).With("context", string(AccountContext))
	}
	return missing(permission).With("context", string(RetailerContext)).With("retailer", decimal(retailer))
}

// Conditional reports whether the account's policies limit a permission by what rows say: then it is allowed for rows within
// ScopeFor(permission).Acting() only.
func (p *Principal) Conditional(permission string) bool { return len(p.left(permission).Cases) > 0 }

// Elsewhere is the refusal of a change to what is at none of the locations where the principal has the permission, or is not as the account's policy
// wants it. Which of the two it was is not told where both may be.
func (p *Principal) Elsewhere(permission string) error {
	if !p.Conditional(permission) {
		return missing(permission).With("context", string(AgentContext))
	}
	why := "the account's policy does not allow it for the row, as it is or would be"
	if len(p.ScopeFor(permission).Locations()) > 0 {
		why += ", or the row is at none of the caller's locations"
	}
	return fault.New(fault.Forbidden, "Permission missing: %s: %s", permission, why).
		WithCode(fault.CodeForbidden).With("permission", permission).With("reason", "POLICY")
}

// CanSomewhere decides whether the principal has a permission in any context at all: what a search needs whose rows are
// then limited by ScopeFor, and what reads of data need that all retailers of an account share.
func (p *Principal) CanSomewhere(permission string) error {
	if !p.admin.empty() || !p.byName[permission].empty() {
		return p.left(permission).Err
	}
	return missing(permission)
}

// Scope is the data that the principal reaches at all: all that is of the account when a role was granted in the account's context, else what is
// of the retailers, and at the locations, that roles were granted in. A principal without roles reaches no retailer.
func (p *Principal) Scope() tenancy.Scope { return p.reach.scope(p.Account) }

// ScopeFor is the part of Scope in which the principal has a permission.
func (p *Principal) ScopeFor(permission string) tenancy.Scope {
	both := reach{}
	both.join(p.admin)
	both.join(p.byName[permission])
	left := p.left(permission)
	switch {
	case left.Err != nil:
		return reach{}.scope(p.Account)
	case len(left.Cases) > 0:
		scope := both.scope(p.Account)
		return scope.Narrowed(&tenancy.Limits{Whole: scope.Whole(), Locations: scope.Locations(), Where: left.Cases, Rule: left.Rule})
	}
	return both.scope(p.Account)
}

func missing(permission string) *fault.Error {
	return fault.New(fault.Forbidden, "Permission missing: %s", permission).WithCode(fault.CodeForbidden).With("permission", permission)
}

type contextKey struct{}

// NewContext returns a context that carries the principal of a request.
func NewContext(ctx context.Context, p *Principal) context.Context {
	return context.WithValue(ctx, contextKey{}, p)
}

// FromContext gives the principal of the request; false when the request carried no verified token.
func FromContext(ctx context.Context) (*Principal, bool) {
	p, ok := ctx.Value(contextKey{}).(*Principal)
	return p, ok && p != nil
}
