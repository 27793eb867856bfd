package rest

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/fluent-oms/fluent/auth/token"
	"github.com/fluent-oms/fluent/domain/fault"
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
}

// parameters reads a token request's parameters: each may be in the form or in the query.
func parameters(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	body, err := readBody(w, r)
	if err != nil {
		return nil, err
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, fault.Invalidf("query", "The query string is not well formed").Wrap(err)
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, fault.Invalidf("body", "The form is not well formed").Wrap(err)
		}
		for name, given := range form {
			values[name] = given
		}
	}
	return values, nil
}

func (a *API) token(w http.ResponseWriter, r *http.Request) {
	v, err := parameters(w, r)
	if err != nil {
		WriteTokenError(w, err)
		return
	}
	answer, err := a.Identity.Token(r.Context(), TokenRequest{
		GrantType: v.Get("grant_type"), ClientID: v.Get("client_id"), ClientSecret: v.Get("client_secret"),
		Username: v.Get("username"), Password: v.Get("password"), RefreshToken: v.Get("refresh_token"),
		Account: r.Header.Get(AccountHeader),
	})
	if err != nil {
		if fault.Of(err).Kind == fault.Internal { // what callers do wrong, identity tells, in as many lines as the log can bear
			a.Log.ErrorContext(r.Context(), "token request failed", "error", err)
		}
		WriteTokenError(w, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, answer)
}

// revoke answers 200 also for tokens that are not known, as RFC 7009 wants.
func (a *API) revoke(w http.ResponseWriter, r *http.Request) {
	v, err := parameters(w, r)
	if err == nil {
		err = a.Identity.Revoke(r.Context(), RevokeRequest{
			Token: v.Get("token"), ClientID: v.Get("client_id"), ClientSecret: v.Get("client_secret"),
		})
	}
	if err != nil {
		WriteTokenError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, struct{}{})
}

// bearer takes the access token out of the request's header.
func bearer(r *http.Request) (string, bool) {
	return token.Bearer(r.Header.Get("Authorization"))
}
