package identity

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/fluent-oms/fluent/auth/password"
	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/access"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/security"
	"github.com/fluent-oms/fluent/tenancy"
)

const (
	onceLife    = 72 * time.Hour // of a one-time password
	secretBytes = 16             // of randomness in one
)

// ChangePassword gives a user who knows his password, maybe one that serves once, another one. All his tokens are refused at every node when it
// has returned.
func (s *Service) ChangePassword(ctx context.Context, req PasswordRequest) error {
	account, _, err := s.client(ctx, Named{req.ClientID, req.Account, req.Header}, req.ClientSecret)
	if err != nil {
		return err
	}
	if req.Account != "" && req.Account != account.GetName() {
		return refuse(fault.Unauthenticated, "invalid_client", "Client %s is not one of the account that this host names", req.ClientID)
	}
	scope, err := tenancy.NewScope(tenancy.AccountID(account.GetName()))
	if err != nil {
		return err
	}
	user, err := s.byPassword(ctx, scope, req.Username, req.Password)
	if err != nil {
		return err
	}
	if err := password.Acceptable(req.Username, req.NewPassword, "new_password"); err != nil {
		return err
	}
	if req.NewPassword == req.Password {
		return fault.Invalidf("new_password", "The new password is the old one").With("reason", "PASSWORD_NOT_NEW")
	}
	hash, err := s.hasher.Hash(ctx, req.NewPassword)
	if err != nil {
		return fmt.Errorf("hash a password: %w", err)
	}
	return s.setPassword(ctx, scope, user.User, hash)
}

// ResetPassword gives a user a password that serves once, to be changed when he signs in, and unlocks him. The caller must have USER_UPDATE, and
// all the rights of the user, wherever the user has them: who sets a password can act as its user.
func (s *Service) ResetPassword(ctx context.Context, caller *tenant.Principal, username string) (OneTimePassword, error) {
	user, scope, err := s.inCharge(ctx, caller, username)
	if err != nil {
		return OneTimePassword{}, err
	}
	if isMachine(user.User) {
		return OneTimePassword{}, fault.New(fault.Unprocessable, "No password lets %q in: only API clients act as this user", username).At("username")
	}
	made, until := password.Secret(secretBytes), s.db.Now(ctx).Add(onceLife)
	hash, err := s.hasher.Hash(ctx, made)
	if err != nil {
		return OneTimePassword{}, fmt.Errorf("hash a password: %w", err)
	}
	if err := s.setPassword(ctx, scope, user.User, password.Once(hash, until)); err != nil {
		return OneTimePassword{}, err
	}
	if err := s.unlock(ctx, scope, username); err != nil {
		return OneTimePassword{}, err
	}
	s.log.InfoContext(ctx, "password reset", "account", string(caller.Account), "user", username, "by", caller.Username)
	return OneTimePassword{Username: username, Password: made, ExpiresOn: until.UTC().Truncate(time.Second)}, nil
}

// UnlockUser forgets failed attempts at a user's password: he may sign in at once, from wherever he is. The caller needs what ResetPassword needs.
func (s *Service) UnlockUser(ctx context.Context, caller *tenant.Principal, username string) error {
	_, scope, err := s.inCharge(ctx, caller, username)
	if err != nil {
		return err
	}
	s.log.InfoContext(ctx, "user unlocked", "account", string(caller.Account), "user", username, "by", caller.Username)
	return s.unlock(ctx, scope, username)
}

func (s *Service) unlock(ctx context.Context, scope tenancy.Scope, username string) error {
	if err := access.UnlockSignIn(ctx, s.db, scope, subject(userSubject, username)); err != nil {
		return fmt.Errorf("unlock user %s: %w", username, err)
	}
	s.guards.waits.Purge()
	return nil
}

// inCharge finds a user over whom the caller is.
func (s *Service) inCharge(ctx context.Context, caller *tenant.Principal, username string) (*store.Principal, tenancy.Scope, error) {
	if err := caller.CanSomewhere("USER_UPDATE"); err != nil {
		return nil, tenancy.Scope{}, err
	}
	scope, err := tenancy.NewScope(caller.Account)
	if err != nil {
		return nil, tenancy.Scope{}, err
	}
	reader := s.db.Reader(scope)
	user, err := reader.PrincipalByUsername(ctx, username)
	if fault.Is(err, fault.NotFound) {
		return nil, tenancy.Scope{}, fault.NotFoundf("There is no user %q", username).At("username")
	}
	if err != nil {
		return nil, tenancy.Scope{}, err
	}
	theirs, err := principalOf(ctx, reader, caller.Account, user)
	if err != nil {
		return nil, tenancy.Scope{}, err
	}
	return user, scope, caller.InCharge(theirs, "USER_UPDATE")
}

// setPassword replaces the hash that was read of a user, and ends his tokens: those that carry a mark by the hash itself, those of older
// releases by a revocation. It returns when no node takes them any more.
func (s *Service) setPassword(ctx context.Context, scope tenancy.Scope, was *security.User, hash string) error {
	if err := s.revoke(ctx, scope, unmarkedKey(string(was.ID)), s.db.Time().Add(familyLife)); err != nil {
		return err
	}
	typ := store.TypeOf[security.User](s.db)
	err := s.db.Write(ctx, scope, func(tx *store.Tx) error {
		found, err := store.Get[security.User](ctx, tx.Reader, was.ID)
		if err != nil {
			return err
		}
		if found[0] == nil || found[0].PasswordHash != was.PasswordHash {
			return refuse(fault.Conflict, "invalid_request", "The password was changed by somebody else at the same time; sign in again")
		}
		found[0].PasswordHash = hash
		tx.Update(found[0], typ.Field("passwordHash"))
		return nil
	})
	if err != nil {
		return fmt.Errorf("change the password of user %s: %w", was.ID, err)
	}
	s.principals.forget(scope.Account(), catalogue.ID(was.ID))
	select { // other nodes hold what they loaded before for so long
	case <-time.After(principalAge):
	case <-ctx.Done():
	}
	return nil
}

// maxFailures is how many rows of failures one answer lists.
const maxFailures = 500

// SignInFailures lists who failed to sign in to the caller's account, and from where, the latest first; of one user where a name is given. It
// needs USER_VIEW for the account.
func (s *Service) SignInFailures(ctx context.Context, caller *tenant.Principal, username string) ([]SignInFailure, error) {
	if err := caller.Can("USER_VIEW", 0); err != nil {
		return nil, err
	}
	scope, err := tenancy.NewScope(caller.Account)
	if err != nil {
		return nil, err
	}
	of := ""
	if username != "" {
		of = subject(userSubject, username)
	}
	list, err := access.FailedSignIns(ctx, s.db.Reader(scope), of, maxFailures)
	if err != nil {
		return nil, fmt.Errorf("list failed sign-ins: %w", err)
	}
	out := make([]SignInFailure, 0, len(list))
	for _, f := range list {
		failure := SignInFailure{Source: f.Source, Times: f.Times, LastOn: f.LastOn.UTC().Truncate(time.Second)}
		if client, ok := strings.CutPrefix(f.Subject, clientSubject); ok {
			failure.ClientID = client
		} else {
			failure.Username = strings.TrimPrefix(f.Subject, userSubject)
		}
		out = append(out, failure)
	}
	return out, nil
}
