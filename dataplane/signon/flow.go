package signon

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/fluent-oms/fluent/dataplane/identity"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/tenancy"
)

// How long people may take at their provider, and web apps until they use a code.
const (
	flowLife = 10 * time.Minute
	codeLife = time.Minute
)

// cookiePrefix begins the names of the cookies that hold flows; the state's first letters follow, so that several can be under way in a browser.
const (
	cookiePrefix = "fluent_sign_on_"
	cookieTag    = 8
)

// Start is a web app's wish that somebody sign in: an authorization request of RFC 6749 with RFC 7636.
type Start struct {
	ResponseType string // code
	ClientID     string // an API client of the account's, to which tokens will belong
	App          string // redirect_uri
	State        string // given back to the app
	Challenge    string // code_challenge
	Method       string // S256
	Account      string // as the request's host names it; empty if it names none
}

// Step is where a browser goes next.
type Step struct {
	Location string
	Cookie   string // name of the cookie that is set, or taken back
	Value    string // empty: it is taken back
	Secure   bool   // the cookie goes over https only
}

// CookieLife is how long a browser keeps a flow.
const CookieLife = flowLife

// flow is what a browser holds, sealed, while somebody signs in.
type flow struct {
	Account, Issuer, Client     string
	State, Nonce, Verifier      string // of our request to the provider
	App, AppState, AppChallenge string // of the app's request to us
	Ends                        int64  // Unix seconds
}

// code is what an app holds, sealed, until it has tokens.
type code struct {
	ID, User, Client, App, Challenge string
	Ends                             int64 // Unix seconds
}

// maxState is how many bytes an app's state may have: cookies hold it.
const maxState = 512

var challenge = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// Begin answers a web app's authorization request with the way to the provider. What is wrong with client or app is an error, and nobody is sent
// anywhere; where the provider fails the browser goes back to the app with an error.
func (s *Service) Begin(ctx context.Context, start Start) (Step, error) {
	scope, config, err := s.check(ctx, start)
	if err != nil {
		return Step{}, err
	}
	provider, err := s.providers.of(ctx, config.Issuer)
	if err != nil {
		s.tell(ctx, scope, "nobody can be sent to an identity provider", err)
		return Step{Location: back(start.App, start.State, "temporarily_unavailable", "The identity provider does not answer")}, nil
	}
	f := flow{
		Account: string(scope.Account()), Issuer: config.Issuer, Client: start.ClientID, State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(),
		App: start.App, AppState: start.State, AppChallenge: start.Challenge, Ends: s.DB.Time().Add(flowLife).Unix(),
	}
	held, err := json.Marshal(f)
	if err != nil {
		return Step{}, fmt.Errorf("write a sign-on: %w", err)
	}
	to := oauth(config, provider, "").AuthCodeURL(f.State, oidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier))
	return Step{Location: to, Cookie: cookieOf(f.State), Value: s.flows.Seal("", held), Secure: strings.HasPrefix(config.Callback, "https:")}, nil
}

// check finds out whose web app asks.
func (s *Service) check(ctx context.Context, start Start) (scope tenancy.Scope, config Config, err error) {
	account, client := s.State.View().Client(start.ClientID)
	nowhere := fault.New(fault.Invalid, "There is no single sign-on for this client here").At("client_id")
	if client == nil || start.Account != "" && start.Account != account.GetName() {
		return scope, config, nowhere
	}
	if scope, err = tenancy.NewScope(tenancy.AccountID(account.GetName())); err != nil {
		return scope, config, err
	}
	kept, config, err := s.provider(ctx, scope)
	switch {
	case err != nil:
		return scope, config, err
	case kept == nil:
		return scope, config, nowhere
	case !slices.Contains(config.Apps, start.App):
		return scope, config, fault.Invalidf("redirect_uri", "This is none of the addresses of web apps that the account's administrator has listed")
	case start.ResponseType != "code":
		return scope, config, fault.Invalidf("response_type", "Want code")
	case start.Method != "S256" || !challenge.MatchString(start.Challenge):
		return scope, config, fault.Invalidf("code_challenge", "Want code_challenge_method S256 and a code_challenge of 43 letters (RFC 7636)")
	case len(start.State) > maxState:
		return scope, config, fault.Invalidf("state", "A state has %d bytes at most", maxState)
	}
	return scope, config, nil
}

func cookieOf(state string) string {
	if len(state) > cookieTag {
		state = state[:cookieTag]
	}
	return cookiePrefix + state
}

func oauth(config Config, provider *oidc.Provider, secret string) *oauth2.Config {
	return &oauth2.Config{
		ClientID: config.ClientID, ClientSecret: secret, Endpoint: provider.Endpoint(), RedirectURL: config.Callback,
		Scopes: append([]string{oidc.ScopeOpenID}, config.Scopes...),
	}
}

// back is the way back to an app.
func back(app, state, failure, why string) string {
	more := url.Values{"error": {failure}, "error_description": {why}}
	if state != "" {
		more.Set("state", state)
	}
	return with(app, more)
}

func with(app string, more url.Values) string {
	u, err := url.Parse(app)
	if err != nil {
		return app // it was read when it was configured
	}
	query := u.Query()
	for name, values := range more {
		query[name] = values
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// Return is a browser that comes back from a provider.
type Return struct {
	State   string
	Code    string
	Error   string                   // of the provider
	Issuer  string                   // as the answer names it, RFC 9207; empty: it does not
	Account string                   // as the request's host names it; empty if it names none
	Cookie  func(name string) string // what the browser holds
}

// errRefused is why somebody is not let in, in words for him.
type errRefused string

// Error implements error.
func (e errRefused) Error() string { return string(e) }

// Finish takes what a provider says of somebody, and sends the browser back to the app with a code, or with an error. A browser that did not begin
// is sent nowhere.
func (s *Service) Finish(ctx context.Context, r Return) (Step, error) {
	f, err := s.open(r)
	if err != nil {
		return Step{}, err
	}
	scope, err := tenancy.NewScope(tenancy.AccountID(f.Account))
	if err != nil {
		return Step{}, err
	}
	step := Step{Cookie: cookieOf(f.State)}
	user, err := s.whoCame(ctx, scope, f, r)
	var refused errRefused
	switch {
	case errors.As(err, &refused):
		s.tell(ctx, scope, "sign-on refused", err)
		step.Location = back(f.App, f.AppState, "access_denied", string(refused))
	case err != nil:
		s.tell(ctx, scope, "sign-on failed", err)
		step.Location = back(f.App, f.AppState, "server_error", "The sign-on failed; try again, and tell your administrator if it fails again")
	default:
		held, err := json.Marshal(code{
			ID: rand.Text(), User: string(user), Client: f.Client, App: f.App, Challenge: f.AppChallenge, Ends: s.DB.Time().Add(codeLife).Unix(),
		})
		if err != nil {
			return Step{}, fmt.Errorf("write a code: %w", err)
		}
		more := url.Values{"code": {s.codes.Seal(f.Account, held)}}
		if f.AppState != "" {
			more.Set("state", f.AppState)
		}
		step.Location = with(f.App, more)
	}
	return step, nil
}

// open reads the flow that a browser holds, if it is the one that comes back.
func (s *Service) open(r Return) (f flow, err error) {
	elsewhere := fault.Invalidf("state", "This sign-on was not begun in this browser, or more than %d minutes ago: begin again in the app", int(flowLife/time.Minute))
	held, err := s.flows.Open("", r.Cookie(cookieOf(r.State)))
	if err != nil || json.Unmarshal(held, &f) != nil {
		return f, elsewhere
	}
	if subtle.ConstantTimeCompare([]byte(f.State), []byte(r.State)) != 1 || s.DB.Time().Unix() >= f.Ends || r.Account != "" && r.Account != f.Account {
		return f, elsewhere
	}
	return f, nil
}

// whoCame finds the user whom a provider sends back.
func (s *Service) whoCame(ctx context.Context, scope tenancy.Scope, f flow, r Return) (catalogue.ID, error) {
	kept, config, err := s.provider(ctx, scope)
	switch {
	case err != nil:
		return "", err
	case kept == nil || config.Issuer != f.Issuer || r.Issuer != "" && r.Issuer != config.Issuer:
		return "", errRefused("The account's identity provider has changed; begin again")
	case r.Error != "":
		return "", errRefused("The identity provider did not let you in")
	}
	secret := ""
	if kept.Secret != "" {
		plain, err := s.secrets.Open(f.Account, kept.Secret)
		if err != nil {
			return "", fmt.Errorf("open the provider's secret: %w", err)
		}
		secret = string(plain)
	}
	provider, err := s.providers.of(ctx, config.Issuer)
	if err != nil {
		return "", err
	}
	token, err := s.providers.exchange(ctx, oauth(config, provider, secret), provider, r.Code, f.Verifier, s.DB.Time)
	if err != nil {
		return "", err
	}
	who, err := read(config, token, f.Nonce)
	if err != nil {
		return "", err
	}
	return s.userOf(ctx, scope, config, who)
}

// Exchange is a web app's request for tokens.
type Exchange struct {
	ClientID     string
	ClientSecret string // empty: the verifier is proof enough
	Code         string
	App          string // redirect_uri
	Verifier     string // code_verifier
	Account      string // as the request's host names it; empty if it names none
}

// errCode is the answer to whatever is wrong with a code.
var errCode = fault.New(fault.Invalid, "The code is not good: it serves once, for a minute, for the client, redirect_uri and code_verifier that it was made for").With("oauth", "invalid_grant")

// Exchange gives a web app tokens of the user that a code is for. A code that comes again ends what it was exchanged for: somebody else has it.
func (s *Service) Exchange(ctx context.Context, x Exchange) (identity.TokenAnswer, error) {
	account, client := s.State.View().Client(x.ClientID)
	if client == nil || x.Account != "" && x.Account != account.GetName() {
		return identity.TokenAnswer{}, errCode
	}
	var c code
	held, err := s.codes.Open(account.GetName(), x.Code)
	if err != nil || json.Unmarshal(held, &c) != nil || s.DB.Time().Unix() >= c.Ends {
		return identity.TokenAnswer{}, errCode
	}
	if c.Client != x.ClientID || c.App != x.App || subtle.ConstantTimeCompare([]byte(oauth2.S256ChallengeFromVerifier(x.Verifier)), []byte(c.Challenge)) != 1 {
		return identity.TokenAnswer{}, errCode
	}
	return s.Identity.SignedOn(ctx, identity.SignedOn{
		ClientID: x.ClientID, ClientSecret: x.ClientSecret, UserID: catalogue.ID(c.User), Code: c.ID, Ends: time.Unix(c.Ends, 0),
	})
}
