package identity

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/guess"
	"github.com/fluent-oms/fluent/auth/password"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/access"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/security"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/tenancy"
)

// guards are what a node has against guesses besides the counts in the environment's database.
type guards struct {
	waits   *lru.Cache[waitKey, waitEntry] // attempts that were refused a moment ago, so that a repetition costs no statement
	clients *rate.Limiter                  // wrong client secrets that are counted: a check costs nothing, and a count does
	lines   *rate.Limiter                  // lines in the log
	book    *guess.Book                    // counts, while the database takes no writes
}

type waitKey struct {
	account tenancy.AccountID
	access.SignIn
}

type waitEntry struct {
	until time.Time // when the attempt may be made
	fresh time.Time // when the database is asked again: an administrator may have unlocked the user
}

// Bounds of a node's guards.
const (
	maxWaits    = 10_000
	waitAge     = time.Second
	clientPace  = 100 // counts a second
	clientBurst = 200
	linePace    = 5 // lines a second
	lineBurst   = 100
)

func newGuards() guards {
	waits, err := lru.New[waitKey, waitEntry](maxWaits)
	if err != nil {
		panic(err) // only a size below one fails
	}
	return guards{waits: waits, clients: rate.NewLimiter(clientPace, clientBurst), lines: rate.NewLimiter(linePace, lineBurst), book: guess.NewBook(maxWaits)}
}

// The kinds of subjects whose attempts are counted.
const (
	userSubject   = "user "
	clientSubject = "client "
)

// maxSubject is how many bytes of a name are kept: users' names are no longer.
const maxSubject = 250

// subject makes a key of what a caller gave as a name, which may be anything.
func subject(kind, name string) string {
	name = strings.ReplaceAll(strings.ToValidUTF8(name, "\uFFFD"), "\x00", "\uFFFD")
	if len(name) > maxSubject {
		name = name[:maxSubject]
		for !utf8.ValidString(name) {
			name = name[:len(name)-1]
		}
	}
	return kind + name
}

// attempt has check look at a password, unless the user must wait at this source. It is counted as failed before, and taken back when check
// finds nothing wrong. There need not be such a user.
func (s *Service) attempt(ctx context.Context, scope tenancy.Scope, username string, check func() error) error {
	leave, err := s.hasher.Admit()
	if err != nil {
		return err
	}
	defer leave()
	who := access.SignIn{Subject: subject(userSubject, username), Source: door.Group(door.SourceOf(ctx))}
	reserved, err := s.reserve(ctx, scope, who)
	if err != nil {
		return err
	}
	if err := check(); err != nil {
		if fault.Is(err, fault.Unauthenticated) {
			s.failed(ctx, scope, who, "sign-in failed")
		}
		return err
	}
	err = access.SucceedSignIn(ctx, s.db, scope, reserved)
	if store.TakesNoWrites(err) {
		s.guards.book.Succeed(bookKey(scope, who), who.Source, time.Now())
		return nil
	}
	if err != nil {
		return fmt.Errorf("note that a user signed in: %w", err)
	}
	return nil
}

// count counts an attempt as failed, or says how long it must wait. While the database takes no writes, a full disk say, each node counts by
// itself and from nothing: users can sign in and read, and guesses are still delayed.
func (s *Service) count(ctx context.Context, scope tenancy.Scope, who access.SignIn) (access.Attempt, error) {
	reserved, err := access.ReserveSignIn(ctx, s.db, scope, who)
	if store.TakesNoWrites(err) {
		return access.Attempt{SignIn: who, Wait: s.guards.book.Reserve(bookKey(scope, who), who.Source, time.Now())}, nil
	}
	return reserved, err
}

func bookKey(scope tenancy.Scope, who access.SignIn) string {
	return string(scope.Account()) + "/" + who.Subject
}

// reserve counts an attempt as failed, or refuses it.
func (s *Service) reserve(ctx context.Context, scope tenancy.Scope, who access.SignIn) (access.Attempt, error) {
	key, now := waitKey{scope.Account(), who}, time.Now()
	if w, ok := s.guards.waits.Get(key); ok && now.Before(w.fresh) {
		return access.Attempt{}, guess.Refused(w.until.Sub(now))
	}
	reserved, err := s.count(ctx, scope, who)
	if err != nil {
		return access.Attempt{}, fmt.Errorf("count an attempt to sign in: %w", err)
	}
	wait := reserved.Wait
	if wait == 0 {
		return reserved, nil
	}
	s.guards.waits.Add(key, waitEntry{until: now.Add(wait), fresh: now.Add(min(wait, waitAge))})
	s.failed(ctx, scope, who, "sign-in refused: too many failures")
	return access.Attempt{}, guess.Refused(wait)
}

// failed writes a line about who did not get in, from where; lines are as few as the log can bear.
func (s *Service) failed(ctx context.Context, scope tenancy.Scope, who access.SignIn, what string) {
	if s.guards.lines.Allow() {
		s.log.WarnContext(ctx, what, "account", string(scope.Account()), "who", who.Subject, "source", door.SourceOf(ctx).String())
	}
}

// wrongClient answers a client that is not known, or that gave a wrong secret: alike, and after the same work.
func (s *Service) wrongClient(ctx context.Context, account *nodev1.Account, id string) error {
	scope := tenancy.Scope{} // of no account
	if account != nil {
		var err error
		if scope, err = tenancy.NewScope(tenancy.AccountID(account.GetName())); err != nil {
			return err
		}
	}
	wrong := refuse(fault.Unauthenticated, "invalid_client", "Client id or client secret is wrong")
	if !s.guards.clients.Allow() {
		return wrong
	}
	who := access.SignIn{Subject: subject(clientSubject, id), Source: door.Group(door.SourceOf(ctx))}
	if _, err := s.reserve(ctx, scope, who); err != nil {
		return err
	}
	s.failed(ctx, scope, who, "client refused")
	return wrong
}

// signIn finds the user that a name and a password are of. One whose password serves once must change it first.
func (s *Service) signIn(ctx context.Context, scope tenancy.Scope, username, given string) (*store.Principal, error) {
	user, err := s.byPassword(ctx, scope, username, given)
	if err == nil && password.ParseStored(user.User.PasswordHash).Once {
		return nil, refuse(fault.Forbidden, "password_change_required",
			"This password serves once: choose another one with POST /oauth/password, and sign in with that").With("reason", "PASSWORD_CHANGE_REQUIRED")
	}
	return user, err
}

func (s *Service) byPassword(ctx context.Context, scope tenancy.Scope, username, given string) (user *store.Principal, err error) {
	if username == "" || given == "" {
		return nil, refuse(fault.Invalid, "invalid_request", "username and password are needed for the password grant")
	}
	err = s.attempt(ctx, scope, username, func() error {
		user, err = s.checkPassword(ctx, scope, username, given)
		return err
	})
	if err != nil {
		return nil, err
	}
	return user, s.local(ctx, scope, user.User)
}

// local refuses the password of a person whose account has people sign in elsewhere. Programs go on with theirs.
func (s *Service) local(ctx context.Context, scope tenancy.Scope, user *security.User) error {
	if user.Type == security.APIUser {
		return nil
	}
	provider, err := access.ProviderOf(ctx, s.db.Reader(scope))
	if err != nil {
		return fmt.Errorf("look for an identity provider: %w", err)
	}
	if provider != nil {
		return refuse(fault.Forbidden, "invalid_grant", "People of this account sign in at its identity provider: GET /oauth/authorize. Passwords are for users of type %s", security.APIUser).
			With("reason", "SIGN_ON_ELSEWHERE")
	}
	return nil
}

// checkPassword costs one hash and answers alike whether there is no such user, he has no password, may not enter, or it is wrong.
func (s *Service) checkPassword(ctx context.Context, scope tenancy.Scope, username, given string) (*store.Principal, error) {
	wrong := refuse(fault.Unauthenticated, "invalid_grant", "User name or password is wrong")
	user, err := s.db.Reader(scope).PrincipalByUsername(ctx, username)
	if fault.Is(err, fault.NotFound) || err == nil && user.User.PasswordHash == "" {
		if err := s.hasher.Dummy(ctx, given); err != nil {
			return nil, fmt.Errorf("check a password: %w", err)
		}
		return nil, wrong
	}
	if err != nil {
		return nil, err
	}
	stored := password.ParseStored(user.User.PasswordHash)
	ok, err := s.hasher.Verify(ctx, stored.Hash, given)
	if err != nil {
		return nil, fmt.Errorf("check the password of user %s: %w", user.User.ID, err)
	}
	if !ok || !MayEnter(user.User) || stored.Once && !s.db.Now(ctx).Before(stored.Until) {
		return nil, wrong
	}
	return user, nil
}
