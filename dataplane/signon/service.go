package signon

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/fluent-oms/fluent/auth/outbound"
	"github.com/fluent-oms/fluent/auth/seal"
	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/dataplane/identity"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/access"
	"github.com/fluent-oms/fluent/domain/fault"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/tenancy"
)

// Identity gives out tokens, and knows what roles give.
type Identity interface {
	SignedOn(ctx context.Context, who identity.SignedOn) (identity.TokenAnswer, error)
	Granting(ctx context.Context, account tenancy.AccountID, roles []*nodev1.ApiRole) (*tenant.Principal, []string, error)
}

// Deps are what the service stands on.
type Deps struct {
	DB       *store.DB
	State    *desired.State
	Identity Identity
	Outbound outbound.Policy // where providers may be
	Keys     []seal.Key      // the environment's
	Patience time.Duration   // with one answer of a provider; 0: five seconds
	Log      *slog.Logger
}

// Service is the use cases.
type Service struct {
	Deps
	providers *providers
	lines     *rate.Limiter // lines in the log
	flows     *seal.Box     // what browsers hold while people sign in
	codes     *seal.Box     // what web apps get tokens for
	secrets   *seal.Box     // providers' secrets
}

// Lines in the log about sign-ons that failed: so many a second.
const (
	linePace  = 5
	lineBurst = 100
)

// New makes the service.
func New(deps Deps) (*Service, error) {
	s := &Service{Deps: deps, providers: newProviders(deps.Outbound, cmp.Or(deps.Patience, patience)), lines: rate.NewLimiter(linePace, lineBurst)}
	for purpose, box := range map[string]**seal.Box{"sign-on flow": &s.flows, "sign-on code": &s.codes, "provider secret": &s.secrets} {
		var err error
		if *box, err = seal.NewBox(purpose, deps.Keys...); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// The permissions, which must be held in the account itself.
const (
	view   = "IDENTITYPROVIDER_VIEW"
	update = "IDENTITYPROVIDER_UPDATE"
)

// Provider is what an administrator sees of his account's provider.
type Provider struct {
	Config
	HasSecret bool      `json:"hasSecret"`
	ChangedBy string    `json:"changedBy"`
	ChangedOn time.Time `json:"changedOn"`
}

// Get reads the caller's account's provider. The error is NotFound where it has none.
func (s *Service) Get(ctx context.Context, caller *tenant.Principal) (*Provider, error) {
	if err := caller.Can(view, 0); err != nil {
		return nil, err
	}
	scope, err := tenancy.NewScope(caller.Account)
	if err != nil {
		return nil, err
	}
	kept, config, err := s.provider(ctx, scope)
	if err != nil {
		return nil, err
	}
	if kept == nil {
		return nil, fault.NotFoundf("The account has no identity provider")
	}
	return &Provider{Config: config, HasSecret: kept.Secret != "", ChangedBy: kept.ChangedBy, ChangedOn: kept.ChangedOn.UTC()}, nil
}

// provider reads an account's provider; nil: it has none.
func (s *Service) provider(ctx context.Context, scope tenancy.Scope) (*access.Provider, Config, error) {
	var config Config
	kept, err := access.ProviderOf(ctx, s.DB.Reader(scope))
	if err != nil || kept == nil {
		return nil, config, err
	}
	if err := json.Unmarshal([]byte(kept.Config), &config); err != nil {
		return nil, config, fmt.Errorf("read the identity provider of account %s: %w", scope.Account(), err)
	}
	return kept, config, nil
}

// Set gives the caller's account a provider, or changes it. A secret of nil stays as it is; an empty one is none. The provider must answer, and the
// caller be an administrator of the account: who names the provider says who everybody is.
func (s *Service) Set(ctx context.Context, caller *tenant.Principal, config Config, secret *string) (*Provider, error) {
	scope, err := s.mayChange(caller)
	if err != nil {
		return nil, err
	}
	config.complete()
	if err := config.check(); err != nil {
		return nil, err
	}
	if _, missing, err := s.Identity.Granting(ctx, caller.Account, config.roles()); err != nil {
		return nil, err
	} else if len(missing) > 0 {
		return nil, fault.Invalidf("roles", "The account has no role %s", strings.Join(missing, ", "))
	}
	sealed, err := s.sealed(ctx, scope, config, secret)
	if err != nil {
		return nil, err
	}
	if _, err := s.providers.discover(ctx, config.Issuer); err != nil {
		s.tell(ctx, scope, "an identity provider cannot be reached", err)
		return nil, fault.New(fault.Unprocessable, "%s", whyNot(err)).At("issuer").Wrap(err)
	}
	body, err := json.Marshal(config)
	if err != nil {
		return nil, fmt.Errorf("write an identity provider: %w", err)
	}
	err = access.SetProvider(ctx, s.DB, scope, access.Provider{Config: string(body), Secret: sealed, ChangedBy: caller.Username})
	if err != nil {
		return nil, fmt.Errorf("keep an identity provider: %w", err)
	}
	s.Log.InfoContext(ctx, "identity provider set", "account", string(caller.Account), "by", caller.Caller(), "issuer", config.Issuer)
	return s.Get(ctx, caller)
}

// sealed is the secret that a provider is to have. It never goes to another issuer than the one that it was given for.
func (s *Service) sealed(ctx context.Context, scope tenancy.Scope, config Config, secret *string) (string, error) {
	if secret != nil {
		if *secret == "" {
			return "", nil
		}
		if len(*secret) > maxURL {
			return "", fault.Invalidf("clientSecret", "A secret has %d bytes at most", maxURL)
		}
		return s.secrets.Seal(string(scope.Account()), []byte(*secret)), nil
	}
	kept, was, err := s.provider(ctx, scope)
	if err != nil || kept == nil || kept.Secret == "" {
		return "", err
	}
	if was.Issuer != config.Issuer {
		return "", fault.Invalidf("clientSecret", "The secret was given for another issuer: give the one for this issuer, or an empty one")
	}
	return kept.Secret, nil
}

// Remove takes the caller's account its provider away: passwords let people in again.
func (s *Service) Remove(ctx context.Context, caller *tenant.Principal) error {
	scope, err := s.mayChange(caller)
	if err != nil {
		return err
	}
	if err := access.RemoveProvider(ctx, s.DB, scope); err != nil {
		return fmt.Errorf("remove an identity provider: %w", err)
	}
	s.Log.InfoContext(ctx, "identity provider removed", "account", string(caller.Account), "by", caller.Caller())
	return nil
}

func (s *Service) mayChange(caller *tenant.Principal) (tenancy.Scope, error) {
	if err := caller.Can(update, 0); err != nil {
		return tenancy.Scope{}, err
	}
	everywhere := []tenant.Context{{Type: tenant.AccountContext}}
	everybody := tenant.New(tenant.Identity{Account: caller.Account}, tenant.Grant{Role: tenant.AdminRole, Contexts: everywhere})
	if err := caller.InCharge(everybody, update); err != nil {
		return tenancy.Scope{}, err
	}
	return tenancy.NewScope(caller.Account)
}

// roles are all that the mappings give.
func (c *Config) roles() []*nodev1.ApiRole {
	var out []*nodev1.ApiRole
	for _, m := range c.Roles {
		role := &nodev1.ApiRole{Role: m.Role}
		for _, at := range m.Contexts {
			role.Contexts = append(role.Contexts, &nodev1.ApiContext{Type: at.Type, Id: at.ID})
		}
		out = append(out, role)
	}
	return out
}

// tell writes a line for operators, as few as the log can bear. It says nothing of who signed in.
func (s *Service) tell(ctx context.Context, scope tenancy.Scope, what string, err error) {
	if s.lines.Allow() {
		s.Log.WarnContext(ctx, what, "account", string(scope.Account()), "error", err)
	}
}
