package api

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fluent-oms/fluent/auth"
	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/controlplane/presence"
	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// nodeTokenLifetime is how long a process has to join after its host asked for a token.
const nodeTokenLifetime = 10 * time.Minute

// hosts serves host agents.
type hosts struct{ *API }

// Join makes a host known, by a join token or by the certificate of an earlier join.
func (a hosts) Join(ctx context.Context, r *cpv1.JoinRequest) (*cpv1.JoinResponse, error) {
	if err := a.checkCluster(r.GetClusterId()); err != nil {
		return nil, err
	}
	body := &statev1.JoinHost{Host: &cpv1.Host{Id: r.GetHostId(), Capacity: r.GetCapacity()}}
	if p, known := a.caller(ctx, hostKind); known && (r.GetHostId() == "" || r.GetHostId() == p.Subject) {
		body.Host.Id = p.Subject
		ctx = auth.NewContext(ctx, p)
	} else if r.GetToken() != "" {
		body.Host.Id = first(r.GetHostId(), "host-"+strings.ToLower(rand.Text()[:8]))
		body.TokenHash = secretHash(r.GetToken())
		ctx = auth.NewContext(ctx, &auth.Principal{Kind: auth.NodeKind, NodeKind: hostKind, Subject: body.GetHost().GetId()})
	} else {
		return nil, fault.New(fault.Unauthenticated, "Join with a token, or with the certificate of an earlier join.").At("token")
	}
	result, err := a.change(ctx, body, r)
	if err != nil {
		return nil, err
	}
	joined := as[*cpv1.Host](result)
	a.Presence.Note(presence.HostKey(joined.GetId()), presence.Report{Seen: a.Now(), State: "READY"})
	id := trust.Identity{Cluster: a.Authorities.Cluster(), Kind: hostKind, ID: joined.GetId()}
	certificate, authorities, err := a.Authorities.Sign(r.GetCertificateRequest(), id)
	if err != nil {
		return nil, err
	}
	return &cpv1.JoinResponse{
		HostId: joined.GetId(), Region: joined.GetRegion(), ClusterId: id.Cluster, Certificate: certificate, Authorities: authorities,
	}, nil
}

// member is the host that calls, if it is still known.
func (a hosts) member(ctx context.Context) (*auth.Principal, error) {
	p, err := machine(ctx, hostKind)
	if err != nil {
		return nil, err
	}
	if _, found := state.Hosts.Get(a.Store.View(), p.Subject); !found {
		return nil, fault.New(fault.Unauthenticated, "The host %s is not known any more; join again.", p.Subject)
	}
	return p, nil
}

// Watch sends the processes that the host should run, now and after each change.
func (a hosts) Watch(ctx context.Context, _ *cpv1.WatchRequest, stream controlplanev1connect.HostServiceWatchServerStream) error {
	p, err := machine(ctx, hostKind)
	if err != nil {
		return err
	}
	var sent *cpv1.WatchResponse
	for {
		view := a.Store.View()
		nodes, changed := state.Nodes.Group(view, state.OnHost(p.Subject))
		answer := &cpv1.WatchResponse{}
		for _, n := range nodes {
			answer.Processes = append(answer.Processes, &cpv1.NodeProcess{
				NodeId: n.GetId(), Environment: n.GetEnvironment(), Kind: n.GetKind(), Release: n.GetRelease(), Drain: n.GetDrain(),
			})
		}
		if sent == nil || !proto.Equal(sent, answer) {
			sent = proto.CloneOf(answer)
			answer.Index = uint64(view.Index())
			if err := stream.Send(answer); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		case <-view.Abandoned():
		}
	}
}

// Report takes note that a host lives and of its processes. It comes to the leader.
func (a hosts) Report(ctx context.Context, r *cpv1.ReportRequest) (*cpv1.ReportResponse, error) {
	p, err := a.member(ctx)
	if err != nil {
		return nil, err
	}
	a.Presence.Note(presence.HostKey(p.Subject), presence.Report{Seen: a.Now(), State: "READY"})
	for _, process := range r.GetProcesses() {
		if !process.GetRunning() {
			a.Logger.WarnContext(ctx, "process does not run", "host", p.Subject, "node", process.GetNodeId(), "detail", process.GetDetail())
		}
	}
	certificate, authorities, err := a.renewed(ctx, r)
	if err != nil {
		return nil, err
	}
	return &cpv1.ReportResponse{Certificate: certificate, Authorities: authorities}, nil
}

// CreateNodeToken gives a host a token for one of its own processes.
func (a hosts) CreateNodeToken(ctx context.Context, r *cpv1.CreateNodeTokenRequest) (*cpv1.CreateNodeTokenResponse, error) {
	p, err := a.member(ctx)
	if err != nil {
		return nil, err
	}
	node, found := state.Nodes.Get(a.Store.View(), r.GetNodeId())
	if !found || node.GetHost() != p.Subject {
		return nil, absent("node", r.GetNodeId())
	}
	raw, err := a.joinToken()
	if err != nil {
		return nil, err
	}
	expires := timestamppb.New(a.Now().Add(nodeTokenLifetime))
	_, err = a.change(ctx, &statev1.CreateJoinToken{Token: &statev1.JoinToken{
		Hash: secretHash(raw), Kind: node.GetKind(), Environment: node.GetEnvironment(), Machine: node.GetId(), ExpireTime: expires,
	}}, r)
	if err != nil {
		return nil, err
	}
	return &cpv1.CreateNodeTokenResponse{Token: raw, ExpireTime: expires}, nil
}
