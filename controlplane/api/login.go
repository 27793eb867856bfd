package api

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fluent-oms/fluent/auth"
	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/guess"
	"github.com/fluent-oms/fluent/auth/password"
	"github.com/fluent-oms/fluent/auth/token"
	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

const (
	sessionLifetime = 12 * time.Hour // of an operator's token
	onceLifetime    = 72 * time.Hour // of a one-time password
)

// Login exchanges a password for a token, and that for another password where one is given. Unknown and disabled operators cost the same work as
// wrong passwords and read alike. Only the leader does this, and it alone counts failures: a new leader begins with none.
func (a operators) Login(ctx context.Context, r *cpv1.LoginRequest) (*cpv1.LoginResponse, error) {
	record, err := a.attempt(ctx, r.GetUsername(), r.GetPassword())
	if err != nil {
		return nil, err
	}
	if r.GetNewPassword() != "" {
		ctx = auth.NewContext(ctx, &auth.Principal{Kind: auth.OperatorKind, Subject: r.GetUsername()}) // who has shown that he is
		if record, err = a.choosePassword(ctx, record, r.GetPassword(), r.GetNewPassword(), r); err != nil {
			return nil, err
		}
	}
	if password.ParseStored(record.GetPasswordHash()).Once {
		return nil, fault.New(fault.Unprocessable, "This password serves once: choose another one, as new_password of the same call.").With("reason", "PASSWORD_CHANGE_REQUIRED")
	}
	raw, expires, err := a.session(record)
	if err != nil {
		return nil, err
	}
	return &cpv1.LoginResponse{AccessToken: raw, ExpireTime: expires, Operator: record.GetOperator()}, nil
}

// session makes a token for an operator under its present password.
func (a operators) session(record *statev1.OperatorRecord) (string, *timestamppb.Timestamp, error) {
	issuer, err := a.Keys.Issuer()
	if err != nil {
		return "", nil, err
	}
	raw, lifetime, err := issuer.Operator(token.Operator{
		Username: record.GetOperator().GetUsername(), Roles: rolesFrom(record.GetOperator()), Mark: password.Mark(record.GetPasswordHash()),
	}, sessionLifetime)
	if err != nil {
		return "", nil, err
	}
	return raw, timestamppb.New(lifetime.ExpiresAt), nil
}

// attempt checks an operator's password, unless whoever tries must wait. It is counted as failed before.
func (a operators) attempt(ctx context.Context, username, given string) (*statev1.OperatorRecord, error) {
	leave, err := a.Passwords.Admit()
	if err != nil {
		return nil, err
	}
	defer leave()
	source := door.Group(door.SourceOf(ctx))
	if wait := a.Guesses.Reserve(username, source, a.Now()); wait > 0 {
		a.failed(ctx, username, "login refused: too many failures")
		return nil, guess.Refused(wait)
	}
	record, right, err := a.checkPassword(ctx, username, given)
	if err != nil {
		return nil, err
	}
	if !right {
		a.Guesses.Note(username, source)
		a.failed(ctx, username, "login failed")
		return nil, fault.New(fault.Unauthenticated, "Username or password is wrong.").With("reason", "WRONG_PASSWORD")
	}
	a.Guesses.Succeed(username, source, a.Now())
	return record, nil
}

// checkPassword costs one hash, whether there is such an operator or not.
func (a operators) checkPassword(ctx context.Context, username, given string) (*statev1.OperatorRecord, bool, error) {
	record, found := state.Operators.Get(a.Store.View(), username)
	if !found {
		return nil, false, a.Passwords.Dummy(ctx, given)
	}
	stored := password.ParseStored(record.GetPasswordHash())
	right, err := a.Passwords.Verify(ctx, stored.Hash, given)
	if err != nil || record.GetOperator().GetDisabled() || stored.Once && !a.Now().Before(stored.Until) {
		return nil, false, err
	}
	return record, right, nil
}

// failed writes a line about who did not get in, from where; lines are as few as the log can bear.
func (a operators) failed(ctx context.Context, username, what string) {
	if a.lines.Allow() {
		a.Logger.WarnContext(ctx, what, "username", username, "source", door.SourceOf(ctx).String())
	}
}

// choosePassword gives an operator who has shown the old password another one, which ends all of the operator's sessions.
func (a operators) choosePassword(ctx context.Context, record *statev1.OperatorRecord, old, chosen string, request proto.Message) (*statev1.OperatorRecord, error) {
	username := record.GetOperator().GetUsername()
	if err := password.Acceptable(username, chosen, "new_password"); err != nil {
		return nil, err
	}
	if old == chosen {
		return nil, fault.Invalidf("new_password", "The new password is the old one").With("reason", "PASSWORD_NOT_NEW")
	}
	hash, err := a.Passwords.Hash(ctx, chosen)
	if err != nil {
		return nil, err
	}
	if _, err := a.change(ctx, &statev1.SetPassword{Username: username, PasswordHash: hash}, request); err != nil {
		return nil, err
	}
	return &statev1.OperatorRecord{Operator: record.GetOperator(), PasswordHash: hash}, nil
}

// ChangePassword gives the caller a new password. All sessions of the caller end; the answer begins another.
func (a operators) ChangePassword(ctx context.Context, r *cpv1.ChangePasswordRequest) (*cpv1.ChangePasswordResponse, error) {
	p, _ := auth.FromContext(ctx)
	record, err := a.attempt(ctx, p.Subject, r.GetOldPassword())
	if err != nil {
		return nil, err
	}
	if record, err = a.choosePassword(ctx, record, r.GetOldPassword(), r.GetNewPassword(), r); err != nil {
		return nil, err
	}
	raw, expires, err := a.session(record)
	if err != nil {
		return nil, err
	}
	return &cpv1.ChangePasswordResponse{AccessToken: raw, ExpireTime: expires}, nil
}

// ResetPassword gives an operator a password that serves once.
func (a operators) ResetPassword(ctx context.Context, r *cpv1.ResetPasswordRequest) (*cpv1.ResetPasswordResponse, error) {
	made, until := password.Secret(secretBytes), a.Now().Add(onceLifetime)
	hash, err := a.Passwords.Hash(ctx, made)
	if err != nil {
		return nil, err
	}
	result, err := a.change(ctx, &statev1.SetPassword{Username: r.GetUsername(), PasswordHash: password.Once(hash, until)}, r)
	if err != nil {
		return nil, err
	}
	a.Guesses.Unlock(r.GetUsername(), a.Now())
	if result.Replayed {
		return &cpv1.ResetPasswordResponse{}, nil
	}
	return &cpv1.ResetPasswordResponse{Password: made, ExpireTime: timestamppb.New(until)}, nil
}

// UnlockOperator forgets failed attempts to log in as an operator.
func (a operators) UnlockOperator(ctx context.Context, r *cpv1.UnlockOperatorRequest) (*cpv1.UnlockOperatorResponse, error) {
	if _, found := state.Operators.Get(a.Store.View(), r.GetUsername()); !found {
		return nil, absent("operator", r.GetUsername())
	}
	a.Guesses.Unlock(r.GetUsername(), a.Now())
	p, _ := auth.FromContext(ctx)
	a.Logger.InfoContext(ctx, "operator unlocked", "username", r.GetUsername(), "by", p.Subject)
	return &cpv1.UnlockOperatorResponse{}, nil
}
