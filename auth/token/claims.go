package token

import (
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/fluent-oms/fluent/auth"
	"github.com/fluent-oms/fluent/tenancy"
)

// The audiences. A token is good for exactly one.
const (
	operatorAudience = "fluent/operator"
	tenantAudience   = "fluent/tenant"
	refreshAudience  = "fluent/tenant-refresh"
)

// Lifetime says when a token was made and when it ends, to the second.
type Lifetime struct {
	IssuedAt  time.Time
	ExpiresAt time.Time
}

// Operator is what an operator's token says.
type Operator struct {
	Lifetime
	Username string
	ID       string // of the token; made by Issue when empty
	Roles    []auth.Role
	Mark     string // of the password under which it was given out, see password.Mark
}

// Tenant is what a tenant's access token says.
type Tenant struct {
	Lifetime
	Account tenancy.AccountID
	UserID  string
	ID      string // of the token, to revoke it by; made by Issue when empty
	Mark    string // of the password under which it was given out, see password.Mark; empty in tokens of older releases
	Family  string // what all tokens have in common that come from one sign-in by refreshing; empty in tokens of older releases
}

// claims is the body of every token on the wire; each kind fills its part.
type claims struct {
	jwt.RegisteredClaims
	Roles   []auth.Role `json:"roles,omitempty"`
	Account string      `json:"acc,omitempty"`
	Mark    string      `json:"pwd,omitempty"`
	Family  string      `json:"fam,omitempty"`
}

func (c *claims) lifetime() Lifetime {
	l := Lifetime{ExpiresAt: c.ExpiresAt.Time}
	if c.IssuedAt != nil {
		l.IssuedAt = c.IssuedAt.Time
	}
	return l
}
