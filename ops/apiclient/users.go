package apiclient

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// ChangePassword gives a user another password. The client's own credentials are not changed, and its token is forgotten.
func (c *Client) ChangePassword(ctx context.Context, username, old, chosen string) error {
	form := url.Values{
		"client_id": {c.creds.ClientID}, "client_secret": {c.creds.ClientSecret}, "username": {username}, "password": {old}, "new_password": {chosen},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/oauth/password", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	c.mu.Lock()
	c.token = ""
	c.mu.Unlock()
	return c.send(req, nil)
}

// OneTimePassword is a password that must be changed when it is first used.
type OneTimePassword struct {
	Username  string    `json:"username"`
	Password  string    `json:"password"`
	ExpiresOn time.Time `json:"expiresOn"`
}

// ResetPassword gives a user a password that serves once.
func (c *Client) ResetPassword(ctx context.Context, username string) (out OneTimePassword, err error) {
	err = c.Do(ctx, http.MethodPost, "/api/v4.1/user/password/reset", map[string]any{"username": username}, &out)
	return out, err
}

// UnlockUser forgets failed attempts at a user's password.
func (c *Client) UnlockUser(ctx context.Context, username string) error {
	return c.Do(ctx, http.MethodPost, "/api/v4.1/user/unlock", map[string]any{"username": username}, nil)
}

// SignInFailure is how often a user, or a client, failed to sign in from a source.
type SignInFailure struct {
	Username string    `json:"username,omitempty"`
	ClientID string    `json:"clientId,omitempty"`
	Source   string    `json:"source"`
	Times    int       `json:"times"`
	LastOn   time.Time `json:"lastOn"`
}

// SignInFailures lists who failed to sign in, the latest first; of one user where a name is given.
func (c *Client) SignInFailures(ctx context.Context, username string) ([]SignInFailure, error) {
	var out struct {
		Results []SignInFailure `json:"results"`
	}
	err := c.Do(ctx, http.MethodGet, "/api/v4.1/user/sign-in-failures?"+url.Values{"username": {username}}.Encode(), nil, &out)
	return out.Results, err
}
