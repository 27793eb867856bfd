package rest

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/fluent-oms/fluent/auth/token"
	"github.com/fluent-oms/fluent/dataplane/httpapi"
	"github.com/fluent-oms/fluent/dataplane/identity"
	"github.com/fluent-oms/fluent/dataplane/signon"
	"github.com/fluent-oms/fluent/domain/fault"
)

// parameters reads a token request's parameters: each may be in the form or in the query.
func parameters(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	body, err := httpapi.ReadBody(w, r)
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
		httpapi.WriteTokenError(w, err)
		return
	}
	answer, err := a.grant(r, v)
	if err != nil {
		if fault.Of(err).Kind == fault.Internal { // what callers do wrong, identity tells, in as many lines as the log can bear
			a.Log.ErrorContext(r.Context(), "token request failed", "error", err)
		}
		httpapi.WriteTokenError(w, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	httpapi.WriteJSON(w, http.StatusOK, answer)
}

func (a *API) grant(r *http.Request, v url.Values) (identity.TokenAnswer, error) {
	account := r.Header.Get(httpapi.AccountHeader)
	if v.Get("grant_type") == "authorization_code" {
		return a.SignOn.Exchange(r.Context(), signon.Exchange{
			ClientID: v.Get("client_id"), ClientSecret: v.Get("client_secret"), Code: v.Get("code"), App: v.Get("redirect_uri"), Verifier: v.Get("code_verifier"), Account: account,
		})
	}
	return a.Identity.Token(r.Context(), identity.TokenRequest{
		GrantType: v.Get("grant_type"), ClientID: v.Get("client_id"), ClientSecret: v.Get("client_secret"),
		Username: v.Get("username"), Password: v.Get("password"), RefreshToken: v.Get("refresh_token"),
		Account: account, Header: r.Header.Get(httpapi.CallersAccountHeader),
	})
}

// revoke answers 200 also for tokens that are not known, as RFC 7009 wants.
func (a *API) revoke(w http.ResponseWriter, r *http.Request) {
	v, err := parameters(w, r)
	if err == nil {
		err = a.Identity.Revoke(r.Context(), identity.RevokeRequest{
			Token: v.Get("token"), ClientID: v.Get("client_id"), ClientSecret: v.Get("client_secret"),
			Account: r.Header.Get(httpapi.AccountHeader), Header: r.Header.Get(httpapi.CallersAccountHeader),
		})
	}
	if err != nil {
		httpapi.WriteTokenError(w, err)
		return
	}
	httpapi.WriteJSON(w, http.StatusOK, struct{}{})
}

// bearer takes the access token out of the request's header.
func bearer(r *http.Request) (string, bool) {
	return token.Bearer(r.Header.Get("Authorization"))
}
