// Package provision makes the rows that a new account or retailer begins with: roles, users, catalogues, networks, and the
// default workflows as artefacts. The control plane asks for it, step by step and maybe more than once; every step is idempotent.
package provision

import (
	"context"
	"fmt"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/entity"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/access"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/security"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/tenancy"
)

// Service implements the node side of TenantService.
type Service struct {
	db       *store.DB
	budget   *Budget
	defaults func(retailer tenancy.RetailerID) ([]Artefact, error)
}

// Artefact is one default that a new retailer gets: its name in the configuration and its content.
type Artefact struct {
	Name    string // workflow/ORDER::HD/1
	Content []byte
}

// New makes the service. It works over the database's connections that are set aside, within a budget. defaults gives the artefacts of a
// new retailer.
func New(db *store.DB, budget *Budget, defaults func(tenancy.RetailerID) ([]Artefact, error)) *Service {
	return &Service{db: db.Aside(), budget: budget, defaults: defaults}
}

// PrepareAccount makes the stock roles and the first two users: the administrator and the user behind the client_credentials grant.
func (s *Service) PrepareAccount(ctx context.Context, req *nodev1.PrepareAccountRequest) (*nodev1.PrepareAccountResponse, error) {
	scope, err := accountScope(req.GetAccount())
	if err != nil {
		return nil, err
	}
	leave, err := s.budget.enter(ctx)
	if err != nil {
		return nil, fmt.Errorf("prepare account %s: %w", req.GetAccount(), err)
	}
	defer leave()
	user, role := store.TypeOf[security.User](s.db), store.TypeOf[security.Role](s.db)
	roles := stockRoles(s.db.Catalogue())
	ids, err := s.db.NewIDsOf(ctx, scope, map[*catalogue.Type]int{user: 2, role: len(roles)})
	if err != nil {
		return nil, fmt.Errorf("prepare account %s: %w", req.GetAccount(), err)
	}
	for i := range roles {
		roles[i].ID = ids[role][i]
	}
	apiRoles, err := userRoles(roles, req.GetApiRoles())
	if err != nil {
		return nil, fmt.Errorf("prepare account %s: %w", req.GetAccount(), err)
	}
	var admin catalogue.ID
	err = s.db.Write(ctx, scope, func(tx *store.Tx) error {
		users, err := tx.ByKey(ctx, user, store.Key{req.GetAdminUsername()})
		if err != nil {
			return fmt.Errorf("look for the administrator: %w", err)
		}
		if users[0] != nil { // an earlier attempt got this far
			admin = users[0].(*security.User).ID
			return nil
		}
		made := s.making(tx, 0)
		for i := range roles {
			made.Make(&roles[i])
		}
		admin = ids[user][0]
		made.Make(administrator(req, admin, roles[0].ID), apiUser(req, ids[user][1], apiRoles))
		access.KeepStockRoles(tx, givenWith(roles, nil))
		return insert(ctx, tx, made, nil)
	})
	if err != nil {
		return nil, fmt.Errorf("prepare account %s: %w", req.GetAccount(), err)
	}
	return &nodev1.PrepareAccountResponse{AdminUserId: string(admin)}, nil
}

// administrator is the account's first user, who may everything everywhere.
func administrator(req *nodev1.PrepareAccountRequest, id, role catalogue.ID) *security.User {
	everywhere := []security.RoleContext{{ContextType: string(tenant.AccountContext), ContextID: "0"}}
	return &security.User{
		Node: catalogue.Node{ID: id}, Ref: req.GetAdminUsername(), Username: req.GetAdminUsername(), Type: "ADMIN",
		FirstName: "Account", LastName: "Administrator", PrimaryEmail: req.GetAdminEmail(), Timezone: "UTC",
		PasswordHash: string(req.GetAdminPasswordHash()), Roles: []security.UserRole{{RoleID: role, Contexts: everywhere}},
	}
}

// apiUser is who the account's first client acts as.
func apiUser(req *nodev1.PrepareAccountRequest, id catalogue.ID, roles []security.UserRole) *security.User {
	return &security.User{
		Node: catalogue.Node{ID: id}, Ref: req.GetApiUsername(), Username: req.GetApiUsername(), Type: "API",
		FirstName: "API", LastName: "User", PrimaryEmail: req.GetAdminEmail(), Timezone: "UTC", Roles: roles,
	}
}

// making is the door through which provisioned entities go, in the name of a retailer; 0: of the account.
func (s *Service) making(tx *store.Tx, r tenancy.RetailerID) *entity.Making {
	return &entity.Making{Catalogue: s.db.Catalogue(), By: entity.Maker{Retailer: r, Provides: true, Now: tx.Now()}}
}

// insert completes what is made and queues its rows. flows are the versions of the workflows that drive it. No CREATE events follow: what those
// would lead to is provisioned as well.
func insert(ctx context.Context, tx *store.Tx, made *entity.Making, flows entity.Versions) error {
	if err := made.Complete(ctx, flows); err != nil {
		return err
	}
	made.Write(tx)
	return nil
}

func accountScope(name string) (tenancy.Scope, error) {
	account, err := tenancy.ParseAccountID(name)
	if err != nil {
		return tenancy.Scope{}, fault.Invalidf("account", "%s", err.Error())
	}
	return tenancy.NewScope(account)
}
