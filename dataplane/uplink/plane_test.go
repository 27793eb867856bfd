package uplink_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/auth/trust/trusttest"
	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/dataplane/uplink"
	"github.com/fluent-oms/fluent/ops/embedded/porttest"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/node/v1/nodev1connect"
)

// plane is a control-plane server that does as it is told.
type plane struct {
	web    *httptest.Server
	frozen chan struct{} // calls wait for it when it is not nil

	mu          sync.Mutex
	cluster     *trusttest.Cluster
	tokens      map[string]bool
	good        map[string]bool // nodes that are known
	environment string
	age         time.Duration // of the certificates that joining gives
	wishes      int           // for certificates, in reports
	joins       []*nodev1.JoinRequest
	joinedBy    []string // whose certificate came with each join
	watches     []*nodev1.WatchRequest
	reports     int
	drain       bool                                                            // what reports are answered
	scripts     []func(stream nodev1connect.NodeServiceWatchServerStream) error // of the streams to come
	commit      func() (*nodev1.CommitConfigurationResponse, error)
	retailer    func() (*nodev1.CreateRetailerResponse, error)
}

func newPlane(t *testing.T) *plane {
	t.Helper()
	return newPlaneOf(t, trusttest.New(t, "one"))
}

func newPlaneOf(t *testing.T, cluster *trusttest.Cluster) *plane {
	t.Helper()
	p := &plane{cluster: cluster, tokens: map[string]bool{cluster.Token("token"): true}, good: map[string]bool{}, environment: "shared"}
	server := connect.NewServer()
	nodev1connect.RegisterNodeServiceHandler(server, p)
	mux := http.NewServeMux()
	connecthttp.Mount(mux, server)
	p.web = trusttest.Serve(t, trusttest.Listen(t, porttest.Address(t)), cluster.Server("cp1"), mux)
	t.Cleanup(func() {
		p.web.CloseClientConnections()
		p.web.Close()
	})
	return p
}

func callerOf(ctx context.Context) string {
	id, _ := trust.Caller(ctx)
	return id.ID
}

// admit is what stands before every call.
func (p *plane) admit(ctx context.Context) error {
	p.mu.Lock()
	good, frozen := p.good[callerOf(ctx)], p.frozen
	p.mu.Unlock()
	if frozen != nil {
		<-frozen
	}
	if !good {
		return connect.NewError(connect.CodeUnauthenticated, "The node is not known any more; join again.")
	}
	return nil
}

// Join takes a certificate, or a token, for which it gives one.
func (p *plane) Join(ctx context.Context, r *nodev1.JoinRequest) (*nodev1.JoinResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	caller := callerOf(ctx)
	p.joins, p.joinedBy = append(p.joins, r), append(p.joinedBy, caller)
	if caller == "" && p.tokens[r.GetToken()] {
		caller = "n1"
		p.good[caller] = true
	}
	if !p.good[caller] {
		return nil, connect.NewError(connect.CodeUnauthenticated, "The join token is not valid.")
	}
	id := p.cluster.Identity(trust.NodeKind, caller)
	id.Environment = p.environment
	certificate, authorities, err := p.cluster.Sign(r.GetCertificateRequest(), id, time.Now().Add(-p.age))
	return &nodev1.JoinResponse{NodeId: caller, Environment: p.environment, ClusterId: id.Cluster, Certificate: certificate, Authorities: authorities}, err
}

// Watch plays the next script, and then holds the stream open.
func (p *plane) Watch(ctx context.Context, r *nodev1.WatchRequest, stream nodev1connect.NodeServiceWatchServerStream) error {
	if err := p.admit(ctx); err != nil {
		return err
	}
	p.mu.Lock()
	p.watches = append(p.watches, r)
	var script func(nodev1connect.NodeServiceWatchServerStream) error
	if len(p.scripts) > 0 {
		script, p.scripts = p.scripts[0], p.scripts[1:]
	}
	p.mu.Unlock()
	if script != nil {
		if err := script(stream); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return ctx.Err()
}

// Report counts, and signs what it is asked to.
func (p *plane) Report(ctx context.Context, r *nodev1.ReportRequest) (*nodev1.ReportResponse, error) {
	if err := p.admit(ctx); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reports++
	answer := &nodev1.ReportResponse{Drain: p.drain}
	var err error
	if len(r.GetCertificateRequest()) > 0 {
		p.wishes++
		id, _ := trust.Caller(ctx)
		answer.Certificate, answer.Authorities, err = p.cluster.Sign(r.GetCertificateRequest(), id, time.Now())
	}
	return answer, err
}

// CommitConfiguration answers as it is told.
func (p *plane) CommitConfiguration(ctx context.Context, _ *nodev1.CommitConfigurationRequest) (*nodev1.CommitConfigurationResponse, error) {
	if err := p.admit(ctx); err != nil {
		return nil, err
	}
	return p.commit()
}

// CreateRetailer answers as it is told.
func (p *plane) CreateRetailer(ctx context.Context, _ *nodev1.CreateRetailerRequest) (*nodev1.CreateRetailerResponse, error) {
	if err := p.admit(ctx); err != nil {
		return nil, err
	}
	return p.retailer()
}

func (p *plane) script(s ...func(nodev1connect.NodeServiceWatchServerStream) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.scripts = append(p.scripts, s...)
}

func (p *plane) freeze() (thaw func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	frozen := make(chan struct{})
	p.frozen = frozen
	return sync.OnceFunc(func() { close(frozen) })
}

// get reads something of the plane.
func get[T any](p *plane, f func(*plane) T) T {
	p.mu.Lock()
	defer p.mu.Unlock()
	return f(p)
}

func watched(p *plane) int { return get(p, func(p *plane) int { return len(p.watches) }) }

// frames sends some frames and then ends with an error, or, without one, leaves the stream open.
func frames(end error, list ...*nodev1.WatchResponse) func(nodev1connect.NodeServiceWatchServerStream) error {
	return func(stream nodev1connect.NodeServiceWatchServerStream) error {
		for _, f := range list {
			if err := stream.Send(f); err != nil {
				return err
			}
		}
		return end
	}
}

func account(name string) *nodev1.Resource {
	return &nodev1.Resource{Kind: &nodev1.Resource_Account{Account: &nodev1.Account{Name: name}}}
}

func environment(name string) *nodev1.WatchResponse {
	return &nodev1.WatchResponse{Frame: &nodev1.WatchResponse_Snapshot{Snapshot: &nodev1.Resource{
		Kind: &nodev1.Resource_Environment{Environment: &nodev1.Environment{Name: name}},
	}}}
}

func snapshot(name string) *nodev1.WatchResponse {
	return &nodev1.WatchResponse{Frame: &nodev1.WatchResponse_Snapshot{Snapshot: account(name)}}
}

func end(incarnation string, index uint64) *nodev1.WatchResponse {
	return &nodev1.WatchResponse{Frame: &nodev1.WatchResponse_SnapshotEnd{SnapshotEnd: &nodev1.SnapshotEnd{Incarnation: incarnation, Index: index}}}
}

func change(index uint64, name string) *nodev1.WatchResponse {
	return &nodev1.WatchResponse{Frame: &nodev1.WatchResponse_Change{Change: &nodev1.Change{Index: index, Resource: account(name)}}}
}

func reset(reason string) *nodev1.WatchResponse {
	return &nodev1.WatchResponse{Frame: &nodev1.WatchResponse_Reset_{Reset_: &nodev1.Reset{Reason: reason}}}
}

// process is one that has an uplink.
type process struct {
	link  *uplink.Uplink
	state *desired.State
	stop  func()
	ended chan error

	drains atomic.Int32 // how often it was told to drain
}

const patience = time.Minute

// start runs an uplink on a folder until the test ends.
func start(t *testing.T, dir, token string, planes ...*plane) *process {
	t.Helper()
	state, err := desired.Open(filepath.Join(dir, "desired"))
	require.NoError(t, err)
	if token != "" {
		token = planes[0].cluster.Token(token)
	}
	config := uplink.Config{JoinToken: token, NodeID: "n1", Kind: "node", Address: "127.0.0.1:7", Release: "r", Dir: dir}
	for _, p := range planes {
		config.Servers = append(config.Servers, p.web.URL)
	}
	link, err := uplink.New(config, state, slog.New(slog.NewTextHandler(t.Output(), nil)))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	p := &process{link: link, state: state, ended: make(chan error, 1)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.ended <- link.Run(ctx, func() *nodev1.ReportRequest { return &nodev1.ReportRequest{State: "READY"} }, func() { p.drains.Add(1) })
	}()
	p.stop = func() {
		cancel()
		<-done
	}
	t.Cleanup(p.stop)
	return p
}

// reaches waits until the state is at an index.
func (p *process) reaches(t *testing.T, index uint64) {
	t.Helper()
	require.Eventually(t, func() bool { return p.state.View().Index == index }, patience, 5*time.Millisecond, "index %d", index)
}
