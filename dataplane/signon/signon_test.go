package signon_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/outbound"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/security"
)

// TestPeopleSignInAtTheirProvider, and no longer with passwords; programs go on with theirs. Each request meets another node than the one before.
func TestPeopleSignInAtTheirProvider(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	before := s.password("ann@example.com")
	require.Equal(t, http.StatusOK, before.Status)
	s.set()
	s.idp.is("sub-1", "ann@example.com", nil)
	ann := s.browser()
	code := ann.signOn().Get("code")
	require.NotEmpty(t, code)
	got := ann.exchange(code)
	require.Equal(t, http.StatusOK, got.Status, got.Body)
	require.Equal(t, "28800", got.field("expires_in"))
	require.Equal(t, "[CLERK]", got.field("Roles"))
	require.Empty(t, got.field("refresh_token"), "who was let in for a while comes again")
	token := got.field("access_token")
	require.Equal(t, http.StatusOK, s.whether(token))

	refused := s.password("ann@example.com")
	require.Equal(t, http.StatusForbidden, refused.Status)
	require.Contains(t, refused.Body, "identity provider")
	refresh := url.Values{"grant_type": {"refresh_token"}, "client_id": {"ACME"}, "client_secret": {"secret of ACME"}, "refresh_token": {before.field("refresh_token")}}
	require.Equal(t, http.StatusForbidden, s.form("/oauth/token", refresh).Status, "what a password began does not go on")
	changed := s.form("/oauth/password", url.Values{"client_id": {"ACME"}, "client_secret": {"secret of ACME"}, "username": {"ann@example.com"}, "password": {right}, "new_password": {"another password"}})
	require.Equal(t, http.StatusForbidden, changed.Status)
	require.Equal(t, http.StatusOK, s.password("robot").Status)
	for range 6 {
		require.Equal(t, http.StatusForbidden, s.password("ann@example.com").Status, "no guess is counted")
	}

	replayed := ann.exchange(code)
	require.Equal(t, http.StatusBadRequest, replayed.Status)
	require.Equal(t, "invalid_grant", replayed.field("error"))
	require.Eventually(t, func() bool {
		one, other := s.whether(token), s.whether(token) // the nodes take turns
		return one == http.StatusUnauthorized && other == http.StatusUnauthorized
	}, time.Minute, 50*time.Millisecond,
		"a code that comes twice ends what it gave, at every node")

	require.Equal(t, http.StatusOK, s.provider(http.MethodDelete, s.admin).Status)
	require.Equal(t, http.StatusOK, s.password("ann@example.com").Status)
	require.Equal(t, http.StatusBadRequest, s.browser().start().Status)
	for _, secret := range []string{token, code, "sub-1", s.idp.secret, "ann@example.com"} {
		require.NotContains(t, s.logged(), secret)
	}
}

// TestASignOnPassesAGateway: redirects, cookies and codes come through as they are, and the account is the one that the host names.
func TestASignOnPassesAGateway(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.set()
	s.idp.is("sub-1", "ann@example.com", nil)
	s.behindGateway()
	ann := s.browser()
	code := ann.signOn().Get("code")
	require.Equal(t, http.StatusOK, ann.exchange(code).Status)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/oauth/authorize?client_id=ACME-web", nil)
	require.NoError(t, err)
	req.Host = "other.example.com"
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusBadRequest, res.StatusCode, "at another account's name")
}

// TestTheSecretIsSealed: neither the API nor the rows give it away, and it goes to the issuer alone that it was given for.
func TestTheSecretIsSealed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.set()
	got := s.provider(http.MethodGet, s.admin)
	require.Equal(t, http.StatusOK, got.Status)
	require.Equal(t, "true", got.field("hasSecret"))
	require.Equal(t, "admin", got.field("changedBy"))
	require.NotContains(t, got.Body, s.idp.secret)
	s.set("clientSecret", nil, "scopes", []string{"email"})
	s.idp.is("sub-1", "ann@example.com", nil)
	require.NotEmpty(t, s.browser().signOn().Get("code"), "it stays where none is given")
	other := newIDP(t)
	moved := s.provider(http.MethodPut, s.admin, "issuer", other.URL, "clientSecret", nil)
	require.Equal(t, http.StatusBadRequest, moved.Status)
	require.Contains(t, moved.Body, "another issuer")
	s.set("issuer", other.URL, "clientSecret", other.secret)
	s.set("clientSecret", "")
	require.Equal(t, "false", s.provider(http.MethodGet, s.admin).field("hasSecret"))
}

// TestWhatAProviderSaysIsChecked: of everything that can be wrong with an answer none lets anybody in. Keys may change at any time.
func TestWhatAProviderSaysIsChecked(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.set()
	s.idp.is("sub-1", "ann@example.com", nil)
	claim := func(name string, value any) func() {
		return func() { s.idp.spoil = func(c map[string]any) { c[name] = value } }
	}
	sign := func(f func(c jwt.MapClaims) string) func() { return func() { s.idp.sign = f } }
	hmac := func(secret string) func(c jwt.MapClaims) string {
		return func(c jwt.MapClaims) string {
			raw, err := jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString([]byte(secret))
			require.NoError(t, err)
			return raw
		}
	}
	stranger := newIDP(t)
	for what, spoil := range map[string]func(){
		"another audience":       claim("aud", "somebody-else"),
		"several, not for us":    claim("aud", []string{idpClient, "somebody-else"}),
		"given to another":       claim("azp", "somebody-else"),
		"another nonce":          claim("nonce", "old"),
		"no nonce":               claim("nonce", ""),
		"expired":                claim("exp", time.Now().Add(-time.Minute).Unix()),
		"not yet good":           claim("nbf", time.Now().Add(time.Hour).Unix()),
		"issued in the future":   claim("iat", time.Now().Add(time.Hour).Unix()),
		"issued long ago":        claim("iat", time.Now().Add(-time.Hour).Unix()),
		"issued at no time":      claim("iat", nil),
		"a time that is none":    claim("exp", "tomorrow"),
		"another issuer":         claim("iss", stranger.URL),
		"no subject":             claim("sub", ""),
		"no name":                claim("email", nil),
		"an unverified address":  claim("email_verified", false),
		"not said of address":    claim("email_verified", nil),
		"nobody's name":          claim("email", "nobody@example.com"),
		"no id_token":            sign(func(jwt.MapClaims) string { return "" }),
		"noise":                  sign(func(jwt.MapClaims) string { return "a.b.c" }),
		"by the client's secret": sign(hmac(s.idp.secret)),
		"unsigned": sign(func(c jwt.MapClaims) string {
			raw, err := jwt.NewWithClaims(jwt.SigningMethodNone, c).SignedString(jwt.UnsafeAllowNoneSignatureType)
			require.NoError(t, err)
			return raw
		}),
		"by a stranger": sign(func(c jwt.MapClaims) string {
			raw := jwt.NewWithClaims(jwt.SigningMethodRS256, c)
			raw.Header["kid"] = s.idp.kid
			text, err := raw.SignedString(stranger.key)
			require.NoError(t, err)
			return text
		}),
		"by a key of no id": sign(func(c jwt.MapClaims) string { return stranger.signed(c) }),
		"wrong secret":      func() { s.idp.secret = "changed at the provider" },
	} {
		was := s.idp.secret
		s.idp.with(spoil)
		told := s.browser().signOn()
		require.Empty(t, told.Get("code"), what)
		require.NotEmpty(t, told.Get("error"), what)
		s.idp.with(func() { s.idp.spoil, s.idp.sign, s.idp.secret = func(map[string]any) {}, nil, was })
	}
	for _, method := range []string{"RS256", "ES256", "RS256"} {
		s.idp.rotate(method)
		require.NotEmpty(t, s.browser().signOn().Get("code"), "after a rotation to %s", method)
	}
	require.NotContains(t, s.logged(), s.idp.secret)
}

// TestASignOnBelongsToItsBrowser: nobody ends what another began, and nothing serves twice or for another.
func TestASignOnBelongsToItsBrowser(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.set()
	s.idp.is("sub-1", "ann@example.com", nil)
	ann, eve := s.browser(), s.browser()
	back := ann.comeBack()
	require.Equal(t, http.StatusBadRequest, eve.get(back).Status, "without the cookie")
	eve.comeBack()
	require.Equal(t, http.StatusBadRequest, eve.get(back).Status, "with another's")
	u, err := url.Parse(back)
	require.NoError(t, err)
	q := u.Query()
	q.Set("state", q.Get("state")[:8]+"x")
	require.Equal(t, http.StatusBadRequest, ann.get(s.url+"/oauth/callback?"+q.Encode()).Status, "with another state")
	s.restart(local)
	code := ann.told(ann.get(back)).Get("code")
	require.NotEmpty(t, code, "whatever became of the node that began")
	require.Equal(t, http.StatusBadRequest, ann.get(back).Status, "the cookie has gone")
	for what, got := range map[string]answer{
		"another verifier":     ann.exchange(code, "code_verifier", eve.verifier),
		"no verifier":          ann.exchange(code, "code_verifier", ""),
		"another address":      ann.exchange(code, "redirect_uri", app+"/"),
		"another client":       ann.exchange(code, "client_id", "ACME"),
		"another account":      ann.exchange(code, "client_id", "OTHER-web"),
		"a changed code":       ann.exchange(code[:len(code)-3] + "abc"),
		"no code":              ann.exchange(""),
		"no client of anybody": ann.exchange(code, "client_id", "NOBODY"),
	} {
		require.Equal(t, http.StatusBadRequest, got.Status, what)
		require.Equal(t, "invalid_grant", got.field("error"), what)
	}
	require.Equal(t, http.StatusUnauthorized, ann.exchange(code, "client_secret", "wrong").Status)
	require.Equal(t, http.StatusOK, ann.exchange(code, "client_secret", "secret of ACME-web").Status)
	for what, got := range map[string]answer{
		"an address that is not listed": ann.start("redirect_uri", "https://evil.example/"),
		"a client of nobody":            ann.start("client_id", "NOBODY"),
		"an account without provider":   ann.start("client_id", "OTHER"),
		"no PKCE":                       ann.start("code_challenge", ""),
		"plain PKCE":                    ann.start("code_challenge_method", "plain"),
		"tokens in the address":         ann.start("response_type", "token"),
		"a state without end":           ann.start("state", strings.Repeat("x", 513)),
	} {
		require.Equal(t, http.StatusBadRequest, got.Status, what)
		require.Empty(t, got.Header.Get("Location"), what)
	}
	require.Equal(t, ann.start("client_id", "NOBODY").Body, ann.start("client_id", "OTHER").Body, "who has a provider is not told")
	denied := s.browser()
	first := denied.start()
	to, err := url.Parse(first.Header.Get("Location"))
	require.NoError(t, err)
	told := denied.told(denied.get(s.url + "/oauth/callback?" + url.Values{"error": {"login_required"}, "state": {to.Query().Get("state")}}.Encode()))
	require.Equal(t, "access_denied", told.Get("error"))
}

// TestAProviderThatHangsOrIsDown holds nobody for long, and is not asked again and again.
func TestAProviderThatHangsOrIsDown(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.set()
	s.idp.is("sub-1", "ann@example.com", nil)
	const description = "/.well-known/openid-configuration"
	ann := s.browser()
	back := ann.comeBack()
	hang := make(chan struct{})
	s.idp.with(func() { s.idp.gates["/token"] = hang })
	require.Equal(t, "server_error", ann.told(ann.get(back)).Get("error"), "the request for tokens hangs")
	s.idp.with(func() { s.idp.gates = map[string]chan struct{}{description: hang} })
	s.restart(local)
	asked := s.idp.times(description)
	for range 6 {
		require.Equal(t, "temporarily_unavailable", ann.told(ann.start()).Get("error"))
	}
	require.Equal(t, asked+2, s.idp.times(description), "each node asks once")
	close(hang)
	s.idp.with(func() { s.idp.gates, s.idp.down = map[string]chan struct{}{}, true })
	s.restart(local)
	require.Equal(t, "temporarily_unavailable", ann.told(ann.start()).Get("error"))
	got := s.provider(http.MethodPut, s.admin)
	require.Equal(t, http.StatusUnprocessableEntity, got.Status, "what does not answer is not set")
	s.idp.with(func() { s.idp.down = false })
	s.set()
	s.restart(local)
	require.NotEmpty(t, ann.signOn().Get("code"))
}

// TestWhoNamesTheProvider: administrators of the account, and none that would have a node ask around in its own network.
func TestWhoNamesTheProvider(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	keeper := s.password("keeper").field("access_token")
	clerk := s.password("ann@example.com").field("access_token")
	require.Equal(t, http.StatusForbidden, s.provider(http.MethodPut, keeper).Status, "who names the provider could be anybody")
	require.Equal(t, http.StatusForbidden, s.provider(http.MethodDelete, keeper).Status)
	require.Equal(t, http.StatusNotFound, s.provider(http.MethodGet, keeper).Status)
	require.Equal(t, http.StatusForbidden, s.provider(http.MethodGet, clerk).Status)
	role := func(value, name, context string) []map[string]any {
		return []map[string]any{{"value": value, "role": name, "contexts": []map[string]any{{"contextType": context, "contextId": "0"}}}}
	}
	for place, changes := range map[string][]any{
		"issuer":            {"issuer", "ftp://x.example"},
		"issuer ":           {"issuer", "https://me:pw@x.example"},
		"issuer  ":          {"issuer", ""},
		"clientId":          {"clientId", ""},
		"callback":          {"callback", "http://acme.example/oauth/callback"},
		"callback ":         {"callback", "https://acme.example/elsewhere"},
		"apps":              {"apps", []string{}},
		"apps[0]":           {"apps", []string{"http://acme.example/"}},
		"apps[1]":           {"apps", []string{app, "javascript:alert(1)"}},
		"scopes":            {"scopes", []string{"a b"}},
		"users":             {"users", "ALL"},
		"roles":             {"users", "JUST_IN_TIME"},
		"roles ":            {"roles", role("x", "NONE", "ACCOUNT")},
		"roles[0]":          {"roles", role("", "CLERK", "ACCOUNT")},
		"roles[0].contexts": {"roles", role("x", "CLERK", "PLANET")},
		"clientSecret":      {"clientSecret", strings.Repeat("x", 501)},
	} {
		got := s.provider(http.MethodPut, s.admin, changes...)
		require.Equal(t, http.StatusBadRequest, got.Status, "%s: %s", place, got.Body)
		require.Contains(t, got.Body, `"field":"`+strings.TrimSpace(place)+`"`, place)
	}
	s.restart(outbound.Policy{})
	got := s.provider(http.MethodPut, s.admin)
	require.Equal(t, http.StatusUnprocessableEntity, got.Status)
	require.Contains(t, got.Body, "public address")
	require.Zero(t, s.idp.times("/.well-known/openid-configuration"))
	require.Equal(t, http.StatusNotFound, s.provider(http.MethodGet, s.admin).Status, "nothing was kept")
}

// TestTheProviderSaysWhoSomebodyIs: by its own name for him once he is known, with the roles that it gives, and never another's user.
func TestTheProviderSaysWhoSomebodyIs(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	mappings := []map[string]any{
		{"value": "clerks", "role": "CLERK", "contexts": []map[string]any{{"contextType": "RETAILER", "contextId": "1"}}},
		{"value": "stores", "role": "CLERK", "contexts": []map[string]any{{"contextType": "AGENT", "contextId": "7"}}},
	}
	s.set("users", "JUST_IN_TIME", "roles", mappings, "claims", map[string]any{"roles": "realm.groups"})
	groups := func(list ...string) map[string]any { return map[string]any{"realm": map[string]any{"groups": list}} }
	why := func() string { return s.browser().signOn().Get("error_description") }
	s.idp.is("sub-9", "new@example.com", groups("strangers"))
	require.Contains(t, why(), "none of the roles")
	require.Nil(t, s.user("new@example.com"), "nobody is made who may nothing")
	s.idp.is("sub-9", "new@example.com", groups("stores"))
	b := s.browser()
	told := b.signOn()
	require.NotEmpty(t, told.Get("code"), "%v %s", told, s.logged())
	got := b.exchange(told.Get("code"))
	require.Equal(t, http.StatusOK, got.Status, got.Body)
	made := s.user("new@example.com")
	require.Equal(t, "LOCATION", made.Type)
	require.Equal(t, []string{"Given", "Family", "new@example.com", ""}, []string{made.FirstName, made.LastName, made.PrimaryEmail, made.PasswordHash})
	require.Equal(t, []security.UserRole{{RoleID: "2", Contexts: []security.RoleContext{{ContextType: "AGENT", ContextID: "7"}}}}, made.Roles)
	s.idp.is("sub-9", "married@example.com", groups("clerks", "stores"))
	require.NotEmpty(t, s.browser().signOn().Get("code"), "his name at the provider may change")
	require.Nil(t, s.user("married@example.com"))
	require.Len(t, s.user("new@example.com").Roles, 2, "and so may his roles")
	s.idp.is("sub-10", "new@example.com", groups("clerks"))
	require.Contains(t, why(), "somebody else", "who gets his old name does not become him")
	s.idp.is("sub-11", "robot", map[string]any{"email": "robot", "realm": map[string]any{"groups": []string{"clerks"}}})
	require.Contains(t, why(), "program")
	require.NoError(t, s.db.Write(t.Context(), scope(t, "ACME"), func(tx *store.Tx) error {
		u := s.user("new@example.com")
		u.Status = "INACTIVE"
		tx.Update(u)
		return nil
	}))
	s.idp.is("sub-9", "new@example.com", groups("clerks"))
	require.Contains(t, why(), "closed")
	require.Equal(t, http.StatusUnauthorized, s.whether(got.field("access_token")))
}
