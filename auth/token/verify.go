package token

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/tenancy"
)

// MaxSize is the longest token that is looked at, in bytes.
const MaxSize = 8 << 10

// Leeway is how far clocks may be apart: tokens are taken for so long after they have expired.
const Leeway = 30 * time.Second

// Verifier checks tokens of one issuer. It is safe for concurrent use.
type Verifier struct {
	keys   *KeySet
	issuer string
	now    func() time.Time
	known  known
}

// NewVerifier makes a Verifier for tokens that an Issuer of the name signed with one of the keys.
func NewVerifier(issuer string, keys *KeySet, now func() time.Time) *Verifier {
	return &Verifier{keys: keys, issuer: issuer, now: now, known: newKnown()}
}

// Operator verifies an operator's token. The error of this and the other methods is Unauthenticated; its Meta "reason" is
// TOKEN_EXPIRED when nothing but age is wrong, else TOKEN_INVALID.
func (v *Verifier) Operator(raw string) (Operator, error) {
	c, err := v.verify(raw, operatorAudience)
	if err != nil {
		return Operator{}, err
	}
	return Operator{Lifetime: c.lifetime(), Username: c.Subject, ID: c.ID, Roles: c.Roles, Mark: c.Mark}, nil
}

// Tenant verifies a tenant's access token. Revocation is the caller's affair.
func (v *Verifier) Tenant(raw string) (Tenant, error) {
	return v.tenant(raw, tenantAudience)
}

// Refresh verifies a tenant's refresh token. Whether it was spent is the caller's affair.
func (v *Verifier) Refresh(raw string) (Tenant, error) {
	return v.tenant(raw, refreshAudience)
}

func (v *Verifier) tenant(raw, audience string) (Tenant, error) {
	if t, ok := v.known.find(raw, audience, v.keys, v.now()); ok {
		return t, nil
	}
	keys := v.keys.keys.Load() // before the check, so that a replacement meanwhile makes the result forgotten
	c, err := v.verify(raw, audience)
	if err != nil {
		return Tenant{}, err
	}
	account, err := tenancy.ParseAccountID(c.Account)
	if err != nil {
		return Tenant{}, invalid(err)
	}
	t := Tenant{Lifetime: c.lifetime(), Account: account, UserID: c.Subject, ID: c.ID, Mark: c.Mark, Family: c.Family}
	t.Given = Given{Client: c.Client, Itself: c.Itself, Generation: c.Age}
	v.known.keep(raw, knownTenant{tenant: t, audience: audience, keys: keys})
	return t, nil
}

func (v *Verifier) verify(raw, audience string) (*claims, error) {
	if len(raw) > MaxSize {
		return nil, invalid(fmt.Errorf("%d bytes", len(raw)))
	}
	if v.issuer == "" { // the parser takes an empty name for any name
		return nil, invalid(errors.New("the verifier has no issuer"))
	}
	// When a token was issued is not looked at: a signature of ours is no worse for a clock that was ahead, and a server whose clock is set back
	// would refuse all that others gave out.
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}),
		jwt.WithAudience(audience), jwt.WithIssuer(v.issuer),
		jwt.WithExpirationRequired(), jwt.WithLeeway(Leeway),
		jwt.WithTimeFunc(v.now), jwt.WithStrictDecoding(),
	)
	c := &claims{}
	_, err := parser.ParseWithClaims(raw, c, v.key)
	switch {
	case err == nil:
	case onlyExpired(err):
		return nil, fault.New(fault.Unauthenticated, "The token has expired; log in again.").With("reason", "TOKEN_EXPIRED").Wrap(err)
	default:
		return nil, invalid(err)
	}
	if len(c.Audience) != 1 || c.Subject == "" || c.ID == "" {
		return nil, invalid(errors.New("subject, token id or sole audience missing"))
	}
	return c, nil
}

// onlyExpired reports whether age is all that is wrong: signatures are checked before claims, and all claims are reported.
func onlyExpired(err error) bool {
	for _, other := range []error{jwt.ErrTokenInvalidAudience, jwt.ErrTokenInvalidIssuer, jwt.ErrTokenUsedBeforeIssued,
		jwt.ErrTokenNotValidYet, jwt.ErrTokenRequiredClaimMissing} {
		if errors.Is(err, other) {
			return false
		}
	}
	return errors.Is(err, jwt.ErrTokenExpired)
}

// key finds the key that a token names. Extensions that a token marks as critical are not known here, so they refuse it.
func (v *Verifier) key(t *jwt.Token) (any, error) {
	if _, critical := t.Header["crit"]; critical {
		return nil, errors.New("critical header extensions are not accepted")
	}
	id, _ := t.Header["kid"].(string)
	public, ok := v.keys.lookup(id)
	if !ok {
		return nil, fmt.Errorf("no key with the id %q", id)
	}
	return public, nil
}

func invalid(cause error) error {
	return fault.New(fault.Unauthenticated, "The token is not valid.").With("reason", "TOKEN_INVALID").Wrap(cause)
}

// Bearer takes the token out of the value of an Authorization header. The scheme's case does not matter.
func Bearer(authorization string) (string, bool) {
	scheme, raw, found := strings.Cut(strings.TrimSpace(authorization), " ")
	raw = strings.TrimSpace(raw)
	if !found || !strings.EqualFold(scheme, "Bearer") || raw == "" || strings.ContainsAny(raw, " \t") {
		return "", false
	}
	return raw, true
}
