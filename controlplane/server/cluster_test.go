package server_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/interceptor"
	"github.com/fluent-oms/fluent/controlplane/cluster"
	"github.com/fluent-oms/fluent/controlplane/keyring"
	"github.com/fluent-oms/fluent/controlplane/server"
	"github.com/fluent-oms/fluent/ops/embedded/porttest"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

const (
	operatorName     = "root"
	operatorPassword = "correct horse battery"
)

// trio is a control plane of three servers in this process.
type trio struct {
	t     *testing.T
	dir   string
	beat  time.Duration        // heartbeat time-out: short where leaders die, long where an election would only disturb
	now   func() time.Time     // the servers' clock; nil: the real one
	tune  func(*server.Config) // changes how a server is started; may be nil
	peers []cluster.Peer
	token string

	authority string // file

	mu   sync.Mutex
	stop map[string]func() // running servers
	end  map[string]chan error
}

const (
	quick = 500 * time.Millisecond
	calm  = 4 * time.Second

	patience = 3 * time.Minute // for what takes a second on a machine with nothing else to do
)

func newTrio(t *testing.T, beat time.Duration) *trio {
	t.Helper()
	return newTrioAt(t, beat, nil)
}

func newTrioAt(t *testing.T, beat time.Duration, now func() time.Time) *trio {
	t.Helper()
	return newTrioTuned(t, &trio{beat: beat, now: now})
}

// newTrioTuned starts the servers of a trio whose beat, now and tune are set.
func newTrioTuned(t *testing.T, c *trio) *trio {
	t.Helper()
	c.t, c.dir, c.stop, c.end = t, t.TempDir(), map[string]func(){}, map[string]chan error{}
	for i := range 3 {
		c.peers = append(c.peers, cluster.Peer{ID: fmt.Sprintf("cp%d", i+1), Raft: porttest.Address(t), API: porttest.Address(t)})
	}
	authority, err := keyring.MakeAuthority("fluent-trio", time.Now())
	require.NoError(t, err)
	c.authority = filepath.Join(c.dir, "authority.pem")
	require.NoError(t, os.WriteFile(c.authority, authority, 0o600))
	for _, p := range c.peers {
		c.start(p.ID)
	}
	t.Cleanup(func() {
		for _, p := range c.peers {
			c.kill(p.ID)
		}
	})
	c.token = c.login()
	return c
}

func logger() *slog.Logger {
	if os.Getenv("FLUENT_TEST_LOG") == "" {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (c *trio) start(id string) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	ready := make(chan string, 1)
	go func() {
		config := server.Config{
			ID: id, Dir: filepath.Join(c.dir, id), Peers: c.peers, Bootstrap: true, Authority: c.authority,
			OperatorUsername: operatorName, OperatorPassword: operatorPassword,
			HeartbeatTimeout: c.beat, ApplyDeadline: max(3*time.Second, 5*c.beat), // a calm leader also stays when the disk is slow for a while
			Now: c.now, Logger: logger().With("server", id),
			Ready: func(api string) { ready <- api },
		}
		if c.tune != nil {
			c.tune(&config)
		}
		ended <- server.Run(ctx, config)
	}()
	select {
	case <-ready:
	case err := <-ended:
		require.NoError(c.t, err, "server %s", id)
	case <-time.After(patience):
		c.t.Fatalf("server %s does not start", id)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stop[id] = func() {
		cancel()
		<-ended
	}
	c.end[id] = ended
}

// ended waits until a server has ended by itself, and gives its reason.
func (c *trio) ended(id string) error {
	c.mu.Lock()
	ended := c.end[id]
	delete(c.stop, id)
	c.mu.Unlock()
	select {
	case err := <-ended:
		return err
	case <-time.After(patience):
		c.t.Fatalf("server %s does not end", id)
		return nil
	}
}

func (c *trio) kill(id string) {
	c.mu.Lock()
	stop := c.stop[id]
	delete(c.stop, id)
	c.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// anyone is the API of a server that runs.
func (c *trio) anyone() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.peers {
		if c.stop[p.ID] != nil {
			return "http://" + p.API
		}
	}
	return "http://127.0.0.1:1"
}

func (c *trio) api(id string) string {
	for _, p := range c.peers {
		if p.ID == id {
			return "http://" + p.API
		}
	}
	return ""
}

func web() *http.Client {
	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true)
	return &http.Client{Transport: &http.Transport{Protocols: p}}
}

func client(url, token string) *connect.Client {
	return connect.NewClient(connecthttp.NewTransport(web(), url), interceptor.StaticBearer(token))
}

func (c *trio) login() string {
	var token string
	require.Eventually(c.t, func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), patience/6)
		defer cancel()
		out, err := controlplanev1connect.NewAuthServiceClient(client(c.anyone(), "")).Login(ctx,
			&cpv1.LoginRequest{Username: operatorName, Password: operatorPassword})
		token = out.GetAccessToken()
		return err == nil
	}, patience, 20*time.Millisecond, "nobody can log in")
	return token
}

// operator is an operator's line. Where servers are calm, no test asks for an election: on a machine so busy that there is one, calls are repeated.
func (c *trio) operator() *connect.Client {
	if c.beat != calm {
		return client(c.anyone(), c.token)
	}
	over := web()
	over.Transport = patient{over.Transport}
	return connect.NewClient(connecthttp.NewTransport(over, c.anyone()), interceptor.StaticBearer(c.token))
}

// patient repeats calls for a while to which servers answer that they have no leader.
type patient struct{ http.RoundTripper }

func (p patient) RoundTrip(r *http.Request) (*http.Response, error) {
	said, err := io.ReadAll(cmp.Or[io.ReadCloser](r.Body, http.NoBody))
	if err != nil {
		return nil, err
	}
	for began := time.Now(); ; {
		again := r.Clone(r.Context())
		again.Body = io.NopCloser(bytes.NewReader(said))
		out, err := p.RoundTripper.RoundTrip(again)
		if err != nil || out.StatusCode != http.StatusServiceUnavailable {
			return out, err
		}
		heard, err := io.ReadAll(out.Body)
		_ = out.Body.Close()
		out.Body = io.NopCloser(bytes.NewReader(heard))
		if err != nil || !bytes.Contains(heard, []byte("leader")) || time.Since(began) > patience/6 {
			return out, err
		}
		select {
		case <-r.Context().Done():
			return nil, r.Context().Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// leader is the id of the server that leads.
func (c *trio) leader() string {
	id := ""
	require.Eventually(c.t, func() bool {
		out, err := controlplanev1connect.NewClusterServiceClient(c.operator()).GetStatus(context.Background(), &cpv1.GetStatusRequest{})
		id = out.GetLeaderId()
		c.mu.Lock()
		defer c.mu.Unlock()
		return err == nil && c.stop[id] != nil
	}, patience, 10*time.Millisecond, "no leader")
	return id
}

// answered is what a call comes to when there is a leader: it is repeated while the answer is to come again.
func answered[R any](t *testing.T, call func() (R, error)) (out R, err error) {
	t.Helper()
	require.Eventually(t, func() bool {
		out, err = call()
		return connect.CodeOf(err) != connect.CodeUnavailable
	}, patience, 20*time.Millisecond)
	return out, err
}

// eventually repeats a call until it succeeds, as a client does during an election.
func eventually[R any](t *testing.T, call func() (R, error)) R {
	t.Helper()
	var out R
	var err error
	require.Eventually(t, func() bool {
		out, err = call()
		if code := connect.CodeOf(err); err != nil && code != connect.CodeUnavailable && code != connect.CodeCanceled {
			t.Logf("call: %v", err)
		}
		return err == nil
	}, patience, 20*time.Millisecond)
	return out
}

// makeEnvironment makes a region and a shared environment in it.
func (c *trio) makeEnvironment() {
	ctx := context.Background()
	eventually(c.t, func() (*cpv1.CreateRegionResponse, error) {
		return controlplanev1connect.NewRegionServiceClient(c.operator()).CreateRegion(ctx, &cpv1.CreateRegionRequest{
			RequestId: "r", Region: &cpv1.Region{Name: "here", Country: "AU", Jurisdictions: []string{"AU"}},
		})
	})
	eventually(c.t, func() (*cpv1.CreateEnvironmentResponse, error) {
		return controlplanev1connect.NewEnvironmentServiceClient(c.operator()).CreateEnvironment(ctx, &cpv1.CreateEnvironmentRequest{
			RequestId: "e", Environment: &cpv1.Environment{Name: "shared", Region: "here", DatabaseUrl: "postgres://fluent:geheim@db/x"},
		})
	})
}
