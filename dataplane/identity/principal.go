// Package identity knows the tenants' users: it checks passwords and client secrets, issues and verifies access tokens, and loads
// what a user may do. Any node verifies any node's tokens, and none of it needs the control plane.
package identity

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/fluent-oms/fluent/auth/password"
	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/identity/rights"
	"github.com/fluent-oms/fluent/dataplane/provision"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/security"
	"github.com/fluent-oms/fluent/tenancy"
)

// principalAge is how long a loaded principal serves: a change of roles takes effect everywhere within it.
const principalAge = time.Second

// principals caches loaded principals by account and user.
type principals struct {
	db     *store.DB
	stock  stockRoles
	flight singleflight.Group

	mu     sync.Mutex
	cached map[principalKey]cachedPrincipal
}

type cachedPrincipal struct {
	principal *tenant.Principal // nil: there is no such active user
	mark      string            // of the user's password
	machine   bool              // the user is one that no password lets in: only its client acts as it
	loaded    time.Time
}

// principalKey is what a principal is remembered by: a user, or an API client that acts as itself, and its version.
type principalKey struct {
	account tenancy.AccountID
	user    catalogue.ID
	client  string
	version uint64
}

// String is the key as a text.
func (k principalKey) String() string {
	return fmt.Sprintf("%s/%s/%s/%d", k.account, k.user, k.client, k.version)
}

// forget drops what is cached of a user.
func (p *principals) forget(account tenancy.AccountID, user catalogue.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.cached, principalKey{account: account, user: user})
}

// get returns the principal of a user; it is nil when the user does not exist or is not active.
func (p *principals) get(ctx context.Context, account tenancy.AccountID, user catalogue.ID, now time.Time) (cachedPrincipal, error) {
	return p.remembered(ctx, principalKey{account: account, user: user}, now, func(ctx context.Context) (cachedPrincipal, error) {
		c, err := p.load(ctx, account, user)
		if err != nil {
			return c, fmt.Errorf("load the rights of user %s: %w", user, err)
		}
		return c, nil
	})
}

// remembered is what was loaded under a key within principalAge, or is loaded now, once for all who ask.
func (p *principals) remembered(ctx context.Context, key principalKey, now time.Time, load func(context.Context) (cachedPrincipal, error)) (cachedPrincipal, error) {
	p.mu.Lock()
	c, ok := p.cached[key]
	p.mu.Unlock()
	if ok && now.Sub(c.loaded) < principalAge {
		return c, nil
	}
	loaded, err, _ := p.flight.Do(key.String(), func() (any, error) {
		fresh, err := load(context.WithoutCancel(ctx))
		if err != nil {
			return nil, err
		}
		fresh.loaded = now
		p.keep(key, fresh)
		return fresh, nil
	})
	if err != nil {
		return cachedPrincipal{}, err
	}
	return loaded.(cachedPrincipal), nil
}

// maxCached bounds the cache; past it everything stale goes.
const maxCached = 10_000

func (p *principals) keep(key principalKey, c cachedPrincipal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.cached) >= maxCached {
		for k, old := range p.cached {
			if c.loaded.Sub(old.loaded) >= principalAge {
				delete(p.cached, k)
			}
		}
	}
	p.cached[key] = c
}

func (p *principals) load(ctx context.Context, account tenancy.AccountID, id catalogue.ID) (cachedPrincipal, error) {
	scope, err := tenancy.NewScope(account)
	if err != nil {
		return cachedPrincipal{}, err
	}
	p.stock.keep(ctx, account)
	reader := p.db.Reader(scope)
	found, err := reader.PrincipalByID(ctx, id)
	if fault.Is(err, fault.NotFound) || err == nil && !MayEnter(found.User) {
		return cachedPrincipal{}, nil
	}
	if err != nil {
		return cachedPrincipal{}, err
	}
	principal, err := principalOf(ctx, reader, account, found)
	return cachedPrincipal{principal: principal, mark: password.Mark(found.User.PasswordHash), machine: isMachine(found.User)}, err
}

// stockRoles are kept up with the build before roles are read.
type stockRoles struct {
	*provision.StockRoles
	log *slog.Logger
}

// keep keeps an account's. What cannot be written now, as when the disk is full, keeps nobody out: he has what his roles held before.
func (s stockRoles) keep(ctx context.Context, account tenancy.AccountID) {
	if err := s.Keep(ctx, account); err != nil {
		s.log.WarnContext(ctx, "stock roles lack what this build gives them", "account", account, "error", err)
	}
}

// MayEnter reports whether a user's status lets it in. Users start without one.
func MayEnter(u *security.User) bool {
	return slices.Contains([]string{"", "CREATED", "ACTIVE"}, u.Status)
}

// principalOf adds up a user's roles.
func principalOf(ctx context.Context, reader *store.Reader, account tenancy.AccountID, found *store.Principal) (*tenant.Principal, error) {
	u := found.User
	roles := map[catalogue.ID]*security.Role{}
	for _, r := range found.Roles {
		roles[r.ID] = r
	}
	var all []held
	for _, r := range u.Roles {
		if role := roles[r.RoleID]; role != nil {
			all = append(all, held{role, r.Contexts})
		}
	}
	grants, err := grantsOf(ctx, reader, all)
	if err != nil {
		return nil, err
	}
	return tenant.New(tenant.Identity{
		Account: account, UserID: string(u.ID), Username: u.Username, FirstName: u.FirstName, LastName: u.LastName,
		RetailerID: rights.Retailer(string(u.PrimaryRetailerID)),
	}, grants...), nil
}

// held is a role, and where somebody has it.
type held struct {
	role     *security.Role
	contexts []security.RoleContext
}

// grantsOf spells out roles; the locations that they name, if any, cost a statement.
func grantsOf(ctx context.Context, reader *store.Reader, all []held) ([]tenant.Grant, error) {
	var locationIDs []catalogue.ID
	for _, h := range all {
		for _, c := range h.contexts {
			if c.ContextType == string(tenant.AgentContext) {
				locationIDs = append(locationIDs, catalogue.ID(c.ContextID))
			}
		}
	}
	var locations []*foundation.Location
	if len(locationIDs) > 0 {
		var err error
		if locations, err = store.Get[foundation.Location](ctx, reader, locationIDs...); err != nil {
			return nil, err
		}
	}
	byID := map[string]tenancy.Location{}
	for _, l := range locations {
		if l != nil {
			byID[string(l.ID)] = rights.At(l)
		}
	}
	var grants []tenant.Grant
	for _, h := range all {
		grants = append(grants, rights.Grant(h.role, h.contexts, byID))
	}
	return grants, nil
}
