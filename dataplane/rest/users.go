package rest

import (
	"net/http"
	"net/url"

	"github.com/fluent-oms/fluent/auth/tenant"
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

func readUser(w http.ResponseWriter, r *http.Request) (string, error) {
	var req userRequest
	if err := httpapi.ReadJSON(w, r, &req); err != nil {
		return "", err
	}
	if req.Username == "" {
		return "", fault.Invalidf("username", "username is needed")
	}
	return req.Username, nil
}

func (a *API) resetPassword(w http.ResponseWriter, r *http.Request, p *tenant.Principal) (any, error) {
	username, err := readUser(w, r)
	if err != nil {
		return nil, err
	}
	w.Header().Set("Cache-Control", "no-store")
	return a.Identity.ResetPassword(r.Context(), p, username)
}

func (a *API) unlockUser(w http.ResponseWriter, r *http.Request, p *tenant.Principal) (any, error) {
	username, err := readUser(w, r)
	if err != nil {
		return nil, err
	}
	return struct{}{}, a.Identity.UnlockUser(r.Context(), p, username)
}

type signInFailures struct {
	Results []identity.SignInFailure `json:"results"`
}

func (a *API) signInFailures(_ http.ResponseWriter, r *http.Request, p *tenant.Principal) (any, error) {
	list, err := a.Identity.SignInFailures(r.Context(), p, r.URL.Query().Get("username"))
	return signInFailures{Results: list}, err
}
