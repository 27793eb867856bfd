package token

import (
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Issuer signs tokens in the name of a cluster or an environment.
type Issuer struct {
	name   string
	signer *Signer
	now    func() time.Time
}

// NewIssuer makes an Issuer; name is what verifiers will insist on, now is the clock.
func NewIssuer(name string, signer *Signer, now func() time.Time) *Issuer {
	return &Issuer{name: name, signer: signer, now: now}
}

// Operator signs a token for an operator that is good for ttl and returns it with its lifetime.
func (i *Issuer) Operator(o Operator, ttl time.Duration) (string, Lifetime, error) {
	c := &claims{Roles: o.Roles, Mark: o.Mark}
	c.Subject, c.ID = o.Username, o.ID
	return i.sign(c, operatorAudience, ttl)
}

// Tenant signs an access token for a user of an account.
func (i *Issuer) Tenant(t Tenant, ttl time.Duration) (string, Lifetime, error) {
	return i.tenant(t, tenantAudience, ttl)
}

// Refresh signs a refresh token for a user of an account. That it works once is the caller's affair.
func (i *Issuer) Refresh(t Tenant, ttl time.Duration) (string, Lifetime, error) {
	return i.tenant(t, refreshAudience, ttl)
}

func (i *Issuer) tenant(t Tenant, audience string, ttl time.Duration) (string, Lifetime, error) {
	if t.Account == "" {
		return "", Lifetime{}, errors.New("token: a tenant's token needs an account")
	}
	c := &claims{Account: string(t.Account), Mark: t.Mark, Family: t.Family}
	c.Client, c.Itself, c.Age = t.Given.Client, t.Given.Itself, t.Given.Generation
	c.Subject, c.ID = t.UserID, t.ID
	return i.sign(c, audience, ttl)
}

func (i *Issuer) sign(c *claims, audience string, ttl time.Duration) (string, Lifetime, error) {
	if c.Subject == "" {
		return "", Lifetime{}, errors.New("token: a token needs a subject")
	}
	if ttl < time.Second {
		return "", Lifetime{}, fmt.Errorf("token: a lifetime of %s is shorter than a second", ttl)
	}
	if c.ID == "" {
		c.ID = rand.Text()
	}
	now := i.now()
	c.Issuer, c.Audience = i.name, jwt.ClaimStrings{audience}
	c.IssuedAt, c.ExpiresAt = jwt.NewNumericDate(now), jwt.NewNumericDate(now.Add(ttl))
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, c)
	t.Header["kid"] = i.signer.id
	raw, err := t.SignedString(i.signer.key)
	if err != nil {
		return "", Lifetime{}, fmt.Errorf("sign a token for %s: %w", audience, err)
	}
	if len(raw) > MaxSize {
		return "", Lifetime{}, fmt.Errorf("token: %d bytes are more than the %d that verifiers accept; name fewer places in the roles", len(raw), MaxSize)
	}
	return raw, c.lifetime(), nil
}
