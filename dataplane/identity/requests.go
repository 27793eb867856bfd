package identity

import (
	"time"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

// TokenRequest is a request for an access token, from the form or the query.
type TokenRequest struct {
	GrantType    string // password, client_credentials or refresh_token
	ClientID     string
	ClientSecret string
	Username     string
	Password     string
	RefreshToken string
	Account      string // as the request's host names it; empty if it names none
	Header       string // account that the header fluent.account names; see Named
}

// TokenAnswer is the answer to a successful token request; the mix of cases is the public API's.
type TokenAnswer struct {
	AccessToken  string   `json:"access_token"`
	TokenType    string   `json:"token_type"`
	ExpiresIn    int      `json:"expires_in"` // seconds
	Scope        string   `json:"scope"`
	RetailerID   int32    `json:"Retailer_id"`
	FirstName    string   `json:"FirstName"`
	LastName     string   `json:"LastName"`
	Roles        []string `json:"Roles"`
	RefreshToken string   `json:"refresh_token,omitempty"`
}

// RevokeRequest asks that a token be refused from now on.
type RevokeRequest struct {
	Token        string
	ClientID     string
	ClientSecret string
	Account      string // as of a TokenRequest, where the client id asks for it
	Header       string
}

// PasswordRequest asks for another password of a user who knows his own, maybe a one-time one.
type PasswordRequest struct {
	ClientID     string
	ClientSecret string
	Username     string
	Password     string // the present one
	NewPassword  string
	Account      string // as the request's host names it; empty if it names none
	Header       string // as of a TokenRequest
}

// OneTimePassword is a password that must be changed when it is first used.
type OneTimePassword struct {
	Username  string    `json:"username"`
	Password  string    `json:"password"` // shown this once
	ExpiresOn time.Time `json:"expiresOn"`
}

// SignInFailure is how often somebody failed to sign in from a source.
type SignInFailure struct {
	Username string    `json:"username,omitempty"` // as it was given: there may be no such user
	ClientID string    `json:"clientId,omitempty"` // where a client's secret was wrong
	Source   string    `json:"source"`             // an address, or the /64 of an IPv6 one
	Times    int       `json:"times"`
	LastOn   time.Time `json:"lastOn"`
}

// SignedOn is a user whom his account's identity provider let in, and the code that an app has for him.
type SignedOn struct {
	ClientID     string
	ClientSecret string // empty: the app has shown by other means that the code is its own
	UserID       catalogue.ID
	Code         string    // id of the code, which serves once
	Ends         time.Time // when the code does
}
