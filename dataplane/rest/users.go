package rest

import (
	"net/http"
	"net/url"

	"github.com/fluent-oms/fluent/dataplane/httpapi"
	"github.com/fluent-oms/fluent/dataplane/identity"
	"github.com/fluent-oms/fluent/domain/fault"
)

// changePassword takes a form like the one for a token, for the user may have no token: his password may serve once.
func (a *API) changePassword(w http.ResponseWriter, r *http.Request) {
	v, err := formOnly(w, r)
	if err == nil {
		err = a.Identity.ChangePassword(r.Context(), identity.PasswordRequest{
			ClientID: v.Get("client_id"), ClientSecret: v.Get("client_secret"), Username: v.Get("username"), Password: v.Get("password"),
			NewPassword: v.Get("new_password"), Account: r.Header.Get(httpapi.AccountHeader),
			Header: r.Header.Get(httpapi.CallersAccountHeader),
		})
	}
	if err != nil {
		httpapi.WriteTokenError(w, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	httpapi.WriteJSON(w, http.StatusOK, struct{}{})
}

// formOnly refuses parameters in the address, which proxies write into logs.
func formOnly(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	if r.URL.RawQuery != "" {
		return nil, fault.Invalidf("query", "Passwords belong into the form and not into the address")
	}
	return parameters(w, r)
}

// userRequest names a user.
type userRequest struct {
	Username string `json:"username"`
}

func readUser(c *call) (string, error) {
	var req userRequest
	if err := c.readJSON(&req); err != nil {
		return "", err
	}
	if req.Username == "" {
		return "", fault.Invalidf("username", "username is needed")
	}
	return req.Username, nil
}

func (a *API) resetPassword(c *call) (any, error) {
	username, err := readUser(c)
	if err != nil {
		return nil, err
	}
	c.w.Header().Set("Cache-Control", "no-store")
	return a.Identity.ResetPassword(c.r.Context(), c.caller, username)
}

func (a *API) unlockUser(c *call) (any, error) {
	username, err := readUser(c)
	if err != nil {
		return nil, err
	}
	return struct{}{}, a.Identity.UnlockUser(c.r.Context(), c.caller, username)
}

type signInFailures struct {
	Results []identity.SignInFailure `json:"results"`
}

func (a *API) signInFailures(c *call) (any, error) {
	list, err := a.Identity.SignInFailures(c.r.Context(), c.caller, c.r.URL.Query().Get("username"))
	return signInFailures{Results: list}, err
}
