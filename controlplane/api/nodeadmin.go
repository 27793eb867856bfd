package api

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fluent-oms/fluent/auth/policy"
	"github.com/fluent-oms/fluent/controlplane/presence"
	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

type nodeAdmin struct{ *API }

// joinTokenLifetime is how long a join token is good for when the caller does not say.
const joinTokenLifetime = time.Hour

// GetNode reads one node.
func (a nodeAdmin) GetNode(_ context.Context, r *cpv1.GetNodeRequest) (*cpv1.GetNodeResponse, error) {
	n, found := state.Nodes.Get(a.Store.View(), r.GetId())
	if !found {
		return nil, absent("node", r.GetId())
	}
	return &cpv1.GetNodeResponse{Node: a.withReport(n)}, nil
}

// ListNodes reads the nodes that the caller may see, by id.
func (a nodeAdmin) ListNodes(ctx context.Context, r *cpv1.ListNodesRequest) (*cpv1.ListNodesResponse, error) {
	p, err := page(r, "")
	if err != nil {
		return nil, err
	}
	v, decision := a.Store.View(), policy.FromContext(ctx)
	list, next := state.Nodes.Filter(v, p, func(n *cpv1.Node) bool {
		return (r.GetEnvironment() == "" || r.GetEnvironment() == n.GetEnvironment()) && decision.Covers(environmentPlace(v, n.GetEnvironment()))
	})
	out := &cpv1.ListNodesResponse{NextPageToken: pageToken(r, next)}
	for _, n := range list {
		out.Nodes = append(out.Nodes, a.withReport(n))
	}
	return out, nil
}

// withReport adds what the node last said to this server.
func (a *API) withReport(n *cpv1.Node) *cpv1.Node {
	report, known := a.Presence.Last(presence.NodeKey(n.GetId()))
	if !known || n == nil {
		return n
	}
	n = proto.CloneOf(n)
	n.Problem = report.Problem
	n.AppliedIndex, n.LastSeen = report.AppliedIndex, timestamppb.New(report.Seen)
	if l := report.Load; l != nil {
		n.Load = &cpv1.NodeLoad{
			CpuShare: l.GetCpuShare(), Turns: l.GetTurns(), Requests: l.GetRequests(), OldestEventSeconds: l.GetOldestEventSeconds(), Accounts: l.GetAccounts(),
		}
	}
	return n
}

// DrainNode asks a node to finish and stop.
func (a nodeAdmin) DrainNode(ctx context.Context, r *cpv1.DrainNodeRequest) (*cpv1.DrainNodeResponse, error) {
	result, err := a.change(ctx, &statev1.DrainNode{Id: r.GetId(), Etag: r.GetEtag()}, r)
	if err != nil {
		return nil, err
	}
	return &cpv1.DrainNodeResponse{Node: as[*cpv1.Node](result)}, nil
}

// DeleteNode forgets a node that is gone.
func (a nodeAdmin) DeleteNode(ctx context.Context, r *cpv1.DeleteNodeRequest) (*cpv1.DeleteNodeResponse, error) {
	_, err := a.change(ctx, &statev1.DeleteNode{Id: r.GetId(), Etag: r.GetEtag()}, r)
	if err != nil {
		return nil, err
	}
	return &cpv1.DeleteNodeResponse{}, nil
}

// CreateJoinToken makes a join token.
func (a nodeAdmin) CreateJoinToken(ctx context.Context, r *cpv1.CreateJoinTokenRequest) (*cpv1.CreateJoinTokenResponse, error) {
	lifetime := joinTokenLifetime
	if r.GetLifetime() != nil {
		lifetime = r.GetLifetime().AsDuration()
	}
	raw, err := a.joinToken()
	if err != nil {
		return nil, err
	}
	token := &statev1.JoinToken{
		Hash: secretHash(raw), Kind: r.GetKind(), Environment: r.GetEnvironment(), Region: r.GetRegion(),
		ExpireTime: timestamppb.New(a.Now().Add(lifetime)),
	}
	result, err := a.change(ctx, &statev1.CreateJoinToken{Token: token}, r)
	if err != nil {
		return nil, err
	}
	made := as[*statev1.JoinToken](result)
	if result.Replayed {
		raw = ""
	}
	return &cpv1.CreateJoinTokenResponse{Token: raw, Id: made.GetId(), ExpireTime: made.GetExpireTime()}, nil
}

// ListHosts reads the hosts that the caller may see, by id.
func (a nodeAdmin) ListHosts(ctx context.Context, r *cpv1.ListHostsRequest) (*cpv1.ListHostsResponse, error) {
	p, err := page(r, "")
	if err != nil {
		return nil, err
	}
	decision := policy.FromContext(ctx)
	list, next := state.Hosts.Filter(a.Store.View(), p, func(h *cpv1.Host) bool {
		return decision.Covers(policy.Resource{Region: h.GetRegion()})
	})
	return &cpv1.ListHostsResponse{Hosts: list, NextPageToken: pageToken(r, next)}, nil
}
