// Package planetest gives tests of nodes and gateways a control plane that says what they tell it: real streams over real mutual TLS, from a
// server whose authority the test holds. What it says is made while it is sent, so that it takes no memory of its own.
package planetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"net/http"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/auth/trust/trusttest"
	"github.com/fluent-oms/fluent/auth/wire"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/node/v1/nodev1connect"
)

// Frames are what a stream says, one after the other.
type Frames = iter.Seq[*nodev1.WatchResponse]

// Plane is one control-plane server. It lets in whoever has its token, as machines of the environment "shared".
type Plane struct {
	URL   string
	Token string // to join with, as often as one likes

	cluster *trusttest.Cluster

	mu      sync.Mutex
	said    []Frames
	more    chan struct{} // closed when more is said
	reports map[string]*nodev1.ReportRequest
}

// New starts a server that ends with the test.
func New(t testing.TB) *Plane {
	t.Helper()
	p := &Plane{cluster: trusttest.New(t, "one"), more: make(chan struct{}), reports: map[string]*nodev1.ReportRequest{}}
	p.Token = p.cluster.Token("token")
	server := wire.NewServer()
	nodev1connect.RegisterNodeServiceHandler(server, p)
	mux := http.NewServeMux()
	wire.Mount(mux, server)
	web := trusttest.Serve(t, trusttest.Listen(t), p.cluster.Server("cp1"), mux)
	p.URL = web.URL
	t.Cleanup(func() {
		web.CloseClientConnections()
		web.Close()
	})
	return p
}

// Say adds to what every stream says, those that are open and those that come.
func (p *Plane) Say(frames Frames) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.said = append(p.said, frames)
	close(p.more)
	p.more = make(chan struct{})
}

// LastReport is the last report of a machine; nil if there is none.
func (p *Plane) LastReport(id string) *nodev1.ReportRequest {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.reports[id]
}

// Join implements the control plane's service.
func (p *Plane) Join(_ context.Context, r *nodev1.JoinRequest) (*nodev1.JoinResponse, error) {
	kind := trust.NodeKind
	if r.GetKind() == "gateway" {
		kind = trust.GatewayKind
	}
	id := p.cluster.Identity(kind, r.GetNodeId())
	certificate, authorities, err := p.cluster.Sign(r.GetCertificateRequest(), id, time.Now())
	return &nodev1.JoinResponse{NodeId: id.ID, Environment: id.Environment, ClusterId: id.Cluster, Certificate: certificate, Authorities: authorities}, err
}

// Watch implements the control plane's service.
func (p *Plane) Watch(ctx context.Context, _ *nodev1.WatchRequest, stream nodev1connect.NodeServiceWatchServerStream) error {
	for n := 0; ; {
		p.mu.Lock()
		said, more := p.said[n:], p.more
		p.mu.Unlock()
		for _, frames := range said {
			n++
			for frame := range frames {
				if err := stream.Send(frame); err != nil {
					return err
				}
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-more:
		}
	}
}

// Report implements the control plane's service.
func (p *Plane) Report(ctx context.Context, r *nodev1.ReportRequest) (*nodev1.ReportResponse, error) {
	caller, _ := trust.Caller(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reports[caller.ID] = r
	return &nodev1.ReportResponse{}, nil
}

var errNot = connect.NewError(connect.CodeUnimplemented, "this control plane only speaks")

// CreateRetailer implements the control plane's service.
func (p *Plane) CreateRetailer(context.Context, *nodev1.CreateRetailerRequest) (*nodev1.CreateRetailerResponse, error) {
	return nil, errNot
}

// CommitConfiguration implements the control plane's service.
func (p *Plane) CommitConfiguration(context.Context, *nodev1.CommitConfigurationRequest) (*nodev1.CommitConfigurationResponse, error) {
	return nil, errNot
}

// Resources are what frames carry.
type Resources = iter.Seq[*nodev1.Resource]

// Snapshot is a whole state.
func Snapshot(index uint64, parts ...Resources) Frames {
	return func(yield func(*nodev1.WatchResponse) bool) {
		for _, part := range parts {
			for r := range part {
				if !yield(&nodev1.WatchResponse{Frame: &nodev1.WatchResponse_Snapshot{Snapshot: r}}) {
					return
				}
			}
		}
		yield(&nodev1.WatchResponse{Frame: &nodev1.WatchResponse_SnapshotEnd{SnapshotEnd: &nodev1.SnapshotEnd{Incarnation: "one", Index: index}}})
	}
}

// Changes are changes one by one after an index.
func Changes(after uint64, all Resources) Frames {
	return func(yield func(*nodev1.WatchResponse) bool) {
		index := after // of each stream
		for r := range all {
			index++
			if !yield(&nodev1.WatchResponse{Frame: &nodev1.WatchResponse_Change{Change: &nodev1.Change{Index: index, Resource: r}}}) {
				return
			}
		}
	}
}

// Environment is that of a database.
func Environment(database string) Resources {
	return func(yield func(*nodev1.Resource) bool) {
		yield(&nodev1.Resource{Kind: &nodev1.Resource_Environment{Environment: &nodev1.Environment{Name: "shared", Region: "here", DatabaseUrl: database}}})
	}
}

// Tenants are so many accounts, from a number on, with one client, one host and one retailer each, who has workflows of the given names: two
// resources each. The workflows' texts are in no database.
func Tenants(first, count int, workflows []string) Resources {
	return func(yield func(*nodev1.Resource) bool) {
		for n := first; n < first+count; n++ {
			if !yield(tenant(n)) || !yield(retailer(n, workflows)) {
				return
			}
		}
	}
}

func tenant(n int) *nodev1.Resource {
	name := fmt.Sprintf("ACCOUNT%d", n)
	secret := sha256.Sum256([]byte(name))
	return &nodev1.Resource{Kind: &nodev1.Resource_Account{Account: &nodev1.Account{Name: name, State: "ACTIVE", Etag: hex.EncodeToString(secret[:8]),
		Hosts: []string{name + ".shop.example"}, Clients: []*nodev1.ApiClient{{ClientId: name, SecretHash: secret[:], RefreshTokens: true}}}}}
}

func retailer(n int, workflows []string) *nodev1.Resource {
	artefacts := map[string]string{}
	for _, name := range workflows {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s of %d", name, n))
		artefacts["workflow/"+name+"/1"] = hex.EncodeToString(sum[:])
	}
	return &nodev1.Resource{Kind: &nodev1.Resource_Configuration{Configuration: &nodev1.Configuration{
		Account: fmt.Sprintf("ACCOUNT%d", n), Retailer: int32(n), Version: fmt.Sprintf("version-%08d", n), Artefacts: artefacts, Index: uint64(n),
	}}}
}
