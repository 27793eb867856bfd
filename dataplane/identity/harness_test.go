package identity_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/password"
	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/dataplane/gateway"
	"github.com/fluent-oms/fluent/dataplane/httpapi"
	"github.com/fluent-oms/fluent/dataplane/identity"
	"github.com/fluent-oms/fluent/dataplane/rest"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/security"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/tenancy"
)

// site is a gateway in front of nodes that serve tokens and users over one database. Requests say where they come from in X-Forwarded-For.
type site struct {
	t      testing.TB
	dsn    string
	db     *store.DB
	state  *desired.State
	hasher *password.Hasher
	nodes  []*identity.Service
	urls   []string // of the nodes
	front  string   // of the gateway
	log    *lines
}

// lines is what all nodes log.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements io.Writer.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String is all of it.
func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// right is everybody's password.
const right = "correct horse battery"

func newSite(t testing.TB, nodes int) *site {
	t.Helper()
	return newSiteOf(t, nodes, password.Params{MemoryKiB: 8, Passes: 1, Lanes: 1})
}

// newSiteOf makes one whose hashes cost so much.
func newSiteOf(t testing.TB, nodes int, cost password.Params) *site {
	t.Helper()
	dsn := dbtest.Template(t, "identity", storetest.MigrateOnTripwire)
	s := &site{t: t, dsn: dsn}
	db := storetest.Open(t, dsn, store.Options{WriteAttempts: 1000, ReadConnections: 4, WriteConnections: 8})
	state, err := desired.Open("")
	require.NoError(t, err)
	s.db, s.state, s.log, s.hasher = db, state, &lines{}, password.NewHasher(cost, 4)
	for _, account := range []string{"ACME", "OTHER"} {
		s.lists(account)
		s.people(tenancy.AccountID(account))
	}
	for range nodes {
		s.node()
	}
	trusting := door.Proxies{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	front := httptest.NewServer(gateway.New(state, gateway.Settings{Proxies: trusting}, slog.New(slog.DiscardHandler)))
	t.Cleanup(front.Close)
	s.front = front.URL
	return s
}

// lists has an account be known, and hosts lead to it.
func (s *site) lists(account string, hosts ...string) {
	s.t.Helper()
	hash := sha256.Sum256([]byte("secret of " + account))
	s.put(&nodev1.Resource{Kind: &nodev1.Resource_Account{Account: &nodev1.Account{
		Name: account, State: "ACTIVE", Hosts: hosts, Clients: []*nodev1.ApiClient{{ClientId: account, SecretHash: hash[:], RefreshTokens: true}},
	}}})
}

func (s *site) put(r *nodev1.Resource) {
	s.t.Helper()
	s.state.Apply(&nodev1.WatchResponse{Frame: &nodev1.WatchResponse_Change{Change: &nodev1.Change{Index: s.state.View().Index + 1, Resource: r}}})
}

// fill has the database say from now on that its disk is full.
func (s *site) fill() {
	s.t.Helper()
	c, err := pgx.Connect(s.t.Context(), s.dsn)
	require.NoError(s.t, err)
	defer func() { _ = c.Close(context.WithoutCancel(s.t.Context())) }()
	for _, statement := range []string{
		`CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '53100'; END $$`,
		`CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON sign_ins FOR EACH ROW EXECUTE FUNCTION full_disk()`,
		`CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION full_disk()`,
	} {
		_, err := c.Exec(s.t.Context(), statement)
		require.NoError(s.t, err)
	}
}

// node adds a node; all of them share the hasher, so that work can be counted.
func (s *site) node() {
	s.t.Helper()
	log := slog.New(slog.NewJSONHandler(s.log, nil))
	service, err := identity.New(s.t.Context(), s.db, s.state, s.hasher, log)
	require.NoError(s.t, err)
	api := rest.New(rest.Deps{Identity: service, Log: log}, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "{}")
	}))
	believing := door.Proxies{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	mux := http.NewServeMux()
	mux.Handle("/", api)
	mux.Handle("GET "+gateway.ProofPath, api.Proof())
	web := httptest.NewServer(believing.Handler(mux))
	s.t.Cleanup(web.Close)
	s.nodes, s.urls = append(s.nodes, service), append(s.urls, web.URL)
	id := fmt.Sprintf("n%d", len(s.nodes))
	s.put(&nodev1.Resource{Kind: &nodev1.Resource_Peer{Peer: &nodev1.Peer{NodeId: id, Kind: "node", Address: strings.TrimPrefix(web.URL, "http://"), State: "READY"}}})
}

func scope(t testing.TB, account tenancy.AccountID) tenancy.Scope {
	t.Helper()
	sc, err := tenancy.NewScope(account)
	require.NoError(t, err)
	return sc
}

// people makes an account's users: admin and ann, the assistant bob at retailer 1, eve who was closed, and the API user without a password.
func (s *site) people(account tenancy.AccountID) {
	s.t.Helper()
	hash, err := s.hasher.Hash(s.t.Context(), right)
	require.NoError(s.t, err)
	everywhere := []security.RoleContext{{ContextType: "ACCOUNT", ContextID: "0"}}
	require.NoError(s.t, s.db.Write(s.t.Context(), scope(s.t, account), func(tx *store.Tx) error {
		admin, clerk, manager := &security.Role{Name: "ADMIN"}, &security.Role{Name: "CLERK", Permissions: []security.Permission{{Name: "ORDER_VIEW"}}},
			&security.Role{Name: "MANAGER", Permissions: []security.Permission{{Name: "USER_UPDATE"}, {Name: "ORDER_VIEW"}}}
		admin.ID, clerk.ID, manager.ID = "1", "2", "3"
		tx.Insert(admin, clerk, manager)
		for i, u := range []struct {
			name, status, hash string
			role               catalogue.ID
			contexts           []security.RoleContext
		}{
			{"admin", "ACTIVE", hash, "1", everywhere}, {"ann", "ACTIVE", hash, "2", everywhere},
			{"bob", "ACTIVE", hash, "2", []security.RoleContext{{ContextType: "RETAILER", ContextID: "1"}}}, {"eve", "INACTIVE", hash, "2", everywhere},
			{"api", "ACTIVE", "", "1", everywhere}, {"mia", "ACTIVE", hash, "3", []security.RoleContext{{ContextType: "RETAILER", ContextID: "1"}}},
		} {
			user := &security.User{Ref: u.name, Username: u.name, Type: "ADMIN", Status: u.status, FirstName: u.name, PrimaryEmail: "x@example.com", Timezone: "UTC",
				PasswordHash: u.hash, Roles: []security.UserRole{{RoleID: u.role, Contexts: u.contexts}}}
			if u.name == "api" {
				user.Type = "API"
			}
			user.ID = catalogue.ID(fmt.Sprint(i + 1))
			tx.Insert(user)
		}
		return nil
	}))
}

// answer is what came back.
type answer struct {
	Status int
	Header http.Header
	Body   string
}

// field reads a member of the body, which is JSON.
func (a answer) field(name string) string {
	var all map[string]any
	if json.Unmarshal([]byte(a.Body), &all) != nil || all[name] == nil {
		return ""
	}
	return fmt.Sprint(all[name])
}

// ask is a request on its way.
type ask struct {
	to, host, method, path, token, source string
	form                                  url.Values
	json                                  string
	account                               string // header fluent.account
}

func (s *site) send(a ask) answer {
	s.t.Helper()
	if a.to == "" {
		a.to = s.front
	}
	method, body, kind := http.MethodPost, a.form.Encode(), "application/x-www-form-urlencoded"
	if a.json != "" {
		body, kind = a.json, "application/json"
	}
	if a.method != "" {
		method = a.method
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, a.to+a.path, strings.NewReader(body))
	require.NoError(s.t, err)
	req.Header.Set("Content-Type", kind)
	if req.Host = a.host; a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	if a.account != "" {
		req.Header["fluent.account"] = []string{a.account}
	}
	if a.source != "" {
		req.Header.Set("X-Forwarded-For", a.source)
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(s.t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	require.NoError(s.t, err)
	for _, own := range []string{"Date", httpapi.RequestIDHeader} { // each answer has its own
		res.Header.Del(own)
	}
	return answer{res.StatusCode, res.Header, string(raw)}
}

// grant is a form for a token of ACME.
func grant(kind string, more ...string) url.Values {
	form := url.Values{"grant_type": {kind}, "client_id": {"ACME"}, "client_secret": {"secret of ACME"}}
	for i := 0; i+1 < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return form
}

// login asks for a token by password.
func (s *site) login(source, username, given string) answer {
	s.t.Helper()
	return s.send(ask{path: "/oauth/token", source: source, form: grant("password", "username", username, "password", given)})
}

// whether asks each node whether it takes a token.
func (s *site) whether(token string) (statuses []int) {
	s.t.Helper()
	for _, u := range s.urls {
		statuses = append(statuses, s.send(ask{to: u, path: "/graphql", token: token, json: "{}"}).Status)
	}
	return statuses
}
