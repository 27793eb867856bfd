package clients_test

import (
	"context"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/clients"
	"github.com/fluent-oms/fluent/domain/fault"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/tenancy"
)

// plane notes what reaches the control plane. The account has a client of an administrator's, one from before roles, and one that looks.
type plane struct {
	created []*nodev1.CreateClientRequest
	rotated []*nodev1.RotateClientRequest
	others  int
}

func (p *plane) ListClients(context.Context, *nodev1.ListClientsRequest) ([]*cpv1.ApiClient, error) {
	return []*cpv1.ApiClient{{ClientId: "ACME"}, {ClientId: "ACME-admin", Roles: acting("ADMIN", "ACCOUNT", "0")}, {ClientId: "ACME-look", Roles: acting("LOOKER", "RETAILER", "1")}}, nil
}

func (p *plane) CreateClient(_ context.Context, r *nodev1.CreateClientRequest) (*cpv1.ApiClient, error) {
	p.created = append(p.created, r)
	return r.GetClient(), nil
}

func (p *plane) RotateClient(_ context.Context, r *nodev1.RotateClientRequest) (*cpv1.ApiClient, error) {
	p.rotated = append(p.rotated, r)
	return &cpv1.ApiClient{ClientId: r.GetClientId()}, nil
}

func (p *plane) UpdateClient(_ context.Context, r *nodev1.UpdateClientRequest) (*cpv1.ApiClient, error) {
	p.others++
	return r.GetClient(), nil
}

func (p *plane) RevokeClient(_ context.Context, r *nodev1.RevokeClientRequest) (*cpv1.ApiClient, error) {
	p.others++
	return &cpv1.ApiClient{ClientId: r.GetClientId()}, nil
}

// roles are those of the account.
type roles map[string][]string

func (r roles) Granting(_ context.Context, account tenancy.AccountID, named []*nodev1.ApiRole) (*tenant.Principal, []string, error) {
	var grants []tenant.Grant
	var missing []string
	for _, n := range named {
		permissions, known := r[n.GetRole()]
		if !known {
			missing = append(missing, n.GetRole())
			continue
		}
		g := tenant.Grant{Role: n.GetRole(), Permissions: permissions}
		for _, c := range n.GetContexts() {
			at := tenant.Context{Type: tenant.ContextType(c.GetType()), ID: c.GetId()}
			if at.Type == tenant.RetailerContext {
				at.Retailer = 1
			}
			g.Contexts = append(g.Contexts, at)
		}
		grants = append(grants, g)
	}
	return tenant.New(tenant.Identity{Account: account}, grants...), missing, nil
}

func acting(role, kind, id string) []*cpv1.ClientRole {
	return []*cpv1.ClientRole{{Role: role, Contexts: []*cpv1.ClientContext{{Type: kind, Id: id}}}}
}

var keeping = []string{"APICLIENT_VIEW", "APICLIENT_CREATE", "APICLIENT_UPDATE", "ORDER_VIEW"}

func user(role string, permissions []string, at tenant.Context) *tenant.Principal {
	return tenant.New(tenant.Identity{Account: "ACME", UserID: "7", Username: "ann"}, tenant.Grant{Role: role, Permissions: permissions, Contexts: []tenant.Context{at}})
}

// TestNobodyGainsByAClient: who keeps clients gives no right that he has not got, nor takes the place of a client that has it.
func TestNobodyGainsByAClient(t *testing.T) {
	t.Parallel()
	account, shop := tenant.Context{Type: tenant.AccountContext}, tenant.Context{Type: tenant.RetailerContext, Retailer: 1}
	admin, keeper := user("ADMIN", nil, account), user("KEEPER", keeping, account)
	for name, c := range map[string]struct {
		who  *tenant.Principal
		call func(s *clients.Service, p *tenant.Principal) error
		kind fault.Kind
		ok   bool
	}{
		"an administrator makes one":           {who: admin, call: creating("ACME-x", "ADMIN", "ACCOUNT"), ok: true},
		"who may nothing makes none":           {who: user("LOOKER", []string{"ORDER_VIEW"}, account), call: creating("ACME-x", "LOOKER", "ACCOUNT"), kind: fault.Forbidden},
		"a retailer's administrator neither":   {who: user("ADMIN", nil, shop), call: creating("ACME-x", "LOOKER", "RETAILER"), kind: fault.Forbidden},
		"a keeper makes one that may less":     {who: keeper, call: creating("ACME-x", "LOOKER", "RETAILER"), ok: true},
		"a keeper makes no administrator":      {who: keeper, call: creating("ACME-x", "ADMIN", "ACCOUNT"), kind: fault.Forbidden},
		"nor one of a retailer":                {who: keeper, call: creating("ACME-x", "ADMIN", "RETAILER"), kind: fault.Forbidden},
		"nor one that may what he may not":     {who: keeper, call: creating("ACME-x", "WRITER", "RETAILER"), kind: fault.Forbidden},
		"nor one at a place not there yet":     {who: keeper, call: creating("ACME-x", "ADMIN", "AGENT"), kind: fault.Forbidden},
		"which an administrator may":           {who: admin, call: creating("ACME-x", "ADMIN", "AGENT"), ok: true},
		"a role that is not there":             {who: admin, call: creating("ACME-x", "LOKER", "ACCOUNT"), kind: fault.Invalid},
		"an id of another account":             {who: admin, call: creating("OTHER-x", "LOOKER", "ACCOUNT"), kind: fault.Invalid},
		"the first client's id":                {who: admin, call: creating("ACME", "LOOKER", "ACCOUNT"), kind: fault.Invalid},
		"a keeper learns a looker's secret":    {who: keeper, call: rotating("ACME-look"), ok: true},
		"a keeper learns no administrator's":   {who: keeper, call: rotating("ACME-admin"), kind: fault.Forbidden},
		"nor that of a client of before roles": {who: keeper, call: rotating("ACME"), kind: fault.Forbidden},
		"another account's secret":             {who: admin, call: rotating("OTHER"), kind: fault.NotFound},
		"a keeper widens none":                 {who: keeper, call: updating("ACME-look", "ADMIN"), kind: fault.Forbidden},
		"nor narrows an administrator's":       {who: keeper, call: updating("ACME-admin", "LOOKER"), kind: fault.Forbidden},
		"an administrator narrows one":         {who: admin, call: updating("ACME-admin", "LOOKER"), ok: true},
		"a keeper revokes any": {who: keeper, ok: true, call: func(s *clients.Service, p *tenant.Principal) error {
			_, err := s.Revoke(t.Context(), p, "ACME-admin")
			return err
		}},
		"who looks revokes none": {who: user("LOOKER", []string{"APICLIENT_VIEW"}, account), kind: fault.Forbidden, call: func(s *clients.Service, p *tenant.Principal) error {
			_, err := s.Revoke(t.Context(), p, "ACME-look")
			return err
		}},
	} {
		p := &plane{}
		err := c.call(clients.New(p, roles{"ADMIN": nil, "LOOKER": {"ORDER_VIEW"}, "WRITER": {"ORDER_UPDATE"}}), c.who)
		reached := len(p.created)+len(p.rotated)+p.others > 0
		if c.ok {
			require.NoError(t, err, name)
			require.True(t, reached, name)
			continue
		}
		require.True(t, fault.Is(err, c.kind), "%s: %v", name, err)
		require.False(t, reached, "%s: the control plane is not asked", name)
	}
}

func creating(id, role, kind string) func(s *clients.Service, p *tenant.Principal) error {
	return func(s *clients.Service, p *tenant.Principal) error {
		_, _, err := s.Create(context.Background(), p, &cpv1.ApiClient{ClientId: id, Roles: acting(role, kind, "1")})
		return err
	}
}

func rotating(id string) func(s *clients.Service, p *tenant.Principal) error {
	return func(s *clients.Service, p *tenant.Principal) error {
		_, _, err := s.Rotate(context.Background(), p, id, nil)
		return err
	}
}

func updating(id, role string) func(s *clients.Service, p *tenant.Principal) error {
	return func(s *clients.Service, p *tenant.Principal) error {
		_, err := s.Update(context.Background(), p, &cpv1.ApiClient{ClientId: id, Roles: acting(role, "ACCOUNT", "0")}, []string{"roles"})
		return err
	}
}

// TestOnlyHashesLeaveTheNode: the control plane gets the hash of the secret that the caller gets, and the name of who asked.
func TestOnlyHashesLeaveTheNode(t *testing.T) {
	t.Parallel()
	p := &plane{}
	s := clients.New(p, roles{"ADMIN": nil})
	admin := user("ADMIN", nil, tenant.Context{Type: tenant.AccountContext})
	_, first, err := s.Create(t.Context(), admin, &cpv1.ApiClient{ClientId: "ACME-erp", Roles: acting("ADMIN", "ACCOUNT", "0")})
	require.NoError(t, err)
	hour := time.Hour
	_, second, err := s.Rotate(t.Context(), admin, "ACME-admin", &hour)
	require.NoError(t, err)
	require.NotEqual(t, first, second)
	require.GreaterOrEqual(t, len(first), 32)
	one, two := sha256.Sum256([]byte(first)), sha256.Sum256([]byte(second))
	require.Equal(t, one[:], p.created[0].GetSecretHash())
	require.Equal(t, two[:], p.rotated[0].GetSecretHash())
	require.Equal(t, hour, p.rotated[0].GetOverlap().AsDuration())
	require.Equal(t, []string{"ann", "ann"}, []string{p.created[0].GetAuthor(), p.rotated[0].GetAuthor()})
	require.NotContains(t, p.created[0].String()+p.rotated[0].String(), first)
}
