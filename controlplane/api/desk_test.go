package api_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fluent-oms/fluent/auth"
	"github.com/fluent-oms/fluent/auth/guess"
	"github.com/fluent-oms/fluent/auth/interceptor"
	"github.com/fluent-oms/fluent/auth/password"
	"github.com/fluent-oms/fluent/auth/policy"
	"github.com/fluent-oms/fluent/auth/token"
	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/auth/wire"
	"github.com/fluent-oms/fluent/controlplane/api"
	"github.com/fluent-oms/fluent/controlplane/cluster"
	"github.com/fluent-oms/fluent/controlplane/keyring"
	"github.com/fluent-oms/fluent/controlplane/presence"
	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

const (
	aNode    = cpv1.MachineKind_MACHINE_KIND_NODE
	aGateway = cpv1.MachineKind_MACHINE_KIND_GATEWAY
	aHost    = cpv1.MachineKind_MACHINE_KIND_HOST
)

// desk is the API of a leader of one, over real connections: what it commits is applied at once. Its clock goes as the test says, and machines
// say in a header who they are, as if they had shown a certificate.
type desk struct {
	t           *testing.T
	store       *state.Store
	heard       *presence.Tracker
	keys        *keyring.Keyring
	hasher      *password.Hasher
	authorities *keyring.Authorities
	url         string
	began       time.Time
	ahead       atomic.Int64 // of the clock

	deaf  atomic.Value // string
	fails atomic.Value // func(context.Context) error: what becomes of commits; none: they are applied

	mu     sync.Mutex
	before func(*statev1.Command) // called before a command is applied; may be nil
	others []cluster.Peer         // servers of the cluster besides this one
}

// theRules takes a while to compile, and never changes.
var theRules = sync.OnceValues(func() (*policy.Engine, error) { return policy.New(context.Background()) })

func newDesk(t *testing.T) *desk {
	t.Helper()
	store, err := state.New()
	require.NoError(t, err)
	d := &desk{
		t: t, store: store, heard: presence.New(), began: time.Now().Truncate(time.Second),
		hasher: password.NewHasher(password.Params{MemoryKiB: 8, Passes: 1, Lanes: 1}, 2),
	}
	d.deaf.Store("")
	d.keys = keyring.New(store, d.now)
	file := filepath.Join(t.TempDir(), "authority.pem")
	raw, err := keyring.MakeAuthority("one", d.began)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, raw, 0o600))
	d.authorities, err = keyring.OpenAuthorities(store, keyring.AuthorityConfig{Server: "cp1", File: file}, d.now)
	require.NoError(t, err)
	rules, err := theRules()
	require.NoError(t, err)
	desk, err := api.New(api.Deps{
		Store: store, Consensus: d, Keys: d.keys, Authorities: d.authorities, Presence: d.heard, Guesses: guess.NewBook(10), Policy: rules,
		Passwords: d.hasher, Logger: slog.New(slog.DiscardHandler), Now: d.now,
		Deaf: func() string { return d.deaf.Load().(string) },
	})
	require.NoError(t, err)
	handler := desk.Handler()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if id, err := trust.ParseIdentity(r.Header.Get("Test-Caller")); err == nil {
			r = r.WithContext(trust.NewContext(r.Context(), id))
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { web.CloseClientConnections(); web.Close() })
	d.url = web.URL
	key, err := keyring.NewKey(d.began)
	require.NoError(t, err)
	first, err := d.authorities.First(d.began)
	require.NoError(t, err)
	d.do(&statev1.Initialise{ClusterId: "one", Key: key, SchemaFloor: state.Schema, Authority: first})
	return d
}

func (d *desk) now() time.Time { return d.began.Add(time.Duration(d.ahead.Load())) }

// Apply implements api.Consensus.
func (d *desk) Apply(ctx context.Context, command *statev1.Command) (state.Result, error) {
	if fails, ok := d.fails.Load().(func(context.Context) error); ok {
		return state.Result{}, fails(ctx)
	}
	if hook := d.hook(); hook != nil {
		hook(command)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	encoded, err := proto.Marshal(command)
	if err != nil {
		return state.Result{}, err
	}
	result, err := d.store.Apply(d.store.View().Index()+1, encoded)
	return result, errors.Join(err, result.Err)
}

func (d *desk) hook() func(*statev1.Command) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.before
}

func (d *desk) beforeCommands(hook func(*statev1.Command)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.before = hook
}

func (d *desk) ConfirmLeader(context.Context) error { return nil }
func (d *desk) AwaitLeader(context.Context) (cluster.Peer, bool, error) {
	return d.Self().Peers[0], true, nil
}
func (d *desk) AwaitIndex(context.Context, state.Index) error { return nil }
func (d *desk) Leader() (cluster.Peer, bool)                  { return d.Self().Peers[0], true }
func (d *desk) Self() cluster.Self {
	d.mu.Lock()
	defer d.mu.Unlock()
	return cluster.Self{ID: "cp1", Term: 1, Peers: append([]cluster.Peer{{ID: "cp1", Raft: "127.0.0.1:1", API: "127.0.0.1:2"}}, d.others...)}
}

// beside makes another server one of the cluster.
func (d *desk) beside(p cluster.Peer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.others = append(d.others, p)
}

// do has a command done that nobody called for.
func (d *desk) do(body proto.Message) proto.Message {
	d.t.Helper()
	command, err := state.Command(&statev1.Meta{Time: timestamppb.New(d.now()), Actor: "test"}, body)
	require.NoError(d.t, err)
	result, err := d.Apply(d.t.Context(), command)
	require.NoError(d.t, err)
	return result.Message
}

// operator is a line of an operator who has just signed in.
func (d *desk) operator(name string, bindings ...*cpv1.RoleBinding) *connect.Client {
	d.t.Helper()
	d.do(&statev1.PutOperator{Operator: &cpv1.Operator{Username: name, Bindings: bindings}, PasswordHash: "hash"})
	return d.signedIn(name, "hash")
}

// signedIn is a line of an operator whose token was given out under a password of that hash.
func (d *desk) signedIn(name, hash string) *connect.Client {
	d.t.Helper()
	issuer, err := d.keys.Issuer()
	require.NoError(d.t, err)
	raw, _, err := issuer.Operator(token.Operator{Username: name, Mark: password.Mark(hash)}, time.Hour)
	require.NoError(d.t, err)
	return connect.NewClient(wire.NewTransport(http.DefaultClient, d.url), interceptor.StaticBearer(raw))
}

// root is a line of an operator who may do anything.
func (d *desk) root() *connect.Client {
	d.t.Helper()
	if _, found := state.Operators.Get(d.store.View(), "root"); !found {
		d.do(&statev1.PutOperator{PasswordHash: "hash", Operator: &cpv1.Operator{
			Username: "root", Bindings: []*cpv1.RoleBinding{{Role: auth.PlatformAdministrator}},
		}})
	}
	return d.signedIn("root", "hash")
}

// line is a line of a machine.
func (d *desk) line(kind, id, environment string) *connect.Client {
	return connect.NewClient(wire.NewTransport(&http.Client{Transport: shows(trust.Identity{
		Cluster: "one", Kind: kind, ID: id, Environment: environment,
	})}, d.url))
}

// stranger is a line of somebody who shows nothing.
func (d *desk) stranger() *connect.Client {
	return connect.NewClient(wire.NewTransport(http.DefaultClient, d.url))
}

type shows trust.Identity

func (s shows) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Test-Caller", trust.Identity(s).String())
	return http.DefaultTransport.RoundTrip(r)
}

// place makes a region with an environment, and a node that is ready in it.
func (d *desk) place(region, environment, node string) {
	d.t.Helper()
	d.do(&statev1.PutRegion{Region: &cpv1.Region{Name: region}})
	d.do(&statev1.PutEnvironment{Environment: &cpv1.Environment{
		Name: environment, Region: region, Kind: cpv1.EnvironmentKind_ENVIRONMENT_KIND_SHARED, DatabaseUrl: "postgres://u:secret@db:5432/" + environment,
	}})
	d.join(aNode, node, environment)
	d.do(&statev1.JudgeNode{Id: node, State: cpv1.NodeState_NODE_STATE_READY})
	d.heard.Note(presence.NodeKey(node), presence.Report{Seen: d.now(), State: "READY", AppliedIndex: 1 << 40})
}

func (d *desk) join(kind cpv1.MachineKind, id, environment string) {
	d.t.Helper()
	d.do(&statev1.CreateJoinToken{Token: &statev1.JoinToken{
		Hash: []byte(id), Kind: kind, Environment: environment, ExpireTime: timestamppb.New(d.now().Add(time.Hour)),
	}})
	d.do(&statev1.JoinNode{TokenHash: []byte(id), Node: &cpv1.Node{Id: id, Kind: kind, Address: "127.0.0.1:9"}})
}

func (d *desk) host(id, region string) {
	d.t.Helper()
	d.do(&statev1.CreateJoinToken{Token: &statev1.JoinToken{
		Hash: []byte("host " + id), Kind: aHost, Region: region, ExpireTime: timestamppb.New(d.now().Add(time.Hour)),
	}})
	d.do(&statev1.JoinHost{TokenHash: []byte("host " + id), Host: &cpv1.Host{Id: id}})
}

// account makes an account; the answer is the operation that provisions it.
func (d *desk) account(name, environment string) string {
	d.t.Helper()
	made := d.do(&statev1.CreateAccount{Record: &statev1.AccountRecord{
		Account: &cpv1.Account{Name: name, Environment: environment, Clients: []*cpv1.ApiClient{{ClientId: name, Roles: acting("INTEGRATION")}}},
		Secrets: []*statev1.ClientSecret{{ClientId: name, Hash: []byte(name)}}, FirstRetailer: &cpv1.Retailer{Ref: name},
	}})
	return made.(*statev1.AccountCreated).GetOperation().GetId()
}

// active makes an account that is ready to be used.
func (d *desk) active(name, environment string) string {
	d.t.Helper()
	id := d.account(name, environment)
	d.do(&statev1.PlaceAccount{Operation: id, Environment: environment})
	d.do(&statev1.AccountPrepared{Operation: id})
	d.prepare(id)
	d.do(&statev1.OpenClient{Operation: id})
	d.do(&statev1.FinishOperation{Operation: id})
	return id
}

// prepare prepares a retailer as a node would.
func (d *desk) prepare(operation string) {
	d.t.Helper()
	d.do(&statev1.RetailerPrepared{Operation: operation, Artefacts: map[string]string{"workflow/ORDER::HD/1": "ab"}})
	d.do(&statev1.ActivateWorkflows{Operation: operation})
}

func acting(role string) []*cpv1.ClientRole {
	return []*cpv1.ClientRole{{Role: role, Contexts: []*cpv1.ClientContext{{Type: "ACCOUNT", Id: "0"}}}}
}
