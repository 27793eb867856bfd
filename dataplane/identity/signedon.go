package identity

import (
	"context"

	"github.com/fluent-oms/fluent/dataplane/store/access"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/security"
	"github.com/fluent-oms/fluent/tenancy"
)

// SignedOn gives an app tokens of a user whom his account's identity provider let in. When a code comes a second time all tokens that it led to
// end: whoever got them may be a thief.
func (s *Service) SignedOn(ctx context.Context, on SignedOn) (TokenAnswer, error) {
	account, client := s.state.View().Client(on.ClientID)
	if on.ClientSecret != "" {
		var err error
		if account, client, err = s.client(ctx, Named{ClientID: on.ClientID}, on.ClientSecret); err != nil {
			return TokenAnswer{}, err
		}
	}
	wrong := refuse(fault.Invalid, "invalid_grant", "The code is no longer good: sign in again")
	if client == nil || expired(client, s.db.Time()) || !open(account.GetState()) {
		return TokenAnswer{}, wrong
	}
	scope, err := tenancy.NewScope(tenancy.AccountID(account.GetName()))
	if err != nil {
		return TokenAnswer{}, err
	}
	family := familyPrefix + on.Code
	first, err := access.SpendToken(ctx, s.db, scope, access.Spent{TokenID: on.Code, Family: family, ExpiresOn: on.Ends})
	if err != nil {
		return TokenAnswer{}, err
	}
	if !first {
		if err := s.revoke(ctx, scope, family, s.db.Time().Add(familyLife)); err != nil {
			return TokenAnswer{}, err
		}
		return TokenAnswer{}, wrong
	}
	user, err := s.db.Reader(scope).PrincipalByID(ctx, on.UserID)
	if fault.Is(err, fault.NotFound) || err == nil && (!MayEnter(user.User) || user.User.Type == security.APIUser) {
		return TokenAnswer{}, wrong
	}
	if err != nil {
		return TokenAnswer{}, err
	}
	return s.issue(ctx, scope, holder{Principal: user, client: client, family: on.Code, signOn: true})
}
