// Package signon lets an account's people sign in at their company's own identity provider, by OpenID Connect: authorization code with PKCE. It
// keeps which provider that is, sends browsers there, believes what comes back from there and from nowhere else, and finds the user that
// somebody is. What it must remember in between is sealed and held by the browser, so that any node goes on where another began.
package signon

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/domain/fault"
)

// Whose sign-ins are taken.
const (
	ExistingUsers = "EXISTING"     // those of users whom the account has already
	JustInTime    = "JUST_IN_TIME" // a user is made at somebody's first sign-in
)

// Config is where an account's people sign in, and what that makes them here.
type Config struct {
	Issuer   string    `json:"issuer"`   // as the provider's tokens name it
	ClientID string    `json:"clientId"` // as the provider knows this platform
	Callback string    `json:"callback"` // where the provider sends browsers back to: …/oauth/callback at a name of the account's
	Apps     []string  `json:"apps"`     // addresses of web apps that people may be sent back to with a code
	Scopes   []string  `json:"scopes"`   // asked for beside openid
	Claims   Claims    `json:"claims"`
	Roles    []Mapping `json:"roles"` // none: users keep the roles that they have here
	Users    string    `json:"users"` // ExistingUsers or JustInTime
}

// Claims name what the provider's tokens say about somebody; a dot leads into an object.
type Claims struct {
	Username  string `json:"username"`
	FirstName string `json:"firstName"`
	LastName  string `json:"lastName"`
	Email     string `json:"email"`
	Roles     string `json:"roles"`
}

// Mapping is a role that somebody has here whose roles claim holds a value.
type Mapping struct {
	Value    string    `json:"value"`
	Role     string    `json:"role"`
	Contexts []Context `json:"contexts"`
}

// Context is a place where a role holds.
type Context struct {
	Type string `json:"contextType"`
	ID   string `json:"contextId"`
}

// Bounds of what can be configured.
const (
	maxURL      = 500
	maxText     = 255
	maxApps     = 20
	maxScopes   = 20
	maxMappings = 500
)

// callbackPath is where providers send browsers back to.
const callbackPath = "/oauth/callback"

// emailClaim is believed only where the provider says that it has verified it.
const emailClaim = "email"

// complete fills in what was not given.
func (c *Config) complete() {
	if c.Scopes == nil {
		c.Scopes = []string{"profile", "email"}
	}
	for _, d := range []struct {
		field *string
		usual string
	}{
		{&c.Claims.Username, emailClaim}, {&c.Claims.FirstName, "given_name"}, {&c.Claims.LastName, "family_name"}, {&c.Claims.Email, emailClaim}, {&c.Claims.Roles, "groups"},
		{&c.Users, ExistingUsers},
	} {
		if *d.field == "" {
			*d.field = d.usual
		}
	}
}

// check refuses what cannot work, or what would send people or secrets where they do not belong. The error is a fault at a field.
func (c *Config) check() error {
	if u, err := address("issuer", c.Issuer); err != nil {
		return err
	} else if u.RawQuery != "" {
		return fault.Invalidf("issuer", "An issuer has no query")
	}
	if c.ClientID == "" || len(c.ClientID) > maxText {
		return fault.Invalidf("clientId", "clientId is needed: the id that the provider gave this platform, %d bytes at most", maxText)
	}
	back, err := address("callback", c.Callback)
	if err != nil {
		return err
	}
	if !guarded(back) || back.RawQuery != "" || back.Path != callbackPath {
		return fault.Invalidf("callback", "Want https://HOST%s, where HOST is a name of this account's at the gateway", callbackPath)
	}
	if err := c.checkApps(); err != nil {
		return err
	}
	if len(c.Scopes) > maxScopes || slices.ContainsFunc(c.Scopes, func(s string) bool { return s == "" || len(s) > maxText || strings.ContainsAny(s, " \t\r\n") }) {
		return fault.Invalidf("scopes", "Want at most %d scopes, each a word", maxScopes)
	}
	for _, name := range []string{c.Claims.Username, c.Claims.FirstName, c.Claims.LastName, c.Claims.Email, c.Claims.Roles} {
		if len(name) > maxText {
			return fault.Invalidf("claims", "The name of a claim has %d bytes at most", maxText)
		}
	}
	return c.checkRoles()
}

func (c *Config) checkApps() error {
	if len(c.Apps) == 0 || len(c.Apps) > maxApps {
		return fault.Invalidf("apps", "Want between 1 and %d addresses of web apps, to which people are sent back with a code", maxApps)
	}
	for i, app := range c.Apps {
		place := fmt.Sprintf("apps[%d]", i)
		u, err := address(place, app)
		if err != nil {
			return err
		}
		if !guarded(u) {
			return fault.Invalidf(place, "Want https, or http on this machine: a code is for nobody else to read")
		}
	}
	return nil
}

func (c *Config) checkRoles() error {
	switch {
	case c.Users != ExistingUsers && c.Users != JustInTime:
		return fault.Invalidf("users", "Want %s or %s, got %q", ExistingUsers, JustInTime, c.Users)
	case c.Users == JustInTime && len(c.Roles) == 0:
		return fault.Invalidf("roles", "Users that are made at their first sign-in need roles: say which values of the claim %s give which", c.Claims.Roles)
	case len(c.Roles) > maxMappings:
		return fault.Invalidf("roles", "Want %d at most", maxMappings)
	}
	known := []tenant.ContextType{tenant.AccountContext, tenant.RetailerContext, tenant.AgentContext}
	for i, m := range c.Roles {
		place := fmt.Sprintf("roles[%d]", i)
		if m.Value == "" || m.Role == "" || len(m.Contexts) == 0 {
			return fault.Invalidf(place, "Want a value, a role and the contexts in which it holds")
		}
		for _, at := range m.Contexts {
			if !slices.Contains(known, tenant.ContextType(at.Type)) || at.ID == "" {
				return fault.Invalidf(place+".contexts", "Want contextType ACCOUNT, RETAILER or AGENT and a contextId, got %q and %q", at.Type, at.ID)
			}
		}
	}
	return nil
}

// address reads an absolute http or https URL without a name, a password or a fragment.
func address(place, text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || len(text) > maxURL || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || strings.Contains(text, "#") {
		return nil, fault.Invalidf(place, "Want an address that begins with https://, without a user or a fragment, %d bytes at most", maxURL)
	}
	return u, nil
}

// guarded reports whether nobody on the way reads what a browser sends to an address.
func guarded(u *url.URL) bool {
	at, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "https" || u.Hostname() == "localhost" || err == nil && at.IsLoopback()
}
