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
	Given   Given // to which client it was given out
	Account tenancy.AccountID
	UserID  string
	ID      string // of the token, to revoke it by; made by Issue when empty
	Mark    string // of the password under which it was given out, see password.Mark; empty in tokens of older releases
	Family  string // what all tokens have in common that come from one sign-in by refreshing; empty in tokens of older releases
}

// Given says to which API client a token was given out.
type Given struct {
	Client     string // its id; empty in tokens of older releases, when an account had one client
	Itself     bool   // the client acts as itself; else as the token's user
	Generation uint64 // of the client, where it acts as itself
}

// claims is the body of every token on the wire; each kind fills its part.
type claims struct {
	jwt.RegisteredClaims
	Roles   []auth.Role `json:"roles,omitempty"`
	Account string      `json:"acc,omitempty"`
	Mark    string      `json:"pwd,omitempty"`
	Family  string      `json:"fam,omitempty"`
	Client  string      `json:"cli,omitempty"`
	Itself  bool        `json:"slf,omitempty"`
	Age     uint64      `json:"gen,omitempty"`
}

func (c *claims) lifetime() Lifetime {
	l := Lifetime{ExpiresAt: c.ExpiresAt.Time}
	if c.IssuedAt != nil {
		l.IssuedAt = c.IssuedAt.Time
	}
	return l
}
