// Package clients lets a tenant's administrators keep the API clients of their account, which the control plane holds. Secrets are made
// here; the control plane gets their hashes.
package clients

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/fluent-oms/fluent/auth/password"
	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/domain/fault"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/tenancy"
)

// Control is the control plane. Changes return when this process works by them.
type Control interface {
	ListClients(ctx context.Context, req *nodev1.ListClientsRequest) ([]*cpv1.ApiClient, error)
	CreateClient(ctx context.Context, req *nodev1.CreateClientRequest) (*cpv1.ApiClient, error)
	UpdateClient(ctx context.Context, req *nodev1.UpdateClientRequest) (*cpv1.ApiClient, error)
	RotateClient(ctx context.Context, req *nodev1.RotateClientRequest) (*cpv1.ApiClient, error)
	RevokeClient(ctx context.Context, req *nodev1.RevokeClientRequest) (*cpv1.ApiClient, error)
}

// Roles knows the account's roles.
type Roles interface {
	// Granting is what somebody may do who holds the roles, and which of them the account has not got.
	Granting(ctx context.Context, account tenancy.AccountID, roles []*nodev1.ApiRole) (*tenant.Principal, []string, error)
}

// Service is the use cases.
type Service struct {
	control Control
	roles   Roles
}

// New makes the service.
func New(control Control, roles Roles) *Service { return &Service{control: control, roles: roles} }

// The permissions, which must be held in the account itself. Who makes a client, changes one or learns its secret must also hold
// all that it may do: nobody gains rights by a client.
const (
	view   = "APICLIENT_VIEW"
	create = "APICLIENT_CREATE"
	update = "APICLIENT_UPDATE"
)

const secretBytes = 24 // of randomness

// List reads the account's clients, the first one first.
func (s *Service) List(ctx context.Context, p *tenant.Principal) ([]*cpv1.ApiClient, error) {
	if err := p.Can(view, 0); err != nil {
		return nil, err
	}
	return s.control.ListClients(ctx, &nodev1.ListClientsRequest{Account: string(p.Account)})
}

// Create makes a client and its first secret, which nobody can read again.
func (s *Service) Create(ctx context.Context, p *tenant.Principal, c *cpv1.ApiClient) (*cpv1.ApiClient, string, error) {
	if err := p.Can(create, 0); err != nil {
		return nil, "", err
	}
	if id := c.GetClientId(); id == string(p.Account) || tenancy.AccountOfClient(id) != p.Account {
		return nil, "", fault.Invalidf("id", "The id of another client is the account's name, a dash, and a name in small letters: %s-erp", p.Account)
	}
	if err := s.mayGrant(ctx, p, create, c.GetRoles()); err != nil {
		return nil, "", err
	}
	secret, hash := newSecret()
	made, err := s.control.CreateClient(ctx, &nodev1.CreateClientRequest{
		RequestId: rand.Text(), Account: string(p.Account), Author: p.Username, Client: c, SecretHash: hash,
	})
	return made, secret, err
}

// Update changes fields of a client: description, roles, expire_time.
func (s *Service) Update(ctx context.Context, p *tenant.Principal, c *cpv1.ApiClient, fields []string) (*cpv1.ApiClient, error) {
	if err := s.inCharge(ctx, p, c.GetClientId()); err != nil {
		return nil, err
	}
	if slices.Contains(fields, "roles") {
		if err := s.mayGrant(ctx, p, update, c.GetRoles()); err != nil {
			return nil, err
		}
	}
	return s.control.UpdateClient(ctx, &nodev1.UpdateClientRequest{
		RequestId: rand.Text(), Account: string(p.Account), Author: p.Username, Client: c, UpdateMask: &fieldmaskpb.FieldMask{Paths: fields},
	})
}

// Rotate gives a client a new secret. The one before goes on for the overlap: a day if it is nil; at 0 it ends at once, and so do the tokens in
// which the client acts as itself.
func (s *Service) Rotate(ctx context.Context, p *tenant.Principal, id string, overlap *time.Duration) (*cpv1.ApiClient, string, error) {
	if err := s.inCharge(ctx, p, id); err != nil {
		return nil, "", err
	}
	secret, hash := newSecret()
	req := &nodev1.RotateClientRequest{RequestId: rand.Text(), Account: string(p.Account), Author: p.Username, ClientId: id, SecretHash: hash}
	if overlap != nil {
		req.Overlap = durationpb.New(*overlap)
	}
	changed, err := s.control.RotateClient(ctx, req)
	return changed, secret, err
}

// Revoke ends a client for good, with all tokens that were given to it. The permission is enough: it takes rights and gives none.
func (s *Service) Revoke(ctx context.Context, p *tenant.Principal, id string) (*cpv1.ApiClient, error) {
	if err := p.Can(update, 0); err != nil {
		return nil, err
	}
	return s.control.RevokeClient(ctx, &nodev1.RevokeClientRequest{RequestId: rand.Text(), Account: string(p.Account), Author: p.Username, ClientId: id})
}

// inCharge decides whether the caller may change a client of the account and learn its secret.
func (s *Service) inCharge(ctx context.Context, p *tenant.Principal, id string) error {
	if err := p.Can(update, 0); err != nil {
		return err
	}
	all, err := s.control.ListClients(ctx, &nodev1.ListClientsRequest{Account: string(p.Account)})
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(c *cpv1.ApiClient) bool { return c.GetClientId() == id })
	if i < 0 {
		return fault.NotFoundf("There is no API client %s", id).At("id")
	}
	roles := all[i].GetRoles()
	if len(roles) == 0 { // from before clients had any
		roles = []*cpv1.ClientRole{{Role: tenant.AdminRole, Contexts: []*cpv1.ClientContext{{Type: string(tenant.AccountContext), Id: "0"}}}}
	}
	theirs, _, err := s.roles.Granting(ctx, p.Account, named(roles)) // roles that are gone give nothing
	if err != nil {
		return err
	}
	return p.InCharge(theirs, update)
}

// mayGrant decides whether the caller may have a client act in roles.
func (s *Service) mayGrant(ctx context.Context, p *tenant.Principal, permission string, roles []*cpv1.ClientRole) error {
	theirs, missing, err := s.roles.Granting(ctx, p.Account, named(roles))
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		return fault.Invalidf("roles", "The account has no role %s", strings.Join(missing, ", "))
	}
	return p.InCharge(theirs, permission)
}

func named(roles []*cpv1.ClientRole) []*nodev1.ApiRole {
	var out []*nodev1.ApiRole
	for _, r := range roles {
		role := &nodev1.ApiRole{Role: r.GetRole()}
		for _, c := range r.GetContexts() {
			role.Contexts = append(role.Contexts, &nodev1.ApiContext{Type: c.GetType(), Id: c.GetId()})
		}
		out = append(out, role)
	}
	return out
}

func newSecret() (secret string, hash []byte) {
	secret = password.Secret(secretBytes)
	sum := sha256.Sum256([]byte(secret))
	return secret, sum[:]
}
