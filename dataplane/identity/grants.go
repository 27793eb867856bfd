package identity

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/fluent-oms/fluent/auth/password"
	"github.com/fluent-oms/fluent/auth/token"
	"github.com/fluent-oms/fluent/dataplane/identity/rights"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/access"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/security"
	"github.com/fluent-oms/fluent/domain/setting"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/tenancy"
)

// How long refresh tokens live, and for how long all tokens of a sign-in are refused once one was used twice.
const (
	refreshLife = 30 * 24 * time.Hour
	familyLife  = 2 * refreshLife
)

// refuse is a failed token request: kind and OAuth error name decide the answer.
func refuse(kind fault.Kind, oauth, format string, args ...any) *fault.Error {
	return fault.New(kind, format, args...).With("oauth", oauth)
}

// Token carries out a token request.
func (s *Service) Token(ctx context.Context, req TokenRequest) (TokenAnswer, error) {
	if req.GrantType == "" {
		return TokenAnswer{}, refuse(fault.Invalid, "invalid_request", "grant_type is missing: password, client_credentials or refresh_token")
	}
	account, client, err := s.client(ctx, Named{req.ClientID, req.Account, req.Header}, req.ClientSecret)
	if err != nil {
		return TokenAnswer{}, err
	}
	if req.Account != "" && req.Account != account.GetName() {
		return TokenAnswer{}, refuse(fault.Unauthenticated, "invalid_client", "Client %s is not one of the account that this host names", req.ClientID)
	}
	scope, err := tenancy.NewScope(tenancy.AccountID(account.GetName()))
	if err != nil {
		return TokenAnswer{}, err
	}
	var user *store.Principal
	family, self := rand.Text(), req.GrantType == "client_credentials"
	switch req.GrantType {
	case "password":
		user, err = s.signIn(ctx, scope, req.Username, req.Password)
	case "client_credentials":
		if user, err = s.apiUser(ctx, scope); err == nil {
			err = s.checkRoles(ctx, scope.Account(), client)
		}
	case "refresh_token":
		user, family, self, err = s.byRefreshToken(ctx, scope, client, req.RefreshToken)
	default:
		err = refuse(fault.Invalid, "unsupported_grant_type", "grant_type %q is not supported: use password, client_credentials or refresh_token", req.GrantType)
	}
	if err != nil {
		return TokenAnswer{}, err
	}
	return s.issue(ctx, scope, holder{Principal: user, client: client, family: family, itself: self})
}

// holder is who gets tokens: a user, by a client, or the client itself under the user's id; and the sign-in that they come from.
type holder struct {
	*store.Principal
	client *nodev1.ApiClient
	family string
	itself bool
	signOn bool // the account's identity provider let the user in
}

// client finds the API client that a request authenticates as. The right secret, which nobody guesses, always opens; wrong ones are counted.
func (s *Service) client(ctx context.Context, who Named, secret string) (*nodev1.Account, *nodev1.ApiClient, error) {
	if who.ClientID == "" {
		return nil, nil, refuse(fault.Invalid, "invalid_request", "client_id is missing")
	}
	id, err := named(who)
	if err != nil {
		return nil, nil, err
	}
	account, client := s.state.View().Client(id)
	if client == nil || !proves(client, secret, s.db.Time()) {
		return nil, nil, s.wrongClient(ctx, account, id)
	}
	if !open(account.GetState()) {
		return nil, nil, refuse(fault.Unauthenticated, "invalid_client", "Account %s is not active", account.GetName())
	}
	return account, client, nil
}

// apiUser is the user that the client_credentials grant acts as: the account's first of type API.
func (s *Service) apiUser(ctx context.Context, scope tenancy.Scope) (*store.Principal, error) {
	reader := s.db.Reader(scope)
	field := store.TypeOf[security.User](s.db).Field("type")
	found, err := store.Load[security.User](ctx, reader, store.Query{
		Where: []store.Condition{store.Match(field, security.APIUser)}, Page: store.Page{First: 1},
	})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 || !MayEnter(found[0]) {
		return nil, refuse(fault.Unauthenticated, "invalid_grant", "The account has no active user of type API")
	}
	return reader.PrincipalByID(ctx, found[0].ID)
}

// byRefreshToken spends a refresh token of the client's. Like the token before it, the new one is the user's or the client's own.
func (s *Service) byRefreshToken(ctx context.Context, scope tenancy.Scope, client *nodev1.ApiClient, raw string) (*store.Principal, string, bool, error) {
	if raw == "" {
		return nil, "", false, refuse(fault.Invalid, "invalid_request", "refresh_token is needed for the refresh_token grant")
	}
	wrong := refuse(fault.Invalid, "invalid_grant", "Invalid refresh token")
	t, err := s.verifier.Refresh(raw)
	if err != nil || t.Account != scope.Account() || clientID(t) != client.GetClientId() {
		return nil, "", false, wrong.Wrap(err)
	}
	first, err := access.SpendToken(ctx, s.db, scope, access.Spent{TokenID: t.ID, Family: familyKey(t), ExpiresOn: t.ExpiresAt})
	if err != nil {
		return nil, "", false, err
	}
	if !first { // somebody else has it, too: whoever got a successor may be the thief
		if err := s.revoke(ctx, scope, familyKey(t), s.db.Time().Add(familyLife)); err != nil {
			return nil, "", false, err
		}
		return nil, "", false, wrong
	}
	user, err := s.db.Reader(scope).PrincipalByID(ctx, catalogue.ID(t.UserID))
	if fault.Is(err, fault.NotFound) || err == nil && !MayEnter(user.User) {
		return nil, "", false, wrong
	}
	if err != nil {
		return nil, "", false, err
	}
	self := itself(t, isMachine(user.User))
	if !self { // an account may have got a provider since
		if err := s.local(ctx, scope, user.User); err != nil {
			return nil, "", false, err
		}
	}
	if self && t.Given.Generation != client.GetGeneration() || !self && !s.underPassword(t, password.Mark(user.User.PasswordHash)) {
		return nil, "", false, wrong
	}
	return user, strings.TrimPrefix(familyKey(t), familyPrefix), self, nil
}

// issue signs the tokens of a user and answers with what the public API tells of it.
func (s *Service) issue(ctx context.Context, scope tenancy.Scope, user holder) (TokenAnswer, error) {
	life, refreshable, err := s.policy(ctx, scope, user)
	if err != nil {
		return TokenAnswer{}, err
	}
	s.mu.RLock()
	signer := s.signer
	s.mu.RUnlock()
	who := token.Tenant{
		Account: scope.Account(), UserID: string(user.User.ID), Family: user.family,
		Given: token.Given{Client: user.client.GetClientId(), Itself: user.itself},
	}
	if user.itself {
		who.Given.Generation = user.client.GetGeneration()
	} else {
		who.Mark = password.Mark(user.User.PasswordHash)
	}
	access, _, err := signer.Tenant(who, life)
	if err != nil {
		return TokenAnswer{}, err
	}
	answer := TokenAnswer{
		AccessToken: access, TokenType: "bearer", ExpiresIn: int(life / time.Second), Scope: "api",
		Roles:      roleNames(user.Principal, user.client, user.itself),
		RetailerID: int32(rights.Retailer(string(user.User.PrimaryRetailerID))), FirstName: user.User.FirstName, LastName: user.User.LastName,
	}
	if refreshable {
		answer.RefreshToken, _, err = signer.Refresh(who, refreshLife)
	}
	return answer, err
}

// policy reads how long access tokens live and whether refresh tokens are given, from the account's settings. A value that says nothing locks
// nobody out, for who else could mend it: it is logged, and the usual life or no refresh tokens hold. Whom a provider let in it must let in anew: he
// gets no refresh tokens, and a life of his own.
func (s *Service) policy(ctx context.Context, scope tenancy.Scope, user holder) (life time.Duration, refreshable bool, err error) {
	client := user.client
	found, err := s.db.Reader(scope).Settings(ctx, setting.Place{}, accessLife, refreshTokens, signOnLife)
	if err != nil {
		return 0, false, fmt.Errorf("read the account's token settings: %w", err)
	}
	lasting := accessLife
	if user.signOn {
		lasting = signOnLife
	}
	if life, err = lasting.Get(found, setting.Place{}); err != nil {
		s.unreadable(scope, err)
		life = lasting.Default()
	}
	refreshable, given, err := refreshTokens.Lookup(found, setting.Place{})
	switch {
	case err != nil:
		s.unreadable(scope, err)
	case !given:
		refreshable = client.GetRefreshTokens()
	}
	refreshable = refreshable && !user.signOn
	life = min(life, mostLife)
	if end := client.GetExpireTime(); end != 0 { // the tokens end with their client
		life = max(time.Second, min(life, time.Unix(end, 0).Sub(s.db.Time()).Truncate(time.Second)))
	}
	return life, refreshable, nil
}

// Revoke makes an access or refresh token of the client's account worthless. Tokens that are not known are no error.
func (s *Service) Revoke(ctx context.Context, req RevokeRequest) error {
	account, client, err := s.client(ctx, Named{req.ClientID, req.Account, req.Header}, req.ClientSecret)
	if err != nil {
		return err
	}
	scope, err := tenancy.NewScope(tenancy.AccountID(account.GetName()))
	if err != nil {
		return err
	}
	t, err := s.verifier.Tenant(req.Token)
	refresh := err != nil
	if refresh {
		t, err = s.verifier.Refresh(req.Token)
	}
	switch {
	case err != nil || t.Account != scope.Account():
		return nil
	case clientID(t) != client.GetClientId():
		return refuse(fault.Invalid, "invalid_request", "The token was given to another client")
	case refresh: // and what was got with it
		return errors.Join(s.revoke(ctx, scope, t.ID, t.ExpiresAt), s.revoke(ctx, scope, familyKey(t), s.db.Time().Add(familyLife)))
	}
	return s.revoke(ctx, scope, t.ID, t.ExpiresAt)
}

// revoke makes a token, or what familyKey and unmarkedKey name, worthless: here at once, at other nodes within two seconds.
func (s *Service) revoke(ctx context.Context, scope tenancy.Scope, key string, expires time.Time) error {
	if err := access.RevokeToken(ctx, s.db, scope, key, expires); err != nil {
		return fmt.Errorf("revoke a token: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked[revocationOf(scope.Account(), key)] = expires
	return nil
}
