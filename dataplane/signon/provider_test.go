package signon_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

// idp is an OpenID Connect provider: discovery, keys, authorization with PKCE, tokens. It lets in whoever is its person at the time.
type idp struct {
	*httptest.Server
	t testing.TB

	mu     sync.Mutex
	key    crypto.Signer
	kid    string
	method jwt.SigningMethod
	person map[string]any
	spoil  func(claims map[string]any) // what is wrong with the next tokens
	sign   func(claims jwt.MapClaims) string
	gates  map[string]chan struct{} // paths that hang until theirs is closed
	down   bool
	codes  map[string]url.Values // by code: what was asked for
	asked  map[string]int        // by path
	secret string
}

const idpClient = "fluent-at-acme"

func newIDP(t testing.TB) *idp {
	t.Helper()
	p := &idp{t: t, codes: map[string]url.Values{}, asked: map[string]int{}, gates: map[string]chan struct{}{}, secret: "secret-at-the-provider", spoil: func(map[string]any) {}}
	p.rotate("RS256")
	p.Server = httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(p.Close)
	return p
}

// rotate gives the provider another key, and forgets the one before.
func (p *idp) rotate(method string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var err error
	if p.kid, p.method = rand.Text(), jwt.GetSigningMethod(method); method == "ES256" {
		p.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	} else {
		p.key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	require.NoError(p.t, err)
}

// is makes somebody the one who signs in next.
func (p *idp) is(subject, email string, more map[string]any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.person = map[string]any{"sub": subject, "email": email, "email_verified": true, "given_name": "Given", "family_name": "Family"}
	maps.Copy(p.person, more)
}

func (p *idp) with(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

func (p *idp) times(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[path]
}

func (p *idp) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked[r.URL.Path]++
	gate, down := p.gates[r.URL.Path], p.down
	p.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-r.Context().Done():
		}
	}
	if down {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		p.write(w, map[string]any{
			"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256", "ES256"},
		})
	case "/keys":
		p.write(w, map[string]any{"keys": []any{p.jwk()}})
	case "/authorize":
		code := rand.Text()
		p.codes[code] = r.URL.Query()
		http.Redirect(w, r, r.URL.Query().Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {r.URL.Query().Get("state")}}.Encode(), http.StatusFound)
	case "/token":
		p.token(w, r)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (p *idp) write(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

func (p *idp) jwk() map[string]any {
	b64 := base64.RawURLEncoding.EncodeToString
	if k, is := p.key.Public().(*rsa.PublicKey); is {
		return map[string]any{"kty": "RSA", "kid": p.kid, "use": "sig", "alg": "RS256", "n": b64(k.N.Bytes()), "e": b64(big.NewInt(int64(k.E)).Bytes())}
	}
	raw, err := p.key.Public().(*ecdsa.PublicKey).Bytes() // 4, x, y
	require.NoError(p.t, err)
	return map[string]any{"kty": "EC", "kid": p.kid, "use": "sig", "alg": "ES256", "crv": "P-256", "x": b64(raw[1:33]), "y": b64(raw[33:])}
}

// token answers a request for tokens as RFC 6749 and RFC 7636 want: the right secret, a code that was not used, and the verifier of its challenge.
func (p *idp) token(w http.ResponseWriter, r *http.Request) {
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	asked, known := p.codes[r.PostFormValue("code")]
	delete(p.codes, r.PostFormValue("code"))
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !known || id != idpClient || secret != p.secret || r.PostFormValue("redirect_uri") != asked.Get("redirect_uri") ||
		asked.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]) || asked.Get("code_challenge_method") != "S256" {
		w.WriteHeader(http.StatusBadRequest)
		p.write(w, map[string]any{"error": "invalid_grant", "error_description": "no: " + secret})
		return
	}
	claims := jwt.MapClaims{"iss": p.URL, "aud": idpClient, "nonce": asked.Get("nonce"), "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix()}
	maps.Copy(claims, p.person)
	p.spoil(claims)
	answer := map[string]any{"access_token": "x", "token_type": "Bearer"}
	if p.sign == nil {
		answer["id_token"] = p.signed(claims)
	} else if raw := p.sign(claims); raw != "" {
		answer["id_token"] = raw
	}
	p.write(w, answer)
}

func (p *idp) signed(claims jwt.MapClaims) string {
	t := jwt.NewWithClaims(p.method, claims)
	t.Header["kid"] = p.kid
	raw, err := t.SignedString(p.key)
	require.NoError(p.t, err)
	return raw
}
