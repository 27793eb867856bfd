package rest

import (
	"net/http"
	"time"

	"github.com/fluent-oms/fluent/dataplane/httpapi"
	"github.com/fluent-oms/fluent/dataplane/signon"
)

// beginSignOn sends a browser to the identity provider of the account that a web app's client belongs to.
func (a *API) beginSignOn(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	step, err := a.SignOn.Begin(r.Context(), signon.Start{
		ResponseType: q.Get("response_type"), ClientID: q.Get("client_id"), App: q.Get("redirect_uri"), State: q.Get("state"),
		Challenge: q.Get("code_challenge"), Method: q.Get("code_challenge_method"), Account: r.Header.Get(httpapi.AccountHeader),
	})
	a.sendOn(w, r, step, err)
}

// finishSignOn takes a browser back from there, and sends it on to the app.
func (a *API) finishSignOn(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	step, err := a.SignOn.Finish(r.Context(), signon.Return{
		State: q.Get("state"), Code: q.Get("code"), Error: q.Get("error"), Issuer: q.Get("iss"), Account: r.Header.Get(httpapi.AccountHeader),
		Cookie: func(name string) string {
			c, err := r.Cookie(name)
			if err != nil {
				return ""
			}
			return c.Value
		},
	})
	a.sendOn(w, r, step, err)
}

// sendOn sends a browser on. Addresses with codes in them are for nobody to keep, and for no other site to learn.
func (a *API) sendOn(w http.ResponseWriter, r *http.Request, step signon.Step, err error) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	if err != nil {
		httpapi.WriteError(w, r, a.Log, err)
		return
	}
	if step.Cookie != "" {
		c := &http.Cookie{Name: step.Cookie, Value: step.Value, Path: "/oauth/", HttpOnly: true, Secure: step.Secure, SameSite: http.SameSiteLaxMode, MaxAge: int(signon.CookieLife / time.Second)}
		if step.Value == "" {
			c.MaxAge = -1
		}
		http.SetCookie(w, c)
	}
	http.Redirect(w, r, step.Location, http.StatusFound)
}

// providerRequest is an identity provider as an administrator gives it.
type providerRequest struct {
	signon.Config
	ClientSecret *string `json:"clientSecret"` // absent: it stays as it is
}

func (a *API) getProvider(c *call) (any, error) { return a.SignOn.Get(c.r.Context(), c.caller) }

func (a *API) putProvider(c *call) (any, error) {
	if err := c.caller.Can(c.permission, 0); err != nil {
		return nil, err
	}
	var req providerRequest
	if err := c.readJSON(&req); err != nil {
		return nil, err
	}
	return a.SignOn.Set(c.r.Context(), c.caller, req.Config, req.ClientSecret)
}

func (a *API) deleteProvider(c *call) (any, error) {
	return struct{}{}, a.SignOn.Remove(c.r.Context(), c.caller)
}
