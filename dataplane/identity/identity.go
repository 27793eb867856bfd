package identity

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/fluent-oms/fluent/auth/password"
	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/auth/token"
	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/dataplane/provision"
	"github.com/fluent-oms/fluent/dataplane/ratelog"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/access"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/tenancy"
)

// The life of the keys that sign tokens: a key signs while it has more than keyMargin left, so that what it signed stays valid.
const (
	keyLife   = 90 * 24 * time.Hour
	keyMargin = 45 * 24 * time.Hour
)

// issuer is what tenants' tokens name as their issuer, the same in every environment: their keys differ.
const issuer = "fluent"

// Service is a node's view of the tenants' users. Run keeps its keys and revocations current.
type Service struct {
	db         *store.DB
	state      *desired.State
	hasher     *password.Hasher
	log        *slog.Logger
	principals principals
	stock      stockRoles
	policies   policies
	keys       *token.KeySet
	verifier   *token.Verifier
	guards     guards
	settings   ratelog.Shared // those that cannot be read

	mu      sync.RWMutex
	signer  *token.Issuer
	revoked map[revocation]time.Time // when each expires by itself
	since   time.Time                // of the newest revocation that was read
}

// New makes the service and reads the environment's keys, making one if there is none.
func New(ctx context.Context, db *store.DB, state *desired.State, hasher *password.Hasher, log *slog.Logger) (*Service, error) {
	keys, err := token.NewKeySet()
	if err != nil {
		return nil, err
	}
	stock := stockRoles{provision.KeepStockRoles(db), log}
	s := &Service{
		db: db, state: state, hasher: hasher, log: log, stock: stock, keys: keys, verifier: token.NewVerifier(issuer, keys, db.Time),
		principals: principals{db: db, stock: stock, cached: map[principalKey]cachedPrincipal{}}, policies: policies{inForce: map[tenancy.AccountID]policyInForce{}}, revoked: map[revocation]time.Time{},
		guards: newGuards(),
	}
	return s, errors.Join(s.refreshKeys(ctx), s.refreshPolicies(ctx))
}

// refreshKeys reads the environment's keys; the newest signs, all that are not expired verify.
func (s *Service) refreshKeys(ctx context.Context) error {
	now := s.db.Now(ctx)
	kept, err := access.EnsureKey(ctx, s.db, now.Add(keyMargin), func() (access.Key, error) {
		seed := token.NewSeed()
		signer, err := token.NewSigner(seed)
		if err != nil {
			return access.Key{}, err
		}
		key := signer.Key()
		return access.Key{ID: key.ID, Public: key.Public, Private: seed, CreatedOn: now, ExpiresOn: now.Add(keyLife)}, nil
	})
	if err != nil {
		return fmt.Errorf("read the environment's keys: %w", err)
	}
	if len(kept) == 0 {
		return errors.New("the environment has no key to sign tokens with")
	}
	var keys []token.Key
	for _, k := range kept {
		keys = append(keys, token.Key{ID: k.ID, Public: k.Public})
	}
	signer, err := token.NewSigner(kept[len(kept)-1].Private)
	if err != nil {
		return fmt.Errorf("use the environment's newest key: %w", err)
	}
	if err := s.keys.Replace(keys...); err != nil {
		return fmt.Errorf("use the environment's keys: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.signer = token.NewIssuer(issuer, signer, s.db.Time)
	return nil
}

// The rhythm of Run: a revoked token is refused everywhere within two seconds.
const (
	revocationInterval = time.Second
	keyInterval        = time.Minute
)

// Run keeps revocations and keys current until ctx ends.
func (s *Service) Run(ctx context.Context) {
	revocations, keys := time.NewTicker(revocationInterval), time.NewTicker(keyInterval)
	defer revocations.Stop()
	defer keys.Stop()
	var revoked, known ratelog.Failure
	for {
		var err error
		what, failure := "revoked tokens and policies are those known before", &revoked
		select {
		case <-ctx.Done():
			return
		case <-revocations.C:
			s.principals.forgetStale(time.Now())
			err = errors.Join(s.refreshRevocations(ctx), s.refreshPolicies(ctx))
		case <-keys.C:
			what, failure = "tokens' keys are those known before", &known
			err = errors.Join(s.refreshKeys(ctx), access.ForgetTokens(ctx, s.db, s.db.Now(ctx).Add(-time.Hour)))
		}
		if ctx.Err() == nil {
			failure.Report(s.log, what, err)
		}
	}
}

// overlap is read again each time, since a revocation shows only when it is committed.
const overlap = 10 * time.Second

// setBack is more than the time for which a database's clock that was set back goes unnoticed.
const setBack = 5 * time.Minute

func (s *Service) refreshRevocations(ctx context.Context) error {
	s.mu.RLock()
	since := s.since
	s.mu.RUnlock()
	now := s.db.Now(ctx)
	if now.Before(since) {
		since = now.Add(-setBack) // the database's clock was set back, as far as a minute ago: what was revoked since lies before what was read
	}
	list, err := access.RevokedTokens(ctx, s.db, since.Add(-overlap))
	if err != nil {
		return fmt.Errorf("read revoked tokens: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Before(s.since) {
		s.since = now
	}
	for key, expires := range s.revoked {
		if expires.Before(now.Add(-time.Hour)) {
			delete(s.revoked, key)
		}
	}
	for _, r := range list {
		s.revoked[revocationOf(r.Account, r.TokenID)] = r.ExpiresOn
		if r.RevokedOn.After(s.since) {
			s.since = r.RevokedOn
		}
	}
	return nil
}

// revocation names what was revoked: a token, or all that come from one sign-in. It is looked for with each request, so that it is not made up of texts.
type revocation struct {
	account tenancy.AccountID
	family  bool
	id      string
}

// revocationOf reads what a revoked token's id says, which may be a familyKey or an unmarkedKey.
func revocationOf(account tenancy.AccountID, id string) revocation {
	rest, family := strings.CutPrefix(id, familyPrefix)
	return revocation{account, family, rest}
}

// Authenticate verifies an access token and loads its user's rights. host is the account that the request's host names, or empty:
// a token of another account is refused there.
func (s *Service) Authenticate(ctx context.Context, raw, host string) (*tenant.Principal, error) {
	t, err := s.verifier.Tenant(raw)
	if err != nil {
		return nil, fault.Of(err).WithCode(fault.CodeToken)
	}
	if s.isRevoked(t) {
		return nil, noLonger("TOKEN_REVOKED")
	}
	if host != "" && host != string(t.Account) {
		return nil, fault.New(fault.Unauthenticated, "The access token is not one of the account that this host names").WithCode(fault.CodeToken)
	}
	account := s.state.View().Account(string(t.Account))
	if account == nil || !open(account.GetState()) {
		return nil, noLonger("ACCOUNT_CLOSED")
	}
	client := givenTo(account, t, s.db.Time)
	if client == nil {
		return nil, noLonger("CLIENT_CLOSED")
	}
	user, err := s.principals.get(ctx, t.Account, catalogue.ID(t.UserID), time.Now())
	if err != nil {
		return nil, err
	}
	if user.principal == nil {
		return nil, noLonger("USER_CLOSED")
	}
	self := itself(t, user.machine)
	switch {
	case self && t.Given.Generation != client.GetGeneration():
		return nil, noLonger("SECRET_REPLACED")
	case self:
		who, err := s.clientPrincipal(ctx, user.principal, client)
		return s.policies.under(who), err
	case !s.underPassword(t, user.mark):
		return nil, noLonger("PASSWORD_CHANGED")
	}
	return s.policies.under(user.principal), nil
}

// noLonger is what is said of a token that was good once.
func noLonger(reason string) error {
	return fault.New(fault.Unauthenticated, "The access token is no longer valid; get a new one").WithCode(fault.CodeToken).With("reason", reason)
}

// isRevoked reports whether a token was revoked, or all that come from its sign-in.
func (s *Service) isRevoked(t token.Tenant) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, itself := s.revoked[revocation{t.Account, false, t.ID}]
	_, all := s.revoked[revocation{t.Account, true, family(t)}]
	return itself || all
}

// underPassword reports whether a token was given out under the password that its user has. Tokens of releases that did not say so hold until
// their user's password is changed.
func (s *Service) underPassword(t token.Tenant, mark string) bool {
	if t.Mark != "" {
		return t.Mark == mark
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, changed := s.revoked[revocationOf(t.Account, unmarkedKey(t.UserID))]
	return !changed
}

// Besides tokens, these can be revoked. No token's id has a slash.
func unmarkedKey(userID string) string { return "unmarked/" + userID } // a user's tokens without a mark

const familyPrefix = "family/"

// familyKey is all tokens that come from one sign-in. A refresh token of a release that named none begins one.
func familyKey(t token.Tenant) string { return familyPrefix + family(t) }

func family(t token.Tenant) string { return cmp.Or(t.Family, t.ID) }

// open reports whether an account's users may work.
func open(state string) bool { return state == "ACTIVE" }
