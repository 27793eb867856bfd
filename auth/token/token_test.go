package token_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth"
	"github.com/fluent-oms/fluent/auth/token"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/tenancy"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

type fixture struct {
	signer *token.Signer
	keys   *token.KeySet
	issuer *token.Issuer
}

func setUp(t testing.TB) fixture {
	t.Helper()
	signer, err := token.NewSigner(token.NewSeed())
	require.NoError(t, err)
	keys, err := token.NewKeySet(signer.Key())
	require.NoError(t, err)
	return fixture{signer: signer, keys: keys, issuer: token.NewIssuer("cluster-1", signer, at(0))}
}

func at(after time.Duration) func() time.Time {
	return func() time.Time { return start.Add(after) }
}

func (f fixture) verifier(after time.Duration) *token.Verifier {
	return token.NewVerifier("cluster-1", f.keys, at(after))
}

func requireReason(t *testing.T, err error, reason string) {
	t.Helper()
	require.True(t, fault.Is(err, fault.Unauthenticated), "%v", err)
	require.Equal(t, reason, fault.Of(err).Meta["reason"], "%v", err)
}

func TestTokensSayToWhichClientTheyWereGiven(t *testing.T) {
	t.Parallel()
	f := setUp(t)
	given := token.Given{Client: "ACME-erp", Itself: true, Generation: 1 << 60}
	access, _, err := f.issuer.Tenant(token.Tenant{Account: "ACME", UserID: "7", Given: given}, time.Hour)
	require.NoError(t, err)
	refresh, _, err := f.issuer.Refresh(token.Tenant{Account: "ACME", UserID: "7", Given: given}, time.Hour)
	require.NoError(t, err)
	v := f.verifier(0)
	for range 2 { // the second time it is remembered
		read, err := v.Tenant(access)
		require.NoError(t, err)
		require.Equal(t, given, read.Given)
	}
	read, err := v.Refresh(refresh)
	require.NoError(t, err)
	require.Equal(t, given, read.Given)
}

func TestEachKindRoundTripsAndPassesForNoOther(t *testing.T) {
	t.Parallel()
	f := setUp(t)
	v := f.verifier(time.Minute)
	roles := []auth.Role{{Name: auth.RegionOperator, Regions: []string{"ap-southeast-2"}}}
	operator, life, err := f.issuer.Operator(token.Operator{Username: "ann", Roles: roles}, time.Hour)
	require.NoError(t, err)
	require.Equal(t, start.Add(time.Hour), life.ExpiresAt.UTC())
	tenantToken, _, err := f.issuer.Tenant(token.Tenant{Account: "ACME", UserID: "7", ID: "jti-1", Mark: "m", Family: "f"}, time.Hour)
	require.NoError(t, err)
	refresh, _, err := f.issuer.Refresh(token.Tenant{Account: "ACME", UserID: "7"}, time.Hour)
	require.NoError(t, err)

	o, err := v.Operator(operator)
	require.NoError(t, err)
	require.Equal(t, "ann", o.Username)
	require.Equal(t, roles, o.Roles)
	require.NotEmpty(t, o.ID)
	tt, err := v.Tenant(tenantToken)
	require.NoError(t, err)
	require.Equal(t, tenancy.AccountID("ACME"), tt.Account)
	require.Equal(t, []string{"7", "jti-1", "m", "f"}, []string{tt.UserID, tt.ID, tt.Mark, tt.Family})

	checks := map[string]func(string) error{
		operator:    func(raw string) error { _, err := v.Operator(raw); return err },
		tenantToken: func(raw string) error { _, err := v.Tenant(raw); return err },
		refresh:     func(raw string) error { _, err := v.Refresh(raw); return err },
	}
	for own, check := range checks {
		for raw := range checks {
			if raw == own {
				require.NoError(t, check(raw))
				continue
			}
			requireReason(t, check(raw), "TOKEN_INVALID")
		}
	}
}

func TestAgeAndLeeway(t *testing.T) {
	t.Parallel()
	f := setUp(t)
	raw, _, err := f.issuer.Operator(token.Operator{Username: "ann"}, time.Minute)
	require.NoError(t, err)
	for after, ok := range map[time.Duration]bool{-20 * time.Second: true, 0: true, 80 * time.Second: true} {
		_, err := f.verifier(after).Operator(raw)
		require.Equal(t, ok, err == nil, "%s: %v", after, err)
	}
	_, err = f.verifier(91 * time.Second).Operator(raw)
	requireReason(t, err, "TOKEN_EXPIRED")
	_, err = f.verifier(91 * time.Second).Tenant(raw)
	requireReason(t, err, "TOKEN_INVALID")
	_, err = f.verifier(-time.Hour).Operator(raw)
	require.NoError(t, err, "a clock that was set back knows its own tokens")
}

func TestIssuerKeysAndAlgorithmAreInsistedOn(t *testing.T) {
	t.Parallel()
	f, stranger := setUp(t), setUp(t)
	v := f.verifier(0)
	good, _, err := f.issuer.Operator(token.Operator{Username: "ann"}, time.Hour)
	require.NoError(t, err)
	foreign, _, err := stranger.issuer.Operator(token.Operator{Username: "ann"}, time.Hour)
	require.NoError(t, err)
	other, _, err := token.NewIssuer("cluster-2", f.signer, at(0)).Operator(token.Operator{Username: "ann"}, time.Hour)
	require.NoError(t, err)
	parts := strings.Split(good, ".")
	bad := map[string]string{
		"empty": "", "three dots": "...", "foreign key": foreign, "foreign issuer": other,
		"no signature":                 parts[0] + "." + parts[1] + ".",
		"changed body":                 parts[0] + "." + encode(t, map[string]any{"sub": "root", "aud": "fluent/operator"}) + "." + parts[2],
		"none":                         encode(t, map[string]any{"alg": "none", "kid": f.signer.Key().ID}) + "." + parts[1] + ".",
		"public key as an HMAC secret": hmacToken(t, f.signer.Key(), parts[1]),
		"too long":                     good + strings.Repeat("A", token.MaxSize),
	}
	for name, raw := range bad {
		_, err := v.Operator(raw)
		require.Error(t, err, name)
		requireReason(t, err, "TOKEN_INVALID")
	}
	_, err = v.Operator(good)
	require.NoError(t, err)
}

func TestTokensWithoutWhatWeNeedAreRefused(t *testing.T) {
	t.Parallel()
	seed := token.NewSeed()
	signer, err := token.NewSigner(seed)
	require.NoError(t, err)
	keys, err := token.NewKeySet(signer.Key())
	require.NoError(t, err)
	v := token.NewVerifier("cluster-1", keys, at(0))
	whole := func() jwt.MapClaims {
		return jwt.MapClaims{"iss": "cluster-1", "aud": "fluent/tenant", "sub": "7", "jti": "j", "acc": "ACME",
			"iat": start.Unix(), "exp": start.Add(time.Hour).Unix()}
	}
	require.NoError(t, check(v, sign(t, seed, nil, whole())))
	for _, name := range []string{"iss", "aud", "sub", "jti", "acc", "exp"} {
		c := whole()
		delete(c, name)
		requireReason(t, check(v, sign(t, seed, nil, c)), "TOKEN_INVALID")
	}
	for name, value := range map[string]any{"aud": []string{"fluent/tenant", "fluent/operator"}, "acc": "no account", "exp": "soon"} {
		c := whole()
		c[name] = value
		requireReason(t, check(v, sign(t, seed, nil, c)), "TOKEN_INVALID")
	}
	requireReason(t, check(v, sign(t, seed, map[string]any{"crit": []string{"x"}}, whole())), "TOKEN_INVALID")
	requireReason(t, check(v, sign(t, seed, map[string]any{"kid": 7}, whole())), "TOKEN_INVALID")
}

func TestRotation(t *testing.T) {
	t.Parallel()
	f, next := setUp(t), setUp(t)
	v := f.verifier(0)
	old, _, err := f.issuer.Operator(token.Operator{Username: "ann"}, time.Hour)
	require.NoError(t, err)
	fresh, _, err := next.issuer.Operator(token.Operator{Username: "ann"}, time.Hour)
	require.NoError(t, err)
	var all sync.WaitGroup
	all.Go(func() {
		for range 200 {
			if _, err := v.Operator(old); err != nil {
				t.Errorf("the old key is in every set: %v", err)
			}
		}
	})
	for range 200 {
		require.NoError(t, f.keys.Replace(f.signer.Key(), next.signer.Key()))
		require.NoError(t, f.keys.Replace(f.signer.Key()))
	}
	all.Wait()
	require.NoError(t, f.keys.Replace(next.signer.Key()))
	_, err = v.Operator(fresh)
	require.NoError(t, err)
	_, err = v.Operator(old)
	requireReason(t, err, "TOKEN_INVALID")
	require.Error(t, f.keys.Replace(token.Key{ID: "x", Public: []byte("short")}))
	_, err = v.Operator(fresh)
	require.NoError(t, err, "a set that was refused changes nothing")
}

func TestJWKS(t *testing.T) {
	t.Parallel()
	f := setUp(t)
	raw, err := f.keys.JWKS()
	require.NoError(t, err)
	var set struct{ Keys []map[string]string }
	require.NoError(t, json.Unmarshal(raw, &set))
	require.Len(t, set.Keys, 1)
	key := f.signer.Key()
	require.Equal(t, map[string]string{"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key.ID,
		"x": base64.RawURLEncoding.EncodeToString(key.Public)}, set.Keys[0])
	empty, err := (&token.KeySet{}).JWKS()
	require.NoError(t, err)
	require.JSONEq(t, `{"keys":[]}`, string(empty))
}

func TestBearer(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{"Bearer abc": "abc", "bearer abc": "abc", " BEARER  abc ": "abc",
		"": "", "abc": "", "Basic abc": "", "Bearer": "", "Bearer a b": ""} {
		got, ok := token.Bearer(header)
		require.Equal(t, want, got, header)
		require.Equal(t, want != "", ok, header)
	}
}

func FuzzVerify(f *testing.F) {
	fix := setUp(f)
	v := fix.verifier(0)
	good, _, err := fix.issuer.Tenant(token.Tenant{Account: "ACME", UserID: "7"}, time.Hour)
	require.NoError(f, err)
	parts := strings.Split(good, ".")
	f.Add(good)
	f.Add(parts[0] + "." + parts[1] + ".")
	f.Add("")
	f.Add(strings.Repeat(".", 100))
	f.Fuzz(func(t *testing.T, raw string) {
		if _, err := v.Tenant(raw); err == nil && raw != good {
			t.Fatalf("accepted a token that was never issued: %q", raw)
		}
		if _, err := v.Operator(raw); err == nil {
			t.Fatalf("accepted a tenant's token as an operator's: %q", raw)
		}
	})
}

func check(v *token.Verifier, raw string) error {
	_, err := v.Tenant(raw)
	return err
}

func sign(t *testing.T, seed []byte, header map[string]any, c jwt.MapClaims) string {
	t.Helper()
	signer, err := token.NewSigner(seed)
	require.NoError(t, err)
	tok := jwt.NewWithClaims(jwt.SigningMethodEdDSA, c)
	tok.Header["kid"] = signer.Key().ID
	for k, v := range header {
		tok.Header[k] = v
	}
	raw, err := tok.SignedString(privateKey(seed))
	require.NoError(t, err)
	return raw
}

func encode(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return base64.RawURLEncoding.EncodeToString(b)
}

func hmacToken(t *testing.T, key token.Key, body string) string {
	t.Helper()
	text := encode(t, map[string]any{"alg": "HS256", "kid": key.ID}) + "." + body
	mac := hmac.New(sha256.New, key.Public)
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
