package identity

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"strconv"
	"time"

	"github.com/fluent-oms/fluent/auth/token"
	"github.com/fluent-oms/fluent/dataplane/rest"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/security"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/tenancy"
)

// The account settings that govern tokens, and what holds without them.
const (
	lifeSetting    = "fc.oauth.access.token.seconds"
	refreshSetting = "fc.oauth.refresh.tokens"
	usualLife      = 24 * time.Hour
	refreshLife    = 30 * 24 * time.Hour
)

// refuse is a failed token request: kind and OAuth error name decide the answer.
func refuse(kind fault.Kind, oauth, format string, args ...any) *fault.Error {
	return fault.New(kind, format, args...).With("oauth", oauth)
}

// Token carries out a token request.
func (s *Service) Token(ctx context.Context, req rest.TokenRequest) (rest.TokenAnswer, error) {
	if req.GrantType == "" {
		return rest.TokenAnswer{}, refuse(fault.Invalid, "invalid_request", "grant_type is missing: password, client_credentials or refresh_token")
	}
	account, client, err := s.client(req.ClientID, req.ClientSecret)
	if err != nil {
		return rest.TokenAnswer{}, err
	}
	if req.Account != "" && req.Account != account.GetName() {
		return rest.TokenAnswer{}, refuse(fault.Unauthenticated, "invalid_client", "Client %s is not one of account %s", req.ClientID, req.Account)
	}
	scope, err := tenancy.NewScope(tenancy.AccountID(account.GetName()))
	if err != nil {
		return rest.TokenAnswer{}, err
	}
	var user *store.Principal
	switch req.GrantType {
	case "password":
		user, err = s.byPassword(ctx, scope, req.Username, req.Password)
	case "client_credentials":
		user, err = s.apiUser(ctx, scope)
	case "refresh_token":
		user, err = s.byRefreshToken(ctx, scope, req.RefreshToken)
	default:
		err = refuse(fault.Invalid, "unsupported_grant_type", "grant_type %q is not supported: use password, client_credentials or refresh_token", req.GrantType)
	}
	if err != nil {
		return rest.TokenAnswer{}, err
	}
	return s.issue(ctx, scope, client, user)
}

// client finds the API client that a request authenticates as.
func (s *Service) client(id, secret string) (*nodev1.Account, *nodev1.ApiClient, error) {
	if id == "" {
		return nil, nil, refuse(fault.Invalid, "invalid_request", "client_id is missing")
	}
	account, client := s.state.View().Client(id)
	given := sha256.Sum256([]byte(secret))
	if client == nil || subtle.ConstantTimeCompare(given[:], client.GetSecretHash()) != 1 {
		return nil, nil, refuse(fault.Unauthenticated, "invalid_client", "Client id or client secret is wrong")
	}
	if !open(account.GetState()) {
		return nil, nil, refuse(fault.Unauthenticated, "invalid_client", "Account %s is not active", account.GetName())
	}
	return account, client, nil
}

func (s *Service) byPassword(ctx context.Context, scope tenancy.Scope, username, password string) (*store.Principal, error) {
	wrong := refuse(fault.Unauthenticated, "invalid_grant", "User name or password is wrong")
	if username == "" || password == "" {
		return nil, refuse(fault.Invalid, "invalid_request", "username and password are needed for the password grant")
	}
	user, err := s.db.Reader(scope).PrincipalByUsername(ctx, username)
	if fault.Is(err, fault.NotFound) {
		if err := s.hasher.Dummy(ctx, password); err != nil { // so that unknown users can't be told by time
			return nil, fmt.Errorf("check a password: %w", err)
		}
		return nil, wrong
	}
	if err != nil {
		return nil, err
	}
	ok, err := s.hasher.Verify(ctx, user.User.PasswordHash, password)
	if err != nil {
		return nil, fmt.Errorf("check the password of user %s: %w", user.User.ID, err)
	}
	if !ok || !mayEnter(user.User) {
		return nil, wrong
	}
	return user, nil
}

// apiUser is the user that the client_credentials grant acts as: the account's first of type API.
func (s *Service) apiUser(ctx context.Context, scope tenancy.Scope) (*store.Principal, error) {
	reader := s.db.Reader(scope)
	field := store.TypeOf[security.User](s.db).Field("type")
	found, err := store.Load[security.User](ctx, reader, store.Query{
		Where: []store.Condition{store.Match(field, "API")}, Page: store.Page{First: 1},
	})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 || !mayEnter(found[0]) {
		return nil, refuse(fault.Unauthenticated, "invalid_grant", "The account has no active user of type API")
	}
	return reader.PrincipalByID(ctx, found[0].ID)
}

func (s *Service) byRefreshToken(ctx context.Context, scope tenancy.Scope, raw string) (*store.Principal, error) {
	if raw == "" {
		return nil, refuse(fault.Invalid, "invalid_request", "refresh_token is needed for the refresh_token grant")
	}
	wrong := refuse(fault.Invalid, "invalid_grant", "Invalid refresh token")
	t, err := s.verifier.Refresh(raw)
	if err != nil || t.Account != scope.Account() {
		return nil, wrong.Wrap(err)
	}
	first, err := s.db.SpendToken(ctx, scope, t.ID, t.ExpiresAt)
	if err != nil {
		return nil, err
	}
	if !first {
		return nil, wrong
	}
	user, err := s.db.Reader(scope).PrincipalByID(ctx, catalogue.ID(t.UserID))
	if fault.Is(err, fault.NotFound) || err == nil && !mayEnter(user.User) {
		return nil, wrong
	}
	return user, err
}

// issue signs the tokens of a user and answers with what the public API tells of it.
func (s *Service) issue(ctx context.Context, scope tenancy.Scope, client *nodev1.ApiClient, user *store.Principal) (rest.TokenAnswer, error) {
	life, refreshable, err := s.policy(ctx, scope, client)
	if err != nil {
		return rest.TokenAnswer{}, err
	}
	s.mu.RLock()
	signer := s.signer
	s.mu.RUnlock()
	who := token.Tenant{Account: scope.Account(), UserID: string(user.User.ID)}
	access, _, err := signer.Tenant(who, life)
	if err != nil {
		return rest.TokenAnswer{}, err
	}
	answer := rest.TokenAnswer{
		AccessToken: access, TokenType: "bearer", ExpiresIn: int(life / time.Second), Scope: "api", Roles: []string{},
		RetailerID: int32(retailerNumber(string(user.User.PrimaryRetailerID))), FirstName: user.User.FirstName, LastName: user.User.LastName,
	}
	for _, r := range user.Roles {
		answer.Roles = append(answer.Roles, r.Name)
	}
	if refreshable {
		answer.RefreshToken, _, err = signer.Refresh(who, refreshLife)
	}
	return answer, err
}

// policy reads how long access tokens live and whether refresh tokens are given, from the account's settings.
func (s *Service) policy(ctx context.Context, scope tenancy.Scope, client *nodev1.ApiClient) (life time.Duration, refreshable bool, err error) {
	found, err := s.db.Reader(scope).Settings(ctx, store.SettingPlace{}, lifeSetting, refreshSetting)
	if err != nil {
		return 0, false, fmt.Errorf("read the account's token settings: %w", err)
	}
	life, refreshable = usualLife, client.GetRefreshTokens()
	if setting := found[lifeSetting]; setting != nil {
		if seconds, err := strconv.Atoi(setting.Value); err == nil && seconds >= 1 {
			life = min(time.Duration(seconds)*time.Second, 30*usualLife)
		}
	}
	if setting := found[refreshSetting]; setting != nil {
		refreshable = setting.Value == "true"
	}
	return life, refreshable, nil
}

// Revoke makes an access or refresh token of the client's account worthless. Tokens that are not known are no error.
func (s *Service) Revoke(ctx context.Context, req rest.RevokeRequest) error {
	account, _, err := s.client(req.ClientID, req.ClientSecret)
	if err != nil {
		return err
	}
	scope, err := tenancy.NewScope(tenancy.AccountID(account.GetName()))
	if err != nil {
		return err
	}
	t, err := s.verifier.Tenant(req.Token)
	if err != nil {
		t, err = s.verifier.Refresh(req.Token)
	}
	if err != nil || t.Account != scope.Account() {
		return nil
	}
	if err := s.db.RevokeToken(ctx, scope, t.ID, t.ExpiresAt); err != nil {
		return fmt.Errorf("revoke a token: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked[revocationKey(t.Account, t.ID)] = t.ExpiresAt
	return nil
}
