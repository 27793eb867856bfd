package identity

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"strings"
	"time"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/auth/token"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/security"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/tenancy"
)

// proves reports whether a secret is one of a client's that are good now, and the client is. All secrets are compared, in the same time for each.
func proves(c *nodev1.ApiClient, secret string, now time.Time) bool {
	given := sha256.Sum256([]byte(secret))
	right := subtle.ConstantTimeCompare(given[:], c.GetSecretHash())
	for _, s := range c.GetSecrets() {
		same := subtle.ConstantTimeCompare(given[:], s.GetHash())
		if s.GetEndTime() == 0 || now.Unix() < s.GetEndTime() {
			right |= same
		}
	}
	return right == 1 && !expired(c, now)
}

func expired(c *nodev1.ApiClient, now time.Time) bool {
	return c.GetExpireTime() != 0 && now.Unix() >= c.GetExpireTime()
}

// hasRoles reports whether a client acts in roles of its own. One from before clients had roles acts as the account's user of type API. Of
// such a one the secret is where it was then; a client without either gets in nowhere.
func hasRoles(c *nodev1.ApiClient) bool { return len(c.GetSecretHash()) == 0 }

// isMachine reports whether no password lets a user in: what acts as it is a client.
func isMachine(u *security.User) bool { return u.PasswordHash == "" }

// clientID names the client that a token was given out to.
func clientID(t token.Tenant) string {
	if t.Given.Client == "" {
		return string(t.Account) // of a release in which each account had one
	}
	return t.Given.Client
}

// givenTo is the client that a token was given out to; nil if it is let in no more.
func givenTo(account *nodev1.Account, t token.Tenant, now func() time.Time) *nodev1.ApiClient {
	for _, c := range account.GetClients() {
		if c.GetClientId() == clientID(t) && (c.GetExpireTime() == 0 || !expired(c, now())) {
			return c
		}
	}
	return nil
}

// itself reports whether in a token the client acts, and not the user. What older releases gave to a user without a password they gave to
// its client.
func itself(t token.Tenant, machine bool) bool {
	return t.Given.Itself || t.Given.Client == "" && machine
}

// clientPrincipal is a client that acts as itself. It goes by the id of the account's user of type API, and by its own name.
func (s *Service) clientPrincipal(ctx context.Context, user *tenant.Principal, client *nodev1.ApiClient) (*tenant.Principal, error) {
	if !hasRoles(client) {
		return user, nil
	}
	id := user.Identity
	key := principalKey{account: id.Account, client: client.GetClientId(), version: client.GetVersion()}
	c, err := s.principals.remembered(ctx, key, time.Now(), func(ctx context.Context) (cachedPrincipal, error) {
		grants, _, err := s.clientGrants(ctx, id.Account, client.GetRoles())
		if err != nil {
			return cachedPrincipal{}, fmt.Errorf("load the rights of client %s: %w", client.GetClientId(), err)
		}
		id.Client, id.Username = client.GetClientId(), client.GetClientId()
		return cachedPrincipal{principal: tenant.New(id, grants...)}, nil
	})
	return c.principal, err
}

// Principal is what a caller, as tenant.Identity names it, may do now; nil if it may do nothing any more. It is for work that goes on in the name of
// somebody whose token is not at hand.
func (s *Service) Principal(ctx context.Context, of tenancy.AccountID, caller string) (*tenant.Principal, error) {
	account := s.state.View().Account(string(of))
	if account == nil || !open(account.GetState()) {
		return nil, nil
	}
	userID, id := tenant.ParseCaller(caller)
	user, err := s.principals.get(ctx, of, catalogue.ID(userID), time.Now())
	if err != nil || user.principal == nil || id == "" {
		return s.policies.under(user.principal), err
	}
	client := givenTo(account, token.Tenant{Account: of, Given: token.Given{Client: id}}, s.db.Time)
	if client == nil {
		return nil, nil
	}
	who, err := s.clientPrincipal(ctx, user.principal, client)
	return s.policies.under(who), err
}

// clientGrants spells out roles of an account that are named, and names those that it has not got.
func (s *Service) clientGrants(ctx context.Context, account tenancy.AccountID, roles []*nodev1.ApiRole) ([]tenant.Grant, []string, error) {
	scope, err := tenancy.NewScope(account)
	if err != nil {
		return nil, nil, err
	}
	s.stock.keep(ctx, account)
	all, missing, err := s.rolesNamed(ctx, scope, roles)
	if err != nil {
		return nil, nil, err
	}
	grants, err := grantsOf(ctx, s.db.Reader(scope), all)
	return grants, missing, err
}

func (s *Service) rolesNamed(ctx context.Context, scope tenancy.Scope, roles []*nodev1.ApiRole) (all []held, missing []string, err error) {
	keys := make([]store.Key, len(roles))
	for i, r := range roles {
		keys[i] = store.Key{r.GetRole()}
	}
	found, err := s.db.Reader(scope).ByKey(ctx, store.TypeOf[security.Role](s.db), keys...)
	if err != nil {
		return nil, nil, fmt.Errorf("read roles: %w", err)
	}
	for i, r := range roles {
		if found[i] == nil {
			missing = append(missing, r.GetRole())
			continue
		}
		h := held{role: found[i].(*security.Role)}
		for _, c := range r.GetContexts() {
			h.contexts = append(h.contexts, security.RoleContext{ContextType: c.GetType(), ContextID: c.GetId()})
		}
		all = append(all, h)
	}
	return all, missing, nil
}

// Granting is what somebody may do who holds roles of the account, and which of them the account has not got.
func (s *Service) Granting(ctx context.Context, account tenancy.AccountID, roles []*nodev1.ApiRole) (*tenant.Principal, []string, error) {
	grants, missing, err := s.clientGrants(ctx, account, roles)
	return tenant.New(tenant.Identity{Account: account}, grants...), missing, err
}

// checkRoles refuses a token to a client that would act in a role which the account has not got.
func (s *Service) checkRoles(ctx context.Context, account tenancy.AccountID, client *nodev1.ApiClient) error {
	if !hasRoles(client) {
		return nil
	}
	_, missing, err := s.clientGrants(ctx, account, client.GetRoles())
	if err == nil && len(missing) > 0 {
		err = refuse(fault.Unauthenticated, "invalid_grant", "The client acts as %s, a role that the account has not got: make the role, or change the client", strings.Join(missing, ", "))
	}
	return err
}

// roleNames lists what the answer to a token request says that the holder of a token is.
func roleNames(user *store.Principal, client *nodev1.ApiClient, itself bool) []string {
	names := []string{}
	if itself && hasRoles(client) {
		for _, r := range client.GetRoles() {
			names = append(names, r.GetRole())
		}
		return names
	}
	for _, r := range user.Roles {
		names = append(names, r.Name)
	}
	return names
}
