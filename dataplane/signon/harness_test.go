package signon_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/outbound"
	"github.com/fluent-oms/fluent/auth/password"
	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/dataplane/gateway"
	"github.com/fluent-oms/fluent/dataplane/identity"
	"github.com/fluent-oms/fluent/dataplane/rest"
	"github.com/fluent-oms/fluent/dataplane/sealing"
	"github.com/fluent-oms/fluent/dataplane/signon"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/security"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/tenancy"
)

// site is two nodes over one database. Each request goes to the other one, so that nothing can rest on a node's memory.
type site struct {
	t      testing.TB
	db     *store.DB
	state  *desired.State
	hasher *password.Hasher
	idp    *idp
	url    string
	log    *bytes.Buffer
	mu     sync.Mutex // of log
	turn   atomic.Int64
	nodes  []http.Handler
	admin  string // a token
	config map[string]any
}

// Write implements io.Writer for the log.
func (s *site) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(p)
}

func (s *site) logged() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

const (
	right = "correct horse battery"
	app   = "http://localhost:9/signed-in?theme=dark"
)

var local = outbound.Policy{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}

func newSite(t testing.TB) *site {
	t.Helper()
	s := &site{t: t, db: storetest.Open(t, dbtest.Template(t, "signon", storetest.MigrateOnTripwire), store.Options{}), log: &bytes.Buffer{}, idp: newIDP(t)}
	var err error
	s.state, err = desired.Open("")
	require.NoError(t, err)
	s.hasher = password.NewHasher(password.Params{MemoryKiB: 8, Passes: 1, Lanes: 1}, 4)
	for _, name := range []string{"ACME", "OTHER"} {
		var clients []*nodev1.ApiClient
		for _, id := range []string{name, name + "-web"} {
			hash := sha256.Sum256([]byte("secret of " + id))
			clients = append(clients, &nodev1.ApiClient{ClientId: id, SecretHash: hash[:], RefreshTokens: true})
		}
		s.state.Apply(&nodev1.WatchResponse{Frame: &nodev1.WatchResponse_Change{Change: &nodev1.Change{Index: s.state.View().Index + 1, Resource: &nodev1.Resource{
			Kind: &nodev1.Resource_Account{Account: &nodev1.Account{Name: name, State: "ACTIVE", Clients: clients}}}}}})
		s.people(tenancy.AccountID(name))
	}
	s.restart(local)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.nodes[s.turn.Add(1)%2].ServeHTTP(w, r)
	}))
	t.Cleanup(web.Close)
	s.url = web.URL
	s.config = map[string]any{"issuer": s.idp.URL, "clientId": idpClient, "clientSecret": s.idp.secret, "callback": s.url + "/oauth/callback", "apps": []string{app}}
	s.admin = s.password("admin").field("access_token")
	require.NotEmpty(t, s.admin)
	return s
}

// restart has new processes take the place of the nodes, which reach what a policy says.
func (s *site) restart(policy outbound.Policy) {
	s.t.Helper()
	s.nodes = nil
	log := slog.New(slog.NewJSONHandler(s, nil))
	for range 2 {
		who, err := identity.New(s.t.Context(), s.db, s.state, s.hasher, log)
		require.NoError(s.t, err)
		go who.Run(s.t.Context())
		keys, err := sealing.Keys(s.t.Context(), s.db)
		require.NoError(s.t, err)
		on, err := signon.New(signon.Deps{DB: s.db, Keys: keys, State: s.state, Identity: who, Outbound: policy, Patience: 300 * time.Millisecond, Log: log})
		require.NoError(s.t, err)
		s.nodes = append(s.nodes, rest.New(rest.Deps{Identity: who, SignOn: on, Log: log}, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") })))
	}
}

// behindGateway puts a gateway in front of the nodes.
func (s *site) behindGateway() {
	s.t.Helper()
	for i, node := range s.nodes {
		web := httptest.NewServer(node)
		s.t.Cleanup(web.Close)
		s.state.Apply(&nodev1.WatchResponse{Frame: &nodev1.WatchResponse_Change{Change: &nodev1.Change{Index: s.state.View().Index + 1, Resource: &nodev1.Resource{
			Kind: &nodev1.Resource_Peer{Peer: &nodev1.Peer{NodeId: fmt.Sprint("n", i), Kind: "node", Address: strings.TrimPrefix(web.URL, "http://"), State: "READY"}}}}}})
	}
	front := httptest.NewServer(gateway.New(s.state, gateway.Settings{}, slog.New(slog.DiscardHandler)))
	s.t.Cleanup(front.Close)
	s.url = front.URL
	s.config["callback"] = s.url + "/oauth/callback"
	s.set()
}

// people makes an account's users: the administrator, ann the clerk, a keeper of users, and a program with a password.
func (s *site) people(account tenancy.AccountID) {
	s.t.Helper()
	hash, err := s.hasher.Hash(s.t.Context(), right)
	require.NoError(s.t, err)
	_, err = s.db.NewIDsOf(s.t.Context(), scope(s.t, account), map[*catalogue.Type]int{store.TypeOf[security.User](s.db): 4}) // those below
	require.NoError(s.t, err)
	require.NoError(s.t, s.db.Write(s.t.Context(), scope(s.t, account), func(tx *store.Tx) error {
		for i, r := range []*security.Role{
			{Name: "ADMIN"}, {Name: "CLERK", Permissions: []security.Permission{{Name: "ORDER_VIEW"}}},
			{Name: "KEEPER", Permissions: []security.Permission{{Name: "IDENTITYPROVIDER_UPDATE"}, {Name: "IDENTITYPROVIDER_VIEW"}}},
		} {
			r.ID = catalogue.ID(fmt.Sprint(i + 1))
			tx.Insert(r)
		}
		for i, u := range []*security.User{
			{Username: "admin", Type: "ADMIN"}, {Username: "ann@example.com", Type: "RETAILER"}, {Username: "keeper", Type: "ADMIN"}, {Username: "robot", Type: "API"},
		} {
			u.ID, u.Ref, u.Status, u.FirstName, u.PrimaryEmail, u.Timezone, u.PasswordHash = catalogue.ID(fmt.Sprint(i+1)), u.Username, "ACTIVE", "x", "x@example.com", "UTC", hash
			u.Roles = []security.UserRole{{RoleID: []catalogue.ID{"1", "2", "3", "1"}[i], Contexts: []security.RoleContext{{ContextType: "ACCOUNT", ContextID: "0"}}}}
			tx.Insert(u)
		}
		return nil
	}))
}

func scope(t testing.TB, account tenancy.AccountID) tenancy.Scope {
	t.Helper()
	sc, err := tenancy.NewScope(account)
	require.NoError(t, err)
	return sc
}

// user reads one of ACME's users; nil: there is none.
func (s *site) user(name string) *security.User {
	s.t.Helper()
	found, err := s.db.Reader(scope(s.t, "ACME")).ByKey(s.t.Context(), store.TypeOf[security.User](s.db), store.Key{name})
	require.NoError(s.t, err)
	if found[0] == nil {
		return nil
	}
	return found[0].(*security.User)
}

type answer struct {
	Status int
	Header http.Header
	Body   string
}

func (a answer) field(name string) string {
	var all map[string]any
	if json.Unmarshal([]byte(a.Body), &all) != nil || all[name] == nil {
		return ""
	}
	return fmt.Sprint(all[name])
}

func (s *site) do(c *http.Client, method, to, token, kind, body string) answer {
	s.t.Helper()
	req, err := http.NewRequestWithContext(context.WithoutCancel(s.t.Context()), method, to, strings.NewReader(body))
	require.NoError(s.t, err)
	if req.Header.Set("Content-Type", kind); token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := c.Do(req)
	require.NoError(s.t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	require.NoError(s.t, err)
	return answer{res.StatusCode, res.Header, string(raw)}
}

func (s *site) form(path string, form url.Values) answer {
	s.t.Helper()
	return s.do(http.DefaultClient, http.MethodPost, s.url+path, "", "application/x-www-form-urlencoded", form.Encode())
}

func (s *site) password(name string) answer {
	s.t.Helper()
	return s.form("/oauth/token", url.Values{"grant_type": {"password"}, "client_id": {"ACME"}, "client_secret": {"secret of ACME"}, "username": {name}, "password": {right}})
}

// provider calls the administrators' route. Changes are given as names and values over the site's usual ones; nil takes one away.
func (s *site) provider(method, token string, changes ...any) answer {
	s.t.Helper()
	config := map[string]any{}
	for k, v := range s.config {
		config[k] = v
	}
	for i := 0; i+1 < len(changes); i += 2 {
		if config[changes[i].(string)] = changes[i+1]; changes[i+1] == nil {
			delete(config, changes[i].(string))
		}
	}
	body, err := json.Marshal(config)
	require.NoError(s.t, err)
	return s.do(http.DefaultClient, method, s.url+"/api/v4.1/identity-provider", token, "application/json", string(body))
}

func (s *site) set(changes ...any) {
	s.t.Helper()
	got := s.provider(http.MethodPut, s.admin, changes...)
	require.Equal(s.t, http.StatusOK, got.Status, got.Body)
}

// browser follows no redirect by itself, and keeps cookies.
type browser struct {
	*http.Client
	s        *site
	verifier string
}

func (s *site) browser() *browser {
	jar, err := cookiejar.New(nil)
	require.NoError(s.t, err)
	return &browser{&http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, s, rand.Text() + rand.Text()}
}

func (b *browser) get(to string) answer {
	b.s.t.Helper()
	return b.s.do(b.Client, http.MethodGet, to, "", "", "")
}

// start is what an app asks for.
func (b *browser) start(changes ...string) answer {
	b.s.t.Helper()
	sum := sha256.Sum256([]byte(b.verifier))
	q := url.Values{"response_type": {"code"}, "client_id": {"ACME-web"}, "redirect_uri": {app}, "state": {"the app's"}, "code_challenge_method": {"S256"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}}
	for i := 0; i+1 < len(changes); i += 2 {
		q.Set(changes[i], changes[i+1])
	}
	return b.get(b.s.url + "/oauth/authorize?" + q.Encode())
}

// comeBack goes to the provider and says where that sends the browser.
func (b *browser) comeBack() string {
	b.s.t.Helper()
	first := b.start()
	require.Equal(b.s.t, http.StatusFound, first.Status, first.Body)
	require.True(b.s.t, strings.HasPrefix(first.Header.Get("Location"), b.s.idp.URL), first.Header.Get("Location"))
	return b.get(first.Header.Get("Location")).Header.Get("Location")
}

// signOn goes all the way to the app and gives what the app is told.
func (b *browser) signOn() url.Values {
	b.s.t.Helper()
	return b.told(b.get(b.comeBack()))
}

func (b *browser) told(got answer) url.Values {
	b.s.t.Helper()
	require.Equal(b.s.t, http.StatusFound, got.Status, got.Body)
	require.Equal(b.s.t, "no-store", got.Header.Get("Cache-Control"))
	u, err := url.Parse(got.Header.Get("Location"))
	require.NoError(b.s.t, err)
	require.Equal(b.s.t, "localhost:9/signed-in", u.Host+u.Path)
	require.Equal(b.s.t, "the app's", u.Query().Get("state"))
	require.Equal(b.s.t, "dark", u.Query().Get("theme"))
	return u.Query()
}

// exchange is the app's request for tokens.
func (b *browser) exchange(code string, changes ...string) answer {
	b.s.t.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "client_id": {"ACME-web"}, "redirect_uri": {app}, "code": {code}, "code_verifier": {b.verifier}}
	for i := 0; i+1 < len(changes); i += 2 {
		form.Set(changes[i], changes[i+1])
	}
	return b.s.form("/oauth/token", form)
}

// whether says whether a token is taken.
func (s *site) whether(token string) int {
	s.t.Helper()
	return s.do(http.DefaultClient, http.MethodPost, s.url+"/graphql", token, "application/json", "{}").Status
}
