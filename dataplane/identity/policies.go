package identity

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/fluent-oms/fluent/auth/narrow"
	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/access"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/security"
	"github.com/fluent-oms/fluent/tenancy"
)

// policies are those of all accounts that have one, compiled, as this node last heard.
type policies struct {
	mu      sync.RWMutex
	inForce map[tenancy.AccountID]policyInForce
	since   time.Time // of the newest version that was read
}

type policyInForce struct {
	version  int
	compiled *narrow.Policy // nil: it takes nothing away
}

// under is a principal with what its account's policy leaves of its rights.
func (p *policies) under(who *tenant.Principal) *tenant.Principal {
	if who == nil {
		return nil
	}
	p.mu.RLock()
	found := p.inForce[who.Account]
	p.mu.RUnlock()
	if found.compiled == nil {
		return who
	}
	return who.Under(found.compiled)
}

// put has a version in force, unless a newer one is.
func (p *policies) put(account tenancy.AccountID, f policyInForce, created time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if created.After(p.since) {
		p.since = created
	}
	if f.version >= p.inForce[account].version {
		p.inForce = maps.Clone(p.inForce)
		p.inForce[account] = f
	}
}

func (p *policies) has(account tenancy.AccountID, version int) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.inForce[account].version >= version
}

// refreshPolicies reads what accounts changed of their policies since it did so last.
func (s *Service) refreshPolicies(ctx context.Context) error {
	s.policies.mu.RLock()
	since := s.policies.since
	s.policies.mu.RUnlock()
	if !since.IsZero() {
		since = since.Add(-setBack) // the database's clock may have been set back since
	}
	list, err := access.PoliciesSince(ctx, s.db, since)
	if err != nil {
		return fmt.Errorf("read the accounts' policies: %w", err)
	}
	for _, p := range list {
		if !s.policies.has(p.Account, p.Version) {
			s.policies.put(p.Account, policyInForce{p.Version, s.compiled(ctx, p)}, p.CreatedOn)
		}
	}
	return nil
}

// compiled is a policy that was kept. One that this release cannot compile, as another one could, lets nobody do anything but write another.
func (s *Service) compiled(ctx context.Context, p access.Policy) *narrow.Policy {
	if p.Body == "" {
		return nil
	}
	compiled, err := narrow.Compile(ctx, s.db.Catalogue(), p.Version, p.Body)
	if err != nil {
		s.log.ErrorContext(ctx, "an account's policy cannot be compiled: it lets nobody do anything", "account", p.Account, "version", p.Version, "error", err)
		return narrow.Broken(p.Version, err)
	}
	return compiled
}

// PolicyVersion is one version of an account's policy, as the API tells of it.
type PolicyVersion struct {
	Version   int       `json:"version"`
	Policy    string    `json:"policy"`
	Comment   string    `json:"comment"`
	Author    string    `json:"author"`
	CreatedOn time.Time `json:"createdOn"`
}

// mostVersions is how many versions of a policy are listed.
const mostVersions = 20

// Policies lists the newest versions of the policy of the caller's account; the first one is in force.
func (s *Service) Policies(ctx context.Context, caller *tenant.Principal) ([]PolicyVersion, error) {
	if err := caller.Can(tenant.ViewPolicy, 0); err != nil {
		return nil, err
	}
	scope, err := tenancy.NewScope(caller.Account)
	if err != nil {
		return nil, err
	}
	list, err := access.Policies(ctx, s.db.Reader(scope), mostVersions)
	if err != nil {
		return nil, fmt.Errorf("list the versions of the policy: %w", err)
	}
	out := make([]PolicyVersion, len(list))
	for i, p := range list {
		out[i] = PolicyVersion{p.Version, p.Body, p.Comment, p.Author, p.CreatedOn}
	}
	return out, nil
}

// PutPolicy has a new version of the policy of the caller's account in force: here at once, at other nodes within two seconds. An empty one takes
// nothing away. One that cannot decide is refused.
func (s *Service) PutPolicy(ctx context.Context, caller *tenant.Principal, text, comment string) (PolicyVersion, error) {
	if err := caller.Can(tenant.UpdatePolicy, 0); err != nil {
		return PolicyVersion{}, err
	}
	scope, err := tenancy.NewScope(caller.Account)
	if err != nil {
		return PolicyVersion{}, err
	}
	if err := s.checkPolicy(ctx, scope, text); err != nil {
		return PolicyVersion{}, err
	}
	p, err := access.KeepPolicy(ctx, s.db, scope, access.Policy{Account: caller.Account, Body: text, Comment: comment, Author: caller.Username})
	if err != nil {
		return PolicyVersion{}, fmt.Errorf("keep the policy: %w", err)
	}
	s.policies.put(p.Account, policyInForce{p.Version, s.compiled(ctx, p)}, time.Time{})
	return PolicyVersion{p.Version, p.Body, p.Comment, p.Author, p.CreatedOn}, nil
}

// mostRoles is how many roles of an account a policy is tried for.
const mostRoles = 50

// checkPolicy tries a policy for each role that the account has, and for all together.
func (s *Service) checkPolicy(ctx context.Context, scope tenancy.Scope, text string) error {
	if text == "" {
		return nil
	}
	compiled, err := narrow.Compile(ctx, s.db.Catalogue(), 0, text)
	if err != nil {
		return err
	}
	roles, err := store.Load[security.Role](ctx, s.db.Reader(scope), store.Query{Page: store.Page{First: mostRoles}})
	if err != nil {
		return fmt.Errorf("list the account's roles: %w", err)
	}
	all := []string{}
	sets := [][]string{nil}
	for _, r := range roles {
		all = append(all, r.Name)
		sets = append(sets, []string{r.Name})
	}
	slices.Sort(all)
	if err := compiled.Check(ctx, s.db.Catalogue().Permissions(), append(sets, all)...); err != nil {
		return fault.Of(err)
	}
	return nil
}
